//===- GpuStream.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device's stream, for a transport that puts work on it by a library of its
// own: work that other ranks may hold up.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_GPUSTREAM_H
#define COMMUTER_RUNTIME_GPUSTREAM_H

#include "Support.h"

#include <functional>

namespace commuter::rt {

/// Asked again and again while the host waits for a stream, by the thread that
/// waits.
class StreamWatch {
public:
  virtual ~StreamWatch() = default;

  /// The host has waited since `start`; `isDone` says whether the work is. An
  /// error ends the wait, and is the device's failure from then on.
  virtual Status check(std::chrono::steady_clock::time_point start,
                       bool isDone) = 0;
};

class GpuStream {
public:
  virtual ~GpuStream() = default;

  /// A cudaStream_t; of the emulation if `isEmulated`.
  virtual void *handle() const = 0;
  virtual bool isEmulated() const = 0;

  /// What no other GPU of this host has: its PCI bus id.
  virtual std::string gpu() const = 0;

  /// Runs `body` with the GPU current on the calling thread, unless the device
  /// has failed.
  virtual Status use(const std::function<Status()> &body) = 0;

  /// Two places in the stream's work are remembered: where it is now, as each.
  /// Whether they have been passed may be asked on any thread; one that was
  /// never set has.
  enum class Point { Oldest, Latest };
  virtual Status setPoint(Point point) = 0;
  virtual Status hasPassed(Point point, bool &hasPassed) = 0;

  /// Whoever makes the host's waits end; null: they are the stream's own.
  virtual void setWatch(StreamWatch *watch) = 0;

  /// The stream may never be done: from now on nothing waits for it, and what
  /// it works with is not given back.
  virtual void leaveBehind() = 0;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_GPUSTREAM_H
