//===- Runtime.cu ----------------------------------------------*- CUDA -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What else the launchers ask of CUDA. The emulation has its own.
//
//===----------------------------------------------------------------------===//

#include "Launch.h"

using namespace commuter::rt::cuda;

LaunchStatus commuter::rt::cuda::readLimits(DeviceLimits &limits) {
  int device = 0, shared = 0, blocks = 0;
  cudaError_t error = cudaGetDevice(&device);
  auto read = [&](cudaDeviceAttr attribute, int &value) {
    if (error == cudaSuccess)
      error = cudaDeviceGetAttribute(&value, attribute, device);
  };
  read(cudaDevAttrComputeCapabilityMajor, limits.major);
  read(cudaDevAttrMaxSharedMemoryPerBlockOptin, shared);
  read(cudaDevAttrMaxGridDimX, blocks);
  limits.sharedBytes = static_cast<uint32_t>(shared);
  limits.blocks = static_cast<uint32_t>(blocks);
  return statusOf(error);
}

LaunchStatus commuter::rt::cuda::clearWord(void *address, void *stream) {
  return statusOf(cudaMemsetAsync(address, 0, sizeof(uint32_t),
                                  static_cast<cudaStream_t>(stream)));
}
