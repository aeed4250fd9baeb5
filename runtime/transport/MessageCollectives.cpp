//===- MessageCollectives.cpp -----------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The collectives of the message transport, once their members have met: what
// goes to whom, and what is made of it.
//
//===----------------------------------------------------------------------===//

#include "Backoff.h"
#include "MessageTransport.h"

#include <optional>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

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
    messenger.port->cancel(entry.request, entry.isSend);
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
  Backoff backoff(messenger.port->isCrowded(),
                  std::chrono::nanoseconds(1000000 + 20 * bytes));
  while (error.ok()) {
    error = advance(pending);
    if (error.ok() && pending.empty())
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
  if (error.ok())
    error = loss;
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
