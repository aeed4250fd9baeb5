//===- NcclTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What only the transport nccl does: GPUs that ranks must not share, and faults
// of NCCL itself, which its double is told to have. A fault's environment is
// that of one process, and so of one rank.
//
//===----------------------------------------------------------------------===//

#include "Outcome.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace cts;

namespace {

const MeshCase kTwo{"Two", {"dp"}, {2}, "mesh[dp]", {0}};
const MeshCase kFour{"Four", {"dp", "tp"}, {2, 2}, "mesh[dp,tp]", {0, 1}};

class NcclTestOfTwo : public testing::TestWithParam<Backend> {};
class NcclTestOfFour : public testing::TestWithParam<Backend> {};

std::vector<Backend> ncclBackends(int32_t ranks) {
  const Job &job = Job::get();
  return job.isDistributed && job.transport->host ? backends(ranks, false)
                                                  : std::vector<Backend>();
}
/// Those whose NCCL is the double.
std::vector<Backend> doubles(int32_t ranks) {
  std::vector<Backend> found = ncclBackends(ranks);
  if (!found.empty() && found[0].device != std::string("cuda-emulated"))
    found.clear();
  return found;
}
CTS_INSTANTIATE(NcclTestOfTwo, doubles(2));
CTS_INSTANTIATE(NcclTestOfFour, doubles(4));

class NcclDeviceTest : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(NcclDeviceTest, ncclBackends(1));

/// Sets a variable for as long as it lives.
class Variable {
public:
  Variable(const char *name, const std::string &value, bool isSet = true)
      : name(name) {
    if (isSet)
      setenv(name, value.c_str(), 1);
  }
  ~Variable() { unsetenv(name); }

private:
  const char *const name;
};

/// The double on `rank` has this fault in the communicators that are made.
class Fault : Variable {
public:
  Fault(const char *fault, int32_t rank)
      : Variable("COMMUTER_NCCL_DOUBLE_FAULT", fault, Job::get().rank == rank) {
  }
};

/// Runs a gather, and waits for its data.
commuter_status_t gatherAndWait(Rank &rank) {
  commuter_status_t status = gather(rank);
  return status == COMMUTER_OK ? commuter_context_synchronize(rank.context)
                               : status;
}

/// Collectives of this process whose memory was registered with NCCL.
int64_t registeredCollectives() {
  void *library = dlopen(getenv("COMMUTER_NCCL_LIBRARY"), RTLD_NOW);
  auto count = reinterpret_cast<int64_t (*)()>(
      dlsym(library, "commuter_nccl_double_registered"));
  return count();
}

/// Each rank's number of `elements` elements, gathered and added up.
void moveAndCheck(Rank &rank, int64_t elements) {
  Tensor input(COMMUTER_F32, {elements}), sum(COMMUTER_F32, {elements}),
      all(COMMUTER_F32, {elements * rank.size}), part(COMMUTER_F32, {elements});
  for (int64_t i = 0; i < elements; ++i)
    input.set(i, static_cast<double>(rank.rank * 16 + i % 7));
  EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &input.view(),
                                      &all.view(), 0, nullptr));
  EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                      &input.view(), &sum.view()));
  EXPECT_OK(rank,
            commuter_reduce_scatter(rank.context, rank.group, COMMUTER_SUM,
                                    &all.view(), &part.view(), 0));
  for (int64_t i = 0; i < elements; ++i) {
    EXPECT_EQ(sum.get(i), 16 * 6 + 4 * (i % 7));
    EXPECT_EQ(part.get(i), 4 * (rank.rank * 16 + i % 7));
    for (int64_t r = 0; r < rank.size; ++r)
      EXPECT_EQ(all.get(r * elements + i), r * 16 + i % 7);
  }
}

constexpr int64_t kTimeoutMs = 500, kSlackMs = 2000;

/// Runs body(rank), which returns what the rank ends with, on each: all end in
/// time and alike, with `expected`. Returns the message.
template <typename Body>
std::string messageOfFault(const Backend &backend, commuter_status_t expected,
                           Body body) {
  World world(backend, kFour, kTimeoutMs);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    auto start = Clock::now();
    outcome.record(rank, body(rank));
    EXPECT_LT(elapsedMs(start), kTimeoutMs + kSlackMs);
  });
  outcome.expectAll(expected);
  return outcome.message[0];
}

/// A gather that goes well, and another one.
commuter_status_t gatherTwice(Rank &rank) {
  EXPECT_OK(rank, gatherAndWait(rank));
  return gatherAndWait(rank);
}

TEST_P(NcclDeviceTest, MovesTheMemoryOfGpusAlone) {
  commuter_world_t *world = nullptr;
  commuter_context_t *context = nullptr;
  ASSERT_EQ(GetParam().createWorld(1, nullptr, &world), COMMUTER_OK);
  EXPECT_EQ(commuter_context_create(world, 0, "cpu", &context),
            COMMUTER_UNSUPPORTED);
  EXPECT_EQ(std::string(commuter_last_error()),
            "transport nccl moves the memory of GPUs: device cpu needs the "
            "transport threads, mpi or tcp");
  commuter_world_release(world);
}

TEST_P(NcclTestOfTwo, RanksDoNotShareAGpu) {
  Variable same("COMMUTER_EMULATED_BUS_ID", "0000:17:00.0");
  World world(GetParam(), kTwo);
  Outcome outcome(2);
  world.run([&](Rank &rank) {
    // Nothing has to be moved for these.
    EXPECT_OK(rank, commuter_barrier(rank.context, rank.group));
    outcome.record(rank, gather(rank));
  });
  outcome.expectAll(COMMUTER_UNSUPPORTED);
  EXPECT_CONTAINS(outcome.message[0], "rank 0 and rank 1 both have GPU "
                                      "0000:17:00.0 of ");
  EXPECT_CONTAINS(outcome.message[0], "transport threads");
}

TEST_P(NcclTestOfFour, ACommunicatorThatIsRefused) {
  Fault fault("refuse-init", 2);
  const std::string message = messageOfFault(
      GetParam(), COMMUTER_INTERNAL, [](Rank &rank) { return gather(rank); });
  EXPECT_CONTAINS(message,
                  "all_gather #1 over mesh[dp,tp]: the double of NCCL 2.28.0: "
                  "ncclCommInitRankConfig: unhandled system error (told to "
                  "refuse a communicator)");
  EXPECT_CONTAINS(message, "rank 3: #1 all_gather f32[2x3] dim 0");
}

TEST_P(NcclTestOfFour, AGroupThatIsRefused) {
  Fault fault("refuse:2", 1);
  EXPECT_CONTAINS(
      messageOfFault(GetParam(), COMMUTER_INTERNAL,
                     [](Rank &rank) {
                       commuter_status_t status = gatherTwice(rank);
                       EXPECT_EQ(commuter_barrier(rank.context, rank.group),
                                 COMMUTER_INTERNAL);
                       return status;
                     }),
      "told to refuse a group");
}

TEST_P(NcclTestOfFour, AFailureThatComesLater) {
  Fault fault("fail:2", 3);
  EXPECT_CONTAINS(messageOfFault(GetParam(), COMMUTER_INTERNAL, gatherTwice),
                  "remote process exited or there was a network error (told to "
                  "fail)");
}

TEST_P(NcclTestOfFour, DataThatNeverComesEndsEveryWait) {
  Fault fault("stall:2", 1);
  World world(GetParam(), kFour, kTimeoutMs);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, gatherAndWait(rank));
    Tensor input(COMMUTER_F32, {2, 3}), output(COMMUTER_F32, {8, 3});
    fill(input, rank.rank);
    auto start = Clock::now();
    // The call is over before its data is there.
    EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &input.view(),
                                        &output.view(), 0, nullptr));
    outcome.record(rank, commuter_context_synchronize(rank.context));
    EXPECT_LT(elapsedMs(start), kTimeoutMs + kSlackMs);
    // What was to be there is not, and nothing says that it is.
    char byte;
    EXPECT_EQ(commuter_buffer_read(rank.context, output.view().data, &byte, 1),
              COMMUTER_TIMEOUT);
    void *more = nullptr;
    EXPECT_EQ(commuter_buffer_alloc(rank.context, 16, &more), COMMUTER_TIMEOUT);
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  EXPECT_CONTAINS(outcome.message[0],
                  "all_gather #2 over mesh[dp,tp] timed out after 500 ms with "
                  "its data under way: ");
  for (const char *rank : {"rank 0: ", "rank 1: ", "rank 2: ", "rank 3: "})
    EXPECT_CONTAINS(outcome.message[0],
                    std::string(rank) + "#2 all_gather f32[2x3] dim 0, ");
  // On a crowded machine another one may not answer in time.
  EXPECT_CONTAINS(outcome.message[0],
                  ": #2 all_gather f32[2x3] dim 0, its data under way");
}

/// Runs a gather whose data never comes, then body(rank, world), which returns
/// what the rank ends with. Returns the message.
template <typename Body>
std::string messageOfStall(const Backend &backend, Body body) {
  Fault fault("stall:1", 1);
  World world(backend, kFour, kTimeoutMs);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, gather(rank));
    outcome.record(rank, body(rank, world));
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  return outcome.message[0];
}

/// Who has met the others, and does not wait for the data, was there: whether
/// it still is, is said only where it answers, as in a call of another world.
TEST_P(NcclTestOfFour, AHostThatWentOnIsNotMissing) {
  EXPECT_CONTAINS(messageOfStall(GetParam(),
                                 [](Rank &rank, World &world) {
                                   if (rank.rank == 3)
                                     world.rendezvous();
                                   commuter_status_t status =
                                       commuter_context_synchronize(
                                           rank.context);
                                   if (rank.rank != 3)
                                     world.rendezvous();
                                   return status;
                                 }),
                  "rank 3: met and went on, last #1 all_gather f32[2x3] dim 0");
}

TEST_P(NcclTestOfFour, AHostThatDoesNotAnswer) {
  EXPECT_CONTAINS(messageOfStall(GetParam(),
                                 [](Rank &rank, World &) {
                                   if (rank.rank == 3)
                                     sleepMs(3000);
                                   return commuter_context_synchronize(
                                       rank.context);
                                 }),
                  "rank 3: #1 all_gather f32[2x3] dim 0, then no answer");
}

/// And who is in a later call does not miss those that wait for the data.
TEST_P(NcclTestOfFour, AHostInALaterCall) {
  const std::string message =
      messageOfStall(GetParam(), [](Rank &rank, World &) {
        return rank.rank == 0 ? commuter_barrier(rank.context, rank.group)
                              : commuter_context_synchronize(rank.context);
      });
  // Either may find out first.
  if (message.find("barrier #2 over mesh[dp,tp] timed out") == 0)
    EXPECT_CONTAINS(message,
                    "rank 1: did not arrive, waits in #1 all_gather f32[2x3] "
                    "dim 0 over mesh[dp,tp], its data under way");
  else
    EXPECT_CONTAINS(message,
                    "rank 0: met and went on, waits in #2 barrier over "
                    "mesh[dp,tp]");
}

/// The deadline is for data: kernels after it take what time they take.
TEST_P(NcclTestOfTwo, KernelsMayOutlastTheDeadline) {
  World world(GetParam(), kTwo, kTimeoutMs);
  world.run([&](Rank &rank) {
    Tensor a(COMMUTER_F32, {256, 256}), c(COMMUTER_F32, {256, 256});
    fill(a, rank.rank);
    const std::vector<int64_t> loops = {256, 256, 256};
    const std::vector<int64_t> strides[3] = {
        {256, 0, 1}, {0, 1, 256}, {256, 1, 0}};
    commuter_view_t views[3];
    for (int k = 0; k < 3; ++k)
      views[k] = {(k < 2 ? a : c).view().data, COMMUTER_F32, 3, loops.data(),
                  strides[k].data()};
    EXPECT_OK(rank, gather(rank));
    int64_t waited = 0;
    for (int64_t count = 8; waited <= 2 * kTimeoutMs && !HasFailure();
         count *= 2) {
      for (int64_t k = 0; k < count; ++k)
        EXPECT_OK(rank, commuter_contract(rank.context, &views[0], &views[1],
                                          &views[2]));
      auto start = Clock::now();
      EXPECT_OK(rank, commuter_context_synchronize(rank.context));
      waited = elapsedMs(start);
    }
    world.rendezvous();
    EXPECT_OK(rank, gatherAndWait(rank));
  });
}

TEST_P(NcclTestOfTwo, AHostThatDoesNotWaitFindsOutAsWell) {
  Fault fault("stall:3", 0);
  World world(GetParam(), kTwo, kTimeoutMs);
  Outcome outcome(2);
  world.run([&](Rank &rank) {
    auto start = Clock::now();
    commuter_status_t status;
    Tensor data(COMMUTER_F32, {8});
    fill(data, rank.rank);
    commuter_view_t view = data.view();
    do
      status = commuter_all_reduce(rank.context, rank.group, COMMUTER_MAX,
                                   &view, &view);
    while (status == COMMUTER_OK);
    EXPECT_LT(elapsedMs(start), 2 * kTimeoutMs + kSlackMs);
    outcome.record(rank, status);
  });
  outcome.expectAll(COMMUTER_TIMEOUT);
  // Said by the rank that is too far ahead, or by one that waits for it.
  EXPECT_CONTAINS(outcome.message[0], "timed out after 500 ms");
}

TEST_P(NcclTestOfTwo, AnAbortThatDoesNotReturnIsLeftBehind) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "what is left behind is a leak";
#endif
  Fault fault("stall:1,hang", 1);
  World world(GetParam(), kTwo, kTimeoutMs);
  Outcome outcome(2);
  world.run([&](Rank &rank) {
    auto start = Clock::now();
    outcome.record(rank, gatherAndWait(rank));
    EXPECT_LT(elapsedMs(start), kTimeoutMs + kSlackMs);
  });
  outcome.share();
  EXPECT_EQ(outcome.status[0], COMMUTER_TIMEOUT);
  EXPECT_EQ(outcome.status[1], COMMUTER_TIMEOUT);
  EXPECT_EQ(outcome.message[1],
            outcome.message[0] +
                " (ncclCommAbort has not returned within 1000 ms: the "
                "communicator and the stream are left behind)");
}

//===----------------------------------------------------------------------===//
// Registered memory
//===----------------------------------------------------------------------===//

/// Runs collectives that fit the segment, and some that do not. Returns how
/// many were in registered memory.
int64_t runRegistered(const Backend &backend) {
  Variable reductions("COMMUTER_NCCL_REDUCTIONS", "library");
  const int64_t before = registeredCollectives();
  World world(backend, kFour);
  world.run([&](Rank &rank) {
    moveAndCheck(rank, 5);
    moveAndCheck(rank, 2000);
    moveAndCheck(rank, 5);
  });
  return registeredCollectives() - before;
}

TEST_P(NcclTestOfFour, WhatFitsIsInRegisteredMemory) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "4000");
  EXPECT_EQ(runRegistered(GetParam()), 6);
}

TEST_P(NcclTestOfFour, WithoutWindowsBuffersAreRegistered) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "4000");
  Fault fault("no-windows", 2);
  EXPECT_EQ(runRegistered(GetParam()), 6);
}

/// Rows and scales lie in it together; ragged ones are broadcasts, from where
/// they are.
TEST_P(NcclTestOfFour, CoalescedGathersAreInRegisteredMemory) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "4000");
  for (bool isRagged : {false, true}) {
    const int64_t before = registeredCollectives();
    World world(GetParam(), kFour);
    world.run([&](Rank &rank) {
      HostTensor extents(COMMUTER_I64, {4});
      for (int64_t i = 0; i < 4; ++i)
        extents.set(i, static_cast<double>(isRagged ? i : 2));
      const int64_t own = isRagged ? rank.index : 2, all = isRagged ? 6 : 8;
      Tensor rows(COMMUTER_F32, {own, 5}), scales(COMMUTER_F32, {own, 1}),
          allRows(COMMUTER_F32, {all, 5}), allScales(COMMUTER_F32, {all, 1});
      for (Tensor *of : {&rows, &scales})
        for (int64_t i = 0; i < of->count; ++i)
          of->set(i, 100 + rank.index);
      const commuter_gather_t gathers[] = {
          {&rows.view(), &allRows.view(), &extents.view(), 0},
          {&scales.view(), &allScales.view(), &extents.view(), 0}};
      EXPECT_OK(rank, commuter_all_gather_coalesced(rank.context, rank.group,
                                                    gathers, 2));
      int64_t row = 0, wrong = 0;
      for (int64_t member = 0; member < 4; ++member)
        for (int64_t i = 0; i < (isRagged ? member : 2); ++i, ++row) {
          wrong += allScales.get(row) != 100 + member;
          for (int64_t column = 0; column < 5; ++column)
            wrong += allRows.get(row * 5 + column) != 100 + member;
        }
      EXPECT_EQ(wrong, 0);
    });
    EXPECT_EQ(registeredCollectives() - before, isRagged ? 0 : 2);
  }
}

/// All members' memory is registered, or none.
TEST_P(NcclTestOfFour, OneThatCannotRegisterLeavesAllWithout) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "4000");
  for (const char *how : {"no-memory", "no-windows,no-register"}) {
    Fault fault(how, 1);
    EXPECT_EQ(runRegistered(GetParam()), 0) << how;
  }
}

TEST_P(NcclTestOfFour, OneThatWasToldAnotherSizeLeavesAllWithout) {
  Variable bytes("COMMUTER_NCCL_REGISTER",
                 Job::get().rank == 3 ? "9000" : "4000");
  EXPECT_EQ(runRegistered(GetParam()), 0);
}

TEST_P(NcclTestOfFour, RegisteredMemoryIsFreedAfterAFault) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "4096");
  Fault fault("stall:2", 1);
  EXPECT_CONTAINS(messageOfFault(GetParam(), COMMUTER_TIMEOUT, gatherTwice),
                  "with its data under way");
}

TEST_P(NcclDeviceTest, SegmentsAreOfANumberOfBytes) {
  Variable bytes("COMMUTER_NCCL_REGISTER", "1MiB");
  commuter_world_t *world = nullptr;
  EXPECT_EQ(GetParam().createWorld(1, nullptr, &world),
            COMMUTER_INVALID_ARGUMENT);
  EXPECT_EQ(std::string(commuter_last_error()),
            "COMMUTER_NCCL_REGISTER=1MiB: expected bytes, 0 to 1073741824");
}

/// Groups make their communicators alone: here the others have left.
TEST_P(NcclTestOfFour, AGroupConnectsWithoutTheOthers) {
  World world(GetParam(), kFour);
  world.run([&](Rank &rank) {
    if (rank.rank < 2)
      return;
    sleepMs(20);
    ASSERT_EQ(commuter_context_group(rank.context, "mesh[tp]", &rank.group),
              COMMUTER_OK);
    rank.size = 2;
    EXPECT_OK(rank, gatherAndWait(rank));
  });
}

/// A rank gets out of a wait for its GPU what another found.
TEST_P(NcclTestOfFour, AWaitEndsWithTheFaultOfOthers) {
  Fault fault("stall:1", 0);
  World world(GetParam(), kFour, 20000);
  Outcome outcome(4);
  auto start = Clock::now();
  world.run([&](Rank &rank) {
    if (rank.rank == 2) {
      EXPECT_OK(rank, gather(rank));
      sleepMs(50);
      commuter_world_abort(world.world, "the operator gave up");
    }
    outcome.record(rank, rank.rank == 2
                             ? commuter_context_synchronize(rank.context)
                             : gatherAndWait(rank));
  });
  EXPECT_LT(elapsedMs(start), 5000);
  outcome.expectAll(COMMUTER_RANK_LEFT);
  EXPECT_EQ(outcome.message[3], "the operator gave up");
}

} // namespace
