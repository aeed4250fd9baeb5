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

/// Leaves the processor to others: there may be fewer than there are ranks.
class Backoff {
public:
  /// A port may move data only while it is called: for so long it is called as
  /// often as can be.
  explicit Backoff(std::chrono::nanoseconds busy = {})
      : busyUntil(std::chrono::steady_clock::now() + busy) {}

  void pause(std::unique_lock<std::timed_mutex> &lock) {
    lock.unlock();
    if (yields < 100 || std::chrono::steady_clock::now() < busyUntil) {
      ++yields;
      sched_yield();
    } else {
      std::this_thread::sleep_for(sleep);
      sleep = std::min(sleep * 2, kLongest);
    }
    lock.lock();
  }

private:
  static constexpr std::chrono::microseconds kLongest{500};
  const std::chrono::steady_clock::time_point busyUntil;
  int64_t yields = 0;
  std::chrono::microseconds sleep{20};
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_BACKOFF_H
