//===- Job.cpp ------------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The processes that run the ranks of a program.
//
//===----------------------------------------------------------------------===//

#include "Job.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <unistd.h>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

/// How the C API has a transport whose ranks are processes.
struct run::ProcessTransport {
  const char *name;
  decltype(&commuter_mpi_init) init;
  decltype(&commuter_mpi_world_create) createWorld;
  decltype(&commuter_mpi_finalize) finalize;
  const char *howToStart; // given how many
  /// Carries the host's memory between the same processes; null: this one does.
  const ProcessTransport *host = nullptr;
};

static constexpr ProcessTransport kMpi = {
    "mpi", commuter_mpi_init, commuter_mpi_world_create, commuter_mpi_finalize,
    "mpirun -n {0} commuter-run ..."};
static constexpr ProcessTransport kTcp = {
    "tcp", commuter_tcp_init, commuter_tcp_world_create, commuter_tcp_finalize,
    "start {0} of them"};
static constexpr ProcessTransport kNccl = {"nccl",
                                           commuter_nccl_init,
                                           commuter_nccl_world_create,
                                           commuter_nccl_finalize,
                                           "start {0} of them",
                                           &kTcp};

/// The ranks of one process.
static constexpr int64_t kMaxThreads = 1024;

/// What a failed process waits for the others to print their messages, too.
static constexpr int64_t kGraceMs = 700;

/// mpirun leaves processes that it has told to end a second, but kills the rest
/// at once when the first of them is gone: none may go before all have spoken.
static constexpr std::chrono::milliseconds kLinger(900);

/// Of what one process gives at a time.
static constexpr int64_t kGatherBytes = 4 << 20;

//===----------------------------------------------------------------------===//
// Start
//===----------------------------------------------------------------------===//

Job::Job(Transport transport, int64_t timeoutMs)
    : processes(transport == Transport::Mpi    ? &kMpi
                : transport == Transport::Tcp  ? &kTcp
                : transport == Transport::Nccl ? &kNccl
                                               : nullptr),
      timeoutMs(timeoutMs) {}

const char *Job::getTransportName() const {
  return processes ? processes->name : "threads";
}

FailureOr<Job *> Job::start(Transport transport, int64_t timeoutMs) {
  // Never destroyed: until the process ends, it may be told to.
  static Job *const job = new Job(transport, timeoutMs);
  if (job->isDistributed() && failed(job->startProcesses()))
    return failure();
  return job;
}

LogicalResult Job::startProcesses() {
  if (processes->init(&rank, &size) != COMMUTER_OK)
    return fail(Twine("--transport ") + processes->name + ": " +
                commuter_last_error());
  setReportingRank(rank);
  watchForEnd();
  const char *axis = "process";
  int64_t extent = size;
  const ProcessTransport *host = processes->host ? processes->host : processes;
  if (createWorld(host, size, &lobby) != COMMUTER_OK ||
      commuter_context_create(lobby, rank, "cpu", &context) != COMMUTER_OK ||
      commuter_context_add_mesh(context, "job", 1, &axis, &extent) !=
          COMMUTER_OK ||
      commuter_context_group(context, "job[process]", &group) != COMMUTER_OK)
    return fail(commuter_last_error());
  return success();
}

LogicalResult Job::checkRanks(int64_t ranks) const {
  if (!isDistributed() && ranks > kMaxThreads)
    return fail("the program runs on " + Twine(ranks) +
                " ranks, the transport threads on at most " +
                Twine(kMaxThreads));
  if (!isDistributed() || ranks == size)
    return success();
  return fail("the program runs on " + Twine(ranks) + " ranks, but the job " +
              "has " + Twine(size) + (size == 1 ? " process" : " processes") +
              ": " + formatv(processes->howToStart, ranks).str());
}

commuter_status_t Job::createWorld(const ProcessTransport *transport,
                                   int64_t ranks, commuter_world_t **world) {
  commuter_world_options_t options = {timeoutMs};
  commuter_status_t status =
      transport ? transport->createWorld(ranks, &options, world)
                : commuter_threads_world_create(ranks, &options, world);
  if (status == COMMUTER_OK) {
    std::lock_guard<std::mutex> lock(mutex);
    worlds.push_back(*world);
  }
  return status;
}

void Job::releaseWorld(commuter_world_t *world) {
  std::lock_guard<std::mutex> lock(mutex);
  erase(worlds, world);
  commuter_world_release(world);
}

//===----------------------------------------------------------------------===//
// Bringing together
//===----------------------------------------------------------------------===//

FailureOr<std::vector<std::string>> Job::gather(StringRef own, bool onLeader) {
  if (size == 1)
    return std::vector<std::string>{own.str()};
  int64_t count = size, stride = 1, ownSize = own.size(), ownPart, allParts;
  std::vector<int64_t> sizes(size), parts(size);
  commuter_view_t sizeView{sizes.data(), COMMUTER_I64, 1, &count, &stride};
  commuter_view_t partView{parts.data(), COMMUTER_I64, 1, &count, &stride};
  if (commuter_exchange_extents(context, group, ownSize, &sizeView) !=
      COMMUTER_OK)
    return fail(commuter_context_error(context));

  bool isWanted = !onLeader || isLeader();
  std::vector<std::string> all(size);
  std::vector<char> buffer;
  for (int64_t at = 0, last = *llvm::max_element(sizes); at < last;
       at += kGatherBytes) {
    allParts = 0;
    for (int32_t r = 0; r < size; ++r)
      allParts += parts[r] =
          std::clamp(sizes[r] - at, int64_t(0), kGatherBytes);
    ownPart = parts[rank];
    buffer.resize(allParts);
    char *from = const_cast<char *>(own.data()) + std::min(at, ownSize);
    commuter_view_t input{from, COMMUTER_I8, 1, &ownPart, &stride};
    commuter_view_t output{buffer.data(), COMMUTER_I8, 1, &allParts, &stride};
    if (commuter_all_gather(context, group, &input, &output, 0, &partView) !=
        COMMUTER_OK)
      return fail(commuter_context_error(context));
    const char *part = buffer.data();
    for (int32_t r = 0; r < size; part += parts[r], ++r)
      if (isWanted)
        all[r].append(part, parts[r]);
  }
  return all;
}

LogicalResult Job::agree(LogicalResult result) {
  // One that fails says so in `end`, and the others then fail here.
  if (failed(result) || failed(gather("")))
    return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// End
//===----------------------------------------------------------------------===//

int Job::end(LogicalResult result) {
  if (!isDistributed())
    return succeeded(result) ? 0 : 1;
  {
    std::lock_guard<std::mutex> lock(mutex);
    isEnding = true;
  }
  if (failed(result))
    commuter_world_abort(lobby,
                         ("rank " + Twine(rank) + " failed").str().c_str());
  commuter_status_t status =
      processes->finalize(succeeded(result) ? timeoutMs : kGraceMs);
  if (status == COMMUTER_OK)
    return succeeded(result) ? 0 : 1;
  if (succeeded(result))
    (void)fail(commuter_last_error());
  // MPI's own handlers at exit would wait for those that are gone.
  leave();
}

static int endPipe[2];

/// When a process dies, mpirun sends the others SIGTERM, and SIGKILL a second
/// later: time enough to say where they were. The message needs locks, so it is
/// not the handler that says it.
void Job::watchForEnd() {
  if (pipe(endPipe) != 0)
    return;
  std::thread([this] {
    char byte;
    while (read(endPipe[0], &byte, 1) < 0)
      if (errno != EINTR)
        return;
    reportEnd();
  }).detach();
  sys::SetInterruptFunction([] { (void)!::write(endPipe[1], "", 1); });
}

void Job::reportEnd() {
  std::string message = "was told to end, as when another process has died";
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (isEnding)
      leave();                       // it has said why
    std::vector<char> text(1 << 20); // a line a rank
    for (commuter_world_t *world : worlds) {
      commuter_world_describe(world, text.data(), text.size());
      if (text[0])
        message += Twine("; waited in ").concat(text.data()).str();
    }
  }
  (void)fail(message);
  std::this_thread::sleep_for(kLinger);
  leave();
}
