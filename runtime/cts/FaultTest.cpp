//===- FaultTest.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conformance: the fault contract. Every rank ends, within the deadline, with a
// message that names every rank.
//
//===----------------------------------------------------------------------===//

#include "cts/Harness.h"

#include <chrono>

using namespace cts;

namespace {
commuter_status_t reduce(commuter_context_t *c, const char *spec,
                         commuter_reduction_t kind = COMMUTER_SUM,
                         int64_t size = 4,
                         commuter_dtype_t dtype = COMMUTER_F32) {
  Tensor<double> x(dtype, {size});
  commuter_view_t v = x.view();
  return commuter_all_reduce(c, group(c, spec), kind, &v, &v);
}

void expectNamesAll(commuter_context_t *c, int size) {
  std::string error = commuter_context_error(c);
  for (int rank = 0; rank < size; ++rank)
    EXPECT_NE(error.find("rank " + std::to_string(rank)), std::string::npos)
        << error;
}
} // namespace

TEST(Faults, AStalledRankIsATimeoutOnAll) {
  World world({{"a", 2}, {"b", 2}}, 200);
  auto start = std::chrono::steady_clock::now();
  world.run([](commuter_context_t *c, int rank) {
    if (rank == 3) { // late, but there
      std::this_thread::sleep_for(std::chrono::milliseconds(600));
      EXPECT_EQ(COMMUTER_TIMEOUT, reduce(c, "m[a,b]"));
      return;
    }
    // Rank 0 and 1 wait for 2 and 3 in groups of their own.
    EXPECT_EQ(COMMUTER_TIMEOUT, reduce(c, rank == 2 ? "m[b]" : "m[a,b]"));
    // The group whose deadline passed first is named; rank 3 is in both.
    EXPECT_NE(std::string(commuter_context_error(c)).find("rank 3"),
              std::string::npos);
    EXPECT_EQ(COMMUTER_TIMEOUT, reduce(c, "m[a]")) << "poisoned for good";
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Faults, ARankThatLeavesEndsTheOthersAtOnce) {
  World world({{"a", 4}}, 20000);
  auto start = std::chrono::steady_clock::now();
  world.run([](commuter_context_t *c, int rank) {
    EXPECT_EQ(COMMUTER_OK, reduce(c, "m[a]"));
    if (rank == 2)
      return;
    EXPECT_EQ(COMMUTER_RANK_LEFT, reduce(c, "m[a]"));
    expectNamesAll(c, 4);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Faults, DifferentCollectivesAreAMismatch) {
  for (int what = 0; what < 4; ++what)
    World({{"a", 3}}).run([what](commuter_context_t *c, int rank) {
      commuter_status_t status;
      bool odd = rank == 1;
      if (what == 0)
        status = reduce(c, "m[a]", odd ? COMMUTER_MAX : COMMUTER_SUM);
      else if (what == 1)
        status = reduce(c, "m[a]", COMMUTER_SUM, odd ? 5 : 4);
      else if (what == 2)
        status = reduce(c, "m[a]", COMMUTER_SUM, 4,
                        odd ? COMMUTER_F64 : COMMUTER_F32);
      else
        status =
            odd ? commuter_barrier(c, group(c, "m[a]")) : reduce(c, "m[a]");
      EXPECT_EQ(COMMUTER_MISMATCH, status);
      expectNamesAll(c, 3);
    });
}

TEST(Faults, ManyRoundsOfEachNeverHang) {
  for (int round = 0; round < 100; ++round)
    World({{"a", 4}}, 5000).run([round](commuter_context_t *c, int rank) {
      for (int i = 0; i < 5; ++i) {
        if (rank == round % 4 && i == round % 5)
          return;
        if (reduce(c, "m[a]") != COMMUTER_OK)
          return;
      }
    });
}
