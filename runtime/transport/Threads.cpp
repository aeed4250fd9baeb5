//===- Threads.cpp ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transport threads: members publish their views, meet, and copy or reduce
// straight from and to each other's memory.
//
//===----------------------------------------------------------------------===//

#include "Backoff.h"
#include "Issued.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

using namespace commuter::rt;

// Invariants
//   * Everything that can fail happens before the members have met. A member
//     that has met the others only does bounded work on memory, so the later
//     barriers need no deadline, and a member never returns (and its caller
//     never frees) while a peer may still use its memory. Nothing of that work
//     throws: what would ends the process, since its peers would wait for good.
//   * Whether the members have met, and whether the world is poisoned, is
//     decided under one mutex: either all members go on, or none does.
//   * The first fault is the world's fault.
//   * A device that works later can fail after the meeting. Its member says so
//     before a barrier, and goes on to the last one as all others do.

namespace {

struct ThreadsChannel : Channel {
  explicit ThreadsChannel(const std::vector<int32_t> &members)
      : members(members), calls(members.size()), present(members.size()) {}

  const std::vector<int32_t> members; // world ranks
  // Used by the peers between the meeting and the last barrier.
  std::vector<Collective *> calls;
  // Guarded by the world's mutex.
  std::vector<char> present;
  size_t arrived = 0;
  // A member's device has failed. Written between barriers.
  std::atomic<bool> hasFailed{false};
  // Meetings held. Written under the mutex.
  std::atomic<uint64_t> meetings{0};
  // The barriers within a collective.
  std::atomic<size_t> synced{0};
  std::atomic<uint64_t> syncs{0};
  std::condition_variable wake;
};

struct ThreadsRank : RankState {
  ThreadsChannel *waitingIn = nullptr;
  // The call that it left last. Written without the mutex.
  std::atomic<uint64_t> ended{0};

  void stopWaiting() {
    waitingIn = nullptr;
    isWaiting = false;
  }

  /// What a message tells: one that has met waits until its call ends.
  RankState state() const {
    RankState state = *this;
    state.hasMet &= ended.load(std::memory_order_relaxed) != last.sequence;
    state.isWaiting |= state.hasMet;
    return state;
  }
};

/// A call from its meeting on.
struct ThreadsCall {
  ThreadsRank &rank;
  const uint64_t sequence;
  ~ThreadsCall() { rank.ended.store(sequence, std::memory_order_relaxed); }
};

class ThreadsTransport final : public Transport {
public:
  ThreadsTransport(int32_t size, int64_t timeoutMs)
      : timeoutMs(timeoutMs), ranks(size) {}

  Status join(int32_t rank, Device &device) override;
  void leave(int32_t rank) override;
  Channel *channel(const std::vector<int32_t> &members) override;
  Status run(Collective &call, CollectiveCounters &counters) override;
  void abort(const Status &status) override;
  Status failure() override;
  std::string describe() override;

private:
  Status meet(Collective &call, ThreadsChannel &channel);
  void sync(ThreadsChannel &channel, CollectiveCounters &counters) noexcept;
  void syncDevices(Collective &call, ThreadsChannel &channel,
                   CollectiveCounters &counters) noexcept;
  Status poison(Status status);
  std::string ranksText(const ThreadsChannel &channel);

  const int64_t timeoutMs;
  std::mutex mutex;
  std::vector<ThreadsRank> ranks;
  std::map<std::vector<int32_t>, std::unique_ptr<ThreadsChannel>> channels;
  std::atomic<bool> poisoned{false};
  Status fault; // written once, before `poisoned`
};

} // namespace

/// One line on each rank: the members of `channel`, then the ranks that are not
/// in it. Needs the mutex.
std::string ThreadsTransport::ranksText(const ThreadsChannel &channel) {
  std::string text;
  for (size_t i = 0; i < channel.members.size(); ++i) {
    int32_t rank = channel.members[i];
    appendRank(text, rank, ranks[rank].state(),
               channel.present[i] ? Place::Here : Place::Away);
  }
  for (int32_t rank = 0; rank < static_cast<int32_t>(ranks.size()); ++rank)
    if (std::find(channel.members.begin(), channel.members.end(), rank) ==
        channel.members.end())
      appendRank(text, rank, ranks[rank].state(), Place::Elsewhere);
  return text;
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

/// Needs the mutex. Returns the world's fault.
Status ThreadsTransport::poison(Status status) {
  if (!poisoned.load(std::memory_order_relaxed)) {
    fault = std::move(status);
    poisoned.store(true, std::memory_order_release);
    for (auto &entry : channels)
      entry.second->wake.notify_all();
  }
  return fault;
}

void ThreadsTransport::abort(const Status &status) {
  std::lock_guard<std::mutex> lock(mutex);
  (void)poison(status);
}

Status ThreadsTransport::failure() {
  return poisoned.load(std::memory_order_acquire) ? fault : Status();
}

std::string ThreadsTransport::describe() {
  std::lock_guard<std::mutex> lock(mutex);
  for (const ThreadsRank &rank : ranks)
    if (rank.waitingIn)
      return rank.last.title() + ": " + ranksText(*rank.waitingIn);
  return {};
}

Status ThreadsTransport::join(int32_t rank, Device &) {
  std::lock_guard<std::mutex> lock(mutex);
  ThreadsRank &state = ranks[rank];
  if (state.presence == Presence::Joined)
    return fail(COMMUTER_INVALID_ARGUMENT, "rank %d has a context already",
                rank);
  state.presence = Presence::Joined;
  state.last = {};
  state.hasMet = false;
  return {};
}

void ThreadsTransport::leave(int32_t rank) {
  std::lock_guard<std::mutex> lock(mutex);
  ranks[rank].presence = Presence::Left;
  // Nobody is left behind unless somebody waits for this rank right now.
  for (const ThreadsRank &state : ranks) {
    const ThreadsChannel *channel = state.waitingIn;
    if (!channel)
      continue;
    for (int32_t member : channel->members)
      if (member == rank) {
        (void)poison(fail(COMMUTER_RANK_LEFT, "%s: rank %d left: %s",
                          state.last.title().c_str(), rank,
                          ranksText(*channel).c_str()));
        return;
      }
  }
}

//===----------------------------------------------------------------------===//
// Meeting
//===----------------------------------------------------------------------===//

Channel *ThreadsTransport::channel(const std::vector<int32_t> &members) {
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<ThreadsChannel> &entry = channels[members];
  if (!entry)
    entry = std::make_unique<ThreadsChannel>(members);
  return entry.get();
}

/// Returns OK when all members are in this very call and agree.
Status ThreadsTransport::meet(Collective &call, ThreadsChannel &channel) {
  auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(timeoutMs);
  Issued issued(call);
  std::unique_lock<std::mutex> lock(mutex);
  if (poisoned.load(std::memory_order_relaxed))
    return fault;

  ThreadsRank &self = ranks[call.rank];
  self.last = std::move(issued);
  self.hasMet = false;
  channel.calls[call.index] = &call;
  channel.present[call.index] = 1;
  ++channel.arrived;

  for (size_t i = 0; i < channel.members.size(); ++i) {
    if (channel.present[i])
      continue;
    const ThreadsRank &peer = ranks[channel.members[i]];
    if (peer.presence == Presence::Left)
      return poison(
          {COMMUTER_RANK_LEFT, self.last.title() + ": rank " +
                                   std::to_string(channel.members[i]) +
                                   " left: " + ranksText(channel)});
    // A peer that waits for this rank elsewhere can never come here.
    if (!peer.waitingIn || peer.waitingIn == &channel)
      continue;
    for (int32_t member : peer.waitingIn->members)
      if (member == call.rank)
        return poison(
            {COMMUTER_MISMATCH,
             self.last.title() +
                 ": ranks issued collectives over different groups: " +
                 ranksText(channel)});
  }

  if (channel.arrived == channel.members.size()) {
    const Issued &first = ranks[channel.members[0]].last;
    for (int32_t member : channel.members)
      if (!ranks[member].last.agreesWith(first))
        return poison(
            {COMMUTER_MISMATCH, self.last.title() + ": " +
                                    ranks[member].last.disagreementWith(first) +
                                    ": " + ranksText(channel)});
    for (int32_t member : channel.members) {
      ranks[member].stopWaiting();
      ranks[member].hasMet = true;
    }
    channel.arrived = 0;
    std::fill(channel.present.begin(), channel.present.end(), 0);
    channel.meetings.fetch_add(1, std::memory_order_release);
    lock.unlock();
    channel.wake.notify_all();
    return {};
  }

  self.waitingIn = &channel;
  self.isWaiting = true;
  uint64_t before = channel.meetings.load(std::memory_order_relaxed);
  auto met = [&] {
    return channel.meetings.load(std::memory_order_acquire) != before;
  };
  lock.unlock();
  if (waitAwake(met))
    return {};
  lock.lock();
  while (!met()) {
    if (poisoned.load(std::memory_order_relaxed)) {
      self.stopWaiting();
      return fault;
    }
    if (channel.wake.wait_until(lock, deadline) == std::cv_status::timeout &&
        !met()) {
      Status status =
          poison({COMMUTER_TIMEOUT, self.last.title() + " timed out after " +
                                        std::to_string(timeoutMs) +
                                        " ms: " + ranksText(channel)});
      self.stopWaiting();
      return status;
    }
  }
  return {};
}

/// A barrier among members that have met. It cannot fail.
void ThreadsTransport::sync(ThreadsChannel &channel,
                            CollectiveCounters &counters) noexcept {
  int64_t start = nowNs();
  uint64_t before = channel.syncs.load(std::memory_order_acquire);
  auto done = [&] {
    return channel.syncs.load(std::memory_order_acquire) != before;
  };
  if (channel.synced.fetch_add(1, std::memory_order_acq_rel) + 1 ==
      channel.members.size()) {
    channel.synced.store(0, std::memory_order_relaxed);
    {
      // Under the mutex, lest a member that is about to sleep misses it.
      std::lock_guard<std::mutex> lock(mutex);
      channel.syncs.store(before + 1, std::memory_order_release);
    }
    channel.wake.notify_all();
  } else if (!waitAwake(done)) {
    std::unique_lock<std::mutex> lock(mutex);
    channel.wake.wait(lock, done);
  }
  counters.waitNs += nowNs() - start;
}

/// A barrier for the members' devices as well: what they do after it comes
/// after all that they do before. The host's devices are done already.
void ThreadsTransport::syncDevices(Collective &call, ThreadsChannel &channel,
                                   CollectiveCounters &counters) noexcept {
  if (call.device->isHost())
    return sync(channel, counters);
  if (Status status = call.device->failure(); !status.ok()) {
    abort(status);
    channel.hasFailed.store(true, std::memory_order_relaxed);
  }
  call.mark = call.device->mark();
  sync(channel, counters);
  for (const Collective *peer : channel.calls)
    if (peer != &call)
      call.device->await(peer->mark);
  // Nobody leaves, and its device with it, before all have taken its mark.
  sync(channel, counters);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

/// Of the host's second-level cache, and large for one call of a device.
static constexpr int64_t kReduceBlockBytes = 32768;

Status ThreadsTransport::run(Collective &call, CollectiveCounters &counters) {
  auto &channel = static_cast<ThreadsChannel &>(*call.channel);
  int64_t size = call.size, index = call.index;

  // Allocated while failing is still allowed.
  std::vector<View> parts;
  std::vector<const View *> inputs;
  if (call.operation == Operation::ReduceScatter)
    parts.resize(size);
  if (call.operation == Operation::ReduceScatter ||
      call.operation == Operation::AllReduce)
    inputs.resize(size);
  std::vector<int64_t> received;
  if (call.operation == Operation::ExchangeExtents)
    received.resize(size);

  int64_t start = nowNs();
  Status status = meet(call, channel);
  counters.waitNs += nowNs() - start;
  if (!status.ok())
    return status;
  const ThreadsCall inCourse{ranks[call.rank], call.sequence};

  Device &device = *call.device;
  if (!device.isHost())
    syncDevices(call, channel, counters);
  const std::vector<Collective *> &calls = channel.calls;
  auto copy = [&](const View &source, const View &target) {
    if (source.isSameAs(target))
      return;
    device.copy(source, target);
    counters.bytesCopied += target.bytes();
  };

  switch (call.operation) {
  case Operation::AllGather:
    // Starting at oneself spreads the members over the sources.
    for (int64_t k = 0; k < size; ++k) {
      int64_t i = (index + k) % size;
      for (size_t g = 0; g < call.gathers.size(); ++g)
        copy(calls[i]->gathers[g].input, call.gathers[g].placeOf(i));
    }
    break;

  case Operation::AllToAll: {
    int64_t part = call.input.sizes[call.dim] / size;
    int64_t slot = call.output.sizes[call.concatDim] / size;
    for (int64_t k = 0; k < size; ++k) {
      int64_t i = (index + k) % size;
      copy(calls[i]->input.slice(call.dim, index * part, part),
           call.output.slice(call.concatDim, i * slot, slot));
    }
    break;
  }

  case Operation::ReduceScatter: {
    int64_t part = call.output.sizes[call.dim];
    for (int64_t i = 0; i < size; ++i) {
      parts[i] = calls[i]->input.slice(call.dim, index * part, part);
      inputs[i] = &parts[i];
    }
    device.reduce(call.kind, inputs.data(), size, 0, call.output.elements(),
                  call.output);
    counters.bytesCopied += call.output.bytes();
    break;
  }

  case Operation::AllReduce: {
    for (int64_t i = 0; i < size; ++i)
      inputs[i] = &calls[i]->input;
    int64_t elements = call.output.elements();
    counters.bytesCopied += call.output.bytes();
    // Member i reduces chunk i for everyone, block by block, so that what it
    // copies is in its cache. That is safe in place: nobody else reads that
    // chunk of any input, or writes it to any output.
    auto chunk = [&](int64_t i) {
      return elements / size * i + std::min(i, elements % size);
    };
    const int64_t stop = chunk(index + 1);
    const int64_t block = device.isHost()
                              ? kReduceBlockBytes / call.output.elementSize
                              : elements;
    for (int64_t begin = chunk(index); begin < stop; begin += block) {
      int64_t end = std::min(begin + block, stop);
      device.reduce(call.kind, inputs.data(), size, begin, end, call.output);
      for (int64_t k = 1; k < size; ++k)
        device.copyRange(call.output, calls[(index + k) % size]->output, begin,
                         end);
    }
    break;
  }

  case Operation::ExchangeExtents:
    for (int64_t i = 0; i < size; ++i)
      received[i] = calls[i]->extent;
    counters.bytesCopied += size * static_cast<int64_t>(sizeof(int64_t));
    break;

  case Operation::Barrier:
    return channel.hasFailed ? failure() : Status();

  case Operation::CheckReplicated: {
    // `extent` carries the verdict: the first element that differs from the
    // first member's, or -1.
    call.extent =
        index == 0 ? -1 : device.firstDifference(calls[0]->input, call.input);
    sync(channel, counters);
    int64_t bad = 0;
    while (bad < size && calls[bad]->extent < 0)
      ++bad;
    int64_t element = bad < size ? calls[bad]->extent : -1;
    sync(channel, counters);
    if (bad == size)
      break;
    // Alike on all members, and only after the last barrier, since building
    // the message can fail.
    return fail(COMMUTER_ASSERTION_FAILED,
                "%s is not replicated over %s: rank %d differs from rank %d "
                "at element %lld",
                call.input.describe().c_str(), call.spec, channel.members[bad],
                channel.members[0], static_cast<long long>(element));
  }
  }

  syncDevices(call, channel, counters);
  if (channel.hasFailed)
    return failure();
  if (call.operation == Operation::ExchangeExtents)
    call.extents = std::move(received);
  return {};
}

std::unique_ptr<Transport>
commuter::rt::createThreadsTransport(int32_t size, int64_t timeoutMs) {
  return std::make_unique<ThreadsTransport>(size, timeoutMs);
}
