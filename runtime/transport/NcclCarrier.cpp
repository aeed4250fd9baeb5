//===- NcclCarrier.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data of GPUs, moved by NCCL on the devices' streams.
//
//===----------------------------------------------------------------------===//

#include "NcclCarrier.h"
#include "MessageTransport.h"

#include <algorithm>
#include <fstream>
#include <thread>
#include <unistd.h>

using namespace commuter::rt;
using Clock = std::chrono::steady_clock;

/// What an abort may take, and what a world's end waits for the others.
static constexpr std::chrono::milliseconds kPatience(1000);

/// Of so many collectives the GPU may be behind: CUDA takes no more than about
/// a thousand launches, and then makes the host wait without an end.
static constexpr int64_t kMostOutstanding = 64;

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

/// The same for all processes of a host, in containers, too.
static std::string hostName() {
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  char name[256] = "";
  (void)gethostname(name, sizeof(name) - 1);
  return boot.empty() ? std::string("host ") + name : "boot " + boot;
}

Status NcclCarrier::attach(Device &theDevice) {
  GpuStream *theStream = theDevice.gpuStream();
  if (!theStream)
    return fail(COMMUTER_UNSUPPORTED,
                "transport nccl moves the memory of GPUs: device %s needs the "
                "transport threads, mpi or tcp",
                theDevice.name());
  if (theStream->isEmulated() != library.isDouble)
    return fail(
        COMMUTER_UNSUPPORTED, "%s (%s) does not move the memory of device %s",
        library.describe().c_str(), library.file.c_str(), theDevice.name());
  std::string place = "GPU " + theStream->gpu() + " of " + hostName();
  std::lock_guard<std::mutex> lock(mutex);
  if (!connections.empty() && place != gpu)
    return fail(COMMUTER_UNSUPPORTED,
                "the rank had %s before, and cannot have %s in the same world",
                gpu.c_str(), place.c_str());
  device = &theDevice;
  stream = theStream;
  gpu = std::move(place);
  outstanding = 0;
  stream->setWatch(this);
  return {};
}

/// What this rank has to send is gone when the others are told that it leaves.
void NcclCarrier::detach() {
  if (!device)
    return;
  (void)device->synchronize();
  const bool isStuck = !haveAborted(),
             isPassed = !isStuck && hasPassedSegments();
  std::lock_guard<std::mutex> lock(mutex);
  isStranded |= !isPassed;
  if (isStuck)
    stream->leaveBehind();
  stream->setWatch(nullptr);
  stream = nullptr;
  device = nullptr;
}

//===----------------------------------------------------------------------===//
// Communicators
//===----------------------------------------------------------------------===//

/// NCCL refuses two ranks on one GPU as well, but names neither.
Status NcclCarrier::checkPlaces(const Running &running) {
  std::map<std::string, int32_t> ranks;
  for (int32_t rank : running.channel.members) {
    std::string place = transport.placeOf(rank);
    auto [other, isNew] = ranks.try_emplace(place, rank);
    if (!isNew)
      return transport.raise(
          fail(COMMUTER_UNSUPPORTED,
               "rank %d and rank %d both have %s, but NCCL takes one rank a "
               "GPU: ranks that share one are threads of a process (transport "
               "threads)",
               other->second, rank, place.c_str()));
  }
  return {};
}

Status NcclCarrier::connectionOf(const Running &running,
                                 Connection *&connection) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = connections.find(&running.channel);
    if (found != connections.end()) {
      connection = &found->second;
      return {};
    }
  }
  COMMUTER_TRY(checkPlaces(running));
  return connect(running, connection);
}

Status NcclCarrier::connect(const Running &running, Connection *&connection) {
  const Collective &call = running.call;
  nccl::UniqueId id = {};
  auto *bytes = reinterpret_cast<char *>(&id);
  std::vector<Transfer> transfers;
  if (call.index == 0) {
    Status status = stream->use([&] {
      return library.check(library.GetUniqueId(&id), "ncclGetUniqueId");
    });
    if (!status.ok())
      return transport.raise(status);
    for (int64_t i = 1; i < call.size; ++i)
      transfers.push_back({i, /*isSend=*/true, bytes, sizeof(id)});
  } else {
    transfers.push_back({0, /*isSend=*/false, bytes, sizeof(id)});
  }
  COMMUTER_TRY(transport.exchange(running, transfers));
  nccl::Comm comm = nullptr;
  Status status = stream->use([&]() -> Status {
    std::lock_guard<std::mutex> lock(mutex);
    if (isAborted)
      return {};
    nccl::Config config;
    nccl::Result result =
        library.CommInitRankConfig(&comm, static_cast<int>(call.size), id,
                                   static_cast<int>(call.index), &config);
    if (comm)
      connection = &(connections[&running.channel] = {comm, {}});
    return library.check(result, "ncclCommInitRankConfig", comm);
  });
  if (!status.ok())
    return transport.raise(status);
  COMMUTER_TRY(awaitReady(running, comm, "while NCCL connects the group"));
  return shareSegment(running, *connection);
}

//===----------------------------------------------------------------------===//
// Registered memory
//===----------------------------------------------------------------------===//

/// Whether all members have the same number, which is not 0.
Status NcclCarrier::agree(const Running &running, int64_t own, bool &isCommon) {
  const Collective &call = running.call;
  std::vector<int64_t> numbers(call.size, own);
  std::vector<Transfer> transfers;
  for (int64_t i = 0; i < call.size; ++i) {
    if (i == call.index)
      continue;
    transfers.push_back(
        {i, /*isSend=*/true, reinterpret_cast<char *>(&own), sizeof(own)});
    transfers.push_back({i, /*isSend=*/false,
                         reinterpret_cast<char *>(&numbers[i]), sizeof(own)});
  }
  COMMUTER_TRY(transport.exchange(running, transfers));
  isCommon = own != 0;
  for (int64_t number : numbers)
    isCommon &= number == own;
  return {};
}

/// Members that disagree, and those to one of whom NCCL refuses it, have none.
/// Each asks in any case: what the others were told it does not know.
Status NcclCarrier::shareSegment(const Running &running,
                                 Connection &connection) {
  NcclSegment &segment = connection.segment;
  auto use = [&](const std::function<void()> &body) {
    Status status = stream->use([&]() -> Status {
      std::lock_guard<std::mutex> lock(mutex);
      if (!isAborted)
        body();
      return {};
    });
    return status.ok() ? status : transport.raise(status);
  };
  COMMUTER_TRY(use([&] {
    if (segmentBytes)
      segment.allocate(library, segmentBytes);
  }));
  bool isCommon = false;
  COMMUTER_TRY(
      agree(running, segment.hasMemory() ? segmentBytes : 0, isCommon));
  if (!isCommon)
    return {};
  for (NcclSegment::Kind kind :
       {NcclSegment::Kind::Window, NcclSegment::Kind::Buffer}) {
    COMMUTER_TRY(
        use([&] { segment.registerAs(kind, library, connection.comm); }));
    COMMUTER_TRY(awaitReady(running, connection.comm,
                            "while NCCL registers the group's memory"));
    COMMUTER_TRY(agree(running, segment.isRegistered(), isCommon));
    if (isCommon) {
      segment.setShared();
      return {};
    }
    COMMUTER_TRY(use([&] { segment.deregister(library, connection.comm); }));
  }
  return {};
}

/// Waits for copies to and from segments, which may come after NCCL's last
/// work.
bool NcclCarrier::hasPassedSegments() {
  Clock::time_point end = Clock::now() + kPatience;
  bool isDone = true;
  {
    std::lock_guard<std::mutex> lock(mutex);
    for (auto &entry : connections)
      isDone &= !entry.second.segment.hasMemory();
    if (!isDone && !stream->setPoint(GpuStream::Point::Latest).ok())
      return false;
  }
  // Without the mutex: what the stream waits for may need an abort.
  while (!isDone && Clock::now() < end) {
    if (!stream->hasPassed(GpuStream::Point::Latest, isDone).ok())
      return false;
    if (!isDone)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return isDone;
}

void NcclCarrier::freeSegments() {
  std::lock_guard<std::mutex> lock(mutex);
  if (!isAborted || isStranded)
    return;
  for (auto &entry : connections)
    entry.second.segment.free(library);
}

//===----------------------------------------------------------------------===//
// Waits
//===----------------------------------------------------------------------===//

/// A communicator that does not block does what it was asked for later, the
/// launch of kernels included. `what` is for the message of a timeout.
Status NcclCarrier::awaitReady(const Running &running, nccl::Comm comm,
                               const char *what) {
  Awaited awaited;
  awaited.advance = [&](bool &isDone) -> Status {
    std::lock_guard<std::mutex> lock(mutex);
    // Then the wait ends with the world's fault.
    if (isAborted)
      return {};
    nccl::Result state = nccl::InProgress;
    COMMUTER_TRY(library.check(library.CommGetAsyncError(comm, &state),
                               "ncclCommGetAsyncError", comm));
    isDone = state == nccl::Success;
    return library.check(state, "ncclCommGetAsyncError", comm);
  };
  awaited.describe = [=] { return what; };
  awaited.busy = std::chrono::milliseconds(1);
  return transport.await(running, awaited);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

Status NcclCarrier::hasPassed(GpuStream::Point point, bool &hasPassed) {
  std::lock_guard<std::mutex> lock(mutex);
  return isAborted || !stream ? Status() : stream->hasPassed(point, hasPassed);
}

/// Keeps the host from being too far ahead of its GPU, and finds out when that
/// does not move at all.
Status NcclCarrier::awaitTurn(const Running &running) {
  if (!outstanding)
    return {};
  Awaited awaited;
  awaited.advance = [&](bool &isDone) -> Status {
    COMMUTER_TRY(hasPassed(GpuStream::Point::Oldest, isDone));
    if (isDone) {
      outstanding = 0;
      return {};
    }
    isDone = outstanding < kMostOutstanding &&
             Clock::now() - outstandingSince <
                 std::chrono::milliseconds(transport.deadlineMs());
    return {};
  };
  awaited.describe = [] { return "with data of earlier ones under way"; };
  awaited.busy = std::chrono::milliseconds(1);
  return transport.await(running, awaited);
}

/// Puts what `body` asks of NCCL on the stream: body(communicator, stream).
template <typename Body>
Status NcclCarrier::enqueue(const Running &running,
                            const Connection &connection, const char *what,
                            Body body) {
  const nccl::Comm comm = connection.comm;
  COMMUTER_TRY(awaitTurn(running));
  Status status = stream->use([&]() -> Status {
    std::lock_guard<std::mutex> lock(mutex);
    if (isAborted)
      return {};
    return library.check(body(comm, stream->handle()), what, comm);
  });
  if (!status.ok())
    return transport.raise(status);
  COMMUTER_TRY(awaitReady(running, comm, "while NCCL takes its data on"));
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (!isAborted)
      status = stream->setPoint(GpuStream::Point::Latest);
    if (!isAborted && status.ok() && !outstanding++) {
      outstandingSince = Clock::now();
      status = stream->setPoint(GpuStream::Point::Oldest);
    }
    if (!isAborted && status.ok())
      return {};
  }
  return status.ok() ? transport.failure() : transport.raise(status);
}

static View bytesOf(const Part &part) {
  View view;
  view.data = part.data;
  view.rank = 1;
  view.sizes[0] = part.bytes;
  view.strides[0] = 1;
  return view;
}

/// body(ends, communicator, stream), where these are what is given or, if all
/// have room, in the communicator's segment. All members' are of the same
/// numbers of bytes.
template <typename Body>
Status NcclCarrier::enqueueStaged(const Running &running, const char *what,
                                  const std::vector<Ends> &ends, Body body) {
  Connection *connection = nullptr;
  COMMUTER_TRY(connectionOf(running, connection));
  const NcclSegment &segment = connection->segment;
  Device &device = *running.call.device;
  int64_t inputBytes = 0, outputBytes = 0;
  for (const Ends &of : ends) {
    inputBytes += NcclSegment::roundUp(of.input.bytes);
    outputBytes += NcclSegment::roundUp(of.output.bytes);
  }
  std::vector<Ends> staged = ends;
  const bool isStaged = segment.takes(inputBytes, outputBytes);
  if (isStaged) {
    char *input = segment.input(), *output = segment.output(inputBytes);
    for (size_t i = 0; i < ends.size(); ++i) {
      staged[i].input.data = input;
      staged[i].output.data = output;
      input += NcclSegment::roundUp(ends[i].input.bytes);
      output += NcclSegment::roundUp(ends[i].output.bytes);
      device.copy(bytesOf(ends[i].input), bytesOf(staged[i].input));
    }
  }
  COMMUTER_TRY(
      enqueue(running, *connection, what, [&](nccl::Comm comm, void *target) {
        return body(staged, comm, target);
      }));
  if (isStaged)
    for (size_t i = 0; i < ends.size(); ++i)
      device.copy(bytesOf(staged[i].output), bytesOf(ends[i].output));
  return {};
}

/// Returns the first that is neither Success nor InProgress.
static nccl::Result both(nccl::Result first, nccl::Result second) {
  return first == nccl::Success || first == nccl::InProgress ? second : first;
}

// Bytes are bytes: the type matters to NCCL in reductions alone.

Status NcclCarrier::exchange(const Running &running,
                             const std::vector<Transfer> &transfers) {
  Connection *connection = nullptr;
  COMMUTER_TRY(connectionOf(running, connection));
  return enqueue(
      running, *connection, "ncclSend", [&](nccl::Comm comm, void *target) {
        nccl::Result result = library.GroupStart();
        for (const Transfer &transfer : transfers) {
          const int peer = static_cast<int>(transfer.member);
          if (transfer.bytes)
            result = both(result,
                          transfer.isSend
                              ? library.Send(transfer.data, transfer.bytes,
                                             nccl::Uint8, peer, comm, target)
                              : library.Recv(transfer.data, transfer.bytes,
                                             nccl::Uint8, peer, comm, target));
        }
        return both(result, library.GroupEnd());
      });
}

/// True if the parts are of one size. All members see it alike.
static bool areEven(const std::vector<Part> &parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const Part &part) {
    return part.bytes == parts[0].bytes;
  });
}

/// Where parts are uneven, each is a broadcast of its member's.
Status NcclCarrier::gather(const Running &running,
                           const std::vector<PartGather> &gathers) {
  const Collective &call = running.call;
  std::vector<Ends> given;
  std::vector<bool> even;
  for (const auto &[own, parts] : gathers) {
    given.push_back({own, {parts[0].data, own.bytes * call.size}});
    even.push_back(areEven(parts));
  }
  auto broadcast = [&](const PartGather &gather, int64_t i, nccl::Comm comm,
                       void *target) {
    const Part &part = gather.parts[i];
    if (!part.bytes)
      return nccl::Success;
    return library.Broadcast(i == call.index ? gather.own.data : part.data,
                             part.data, part.bytes, nccl::Uint8,
                             static_cast<int>(i), comm, target);
  };
  auto gatherAll = [&](const std::vector<Ends> &ends, nccl::Comm comm,
                       void *target) {
    nccl::Result result = library.GroupStart();
    for (size_t g = 0; g < ends.size(); ++g) {
      const auto &[input, output] = ends[g];
      if (!even[g])
        for (int64_t i = 0; i < call.size; ++i)
          result = both(result, broadcast(gathers[g], i, comm, target));
      else if (input.bytes)
        result =
            both(result, library.AllGather(input.data, output.data, input.bytes,
                                           nccl::Uint8, comm, target));
    }
    return both(result, library.GroupEnd());
  };
  if (std::find(even.begin(), even.end(), false) == even.end())
    return enqueueStaged(running, "ncclAllGather", given, gatherAll);
  Connection *connection = nullptr;
  COMMUTER_TRY(connectionOf(running, connection));
  return enqueue(running, *connection, "ncclBroadcast",
                 [&](nccl::Comm comm, void *target) {
                   return gatherAll(given, comm, target);
                 });
}

/// False: NCCL reduces no such type.
static bool typeOf(int32_t dtype, nccl::DataType &type) {
  switch (dtype) {
  case COMMUTER_F32:
    type = nccl::Float32;
    return true;
  case COMMUTER_F64:
    type = nccl::Float64;
    return true;
  case COMMUTER_F16:
    type = nccl::Float16;
    return true;
  case COMMUTER_BF16:
    type = nccl::Bfloat16;
    return true;
  case COMMUTER_I8:
    type = nccl::Int8;
    return true;
  case COMMUTER_I32:
    type = nccl::Int32;
    return true;
  case COMMUTER_I64:
    type = nccl::Int64;
    return true;
  default:
    return false;
  }
}

bool NcclCarrier::hasReduction(const Collective &call) {
  nccl::DataType type;
  return usesReductions && typeOf(call.input.dtype, type);
}

Status NcclCarrier::reduce(const Running &running, const char *input,
                           char *output, int64_t elements) {
  const Collective &call = running.call;
  nccl::DataType type = nccl::Uint8;
  typeOf(call.input.dtype, type);
  const nccl::RedOp op = call.kind == COMMUTER_SUM   ? nccl::Sum
                         : call.kind == COMMUTER_MAX ? nccl::Max
                                                     : nccl::Min;
  const bool isScatter = call.operation == Operation::ReduceScatter;
  const int64_t bytes = elements * call.input.elementSize;
  const Part whole = {const_cast<char *>(input),
                      isScatter ? bytes * call.size : bytes};
  return enqueueStaged(
      running, isScatter ? "ncclReduceScatter" : "ncclAllReduce",
      {{whole, {output, bytes}}},
      [&](const std::vector<Ends> &ends, nccl::Comm comm, void *target) {
        if (!elements)
          return nccl::Success;
        const char *from = ends[0].input.data;
        char *to = ends[0].output.data;
        return isScatter ? library.ReduceScatter(from, to, elements, type, op,
                                                 comm, target)
                         : library.AllReduce(from, to, elements, type, op, comm,
                                             target);
      });
}

//===----------------------------------------------------------------------===//
// Faults, and the end
//===----------------------------------------------------------------------===//

Status NcclCarrier::failure() {
  std::lock_guard<std::mutex> lock(mutex);
  if (isAborted)
    return {};
  for (auto &[channel, connection] : connections) {
    const nccl::Comm comm = connection.comm;
    nccl::Result state = nccl::Success;
    COMMUTER_TRY(library.check(library.CommGetAsyncError(comm, &state),
                               "ncclCommGetAsyncError", comm));
    COMMUTER_TRY(library.check(state, "ncclCommGetAsyncError", comm));
  }
  return {};
}

void NcclCarrier::abort() {
  std::lock_guard<std::mutex> lock(mutex);
  if (isAborted)
    return;
  // Asked here, since the abort makes the stream go on as if all were done.
  bool isDone = false;
  wasCutOff =
      stream && !connections.empty() &&
      (!stream->hasPassed(GpuStream::Point::Latest, isDone).ok() || !isDone);
  startAborts();
}

/// With the mutex.
void NcclCarrier::startAborts() {
  isAborted = true;
  for (auto &entry : connections) {
    aborts->running.fetch_add(1);
    try {
      std::thread([aborts = aborts, comm = entry.second.comm,
                   &library = library] {
        (void)library.CommAbort(comm);
        aborts->running.fetch_sub(1);
      }).detach();
    } catch (const std::system_error &) {
      // No thread is to be had: this one is left behind.
    }
  }
}

/// Waits for the aborts. False if one does not return.
bool NcclCarrier::haveAborted() {
  Clock::time_point end = Clock::now() + kPatience;
  while (aborts->running.load()) {
    if (Clock::now() >= end)
      return false;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

Status NcclCarrier::check(Clock::time_point start, bool isDone) {
  auto hasEnded = [&] {
    std::lock_guard<std::mutex> lock(mutex);
    return isAborted;
  };
  if (!hasEnded()) {
    if (isDone)
      return {};
    // The deadline is for data: kernels after it take what time they take. (An
    // error is found again by who waits for the stream.)
    bool hasData = false;
    (void)hasPassed(GpuStream::Point::Latest, hasData);
    Status status = transport.checkWait(hasData ? Clock::now() : start);
    if (!hasEnded())
      return status;
  }
  Status fault = transport.failure();
  if (!haveAborted()) {
    stream->leaveBehind();
    fault.message += " (ncclCommAbort has not returned within " +
                     std::to_string(kPatience.count()) +
                     " ms: the communicator and the stream are left behind)";
    return fault;
  }
  return wasCutOff ? fault : Status();
}

void NcclCarrier::close() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (connections.empty())
      return;
  }
  const bool isOver = transport.awaitDepartures(kPatience);
  {
    std::lock_guard<std::mutex> lock(mutex);
    // Those that a rank may still need are left behind.
    if (isOver && !isAborted) {
      for (auto &entry : connections)
        entry.second.segment.deregister(library, entry.second.comm);
      startAborts();
    }
  }
  if (haveAborted())
    freeSegments();
}
