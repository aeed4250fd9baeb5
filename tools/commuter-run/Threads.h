//===- Threads.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads that stand for ranks, and what becomes of a program that crashes.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_THREADS_H
#define COMMUTER_TOOLS_COMMUTER_RUN_THREADS_H

#include "../lib/Support.h"

#include <deque>
#include <functional>
#include <pthread.h>

namespace commuter::run {

/// One thread for each rank. While there is one, a crash in any of them (a
/// division by zero, a stack overflow, an assertion of the program) ends the
/// process with an error that names the rank.
class RankThreads {
public:
  RankThreads();
  ~RankThreads();
  RankThreads(const RankThreads &) = delete;

  /// Runs `body` on a thread of its own. Returns what the system says if it has
  /// no more.
  std::error_code start(int64_t rank, std::function<void()> body);

  void join();

private:
  struct Thread {
    int64_t rank;
    std::function<void()> body;
    std::unique_ptr<char[]> signalStack;
    pthread_t handle;
  };
  static void *run(void *thread);

  std::deque<Thread> threads; // addresses stay
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_THREADS_H
