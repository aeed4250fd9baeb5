//===- Strided.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Strided memory of the host: walks of views, and copies.
//
//===----------------------------------------------------------------------===//

#include "Strided.h"

#include <cstring>

using namespace commuter::rt;

template <typename T>
static void copyElements(const char *source, int64_t sourceStride, char *target,
                         int64_t targetStride, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, source + i * sourceStride, sizeof(T));
    std::memcpy(target + i * targetStride, &value, sizeof(T));
  }
}

void commuter::rt::copyLine(int64_t elementSize, const char *source,
                            int64_t sourceStride, char *target,
                            int64_t targetStride, int64_t count) {
  if (sourceStride == elementSize && targetStride == elementSize) {
    std::memcpy(target, source, count * elementSize);
    return;
  }
  switch (elementSize) {
  case 1:
    return copyElements<uint8_t>(source, sourceStride, target, targetStride,
                                 count);
  case 2:
    return copyElements<uint16_t>(source, sourceStride, target, targetStride,
                                  count);
  case 4:
    return copyElements<uint32_t>(source, sourceStride, target, targetStride,
                                  count);
  case 8:
    return copyElements<uint64_t>(source, sourceStride, target, targetStride,
                                  count);
  default:
    for (int64_t i = 0; i < count; ++i)
      std::memcpy(target + i * targetStride, source + i * sourceStride,
                  elementSize);
  }
}

void commuter::rt::copyHost(const View &source, const View &target) {
  if (source.elements() == 0)
    return;
  Walk walk(source, target);
  int64_t elementSize = source.elementSize;
  const char *from = source.data;
  char *to = target.data;
  if (walk.rank == 0) {
    std::memcpy(to, from, elementSize);
    return;
  }
  int32_t inner = walk.rank - 1;
  int64_t index[kMaxRank] = {};
  while (true) {
    copyLine(elementSize, from, walk.a[inner], to, walk.b[inner],
             walk.sizes[inner]);
    int32_t d = inner - 1;
    for (; d >= 0; --d) {
      from += walk.a[d];
      to += walk.b[d];
      if (++index[d] < walk.sizes[d])
        break;
      from -= walk.a[d] * walk.sizes[d];
      to -= walk.b[d] * walk.sizes[d];
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

void commuter::rt::pack(const View &view, int64_t begin, int64_t end,
                        char *target) {
  forEachLine(view, begin, end,
              [&](const char *line, int64_t stride, int64_t count) {
                copyLine(view.elementSize, line, stride, target,
                         view.elementSize, count);
                target += count * view.elementSize;
              });
}

void commuter::rt::unpack(const char *source, const View &view, int64_t begin,
                          int64_t end) {
  forEachLine(view, begin, end, [&](char *line, int64_t stride, int64_t count) {
    copyLine(view.elementSize, source, view.elementSize, line, stride, count);
    source += count * view.elementSize;
  });
}
