//===- NcclSegment.h --------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_RUNTIME_NCCLSEGMENT_H
#define COMMUTER_RUNTIME_NCCLSEGMENT_H

#include "NcclLibrary.h"

namespace commuter::rt {

// What NCCL asks of registered memory
//   It is ncclMemAlloc's, or mapped by the driver's calls for virtual memory:
//   not that of a pool of CUDA's, from which buffers of the device come. In one
//   call all members give registered memory or none does, input and output, and
//   at the same offset of what is registered. A call that is otherwise is not
//   found out: what it does is undefined.
//
// Why a segment of the transport's own
//   None of this can be promised of a program's buffers: ranks allocate them
//   when they like, and may bring memory of their own. It can be promised of a
//   segment that a communicator has for itself: its members make it at one
//   point, of one size, each hears from all others that they have it, and what
//   lies where follows from numbers of bytes on which the members agree.
//
//   It costs a copy to it and one from it. So it is for what is short, where
//   NCCL's kernels for symmetric memory save latency, and what does not fit
//   goes from the buffers themselves.
//
// Ownership
//   The carrier has a segment for each communicator, which is registered before
//   the first call that uses it. It is deregistered before the communicator
//   ends, unless that is aborted after a fault, which does it as well; and
//   freed after that, when the stream has nothing to do any more.

class NcclSegment {
public:
  enum class Kind {
    Window, ///< symmetric, NCCL 2.27: all members register at the same time
    Buffer  ///< NCCL 2.19: each by itself
  };

  /// With the GPU current. Without memory in the end if NCCL has none to give.
  void allocate(const nccl::Library &library, int64_t bytes);
  /// Whether it is registered is known when the communicator is ready again,
  /// and may have failed. A window must stay where it is until then.
  void registerAs(Kind kind, const nccl::Library &library, nccl::Comm comm);
  bool isRegistered() const { return window || handle; }
  void deregister(const nccl::Library &library, nccl::Comm comm);
  void free(const nccl::Library &library);

  /// All members have registered theirs.
  void setShared() { isShared = true; }
  bool hasMemory() const { return data; }

  /// So that what comes next is aligned.
  static int64_t roundUp(int64_t bytes) {
    constexpr int64_t kAlignment = 256;
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
  }

  /// True if a call's inputs and outputs, each rounded up, have room in it. The
  /// same on all members of a call whose numbers of bytes are.
  bool takes(int64_t inputBytes, int64_t outputBytes) const {
    return isShared && outputBytes && inputBytes + outputBytes <= bytes;
  }
  char *input() const { return data; }
  /// Apart from the inputs even of a call that could be done in place: a
  /// member's own part of a result is at another offset than another's.
  char *output(int64_t inputBytes) const { return data + inputBytes; }

private:
  char *data = nullptr; // ncclMemAlloc's
  int64_t bytes = 0;
  nccl::Window window = nullptr;
  void *handle = nullptr;
  bool isShared = false;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_NCCLSEGMENT_H
