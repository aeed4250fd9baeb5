//===- Launch.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a kernel is launched, and what the code that chooses one asks about the
// device. An emulation has the same names.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_LAUNCH_H
#define COMMUTER_RUNTIME_CUDA_LAUNCH_H

#include "Family.h"

#if defined(COMMUTER_CUDA_EMULATION)
#include "emulation/Machine.h"
#else

#include <cuda_runtime.h>

namespace commuter::rt::cuda {

inline LaunchStatus statusOf(cudaError_t error) {
  if (error == cudaSuccess)
    return {};
  cudaGetLastError(); // or the next call would be blamed for it
  bool isMissing =
      error == cudaErrorNoKernelImageForDevice || error == cudaErrorNoDevice ||
      error == cudaErrorInvalidDevice || error == cudaErrorInsufficientDriver;
  return {isMissing                            ? COMMUTER_UNSUPPORTED
          : error == cudaErrorMemoryAllocation ? COMMUTER_OUT_OF_MEMORY
                                               : COMMUTER_INTERNAL,
          cudaGetErrorString(error)};
}

/// Puts one kernel on the stream, and waits for nothing.
template <typename Parameters>
LaunchStatus launch(void (*kernel)(Parameters), const LaunchShape &shape,
                    void *stream, const Parameters &parameters) {
  if (shape.sharedBytes > 48 * 1024) {
    // As much as there is, whatever this launch takes: the limit is the
    // kernel's, and another rank's thread may be about to launch it with more.
    DeviceLimits limits;
    TRY_LAUNCH(readLimits(limits));
    if (cudaError_t error =
            cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel),
                                 cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(limits.sharedBytes)))
      return statusOf(error);
  }
  cudaLaunchAttribute attributes[2] = {};
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(shape.gridX, shape.gridY);
  config.blockDim = dim3(shape.threads);
  config.dynamicSmemBytes = shape.sharedBytes;
  config.stream = static_cast<cudaStream_t>(stream);
  config.attrs = attributes;
  if (shape.isDependent) {
    cudaLaunchAttribute &attribute = attributes[config.numAttrs++];
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
  }
  if (shape.cluster > 1) {
    cudaLaunchAttribute &attribute = attributes[config.numAttrs++];
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = shape.cluster;
    attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  }
  return statusOf(cudaLaunchKernelEx(&config, kernel, parameters));
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_CUDA_EMULATION

#endif // COMMUTER_RUNTIME_CUDA_LAUNCH_H
