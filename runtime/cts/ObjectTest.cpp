//===- ObjectTest.cpp -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Objects and names: worlds, contexts, meshes, groups, buffers, copies and the
// table of program symbols.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

#include <cstdlib>
#include <optional>

using namespace cts;

namespace {

const MeshCase kFour{"Four", {"dp", "tp"}, {2, 2}, "mesh[dp,tp]", {0, 1}};
const MeshCase kOne{"One", {"dp"}, {1}, "mesh[dp]", {0}};

// By the number of ranks: where ranks are processes, a job has as many.
class ObjectTest : public testing::TestWithParam<Backend> {};
class ObjectTestOfTwo : public testing::TestWithParam<Backend> {};
class ObjectTestOfFour : public testing::TestWithParam<Backend> {};

CTS_INSTANTIATE(ObjectTest, backends(1));
CTS_INSTANTIATE(ObjectTestOfTwo, backends(2));
CTS_INSTANTIATE(ObjectTestOfFour, backends(4));

TEST_P(ObjectTest, Strings) {
  EXPECT_STREQ(commuter_status_string(COMMUTER_INVALID_ARGUMENT),
               "invalid argument");
  EXPECT_STREQ(commuter_dtype_string(COMMUTER_BF16), "bf16");
  EXPECT_EQ(commuter_dtype_size(COMMUTER_F64), 8u);
  EXPECT_EQ(commuter_dtype_size(COMMUTER_I1), 1u);
}

TEST_P(ObjectTestOfTwo, WorldsAndContexts) {
  commuter_world_t *world = nullptr;
  EXPECT_EQ(GetParam().createWorld(0, nullptr, &world),
            COMMUTER_INVALID_ARGUMENT);
  EXPECT_STRNE(commuter_last_error(), "");
  if (Job::get().isDistributed) {
    EXPECT_EQ(GetParam().createWorld(3, nullptr, &world),
              COMMUTER_INVALID_ARGUMENT);
  }
  ASSERT_EQ(GetParam().createWorld(2, nullptr, &world), COMMUTER_OK);
  EXPECT_EQ(commuter_world_size(world), 2);
  int32_t local = commuter_world_rank(world), own = local < 0 ? 1 : local;
  commuter_context_t *context = nullptr, *other = nullptr;
  EXPECT_EQ(commuter_context_create(world, 2, "cpu", &context),
            COMMUTER_INVALID_ARGUMENT);
  EXPECT_EQ(commuter_context_create(world, 0, "abacus", &context),
            COMMUTER_UNSUPPORTED);
  if (local >= 0) {
    EXPECT_EQ(commuter_context_create(world, 1 - local, "cpu", &context),
              COMMUTER_INVALID_ARGUMENT);
  }
  ASSERT_EQ(commuter_context_create(world, own, GetParam().device, &context),
            COMMUTER_OK);
  EXPECT_EQ(commuter_context_rank(context), own);
  EXPECT_EQ(commuter_context_create(world, own, GetParam().device, &other),
            COMMUTER_INVALID_ARGUMENT);
  // The context keeps its world.
  commuter_world_release(world);
  commuter_context_retain(context);
  commuter_context_release(context);
  EXPECT_EQ(commuter_context_rank(context), own);
  commuter_context_release(context);
  commuter_context_release(nullptr);
  commuter_world_release(nullptr);
}

/// Sets a variable of the environment, and in the end makes it what it was.
class Variable {
public:
  Variable(const char *name, const char *value) : name(name) {
    if (const char *old = std::getenv(name))
      before = old;
    setenv(name, value, 1);
  }
  ~Variable() {
    if (before)
      setenv(name, before->c_str(), 1);
    else
      unsetenv(name);
  }

private:
  const char *name;
  std::optional<std::string> before;
};

TEST_P(ObjectTest, VariablesThatMakeNoSenseAreErrors) {
  commuter_world_t *world = nullptr;
  for (const char *text : {"soon", "0", "-1", "5s"}) {
    Variable timeout("COMMUTER_TIMEOUT_MS", text);
    EXPECT_EQ(commuter_threads_world_create(1, nullptr, &world),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(std::string("COMMUTER_TIMEOUT_MS=") + text +
                  ": expected milliseconds, 1 or more",
              commuter_last_error());
  }
  struct {
    const char *name, *value, *expected;
  } cases[] = {{"COMMUTER_THREADS", "two", "a number of threads, 1 to 4096"},
               {"COMMUTER_THREADS", "0", "a number of threads, 1 to 4096"},
               {"COMMUTER_CACHE_BYTES", "32M", "bytes, 1 or more"},
               {"COMMUTER_ISA", "sse", "portable, avx2 or avx512"}};
  ASSERT_EQ(commuter_threads_world_create(1, nullptr, &world), COMMUTER_OK);
  commuter_context_t *context = nullptr;
  for (auto &bad : cases) {
    Variable variable(bad.name, bad.value);
    EXPECT_EQ(commuter_context_create(world, 0, "cpu", &context),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(std::string(bad.name) + "=" + bad.value + ": expected " +
                  bad.expected,
              commuter_last_error());
  }
  // What is empty is not set.
  Variable threads("COMMUTER_THREADS", ""), isa("COMMUTER_ISA", "");
  EXPECT_EQ(commuter_context_create(world, 0, "cpu", &context), COMMUTER_OK);
  commuter_context_release(context);
  commuter_world_release(world);
}

TEST_P(ObjectTestOfFour, MeshesAndGroups) {
  World world(GetParam(), kFour);
  world.run([&](Rank &rank) {
    auto add = [&](const char *name, std::vector<const char *> axes,
                   std::vector<int64_t> sizes) {
      return commuter_context_add_mesh(rank.context, name,
                                       static_cast<int32_t>(axes.size()),
                                       axes.data(), sizes.data());
    };
    EXPECT_EQ(add("mesh", {"x"}, {4}), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(add("m", {"x", "x"}, {2, 2}), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(add("m", {"x", "y"}, {4, 0}), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(add("m", {"x"}, {3}), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(add("m[", {"x"}, {4}), COMMUTER_INVALID_ARGUMENT);
    EXPECT_OK(rank, add("m", {"x", "y", "z"}, {2, 1, 2}));
    commuter_group_t *group = nullptr, *again = nullptr;
    for (const char *bad : {"mesh", "mesh[", "mesh[]", "mesh[dp", "mesh[ep]",
                            "mesh[dp,dp]", "none[dp]", "mesh[dp,]", "", "]"})
      EXPECT_EQ(commuter_context_group(rank.context, bad, &group),
                COMMUTER_INVALID_ARGUMENT)
          << bad;
    EXPECT_OK(rank, commuter_context_group(rank.context, "m[z,x]", &group));
    EXPECT_OK(rank, commuter_context_group(rank.context, "m[z,x]", &again));
    EXPECT_EQ(group, again);
    EXPECT_EQ(commuter_group_size(group), 4);
    // Rank 2 x + z has index 2 z + x.
    EXPECT_EQ(commuter_group_index(group), rank.rank % 2 * 2 + rank.rank / 2);
    EXPECT_OK(rank, commuter_context_group(rank.context, "m[y]", &group));
    EXPECT_EQ(commuter_group_size(group), 1);
  });
}

TEST_P(ObjectTest, Buffers) {
  World world(GetParam(), kOne);
  void *survivor = nullptr;
  world.run([&](Rank &rank) {
    void *a, *b, *c;
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 1000, &a));
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 0, &b));
    EXPECT_OK(rank, commuter_buffer_alloc(rank.context, 24, &c));
    for (void *data : {a, b, c})
      EXPECT_EQ(reinterpret_cast<uintptr_t>(data) % 64, 0u);
    EXPECT_NE(b, nullptr);
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 3);
    EXPECT_EQ(stats.live_bytes, 1024);
    commuter_buffer_free(a);
    std::thread([&] { commuter_buffer_free(b); }).join();
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.live_buffers, 1);
    EXPECT_EQ(stats.peak_bytes, 1024);
    commuter_context_reset_stats(rank.context);
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.peak_bytes, 24);
    EXPECT_EQ(commuter_buffer_alloc(rank.context, SIZE_MAX - 8, &a),
              COMMUTER_OUT_OF_MEMORY);
    EXPECT_EQ(commuter_buffer_alloc(rank.context, SIZE_MAX / 4, &a),
              COMMUTER_OUT_OF_MEMORY);
    commuter_buffer_free(nullptr);
    survivor = c;
  });
  // The context is gone.
  if (GetParam().isHost)
    std::memset(survivor, 1, 24);
  commuter_buffer_free(survivor);
}

struct CopyCase {
  Tensor *source, *target;
};

TEST_P(ObjectTest, ProgramCopy) {
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : kAllTypes)
      for (Layout from : kLayouts)
        for (Layout to : kLayouts) {
          Tensor source(type, {3, 4, 5}, from), target(type, {3, 4, 5}, to);
          fill(source, 1);
          CopyCase copy{&source, &target};
          EXPECT_OK(rank, commuter_context_run(
                              rank.context,
                              [](void *argument) {
                                auto *c = static_cast<CopyCase *>(argument);
                                commuter_program_copy(nullptr,
                                                      &c->source->view(),
                                                      &c->target->view());
                              },
                              &copy));
          for (int64_t i = 0; i < source.count; ++i)
            EXPECT_EQ(target.bits(i), source.bits(i));
        }
    Tensor a(COMMUTER_F32, {3}), b(COMMUTER_F32, {4});
    CopyCase copy{&a, &b};
    EXPECT_EQ(commuter_context_run(
                  rank.context,
                  [](void *argument) {
                    auto *c = static_cast<CopyCase *>(argument);
                    commuter_program_copy(nullptr, &c->source->view(),
                                          &c->target->view());
                  },
                  &copy),
              COMMUTER_INVALID_ARGUMENT);
  });
}

TEST_P(ObjectTest, MemrefCopy) {
  if (!GetParam().isHost)
    GTEST_SKIP() << "the arrays are the host's";
  World world(GetParam(), kOne);
  world.run([&](Rank &rank) {
    EXPECT_OK(rank, commuter_context_run(
                        rank.context,
                        [](void *) {
                          struct Descriptor {
                            void *allocated, *aligned;
                            int64_t offset, sizes[2], strides[2];
                          };
                          struct Unranked {
                            int64_t rank;
                            void *descriptor;
                          };
                          // A 2x3 window of a 4x5 matrix, transposed on the
                          // way.
                          int32_t source[20], target[6] = {};
                          for (int i = 0; i < 20; ++i)
                            source[i] = i;
                          Descriptor from{source, source, 6, {2, 3}, {5, 1}};
                          Descriptor to{target, target, 0, {2, 3}, {1, 2}};
                          Unranked a{2, &from}, b{2, &to};
                          memrefCopy(4, &a, &b);
                          int32_t expected[] = {6, 11, 7, 12, 8, 13};
                          for (int i = 0; i < 6; ++i)
                            EXPECT_EQ(target[i], expected[i]);
                          // Scalars, and elements of 16 bytes.
                          Unranked s{0, &from}, t{0, &to};
                          memrefCopy(4, &s, &t);
                          EXPECT_EQ(target[0], 6);
                          from.offset = 1;
                          memrefCopy(16, &s, &t);
                          EXPECT_EQ(target[3], 7);
                        },
                        nullptr));
  });
}

// Each rank has its own, which keeps what is written from run to run; the
// program's is left as it was.
TEST_P(ObjectTestOfFour, GlobalsOfPrograms) {
  static const int64_t contents[2] = {5, 7};
  World world(GetParam(), kFour);
  world.run([&](Rank &rank) {
    auto add = [](void *number) {
      auto *global = static_cast<int64_t *>(
          commuter_program_global(nullptr, contents, sizeof(contents), 64));
      EXPECT_EQ(global[1], 7);
      global[0] += *static_cast<int64_t *>(number);
      *static_cast<int64_t *>(number) = global[0];
    };
    int64_t number = 10 * (rank.rank + 1);
    EXPECT_OK(rank, commuter_context_run(rank.context, add, &number));
    EXPECT_EQ(number, 5 + 10 * (rank.rank + 1));
    EXPECT_OK(rank, commuter_context_run(rank.context, add, &number));
    EXPECT_EQ(number, 10 + 20 * (rank.rank + 1));
  });
  EXPECT_EQ(contents[0], 5);
}

TEST_P(ObjectTest, Symbols) {
  int count = 0;
  for (const commuter_symbol_t *symbol = commuter_program_symbols();
       symbol->name; ++symbol, ++count)
    EXPECT_NE(symbol->address, nullptr) << symbol->name;
  EXPECT_EQ(count, 30);
}

} // namespace
