//===- ContractTest.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions against the loops that define them, bit for bit. As the loops
// know nothing of other rows and columns, no result depends on them.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

using namespace cts;

namespace {

class ContractTest : public testing::TestWithParam<Backend> {
protected:
  void run(const std::function<void(Rank &)> &body) {
    World world(GetParam(), kOne);
    world.run(body);
  }
};
CTS_INSTANTIATE(ContractTest, backends(1));

struct Types {
  commuter_dtype_t a, b, c;
};
const Types kTypes[] = {
    {COMMUTER_F32, COMMUTER_F32, COMMUTER_F32},
    {COMMUTER_BF16, COMMUTER_BF16, COMMUTER_F32},
    {COMMUTER_F16, COMMUTER_F16, COMMUTER_F32},
    {COMMUTER_F16, COMMUTER_BF16, COMMUTER_F32},
    {COMMUTER_BF16, COMMUTER_F32, COMMUTER_F32},
    {COMMUTER_BF16, COMMUTER_BF16, COMMUTER_BF16},
    {COMMUTER_F16, COMMUTER_F16, COMMUTER_F16},
};

/// The dimensions of the loops that a tensor's dimensions are.
using Map = std::vector<size_t>;

/// A view of the tensor over all loops.
struct LoopView {
  std::vector<int64_t> sizes, strides;
  commuter_view_t view;

  LoopView(const Tensor &tensor, const Map &map,
           const std::vector<int64_t> &loops)
      : sizes(loops), strides(loops.size()) {
    for (size_t d = 0; d < map.size(); ++d)
      strides[map[d]] = tensor.strides[d];
    view = {tensor.view().data, tensor.view().dtype,
            static_cast<int32_t>(loops.size()), sizes.data(), strides.data()};
  }
  LoopView(const LoopView &) = delete;
};

/// A contraction with its tensors.
struct Case {
  std::vector<int64_t> loops;
  Map ofA, ofB, ofC;
  Tensor a, b, c, expected;

  Case(const Types &types, std::vector<int64_t> loops, Map ofA, Map ofB,
       Map ofC, Layout layout = Layout::Dense, int64_t misalign = 0)
      : loops(loops), ofA(ofA), ofB(ofB), ofC(ofC),
        a(types.a, sizesOf(ofA), layout, misalign),
        b(types.b, sizesOf(ofB), layout, misalign),
        c(types.c, sizesOf(ofC), layout, misalign),
        expected(types.c, sizesOf(ofC)) {}

  std::vector<int64_t> sizesOf(const Map &map) const {
    std::vector<int64_t> sizes;
    for (size_t d : map)
      sizes.push_back(loops[d]);
    return sizes;
  }

  int64_t find(const Tensor &tensor, const Map &map,
               const std::vector<int64_t> &index) const {
    std::vector<int64_t> place;
    for (size_t d : map)
      place.push_back(index[d]);
    return ravel(place, tensor.sizes);
  }

  void fill(uint64_t seed, double scale = 1) {
    fillRandom(a, seed, 0, scale);
    fillRandom(b, seed + 1, 0, scale);
    fillRandom(c, seed + 2, 0, scale);
    for (int64_t i = 0; i < c.count; ++i)
      expected.set(i, c.get(i));
  }

  void computeExpected() {
    int64_t count = 1;
    for (int64_t size : loops)
      count *= size;
    commuter_dtype_t type = c.type();
    for (int64_t i = 0; i < count; ++i) {
      std::vector<int64_t> index = unravel(i, loops);
      int64_t place = find(expected, ofC, index);
      float x = a.get(find(a, ofA, index)), y = b.get(find(b, ofB, index));
      float product = roundTo(x * y, type);
      float sum = static_cast<float>(expected.get(place)) + product;
      expected.set(place, sum);
    }
  }

  commuter_status_t call(commuter_context_t *context) {
    LoopView viewA(a, ofA, loops), viewB(b, ofB, loops), viewC(c, ofC, loops);
    return commuter_contract(context, &viewA.view, &viewB.view, &viewC.view);
  }

  /// A NaN is a NaN.
  void check(Rank &rank) {
    computeExpected();
    EXPECT_OK(rank, call(rank.context));
    for (int64_t i = 0; i < c.count; ++i) {
      if (std::isnan(expected.get(i)) && std::isnan(c.get(i)))
        continue;
      ASSERT_EQ(c.bits(i), expected.bits(i))
          << "element " << i << ": " << c.get(i) << ", expected "
          << expected.get(i);
    }
  }
};

const Map kRowsDepth{0, 2}, kDepthColumns{2, 1}, kRowsColumns{0, 1};

TEST_P(ContractTest, EveryNumberOfRowsAndColumns) {
  run([&](Rank &rank) {
    for (const Types &types : kTypes)
      for (int64_t m = 1; m <= 26; ++m)
        for (int64_t n : {1, 7, 8, 16, 31, 32, 33, 65}) {
          Case product(types, {m, n, 5}, kRowsDepth, kDepthColumns,
                       kRowsColumns);
          product.fill(m * 100 + n);
          product.check(rank);
        }
  });
}

// Larger than every block: 240 rows, 1024 columns, a depth of 256.
TEST_P(ContractTest, Blocks) {
  run([&](Rank &rank) {
    for (const Types &types : {kTypes[0], kTypes[1], kTypes[5]}) {
      for (auto loops :
           {std::vector<int64_t>{243, 35, 9}, std::vector<int64_t>{13, 1027, 9},
            std::vector<int64_t>{14, 33, 515}}) {
        Case product(types, loops, kRowsDepth, kDepthColumns, kRowsColumns);
        product.fill(loops[0]);
        product.check(rank);
      }
    }
  });
}

TEST_P(ContractTest, LayoutsAndAlignments) {
  run([&](Rank &rank) {
    for (const Types &types : kTypes)
      for (Layout layout : kLayouts)
        for (int64_t misalign : {0, 4, 12}) {
          Case plain(types, {13, 34, 6}, kRowsDepth, kDepthColumns,
                     kRowsColumns, layout, misalign);
          plain.fill(misalign);
          plain.check(rank);
          Case transposed(types, {13, 34, 6}, {2, 0}, {1, 2}, {1, 0}, layout,
                          misalign);
          transposed.fill(misalign);
          transposed.check(rank);
        }
  });
}

// Batches, factors that are broadcast over them, several loops of each kind,
// in any order, and none of some.
TEST_P(ContractTest, LoopNests) {
  run([&](Rank &rank) {
    for (const Types &types : {kTypes[0], kTypes[1], kTypes[6]}) {
      struct {
        std::vector<int64_t> loops;
        Map a, b, c;
      } nests[] = {
          {{3, 5, 7, 4}, {0, 1, 3}, {0, 3, 2}, {0, 1, 2}}, // batch_matmul
          {{3, 5, 7, 4}, {0, 1, 3}, {3, 2}, {0, 1, 2}},    // B broadcast
          {{3, 5, 7, 4}, {1, 3}, {0, 3, 2}, {0, 1, 2}},    // A broadcast
          {{2, 3, 4, 5, 6}, {0, 1, 4}, {4, 2, 3}, {0, 1, 2, 3}},
          {{2, 3, 4, 5, 6}, {1, 0, 4}, {4, 3, 2}, {2, 0, 3, 1}},
          {{5, 6, 3, 4}, {0, 2, 3}, {2, 3, 1}, {0, 1}}, // two sums, merged
          {{5, 6, 3, 4}, {0, 2, 3}, {3, 2, 1}, {0, 1}}, // and apart
          {{3, 4, 5, 6}, {1, 0, 2}, {2, 0, 3}, {1, 3}}, // sums first
          {{5, 6}, {0, 1}, {1}, {0}},                   // matvec
          {{6}, {0}, {0}, {}},                          // dot
          {{5, 6}, {0}, {1}, {0, 1}},                   // outer product
          {{5, 6}, {0, 1}, {0, 1}, {0, 1}},             // elementwise
          {{}, {}, {}, {}},                             // numbers
          {{1, 1, 9}, {0, 2}, {2, 1}, {0, 1}},
          {{4, 0, 9}, {0, 2}, {2, 1}, {0, 1}},
          {{4, 3, 0}, {0, 2}, {2, 1}, {0, 1}},
      };
      for (auto &nest : nests) {
        Case product(types, nest.loops, nest.a, nest.b, nest.c);
        product.fill(nest.loops.size());
        product.check(rank);
      }
    }
  });
}

// Where products round, overflow or are subnormal, where they do not, and where
// nothing is a number: the instructions differ, the bits do not.
TEST_P(ContractTest, Magnitudes) {
  run([&](Rank &rank) {
    for (const Types &types : kTypes)
      for (double scale : {1e-30, 1e-22, 1e-19, 1e-4, 1e4, 1e18, 1e19, 3e38}) {
        Case product(types, {14, 35, 8}, kRowsDepth, kDepthColumns,
                     kRowsColumns);
        product.fill(7, scale);
        product.b.set(3, 0.0);
        product.b.set(4, -0.0);
        product.a.set(5, -0.0);
        product.check(rank);
      }
    for (const Types &types : kTypes)
      for (double special :
           {double(INFINITY), -double(INFINITY), double(NAN)}) {
        Case product(types, {14, 35, 8}, kRowsDepth, kDepthColumns,
                     kRowsColumns);
        product.fill(8);
        product.a.set(3, special);
        product.b.set(40, 0.0);
        product.check(rank);
      }
    // A negative zero stays one where all that is added is one.
    Case zeros(kTypes[1], {13, 33, 4}, kRowsDepth, kDepthColumns, kRowsColumns);
    zeros.fill(9, 0);
    for (int64_t i = 0; i < zeros.a.count; ++i)
      zeros.a.set(i, -0.0);
    for (int64_t i = 0; i < zeros.c.count; ++i) {
      zeros.c.set(i, -0.0);
      zeros.expected.set(i, -0.0);
    }
    zeros.check(rank);
    EXPECT_TRUE(std::signbit(zeros.c.get(0)));
  });
}

TEST_P(ContractTest, Refuses) {
  run([&](Rank &rank) {
    Types wrong[] = {{COMMUTER_F64, COMMUTER_F64, COMMUTER_F64},
                     {COMMUTER_F32, COMMUTER_F32, COMMUTER_BF16},
                     {COMMUTER_F16, COMMUTER_BF16, COMMUTER_F16},
                     {COMMUTER_I8, COMMUTER_I8, COMMUTER_I32},
                     {COMMUTER_F8E4M3FN, COMMUTER_F8E4M3FN, COMMUTER_F32}};
    for (const Types &types : wrong)
      EXPECT_EQ(Case(types, {2, 3, 4}, kRowsDepth, kDepthColumns, kRowsColumns)
                    .call(rank.context),
                COMMUTER_UNSUPPORTED);
    EXPECT_EQ(rank.error(), "no contraction of f8E4M3FN[2x3x4] and "
                            "f8E4M3FN[2x3x4] to f32[2x3x4]");
    Tensor a(COMMUTER_F32, {2, 3}), b(COMMUTER_F32, {2, 4});
    EXPECT_EQ(commuter_contract(rank.context, &a.view(), &b.view(), &a.view()),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(rank.error(),
              "a factor is f32[2x4], but the loops are those of f32[2x3]");
    EXPECT_EQ(commuter_contract(rank.context, nullptr, &b.view(), &a.view()),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(commuter_contract(nullptr, &a.view(), &a.view(), &a.view()),
              COMMUTER_INVALID_ARGUMENT);
  });
}

} // namespace
