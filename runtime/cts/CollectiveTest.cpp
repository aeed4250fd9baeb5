//===- CollectiveTest.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Conformance: what each collective computes. Inputs are exactly representable,
// so results are compared for equality.
//
//===----------------------------------------------------------------------===//

#include "cts/Harness.h"

#include <cmath>
#include <cstring>

using namespace cts;

TEST(Groups, LastNamedAxisIsFastest) {
  World({{"a", 2}, {"b", 3}}).run([](commuter_context_t *c, int rank) {
    EXPECT_EQ(commuter_group_index(group(c, "m[a,b]")), rank);
    EXPECT_EQ(commuter_group_index(group(c, "m[b,a]")),
              rank % 3 * 2 + rank / 3);
    EXPECT_EQ(commuter_group_index(group(c, "m[b]")), rank % 3);
    EXPECT_EQ(commuter_group_size(group(c, "m[a]")), 2);
    commuter_group_t *none = nullptr;
    for (const char *spec : {"m", "m[]", "x[a]", "m[c]", "m[a,a]"})
      EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
                commuter_context_group(c, spec, &none))
          << spec;
  });
}

class Meshes : public testing::TestWithParam<std::vector<Axis>> {};
INSTANTIATE_TEST_SUITE_P(Threads, Meshes,
                         testing::Values(std::vector<Axis>{{"a", 8}, {"b", 1}},
                                         std::vector<Axis>{{"a", 4}, {"b", 2}},
                                         std::vector<Axis>{{"a", 2}, {"b", 3}},
                                         std::vector<Axis>{{"a", 1},
                                                           {"b", 5}}));

TEST_P(Meshes, AllGather) {
  World(GetParam()).run([](commuter_context_t *c, int rank) {
    for (const char *spec : {"m[a]", "m[b]", "m[b,a]"})
      for (int64_t dim : {0, 1}) {
        commuter_group_t *g = group(c, spec);
        int64_t n = commuter_group_size(g);
        Tensor<float> x(COMMUTER_F32, {3, 5}, rank);
        std::vector<int64_t> shape{3, 5};
        shape[dim] *= n;
        Tensor<float> y(COMMUTER_F32, shape, -1);
        commuter_view_t in = x.view(), out = y.view();
        ASSERT_EQ(COMMUTER_OK,
                  commuter_all_gather(c, g, &in, &out, dim, nullptr))
            << commuter_context_error(c);
        // Each member's part holds its rank: gather the ranks to compare.
        Tensor<int64_t> ranks(COMMUTER_I64, {n});
        commuter_view_t members = ranks.view();
        ASSERT_EQ(COMMUTER_OK, commuter_exchange_extents(c, g, rank, &members));
        for (int64_t i = 0; i < shape[0]; ++i)
          for (int64_t j = 0; j < shape[1]; ++j)
            ASSERT_EQ(y.data[i * shape[1] + j],
                      ranks.data[dim == 0 ? i / 3 : j / 5]);
      }
  });
}

TEST_P(Meshes, RaggedAllGatherWithEmptyRanks) {
  World(GetParam()).run([](commuter_context_t *c, int) {
    commuter_group_t *g = group(c, "m[b,a]");
    int64_t n = commuter_group_size(g), mine = commuter_group_index(g);
    Tensor<int64_t> extents(COMMUTER_I64, {n});
    int64_t total = 0;
    for (int64_t i = 0; i < n; ++i)
      total += extents.data[i] = i % 3; // 0, 1, 2, 0, …
    Tensor<int16_t> x(COMMUTER_BF16, {extents.data[mine], 4}, mine);
    Tensor<int16_t> y(COMMUTER_BF16, {total, 4}, -1);
    commuter_view_t in = x.view(), out = y.view(), e = extents.view();
    ASSERT_EQ(COMMUTER_OK, commuter_all_gather(c, g, &in, &out, 0, &e))
        << commuter_context_error(c);
    int64_t row = 0;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t k = 0; k < extents.data[i]; ++k, ++row)
        for (int64_t j = 0; j < 4; ++j)
          ASSERT_EQ(y.data[row * 4 + j], i);
  });
}

TEST_P(Meshes, AllGatherInPlaceCopiesNothingOfItsOwn) {
  World(GetParam()).run([](commuter_context_t *c, int) {
    commuter_group_t *g = group(c, "m[a,b]");
    int64_t n = commuter_group_size(g), mine = commuter_group_index(g);
    Tensor<float> y(COMMUTER_F32, {n * 2, 3});
    for (int i = 0; i < 6; ++i)
      y.data[mine * 6 + i] = mine * 10 + i;
    commuter_view_t out = y.view(), in = out;
    int64_t sizes[] = {2, 3};
    in.sizes = sizes;
    in.data = y.data.data() + mine * 6;
    ASSERT_EQ(COMMUTER_OK, commuter_all_gather(c, g, &in, &out, 0, nullptr));
    for (int64_t i = 0; i < n * 6; ++i)
      ASSERT_EQ(y.data[i], i / 6 * 10 + i % 6);
    commuter_stats_t stats;
    commuter_context_stats(c, &stats);
    EXPECT_EQ(stats.bytes_copied, (n - 1) * 6 * 4);
    EXPECT_EQ(stats.bytes_received, (n - 1) * 6 * 4);
  });
}

TEST_P(Meshes, ReductionsAgreeAndKeepOrder) {
  World(GetParam()).run([](commuter_context_t *c, int rank) {
    commuter_group_t *g = group(c, "m[a,b]");
    int64_t n = commuter_group_size(g), mine = commuter_group_index(g);
    // Values whose sum depends on the order: what scatters must be what
    // reduces.
    Tensor<float> x(COMMUTER_F32, {n * 3, 7}), all(COMMUTER_F32, {n * 3, 7}),
        part(COMMUTER_F32, {3, 7});
    for (int64_t i = 0; i < n * 21; ++i)
      x.data[i] = std::ldexp(1.0f + i % 5, (rank * 7 + i) % 29);
    commuter_view_t in = x.view(), out = all.view(), slice = part.view();
    ASSERT_EQ(COMMUTER_OK, commuter_all_reduce(c, g, COMMUTER_SUM, &in, &out));
    ASSERT_EQ(COMMUTER_OK,
              commuter_reduce_scatter(c, g, COMMUTER_SUM, &in, &slice, 0));
    ASSERT_EQ(0,
              std::memcmp(part.data.data(), all.data.data() + mine * 21, 84));
    for (int64_t e = 0; e < n * 21; ++e) {
      float sum = std::ldexp(1.0f + e % 5, e % 29);
      for (int64_t r = 1; r < n; ++r)
        sum += std::ldexp(1.0f + e % 5, (r * 7 + e) % 29);
      ASSERT_EQ(all.data[e], sum);
    }
    // In place, and max.
    ASSERT_EQ(COMMUTER_OK, commuter_all_reduce(c, g, COMMUTER_MAX, &in, &in));
    for (int64_t e = 0; e < n * 21; ++e) {
      float most = 0;
      for (int64_t r = 0; r < n; ++r)
        most = std::max(most, std::ldexp(1.0f + e % 5, (r * 7 + e) % 29));
      ASSERT_EQ(x.data[e], most);
    }
  });
}

TEST_P(Meshes, BF16SumsRoundOnce) {
  World(GetParam()).run([](commuter_context_t *c, int) {
    commuter_group_t *g = group(c, "m[a,b]");
    int64_t n = commuter_group_size(g), mine = commuter_group_index(g);
    // 256 + 1 + 1 + …: each 1 alone is lost in bf16, their sum is not.
    Tensor<uint16_t> x(COMMUTER_BF16, {5}, mine == 0 ? 0x4380 : 0x3f80);
    commuter_view_t in = x.view();
    ASSERT_EQ(COMMUTER_OK, commuter_all_reduce(c, g, COMMUTER_SUM, &in, &in));
    float exact = 256 + n - 1, found;
    uint32_t bits = static_cast<uint32_t>(x.data[4]) << 16;
    std::memcpy(&found, &bits, 4);
    EXPECT_EQ(found, std::nearbyint(exact / 2) * 2); // bf16 has steps of 2 here
  });
}

TEST_P(Meshes, AllToAllIsItsOwnInverse) {
  World(GetParam()).run([](commuter_context_t *c, int rank) {
    commuter_group_t *g = group(c, "m[a,b]");
    int64_t n = commuter_group_size(g);
    Tensor<int32_t> x(COMMUTER_I32, {2, n * 3}), y(COMMUTER_I32, {2 * n, 3}),
        z(COMMUTER_I32, {2, n * 3});
    for (int64_t i = 0; i < n * 6; ++i)
      x.data[i] = rank * 1000 + i;
    commuter_view_t in = x.view(), mid = y.view(), out = z.view();
    ASSERT_EQ(COMMUTER_OK, commuter_all_to_all(c, g, &in, &mid, 1, 0));
    for (int64_t peer = 0; peer < n; ++peer)
      for (int64_t i = 0; i < 2; ++i)
        for (int64_t j = 0; j < 3; ++j)
          ASSERT_EQ(y.data[(peer * 2 + i) * 3 + j],
                    peer * 1000 + i * n * 3 + commuter_group_index(g) * 3 + j);
    ASSERT_EQ(COMMUTER_OK, commuter_all_to_all(c, g, &mid, &out, 0, 1));
    for (int64_t i = 0; i < n * 6; ++i)
      ASSERT_EQ(z.data[i], x.data[i]);
  });
}

TEST_P(Meshes, ToPartialLeavesEveryBit) {
  World(GetParam()).run([](commuter_context_t *c, int) {
    commuter_group_t *g = group(c, "m[a,b]");
    Tensor<float> x(COMMUTER_F32, {4}), p(COMMUTER_F32, {4});
    float values[] = {-0.0f, 0.0f, 1.5f, -INFINITY};
    std::memcpy(x.data.data(), values, 16);
    commuter_view_t in = x.view(), out = p.view();
    ASSERT_EQ(COMMUTER_OK, commuter_to_partial(c, g, &in, &out));
    ASSERT_EQ(COMMUTER_OK, commuter_all_reduce(c, g, COMMUTER_SUM, &out, &out));
    EXPECT_EQ(0, std::memcmp(p.data.data(), values, 16));
  });
}

TEST_P(Meshes, StridedViews) {
  World(GetParam()).run([](commuter_context_t *c, int rank) {
    commuter_group_t *g = group(c, "m[a,b]");
    int64_t n = commuter_group_size(g);
    // The transpose of a 5 x 3 tensor, gathered along its columns.
    Tensor<float> x(COMMUTER_F32, {5, 3}), y(COMMUTER_F32, {3, 5 * n});
    for (int64_t i = 0; i < 15; ++i)
      x.data[i] = rank * 100 + i;
    int64_t sizes[] = {3, 5}, strides[] = {1, 3};
    commuter_view_t in{x.data.data(), COMMUTER_F32, 2, sizes, strides};
    commuter_view_t out = y.view();
    ASSERT_EQ(COMMUTER_OK, commuter_all_gather(c, g, &in, &out, 1, nullptr));
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t j = 0; j < 5 * n; ++j)
        ASSERT_EQ(y.data[i * 5 * n + j], j / 5 * 100 + j % 5 * 3 + i);
    ASSERT_EQ(COMMUTER_OK, commuter_all_reduce(c, g, COMMUTER_MIN, &in, &in));
    for (int64_t i = 0; i < 15; ++i)
      ASSERT_EQ(x.data[i], i);
  });
}

TEST(Shards, BoundsAreChecked) {
  World({{"a", 4}}).run([](commuter_context_t *c, int rank) {
    commuter_group_t *g = group(c, "m[a]");
    int64_t offset, size;
    ASSERT_EQ(COMMUTER_OK,
              commuter_shard_bounds(c, g, 12, nullptr, &offset, &size));
    EXPECT_EQ(offset, rank * 3);
    EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
              commuter_shard_bounds(c, g, 13, nullptr, &offset, &size));
    Tensor<int64_t> extents(COMMUTER_I64, {4});
    for (int i = 0; i < 4; ++i)
      extents.data[i] = i;
    commuter_view_t e = extents.view();
    ASSERT_EQ(COMMUTER_OK, commuter_shard_bounds(c, g, 6, &e, &offset, &size));
    EXPECT_EQ(offset, rank * (rank - 1) / 2);
    EXPECT_EQ(size, rank);
    EXPECT_EQ(COMMUTER_INVALID_ARGUMENT,
              commuter_shard_bounds(c, g, 7, &e, &offset, &size));
  });
}
