//===- FaultTest.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The fault contract: whatever a rank does wrong, every rank gets an error that
// names each rank's collective, nothing hangs, and nothing leaks.
//
//===----------------------------------------------------------------------===//

#include "Outcome.h"

#include <csignal>
#include <sys/mman.h>
#include <unistd.h>

using namespace cts;

namespace {

const MeshCase kEight{"Eight", {"dp"}, {8}, "mesh[dp]", {0}};
const MeshCase kFour{"Four", {"dp", "tp"}, {2, 2}, "mesh[dp,tp]", {0, 1}};

// By the number of ranks: where ranks are processes, a job has as many.
class FaultTestOfOne : public testing::TestWithParam<Backend> {};
class FaultTestOfTwo : public testing::TestWithParam<Backend> {};
class FaultTestOfFour : public testing::TestWithParam<Backend> {};
class FaultTestOfEight : public testing::TestWithParam<Backend> {};
class HostFaultTestOfFour : public testing::TestWithParam<Backend> {};

CTS_INSTANTIATE(FaultTestOfOne, backends(1));
CTS_INSTANTIATE(FaultTestOfTwo, backends(2));
CTS_INSTANTIATE(FaultTestOfFour, backends(4));
CTS_INSTANTIATE(FaultTestOfEight, backends(8));
CTS_INSTANTIATE(HostFaultTestOfFour, backends(4, true));

/// A page of the host's memory that holds up whoever touches it. There is one
/// at a time.
class HeldPage {
public:
  explicit HeldPage(int ms)
      : end(Clock::now() + std::chrono::milliseconds(ms)) {
    size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    page = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    held = this;
    struct sigaction action = {};
    action.sa_handler = [](int) { held->hold(); };
    sigaction(SIGSEGV, &action, &previous);
  }
  ~HeldPage() {
    sigaction(SIGSEGV, &previous, nullptr);
    munmap(page, size);
  }
  HeldPage(const HeldPage &) = delete;

  void *get() const { return page; }

private:
  /// Where it is another fault than the page's, the next one is as always.
  void hold() {
    if (Clock::now() >= end)
      sigaction(SIGSEGV, &previous, nullptr);
    while (Clock::now() < end)
      usleep(1000);
    mprotect(page, size, PROT_READ | PROT_WRITE);
  }

  static inline HeldPage *held = nullptr;
  const Clock::time_point end;
  size_t size;
  void *page;
  struct sigaction previous;
};

TEST_P(FaultTestOfEight, MissingRankTimesOutOnEveryRank) {
  World world(GetParam(), kEight, 200);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, reduce(rank));
    if (rank.rank == 2) {
      world.rendezvous();
      // Late, and refused with the same message.
      outcome.record(rank, gather(rank));
    } else {
      auto start = Clock::now();
      commuter_status_t status = gather(rank);
      EXPECT_LT(elapsedMs(start), 2000);
      outcome.record(rank, status);
      world.rendezvous();
    }
    std::string message = rank.error();
    EXPECT_EQ(reduce(rank), COMMUTER_TIMEOUT);
    EXPECT_EQ(rank.error(), message);
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  const std::string &message = outcome.message[0];
  EXPECT_CONTAINS(message,
                  "all_gather #2 over mesh[dp] timed out after 200 ms");
  EXPECT_CONTAINS(message, "rank 0: #2 all_gather f32[2x3]");
  EXPECT_CONTAINS(message,
                  "rank 2: did not arrive, last #1 all_reduce sum f32[2x3]");
  EXPECT_EQ(message.find('\n'), std::string::npos);
}

/// Those that wait for the data tell who has met, and who does not answer.
TEST_P(HostFaultTestOfFour, DataOfAMemberThatStalls) {
  if (!Job::get().isDistributed)
    GTEST_SKIP() << "threads read each other's memory, and wait for no data";
  World world(GetParam(), kFour, 500);
  HeldPage page(3000);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, commuter_barrier(rank.context, rank.group));
    Tensor input(COMMUTER_F32, {2, 3}), output(COMMUTER_F32, {8, 3});
    commuter_view_t view = input.view();
    if (rank.rank == 2)
      view.data = page.get();
    auto start = Clock::now();
    commuter_status_t status = commuter_all_gather(
        rank.context, rank.group, &view, &output.view(), 0, nullptr);
    if (rank.rank != 2)
      EXPECT_LT(elapsedMs(start), 2500);
    // What the others had sent is there.
    else if (status == COMMUTER_OK)
      status = commuter_barrier(rank.context, rank.group);
    outcome.record(rank, status);
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  const std::string &message = outcome.message[0];
  EXPECT_CONTAINS(message, "all_gather #2 over mesh[dp,tp] timed out after 500 "
                           "ms in transfers with rank 2: ");
  EXPECT_CONTAINS(
      message,
      "rank 2: #2 all_gather f32[2x3] dim 0, then no answer; rank 3: ");
  // On a crowded machine another one may not answer in time.
  EXPECT_CONTAINS(message,
                  ": #2 all_gather f32[2x3] dim 0, its data under way; rank ");
}

/// A rank that is held up by the data of another group's call is not lost to
/// its own program.
TEST_P(HostFaultTestOfFour, DataOfAnotherGroupThatStalls) {
  if (Job::get().isDistributed)
    GTEST_SKIP() << "between processes the other group has a timeout as well";
  World world(GetParam(), kFour, 200);
  HeldPage page(1000);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    // Groups {0, 2} and {1, 3} meet, but 2 and 3 are busy.
    const bool isBusy = rank.rank >= 2;
    ASSERT_EQ(commuter_context_group(
                  rank.context, isBusy ? "mesh[tp]" : "mesh[dp]", &rank.group),
              COMMUTER_OK);
    Tensor input(COMMUTER_F32, {2, 3}), output(COMMUTER_F32, {4, 3});
    commuter_view_t view = input.view();
    if (rank.rank == 2)
      view.data = page.get();
    if (isBusy) {
      EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &view,
                                          &output.view(), 0, nullptr));
    }
    outcome.record(rank, commuter_barrier(rank.context, rank.group));
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  for (const char *part : {"did not arrive", "not in this group"})
    EXPECT_CONTAINS(outcome.message[0],
                    std::string(": ") + part +
                        ", waits in #1 all_gather f32[2x3] dim 0 over "
                        "mesh[tp], its data under way");
}

TEST_P(FaultTestOfTwo, RankThatNeverCreatedAContext) {
  commuter_world_options_t options{150};
  commuter_world_t *world;
  ASSERT_EQ(GetParam().createWorld(2, &options, &world), COMMUTER_OK);
  if (commuter_world_rank(world) == 1) {
    commuter_world_release(world);
    return;
  }
  commuter_context_t *context;
  ASSERT_EQ(commuter_context_create(world, 0, GetParam().device, &context),
            COMMUTER_OK);
  const char *axes[] = {"x"};
  int64_t sizes[] = {2};
  ASSERT_EQ(commuter_context_add_mesh(context, "m", 1, axes, sizes),
            COMMUTER_OK);
  commuter_group_t *group;
  ASSERT_EQ(commuter_context_group(context, "m[x]", &group), COMMUTER_OK);
  EXPECT_EQ(commuter_barrier(context, group), COMMUTER_TIMEOUT);
  EXPECT_CONTAINS(commuter_context_error(context), "rank 1: has no context");
  commuter_context_release(context);
  commuter_world_release(world);
}

TEST_P(FaultTestOfEight, ReleasedRankFailsThoseThatWait) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  auto start = Clock::now();
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, reduce(rank));
    if (rank.rank == 5) {
      sleepMs(20);
      commuter_context_release(rank.context);
      rank.context = nullptr;
      return;
    }
    outcome.record(rank, reduce(rank));
  });
  EXPECT_LT(elapsedMs(start), 5000);
  outcome.expectAll(COMMUTER_RANK_LEFT, 5);
  EXPECT_CONTAINS(outcome.message[0], "rank 5 left");
  EXPECT_CONTAINS(outcome.message[0], "rank 5: left, last #1 all_reduce");
}

TEST_P(FaultTestOfFour, NormalEndsAreNoFault) {
  // Ranks finish at different times; the others go on in groups without them.
  World world(GetParam(), kFour);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, reduce(rank));
    if (rank.rank < 2)
      return;
    sleepMs(20);
    ASSERT_EQ(commuter_context_group(rank.context, "mesh[tp]", &rank.group),
              COMMUTER_OK);
    rank.size = 2;
    for (int i = 0; i < 10; ++i)
      EXPECT_OK(rank, gather(rank));
  });
  // And the ranks can come back.
  world.run([&](Rank &rank) { EXPECT_OK(rank, reduce(rank)); });
}

TEST_P(FaultTestOfEight, DifferentOperation) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    outcome.record(rank, rank.rank == 3 ? reduce(rank) : gather(rank));
    EXPECT_EQ(reduce(rank), COMMUTER_MISMATCH);
  });
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[0], "rank 3: #1 all_reduce sum f32[2x3]");
  // Of the others only one has to be there for the mismatch to be known.
  EXPECT_CONTAINS(outcome.message[0], ": #1 all_gather f32[2x3] dim 0");
}

TEST_P(FaultTestOfEight, DifferentType) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    outcome.record(rank,
                   gather(rank, rank.rank == 0 ? COMMUTER_I32 : COMMUTER_F32));
  });
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[4], "rank 0: #1 all_gather i32[2x3]");
}

TEST_P(FaultTestOfEight, DifferentCount) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    outcome.record(rank, gather(rank, COMMUTER_F32, rank.rank == 7 ? 3 : 2));
  });
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[4], "rank 7: #1 all_gather f32[3x3]");
}

TEST_P(FaultTestOfEight, DifferentNumberOfGathers) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    Tensor input(COMMUTER_F32, {2, 3}), scales(COMMUTER_F32, {2, 1}),
        output(COMMUTER_F32, {16, 3}), whole(COMMUTER_F32, {16, 1});
    const commuter_gather_t gathers[] = {
        {&input.view(), &output.view(), nullptr, 0},
        {&scales.view(), &whole.view(), nullptr, 0}};
    outcome.record(rank, commuter_all_gather_coalesced(rank.context, rank.group,
                                                       gathers,
                                                       rank.rank == 5 ? 1 : 2));
  });
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[4], "rank 5: #1 all_gather f32[2x3] dim 0");
  EXPECT_CONTAINS(outcome.message[4],
                  ": #1 all_gather f32[2x3] dim 0, f32[2x1] dim 0");
}

TEST_P(FaultTestOfEight, DifferentKind) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    outcome.record(rank,
                   reduce(rank, rank.rank == 1 ? COMMUTER_MAX : COMMUTER_SUM));
  });
  outcome.expectAll(COMMUTER_MISMATCH);
}

TEST_P(FaultTestOfEight, DifferentExtents) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    // Rank 6 believes that rank 0 has 3 rows.
    HostTensor extents(COMMUTER_I64, {8});
    for (int64_t i = 0; i < 8; ++i)
      extents.set(i, i == 0 && rank.rank == 6 ? 3 : 2);
    Tensor input(COMMUTER_F32, {2, 3}),
        output(COMMUTER_F32, {rank.rank == 6 ? 17 : 16, 3});
    outcome.record(rank,
                   commuter_all_gather(rank.context, rank.group, &input.view(),
                                       &output.view(), 0, &extents.view()));
  });
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[0], "extents [3,2,2,2,2,2,2,2]");
}

TEST_P(FaultTestOfFour, DifferentGroupsAreFoundAtOnce) {
  World world(GetParam(), kFour);
  Outcome outcome(4);
  auto start = Clock::now();
  world.run([&](Rank &rank) {
    if (rank.rank == 3) {
      ASSERT_EQ(commuter_context_group(rank.context, "mesh[tp]", &rank.group),
                COMMUTER_OK);
      rank.size = 2;
    }
    outcome.record(rank, gather(rank));
  });
  EXPECT_LT(elapsedMs(start), 5000);
  outcome.expectAll(COMMUTER_MISMATCH);
  EXPECT_CONTAINS(outcome.message[0], "different groups");
}

TEST_P(FaultTestOfFour, RanksOfOtherGroupsFailToo) {
  World world(GetParam(), kFour, 200);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    ASSERT_EQ(commuter_context_group(rank.context, "mesh[tp]", &rank.group),
              COMMUTER_OK);
    rank.size = 2;
    // Groups {0, 1} and {2, 3}: rank 1 stays away, the others go on together.
    if (rank.rank == 1) {
      sleepMs(600);
      outcome.record(rank, gather(rank));
      return;
    }
    // Written before: a fault may cut off what a write would wait for.
    Tensor input(COMMUTER_F32, {2, 3}), output(COMMUTER_F32, {4, 3});
    const commuter_view_t from = input.view(), to = output.view();
    commuter_status_t status;
    do {
      status =
          commuter_all_gather(rank.context, rank.group, &from, &to, 0, nullptr);
    } while (status == COMMUTER_OK);
    outcome.record(rank, status);
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  for (const char *rank : {"rank 0: ", "rank 1: ", "rank 2: ", "rank 3: "})
    EXPECT_CONTAINS(outcome.message[0], rank);
}

TEST_P(FaultTestOfEight, AbortWakesEveryone) {
  World world(GetParam(), kEight);
  Outcome outcome(8);
  auto start = Clock::now();
  world.run([&](Rank &rank) {
    if (rank.rank == 0) {
      sleepMs(20);
      commuter_world_abort(world.world, "the operator gave up");
    }
    outcome.record(rank, gather(rank));
  });
  EXPECT_LT(elapsedMs(start), 5000);
  outcome.expectAll(COMMUTER_RANK_LEFT);
  EXPECT_EQ(outcome.message[3], "the operator gave up");
}

TEST_P(FaultTestOfOne, GroupsOfOneAreRefusedToo) {
  World world(GetParam(), {"One", {"a", "b"}, {1, 1}, "mesh[b]", {1}});
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, gather(rank));
    commuter_world_abort(world.world, "over");
    EXPECT_EQ(gather(rank), COMMUTER_RANK_LEFT);
    EXPECT_EQ(rank.error(), "over");
  });
}

TEST_P(FaultTestOfFour, FaultsUnderLoadNeverHang) {
  // One rank goes away at a random point of a stream of collectives.
  for (int round = 0; round < 20; ++round) {
    World world(GetParam(), kFour);
    world.run([&](Rank &rank) {
      Tensor data(COMMUTER_F32, {2500});
      fill(data, rank.rank);
      const commuter_view_t view = data.view();
      for (int step = 0;; ++step) {
        if (rank.rank == round % 4 && step == 3 * round) {
          commuter_context_release(rank.context);
          rank.context = nullptr;
          return;
        }
        commuter_status_t status = commuter_all_reduce(
            rank.context, rank.group, COMMUTER_MAX, &view, &view);
        if (status != COMMUTER_OK) {
          EXPECT_EQ(status, COMMUTER_RANK_LEFT);
          return;
        }
      }
    });
  }
}

//===----------------------------------------------------------------------===//
// Programs
//===----------------------------------------------------------------------===//

struct Program {
  Rank *rank;
  bool bad;
  bool reached = false;
};

void runProgram(void *argument) {
  auto *program = static_cast<Program *>(argument);
  // Buffers as a compiled program has them; none is freed if a call fails.
  void *x = commuter_program_device_alloc(nullptr, 24);
  void *y = commuter_program_device_alloc(
      nullptr, 24 * commuter_program_axis_size(nullptr, "mesh[dp]"));
  void *extents = _mlir_memref_to_llvm_aligned_alloc(256, 8);
  int64_t sizes[] = {6}, strides[] = {1},
          full[] = {6 * commuter_program_axis_size(nullptr, "mesh[dp]")};
  float values[6];
  std::fill_n(
      values, 6,
      static_cast<float>(commuter_program_axis_index(nullptr, "mesh[dp]")));
  commuter_buffer_write(program->rank->context, x, values, sizeof(values));
  commuter_view_t in{x, COMMUTER_F32, 1, sizes, strides},
      out{y, COMMUTER_F32, 1, full, strides};
  commuter_gather_t gather{&in, &out, nullptr, 0};
  commuter_program_all_gather(nullptr, "mesh[dp]", &gather, 1);
  gather.dim = program->bad ? 7 : 0;
  commuter_program_all_gather(nullptr, "mesh[dp]", &gather, 1);
  program->reached = true;
  _mlir_memref_to_llvm_free(x);
  _mlir_memref_to_llvm_free(y);
  _mlir_memref_to_llvm_free(extents);
}

TEST_P(FaultTestOfEight, ErrorInAProgramUnwindsAndFailsThePeers) {
  World world(GetParam(), kEight);
  auto start = Clock::now();
  world.run([&](Rank &rank) {
    void *kept;
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 100, &kept));
    Program program{&rank, rank.rank == 4};
    commuter_status_t status =
        commuter_context_run(rank.context, runProgram, &program);
    EXPECT_FALSE(program.reached);
    if (rank.rank == 4) {
      EXPECT_EQ(status, COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), "dim is 7, but the rank is 1");
    } else {
      EXPECT_EQ(status, COMMUTER_RANK_LEFT);
      EXPECT_EQ(rank.error(), "rank 4 failed: dim is 7, but the rank is 1");
    }
    // Only the program's buffers are gone.
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 1);
    EXPECT_EQ(stats.live_bytes, 100);
    commuter_buffer_free(kept);
    // Later runs are refused, and unwind as well.
    Program again{&rank, false};
    EXPECT_EQ(commuter_context_run(rank.context, runProgram, &again),
              COMMUTER_RANK_LEFT);
    EXPECT_FALSE(again.reached);
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 0);
  });
  EXPECT_LT(elapsedMs(start), 5000);
}

TEST_P(FaultTestOfTwo, AssertionsOfAProgramAreErrorsOfAll) {
  MeshCase two{"Two", {"dp"}, {2}, "mesh[dp]", {0}};
  World world(GetParam(), two);
  world.run([&](Rank &rank) {
    commuter_status_t status = commuter_context_run(
        rank.context,
        [](void *) {
          _mlir_memref_to_llvm_alloc(8);
          if (commuter_program_axis_index(nullptr, "mesh[dp]") == 1)
            commuter_program_fail_assertion("f.mlir:1:2", "100% wrong");
          int64_t extents[2], size = 2, stride = 1;
          commuter_view_t view{extents, COMMUTER_I64, 1, &size, &stride};
          commuter_program_exchange_extents("f.mlir:3:4", "mesh[dp]", &view, 1);
          ADD_FAILURE() << "not unwound";
        },
        nullptr);
    if (rank.rank == 1) {
      EXPECT_EQ(status, COMMUTER_ASSERTION_FAILED);
      EXPECT_EQ(rank.error(), "f.mlir:1:2: assertion failed: 100% wrong");
    } else {
      EXPECT_EQ(status, COMMUTER_RANK_LEFT);
      EXPECT_EQ(rank.error(), "f.mlir:3:4: rank 1 failed: f.mlir:1:2: "
                              "assertion failed: 100% wrong");
    }
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 0);
  });
}

TEST_P(FaultTestOfTwo, ProgramsRunWithoutLeaks) {
  MeshCase two{"Two", {"dp"}, {2}, "mesh[dp]", {0}};
  World world(GetParam(), two);
  world.run([&](Rank &rank) {
    Program program{&rank, false};
    const int runs = GetParam().isHost ? 10000 : 1000;
    for (int i = 0; i < runs; ++i)
      if (commuter_context_run(rank.context, runProgram, &program) !=
          COMMUTER_OK) {
        ADD_FAILURE() << rank.error();
        break;
      }
    EXPECT_TRUE(program.reached);
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 0);
    EXPECT_EQ(stats.live_bytes, 0);
    EXPECT_EQ(stats.peak_bytes, 24 + 48 + 8);
  });
}

TEST_P(FaultTestOfOne, NestedRuns) {
  MeshCase one{"One", {"dp"}, {1}, "mesh[dp]", {0}};
  World world(GetParam(), one);
  world.run([&](Rank &rank) {
    struct State {
      Rank *rank;
      commuter_status_t inner;
    } state{&rank, COMMUTER_OK};
    EXPECT_OK(rank, commuter_context_run(
                        rank.context,
                        [](void *argument) {
                          auto *state = static_cast<State *>(argument);
                          void *outer = _mlir_memref_to_llvm_alloc(8);
                          state->inner = commuter_context_run(
                              state->rank->context,
                              [](void *) {
                                _mlir_memref_to_llvm_alloc(8);
                                commuter_program_axis_size(nullptr,
                                                           "nowhere[x]");
                                ADD_FAILURE() << "not unwound";
                              },
                              nullptr);
                          commuter_stats_t stats;
                          commuter_context_stats(state->rank->context, &stats);
                          EXPECT_EQ(stats.live_buffers, 1);
                          _mlir_memref_to_llvm_free(outer);
                        },
                        &state));
    EXPECT_EQ(state.inner, COMMUTER_INVALID_ARGUMENT);
    EXPECT_CONTAINS(rank.error(), "no such mesh");
  });
}

TEST_P(FaultTestOfEight, CheckReplicated) {
  World world(GetParam(), kEight);
  struct State {
    Rank *rank;
    Tensor *tensor;
  };
  auto check = [](void *argument) {
    auto *state = static_cast<State *>(argument);
    commuter_program_check_replicated(nullptr, "mesh[dp]",
                                      &state->tensor->view());
  };
  Outcome outcome(8);
  world.run([&](Rank &rank) {
    Tensor tensor(COMMUTER_BF16, {50, 3},
                  rank.rank % 2 ? Layout::Padded : Layout::Dense);
    fill(tensor, 0);
    tensor.set(8, NAN); // equal bits are equal, whatever they mean
    State state{&rank, &tensor};
    EXPECT_OK(rank, commuter_context_run(rank.context, check, &state));
    if (rank.rank == 6)
      tensor.set(77, 50);
    outcome.record(rank, commuter_context_run(rank.context, check, &state));
  });
  // A rank that is late to report may already meet the poisoned world, but all
  // of them saw the difference.
  outcome.expectAll(COMMUTER_ASSERTION_FAILED);
  EXPECT_CONTAINS(outcome.message[0],
                  "bf16[50x3] is not replicated over mesh[dp]: rank 6 differs "
                  "from rank 0 at element 77");
}

TEST(ProgramDeathTest, OutsideOfARun) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(commuter_program_axis_size(nullptr, "mesh[dp]"),
               "commuter_program_axis_size called outside of "
               "commuter_context_run");
  EXPECT_DEATH(commuter_program_fail_assertion("f.mlir:1:2", "it is wrong"),
               "f.mlir:1:2: assertion failed: it is wrong");
}

} // namespace
