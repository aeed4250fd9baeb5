//===- Port.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Point-to-point messages between the processes of a job: all that the message
// transport needs of MPI, or of whatever else carries messages.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_PORT_H
#define COMMUTER_RUNTIME_PORT_H

#include "../src/Support.h"

namespace commuter::rt {

/// A message under way. What it holds is the port's.
struct PortRequest {
  alignas(8) unsigned char storage[8];
};

/// One process's end. No call blocks; all are made by one thread at a time.
/// Messages of one sender with one tag arrive in the order they were sent in.
class Port {
public:
  virtual ~Port() = default;

  virtual int32_t rank() const = 0;
  virtual int32_t size() const = 0;

  /// Whether processes of the job share a processor, as far as is known: then
  /// one that only waits keeps another from its work.
  virtual bool isCrowded() const { return true; }

  /// Tags are 0 to maxTag().
  virtual int32_t maxTag() const = 0;

  /// The most bytes that a message can have.
  virtual int64_t maxBytes() const = 0;

  /// `data` is the port's until the request is done.
  virtual Status send(int32_t peer, int32_t tag, const void *data,
                      int64_t bytes, PortRequest &request) = 0;

  /// Fails, now or in `test`, if the message is not `bytes` long.
  virtual Status receive(int32_t peer, int32_t tag, void *data, int64_t bytes,
                         PortRequest &request) = 0;

  /// Once it is done, the request is gone. On failure it is gone as well.
  virtual Status test(PortRequest &request, bool &isDone) = 0;

  /// Gives up a request, as far as that is possible. `test` tells whether it
  /// was: a request given up is done.
  virtual void cancel(PortRequest &request, bool isSend) = 0;

  /// Whether a message with this tag has arrived; if so, whose and how long.
  virtual Status probe(int32_t tag, bool &isThere, int32_t &peer,
                       int64_t &bytes) = 0;

  /// A process that has ended or cannot be reached any more, and why, once each
  /// and after all messages of it that `probe` finds; false if there is none,
  /// or if the port cannot tell. Messages to it go nowhere; receives from it
  /// fail with COMMUTER_RANK_LEFT.
  virtual bool takeLoss(int32_t &, std::string &) { return false; }

  /// Ends the port's use, of which there is none afterwards. It may wait for
  /// the other processes, which must be about to do the same.
  virtual Status finalize() = 0;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_PORT_H
