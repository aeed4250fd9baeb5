//===- PoolTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The threads of a rank alone: that they do everything once, on the processors
// of their share, and that the shares of ranks do not meet.
//
//===----------------------------------------------------------------------===//

#include "../cpu/Pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <sched.h>
#include <set>

using namespace commuter::rt;

namespace {

Share shareOfThreads(int32_t threads) {
  Share share;
  share.threads = threads;
  return share;
}

Share shareOf(int32_t index, int32_t ranks) {
  Share share;
  EXPECT_TRUE(getShare(index, ranks, share).ok());
  return share;
}

Share shareOfProcess(int32_t rank, int32_t size) {
  Share share;
  EXPECT_TRUE(getShareOfProcess(rank, size, share).ok());
  return share;
}

/// Sets variables of the environment, and unsets them in the end.
struct Environment {
  std::vector<const char *> names;
  Environment(
      std::initializer_list<std::pair<const char *, const char *>> all) {
    for (auto [name, value] : all) {
      setenv(name, value, 1);
      names.push_back(name);
    }
  }
  ~Environment() {
    for (const char *name : names)
      unsetenv(name);
  }
};

class PoolTest : public testing::Test {
protected:
  void SetUp() override { unsetenv("COMMUTER_THREADS"); }
};

TEST_F(PoolTest, DoesEverythingOnce) {
  Pool pool(shareOfThreads(5));
  for (int64_t count : {0, 1, 2, 4, 5, 6, 39, 40, 41, 10000})
    for (int32_t threads : {1, 2, 5, 9}) {
      std::vector<std::atomic<int>> times(count);
      std::atomic<bool> inRange{true};
      pool.run(count, threads, threads,
               [&](int32_t thread, int64_t begin, int64_t end) {
                 if (thread < 0 || thread >= std::min(threads, 5) ||
                     begin >= end || end > count)
                   inRange = false;
                 for (int64_t i = begin; i < end; ++i)
                   ++times[i];
               });
      EXPECT_TRUE(inRange);
      for (auto &once : times)
        EXPECT_EQ(once, 1);
    }
}

TEST_F(PoolTest, NobodyIsWaitedForWhoHasNotCome) {
  // Each call ends when its work is done, whether or not workers have woken up:
  // a late one must find nothing to do, and nothing of the calls before.
  Pool pool(shareOfThreads(4));
  for (int call = 0; call < 20000; ++call) {
    std::atomic<int> sum{0};
    pool.run(4, 4, 4, [&](int32_t, int64_t begin, int64_t end) {
      sum += static_cast<int>(end - begin);
    });
    ASSERT_EQ(sum, 4);
  }
}

/// On the calling thread: until `done` holds, but not forever.
template <typename Condition>
void waitUntil(Condition done) {
  auto start = std::chrono::steady_clock::now();
  while (!done() &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(20))
    std::this_thread::yield();
}

TEST_F(PoolTest, ShortWorkWakesNobody) {
  Share share = shareOf(0, 1);
  share.processors.resize(1);
  share.threads = 2;
  Pool pool(share);
  auto run = [&](int32_t woken) {
    int64_t sum = 0;
    std::atomic<int64_t> others{0};
    pool.run(100, 2, woken, [&](int32_t thread, int64_t begin, int64_t end) {
      if (thread == 0)
        sum += end - begin;
      else
        others += end - begin;
    });
    EXPECT_EQ(sum + others, 100);
    return others > 0;
  };
  // There are no workers yet, and none are started.
  for (int call = 0; call < 10; ++call)
    EXPECT_FALSE(run(1));
  // Whether or not one is awake, everything is done once.
  for (int call = 0; call < 2000; ++call)
    run(call % 5 ? 1 : 2);
  // They have gone to sleep.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_FALSE(run(1));
}

TEST_F(PoolTest, WorkersTakeWhatTheOthersLeave) {
  // The calling thread is stuck in its first piece, if it gets one: the rest of
  // its part is done all the same.
  Pool pool(shareOfThreads(2));
  std::atomic<int64_t> byWorker{0};
  pool.run(1600, 2, 2, [&](int32_t thread, int64_t begin, int64_t end) {
    if (thread == 0)
      waitUntil([&] { return byWorker >= 1500; });
    else
      byWorker += end - begin;
  });
  EXPECT_GE(byWorker, 1500);
}

TEST_F(PoolTest, CountsTheWorkersTime) {
  Pool pool(shareOfThreads(2));
  std::atomic<bool> worked{false};
  pool.run(2, 2, 2, [&](int32_t thread, int64_t, int64_t) {
    if (thread == 0)
      return waitUntil([&] { return worked.load(); });
    auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start <
           std::chrono::milliseconds(5))
      ;
    worked = true;
  });
  ASSERT_TRUE(worked);
  EXPECT_GT(pool.takeCpuNs(), 0);
  EXPECT_EQ(pool.takeCpuNs(), 0);
}

TEST_F(PoolTest, RanksHaveProcessorsOfTheirOwn) {
  cpu_set_t mask;
  ASSERT_EQ(sched_getaffinity(0, sizeof(mask), &mask), 0);
  const int all = CPU_COUNT(&mask);
  for (int32_t ranks = 1; ranks <= all; ++ranks) {
    std::set<int> taken;
    for (int32_t index = 0; index < ranks; ++index) {
      Share share = shareOf(index, ranks);
      EXPECT_EQ(share.threads, all / ranks);
      EXPECT_EQ(share.processors.size(), static_cast<size_t>(all / ranks));
      for (int cpu : share.processors) {
        EXPECT_TRUE(CPU_ISSET(cpu, &mask));
        EXPECT_TRUE(taken.insert(cpu).second);
      }
    }
  }
  // More ranks than processors: a thread each, and the system's choice of
  // where.
  Share share = shareOf(all, all + 1);
  EXPECT_EQ(share.threads, 1);
  EXPECT_TRUE(share.processors.empty());
}

TEST_F(PoolTest, WorkersStayOnTheShare) {
  Share share = shareOf(0, 1);
  share.processors.resize(1);
  share.threads = 2;
  Pool pool(share);
  std::atomic<int> seen{-1};
  pool.run(2, 2, 2, [&](int32_t thread, int64_t, int64_t) {
    if (thread == 1)
      seen = sched_getcpu();
    else
      waitUntil([&] { return seen >= 0; });
  });
  EXPECT_EQ(seen, share.processors[0]);
}

TEST_F(PoolTest, TheEnvironmentDecides) {
  {
    Environment environment{{"COMMUTER_THREADS", "3"}};
    EXPECT_EQ(shareOf(0, 1000).threads, 3);
  }
  {
    Environment environment{{"COMMUTER_THREADS", ""}};
    EXPECT_EQ(shareOf(0, 100000).threads, 1);
  }
  // Of 64 processes, two are here.
  Environment environment{{"LOCAL_WORLD_SIZE", "2"}, {"LOCAL_RANK", "1"}};
  EXPECT_EQ(shareOfProcess(33, 64).ranks, 2);
  EXPECT_EQ(shareOfProcess(33, 64).processors, shareOf(1, 2).processors);
}

TEST_F(PoolTest, WhatIsNoNumberOfThreadsIsAnError) {
  for (const char *text :
       {"many", "0", "-1", "4097", "2x", " 2", "1e1", "99999999999999999999"}) {
    Environment environment{{"COMMUTER_THREADS", text}};
    Share share;
    Status status = getShare(0, 1, share);
    EXPECT_EQ(status.code, COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(status.message, std::string("COMMUTER_THREADS=") + text +
                                  ": expected a number of threads, 1 to 4096");
    EXPECT_FALSE(getShareOfProcess(0, 1, share).ok());
  }
  // What a launcher says of itself is as if it had not.
  Environment environment{{"LOCAL_WORLD_SIZE", "two"}};
  EXPECT_EQ(shareOfProcess(0, 3).ranks, 3);
}

TEST_F(PoolTest, RanksAtOnce) {
  std::vector<std::thread> ranks;
  std::atomic<int64_t> sum{0};
  for (int rank = 0; rank < 4; ++rank)
    ranks.emplace_back([&] {
      Pool pool(shareOfThreads(3));
      for (int call = 0; call < 500; ++call)
        pool.run(100, 3, 3, [&](int32_t, int64_t begin, int64_t end) {
          sum += end - begin;
        });
    });
  for (std::thread &rank : ranks)
    rank.join();
  EXPECT_EQ(sum, 4 * 500 * 100);
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
