//===- NcclSegment.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory that all members of a communicator have registered with it.
//
//===----------------------------------------------------------------------===//

#include "NcclSegment.h"

using namespace commuter::rt;

// What NCCL refuses here is no error: then there is no segment.

void NcclSegment::allocate(const nccl::Library &library, int64_t wanted) {
  void *allocated = nullptr;
  if (!library.canRegister() ||
      library.MemAlloc(&allocated, static_cast<size_t>(wanted)) !=
          nccl::Success)
    return;
  data = static_cast<char *>(allocated);
  bytes = wanted;
}

void NcclSegment::registerAs(Kind kind, const nccl::Library &library,
                             nccl::Comm comm) {
  const auto size = static_cast<size_t>(bytes);
  if (kind == Kind::Window) {
    if (library.hasWindows())
      (void)library.CommWindowRegister(comm, data, size, &window,
                                       nccl::kWindowSymmetric);
  } else if (library.CommRegister(comm, data, size, &handle) != nccl::Success) {
    handle = nullptr;
  }
}

void NcclSegment::deregister(const nccl::Library &library, nccl::Comm comm) {
  if (window)
    (void)library.CommWindowDeregister(comm, window);
  if (handle)
    (void)library.CommDeregister(comm, handle);
  window = nullptr;
  handle = nullptr;
  isShared = false;
}

void NcclSegment::free(const nccl::Library &library) {
  if (data)
    (void)library.MemFree(data);
  data = nullptr;
}
