//===- Pool.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The threads of one rank, on its share of the processors that the ranks of a
// machine have together.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_POOL_H
#define COMMUTER_RUNTIME_CPU_POOL_H

#include "../src/Support.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace commuter::rt {

/// The processors of a rank, and how many ranks of the job this machine has.
struct Share {
  int32_t threads = 1;
  int32_t ranks = 1;
  /// Where the threads may run; empty: anywhere.
  std::vector<int> processors;
};

/// The share of the `index`-th of `ranks` ranks: as many of the processors that
/// the calling thread may use as each rank can have for itself, at least one.
/// COMMUTER_THREADS asks for another number; it is an error if it is none.
Status getShare(int32_t index, int32_t ranks, Share &share);

/// Likewise for the rank of a world that has a process for each: what the
/// launcher tells of this machine, else as if it had all `size` ranks.
Status getShareOfProcess(int32_t rank, int32_t size, Share &share);

/// One thread at a time may call `run`. The workers start when they are first
/// needed. One that has worked looks out for more for some microseconds, if it
/// has a processor to itself, and then sleeps.
class Pool {
public:
  explicit Pool(Share theShare) : share(std::move(theShare)) {}
  ~Pool();
  Pool(const Pool &) = delete;

  int32_t threads() const { return share.threads; }
  int32_t ranks() const { return share.ranks; }

  /// Calls body(thread, begin, end) for ranges that cover [0, count). Runs it
  /// on the calling thread (number 0) and on workers 1 .. threads - 1: those
  /// awake, and those numbered below `woken` even if asleep. Each starts on a
  /// fixed part, determined by `count` and `threads`, then helps with the rest.
  /// A worker that is not scheduled delays nobody.
  template <typename Body>
  void run(int64_t count, int32_t threads, int32_t woken, Body &&body) {
    run(
        count, threads, woken,
        [](void *data, int32_t thread, int64_t begin, int64_t end) {
          (*static_cast<std::remove_reference_t<Body> *>(data))(thread, begin,
                                                                end);
        },
        &body);
  }

  /// Processor time of the workers since the last call.
  int64_t takeCpuNs();

private:
  typedef void (*Call)(void *data, int32_t thread, int64_t begin, int64_t end);
  struct alignas(64) Part {
    std::atomic<int64_t> next;
    int64_t end;
  };
  struct Worker {
    std::thread thread;
    std::condition_variable wake;
    std::atomic<bool> isAsked{false}; // changes under the mutex
    bool isAsleep = false;
  };

  void run(int64_t count, int32_t threads, int32_t woken, Call call,
           void *data);
  void start(int32_t threads);
  bool ask(int32_t threads, int32_t woken);
  void serve(int32_t thread, Worker &worker);
  template <typename Condition>
  void lookOut(Condition done) const;
  void work(int32_t thread);

  const Share share;
  std::mutex mutex; // of what follows, but for `parts` between start and end
  std::vector<std::unique_ptr<Worker>> workers;
  std::condition_variable idle;
  std::atomic<int32_t> active{0};     // changes under the mutex
  std::atomic<bool> isClosing{false}; // changes under the mutex
  int64_t cpuNs = 0;

  // The work at hand.
  Call call = nullptr;
  void *data = nullptr;
  std::unique_ptr<Part[]> parts;
  int32_t partCount = 0;
  int64_t chunk = 1;
  bool isShort = false;
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_POOL_H
