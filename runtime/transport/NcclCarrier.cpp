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
  if (!communicators.empty() && place != gpu)
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
  const bool isStuck = !haveAborted();
  std::lock_guard<std::mutex> lock(mutex);
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

Status NcclCarrier::communicatorOf(const Running &running, nccl::Comm &comm) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = communicators.find(&running.channel);
    if (found != communicators.end()) {
      comm = found->second;
      return {};
    }
  }
  COMMUTER_TRY(checkPlaces(running));
  return connect(running, comm);
}

Status NcclCarrier::connect(const Running &running, nccl::Comm &comm) {
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
  Status status = stream->use([&]() -> Status {
    std::lock_guard<std::mutex> lock(mutex);
    if (isAborted)
      return {};
    nccl::Config config;
    comm = nullptr;
    nccl::Result result =
        library.CommInitRankConfig(&comm, static_cast<int>(call.size), id,
                                   static_cast<int>(call.index), &config);
    if (comm)
      communicators[&running.channel] = comm;
    return library.check(result, "ncclCommInitRankConfig", comm);
  });
  if (!status.ok())
    return transport.raise(status);
  return awaitReady(running, comm);
}

/// A communicator that does not block does what it was asked for later, the
/// launch of kernels included.
Status NcclCarrier::awaitReady(const Running &running, nccl::Comm comm) {
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
  awaited.describe = [] { return "in NCCL"; };
  awaited.busy = std::chrono::milliseconds(1);
  return transport.await(running, awaited);
}

//===----------------------------------------------------------------------===//
// Data
//===----------------------------------------------------------------------===//

Status NcclCarrier::isOldestDone(bool &isDone) {
  std::lock_guard<std::mutex> lock(mutex);
  return isAborted || !stream
             ? Status()
             : stream->hasPassed(GpuStream::Point::Oldest, isDone);
}

/// Keeps the host from being too far ahead of its GPU, and finds out when that
/// does not move at all.
Status NcclCarrier::awaitTurn(const Running &running) {
  if (!outstanding)
    return {};
  Awaited awaited;
  awaited.advance = [&](bool &isDone) -> Status {
    COMMUTER_TRY(isOldestDone(isDone));
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
Status NcclCarrier::enqueue(const Running &running, const char *what,
                            Body body) {
  nccl::Comm comm = nullptr;
  COMMUTER_TRY(communicatorOf(running, comm));
  COMMUTER_TRY(awaitTurn(running));
  Status status = stream->use([&]() -> Status {
    std::lock_guard<std::mutex> lock(mutex);
    if (isAborted)
      return {};
    return library.check(body(comm, stream->handle()), what, comm);
  });
  if (!status.ok())
    return transport.raise(status);
  COMMUTER_TRY(awaitReady(running, comm));
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

/// Returns the first that is neither Success nor InProgress.
static nccl::Result both(nccl::Result first, nccl::Result second) {
  return first == nccl::Success || first == nccl::InProgress ? second : first;
}

// Bytes are bytes: the type matters to NCCL in reductions alone.

Status NcclCarrier::exchange(const Running &running,
                             const std::vector<Transfer> &transfers) {
  return enqueue(running, "ncclSend", [&](nccl::Comm comm, void *target) {
    nccl::Result result = library.GroupStart();
    for (const Transfer &transfer : transfers) {
      const int peer = static_cast<int>(transfer.member);
      if (transfer.bytes)
        result =
            both(result, transfer.isSend
                             ? library.Send(transfer.data, transfer.bytes,
                                            nccl::Uint8, peer, comm, target)
                             : library.Recv(transfer.data, transfer.bytes,
                                            nccl::Uint8, peer, comm, target));
    }
    return both(result, library.GroupEnd());
  });
}

Status NcclCarrier::gather(const Running &running, const Part &own,
                           const std::vector<Part> &parts) {
  bool isEven = true;
  for (size_t i = 1; i < parts.size(); ++i)
    isEven &= parts[i].bytes == parts[0].bytes &&
              parts[i].data == parts[i - 1].data + parts[i - 1].bytes;
  if (isEven)
    return enqueue(
        running, "ncclAllGather", [&](nccl::Comm comm, void *target) {
          return own.bytes
                     ? library.AllGather(own.data, parts[0].data, own.bytes,
                                         nccl::Uint8, comm, target)
                     : nccl::Success;
        });
  return enqueue(running, "ncclBroadcast", [&](nccl::Comm comm, void *target) {
    nccl::Result result = library.GroupStart();
    for (size_t i = 0; i < parts.size(); ++i) {
      const bool isOwn = static_cast<int64_t>(i) == running.call.index;
      const char *from = isOwn ? own.data : parts[i].data;
      if (parts[i].bytes)
        result =
            both(result, library.Broadcast(from, parts[i].data, parts[i].bytes,
                                           nccl::Uint8, static_cast<int>(i),
                                           comm, target));
    }
    return both(result, library.GroupEnd());
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
  return enqueue(running, isScatter ? "ncclReduceScatter" : "ncclAllReduce",
                 [&](nccl::Comm comm, void *target) {
                   if (!elements)
                     return nccl::Success;
                   return isScatter
                              ? library.ReduceScatter(input, output, elements,
                                                      type, op, comm, target)
                              : library.AllReduce(input, output, elements, type,
                                                  op, comm, target);
                 });
}

//===----------------------------------------------------------------------===//
// Faults, and the end
//===----------------------------------------------------------------------===//

Status NcclCarrier::failure() {
  std::lock_guard<std::mutex> lock(mutex);
  if (isAborted)
    return {};
  for (auto &[channel, comm] : communicators) {
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
      stream && !communicators.empty() &&
      (!stream->hasPassed(GpuStream::Point::Latest, isDone).ok() || !isDone);
  startAborts();
}

/// With the mutex.
void NcclCarrier::startAborts() {
  isAborted = true;
  for (auto &entry : communicators) {
    aborts->running.fetch_add(1);
    try {
      std::thread([aborts = aborts, comm = entry.second, &library = library] {
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
    Status status = transport.checkWait(start);
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
    if (communicators.empty())
      return;
  }
  const bool isOver = transport.awaitDepartures(kPatience);
  {
    std::lock_guard<std::mutex> lock(mutex);
    // Those that a rank may still need are left behind.
    if (isOver && !isAborted)
      startAborts();
  }
  (void)haveAborted();
}
