//===- Outcome.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Test support for faults: what each rank was told, brought together.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CTS_OUTCOME_H
#define COMMUTER_RUNTIME_CTS_OUTCOME_H

#include "Harness.h"

#include <chrono>
#include <mutex>

namespace cts {

/// What each rank's failing call said.
struct Outcome {
  std::vector<commuter_status_t> status;
  std::vector<std::string> message;
  std::mutex mutex;

  explicit Outcome(int32_t ranks) : status(ranks), message(ranks) {}

  void record(const Rank &rank, commuter_status_t s) {
    std::lock_guard<std::mutex> lock(mutex);
    status[rank.rank] = s;
    message[rank.rank] = rank.error();
  }
  /// Brings in what other processes recorded. Done by the expectation below.
  void share() {
    Job &job = Job::get();
    if (!job.isDistributed)
      return;
    std::string own(1, static_cast<char>(status[job.rank]));
    std::vector<std::string> all = job.share(own + message[job.rank]);
    for (size_t r = 0; r < all.size(); ++r) {
      status[r] = static_cast<commuter_status_t>(all[r][0]);
      message[r] = all[r].substr(1);
    }
  }
  void expectAll(commuter_status_t expected, size_t except = SIZE_MAX) {
    share();
    size_t first = except == 0 ? 1 : 0;
    for (size_t i = 0; i < status.size(); ++i) {
      if (i == except)
        continue;
      EXPECT_EQ(status[i], expected) << i << ": " << message[i];
      EXPECT_EQ(message[i], message[first]);
    }
  }
};

#define EXPECT_CONTAINS(text, part)                                            \
  EXPECT_NE(std::string(text).find(part), std::string::npos) << (text)

using Clock = std::chrono::steady_clock;

inline int64_t elapsedMs(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() -
                                                               start)
      .count();
}

inline void sleepMs(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

inline commuter_status_t
gather(Rank &rank, commuter_dtype_t type = COMMUTER_F32, int64_t rows = 2) {
  Tensor input(type, {rows, 3}), output(type, {rows * rank.size, 3});
  fill(input, rank.rank);
  return commuter_all_gather(rank.context, rank.group, &input.view(),
                             &output.view(), 0, nullptr);
}

inline commuter_status_t reduce(Rank &rank,
                                commuter_reduction_t kind = COMMUTER_SUM) {
  Tensor input(COMMUTER_F32, {2, 3}), output(COMMUTER_F32, {2, 3});
  fill(input, rank.rank);
  return commuter_all_reduce(rank.context, rank.group, kind, &input.view(),
                             &output.view());
}

} // namespace cts

#endif // COMMUTER_RUNTIME_CTS_OUTCOME_H
