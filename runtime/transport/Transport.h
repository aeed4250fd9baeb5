//===- Transport.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a transport must do: meet the members of a group, check that they issue
// the same collective, move the data, and turn every fault into an error.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_TRANSPORT_H
#define COMMUTER_RUNTIME_TRANSPORT_H

#include "../src/Device.h"
#include "../src/Support.h"

#include <memory>
#include <numeric>
#include <vector>

namespace commuter::rt {

enum class Operation {
  AllGather,
  AllReduce,
  ReduceScatter,
  AllToAll,
  ExchangeExtents,
  Barrier,
  CheckReplicated,
};

const char *operationName(Operation operation);

/// A transport's state of one group, shared by its members in this process.
/// Making one involves no other process.
class Channel {
public:
  virtual ~Channel() = default;
};

/// What an all_gather does with one of its tensors.
struct Gather {
  View input, output;
  int64_t dim = 0;
  std::vector<int64_t> extents; // each member's size of dim

  /// A member's place in the output.
  View placeOf(int64_t member) const {
    return output.slice(
        dim,
        std::accumulate(extents.begin(), extents.begin() + member, int64_t(0)),
        extents[member]);
  }
};

/// One rank's call. Shapes, types and kinds are checked; what is left to the
/// transport is that they agree among the members.
struct Collective {
  Operation operation;
  Device *device;
  Channel *channel;
  const char *spec;               // the group's, for messages
  int32_t rank;                   // of the world
  int64_t index;                  // of the group
  int64_t size;                   // of the group, more than one
  const char *location = nullptr; // in the program's source, or NULL
  uint64_t sequence = 0;
  commuter_reduction_t kind = COMMUTER_SUM;
  std::vector<Gather> gathers;  // all_gather: one or more
  View input, output;           // of the others
  int64_t dim = 0;              // reduce_scatter; all_to_all: split
  int64_t concatDim = 0;        // all_to_all
  int64_t extent = 0;           // exchange_extents: this member's
  std::vector<int64_t> extents; // exchange_extents: each member's
  const void *mark = nullptr;   // where this member's device's work is
};

struct CollectiveCounters {
  int64_t waitNs = 0;
  int64_t bytesCopied = 0;
};

class Transport {
public:
  virtual ~Transport() = default;

  /// A rank's context comes and goes, and its device with it. `join` fails if
  /// the rank is taken, or if the transport does not carry the device's memory.
  virtual Status join(int32_t rank, Device &device) = 0;
  virtual void leave(int32_t rank) = 0;

  /// The channel of the group with these world ranks, in group order. Lives as
  /// long as the transport.
  virtual Channel *channel(const std::vector<int32_t> &members) = 0;

  /// Runs a collective. On failure every rank of the world fails alike.
  /// ExchangeExtents writes call.extents.
  virtual Status run(Collective &call, CollectiveCounters &counters) = 0;

  /// Poisons the world with `status`, unless it already is.
  virtual void abort(const Status &status) = 0;

  /// OK, or what the world was poisoned with.
  virtual Status failure() = 0;

  /// What a rank of this process waits for, and what is known of every rank:
  /// the message of a fault, had it one. Empty if none waits.
  virtual std::string describe() = 0;
};

/// Ranks that are threads of this process.
std::unique_ptr<Transport> createThreadsTransport(int32_t size,
                                                  int64_t timeoutMs);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_TRANSPORT_H
