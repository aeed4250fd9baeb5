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

#include "MessageTransport.h"

#include <new>
#include <utility>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

namespace {

/// Memory of a device, for the duration of a call's work there.
class Block {
public:
  Block() = default;
  Block(Device &device, int64_t bytes)
      : device(&device), memory(static_cast<char *>(device.allocate(
                             64, std::max<int64_t>(bytes, 1)))) {
    if (!memory)
      throw std::bad_alloc();
  }
  Block(Block &&other) noexcept
      : device(other.device), memory(std::exchange(other.memory, nullptr)) {}
  Block &operator=(Block &&other) noexcept {
    std::swap(device, other.device);
    std::swap(memory, other.memory);
    return *this;
  }
  ~Block() {
    if (memory)
      device->deallocate(memory);
  }

  char *get() const { return memory; }

private:
  Device *device = nullptr;
  char *memory = nullptr;
};

/// A view's elements in row-major order without gaps: the view itself if they
/// lie so, else a copy.
class Image {
public:
  enum class Memory { Shared, Own };

  Image(Device &device, const View &view, Memory kind = Memory::Shared)
      : view(view), dense(view),
        isCopy(kind == Memory::Own || !view.isDense()) {
    if (!isCopy)
      return;
    block = Block(device, view.bytes());
    dense = view.denseAt(block.get());
  }
  /// A copy whose memory is another's.
  Image(const View &view, char *memory)
      : view(view), dense(view.denseAt(memory)), isCopy(true) {}

  /// From the view to its copy, and back.
  void pack(Device &device) const {
    if (isCopy)
      device.copy(view, dense);
  }
  void unpack(Device &device) const {
    if (isCopy)
      device.copy(dense, view);
  }

  const View &get() const { return dense; }
  int64_t bytes() const { return dense.bytes(); }

  Part part() const { return {dense.data, bytes()}; }
  Transfer sendTo(int64_t member) const {
    return {member, /*isSend=*/true, dense.data, bytes()};
  }
  Transfer receiveFrom(int64_t member) const {
    return {member, /*isSend=*/false, dense.data, bytes()};
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
  bool isCopy;
  Block block;
};

Part partOf(const View &dense) { return {dense.data, dense.bytes()}; }

/// Each member's place in a gather's output, without gaps in it or between
/// them. Where there are some, all are copied from one block. This rank's own
/// is written directly.
class Places {
public:
  Places(Device &device, const Gather &gather, int64_t index)
      : gather(gather), index(index) {
    std::vector<View> places;
    bool isDense = true;
    const char *end = nullptr; // of the one before
    for (size_t i = 0; i < gather.extents.size(); ++i) {
      const View &place = places.emplace_back(gather.placeOf(i));
      if (!place.bytes())
        continue;
      isDense &= place.isDense() && (!end || place.data == end);
      end = place.data + place.bytes();
    }
    if (!isDense)
      block = Block(device, gather.output.bytes());
    char *memory = block.get();
    for (const View &place : places) {
      if (isDense)
        slots.emplace_back(device, place);
      else
        slots.emplace_back(place, memory);
      memory += isDense ? 0 : place.bytes();
    }
    for (const Image &slot : slots)
      inParts.parts.push_back(slot.part());
    place = places[index];
  }

  /// What the carrier is to do. Returns the bytes that were copied for it.
  int64_t fill(Device &device) {
    const bool isInPlace = gather.input.isSameAs(place);
    if (!isInPlace)
      device.copy(gather.input, place);
    if (block.get() && gather.input.isDense()) {
      inParts.own = partOf(gather.input);
    } else {
      slots[index].pack(device);
      inParts.own = inParts.parts[index];
    }
    return isInPlace ? 0 : place.bytes();
  }
  PartGather &get() { return inParts; }

  /// Once it is done. Returns the bytes that came from the others.
  int64_t empty(Device &device) {
    int64_t bytes = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(slots.size()); ++i) {
      if (i == index)
        continue;
      slots[i].unpack(device);
      bytes += slots[i].bytes();
    }
    return bytes;
  }

private:
  const Gather &gather;
  const int64_t index;
  View place; // this rank's
  Block block;
  std::vector<Image> slots;
  PartGather inParts;
};

} // namespace

// Each of these allocates its blocks before it meets the others: a rank that
// cannot goes no further, and nobody counts on it. Should there be no memory
// for the lists that it makes later, that is a fault: see `run`. Packing comes
// after, since it is work that a fault would make vain.

Status MessageTransport::allGather(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  std::vector<Places> places;
  std::vector<PartGather> gathers;
  places.reserve(call.gathers.size());
  gathers.reserve(call.gathers.size());
  for (const Gather &gather : call.gathers)
    places.emplace_back(device, gather, call.index);
  COMMUTER_TRY(meet(running));

  for (Places &of : places) {
    running.counters.bytesCopied += of.fill(device);
    gathers.push_back(std::move(of.get()));
  }
  COMMUTER_TRY(carrier->gather(running, gathers));
  for (Places &of : places)
    running.counters.bytesCopied += of.empty(device);
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
    parts.emplace_back(device, call.input.slice(call.dim, i * part, part));
    slots.emplace_back(device,
                       call.output.slice(call.concatDim, i * slot, slot));
  }
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    parts[to].pack(device);
    transfers.push_back(parts[to].sendTo(to));
    transfers.push_back(slots[from].receiveFrom(from));
  }
  COMMUTER_TRY(carrier->exchange(running, transfers));
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
    parts.emplace_back(device, call.input.slice(call.dim, i * part, part));
    theirs.emplace_back(device, call.output,
                        i == index ? Image::Memory::Shared
                                   : Image::Memory::Own);
    inputs.push_back(i == index ? &own : &theirs[i].get());
  }
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    parts[to].pack(device);
    transfers.push_back(parts[to].sendTo(to));
    transfers.push_back(theirs[from].receiveFrom(from));
  }
  COMMUTER_TRY(carrier->exchange(running, transfers));
  device.reduce(call.kind, inputs.data(), size, 0, call.output.elements(),
                call.output);
  running.counters.bytesCopied += call.output.bytes();
  return {};
}

/// A reduction that the carrier does, in an order of its own.
Status MessageTransport::reduceByCarrier(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  bool isScatter = call.operation == Operation::ReduceScatter;
  // Each member's part of the input, one after the other.
  std::vector<View> parts(1, call.input);
  int64_t count = isScatter ? call.size : 1;
  if (isScatter) {
    parts.clear();
    int64_t part = call.output.sizes[call.dim];
    for (int64_t i = 0; i < count; ++i)
      parts.push_back(call.input.slice(call.dim, i * part, part));
  }
  bool isDense = call.input.isDense() && parts[0].isDense();
  Block block;
  if (!isDense)
    block = Block(device, call.input.bytes());
  Image output(device, call.output);
  COMMUTER_TRY(meet(running));

  char *data = isDense ? call.input.data : block.get();
  if (!isDense)
    for (int64_t i = 0; i < count; ++i)
      Image(parts[i], data + i * parts[i].bytes()).pack(device);
  COMMUTER_TRY(carrier->reduce(running, data, output.get().data,
                               call.output.elements()));
  output.unpack(device);
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
  Image input(device, call.input), output(device, call.output);
  std::vector<Image> theirs;
  for (int64_t i = 0; i < size; ++i)
    theirs.emplace_back(device, input.range(begin, end),
                        i == index ? Image::Memory::Shared
                                   : Image::Memory::Own);
  COMMUTER_TRY(meet(running));

  // In place, what is written below is what nobody was sent: all sends are over
  // when an exchange is.
  input.pack(device);
  std::vector<Transfer> transfers;
  for (int64_t k = 1; k < size; ++k) {
    int64_t to = (index + k) % size, from = (index + size - k) % size;
    Part part = partOf(isSmall ? input.range(0, elements)
                               : input.range(chunk(to), chunk(to + 1)));
    transfers.push_back({to, /*isSend=*/true, part.data, part.bytes});
    transfers.push_back(theirs[from].receiveFrom(from));
  }
  COMMUTER_TRY(carrier->exchange(running, transfers));
  std::vector<const View *> inputs;
  for (const Image &image : theirs)
    inputs.push_back(&image.get());
  View reduced = output.range(begin, end);
  device.reduce(call.kind, inputs.data(), size, 0, end - begin, reduced);

  if (!isSmall) {
    std::vector<Part> parts;
    for (int64_t i = 0; i < size; ++i)
      parts.push_back(partOf(output.range(chunk(i), chunk(i + 1))));
    COMMUTER_TRY(carrier->gather(running, {{parts[index], parts}}));
  }
  output.unpack(device);
  running.counters.bytesCopied += call.output.bytes();
  return {};
}

Status MessageTransport::checkReplicated(Running &running) {
  Collective &call = running.call;
  Device &device = *call.device;
  int64_t size = call.size, index = call.index;
  Image first(device, call.input,
              index == 0 ? Image::Memory::Shared : Image::Memory::Own);
  // The first element that differs from the first member's, or -1.
  std::vector<int64_t> verdicts(size, -1);
  COMMUTER_TRY(meet(running));

  std::vector<Transfer> transfers;
  if (index == 0) {
    first.pack(device);
    for (int64_t i = 1; i < size; ++i)
      transfers.push_back(first.sendTo(i));
  } else {
    transfers.push_back(first.receiveFrom(0));
  }
  COMMUTER_TRY(carrier->exchange(running, transfers));
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
    transfers.push_back({i, true, place(index), kBytes});
    transfers.push_back({i, false, place(i), kBytes});
  }
  COMMUTER_TRY(exchange(running, transfers));
  for (int64_t i = 0; i < size; ++i)
    if (verdicts[i] >= 0)
      return fail(COMMUTER_ASSERTION_FAILED,
                  "%s is not replicated over %s: rank %d differs from rank %d "
                  "at element %lld",
                  call.input.describe().c_str(), call.spec, running.rankOf(i),
                  running.rankOf(0), static_cast<long long>(verdicts[i]));
  return {};
}

Status MessageTransport::perform(Running &running) {
  Collective &call = running.call;
  switch (call.operation) {
  case Operation::AllGather:
    return allGather(running);
  case Operation::AllToAll:
    return allToAll(running);
  case Operation::ReduceScatter:
    return carrier->hasReduction(call) ? reduceByCarrier(running)
                                       : reduceScatter(running);
  case Operation::AllReduce:
    return carrier->hasReduction(call) ? reduceByCarrier(running)
                                       : allReduce(running);
  case Operation::CheckReplicated:
    return checkReplicated(running);
  case Operation::ExchangeExtents:
    running.counters.bytesCopied +=
        call.size * static_cast<int64_t>(sizeof(int64_t));
    return meet(running);
  case Operation::Barrier:
    return meet(running);
  }
  return {};
}

Status MessageTransport::run(Collective &call, CollectiveCounters &counters) {
  auto &channel = static_cast<MessageChannel &>(*call.channel);
  Running running{call, counters, channel,
                  Clock::now() + std::chrono::milliseconds(timeoutMs)};
  COMMUTER_TRY(checkDevice(*call.device));
  Status status;
  try {
    status = perform(running);
  } catch (const std::bad_alloc &) {
    if (!running.isAnnounced)
      throw;
    // The others wait for this rank.
    status = raise({COMMUTER_OUT_OF_MEMORY, "out of memory"});
  }
  stopWaiting(channel);
  return status.ok() ? checkDevice(*call.device) : status;
}

/// What a device fails with is everyone's.
Status MessageTransport::checkDevice(Device &device) {
  Status failed = device.failure();
  if (failed.ok())
    return {};
  abort(failed);
  return failure();
}
