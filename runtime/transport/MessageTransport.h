//===- MessageTransport.h ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The message transport. Members of a group exchange headers, then data; the
// headers are what a collective is met by, and what faults are found with.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_MESSAGETRANSPORT_H
#define COMMUTER_RUNTIME_MESSAGETRANSPORT_H

#include "MessageWire.h"
#include "Messenger.h"

#include <chrono>

namespace commuter::rt {

// How ranks meet
//   A rank tells every other member what it issued, in a header, and waits for
//   theirs. Collectives block, so two ranks that are members of several groups
//   issue what they have in common in the same order, or are at fault: the next
//   header of a peer is the one that must agree. Data follows once all have
//   met. It is matched by the order of messages alone.
//
// How faults become everyone's
//   A rank that finds a fault tells all ranks of the world, with its own state.
//   Each rank that hears of it, and cannot go on, answers all with its state:
//   so every one knows every rank that still answers. Of several finders the
//   lowest rank speaks: it puts the message together once all have answered, or
//   after kSettle, and sends it to all. A rank that gets no verdict in another
//   kSettle makes its own: so all end within the deadline and 2 kSettle,
//   whoever is gone.
//
// Invariants
//   * Nothing blocks: not the port, and no wait is without an end.
//   * The carrier is not called with the mutex, but for `failure` and `abort`.
//   * The caller's memory is the port's during a call only. Where a fault
//     leaves a request that cannot be given up, the port is not touched again,
//     by any world: what nobody progresses writes nothing.
//   * A rank that has announced a call and cannot go on says so, even if it is
//     memory that it lacks.
//   * The first verdict that a rank hears is its world's fault, for good.

/// How long ranks that answer take to do so, on a crowded machine.
inline constexpr std::chrono::milliseconds kSettle(500);

/// A rank's call, by its own sequence number, that a call here has met.
struct Meeting {
  uint64_t sequence = 0;
  uint64_t isCurrent = 0; // that is the call that is on here, or the last one
};

/// What this process knows of a rank.
struct Peer : RankState {
  std::vector<int32_t> group; // of `last`
  std::deque<Header> headers; // that no call here has met yet
  std::string place;          // of its memory: see Carrier
  Meeting met;                // the last one
  bool hasAnswered = false;   // since the fault
};

/// A fault that is being settled.
struct Round {
  bool isActive = false;
  int32_t author = 0; // who speaks
  commuter_status_t code = COMMUTER_OK;
  std::string title;
  std::vector<int32_t> group; // that the author waited in
  std::vector<Meeting> met;   // of its members, by the author
};

/// What a rank waits for once it has met the others.
struct Awaited {
  /// Moves it on, with the messenger's mutex. An error is the world's.
  std::function<Status(bool &isDone)> advance;
  /// What a message of its timeout ends with.
  std::function<std::string()> describe;
  /// How long it is asked for without a pause.
  std::chrono::nanoseconds busy;
};

struct Pending {
  int32_t peer;
  bool isSend;
  PortRequest request;
};

/// Everything but what `run` does with memory needs the messenger's mutex.
class MessageTransport final : public Transport {
public:
  MessageTransport(Messenger &messenger, uint32_t id, int64_t timeoutMs,
                   const MakeCarrier &makeCarrier)
      : messenger(messenger), id(id), timeoutMs(timeoutMs),
        dataTag(1 + id % messenger.port->maxTag()), peers(messenger.size()),
        carrier(makeCarrier(*this)) {}
  ~MessageTransport() override;

  Status join(int32_t rank, Device &device) override;
  void leave(int32_t rank) override;
  Channel *channel(const std::vector<int32_t> &members) override;
  Status run(Collective &call, CollectiveCounters &counters) override;
  void abort(const Status &status) override;
  Status failure() override;
  std::string describe() override;

  /// False if the message makes no sense.
  bool receive(int32_t peer, Kind kind, Reader &reader);
  /// A rank has left, by itself or since its process ends.
  void depart(int32_t rank);
  /// Nothing more will be heard of a rank.
  void lose(int32_t rank, const std::string &why);
  void poison(Status status);

  //===--------------------------------------------------------------------===//
  // For carriers, without the mutex
  //===--------------------------------------------------------------------===//

  int64_t deadlineMs() const { return timeoutMs; }

  /// Moves the host's memory as messages. Returns OK when all of this rank's
  /// transfers are over.
  Status exchange(const Running &running,
                  const std::vector<Transfer> &transfers);

  /// Returns OK when it is done.
  Status await(const Running &running, const Awaited &awaited);

  /// Makes `error` the world's, after a title. Returns what the world fails
  /// with.
  Status raise(const Status &error);

  /// A wait since `start`, outside of any collective, for what ranks have met
  /// for: OK as long as it may go on.
  Status checkWait(std::chrono::steady_clock::time_point start);

  /// What a member's carrier said of its memory.
  std::string placeOf(int32_t rank);

  /// Waits until all ranks have left, or are lost: false if `patience` is over
  /// before, or if the world has failed.
  bool awaitDepartures(std::chrono::milliseconds patience);

private:
  Peer &self() { return peers[messenger.rank()]; }
  bool hasFailed() const { return isPoisoned || round.isActive; }

  Status checkJoin(int32_t rank);
  Status meet(Running &running);
  Status waitForMembers(Running &running);
  Status meetPeer(Running &running, size_t index, bool &hasMet);
  void stopWaiting(const MessageChannel &channel);

  Status start(const Running &running, const std::vector<Transfer> &transfers,
               std::vector<Pending> &pending);
  Status advance(std::vector<Pending> &pending);
  void abandon(std::vector<Pending> &pending);
  Status await(std::unique_lock<std::timed_mutex> &lock, const Running &running,
               const Awaited &awaited);

  Status perform(Running &running);
  Status checkDevice(Device &device);
  Status allGather(Running &running);
  Status allToAll(Running &running);
  Status reduceScatter(Running &running);
  Status allReduce(Running &running);
  Status reduceByCarrier(Running &running);
  Status checkReplicated(Running &running);

  void writeState(Writer &writer);
  void readState(Peer &peer, Reader &reader);
  void answer();
  void begin(commuter_status_t code, std::string title);
  bool mustStop();
  Status settle(std::unique_lock<std::timed_mutex> &lock);
  std::vector<Meeting> meetingsOf(const std::vector<int32_t> &group);
  std::string ranksText(const std::vector<int32_t> &group,
                        const std::vector<Meeting> &met);

  Messenger &messenger;
  const uint32_t id;
  const int64_t timeoutMs;
  const int32_t dataTag;
  std::vector<Peer> peers; // by rank; this rank, too
  std::map<std::vector<int32_t>, std::unique_ptr<MessageChannel>> channels;
  Round round;
  Status loss; // a rank that this world cannot do without
  bool hasSentState = false;
  bool isPoisoned = false;
  Status fault;
  std::unique_ptr<Carrier> carrier; // of the data; never null
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_MESSAGETRANSPORT_H
