//===- Exports.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the module of the emulated device shows to the double of NCCL, which is
// another module.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <memory>

using namespace commuter::rt::cuda;
using namespace commuter::rt::cuda::emulation;

/// `advance` moves the work on and says whether it is done; it may set a static
/// message of what failed. `destroy` comes last.
extern "C" __attribute__((visibility("default"))) void
commuter_emulation_submit(void *stream,
                          bool (*advance)(void *work, const char **failure),
                          void (*destroy)(void *work), void *work) {
  std::shared_ptr<void> owner(work, destroy);
  submitShared(stream, [=](bool &isDone) -> LaunchStatus {
    const char *failure = nullptr;
    isDone = advance(owner.get(), &failure);
    if (failure)
      return {COMMUTER_INTERNAL, failure};
    return {};
  });
}

/// Memory of the GPU; null if there is none.
extern "C" __attribute__((visibility("default"))) void *
commuter_emulation_allocate(size_t size) {
  return allocate(size, 0);
}
extern "C" __attribute__((visibility("default"))) void
commuter_emulation_deallocate(void *data) {
  deallocate(data);
}

/// Where the host finds these bytes; null if no buffer has all of them.
extern "C" __attribute__((visibility("default"))) void *
commuter_emulation_host(const void *address, size_t size) {
  return isBuffer(address, size) ? hostOf(address) : nullptr;
}
