//===- Backoff.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How a rank waits for others that may need its processor.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_BACKOFF_H
#define COMMUTER_RUNTIME_BACKOFF_H

#include <algorithm>
#include <chrono>
#include <mutex>
#include <sched.h>
#include <thread>

namespace commuter::rt {

/// Waits for what another thread is about to do, without going to sleep, which
/// takes longer than most of what it waits for. It leaves the processor to
/// whoever else can run, which may be that thread. False if it is not done in
/// kAwake: then it is worth going to sleep.
template <typename Done>
bool waitAwake(Done done) {
  constexpr int kSpins = 16;
  constexpr std::chrono::microseconds kAwake(100);
  for (int i = 0; i < kSpins; ++i) {
    if (done())
      return true;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  auto end = std::chrono::steady_clock::now() + kAwake;
  do {
    sched_yield();
    if (done())
      return true;
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

/// Waits for messages, which may move only while their port is called.
class Backoff {
public:
  /// For `busy` the port is called as often as can be, and then now and again.
  /// Where ranks share processors, the others have their turn in between.
  explicit Backoff(bool isCrowded, std::chrono::nanoseconds busy =
                                       std::chrono::microseconds(100))
      : isCrowded(isCrowded), busyUntil(Clock::now() + busy) {}

  void pause(std::unique_lock<std::timed_mutex> &lock) {
    lock.unlock();
    // A turn of the others may take longer than `busy`.
    if (calls < 100 || Clock::now() < busyUntil) {
      ++calls;
      if (isCrowded)
        sched_yield();
    } else {
      std::this_thread::sleep_for(sleep);
      sleep = std::min(sleep * 2, kLongest);
    }
    lock.lock();
  }

private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds kLongest{500};
  const bool isCrowded;
  const Clock::time_point busyUntil;
  int64_t calls = 0;
  std::chrono::microseconds sleep{20};
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_BACKOFF_H
