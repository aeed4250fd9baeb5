//===- Threads.cpp --------------------------------------------------------===//
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

#include "Threads.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Signals.h"

#include <atomic>
#include <csignal>
#include <unistd.h>

using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// Crashes
//===----------------------------------------------------------------------===//

namespace {
struct Crash {
  int signal;
  llvm::StringLiteral what;
};
constexpr Crash kCrashes[] = {
    {SIGSEGV, "an invalid address, or the stack is full; compiled with "
              "--check-bounds, it may say where"},
    {SIGBUS,
     "an invalid address; compiled with --check-bounds, it may say where"},
    {SIGFPE, "a division by zero, or one that overflows"},
    {SIGILL, "an invalid instruction"},
    {SIGABRT, "it aborted"},
};
struct sigaction previousActions[std::size(kCrashes)];
constexpr size_t kSignalStackBytes = 64 * 1024;

thread_local int64_t currentRank = -1;
} // namespace

/// Async-signal-safe: no allocation, no locks.
static void writeError(llvm::StringRef text) {
  (void)!::write(STDERR_FILENO, text.data(), text.size());
}

static void reportCrash(int signal) {
  char digits[20];
  char *begin = std::end(digits);
  int64_t rank = currentRank;
  do
    *--begin = '0' + rank % 10;
  while (rank /= 10);
  writeError("commuter-run: error: rank ");
  writeError({begin, size_t(std::end(digits) - begin)});
  writeError(": the program crashed: ");
  for (const Crash &crash : kCrashes)
    if (crash.signal == signal)
      writeError(crash.what);
  writeError("\n");
}

static void handleCrash(int signal) {
  // Not in a rank: a fault of the runner. What caused it happens again, under
  // the action that was there before.
  if (currentRank < 0) {
    for (auto [crash, action] : llvm::zip_equal(kCrashes, previousActions))
      if (crash.signal == signal)
        sigaction(signal, &action, nullptr);
    return;
  }
  // The first rank that crashes speaks.
  static std::atomic_flag reported = ATOMIC_FLAG_INIT;
  if (reported.test_and_set())
    while (true)
      pause();
  reportCrash(signal);
  llvm::sys::RunInterruptHandlers();
  _exit(1);
}

RankThreads::RankThreads() {
  struct sigaction action = {};
  action.sa_handler = handleCrash;
  action.sa_flags = SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (auto [crash, previous] : llvm::zip_equal(kCrashes, previousActions))
    sigaction(crash.signal, &action, &previous);
}

RankThreads::~RankThreads() {
  for (auto [crash, previous] : llvm::zip_equal(kCrashes, previousActions))
    sigaction(crash.signal, &previous, nullptr);
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

void *RankThreads::run(void *argument) {
  auto *thread = static_cast<Thread *>(argument);
  currentRank = thread->rank;
  // A full stack leaves no room for the handler.
  stack_t stack = {}, previous;
  stack.ss_sp = thread->signalStack.get();
  stack.ss_size = kSignalStackBytes;
  sigaltstack(&stack, &previous);
  thread->body();
  // A sanitizer has one of its own, and takes care of what is set at the end.
  sigaltstack(&previous, nullptr);
  return nullptr;
}

std::error_code RankThreads::start(int64_t rank, std::function<void()> body) {
  threads.push_back({rank, std::move(body),
                     std::make_unique<char[]>(kSignalStackBytes), pthread_t()});
  if (int error = pthread_create(&threads.back().handle, nullptr, run,
                                 &threads.back())) {
    threads.pop_back();
    return {error, std::generic_category()};
  }
  return {};
}

void RankThreads::join() {
  for (Thread &thread : threads)
    pthread_join(thread.handle, nullptr);
  threads.clear();
}
