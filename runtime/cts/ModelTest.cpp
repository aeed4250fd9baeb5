//===- ModelTest.cpp --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Models: what commuter_model_run checks, gives a program, and takes from it.
// The programs are written by hand, as the compiler would.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include "commuter_model.h"

using namespace cts;

namespace {

// The programs are the host's.
class ModelTest : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(ModelTest, backends(1, true));

class ModelTestOfOtherDevices : public testing::TestWithParam<Backend> {};
CTS_INSTANTIATE(ModelTestOfOtherDevices, backends(1, false));

struct Matrix {
  float *allocated, *aligned;
  int64_t offset, sizes[2], strides[2];
};

/// x: f32[?x3], k: i16 -> x * k, k + 1.
struct ScaledResults {
  Matrix y;
  int16_t next;
};

Matrix makeMatrix(int64_t rows, int64_t cols) {
  auto *data = static_cast<float *>(
      _mlir_memref_to_llvm_alloc(rows * cols * sizeof(float)));
  return {data, data, 0, {rows, cols}, {cols, 1}};
}

void runScale(void **packed) {
  auto *results = *static_cast<ScaledResults **>(packed[0]);
  auto *x = *static_cast<Matrix **>(packed[1]);
  int16_t k = *static_cast<int16_t *>(packed[2]);
  EXPECT_EQ(x->strides[0], x->sizes[1]);
  EXPECT_EQ(x->strides[1], 1);
  results->y = makeMatrix(x->sizes[0], x->sizes[1]);
  for (int64_t i = 0; i < x->sizes[0] * x->sizes[1]; ++i)
    results->y.aligned[i] = x->aligned[i] * k;
  results->next = k + 1;
}

/// The same, and forgets a buffer.
void runLeak(void **packed) {
  runScale(packed);
  (void)makeMatrix(1, 1);
}

void runImpossible(void **packed) {
  runScale(packed);
  (*static_cast<ScaledResults **>(packed[0]))->y.sizes[0] = -4;
}

void runFail(void **packed) {
  runScale(packed);
  (void)commuter_program_axis_size(nullptr, "nowhere[dp]");
}

const int64_t kOpen[] = {-1, 3};
const commuter_model_value_t kMatrix{COMMUTER_F32, 0,       "f32",  2,
                                     kOpen,        nullptr, nullptr};
const commuter_model_value_t kNumber{COMMUTER_I16, 1,       "i16",  0,
                                     nullptr,      nullptr, nullptr};
const commuter_model_value_t kMatrixAndNumber[] = {kMatrix, kNumber};

commuter_model_t makeModel(void (*run)(void **)) {
  return {COMMUTER_MODEL_ABI_VERSION,
          "main",
          "none",
          "by hand",
          "cpu",
          0,
          nullptr,
          2,
          kMatrixAndNumber,
          2,
          kMatrixAndNumber,
          run};
}

/// Its arguments, of which a test spoils what it is about.
struct Arguments {
  float x[6] = {1, 2, 3, 4, 5, 6};
  int16_t k = 7;
  int64_t sizes[2] = {2, 3}, strides[2] = {3, 1};
  commuter_view_t views[2] = {{x, COMMUTER_F32, 2, sizes, strides},
                              {&k, COMMUTER_I16, 0, nullptr, nullptr}};
};

int64_t countBuffers(const Rank &rank) {
  commuter_stats_t stats;
  commuter_context_stats(rank.context, &stats);
  return stats.live_buffers;
}

TEST_P(ModelTest, RunsAndOwnsResults) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    Arguments arguments;
    commuter_results_t *results = nullptr;
    EXPECT_OK(rank, commuter_model_run(rank.context, &model, arguments.views,
                                       &results));
    ASSERT_NE(results, nullptr);
    const commuter_view_t *y = commuter_results_get(results, 0);
    EXPECT_EQ(y->dtype, COMMUTER_F32);
    EXPECT_EQ(y->rank, 2);
    EXPECT_EQ(y->sizes[0], 2);
    EXPECT_EQ(y->sizes[1], 3);
    EXPECT_EQ(y->strides[0], 3);
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(static_cast<float *>(y->data)[i], 7 * arguments.x[i]);
    const commuter_view_t *next = commuter_results_get(results, 1);
    EXPECT_EQ(next->rank, 0);
    EXPECT_EQ(*static_cast<int16_t *>(next->data), 8);
    EXPECT_EQ(commuter_results_get(results, 2), nullptr);
    EXPECT_EQ(commuter_results_get(results, -1), nullptr);
    EXPECT_EQ(countBuffers(rank), 1);
    commuter_results_retain(results);
    commuter_results_release(results);
    EXPECT_EQ(countBuffers(rank), 1);
    commuter_results_release(results);
    EXPECT_EQ(countBuffers(rank), 0);
    commuter_results_release(nullptr);
  });
}

TEST_P(ModelTest, TakesEmptyArrays) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    Arguments arguments;
    arguments.sizes[0] = 0;
    arguments.views[0].data = nullptr;
    commuter_results_t *results = nullptr;
    EXPECT_OK(rank, commuter_model_run(rank.context, &model, arguments.views,
                                       &results));
    EXPECT_EQ(commuter_results_get(results, 0)->sizes[0], 0);
    commuter_results_release(results);
  });
}

TEST_P(ModelTest, RefusesOtherVersions) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    EXPECT_EQ(commuter_model_check(&model), COMMUTER_OK);
    model.abi_version = 0;
    EXPECT_EQ(commuter_model_check(&model), COMMUTER_UNSUPPORTED);
    EXPECT_EQ(commuter_model_check(nullptr), COMMUTER_INVALID_ARGUMENT);
    Arguments arguments;
    commuter_results_t *results;
    EXPECT_EQ(
        commuter_model_run(rank.context, &model, arguments.views, &results),
        COMMUTER_UNSUPPORTED);
    EXPECT_EQ(rank.error(), "the model was compiled for version 0 of the ABI, "
                            "but this runtime has version " +
                                std::to_string(COMMUTER_MODEL_ABI_VERSION) +
                                ": compile it again");
  });
}

TEST_P(ModelTest, RefusesOtherArguments) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    auto expectError = [&](auto spoil, const char *message) {
      Arguments arguments;
      spoil(arguments);
      commuter_results_t *results;
      EXPECT_EQ(
          commuter_model_run(rank.context, &model, arguments.views, &results),
          COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), message);
    };
    expectError([](Arguments &a) { a.sizes[1] = 4; },
                "argument 0 is f32[2x4], but the model takes f32[?x3]");
    expectError([](Arguments &a) { a.sizes[0] = -2; },
                "argument 0 is f32[-2x3], but the model takes f32[?x3]");
    expectError([](Arguments &a) { a.views[0].dtype = COMMUTER_F16; },
                "argument 0 is f16[2x3], but the model takes f32[?x3]");
    expectError(
        [](Arguments &a) {
          a.views[1].rank = 1,
          a.views[1].sizes = a.views[1].strides = a.strides + 1;
        },
        "argument 1 is i16[1], but the model takes i16[]");
    expectError([](Arguments &a) { a.views[0].strides = nullptr; },
                "argument 0 has no sizes or no strides");
    expectError([](Arguments &a) { a.strides[0] = 4; },
                "argument 0 is not dense and row-major");
    expectError([](Arguments &a) { a.sizes[0] = INT64_MAX / 2; },
                "argument 0 has too many elements");
    expectError([](Arguments &a) { a.views[0].data = nullptr; },
                "argument 0 has no data");
    commuter_results_t *results;
    EXPECT_EQ(commuter_model_run(rank.context, &model, nullptr, &results),
              COMMUTER_INVALID_ARGUMENT);
  });
}

TEST_P(ModelTest, LeavesNothingOfAFailedRun) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    void *own = nullptr; // the host's own buffers stay
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 8, &own));
    Arguments arguments;
    commuter_results_t *results;
    auto expectError = [&](void (*run)(void **), commuter_status_t status,
                           const char *message) {
      commuter_model_t model = makeModel(run);
      EXPECT_EQ(
          commuter_model_run(rank.context, &model, arguments.views, &results),
          status);
      EXPECT_EQ(rank.error().substr(0, std::strlen(message)), message);
      EXPECT_EQ(countBuffers(rank), 1);
    };
    expectError(runLeak, COMMUTER_INTERNAL, "the program left 1 buffer behind");
    expectError(runImpossible, COMMUTER_INTERNAL,
                "result 0 has an impossible size: f32[-4x3]");
    expectError(runFail, COMMUTER_INVALID_ARGUMENT, "");
    commuter_buffer_free(own);
  });
}

/// Of which nobody can say how many sizes there are.
TEST_P(ModelTest, RefusesImpossibleRanks) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    for (int32_t impossible : {-1, 17, 1 << 24}) {
      Arguments arguments;
      arguments.views[0].rank = impossible;
      commuter_results_t *results;
      EXPECT_EQ(
          commuter_model_run(rank.context, &model, arguments.views, &results),
          COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), "argument 0 has rank " +
                                  std::to_string(impossible) + ", not 0 to 16");
    }
  });
}

TEST_P(ModelTest, RefusesProgramsOfOtherDevices) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    model.device = "cuda";
    Arguments arguments;
    commuter_results_t *results;
    EXPECT_EQ(
        commuter_model_run(rank.context, &model, arguments.views, &results),
        COMMUTER_UNSUPPORTED);
    EXPECT_EQ(rank.error(), "the model is compiled for device cuda, but the "
                            "context's device is cpu");
  });
}

TEST_P(ModelTestOfOtherDevices, RefuseArgumentsOfTheHost) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    const std::string device = GetParam().device;
    model.device = device.c_str();
    Arguments arguments;
    commuter_results_t *results;
    EXPECT_EQ(
        commuter_model_run(rank.context, &model, arguments.views, &results),
        COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(rank.error().find("argument 0 is the host's memory"), 0u)
        << rank.error();
  });
}

/// Extents are the host's on every device.
TEST_P(ModelTestOfOtherDevices, RefuseExtentsOfTheDevice) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    const std::string device = GetParam().device;
    model.device = device.c_str();
    commuter_model_value_t extents = kMatrix;
    extents.dtype = COMMUTER_I64;
    extents.element = "index";
    model.arguments = &extents;
    model.argument_count = 1;
    Arguments arguments;
    arguments.views[0].dtype = COMMUTER_I64;
    ASSERT_EQ(commuter_buffer_alloc(rank.context, 48, &arguments.views[0].data),
              COMMUTER_OK);
    commuter_results_t *results;
    EXPECT_EQ(
        commuter_model_run(rank.context, &model, arguments.views, &results),
        COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(rank.error(), "argument 0, of index, is memory of device " +
                                device + ", but has to be the host's");
    commuter_buffer_free(arguments.views[0].data);
  });
}

TEST_P(ModelTestOfOtherDevices, RefuseProgramsOfTheHost) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    commuter_model_t model = makeModel(runScale);
    Arguments arguments;
    commuter_results_t *results;
    EXPECT_EQ(
        commuter_model_run(rank.context, &model, arguments.views, &results),
        COMMUTER_UNSUPPORTED);
    EXPECT_EQ(rank.error(), std::string("the model is compiled for device cpu, "
                                        "but the context's device is ") +
                                GetParam().device);
  });
}

} // namespace
