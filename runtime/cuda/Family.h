//===- Family.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Between the code that chooses a kernel, which is plain C++, and the units
// that have the kernels of one element type each.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_FAMILY_H
#define COMMUTER_RUNTIME_CUDA_FAMILY_H

#include "Arguments.h"
#include "Norms.h"

namespace commuter::rt::cuda {

struct LaunchShape {
  uint32_t gridX = 1, gridY = 1;
  uint32_t threads = 1;
  uint32_t sharedBytes = 0;
  uint32_t cluster = 1;
  bool isDependent = false; ///< may start before the previous kernel has ended
};

/// The kernels of one element type. `isAligned`: as `kAligned` in Kernels.h.
struct Family {
  LaunchStatus (*norm)(const NormShape &shape, bool isAligned,
                       const LaunchShape &launch, void *stream,
                       const NormParameters &parameters);
  LaunchStatus (*quantize)(bool isAligned, const LaunchShape &launch,
                           void *stream, const ScaleParameters &parameters);
  LaunchStatus (*dequantize)(bool isAligned, const LaunchShape &launch,
                             void *stream, const ScaleParameters &parameters);
  LaunchStatus (*largest)(bool isAligned, const LaunchShape &launch,
                          void *stream, const LargestParameters &parameters);
  LaunchStatus (*tensorScale)(const LaunchShape &launch, void *stream,
                              const TensorScaleParameters &parameters);
};

const Family &f32Family();
const Family &f16Family();
const Family &bf16Family();

struct DeviceLimits {
  int major;            ///< of the compute capability
  uint32_t sharedBytes; ///< that a block can have
  uint32_t blocks;      ///< that a grid's first dimension can have
};

#define TRY_LAUNCH(expression)                                                 \
  do {                                                                         \
    if (LaunchStatus status_ = (expression); !status_.ok())                    \
      return status_;                                                          \
  } while (false)

/// Of the calling thread's current device.
LaunchStatus readLimits(DeviceLimits &limits);
LaunchStatus clearWord(void *address, void *stream);

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_FAMILY_H
