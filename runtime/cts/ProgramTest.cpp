//===- ProgramTest.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conformance: running compiled programs. Failure leaves the program at once,
// frees its buffers, and ends the other ranks.
//
//===----------------------------------------------------------------------===//

#include "cts/Harness.h"

using namespace cts;

namespace {
void failing(void *argument) {
  _mlir_memref_to_llvm_alloc(100);
  int *reached = static_cast<int *>(argument);
  ++*reached;
  commuter_program_axis_index("nowhere[x]");
  ++*reached;
}
void gathering(void *) {
  int64_t n = commuter_program_axis_size("m[a]");
  void *in = _mlir_memref_to_llvm_aligned_alloc(64, 64);
  void *out = _mlir_memref_to_llvm_alloc(64 * n);
  int64_t size = 16, all = 16 * n, one = 1;
  commuter_view_t x{in, COMMUTER_F32, 1, &size, &one};
  commuter_view_t y{out, COMMUTER_F32, 1, &all, &one};
  commuter_program_copy(&x, &x);
  commuter_program_all_gather("m[a]", &x, &y, nullptr, 0);
  _mlir_memref_to_llvm_free(in);
  _mlir_memref_to_llvm_free(out);
}
} // namespace

TEST(Programs, FailureUnwindsAndFrees) {
  World({{"a", 2}}).run([](commuter_context_t *c, int rank) {
    commuter_stats_t stats;
    if (rank == 0) {
      int reached = 0;
      EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
                commuter_context_run(c, failing, &reached));
      EXPECT_EQ(reached, 1);
      EXPECT_NE(std::string(commuter_context_error(c)).find("nowhere"),
                std::string::npos);
    } else {
      commuter_group_t *g = group(c, "m[a]");
      EXPECT_EQ(COMMUTER_RANK_LEFT, commuter_barrier(c, g));
      EXPECT_NE(std::string(commuter_context_error(c)).find("nowhere"),
                std::string::npos);
    }
    commuter_context_stats(c, &stats);
    EXPECT_EQ(stats.live_buffers, 0);
  });
}

TEST(Programs, NoLeakOver10000Iterations) {
  World({{"a", 2}}).run([](commuter_context_t *c, int) {
    for (int i = 0; i < 10000; ++i)
      ASSERT_EQ(COMMUTER_OK, commuter_context_run(c, gathering, nullptr))
          << commuter_context_error(c);
    commuter_stats_t stats;
    commuter_context_stats(c, &stats);
    EXPECT_EQ(stats.live_buffers, 0);
    EXPECT_EQ(stats.live_bytes, 0);
    EXPECT_EQ(stats.peak_bytes, 64 + 128);
    EXPECT_EQ(stats.collective_count, 10000);
  });
}

TEST(Programs, ABufferMayOutliveItsContext) {
  World world({{"a", 1}});
  commuter_context_t *c = world.create(0);
  void *data = nullptr;
  ASSERT_EQ(COMMUTER_OK, commuter_buffer_alloc(c, 0, &data));
  EXPECT_NE(data, nullptr);
  commuter_context_release(c);
  commuter_buffer_free(data);
}

TEST(Programs, EverySymbolHasAnAddress) {
  int count = 0;
  for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
    count += s->address != nullptr;
  EXPECT_EQ(count, 18);
}
