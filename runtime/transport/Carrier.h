//===- Carrier.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the data of a collective gets from one process to another, once the
// members of its group have met: as messages, or by a library for GPUs. What is
// sent to whom is the same either way, and so are the results.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CARRIER_H
#define COMMUTER_RUNTIME_CARRIER_H

#include "Transport.h"

#include <functional>

namespace commuter::rt {

class MessageTransport;

struct MessageChannel : Channel {
  explicit MessageChannel(const std::vector<int32_t> &members)
      : members(members) {}
  const std::vector<int32_t> members; // world ranks
};

/// A collective in its course.
struct Running {
  Collective &call;
  CollectiveCounters &counters;
  const MessageChannel &channel;
  std::chrono::steady_clock::time_point deadline;
  bool isAnnounced = false; ///< the other members may know of it

  /// The world rank of a member.
  int32_t rankOf(int64_t index) const { return channel.members[index]; }
};

/// Bytes that go to or come from another member.
struct Transfer {
  int64_t member; // its index
  bool isSend;
  char *data;
  int64_t bytes;
};

/// The part of a gather's result that is a member's.
struct Part {
  char *data;
  int64_t bytes;
};

/// Every member is to get all parts, which are in group order, one after the
/// other; `own` is what this one has: its part, or elsewhere.
struct PartGather {
  Part own;
  std::vector<Part> parts;
};

/// One for each world. All members of a group call the same functions in the
/// same order. What these are given is memory of the device that was attached;
/// when they return, the data is there for what the device does next. A failure
/// is the world's already.
class Carrier {
public:
  virtual ~Carrier() = default;

  /// The rank's device comes and goes: UNSUPPORTED if its memory cannot be
  /// carried.
  virtual Status attach(Device &device) = 0;
  virtual void detach() {}

  /// Where the rank's memory is, for the other ranks; empty if it does not
  /// matter to them.
  virtual std::string place() { return {}; }

  /// Of two members, each sends what the other receives, in the same order.
  virtual Status exchange(const Running &running,
                          const std::vector<Transfer> &transfers) = 0;

  /// Does all of these at once: they are as many on each member.
  virtual Status gather(const Running &running,
                        const std::vector<PartGather> &gathers);

  /// True if an all-reduce or reduce-scatter of these views is `reduce`'s, in
  /// whatever order it adds. The same on all members.
  virtual bool hasReduction(const Collective &) { return false; }
  /// Reduces `elements` elements for each member, or, in an all-reduce, for
  /// all. Dense, and in place only in an all-reduce.
  virtual Status reduce(const Running &, const char * /*input*/,
                        char * /*output*/, int64_t /*elements*/) {
    return {};
  }

  /// The world is about to go; messages still come in. May wait for the other
  /// ranks, though not for long.
  virtual void close() {}

  /// What is known to have failed, without waiting.
  virtual Status failure() { return {}; }

  /// The world has failed: gives up what is under way. At most once, on any
  /// thread, and without waiting.
  virtual void abort() {}
};

using MakeCarrier =
    std::function<std::unique_ptr<Carrier>(MessageTransport &transport)>;

/// Carries the host's memory as messages of the job's own port.
std::unique_ptr<Carrier> makeMessageCarrier(MessageTransport &transport);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CARRIER_H
