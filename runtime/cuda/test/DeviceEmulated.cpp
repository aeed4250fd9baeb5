//===- DeviceEmulated.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The tests' device in the emulation: each launch runs in every order of the
// threads, for GPUs with clusters and without.
//
//===----------------------------------------------------------------------===//

#include "../emulation/Machine.h"
#include "Device.h"

using namespace commuter::rt::cuda;

std::vector<cts::gpu::Architecture> cts::gpu::architectures() {
  return {{"EmulatedSm80", 8}, {"EmulatedSm90", 9}};
}

int cts::gpu::orders() { return 2; }

void cts::gpu::prepare(const Architecture &architecture, int order,
                       unsigned blocks) {
  emulation::Settings &settings = emulation::settings();
  settings.order =
      order == 0 ? emulation::Order::InStep : emulation::Order::Ahead;
  settings.limits.major = architecture.major;
  // What a block can have of compute capability 8.0 and 9.0.
  settings.limits.sharedBytes = (architecture.major == 8 ? 163 : 227) * 1024;
  settings.limits.blocks = blocks ? blocks : 0x7fffffff;
}

std::string cts::gpu::synchronize() { return ""; }

void *cts::gpu::allocate(size_t bytes, size_t offset) {
  return emulation::allocate(bytes, offset);
}
void cts::gpu::deallocate(void *data) { emulation::deallocate(data); }
void cts::gpu::copyIn(void *device, const void *host, size_t bytes) {
  if (bytes)
    std::memcpy(emulation::hostOf(device), host, bytes);
}
void cts::gpu::copyOut(void *host, const void *device, size_t bytes) {
  if (bytes)
    std::memcpy(host, emulation::hostOf(device), bytes);
}
