//===- DeviceCuda.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tests' device where there is a GPU.
//
//===----------------------------------------------------------------------===//

#include "Device.h"

#include <cuda_runtime_api.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

static void check(cudaError_t error) {
  if (error == cudaSuccess)
    return;
  std::fprintf(stderr, "error: %s\n", cudaGetErrorString(error));
  std::abort();
}

std::vector<cts::gpu::Architecture> cts::gpu::architectures() {
  int count = 0, major = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0)
    return {};
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return {{"Cuda", major}};
}

int cts::gpu::orders() { return 1; }

void cts::gpu::prepare(const Architecture &, int, unsigned) {}

std::string cts::gpu::synchronize() {
  cudaError_t error = cudaDeviceSynchronize();
  return error == cudaSuccess ? "" : cudaGetErrorString(error);
}

// cudaMalloc's addresses suit every access.
static constexpr size_t kAlignment = 256;

void *cts::gpu::allocate(size_t bytes, size_t offset) {
  void *data = nullptr;
  check(cudaMalloc(&data, bytes + offset));
  return static_cast<char *>(data) + offset;
}
void cts::gpu::deallocate(void *data) {
  auto address = reinterpret_cast<uintptr_t>(data);
  check(cudaFree(reinterpret_cast<void *>(address / kAlignment * kAlignment)));
}
void cts::gpu::copyIn(void *device, const void *host, size_t bytes) {
  check(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
}
void cts::gpu::copyOut(void *host, const void *device, size_t bytes) {
  check(cudaMemcpy(host, device, bytes, cudaMemcpyDeviceToHost));
}
