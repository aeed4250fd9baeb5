//===- Elements.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels that have a thread for each element: their indices, how an element is
// read and written, and their launch.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_ELEMENTS_H
#define COMMUTER_RUNTIME_CUDA_ELEMENTS_H

#include "Kernels.h"
#include "Launch.h"

#include <algorithm>

namespace commuter::rt::cuda {

constexpr int kViewThreads = 256;
/// Enough blocks to fill every GPU; what is more they go on with.
constexpr int64_t kMostBlocks = 1 << 14;

/// Calls body(i) for this thread's elements of [begin, end).
template <typename Body>
COMMUTER_DEVICE void forEachElement(int64_t begin, int64_t end, Body body) {
  const int64_t step = int64_t(gridDim.x) * blockDim.x;
  for (int64_t i = begin + int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
       i < end; i += step)
    body(i);
}

/// Types that are computed with as f32.
template <typename E>
struct Rounded {
  typedef typename E::Stored Stored;
  typedef float Compute;
  COMMUTER_DEVICE float load(const void *address) {
    return loadElement<E>(address, 0);
  }
  COMMUTER_DEVICE void store(void *address, float value) {
    const float v[2] = {value, 0};
    storeGlobal(address, static_cast<Stored>(E::pack(v)));
  }
  COMMUTER_DEVICE float sum(float a, float b) { return a + b; }
};

/// The kernel goes through [begin, end) of its parameters.
template <typename Parameters>
LaunchStatus launchElements(void (*kernel)(Parameters), const Parameters &p,
                            void *stream) {
  const int64_t count = p.end - p.begin;
  if (count <= 0)
    return {};
  LaunchShape shape;
  shape.threads = static_cast<uint32_t>(
      std::min<int64_t>(divideUp(count, kWarp) * kWarp, kViewThreads));
  shape.gridX = static_cast<uint32_t>(
      std::min(divideUp(count, shape.threads), kMostBlocks));
  return launch(kernel, shape, stream, p);
}

inline LaunchStatus unsupported(const char *message) {
  return {COMMUTER_UNSUPPORTED, message};
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_ELEMENTS_H
