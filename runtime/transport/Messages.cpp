//===- Messages.cpp ---------------------------------------------*- C++ -*-===//
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

#include "Messages.h"
#include "Issued.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <optional>
#include <sched.h>
#include <thread>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

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
//   * The caller's memory is the port's during a call only. Where a fault
//     leaves a request that cannot be given up, the port is not touched again,
//     by any world: what nobody progresses writes nothing.
//   * The first verdict that a rank hears is its world's fault, for good.

/// How long ranks that answer take to do so, on a crowded machine.
static constexpr std::chrono::milliseconds kSettle(500);

static constexpr int32_t kControlTag = 0;

//===----------------------------------------------------------------------===//
// The control messages
//===----------------------------------------------------------------------===//

namespace {

enum class Kind : uint8_t {
  Join,     // a rank has a context
  Leave,    // and has none any more
  Header,   // what it issued
  Fault,    // it found a fault
  State,    // where it is, since it heard of one
  Verdict,  // the world's fault
  Farewell, // the process is about to end; of no world
};

/// What a member of a group tells the others.
struct Header {
  Issued issued;
  std::vector<int32_t> group;
  int64_t extent = 0;
};

/// All processes run the same program on machines of one kind: numbers travel
/// as they lie in memory.
class Writer {
public:
  Writer(Kind kind, uint32_t world) {
    number(kind);
    number(world);
  }

  template <typename Number>
  void number(Number value) {
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(value));
  }
  template <typename Number>
  void numbers(const Number *values, size_t count) {
    number<uint64_t>(count);
    bytes.append(reinterpret_cast<const char *>(values),
                 count * sizeof(Number));
  }
  void text(const std::string &value) { numbers(value.data(), value.size()); }

  void issued(const Issued &value) {
    number(value.sequence);
    number(value.operation);
    number(value.kind);
    number(value.input.dtype);
    number(value.input.elementSize);
    numbers(value.input.sizes, value.input.rank);
    number(value.dim);
    number(value.concatDim);
    numbers(value.extents.data(), value.extents.size());
    text(value.spec);
  }

  std::string bytes;
};

/// Reads what a Writer wrote; gives zeros once that was too short.
class Reader {
public:
  explicit Reader(const std::string &bytes) : bytes(bytes) {}

  template <typename Number>
  Number number() {
    Number value{};
    if (const char *from = take(sizeof(value)))
      std::memcpy(&value, from, sizeof(value));
    return value;
  }
  template <typename Number>
  std::vector<Number> numbers() {
    size_t count = number<uint64_t>();
    std::vector<Number> values;
    if (count > bytes.size()) {
      isGood = false;
    } else if (const char *from = take(count * sizeof(Number))) {
      values.resize(count);
      if (count)
        std::memcpy(values.data(), from, count * sizeof(Number));
    }
    return values;
  }
  std::string text() {
    std::vector<char> characters = numbers<char>();
    return {characters.begin(), characters.end()};
  }

  Issued issued() {
    Issued value;
    value.sequence = number<uint64_t>();
    value.operation = number<Operation>();
    value.kind = number<commuter_reduction_t>();
    value.input.dtype = number<int32_t>();
    value.input.elementSize = number<int64_t>();
    std::vector<int64_t> sizes = numbers<int64_t>();
    if (sizes.size() > kMaxRank)
      isGood = false;
    else
      value.input.rank = static_cast<int32_t>(sizes.size());
    std::copy_n(sizes.begin(), value.input.rank, value.input.sizes);
    value.dim = number<int64_t>();
    value.concatDim = number<int64_t>();
    value.extents = numbers<int64_t>();
    value.spec = text();
    return value;
  }

  bool isGood = true;

private:
  const char *take(size_t count) {
    if (!isGood || bytes.size() - at < count) {
      isGood = false;
      return nullptr;
    }
    at += count;
    return bytes.data() + at - count;
  }

  const std::string &bytes;
  size_t at = 0;
};

/// Leaves the processor to others: there may be fewer than there are ranks.
class Backoff {
public:
  /// A port may move data only while it is called: for so long it is called as
  /// often as can be.
  explicit Backoff(std::chrono::nanoseconds busy = {})
      : busyUntil(Clock::now() + busy) {}

  void pause(std::unique_lock<std::timed_mutex> &lock) {
    lock.unlock();
    if (yields < 100 || Clock::now() < busyUntil) {
      ++yields;
      sched_yield();
    } else {
      std::this_thread::sleep_for(sleep);
      sleep = std::min(sleep * 2, kLongest);
    }
    lock.lock();
  }

private:
  static constexpr std::chrono::microseconds kLongest{500};
  const Clock::time_point busyUntil;
  int64_t yields = 0;
  std::chrono::microseconds sleep{20};
};

} // namespace

//===----------------------------------------------------------------------===//
// The world
//===----------------------------------------------------------------------===//

namespace {

struct MessageChannel : Channel {
  explicit MessageChannel(const std::vector<int32_t> &members)
      : members(members) {}
  const std::vector<int32_t> members; // world ranks
};

/// What this process knows of a rank.
struct Peer : RankState {
  std::vector<int32_t> group; // of `last`
  std::deque<Header> headers; // that no call here has met yet
  uint64_t met = 0;           // the last sequence number that one has
  bool hasAnswered = false;   // since the fault
};

/// A fault that is being settled.
struct Round {
  bool isActive = false;
  int32_t author = 0; // who speaks
  commuter_status_t code = COMMUTER_OK;
  std::string title;
  std::vector<int32_t> group; // that the author waited in
};

/// A collective in its course.
struct Running {
  Collective &call;
  CollectiveCounters &counters;
  const MessageChannel &channel;
  Clock::time_point deadline;

  /// The world rank of a member.
  int32_t rankOf(int64_t index) const { return channel.members[index]; }
};

/// Bytes that go to or come from another member.
struct Transfer {
  int32_t peer;
  bool isSend;
  char *data;
  int64_t bytes;
};

struct Pending {
  int32_t peer;
  bool isSend;
  PortRequest request;
};

} // namespace

/// Everything but what `run` does with memory needs the messenger's mutex.
class commuter::rt::MessageTransport final : public Transport {
public:
  MessageTransport(Messenger &messenger, uint32_t id, int64_t timeoutMs)
      : messenger(messenger), id(id), timeoutMs(timeoutMs),
        dataTag(1 + id % messenger.port->maxTag()), peers(messenger.size()) {}
  ~MessageTransport() override;

  Status join(int32_t rank) override;
  void leave(int32_t rank) override;
  Channel *channel(const std::vector<int32_t> &members) override;
  Status run(Collective &call, CollectiveCounters &counters) override;
  void abort(const Status &status) override;
  Status failure() override;
  std::string describe() override;

  /// False if the message makes no sense.
  bool receive(int32_t peer, Kind kind, Reader &reader);
  void poison(Status status);

private:
  Peer &self() { return peers[messenger.rank()]; }
  bool hasFailed() const { return isPoisoned || round.isActive; }

  Status meet(Running &running);
  Status waitForMembers(Running &running);
  Status meetPeer(Running &running, size_t index, bool &hasMet);
  void stopWaiting(const MessageChannel &channel);

  Status exchange(const Running &running,
                  const std::vector<Transfer> &transfers);
  Status start(const std::vector<Transfer> &transfers,
               std::vector<Pending> &pending);
  Status advance(std::vector<Pending> &pending);
  void abandon(std::vector<Pending> &pending);

  Status allGather(Running &running);
  Status allToAll(Running &running);
  Status reduceScatter(Running &running);
  Status allReduce(Running &running);
  Status checkReplicated(Running &running);

  void writeState(Writer &writer);
  void readState(Peer &peer, Reader &reader);
  void answer();
  void begin(commuter_status_t code, std::string title);
  Status settle(std::unique_lock<std::timed_mutex> &lock);
  std::string ranksText(const std::vector<int32_t> &group);

  Messenger &messenger;
  const uint32_t id;
  const int64_t timeoutMs;
  const int32_t dataTag;
  std::vector<Peer> peers; // by rank; this rank, too
  std::map<std::vector<int32_t>, std::unique_ptr<MessageChannel>> channels;
  Round round;
  bool hasSentState = false;
  bool isPoisoned = false;
  Status fault;
};

MessageTransport::~MessageTransport() {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  messenger.worlds.erase(id);
}

Status MessageTransport::join(int32_t rank) {
  std::lock_guard<std::timed_mutex> lock(messenger.mutex);
  if (rank != messenger.rank())
    return fail(COMMUTER_INVALID_ARGUMENT,
                "rank %d is another process's; this one's is %d", rank,
                messenger.rank());
  if (self().presence == Presence::Joined)
    return fail(COMMUTER_INVALID_ARGUMENT, "rank %d has a context already",
                rank);
  self().presence = Presence::Joined;
  self().last = {};
  messenger.postToAll(Writer(Kind::Join, id).bytes);
  return {};
}

void MessageTransport::leave(int32_t) {
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
  return self().last.title() + ": " + ranksText(self().group);
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

void MessageTransport::poison(Status status) {
  if (isPoisoned)
    return;
  isPoisoned = true;
  fault = std::move(status);
}

void MessageTransport::writeState(Writer &writer) {
  writer.number(self().presence);
  writer.number(self().isWaiting);
  writer.issued(self().last);
  writer.numbers(self().group.data(), self().group.size());
}

void MessageTransport::readState(Peer &peer, Reader &reader) {
  peer.presence = reader.number<Presence>();
  peer.isWaiting = reader.number<bool>();
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
    peer.isWaiting = false;
    break;
  case Kind::Leave:
    peer.presence = Presence::Left;
    peer.isWaiting = false;
    break;
  case Kind::Header: {
    Header header;
    header.issued = reader.issued();
    header.group = reader.numbers<int32_t>();
    header.extent = reader.number<int64_t>();
    peer.last = header.issued;
    peer.group = header.group;
    peer.isWaiting = true;
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
    readState(peer, reader);
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
  round = {true, messenger.rank(), code, std::move(title), self().group};
  hasSentState = true;
  Writer writer(Kind::Fault, id);
  writer.number(code);
  writer.text(round.title);
  writer.numbers(round.group.data(), round.group.size());
  writeState(writer);
  messenger.postToAll(writer.bytes);
}

/// Waits for the verdict, or gives it. Returns it.
Status MessageTransport::settle(std::unique_lock<std::timed_mutex> &lock) {
  if (isPoisoned)
    return fault;
  answer();
  Clock::time_point start = Clock::now();
  Backoff backoff;
  while (true) {
    messenger.progress();
    if (isPoisoned)
      return fault;
    auto waited = Clock::now() - start;
    bool isAuthor = round.author == messenger.rank();
    bool haveAnswered = true;
    for (size_t r = 0; r < peers.size(); ++r)
      haveAnswered &= static_cast<int32_t>(r) == messenger.rank() ||
                      peers[r].hasAnswered ||
                      peers[r].presence == Presence::Left;
    if (isAuthor ? haveAnswered || waited >= kSettle : waited >= 2 * kSettle) {
      poison({round.code, round.title + ": " + ranksText(round.group)});
      Writer writer(Kind::Verdict, id);
      writer.number(fault.code);
      writer.text(fault.message);
      messenger.postToAll(writer.bytes);
      return fault;
    }
    backoff.pause(lock);
  }
}

/// One line on each rank: the members of `group`, then the others.
std::string MessageTransport::ranksText(const std::vector<int32_t> &group) {
  std::string text;
  for (int32_t rank : group) {
    const Peer &peer = peers[rank];
    bool isHere = peer.isWaiting && peer.group == group;
    appendRank(text, rank, peer, isHere ? Place::Here : Place::Away);
  }
  for (int32_t rank = 0; rank < messenger.size(); ++rank)
    if (std::find(group.begin(), group.end(), rank) == group.end())
      appendRank(text, rank, peers[rank], Place::Elsewhere);
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
  peer.met = header.issued.sequence;
  if (header.group != running.channel.members)
    return {COMMUTER_MISMATCH,
            "ranks issued collectives over different groups"};
  if (!header.issued.agreesWith(self().last))
    return {COMMUTER_MISMATCH, "ranks issued different collectives"};
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
  self().isWaiting = true;
  messenger.progress();
  if (hasFailed())
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

  Backoff backoff;
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
    if (missing.empty())
      return {};
    // Only now: ranks that have all they need go on, to where the fault is.
    if (hasFailed())
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
    if (peers[rank].last.sequence == peers[rank].met)
      peers[rank].isWaiting = false;
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Messages are as long as the port can have them; both sides cut alike.
Status MessageTransport::start(const std::vector<Transfer> &transfers,
                               std::vector<Pending> &pending) {
  Port &port = *messenger.port;
  // Receives first: then nothing arrives unexpected, and is copied twice.
  for (bool isSend : {false, true})
    for (const Transfer &transfer : transfers) {
      if (transfer.isSend != isSend)
        continue;
      for (int64_t at = 0; at < transfer.bytes; at += port.maxBytes()) {
        int64_t bytes = std::min(port.maxBytes(), transfer.bytes - at);
        Pending next{transfer.peer, isSend, {}};
        COMMUTER_TRY(isSend ? port.send(transfer.peer, dataTag,
                                        transfer.data + at, bytes, next.request)
                            : port.receive(transfer.peer, dataTag,
                                           transfer.data + at, bytes,
                                           next.request));
        pending.push_back(next);
      }
    }
  return {};
}

/// Drops the requests that are done.
Status MessageTransport::advance(std::vector<Pending> &pending) {
  Status error;
  auto isOver = [&](Pending &entry) {
    bool isDone = false;
    Status status = messenger.port->test(entry.request, isDone);
    if (!status.ok())
      error = std::move(status);
    return isDone || !status.ok();
  };
  pending.erase(std::remove_if(pending.begin(), pending.end(), isOver),
                pending.end());
  return error;
}

/// After a fault: makes sure that the port has nothing more to do with the
/// caller's memory.
void MessageTransport::abandon(std::vector<Pending> &pending) {
  if (messenger.isRetired)
    return;
  for (Pending &entry : pending)
    if (!entry.isSend)
      messenger.port->cancel(entry.request);
  (void)advance(pending);
  if (!pending.empty())
    messenger.retire(fault);
}

/// Returns OK when all of this rank's transfers are over.
Status MessageTransport::exchange(const Running &running,
                                  const std::vector<Transfer> &transfers) {
  std::unique_lock<std::timed_mutex> lock(messenger.mutex);
  if (messenger.isRetired)
    return fault;
  std::vector<Pending> pending;
  Status error = start(transfers, pending);
  std::optional<Clock::time_point> last;
  // Slower than 50 MB/s is a peer that stalls, or a link that can wait.
  int64_t bytes = 0;
  for (const Transfer &transfer : transfers)
    bytes += transfer.bytes;
  Backoff backoff(std::chrono::nanoseconds(1000000 + 20 * bytes));
  while (error.ok()) {
    error = advance(pending);
    if (error.ok() && pending.empty())
      return {};
    messenger.progress();
    if (messenger.isRetired)
      break;
    Clock::time_point now = Clock::now();
    if (hasFailed()) {
      // A peer may have failed after it did all that this rank needs of it.
      if (!last)
        last = now + kSettle / 2;
      if (now >= *last)
        break;
    } else if (now >= running.deadline) {
      std::string with;
      for (int32_t rank : running.channel.members)
        if (std::any_of(pending.begin(), pending.end(),
                        [&](const Pending &p) { return p.peer == rank; }))
          with += (with.empty() ? "" : " and rank ") + std::to_string(rank);
      begin(COMMUTER_TIMEOUT, self().last.title() + " timed out after " +
                                  std::to_string(timeoutMs) +
                                  " ms in transfers with rank " + with);
      break;
    }
    backoff.pause(lock);
  }
  if (!error.ok())
    begin(error.code, self().last.title() + ": " + error.message);
  Status status = settle(lock);
  abandon(pending);
  return status;
}

namespace {

/// A view's elements in row-major order without gaps: the view itself if they
/// lie so, else a copy.
class Image {
public:
  enum class Memory { Shared, Own };

  explicit Image(const View &view, Memory kind = Memory::Shared)
      : view(view), dense(view) {
    if (kind == Memory::Shared && view.isDense())
      return;
    memory.reset(new char[view.bytes()]);
    dense.data = memory.get();
    int64_t stride = 1;
    for (int32_t d = view.rank - 1; d >= 0; --d) {
      dense.strides[d] = stride;
      stride *= view.sizes[d];
    }
  }

  /// From the view to its copy, and back.
  void pack(Device &device) const {
    if (memory)
      device.copy(view, dense);
  }
  void unpack(Device &device) const {
    if (memory)
      device.copy(dense, view);
  }

  const View &get() const { return dense; }
  int64_t bytes() const { return dense.bytes(); }

  Transfer sendTo(int32_t peer) const {
    return {peer, /*isSend=*/true, dense.data, bytes()};
  }
  Transfer receiveFrom(int32_t peer) const {
    return {peer, /*isSend=*/false, dense.data, bytes()};
  }

  /// Elements [begin, end), in row-major order.
  View range(int64_t begin, int64_t end) const {
    View part = dense;
    part.rank = 1;
    part.sizes[0] = end - begin;
    part.strides[0] = 1;
    if (begin != end)
      part.data += begin * part.elementSize;
    return part;
  }

private:
  View view, dense;
  std::unique_ptr<char[]> memory;
};

} // namespace

// Each of these allocates what it needs before it meets the others: a rank that
// cannot goes no further, and nobody counts on it. Packing comes after, since
// it is work that a fault would make vain.

Status MessageTransport::allGather(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  // A member's place in the output; this rank's own is written directly.
  View slot;
  std::vector<Image> slots;
  int64_t offset = 0;
  for (int64_t i = 0; i < call.size; ++i) {
    View place = call.output.slice(call.dim, offset, call.extents[i]);
    offset += call.extents[i];
    if (i == call.index)
      slot = place;
    slots.emplace_back(i == call.index ? call.input : place);
  }
  COMMUTER_TRY(meet(running));

  if (!call.input.isSameAs(slot)) {
    device.copy(call.input, slot);
    running.counters.bytesCopied += slot.bytes();
  }
  const Image &own = slots[call.index];
  own.pack(device);
  std::vector<Transfer> transfers;
  // Starting at oneself spreads the members over the sources.
  for (int64_t k = 1; k < call.size; ++k) {
    int64_t to = (call.index + k) % call.size;
    int64_t from = (call.index + call.size - k) % call.size;
    transfers.push_back(own.sendTo(running.rankOf(to)));
    transfers.push_back(slots[from].receiveFrom(running.rankOf(from)));
  }
  COMMUTER_TRY(exchange(running, transfers));
  for (int64_t i = 0; i < call.size; ++i) {
    if (i == call.index)
      continue;
    slots[i].unpack(device);
    running.counters.bytesCopied += slots[i].bytes();
  }
  return {};
}

Status MessageTransport::allToAll(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  int64_t size = call.size, index = call.index;
  int64_t part = call.input.sizes[call.dim] / size;
  int64_t slot = call.output.sizes[call.concatDim] / size;
  std::vector<Image> parts, slots;
  for (int64_t i = 0; i < size; ++i) {
    parts.emplace_back(call.input.slice(call.dim, i * part, part));
    slots.emplace_back(call.output.slice(call.concatDim, i * slot, slot));
  }
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    parts[to].pack(device);
    transfers.push_back(parts[to].sendTo(running.rankOf(to)));
    transfers.push_back(slots[from].receiveFrom(running.rankOf(from)));
  }
  COMMUTER_TRY(exchange(running, transfers));
  device.copy(call.input.slice(call.dim, index * part, part),
              call.output.slice(call.concatDim, index * slot, slot));
  for (int64_t i = 0; i < size; ++i)
    if (i != index)
      slots[i].unpack(device);
  running.counters.bytesCopied += call.output.bytes();
  return {};
}

Status MessageTransport::reduceScatter(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  int64_t size = call.size, index = call.index;
  int64_t part = call.output.sizes[call.dim];
  View own = call.input.slice(call.dim, index * part, part);
  std::vector<Image> parts, theirs; // by member: what it needs; what it sends
  std::vector<const View *> inputs;
  theirs.reserve(size);
  for (int64_t i = 0; i < size; ++i) {
    parts.emplace_back(call.input.slice(call.dim, i * part, part));
    theirs.emplace_back(call.output, i == index ? Image::Memory::Shared
                                                : Image::Memory::Own);
    inputs.push_back(i == index ? &own : &theirs[i].get());
  }
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    parts[to].pack(device);
    transfers.push_back(parts[to].sendTo(running.rankOf(to)));
    transfers.push_back(theirs[from].receiveFrom(running.rankOf(from)));
  }
  COMMUTER_TRY(exchange(running, transfers));
  device.reduce(call.kind, inputs.data(), size, 0, call.output.elements(),
                call.output);
  running.counters.bytesCopied += call.output.bytes();
  return {};
}

/// Small reductions are done by every member in full: one exchange less.
static constexpr int64_t kSmallReduceBytes = 8192;

Status MessageTransport::allReduce(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  int64_t size = call.size, index = call.index;
  int64_t elements = call.output.elements();
  bool isSmall = call.output.bytes() <= kSmallReduceBytes;
  // Member i reduces elements [chunk(i), chunk(i + 1)).
  auto chunk = [&](int64_t i) {
    return isSmall ? 0 : elements / size * i + std::min(i, elements % size);
  };
  int64_t begin = chunk(index), end = isSmall ? elements : chunk(index + 1);
  Image input(call.input), output(call.output);
  std::vector<Image> theirs;
  for (int64_t i = 0; i < size; ++i)
    theirs.emplace_back(input.range(begin, end), i == index
                                                     ? Image::Memory::Shared
                                                     : Image::Memory::Own);
  COMMUTER_TRY(meet(running));

  // In place, what is written below is what nobody was sent: all sends are over
  // when an exchange is.
  input.pack(device);
  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    Image part(isSmall ? input.range(0, elements)
                       : input.range(chunk(to), chunk(to + 1)));
    transfers.push_back(part.sendTo(running.rankOf(to)));
    transfers.push_back(theirs[from].receiveFrom(running.rankOf(from)));
  }
  COMMUTER_TRY(exchange(running, transfers));
  std::vector<const View *> inputs;
  for (const Image &image : theirs)
    inputs.push_back(&image.get());
  View reduced = output.range(begin, end);
  device.reduce(call.kind, inputs.data(), size, 0, end - begin, reduced);

  if (!isSmall) {
    transfers.clear();
    for (int64_t k = 1; k < size; ++k) {
      int64_t to = (index + k) % size, from = (index + size - k) % size;
      Image part(output.range(chunk(from), chunk(from + 1)));
      transfers.push_back(Image(reduced).sendTo(running.rankOf(to)));
      transfers.push_back(part.receiveFrom(running.rankOf(from)));
    }
    COMMUTER_TRY(exchange(running, transfers));
  }
  output.unpack(device);
  running.counters.bytesCopied += call.output.bytes();
  return {};
}

Status MessageTransport::checkReplicated(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  int64_t size = call.size, index = call.index;
  Image first(call.input,
              index == 0 ? Image::Memory::Shared : Image::Memory::Own);
  // The first element that differs from the first member's, or -1.
  std::vector<int64_t> verdicts(size, -1);
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  if (index == 0) {
    first.pack(device);
    for (int64_t i = 1; i < size; ++i)
      transfers.push_back(first.sendTo(running.rankOf(i)));
  } else {
    transfers.push_back(first.receiveFrom(running.rankOf(0)));
  }
  COMMUTER_TRY(exchange(running, transfers));
  if (index != 0)
    verdicts[index] = device.firstDifference(first.get(), call.input);
  transfers.clear();
  for (int64_t i = 0; i < size; ++i) {
    if (i == index)
      continue;
    auto place = [&](int64_t of) {
      return reinterpret_cast<char *>(&verdicts[of]);
    };
    constexpr int64_t kBytes = sizeof(int64_t);
    transfers.push_back({running.rankOf(i), true, place(index), kBytes});
    transfers.push_back({running.rankOf(i), false, place(i), kBytes});
  }
  COMMUTER_TRY(exchange(running, transfers));
  for (int64_t i = 0; i < size; ++i)
    if (verdicts[i] >= 0)
      return fail(COMMUTER_MISMATCH,
                  "%s is not replicated over %s: rank %d differs from rank %d "
                  "at element %lld",
                  call.input.describe().c_str(), call.spec, running.rankOf(i),
                  running.rankOf(0), static_cast<long long>(verdicts[i]));
  return {};
}

Status MessageTransport::run(Collective &call, CollectiveCounters &counters) {
  auto &channel = static_cast<MessageChannel &>(*call.channel);
  Running running{call, counters, channel,
                  Clock::now() + std::chrono::milliseconds(timeoutMs)};
  Status status;
  switch (call.operation) {
  case Operation::AllGather:
    status = allGather(running);
    break;
  case Operation::AllToAll:
    status = allToAll(running);
    break;
  case Operation::ReduceScatter:
    status = reduceScatter(running);
    break;
  case Operation::AllReduce:
    status = allReduce(running);
    break;
  case Operation::CheckReplicated:
    status = checkReplicated(running);
    break;
  case Operation::ExchangeExtents:
    status = meet(running);
    counters.bytesCopied += call.size * static_cast<int64_t>(sizeof(int64_t));
    break;
  case Operation::Barrier:
    status = meet(running);
    break;
  }
  stopWaiting(channel);
  return status;
}

//===----------------------------------------------------------------------===//
// The messenger
//===----------------------------------------------------------------------===//

Messenger::Messenger(std::unique_ptr<Port> port)
    : port(std::move(port)), farewells(this->port->size()) {}

Messenger::~Messenger() = default;

std::unique_ptr<Transport> Messenger::createWorld(int64_t timeoutMs) {
  std::lock_guard<std::timed_mutex> lock(mutex);
  uint32_t id = nextWorld++;
  auto world = std::make_unique<MessageTransport>(*this, id, timeoutMs);
  worlds[id] = world.get();
  if (isRetired)
    world->poison(retirement);
  auto [first, last] = early.equal_range(id);
  for (auto entry = first; entry != last; ++entry)
    dispatch(entry->second.first, entry->second.second);
  early.erase(first, last);
  return world;
}

void Messenger::retire(const Status &status) {
  if (isRetired)
    return;
  isRetired = true;
  retirement = status;
  for (auto &entry : worlds)
    entry.second->poison(status);
}

void Messenger::post(int32_t peer, std::string bytes) {
  if (isRetired)
    return;
  outgoing.push_back({std::move(bytes), {}});
  Outgoing &message = outgoing.back();
  Status status = port->send(peer, kControlTag, message.bytes.data(),
                             message.bytes.size(), message.request);
  if (!status.ok()) {
    outgoing.pop_back();
    retire(status);
  }
}

void Messenger::postToAll(const std::string &bytes) {
  for (int32_t peer = 0; peer < size(); ++peer)
    if (peer != rank())
      post(peer, bytes);
}

void Messenger::dispatch(int32_t peer, const std::string &bytes) {
  Reader reader(bytes);
  Kind kind = reader.number<Kind>();
  uint32_t id = reader.number<uint32_t>();
  if (reader.isGood && kind == Kind::Farewell) {
    farewells[peer] = 1;
    return;
  }
  if (reader.isGood && id >= nextWorld) {
    early.emplace(id, std::make_pair(peer, bytes));
    return;
  }
  auto world = worlds.find(id);
  // One that is gone here misses nothing.
  if (reader.isGood && world == worlds.end())
    return;
  if (!reader.isGood || !world->second->receive(peer, kind, reader))
    retire(fail(COMMUTER_INTERNAL, "a malformed message from rank %d", peer));
}

void Messenger::progress() {
  Status status;
  bool isDone = true;
  while (!isRetired && !outgoing.empty()) {
    status = port->test(outgoing.front().request, isDone);
    if (!status.ok())
      retire(status);
    if (!isDone)
      break;
    outgoing.pop_front();
  }
  while (!isRetired) {
    if (!isReceiving) {
      int64_t bytes = 0;
      status = port->probe(kControlTag, isReceiving, incomingPeer, bytes);
      if (status.ok() && !isReceiving)
        return;
      incoming.resize(bytes);
      if (status.ok())
        status = port->receive(incomingPeer, kControlTag, incoming.data(),
                               bytes, incomingRequest);
    }
    if (status.ok())
      status = port->test(incomingRequest, isDone);
    if (!status.ok())
      return retire(status);
    if (!isDone)
      return;
    isReceiving = false;
    dispatch(incomingPeer, incoming);
  }
}

Status Messenger::finalize(int64_t timeoutMs) {
  std::unique_lock<std::timed_mutex> lock(mutex);
  if (isRetired)
    return fail(COMMUTER_INTERNAL, "messages cannot go on: %s",
                retirement.message.c_str());
  Clock::time_point deadline =
      Clock::now() + std::chrono::milliseconds(timeoutMs);
  postToAll(Writer(Kind::Farewell, 0).bytes);
  farewells[rank()] = 1;
  Backoff backoff;
  while (true) {
    progress();
    if (isRetired)
      return retirement;
    auto missing = std::find(farewells.begin(), farewells.end(), 0);
    if (missing == farewells.end() && outgoing.empty())
      break;
    if (Clock::now() >= deadline)
      return fail(COMMUTER_TIMEOUT, "rank %d did not end within %lld ms",
                  static_cast<int>(missing - farewells.begin()),
                  static_cast<long long>(timeoutMs));
    backoff.pause(lock);
  }
  Status status = port->finalize();
  retire(fail(COMMUTER_INVALID_ARGUMENT, "transport mpi has ended"));
  return status;
}
