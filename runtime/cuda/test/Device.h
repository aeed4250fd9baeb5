//===- Device.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the kernels' tests run on: a GPU, or the emulation of one.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_TEST_DEVICE_H
#define COMMUTER_RUNTIME_CUDA_TEST_DEVICE_H

#include <cstddef>
#include <string>
#include <vector>

namespace cts::gpu {

/// A name for the tests and, in the emulation, a compute capability.
struct Architecture {
  const char *name;
  int major;
};
/// Empty where there is no GPU.
std::vector<Architecture> architectures();

/// The ways to run one launch that must not make a difference.
int orders();

/// Makes ready for one launch, the emulation with as small grids as `blocks`
/// (0: as large as a GPU's).
void prepare(const Architecture &architecture, int order, unsigned blocks);

/// Waits for what was launched; empty, or what went wrong.
std::string synchronize();

/// `offset`: bytes past an address that suits every access.
void *allocate(size_t bytes, size_t offset);
void deallocate(void *data);
void copyIn(void *device, const void *host, size_t bytes);
void copyOut(void *host, const void *device, size_t bytes);

} // namespace cts::gpu

#endif // COMMUTER_RUNTIME_CUDA_TEST_DEVICE_H
