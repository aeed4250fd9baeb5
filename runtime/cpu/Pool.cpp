//===- Pool.cpp -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rank's share of the processors, and the threads on it.
//
//===----------------------------------------------------------------------===//

#include "Pool.h"

#include "../src/Environment.h"

#include <algorithm>
#include <cerrno>
#include <sched.h>
#include <system_error>
#include <utility>

using namespace commuter::rt;

namespace {
/// Processors below `count`, of which there may be more than a cpu_set_t has.
class ProcessorSet {
public:
  explicit ProcessorSet(int count)
      : count(count), set(CPU_ALLOC(count)), size(CPU_ALLOC_SIZE(count)) {
    if (set)
      CPU_ZERO_S(size, set);
  }
  ~ProcessorSet() {
    if (set)
      CPU_FREE(set);
  }
  ProcessorSet(const ProcessorSet &) = delete;

  void add(int cpu) {
    if (set)
      CPU_SET_S(cpu, size, set);
  }
  std::vector<int> list() const {
    std::vector<int> all;
    for (int cpu = 0; set && cpu < count; ++cpu)
      if (CPU_ISSET_S(cpu, size, set))
        all.push_back(cpu);
    return all;
  }

  // Of the calling thread. An errno, or 0.
  int read() { return set && sched_getaffinity(0, size, set) == 0 ? 0 : errno; }
  int apply() const {
    return set && sched_setaffinity(0, size, set) == 0 ? 0 : errno;
  }

private:
  const int count;
  cpu_set_t *const set;
  const size_t size;
};
} // namespace

/// Those that the calling thread may use; none if the system does not tell.
static std::vector<int> ownProcessors() {
  constexpr int kMost = 1 << 20;
  for (int count = CPU_SETSIZE; count <= kMost; count *= 2) {
    ProcessorSet processors(count);
    const int error = processors.read();
    if (error == 0)
      return processors.list();
    if (error != EINVAL) // the kernel has more than fit
      break;
  }
  return {};
}

Status commuter::rt::getShare(int32_t index, int32_t ranks, Share &share) {
  share.ranks = ranks;
  const std::vector<int> all = ownProcessors();
  share.threads =
      std::max<int32_t>(1, static_cast<int32_t>(all.size()) / ranks);
  COMMUTER_TRY(readNumber<int32_t>("COMMUTER_THREADS", "a number of threads", 1,
                                   4096, share.threads));
  size_t begin = static_cast<size_t>(index) * share.threads;
  if (begin + share.threads <= all.size())
    share.processors.assign(all.begin() + begin,
                            all.begin() + begin + share.threads);
  return {};
}

/// A launcher's number, or 0: what it says of itself is not for us to judge.
static int32_t readCount(const char *name) {
  const char *text = getVariable(name);
  int32_t value = 0;
  return text && parseNumber(text, 0, 4096, value) ? value : 0;
}

Status commuter::rt::getShareOfProcess(int32_t rank, int32_t size,
                                       Share &share) {
  // Open MPI, MPICH, torchrun.
  const char *names[][2] = {
      {"OMPI_COMM_WORLD_LOCAL_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"},
      {"MPI_LOCALNRANKS", "MPI_LOCALRANKID"},
      {"LOCAL_WORLD_SIZE", "LOCAL_RANK"}};
  for (auto [ranksName, indexName] : names)
    if (int32_t ranks = readCount(ranksName))
      return getShare(readCount(indexName), ranks, share);
  return getShare(rank, size, share);
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex);
    isClosing = true;
    for (auto &worker : workers)
      worker->wake.notify_one();
  }
  for (auto &worker : workers)
    worker->thread.join();
}

/// Loops until `done` holds, for about as long as it takes to wake a thread up:
/// that costs at most twice the time of sleeping at once. Only where every
/// thread of the rank has a processor to itself.
template <typename Condition>
void Pool::lookOut(Condition done) const {
  constexpr int64_t kMostNs = 50000;
  if (share.processors.empty())
    return;
  const int64_t end = nowNs() + kMostNs;
  while (!done() && nowNs() < end) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

int64_t Pool::takeCpuNs() {
  std::lock_guard lock(mutex);
  return std::exchange(cpuNs, 0);
}

/// Sees to it that there are as many threads, if the system has them.
void Pool::start(int32_t threads) {
  while (static_cast<int32_t>(workers.size()) + 1 < threads) {
    workers.reserve(threads - 1); // a thread that has started is kept
    auto worker = std::make_unique<Worker>();
    int32_t number = static_cast<int32_t>(workers.size()) + 1;
    try {
      worker->thread = std::thread(
          [this, number, self = worker.get()] { serve(number, *self); });
    } catch (const std::system_error &) {
      return;
    }
    workers.push_back(std::move(worker));
  }
}

/// Asks the workers of a call; false if there are none.
bool Pool::ask(int32_t threads, int32_t woken) {
  bool isAnyAsked = false;
  for (int32_t i = 0; i < static_cast<int32_t>(workers.size()); ++i) {
    Worker &worker = *workers[i];
    if (i + 1 >= threads || (worker.isAsleep && i + 1 >= woken))
      continue;
    isAnyAsked = true;
    worker.isAsked = true;
    if (worker.isAsleep)
      worker.wake.notify_one();
  }
  return isAnyAsked;
}

void Pool::run(int64_t count, int32_t threads, int32_t woken, Call theCall,
               void *theData) {
  threads =
      static_cast<int32_t>(std::min<int64_t>({threads, share.threads, count}));
  bool isShared = false;
  if (threads > 1) {
    std::lock_guard lock(mutex);
    start(std::min(threads, woken));
    if (!workers.empty()) {
      if (!parts)
        parts = std::make_unique<Part[]>(share.threads);
      call = theCall;
      data = theData;
      partCount = threads;
      isShort = woken <= 1;
      // Small enough to share out what a late worker leaves.
      chunk = std::max<int64_t>(1, count / (8 * threads));
      for (int64_t part = 0; part < threads; ++part) {
        parts[part].next.store(count * part / threads,
                               std::memory_order_relaxed);
        parts[part].end = count * (part + 1) / threads;
      }
      isShared = ask(threads, woken);
    }
  }
  if (!isShared) {
    if (count > 0)
      theCall(theData, 0, 0, count);
    return;
  }
  work(0);
  std::unique_lock lock(mutex);
  // Who has not come yet need not.
  for (auto &worker : workers)
    worker->isAsked = false;
  if (active == 0)
    return;
  lock.unlock();
  lookOut([&] { return active == 0; });
  lock.lock();
  idle.wait(lock, [&] { return active == 0; });
}

void Pool::serve(int32_t thread, Worker &worker) {
  if (!share.processors.empty()) {
    // To the share, not to one processor: the calling thread is the host's, and
    // may be on any.
    ProcessorSet processors(share.processors.back() + 1);
    for (int cpu : share.processors)
      processors.add(cpu);
    processors.apply();
  }
  std::unique_lock lock(mutex);
  while (true) {
    worker.isAsleep = true;
    worker.wake.wait(lock, [&] { return isClosing || worker.isAsked; });
    worker.isAsleep = false;
    if (isClosing)
      return;
    worker.isAsked = false;
    ++active;
    // Reading the thread's CPU clock costs more than work this short, so
    // elapsed time stands in for it.
    auto now = isShort ? nowNs : threadCpuNs;
    lock.unlock();
    const int64_t start = now();
    work(thread);
    const int64_t spent = now() - start;
    lock.lock();
    cpuNs += spent;
    if (--active == 0)
      idle.notify_one();
    lock.unlock();
    lookOut([&] { return isClosing || worker.isAsked; });
    lock.lock();
  }
}

void Pool::work(int32_t thread) {
  for (int32_t i = 0; i < partCount; ++i) {
    Part &part = parts[(thread + i) % partCount];
    int64_t begin;
    while ((begin = part.next.fetch_add(chunk, std::memory_order_relaxed)) <
           part.end)
      call(data, thread, begin, std::min(begin + chunk, part.end));
  }
}
