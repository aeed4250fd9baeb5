//===- DeviceTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a device owes whatever it computes: its memory and the host's, work that
// is done later, and what it refuses.
//
//===----------------------------------------------------------------------===//

#include "Outcome.h"

using namespace cts;

namespace {

class DeviceTest : public testing::TestWithParam<Backend> {};
class OtherDeviceTest : public testing::TestWithParam<Backend> {};
class OtherDeviceTestOfFour : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(DeviceTest, backends(1));
CTS_INSTANTIATE(OtherDeviceTest, backends(1, false));
class OtherDeviceTestOfMany : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(OtherDeviceTestOfFour, backends(4, false));
CTS_INSTANTIATE(OtherDeviceTestOfMany, backends(49, false));
class HostDeviceTestOfMany : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(HostDeviceTestOfMany, backends(300, true));

const MeshCase kFour{"Four", {"dp"}, {4}, "mesh[dp]", {0}};
const MeshCase kMany{"Many", {"dp"}, {49}, "mesh[dp]", {0}};
const MeshCase kCrowd{"Crowd", {"dp"}, {300}, "mesh[dp]", {0}};

TEST_P(DeviceTest, WritesAndReadsAnyPlaceOfABuffer) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    void *data = nullptr;
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 1000, &data));
    std::vector<char> source(1000), target(1000, 'x');
    for (int i = 0; i < 1000; ++i)
      source[i] = static_cast<char>(i * 7);
    EXPECT_OK(rank, commuter_buffer_write(rank.context, data, source.data(),
                                          source.size()));
    EXPECT_OK(rank,
              commuter_buffer_read(rank.context, static_cast<char *>(data) + 3,
                                   target.data(), 900));
    EXPECT_TRUE(
        std::equal(target.begin(), target.begin() + 900, source.begin() + 3));
    EXPECT_EQ(target[900], 'x');
    EXPECT_OK(rank, commuter_buffer_read(rank.context, data, nullptr, 0));
    EXPECT_EQ(commuter_buffer_read(rank.context, data, nullptr, 1),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(commuter_buffer_write(rank.context, nullptr, source.data(), 1),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_OK(rank, commuter_context_synchronize(rank.context));
    commuter_buffer_free(data);
  });
  EXPECT_EQ(commuter_context_synchronize(nullptr), COMMUTER_INVALID_ARGUMENT);
  EXPECT_EQ(commuter_buffer_write(nullptr, nullptr, nullptr, 0),
            COMMUTER_INVALID_ARGUMENT);
}

TEST_P(OtherDeviceTest, RefusesTheHostsMemory) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    const std::string message =
        std::string(" is the host's memory, which device ") +
        GetParam().device +
        " does not access: use commuter_buffer_alloc and commuter_buffer_write";
    HostTensor host(COMMUTER_F32, {2, 8}), scales(COMMUTER_F32, {2, 1});
    Tensor device(COMMUTER_F32, {2, 8}), codes(COMMUTER_I8, {2, 8});
    auto expectRefusal = [&](commuter_status_t status, const char *what) {
      EXPECT_EQ(status, COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), what + message);
    };
    expectRefusal(commuter_all_gather(rank.context, rank.group, &host.view(),
                                      &device.view(), 0, nullptr),
                  "input");
    expectRefusal(commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                      &device.view(), &host.view()),
                  "output");
    expectRefusal(commuter_norm(rank.context, COMMUTER_RMS_NORM, &device.view(),
                                &host.view(), &device.view(), nullptr, nullptr,
                                &device.view(), 1, 1e-5, 0),
                  "residual");
    expectRefusal(commuter_quantize(rank.context, &device.view(), &codes.view(),
                                    COMMUTER_SCALES_COMPUTED, &scales.view(),
                                    0),
                  "scales");
    expectRefusal(commuter_contract(rank.context, &device.view(), &host.view(),
                                    &device.view()),
                  "b");
    char byte = 0;
    expectRefusal(commuter_buffer_write(rank.context, host.at(0), &byte, 1),
                  "data");
    // What has no elements has no memory.
    HostTensor none(COMMUTER_F32, {0, 8});
    EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                        &none.view(), &none.view()));
  });
}

TEST_P(OtherDeviceTest, ExtentsAreTheHosts) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    Tensor extents(COMMUTER_I64, {1}), x(COMMUTER_F32, {2, 8});
    const std::string message = std::string("extents are memory of device ") +
                                GetParam().device +
                                ", but have to be the host's";
    auto expectRefusal = [&](commuter_status_t status) {
      EXPECT_EQ(status, COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), message);
    };
    expectRefusal(commuter_exchange_extents(rank.context, rank.group, 2,
                                            &extents.view()));
    expectRefusal(commuter_all_gather(rank.context, rank.group, &x.view(),
                                      &x.view(), 0, &extents.view()));
    int64_t offset, size;
    expectRefusal(commuter_shard_bounds(rank.context, rank.group, 2,
                                        &extents.view(), &offset, &size));
  });
}

TEST_P(OtherDeviceTest, TheRanksOfAProcessHaveOneDevice) {
  if (Job::get().isDistributed)
    GTEST_SKIP() << "there is one rank a process";
  commuter_world_t *world = nullptr;
  ASSERT_EQ(GetParam().createWorld(2, nullptr, &world), COMMUTER_OK);
  commuter_context_t *first = nullptr, *second = nullptr;
  ASSERT_EQ(commuter_context_create(world, 0, GetParam().device, &first),
            COMMUTER_OK);
  EXPECT_EQ(commuter_context_create(world, 1, "cpu", &second),
            COMMUTER_UNSUPPORTED);
  EXPECT_EQ(std::string(commuter_last_error()),
            std::string("rank 1 cannot have device cpu, since another rank "
                        "has ") +
                GetParam().device +
                ": the ranks of a process read each other's memory");
  EXPECT_EQ(commuter_context_create(world, 1, GetParam().device, &second),
            COMMUTER_OK);
  commuter_context_release(first);
  commuter_context_release(second);
  commuter_world_release(world);
}

TEST_P(DeviceTest, Names) {
  commuter_world_t *world = nullptr;
  ASSERT_EQ(GetParam().createWorld(1, nullptr, &world), COMMUTER_OK);
  commuter_context_t *context = nullptr;
  for (const char *name : {"", "gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:1x",
                           "cudas", "cpu:0", "cuda:99999999999999999999"}) {
    EXPECT_EQ(commuter_context_create(world, 0, name, &context),
              COMMUTER_UNSUPPORTED);
    EXPECT_EQ(std::string(commuter_last_error()),
              std::string("this build has no device '") + name + "'");
  }
  commuter_world_release(world);
}

/// What the reductions of these ranks give, on each: bits of all types, kinds
/// and layouts, one after the other.
std::vector<std::vector<uint64_t>> reduceOnMany(const Backend &backend) {
  World world(backend, kMany);
  std::vector<std::vector<uint64_t>> bits(kMany.ranks());
  world.run([&](Rank &rank) {
    auto keep = [&](const Tensor &tensor) {
      for (int64_t i = 0; i < tensor.count; ++i)
        bits[rank.rank].push_back(tensor.bits(i));
    };
    const int64_t rows = 2 * rank.size;
    for (commuter_dtype_t type : kAllTypes) {
      if (isFloat8(type))
        continue;
      for (commuter_reduction_t kind :
           {COMMUTER_SUM, COMMUTER_MAX, COMMUTER_MIN})
        for (Layout layout : kLayouts) {
          Tensor x(type, {rows, 3}, layout), part(type, {2, 3});
          for (int64_t i = 0; i < x.count; ++i)
            x.set(i, type == COMMUTER_I1
                         ? (i + rank.rank) / 3 % 2
                         : std::ldexp(1 + 0.37 * rank.rank,
                                      int((i + rank.rank) % 7)) -
                               20);
          EXPECT_OK(rank,
                    commuter_reduce_scatter(rank.context, rank.group, kind,
                                            &x.view(), &part.view(), 0));
          // In place: what a member reads the last launch alone may write.
          EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, kind,
                                              &x.view(), &x.view()));
          keep(part);
          keep(x);
        }
    }
  });
  return bits;
}

/// Of more members than one launch takes, with one more in the last of three.
TEST_P(OtherDeviceTestOfMany, ReductionsHaveTheHostsBits) {
  const auto bits = reduceOnMany(GetParam());
  const auto expected =
      reduceOnMany({"CpuThreads", "cpu", commuter_threads_world_create});
  EXPECT_EQ(bits[0].size(), expected[0].size());
  EXPECT_TRUE(bits == expected);
}

TEST_P(HostDeviceTestOfMany, ReductionsOfMoreViewsThanTheStackHas) {
  World world(GetParam(), kCrowd);
  world.run([&](Rank &rank) {
    Tensor input(COMMUTER_F32, {2, 400}, Layout::Padded),
        output(COMMUTER_F32, {2, 400}, Layout::Padded);
    for (int64_t i = 0; i < input.count; ++i)
      input.set(i, rank.rank + i);
    EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                        &input.view(), &output.view()));
    int64_t wrong = 0;
    for (int64_t i = 0; i < output.count; ++i)
      wrong += output.get(i) != 300 * 299 / 2 + 300 * i;
    EXPECT_EQ(wrong, 0);
  });
}

/// A collective whose members have met ends on every rank alike, whatever has
/// become of a device.
TEST_P(OtherDeviceTestOfFour, AFaultIsEveryRanks) {
  if (GetParam().device != std::string("cuda-emulated"))
    GTEST_SKIP() << "a GPU that has met an illegal access is of no more use";
  World world(GetParam(), kFour);
  Outcome outcome(4);
  world.run([&](Rank &rank) {
    Tensor input(COMMUTER_F32, {8}), output(COMMUTER_F32, {8});
    fill(input, rank.rank);
    commuter_view_t view = input.view();
    // Rank 2 says that it has more than its buffer has.
    if (rank.rank == 2)
      view.data = static_cast<char *>(view.data) + 100;
    // The work is done, and fails, behind the call: no later than when it is
    // waited for, and where a rank is slow, before its call ends.
    commuter_status_t status = commuter_all_reduce(
        rank.context, rank.group, COMMUTER_SUM, &view, &output.view());
    if (status == COMMUTER_OK)
      status = commuter_context_synchronize(rank.context);
    EXPECT_EQ(status, COMMUTER_INTERNAL);
    EXPECT_CONTAINS(rank.error(), "outside of all buffers");
    outcome.record(rank,
                   commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                       &output.view(), &output.view()));
  });
  outcome.expectAll(COMMUTER_INTERNAL);
}

} // namespace
