//===- Mpi.cpp --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A port over MPI: the only file that knows it. It is a module of its own,
// loaded when the transport is asked for, since MPI has no common ABI and must
// not be a dependency of programs that run without it.
//
// There is one communicator, a duplicate of MPI_COMM_WORLD made at the start.
// Groups have none of their own: making one is a collective that no deadline
// ends, so that a rank that stalls before it would hang the others.
//
//===----------------------------------------------------------------------===//

#include "../src/Environment.h"
#include "Port.h"

#include <climits>
#include <mpi.h>
#include <new>
#include <sched.h>

using namespace commuter::rt;

namespace {

class MpiPort final : public Port {
public:
  MpiPort(MPI_Comm communicator, bool ownsMpi, bool sharesProcessors,
          int64_t limit)
      : communicator(communicator), ownsMpi(ownsMpi),
        sharesProcessors(sharesProcessors), limit(limit) {
    MPI_Comm_rank(communicator, &ownRank);
    MPI_Comm_size(communicator, &processes);
    int *upperBound = nullptr, isSet = 0;
    MPI_Comm_get_attr(communicator, MPI_TAG_UB, &upperBound, &isSet);
    // What the standard guarantees.
    tags = isSet ? *upperBound : 32767;
  }

  int32_t rank() const override { return ownRank; }
  int32_t size() const override { return processes; }
  bool isCrowded() const override { return sharesProcessors; }
  int32_t maxTag() const override { return tags; }
  int64_t maxBytes() const override { return limit; }

  Status send(int32_t peer, int32_t tag, const void *data, int64_t bytes,
              PortRequest &request) override {
    return check("MPI_Isend", MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE,
                                        peer, tag, communicator, get(request)));
  }

  Status receive(int32_t peer, int32_t tag, void *data, int64_t bytes,
                 PortRequest &request) override {
    return check("MPI_Irecv", MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE,
                                        peer, tag, communicator, get(request)));
  }

  Status test(PortRequest &request, bool &isDone) override {
    int flag = 0;
    Status status =
        check("MPI_Test", MPI_Test(get(request), &flag, MPI_STATUS_IGNORE));
    isDone = flag != 0;
    return status;
  }

  /// MPI cannot give up a send.
  void cancel(PortRequest &request, bool isSend) override {
    if (!isSend)
      MPI_Cancel(get(request));
  }

  Status probe(int32_t tag, bool &isThere, int32_t &peer,
               int64_t &bytes) override {
    int flag = 0, count = 0;
    MPI_Status found;
    Status status =
        check("MPI_Iprobe",
              MPI_Iprobe(MPI_ANY_SOURCE, tag, communicator, &flag, &found));
    isThere = status.ok() && flag;
    if (!isThere)
      return status;
    MPI_Get_count(&found, MPI_BYTE, &count);
    peer = found.MPI_SOURCE;
    bytes = count;
    return {};
  }

  Status finalize() override {
    COMMUTER_TRY(check("MPI_Comm_free", MPI_Comm_free(&communicator)));
    return ownsMpi ? check("MPI_Finalize", MPI_Finalize()) : Status();
  }

  static Status check(const char *function, int error) {
    if (error == MPI_SUCCESS)
      return {};
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (MPI_Error_string(error, text, &length) != MPI_SUCCESS)
      length = 0;
    return {COMMUTER_INTERNAL,
            std::string(function) + ": " + std::string(text, length)};
  }

private:
  static MPI_Request *get(PortRequest &request) {
    static_assert(sizeof(MPI_Request) <= sizeof(request.storage));
    return reinterpret_cast<MPI_Request *>(request.storage);
  }

  MPI_Comm communicator;
  const bool ownsMpi, sharesProcessors;
  const int64_t limit;
  int ownRank = 0, processes = 1, tags;
};

} // namespace

/// Whether this host has more processes of the job than they have processors.
static Status countProcessors(MPI_Comm communicator, bool &sharesProcessors) {
  MPI_Comm host;
  COMMUTER_TRY(
      MpiPort::check("MPI_Comm_split_type",
                     MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, 0,
                                         MPI_INFO_NULL, &host)));
  int processes = 1;
  MPI_Comm_size(host, &processes);
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
    CPU_ZERO(&processors);
  // They may be bound to one each.
  Status status =
      MpiPort::check("MPI_Allreduce", MPI_Allreduce(MPI_IN_PLACE, &processors,
                                                    sizeof(processors),
                                                    MPI_BYTE, MPI_BOR, host));
  sharesProcessors = processes > CPU_COUNT(&processors);
  MPI_Comm_free(&host);
  return status;
}

static Status openPort(Port **port) {
  // A count is an int. The variable is for tests: no message of a test is that
  // long.
  int64_t limit = 1 << 30;
  COMMUTER_TRY(
      readNumber<int64_t>("COMMUTER_MPI_MAX_BYTES", "bytes", 1, limit, limit));
  int isInitialized = 0, isFinalized = 0, level = MPI_THREAD_SINGLE;
  MPI_Initialized(&isInitialized);
  MPI_Finalized(&isFinalized);
  if (isFinalized)
    return {COMMUTER_INVALID_ARGUMENT, "MPI has been finalized"};
  if (isInitialized)
    MPI_Query_thread(&level);
  else
    COMMUTER_TRY(MpiPort::check(
        "MPI_Init_thread",
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level)));
  if (level < MPI_THREAD_SERIALIZED)
    return {COMMUTER_UNSUPPORTED,
            "MPI must be initialized with MPI_THREAD_SERIALIZED or more"};
  MPI_Comm communicator;
  COMMUTER_TRY(MpiPort::check("MPI_Comm_dup",
                              MPI_Comm_dup(MPI_COMM_WORLD, &communicator)));
  MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
  bool sharesProcessors = true;
  COMMUTER_TRY(countProcessors(communicator, sharesProcessors));
  *port = new MpiPort(communicator, !isInitialized, sharesProcessors, limit);
  return {};
}

/// What the runtime looks up in this module: see LoadMpi.cpp.
extern "C" __attribute__((visibility("default"))) void
commuter_open_mpi_port(Port **port, Status *status) {
  try {
    *status = openPort(port);
  } catch (const std::bad_alloc &) {
    status->code = COMMUTER_OUT_OF_MEMORY;
  }
}
