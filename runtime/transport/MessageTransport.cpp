//===- MessageTransport.cpp -------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A world of the message transport: who is in it, how its ranks meet, and how a
// fault becomes everyone's.
//
//===----------------------------------------------------------------------===//

#include "MessageTransport.h"
#include "Backoff.h"

#include <optional>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

MessageTransport::~MessageTransport() {
  carrier->close();
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  messenger.worlds.erase(id);
}

Status MessageTransport::join(int32_t rank, Device &device) {
  {
    std::lock_guard<std::timed_mutex> lock(messenger.mutex);
    COMMUTER_TRY(checkJoin(rank));
  }
  COMMUTER_TRY(carrier->attach(device));
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  self().presence = Presence::Joined;
  self().last = {};
  self().place = carrier->place();
  Writer writer(Kind::Join, id);
  writer.text(self().place);
  messenger.postToAll(writer.bytes);
  return {};
}

Status MessageTransport::checkJoin(int32_t rank) {
  if (rank != messenger.rank())
    return fail(COMMUTER_INVALID_ARGUMENT,
                "rank %d is another process's; this one's is %d", rank,
                messenger.rank());
  if (self().presence == Presence::Joined)
    return fail(COMMUTER_INVALID_ARGUMENT, "rank %d has a context already",
                rank);
  return {};
}

void MessageTransport::leave(int32_t) {
  carrier->detach();
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  self().presence = Presence::Left;
  messenger.postToAll(Writer(Kind::Leave, id).bytes);
}

Channel *MessageTransport::channel(const std::vector<int32_t> &members) {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  std::unique_ptr<MessageChannel> &entry = channels[members];
  if (!entry)
    entry = std::make_unique<MessageChannel>(members);
  return entry.get();
}

void MessageTransport::abort(const Status &status) {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  if (isPoisoned)
    return;
  poison(status);
  Writer writer(Kind::Verdict, id);
  writer.number(status.code);
  writer.text(status.message);
  messenger.postToAll(writer.bytes);
}

/// A rank whose groups are all of one meets nobody; it hears of a fault here.
Status MessageTransport::failure() {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  messenger.progress();
  if (!loss.ok())
    poison(loss);
  return fault;
}

std::string MessageTransport::describe() {
  // Whoever asks may have little time, and a port can be stuck: Open MPI's
  // shared memory waits for a sender that died in the middle of an entry.
  std::unique_lock<std::timed_mutex> lock(messenger.mutex, kSettle / 2);
  if (!lock)
    return "a call of the message library that does not return";
  if (!self().isWaiting)
    return {};
  const std::vector<int32_t> &group = self().group;
  return self().last.title() + ": " + ranksText(group, meetingsOf(group));
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

void MessageTransport::poison(Status status) {
  if (isPoisoned)
    return;
  isPoisoned = true;
  fault = std::move(status);
  carrier->abort();
}

void MessageTransport::depart(int32_t rank) {
  peers[rank].presence = Presence::Left;
  peers[rank].isWaiting = false;
}

/// One that has left is no loss: as of one that has ended, nothing is needed.
void MessageTransport::lose(int32_t rank, const std::string &why) {
  peers[rank].isLost = true;
  if (peers[rank].presence != Presence::Left && loss.ok())
    loss = {COMMUTER_RANK_LEFT,
            "lost rank " + std::to_string(rank) + " (" + why + ")"};
}

void MessageTransport::writeState(Writer &writer) {
  writer.number(self().presence);
  writer.number(self().isWaiting);
  writer.number(self().hasMet);
  writer.issued(self().last);
  writer.numbers(self().group.data(), self().group.size());
}

void MessageTransport::readState(Peer &peer, Reader &reader) {
  peer.presence = reader.number<Presence>();
  peer.isWaiting = reader.number<bool>();
  peer.hasMet = reader.number<bool>();
  peer.last = reader.issued();
  peer.group = reader.numbers<int32_t>();
  peer.hasAnswered = true;
}

bool MessageTransport::receive(int32_t rank, Kind kind, Reader &reader) {
  Peer &peer = peers[rank];
  switch (kind) {
  case Kind::Join:
    peer.presence = Presence::Joined;
    peer.last = {};
    peer.met = {};
    peer.isWaiting = false;
    peer.place = reader.text();
    break;
  case Kind::Leave:
    depart(rank);
    break;
  case Kind::Header: {
    Header header;
    header.issued = reader.issued();
    header.group = reader.numbers<int32_t>();
    header.extent = reader.number<int64_t>();
    peer.last = header.issued;
    peer.group = header.group;
    peer.isWaiting = true;
    peer.hasMet = false;
    peer.headers.push_back(std::move(header));
    break;
  }
  case Kind::Fault: {
    Round theirs;
    theirs.isActive = true;
    theirs.author = rank;
    theirs.code = reader.number<commuter_status_t>();
    theirs.title = reader.text();
    theirs.group = reader.numbers<int32_t>();
    theirs.met = reader.numbers<Meeting>();
    readState(peer, reader);
    if (theirs.met.size() != theirs.group.size())
      return false;
    if (isPoisoned)
      break;
    if (!round.isActive || rank < round.author)
      round = std::move(theirs);
    // A rank that waits may find that it need not: it answers in `settle`.
    if (!self().isWaiting)
      answer();
    break;
  }
  case Kind::State:
    readState(peer, reader);
    break;
  case Kind::Verdict: {
    Status status;
    status.code = reader.number<commuter_status_t>();
    status.message = reader.text();
    poison(std::move(status));
    break;
  }
  case Kind::Farewell:
    return false;
  }
  return reader.isGood;
}

/// Tells everyone where this rank is, once.
void MessageTransport::answer() {
  if (hasSentState)
    return;
  hasSentState = true;
  Writer writer(Kind::State, id);
  writeState(writer);
  messenger.postToAll(writer.bytes);
}

/// Tells everyone of a fault that this rank has found while it waits, unless
/// another has.
void MessageTransport::begin(commuter_status_t code, std::string title) {
  if (hasFailed())
    return;
  round = {true,         messenger.rank(),        code, std::move(title),
           self().group, meetingsOf(self().group)};
  hasSentState = true;
  Writer writer(Kind::Fault, id);
  writer.number(code);
  writer.text(round.title);
  writer.numbers(round.group.data(), round.group.size());
  writer.numbers(round.met.data(), round.met.size());
  writeState(writer);
  messenger.postToAll(writer.bytes);
}

/// A rank that waits finds out here that it waits in vain.
bool MessageTransport::mustStop() {
  Status error = loss.ok() ? carrier->failure() : loss;
  if (!error.ok())
    begin(error.code, self().last.title() + ": " + error.message);
  return hasFailed();
}

/// Waits for the verdict, or gives it. Returns it.
Status MessageTransport::settle(std::unique_lock<std::timed_mutex> &lock) {
  if (isPoisoned)
    return fault;
  answer();
  Clock::time_point start = Clock::now();
  Backoff backoff(messenger.port->isCrowded());
  while (true) {
    messenger.progress();
    if (isPoisoned)
      return fault;
    auto waited = Clock::now() - start;
    bool isAuthor = round.author == messenger.rank();
    bool haveAnswered = true;
    for (size_t r = 0; r < peers.size(); ++r)
      haveAnswered &= static_cast<int32_t>(r) == messenger.rank() ||
                      peers[r].hasAnswered || peers[r].isLost ||
                      peers[r].presence == Presence::Left;
    if (isAuthor ? haveAnswered || waited >= kSettle : waited >= 2 * kSettle) {
      poison(
          {round.code, round.title + ": " + ranksText(round.group, round.met)});
      Writer writer(Kind::Verdict, id);
      writer.number(fault.code);
      writer.text(fault.message);
      messenger.postToAll(writer.bytes);
      return fault;
    }
    backoff.pause(lock);
  }
}

std::vector<Meeting>
MessageTransport::meetingsOf(const std::vector<int32_t> &group) {
  std::vector<Meeting> met;
  for (int32_t rank : group)
    met.push_back(peers[rank].met);
  return met;
}

/// Where a member of `group` is, of which a rank there had met `met`.
static Place placeIn(const std::vector<int32_t> &group, const Meeting &met,
                     const Peer &member) {
  const uint64_t last = member.last.sequence;
  // Whether it has left the call as well, it alone knows.
  const bool mayBeHere = member.isWaiting || !member.hasAnswered;
  if (met.isCurrent)
    return mayBeHere && last == met.sequence ? Place::Here : Place::Past;
  // What that rank had met before is not this call, be it of the same group.
  return member.isWaiting && member.group == group && last > met.sequence
             ? Place::Here
             : Place::Away;
}

/// One line on each rank: the members of `group`, then the others.
std::string MessageTransport::ranksText(const std::vector<int32_t> &group,
                                        const std::vector<Meeting> &met) {
  std::string text;
  auto append = [&](int32_t rank, Place place) {
    RankState state = peers[rank];
    state.isSilent = round.isActive && rank != messenger.rank() &&
                     !peers[rank].hasAnswered && !state.isLost;
    appendRank(text, rank, state, place);
  };
  for (size_t i = 0; i < group.size(); ++i)
    append(group[i], placeIn(group, met[i], peers[group[i]]));
  for (int32_t rank = 0; rank < messenger.size(); ++rank)
    if (std::find(group.begin(), group.end(), rank) == group.end())
      append(rank, Place::Elsewhere);
  return text;
}

//===----------------------------------------------------------------------===//
// Meeting
//===----------------------------------------------------------------------===//

/// Takes the next header of member `index`, if it is there, and compares.
Status MessageTransport::meetPeer(Running &running, size_t index,
                                  bool &hasMet) {
  int32_t rank = running.rankOf(index);
  Peer &peer = peers[rank];
  hasMet = !peer.headers.empty();
  if (!hasMet) {
    if (peer.presence == Presence::Left)
      return {COMMUTER_RANK_LEFT, "rank " + std::to_string(rank) + " left"};
    return {};
  }
  Header header = std::move(peer.headers.front());
  peer.headers.pop_front();
  if (header.group != running.channel.members)
    return {COMMUTER_MISMATCH,
            "ranks issued collectives over different groups"};
  if (!header.issued.agreesWith(self().last))
    return {COMMUTER_MISMATCH, header.issued.disagreementWith(self().last)};
  peer.met = {header.issued.sequence, /*isCurrent=*/1};
  if (running.call.operation == Operation::ExchangeExtents)
    running.call.extents[index] = header.extent;
  return {};
}

/// Returns OK when all members are in this very call and agree.
Status MessageTransport::meet(Running &running) {
  int64_t start = nowNs();
  Status status = waitForMembers(running);
  running.counters.waitNs += nowNs() - start;
  return status;
}

Status MessageTransport::waitForMembers(Running &running) {
  Collective &call = running.call;
  const MessageChannel &channel = running.channel;
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  if (isPoisoned)
    return fault;
  self().last = Issued(call);
  self().group = channel.members;
  running.isAnnounced = true;
  self().isWaiting = true;
  self().hasMet = false;
  for (int32_t rank : channel.members)
    peers[rank].met.isCurrent = 0;
  messenger.progress();
  if (mustStop())
    return settle(lock);
  if (call.operation == Operation::ExchangeExtents) {
    call.extents.assign(call.size, 0);
    call.extents[call.index] = call.extent;
  }
  Writer writer(Kind::Header, id);
  writer.issued(self().last);
  writer.numbers(channel.members.data(), channel.members.size());
  writer.number(call.extent);

  std::vector<size_t> missing; // indices in the group
  for (int64_t k = 1; k < call.size; ++k)
    missing.push_back((call.index + k) % call.size);
  for (size_t index : missing)
    messenger.post(channel.members[index], writer.bytes);

  Backoff backoff(messenger.port->isCrowded());
  while (true) {
    for (size_t i = 0; i < missing.size();) {
      bool hasMet;
      Status status = meetPeer(running, missing[i], hasMet);
      if (!status.ok()) {
        begin(status.code, self().last.title() + ": " + status.message);
        return settle(lock);
      }
      if (hasMet)
        missing.erase(missing.begin() + i);
      else
        ++i;
    }
    if (missing.empty()) {
      self().hasMet = true;
      return {};
    }
    // Only now: ranks that have all they need go on, to where the fault is.
    if (mustStop())
      return settle(lock);
    if (Clock::now() >= running.deadline) {
      begin(COMMUTER_TIMEOUT, self().last.title() + " timed out after " +
                                  std::to_string(timeoutMs) + " ms");
      return settle(lock);
    }
    backoff.pause(lock);
    messenger.progress();
  }
}

/// Neither this rank nor those that it met are in the call any more, as far as
/// this process knows.
void MessageTransport::stopWaiting(const MessageChannel &channel) {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  self().isWaiting = false;
  for (int32_t rank : channel.members)
    if (peers[rank].last.sequence == peers[rank].met.sequence)
      peers[rank].isWaiting = false;
}

//===----------------------------------------------------------------------===//
// For carriers
//===----------------------------------------------------------------------===//

Status MessageTransport::await(const Running &running, const Awaited &awaited) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  return await(lock, running, awaited);
}

Status MessageTransport::await(std::unique_lock<std::timed_mutex> &lock,
                               const Running &running, const Awaited &awaited) {
  Status error;
  std::optional<Clock::time_point> last;
  Backoff backoff(messenger.port->isCrowded(), awaited.busy);
  while (true) {
    bool isDone = false;
    error = awaited.advance(isDone);
    if (!error.ok())
      break;
    if (isDone)
      return {};
    messenger.progress();
    if (messenger.isRetired)
      break;
    Clock::time_point now = Clock::now();
    if (hasFailed() || !loss.ok()) {
      // A peer may have failed after it did all that this rank needs of it.
      if (!last)
        last = now + kSettle / 2;
      if (now >= *last)
        break;
    } else if (now >= running.deadline) {
      begin(COMMUTER_TIMEOUT, self().last.title() + " timed out after " +
                                  std::to_string(timeoutMs) + " ms " +
                                  awaited.describe());
      break;
    }
    backoff.pause(lock);
  }
  if (error.ok())
    error = loss;
  if (!error.ok())
    begin(error.code, self().last.title() + ": " + error.message);
  return settle(lock);
}

Status MessageTransport::raise(const Status &error) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  begin(error.code, self().last.title() + ": " + error.message);
  return settle(lock);
}

Status MessageTransport::checkWait(Clock::time_point start) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  if (isPoisoned)
    return fault;
  if (!self().last.sequence)
    return {};
  self().isWaiting = true;
  messenger.progress();
  bool isOver = mustStop();
  if (!isOver && Clock::now() - start >= std::chrono::milliseconds(timeoutMs)) {
    begin(COMMUTER_TIMEOUT, self().last.title() + " timed out after " +
                                std::to_string(timeoutMs) +
                                " ms with its data under way");
    isOver = true;
  }
  Status status = isOver ? settle(lock) : Status();
  self().isWaiting = false;
  return status;
}

std::string MessageTransport::placeOf(int32_t rank) {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  return peers[rank].place;
}

bool MessageTransport::awaitDepartures(std::chrono::milliseconds patience) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  Clock::time_point end = Clock::now() + patience;
  Backoff backoff(messenger.port->isCrowded());
  while (true) {
    messenger.progress();
    if (isPoisoned || !loss.ok())
      return false;
    if (std::all_of(peers.begin(), peers.end(), [](const Peer &peer) {
          return peer.presence != Presence::Joined || peer.isLost;
        }))
      return true;
    if (Clock::now() >= end)
      return false;
    backoff.pause(lock);
  }
}
