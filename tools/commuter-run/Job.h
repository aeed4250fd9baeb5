//===- Job.h ----------------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_JOB_H
#define COMMUTER_TOOLS_COMMUTER_RUN_JOB_H

#include "../lib/Support.h"

#include "commuter_rt.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Sequence.h"

#include <mutex>
#include <string>
#include <vector>

namespace commuter::run {

struct ProcessTransport;

enum class Transport { Threads, Mpi, Tcp, Nccl };

/// One process with all ranks as its threads, or a job with one rank a process.
/// Each process of a job runs this program from end to end; what the
/// ranks did is brought together by `gather`, so that all come to the same
/// verdict. The leader alone prints and writes.
class Job {
public:
  /// Connects the processes if they are the ranks. To be called once: the job
  /// lives as long as the process.
  static llvm::FailureOr<Job *> start(Transport transport, int64_t timeoutMs);

  bool isDistributed() const { return processes != nullptr; }
  bool isLeader() const { return rank == 0; }
  const char *getTransportName() const;

  /// Fails unless the processes can run so many ranks.
  llvm::LogicalResult checkRanks(int64_t ranks) const;

  /// The ranks of this process.
  llvm::iota_range<int64_t> getLocalRanks(int64_t ranks) const {
    return isDistributed() ? llvm::seq<int64_t>(rank, rank + 1)
                           : llvm::seq<int64_t>(0, ranks);
  }

  /// Every process creates its worlds in the same order.
  commuter_status_t createWorld(int64_t ranks, commuter_world_t **world) {
    return createWorld(processes, ranks, world);
  }
  void releaseWorld(commuter_world_t *world);

  /// What each process gives, in order, at the same point of their course; the
  /// leader alone has it if `onLeader`. Fails if another process has failed.
  llvm::FailureOr<std::vector<std::string>> gather(llvm::StringRef own,
                                                   bool onLeader = false);

  /// Fails if `result` is a failure on any process.
  llvm::LogicalResult agree(llvm::LogicalResult result);

  /// The last thing a process does: returns its exit status. On failure tells
  /// the other processes, and gives them time to print their own message before
  /// the launcher ends them.
  int end(llvm::LogicalResult result);

private:
  Job(Transport transport, int64_t timeoutMs);
  llvm::LogicalResult startProcesses();
  commuter_status_t createWorld(const ProcessTransport *transport,
                                int64_t ranks, commuter_world_t **world);
  void watchForEnd();
  [[noreturn]] void reportEnd();

  const ProcessTransport *const processes; // null: the ranks are threads
  const int64_t timeoutMs;
  int32_t rank = 0, size = 1;
  // Beside the worlds of the program.
  commuter_world_t *lobby = nullptr;
  commuter_context_t *context = nullptr;
  commuter_group_t *group = nullptr;
  std::mutex mutex;
  // Guarded by the mutex.
  std::vector<commuter_world_t *> worlds;
  bool isEnding = false;
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_JOB_H
