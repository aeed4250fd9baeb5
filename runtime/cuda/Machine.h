//===- Machine.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels need of the machine beyond C++: memory accesses, conversions
// of two-byte types, clusters. An emulation has the same names.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_MACHINE_H
#define COMMUTER_RUNTIME_CUDA_MACHINE_H

#if defined(COMMUTER_CUDA_EMULATION)
#include "emulation/Machine.h"
#else

#include <cooperative_groups.h>
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <stdint.h>

namespace commuter::rt::cuda {

#define COMMUTER_DEVICE static __device__ __forceinline__

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

// The kernels touch the memory of tensors through these two alone, and the two
// atomic ones below, with an address that is a multiple of the size.
template <typename Access>
COMMUTER_DEVICE Access loadGlobal(const void *address) {
  return *static_cast<const Access *>(address);
}
template <typename Access>
COMMUTER_DEVICE void storeGlobal(void *address, Access value) {
  *static_cast<Access *>(address) = value;
}

/// The memory that the threads of a block share: as much as the launch gave.
COMMUTER_DEVICE void *sharedMemory() {
  extern __shared__ __align__(16) char memory[];
  return memory;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

// Two elements to a word, the first one in its lower half.

COMMUTER_DEVICE void unpackHalves(uint32_t word, float *v) {
  v[0] = __half2float(__ushort_as_half(static_cast<uint16_t>(word)));
  v[1] = __half2float(__ushort_as_half(static_cast<uint16_t>(word >> 16)));
}
COMMUTER_DEVICE uint32_t packHalves(const float *v) {
  return static_cast<uint32_t>(__half_as_ushort(__float2half_rn(v[1]))) << 16 |
         __half_as_ushort(__float2half_rn(v[0]));
}
COMMUTER_DEVICE uint32_t packBFloats(const float *v) {
  return static_cast<uint32_t>(__bfloat16_as_ushort(__float2bfloat16_rn(v[1])))
             << 16 |
         __bfloat16_as_ushort(__float2bfloat16_rn(v[0]));
}

/// Four codes of an 8-bit floating-point type, the first in the lowest byte.
/// True if the machine has an instruction for that.
template <bool kIsE5M2>
COMMUTER_DEVICE bool encodeFloat8(const float *v, uint32_t &word) {
#if __CUDA_ARCH__ >= 890
  uint16_t low, high;
  if constexpr (kIsE5M2) {
    asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;"
        : "=h"(low)
        : "f"(v[1]), "f"(v[0]));
    asm("cvt.rn.satfinite.e5m2x2.f32 %0, %1, %2;"
        : "=h"(high)
        : "f"(v[3]), "f"(v[2]));
  } else {
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;"
        : "=h"(low)
        : "f"(v[1]), "f"(v[0]));
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;"
        : "=h"(high)
        : "f"(v[3]), "f"(v[2]));
  }
  word = static_cast<uint32_t>(high) << 16 | low;
  return true;
#else
  return false;
#endif
}

COMMUTER_DEVICE void raiseToLargest(uint32_t *address, uint32_t value) {
  atomicMax(address, value);
}
COMMUTER_DEVICE void lowerToLeast(uint64_t *address, uint64_t value) {
  static_assert(sizeof(unsigned long long) == sizeof(uint64_t));
  atomicMin(reinterpret_cast<unsigned long long *>(address), value);
}

/// `value`, of which the compiler may not assume that it has seen it before.
COMMUTER_DEVICE int64_t notKnown(int64_t value) {
  asm volatile("" : "+l"(value));
  return value;
}

//===----------------------------------------------------------------------===//
// Clusters of blocks; before sm_90 each block is one of its own
//===----------------------------------------------------------------------===//

#if __CUDA_ARCH__ >= 900
COMMUTER_DEVICE int clusterSize() {
  return cooperative_groups::this_cluster().num_blocks();
}
COMMUTER_DEVICE int clusterRank() {
  return cooperative_groups::this_cluster().block_rank();
}
COMMUTER_DEVICE void clusterSync() {
  cooperative_groups::this_cluster().sync();
}
/// The address of what another block has at this address of shared memory.
template <typename T>
COMMUTER_DEVICE const T *sharedOf(T *address, int rank) {
  return cooperative_groups::this_cluster().map_shared_rank(address, rank);
}
#else
COMMUTER_DEVICE int clusterSize() { return 1; }
COMMUTER_DEVICE int clusterRank() { return 0; }
COMMUTER_DEVICE void clusterSync() {}
template <typename T>
COMMUTER_DEVICE const T *sharedOf(T *address, int) {
  return address;
}
#endif

//===----------------------------------------------------------------------===//
// Programmatic dependent launch
//===----------------------------------------------------------------------===//

/// A kernel starts while the previous one ends, and waits here for its results.
COMMUTER_DEVICE void waitForPreviousKernel() {
#if __CUDA_ARCH__ >= 900
  cudaGridDependencySynchronize();
#endif
}
/// From here on the next kernel may be started.
COMMUTER_DEVICE void startNextKernel() {
#if __CUDA_ARCH__ >= 900
  cudaTriggerProgrammaticLaunchCompletion();
#endif
}

} // namespace commuter::rt::cuda

#endif // COMMUTER_CUDA_EMULATION

#endif // COMMUTER_RUNTIME_CUDA_MACHINE_H
