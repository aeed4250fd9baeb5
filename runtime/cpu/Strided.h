//===- Strided.h ------------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_RUNTIME_CPU_STRIDED_H
#define COMMUTER_RUNTIME_CPU_STRIDED_H

#include "../src/Support.h"

#include <algorithm>

namespace commuter::rt {

/// Two views of one shape, outermost dimension first, without the dimensions
/// of size one and with those merged that both views walk evenly.
struct Walk {
  int32_t rank = 0;
  int64_t sizes[kMaxRank];
  int64_t a[kMaxRank], b[kMaxRank]; // strides in bytes

  Walk(const View &first, const View &second) {
    for (int32_t d = 0; d < first.rank; ++d) {
      int64_t size = first.sizes[d];
      if (size == 1)
        continue;
      int64_t strideA = first.strides[d] * first.elementSize;
      int64_t strideB = second.strides[d] * second.elementSize;
      if (rank && a[rank - 1] == size * strideA &&
          b[rank - 1] == size * strideB) {
        sizes[rank - 1] *= size;
        a[rank - 1] = strideA;
        b[rank - 1] = strideB;
        continue;
      }
      sizes[rank] = size;
      a[rank] = strideA;
      b[rank] = strideB;
      ++rank;
    }
  }
};

/// Copies `count` elements with strides in bytes.
void copyLine(int64_t elementSize, const char *source, int64_t sourceStride,
              char *target, int64_t targetStride, int64_t count);

/// Copies between views of one shape that do not overlap.
void copyHost(const View &source, const View &target);

/// Calls visit(address, stride in bytes, count) for the lines that elements
/// [begin, end), in row-major order, consist of.
template <typename Visit>
void forEachLine(const View &view, int64_t begin, int64_t end, Visit visit) {
  Walk walk(view, view);
  if (begin >= end)
    return;
  if (walk.rank == 0) {
    visit(view.data, view.elementSize, int64_t(1));
    return;
  }
  int32_t inner = walk.rank - 1;
  int64_t index[kMaxRank];
  int64_t rest = begin;
  char *line = view.data;
  for (int32_t d = inner; d >= 0; --d) {
    index[d] = rest % walk.sizes[d];
    rest /= walk.sizes[d];
    line += index[d] * walk.a[d];
  }
  while (true) {
    int64_t count = std::min(walk.sizes[inner] - index[inner], end - begin);
    visit(line, walk.a[inner], count);
    begin += count;
    if (begin == end)
      return;
    line -= index[inner] * walk.a[inner];
    index[inner] = 0;
    for (int32_t d = inner - 1; d >= 0; --d) {
      line += walk.a[d];
      if (++index[d] < walk.sizes[d])
        break;
      line -= walk.a[d] * walk.sizes[d];
      index[d] = 0;
    }
  }
}

/// Elements [begin, end) of the view, in row-major order, to dense memory, and
/// back.
void pack(const View &view, int64_t begin, int64_t end, char *target);
void unpack(const char *source, const View &view, int64_t begin, int64_t end);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_STRIDED_H
