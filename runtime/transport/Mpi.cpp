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

#include <memory>
#include <mpi.h>
#include <new>
#include <sched.h>

using namespace commuter::rt;

namespace {

class MpiPort final : public Port {
public:
  explicit MpiPort(int64_t limit) : limit(limit) {}

  /// All processes take part. An error of MPI's own leaves it as it is: to end
  /// it would be to wait for processes that may know of no error.
  Status open();

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

  /// MPI cannot give up a send. Of a failure `test` tells.
  void cancel(PortRequest &request, bool isSend) override {
    if (!isSend)
      (void)MPI_Cancel(get(request));
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
    COMMUTER_TRY(
        check("MPI_Get_count", MPI_Get_count(&found, MPI_BYTE, &count)));
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

  Status start();
  Status countProcessors();

  const int64_t limit;
  MPI_Comm communicator = MPI_COMM_NULL;
  bool ownsMpi = false, sharesProcessors = true;
  int ownRank = 0, processes = 1;
  int tags = 32767; // what the standard guarantees
};

} // namespace

/// Starts MPI unless the host has.
Status MpiPort::start() {
  int isInitialized = 0, isFinalized = 0, level = MPI_THREAD_SINGLE;
  COMMUTER_TRY(check("MPI_Initialized", MPI_Initialized(&isInitialized)));
  COMMUTER_TRY(check("MPI_Finalized", MPI_Finalized(&isFinalized)));
  if (isFinalized)
    return {COMMUTER_INVALID_ARGUMENT, "MPI has been finalized"};
  if (isInitialized)
    COMMUTER_TRY(check("MPI_Query_thread", MPI_Query_thread(&level)));
  else
    COMMUTER_TRY(check(
        "MPI_Init_thread",
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level)));
  ownsMpi = !isInitialized;
  if (level >= MPI_THREAD_SERIALIZED)
    return {};
  // The other processes have the same library, and end it, too.
  if (ownsMpi)
    COMMUTER_TRY(check("MPI_Finalize", MPI_Finalize()));
  return {COMMUTER_UNSUPPORTED,
          "MPI must be initialized with MPI_THREAD_SERIALIZED or more"};
}

Status MpiPort::open() {
  COMMUTER_TRY(start());
  COMMUTER_TRY(
      check("MPI_Comm_dup", MPI_Comm_dup(MPI_COMM_WORLD, &communicator)));
  COMMUTER_TRY(check("MPI_Comm_set_errhandler",
                     MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN)));
  COMMUTER_TRY(check("MPI_Comm_rank", MPI_Comm_rank(communicator, &ownRank)));
  COMMUTER_TRY(check("MPI_Comm_size", MPI_Comm_size(communicator, &processes)));
  int *upperBound = nullptr, isSet = 0;
  COMMUTER_TRY(
      check("MPI_Comm_get_attr",
            MPI_Comm_get_attr(communicator, MPI_TAG_UB, &upperBound, &isSet)));
  if (isSet)
    tags = *upperBound;
  return countProcessors();
}

/// Whether this host has more processes of the job than they have processors.
Status MpiPort::countProcessors() {
  MPI_Comm host;
  COMMUTER_TRY(check("MPI_Comm_split_type",
                     MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, 0,
                                         MPI_INFO_NULL, &host)));
  int local = 1;
  COMMUTER_TRY(check("MPI_Comm_size", MPI_Comm_size(host, &local)));
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
    CPU_ZERO(&processors);
  // They may be bound to one each.
  COMMUTER_TRY(check("MPI_Allreduce", MPI_Allreduce(MPI_IN_PLACE, &processors,
                                                    sizeof(processors),
                                                    MPI_BYTE, MPI_BOR, host)));
  sharesProcessors = local > CPU_COUNT(&processors);
  return check("MPI_Comm_free", MPI_Comm_free(&host));
}

static Status openPort(Port **port) {
  // A count is an int. The variable is for tests: no message of a test is that
  // long.
  int64_t limit = 1 << 30;
  COMMUTER_TRY(
      readNumber<int64_t>("COMMUTER_MPI_MAX_BYTES", "bytes", 1, limit, limit));
  // Memory first, since its lack is this process's alone.
  auto opened = std::make_unique<MpiPort>(limit);
  COMMUTER_TRY(opened->open());
  *port = opened.release();
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
