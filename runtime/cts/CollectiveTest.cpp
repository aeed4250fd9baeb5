//===- CollectiveTest.cpp ---------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every collective, on every mesh and layout: inputs are small integers, so
// that results are exact and compared for equality.
//
//===----------------------------------------------------------------------===//

#include "Harness.h"

using namespace cts;

namespace {

class CollectiveTest
    : public testing::TestWithParam<std::tuple<Backend, MeshCase>> {
protected:
  World makeWorld() {
    return World(std::get<0>(GetParam()), std::get<1>(GetParam()));
  }
};

std::vector<std::tuple<Backend, MeshCase>> collectiveCases() {
  std::vector<std::tuple<Backend, MeshCase>> cases;
  for (const MeshCase &mesh : meshCases())
    for (const Backend &backend : backends(mesh.ranks()))
      cases.emplace_back(backend, mesh);
  return cases;
}

CTS_INSTANTIATE(CollectiveTest, collectiveCases());

/// The types that take part in reductions.
std::vector<commuter_dtype_t> arithmeticTypes() {
  std::vector<commuter_dtype_t> types;
  for (commuter_dtype_t type : kAllTypes)
    if (!isFloat8(type))
      types.push_back(type);
  return types;
}

double reduceReference(commuter_dtype_t type, commuter_reduction_t kind,
                       const std::vector<int32_t> &members, int64_t linear) {
  double result = value(type, members[0], linear);
  for (size_t i = 1; i < members.size(); ++i) {
    double v = value(type, members[i], linear);
    result = kind == COMMUTER_MAX   ? std::max(result, v)
             : kind == COMMUTER_MIN ? std::min(result, v)
                                    : result + v;
  }
  if (type == COMMUTER_I1 && kind == COMMUTER_SUM)
    return std::fmod(result, 2);
  return result;
}

TEST_P(CollectiveTest, GroupOrder) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    EXPECT_EQ(rank.size, static_cast<int64_t>(rank.members.size()));
    EXPECT_EQ(rank.members[rank.index], rank.rank);
  });
}

TEST_P(CollectiveTest, AllGather) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : kAllTypes)
      for (Layout layout : kLayouts)
        for (int64_t dim = 0; dim < 3; ++dim) {
          std::vector<int64_t> shape{2, 3, 5}, full = shape;
          full[dim] *= rank.size;
          Tensor input(type, shape, layout), output(type, full, layout);
          fill(input, rank.rank);
          EXPECT_OK(rank,
                    commuter_all_gather(rank.context, rank.group, &input.view(),
                                        &output.view(), dim, nullptr));
          int wrong = 0;
          for (int64_t i = 0; i < output.count; ++i) {
            std::vector<int64_t> index = unravel(i, full);
            int32_t source = rank.members[index[dim] / shape[dim]];
            index[dim] %= shape[dim];
            wrong += output.get(i) != value(type, source, ravel(index, shape));
          }
          EXPECT_EQ(wrong, 0);
        }
  });
}

TEST_P(CollectiveTest, AllGatherRagged) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : {COMMUTER_BF16, COMMUTER_F32, COMMUTER_I8})
      for (Layout layout : kLayouts)
        for (int64_t dim = 0; dim < 3; ++dim)
          for (int64_t variant = 0; variant < 4; ++variant) {
            // Member i has (3 i + variant) mod 4 rows, some of them none; of
            // variant 3 all are empty but the last.
            HostTensor extents(COMMUTER_I64, {rank.size});
            std::vector<int64_t> starts{0};
            for (int64_t i = 0; i < rank.size; ++i) {
              int64_t extent =
                  variant == 3 ? (i == rank.size - 1) : (3 * i + variant) % 4;
              extents.set(i, static_cast<double>(extent));
              starts.push_back(starts.back() + extent);
            }
            std::vector<int64_t> shape{2, 3, 4}, full = shape;
            shape[dim] = starts[rank.index + 1] - starts[rank.index];
            full[dim] = starts.back();
            Tensor input(type, shape, layout), output(type, full, layout);
            fill(input, rank.rank);
            EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group,
                                                &input.view(), &output.view(),
                                                dim, &extents.view()));
            int wrong = 0;
            for (int64_t i = 0; i < output.count; ++i) {
              std::vector<int64_t> index = unravel(i, full);
              int64_t member = 0;
              while (index[dim] >= starts[member + 1])
                ++member;
              index[dim] -= starts[member];
              std::vector<int64_t> theirs = shape;
              theirs[dim] = starts[member + 1] - starts[member];
              wrong += output.get(i) !=
                       value(type, rank.members[member], ravel(index, theirs));
            }
            EXPECT_EQ(wrong, 0);
          }
  });
}

TEST_P(CollectiveTest, AllGatherInPlaceCopiesOnlyTheOthers) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (int64_t dim = 0; dim < 2; ++dim) {
      std::vector<int64_t> full{4, 6};
      full[dim] *= rank.size;
      Tensor output(COMMUTER_F32, full);
      int64_t size = full[dim] / rank.size;
      Tensor::Slice own = output.slice(dim, rank.index * size, size);
      for (int64_t i = 0; i < output.count; ++i) {
        std::vector<int64_t> index = unravel(i, full);
        output.set(i, index[dim] / size == rank.index ? 100 + rank.rank : -1);
      }
      commuter_stats_t before, after;
      commuter_context_stats(rank.context, &before);
      EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &own.view(),
                                          &output.view(), dim, nullptr));
      commuter_context_stats(rank.context, &after);
      EXPECT_EQ(after.bytes_copied - before.bytes_copied,
                output.count * 4 * (rank.size - 1) / rank.size);
      for (int64_t i = 0; i < output.count; ++i)
        EXPECT_EQ(output.get(i),
                  100 + rank.members[unravel(i, full)[dim] / size]);
    }
  });
}

TEST_P(CollectiveTest, RaggedAllGatherInPlaceCopiesOnlyTheOthers) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    // Member i has i rows: the first has none.
    HostTensor extents(COMMUTER_I64, {rank.size});
    for (int64_t i = 0; i < rank.size; ++i)
      extents.set(i, static_cast<double>(i));
    auto start = [](int64_t member) { return member * (member - 1) / 2; };
    Tensor output(COMMUTER_BF16, {start(rank.size), 5});
    Tensor::Slice own = output.slice(0, start(rank.index), rank.index);
    for (int64_t i = 0; i < output.count; ++i) {
      int64_t row = i / 5 - start(rank.index);
      output.set(i, row >= 0 && row < rank.index ? 100 + rank.rank : -1);
    }
    commuter_stats_t before, after;
    commuter_context_stats(rank.context, &before);
    EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &own.view(),
                                        &output.view(), 0, &extents.view()));
    commuter_context_stats(rank.context, &after);
    EXPECT_EQ(after.bytes_copied - before.bytes_copied,
              (start(rank.size) - rank.index) * 10);
    for (int64_t member = 0; member < rank.size; ++member)
      for (int64_t row = start(member); row < start(member + 1); ++row)
        for (int64_t i = 0; i < 5; ++i)
          EXPECT_EQ(output.get(row * 5 + i), 100 + rank.members[member]);
  });
}

/// Rows with their scales, and something of another shape and dimension: the
/// same as one after the other, for one collective of all bytes.
TEST_P(CollectiveTest, CoalescedAllGather) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (Layout layout : kLayouts)
      for (bool isRagged : {false, true}) {
        // Of the ragged ones member i has i rows: the first has none.
        HostTensor extents(COMMUTER_I64, {rank.size});
        int64_t rows = 0;
        for (int64_t i = 0; i < rank.size; ++i) {
          extents.set(i, static_cast<double>(isRagged ? i : 2));
          rows += isRagged ? i : 2;
        }
        const commuter_view_t *each = isRagged ? &extents.view() : nullptr;
        const int64_t own = isRagged ? rank.index : 2;
        Tensor quantized(COMMUTER_F8E4M3FN, {own, 7}, layout),
            scales(COMMUTER_F32, {own, 1}, layout),
            other(COMMUTER_I32, {3, 2}, layout);
        fill(quantized, rank.rank);
        fill(scales, rank.rank + 1);
        fill(other, rank.rank + 2);
        struct Whole {
          Tensor quantized, scales, other;
        };
        auto make = [&] {
          return Whole{Tensor(COMMUTER_F8E4M3FN, {rows, 7}, layout),
                       Tensor(COMMUTER_F32, {rows, 1}, layout),
                       Tensor(COMMUTER_I32, {3, 2 * rank.size}, layout)};
        };
        Whole expected = make(), whole = make();
        auto gathersTo = [&](Whole &to) {
          return std::vector<commuter_gather_t>{
              {&quantized.view(), &to.quantized.view(), each, 0},
              {&scales.view(), &to.scales.view(), each, 0},
              {&other.view(), &to.other.view(), nullptr, 1}};
        };
        commuter_stats_t start, middle, end;
        commuter_context_stats(rank.context, &start);
        for (const commuter_gather_t &of : gathersTo(expected))
          EXPECT_OK(rank,
                    commuter_all_gather(rank.context, rank.group, of.input,
                                        of.output, of.dim, of.extents));
        commuter_context_stats(rank.context, &middle);
        EXPECT_OK(rank, commuter_all_gather_coalesced(
                            rank.context, rank.group, gathersTo(whole).data(),
                            static_cast<int64_t>(gathersTo(whole).size())));
        commuter_context_stats(rank.context, &end);
        EXPECT_EQ(end.bytes_received - middle.bytes_received,
                  middle.bytes_received - start.bytes_received);
        EXPECT_EQ(end.bytes_copied - middle.bytes_copied,
                  middle.bytes_copied - start.bytes_copied);
        EXPECT_EQ(end.collective_count - middle.collective_count,
                  rank.size > 1 ? 1 : 0);
        int wrong = 0;
        for (auto [a, b] : {std::pair{&whole.quantized, &expected.quantized},
                            std::pair{&whole.scales, &expected.scales},
                            std::pair{&whole.other, &expected.other}})
          for (int64_t i = 0; i < a->count; ++i)
            wrong += a->get(i) != b->get(i);
        EXPECT_EQ(wrong, 0);
      }
  });
}

TEST_P(CollectiveTest, CoalescedAllGatherInPlaceCopiesOnlyTheOthers) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    Tensor rows(COMMUTER_BF16, {2 * rank.size, 5}),
        scales(COMMUTER_F32, {2 * rank.size, 1});
    Tensor::Slice ownRows = rows.slice(0, 2 * rank.index, 2),
                  ownScales = scales.slice(0, 2 * rank.index, 2);
    for (Tensor *of : {&rows, &scales}) {
      const int64_t part = of->count / rank.size;
      for (int64_t i = 0; i < of->count; ++i)
        of->set(i, i / part == rank.index ? 100 + rank.rank : -1);
    }
    const commuter_gather_t gathers[] = {
        {&ownRows.view(), &rows.view(), nullptr, 0},
        {&ownScales.view(), &scales.view(), nullptr, 0}};
    commuter_stats_t before, after;
    commuter_context_stats(rank.context, &before);
    EXPECT_OK(rank, commuter_all_gather_coalesced(rank.context, rank.group,
                                                  gathers, 2));
    commuter_context_stats(rank.context, &after);
    EXPECT_EQ(after.bytes_copied - before.bytes_copied,
              (rank.size - 1) * 2 * (5 * 2 + 4));
    for (Tensor *of : {&rows, &scales})
      for (int64_t i = 0; i < of->count; ++i)
        EXPECT_EQ(of->get(i), 100 + rank.members[i / (of->count / rank.size)]);
  });
}

TEST_P(CollectiveTest, AllReduce) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : arithmeticTypes())
      for (Layout layout : kLayouts)
        for (commuter_reduction_t kind :
             {COMMUTER_SUM, COMMUTER_MAX, COMMUTER_MIN})
          for (bool inPlace : {false, true})
            // Below and above the size at which the algorithm changes.
            for (std::vector<int64_t> shape :
                 {std::vector<int64_t>{3, 5}, {7, 1203}, {0, 4}}) {
              // All combinations would take long: the large shape runs on
              // every third.
              if (shape[0] == 7 && (int(type) + int(kind) + inPlace) % 3)
                continue;
              Tensor input(type, shape, layout), other(type, shape, layout);
              Tensor &output = inPlace ? input : other;
              fill(input, rank.rank);
              EXPECT_OK(rank,
                        commuter_all_reduce(rank.context, rank.group, kind,
                                            &input.view(), &output.view()));
              int wrong = 0;
              for (int64_t i = 0; i < output.count; ++i)
                wrong += output.get(i) !=
                         reduceReference(type, kind, rank.members, i);
              EXPECT_EQ(wrong, 0);
            }
  });
}

TEST_P(CollectiveTest, ReduceScatter) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : arithmeticTypes())
      for (Layout layout : kLayouts)
        for (commuter_reduction_t kind :
             {COMMUTER_SUM, COMMUTER_MAX, COMMUTER_MIN})
          for (int64_t dim = 0; dim < 3; ++dim) {
            std::vector<int64_t> shape{2, 3, 5}, part = shape;
            shape[dim] *= rank.size;
            Tensor input(type, shape, layout), output(type, part, layout);
            fill(input, rank.rank);
            EXPECT_OK(rank, commuter_reduce_scatter(rank.context, rank.group,
                                                    kind, &input.view(),
                                                    &output.view(), dim));
            int wrong = 0;
            for (int64_t i = 0; i < output.count; ++i) {
              std::vector<int64_t> index = unravel(i, part);
              index[dim] += rank.index * part[dim];
              wrong +=
                  output.get(i) != reduceReference(type, kind, rank.members,
                                                   ravel(index, shape));
            }
            EXPECT_EQ(wrong, 0);
          }
  });
}

TEST_P(CollectiveTest, AllReduceEqualsReduceScatterBitForBit) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type :
         {COMMUTER_F32, COMMUTER_F64, COMMUTER_F16, COMMUTER_BF16})
      for (int64_t columns : {7, 1501}) {
        // Magnitudes far apart: the order of additions shows in the result.
        std::vector<int64_t> shape{rank.size, columns};
        Tensor input(type, shape), all(type, shape), part(type, {1, columns});
        uint32_t state = 12345u + rank.rank;
        for (int64_t i = 0; i < input.count; ++i) {
          state = state * 1664525u + 1013904223u;
          input.set(i, std::ldexp((state >> 8) / 8388608.0 - 1,
                                  static_cast<int>(state >> 3 & 15) - 8));
        }
        EXPECT_OK(rank,
                  commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                      &input.view(), &all.view()));
        EXPECT_OK(rank, commuter_reduce_scatter(rank.context, rank.group,
                                                COMMUTER_SUM, &input.view(),
                                                &part.view(), 0));
        int wrong = 0;
        for (int64_t i = 0; i < columns; ++i)
          wrong += all.bits(rank.index * columns + i) != part.bits(i);
        EXPECT_EQ(wrong, 0);
      }
  });
}

TEST_P(CollectiveTest, ReduceAddsInGroupOrderAndRoundsOnce) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type :
         {COMMUTER_F32, COMMUTER_F64, COMMUTER_F16, COMMUTER_BF16}) {
      auto term = [&](int32_t r, int64_t i) {
        return roundTo(std::ldexp(1.0 + 0.37 * r, int((i + r) % 13) - 6), type);
      };
      Tensor input(type, {37}), output(type, {37});
      for (int64_t i = 0; i < 37; ++i)
        input.set(i, term(rank.rank, i));
      EXPECT_OK(rank,
                commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                    &input.view(), &output.view()));
      for (int64_t i = 0; i < 37; ++i) {
        double expected = term(rank.members[0], i);
        for (size_t k = 1; k < rank.members.size(); ++k)
          expected =
              roundTo(expected + term(rank.members[k], i),
                      type == COMMUTER_F64 ? COMMUTER_F64 : COMMUTER_F32);
        EXPECT_EQ(output.get(i), roundTo(expected, type));
      }
    }
  });
}

TEST_P(CollectiveTest, ReduceOfSpecialValues) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type :
         {COMMUTER_F32, COMMUTER_F64, COMMUTER_F16, COMMUTER_BF16})
      for (commuter_reduction_t kind :
           {COMMUTER_SUM, COMMUTER_MAX, COMMUTER_MIN}) {
        // Element i is NaN on member i alone; the last two are infinite on one
        // member, and -0.0 on all.
        int64_t count = rank.size + 2;
        Tensor input(type, {count}), output(type, {count});
        for (int64_t i = 0; i < count; ++i)
          input.set(i, i == rank.index ? NAN : 1.0);
        input.set(count - 2, rank.index == 0 ? INFINITY : 2.0);
        input.set(count - 1, -0.0);
        EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, kind,
                                            &input.view(), &output.view()));
        for (int64_t i = 0; i < rank.size; ++i)
          EXPECT_TRUE(std::isnan(output.get(i))) << i;
        double infinite = output.get(count - 2);
        if (kind == COMMUTER_MIN && rank.size > 1)
          EXPECT_EQ(infinite, 2.0);
        else
          EXPECT_EQ(infinite, INFINITY);
        EXPECT_TRUE(std::signbit(output.get(count - 1)));
      }
  });
}

TEST_P(CollectiveTest, IntegerSumsWrap) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    Tensor input(COMMUTER_I8, {40}), output(COMMUTER_I8, {40});
    for (int64_t i = 0; i < 40; ++i)
      input.set(i, 100);
    EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                        &input.view(), &output.view()));
    for (int64_t i = 0; i < 40; ++i)
      EXPECT_EQ(output.get(i), static_cast<int8_t>(100 * rank.size));
  });
}

TEST_P(CollectiveTest, AllToAll) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : kAllTypes)
      for (Layout layout : kLayouts)
        for (int64_t split = 0; split < 3; ++split)
          for (int64_t concat = 0; concat < 3; ++concat) {
            std::vector<int64_t> shape{2, 3, 4};
            shape[split] *= rank.size;
            std::vector<int64_t> result = shape;
            result[split] /= rank.size;
            result[concat] *= rank.size;
            Tensor input(type, shape, layout), output(type, result, layout);
            fill(input, rank.rank);
            EXPECT_OK(rank, commuter_all_to_all(rank.context, rank.group,
                                                &input.view(), &output.view(),
                                                split, concat));
            int64_t slot = result[concat] / rank.size;
            int64_t part = shape[split] / rank.size;
            int wrong = 0;
            for (int64_t i = 0; i < output.count; ++i) {
              std::vector<int64_t> index = unravel(i, result);
              int64_t member = index[concat] / slot;
              index[concat] %= slot;
              index[split] += rank.index * part;
              wrong += output.get(i) !=
                       value(type, rank.members[member], ravel(index, shape));
            }
            EXPECT_EQ(wrong, 0);
          }
  });
}

TEST_P(CollectiveTest, ExchangeExtents) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (Layout layout : {Layout::Dense, Layout::Padded}) {
      HostTensor extents(COMMUTER_I64, {rank.size}, layout);
      EXPECT_OK(rank,
                commuter_exchange_extents(rank.context, rank.group,
                                          10 * rank.rank, &extents.view()));
      for (int64_t i = 0; i < rank.size; ++i)
        EXPECT_EQ(extents.get(i), 10 * rank.members[i]);
    }
    EXPECT_OK(rank, commuter_barrier(rank.context, rank.group));
  });
}

TEST_P(CollectiveTest, RankZeroToEight) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (int32_t dims = 0; dims <= 8; ++dims)
      for (Layout layout : kLayouts) {
        std::vector<int64_t> shape(dims, 2);
        Tensor input(COMMUTER_I32, shape, layout),
            output(COMMUTER_I32, shape, layout);
        fill(input, rank.rank);
        EXPECT_OK(rank,
                  commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                      &input.view(), &output.view()));
        for (int64_t i = 0; i < output.count; ++i)
          EXPECT_EQ(output.get(i), reduceReference(COMMUTER_I32, COMMUTER_SUM,
                                                   rank.members, i));
        if (dims == 0)
          continue;
        std::vector<int64_t> full = shape;
        full[dims - 1] *= rank.size;
        Tensor gathered(COMMUTER_I32, full, layout);
        EXPECT_OK(rank,
                  commuter_all_gather(rank.context, rank.group, &input.view(),
                                      &gathered.view(), dims - 1, nullptr));
        for (int64_t i = 0; i < gathered.count; ++i) {
          std::vector<int64_t> index = unravel(i, full);
          int32_t source = rank.members[index[dims - 1] / 2];
          index[dims - 1] %= 2;
          EXPECT_EQ(gathered.get(i),
                    value(COMMUTER_I32, source, ravel(index, shape)));
        }
      }
  });
}

TEST_P(CollectiveTest, ToPartialKeepsTheSignOfZeroUnderReduction) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    for (commuter_dtype_t type : arithmeticTypes())
      for (bool inPlace : {false, true}) {
        Tensor input(type, {4, 3}, Layout::Padded),
            other(type, {4, 3}, Layout::Padded), sum(type, {4, 3});
        // Replicated among the members, as the operation requires.
        fill(input, rank.members[0]);
        bool isFloat = type <= COMMUTER_BF16;
        if (isFloat)
          input.set(5, -0.0);
        std::vector<uint64_t> expected;
        for (int64_t i = 0; i < input.count; ++i)
          expected.push_back(input.bits(i));
        Tensor &partial = inPlace ? input : other;
        EXPECT_OK(rank, commuter_to_partial(rank.context, rank.group,
                                            &input.view(), &partial.view()));
        if (rank.index != 0) {
          EXPECT_EQ(partial.get(0), 0);
          EXPECT_EQ(std::signbit(partial.get(0)), isFloat);
        }
        EXPECT_OK(rank,
                  commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                      &partial.view(), &sum.view()));
        for (int64_t i = 0; i < sum.count; ++i)
          EXPECT_EQ(sum.bits(i), expected[i]);
      }
  });
}

TEST_P(CollectiveTest, ShardBounds) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    int64_t offset = -1, size = -1;
    EXPECT_OK(rank,
              commuter_shard_bounds(rank.context, rank.group, 3 * rank.size,
                                    nullptr, &offset, &size));
    EXPECT_EQ(offset, 3 * rank.index);
    EXPECT_EQ(size, 3);
    HostTensor extents(COMMUTER_I64, {rank.size});
    int64_t sum = 0, start = 0;
    for (int64_t i = 0; i < rank.size; ++i) {
      extents.set(i, static_cast<double>(i % 3));
      sum += i % 3;
      start += i < rank.index ? i % 3 : 0;
    }
    EXPECT_OK(rank, commuter_shard_bounds(rank.context, rank.group, sum,
                                          &extents.view(), &offset, &size));
    EXPECT_EQ(offset, start);
    EXPECT_EQ(size, rank.index % 3);
    EXPECT_EQ(commuter_shard_bounds(rank.context, rank.group, sum + 1,
                                    &extents.view(), &offset, &size),
              COMMUTER_INVALID_ARGUMENT);
    if (rank.size > 1) {
      EXPECT_EQ(commuter_shard_bounds(rank.context, rank.group, rank.size + 1,
                                      nullptr, &offset, &size),
                COMMUTER_INVALID_ARGUMENT);
    }
  });
}

TEST_P(CollectiveTest, Counters) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    int64_t n = rank.size;
    Tensor input(COMMUTER_F32, {n, 10}), same(COMMUTER_F32, {n, 10}),
        full(COMMUTER_F32, {n * n, 10}), part(COMMUTER_F32, {1, 10});
    fill(input, rank.rank);
    std::vector<std::string> names;
    std::vector<int64_t> bytes;
    auto record = [&](const commuter_event_t *event) {
      names.push_back(event->name);
      bytes.push_back(event->bytes);
      EXPECT_STREQ(event->category, "collective");
      EXPECT_STREQ(event->group, world.mesh.spec);
      EXPECT_LE(event->start_ns, event->end_ns);
    };
    std::function<void(const commuter_event_t *)> recorder = record;
    commuter_context_set_trace(
        rank.context,
        [](void *user, const commuter_event_t *event) {
          (*static_cast<std::function<void(const commuter_event_t *)> *>(user))(
              event);
        },
        &recorder);
    EXPECT_OK(rank, commuter_all_gather(rank.context, rank.group, &input.view(),
                                        &full.view(), 0, nullptr));
    EXPECT_OK(rank, commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                        &input.view(), &same.view()));
    EXPECT_OK(rank,
              commuter_reduce_scatter(rank.context, rank.group, COMMUTER_SUM,
                                      &input.view(), &part.view(), 0));
    EXPECT_OK(rank, commuter_all_to_all(rank.context, rank.group, &input.view(),
                                        &same.view(), 0, 0));
    commuter_context_set_trace(rank.context, nullptr, nullptr);
    EXPECT_EQ(names,
              (std::vector<std::string>{"all_gather", "all_reduce",
                                        "reduce_scatter", "all_to_all"}));
    int64_t input_bytes = n * 40;
    std::vector<int64_t> expected{(n - 1) * input_bytes, 2 * (n - 1) * 40,
                                  (n - 1) * 40, (n - 1) * 40};
    EXPECT_EQ(bytes, expected);
    commuter_stats_t stats;
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.collective_count, n > 1 ? 4 : 0);
    EXPECT_EQ(stats.bytes_received,
              expected[0] + expected[1] + expected[2] + expected[3]);
    EXPECT_EQ(stats.bytes_copied,
              n * input_bytes + input_bytes + 40 + input_bytes);
    EXPECT_GT(stats.collective_ns, 0);
    EXPECT_LE(stats.wait_ns, stats.collective_ns);
    EXPECT_GT(stats.collective_cpu_ns, 0);
    commuter_context_reset_stats(rank.context);
    commuter_context_stats(rank.context, &stats);
    EXPECT_EQ(stats.collective_count, 0);
    EXPECT_EQ(stats.collective_ns, 0);
  });
}

TEST_P(CollectiveTest, InvalidArgumentsHaveNoEffect) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    int64_t n = rank.size;
    Tensor f(COMMUTER_F32, {4, 6}), h(COMMUTER_BF16, {4 * n, 6}),
        wrong(COMMUTER_F32, {4 * n, 7}), eight(COMMUTER_F8E5M2, {4, 6}),
        good(COMMUTER_F32, {4 * n, 6});
    HostTensor extents(COMMUTER_I64, {n + 1});
    fill(f, rank.rank);
    auto gather = [&](const commuter_view_t *in, const commuter_view_t *out,
                      int64_t dim, const commuter_view_t *e) {
      return commuter_all_gather(rank.context, rank.group, in, out, dim, e);
    };
    EXPECT_EQ(gather(&f.view(), &h.view(), 0, nullptr),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(gather(&f.view(), &wrong.view(), 0, nullptr),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(gather(&f.view(), &good.view(), 2, nullptr),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(gather(&f.view(), &good.view(), -1, nullptr),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(gather(nullptr, &good.view(), 0, nullptr),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(gather(&f.view(), &good.view(), 0, &extents.view()),
              COMMUTER_INVALID_ARGUMENT);
    EXPECT_NE(rank.error().find("extents"), std::string::npos);
    EXPECT_STREQ(commuter_last_error(), rank.error().c_str());
    const commuter_gather_t gathers[] = {
        {&f.view(), &good.view(), nullptr, 0},
        {&f.view(), &wrong.view(), nullptr, 0}};
    auto coalesced = [&](const commuter_gather_t *first, int64_t count) {
      return commuter_all_gather_coalesced(rank.context, rank.group, first,
                                           count);
    };
    EXPECT_EQ(coalesced(gathers, 2), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(coalesced(gathers, 0), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(coalesced(nullptr, 1), COMMUTER_INVALID_ARGUMENT);
    EXPECT_EQ(rank.error(), "there is nothing to gather");
    EXPECT_EQ(commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                  &eight.view(), &eight.view()),
              COMMUTER_UNSUPPORTED);
    EXPECT_EQ(commuter_all_reduce(rank.context, rank.group,
                                  static_cast<commuter_reduction_t>(9),
                                  &f.view(), &f.view()),
              COMMUTER_INVALID_ARGUMENT);
    if (n > 1) {
      Tensor odd(COMMUTER_F32, {n + 1, 2});
      EXPECT_EQ(commuter_reduce_scatter(rank.context, rank.group, COMMUTER_SUM,
                                        &odd.view(), &odd.view(), 0),
                COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(commuter_all_to_all(rank.context, rank.group, &odd.view(),
                                    &odd.view(), 0, 1),
                COMMUTER_INVALID_ARGUMENT);
    }
    // Addresses that overflow, and strides that nobody takes.
    const commuter_view_t &whole = f.view();
    for (int64_t stride : {INT64_MAX / 4, INT64_MIN, INT64_MAX}) {
      const int64_t strides[] = {stride, 1}, rows[] = {4, 6}, row[] = {1, 6};
      const commuter_view_t far{whole.data, whole.dtype, 2, rows, strides},
          near{whole.data, whole.dtype, 2, row, strides};
      EXPECT_EQ(gather(&far, &good.view(), 0, nullptr),
                COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), "input has strides that lead out of memory");
      EXPECT_EQ(commuter_to_partial(rank.context, rank.group, &near, &near),
                COMMUTER_OK);
    }
    if (n > 1) {
      // Even if it has no elements.
      const int64_t sizes[] = {0, INT64_MAX}, strides[] = {1, 1};
      const commuter_view_t wide{whole.data, COMMUTER_I8, 2, sizes, strides};
      EXPECT_EQ(
          commuter_all_to_all(rank.context, rank.group, &wide, &wide, 0, 1),
          COMMUTER_INVALID_ARGUMENT);
      EXPECT_EQ(rank.error(), "the output is too large");
    }
    // The world is as it was.
    EXPECT_OK(rank, gather(&f.view(), &good.view(), 0, nullptr));
  });
}

TEST_P(CollectiveTest, ManyInARow) {
  World world = makeWorld();
  world.run([&](Rank &rank) {
    Tensor input(COMMUTER_I64, {8}), output(COMMUTER_I64, {8}),
        gathered(COMMUTER_I64, {8 * rank.size});
    int wrong = 0;
    for (int64_t step = 0; step < 300; ++step) {
      for (int64_t i = 0; i < 8; ++i)
        input.set(i, static_cast<double>(step + rank.rank));
      double sum = 0;
      for (int32_t member : rank.members)
        sum += static_cast<double>(step + member);
      EXPECT_OK(rank,
                commuter_all_reduce(rank.context, rank.group, COMMUTER_SUM,
                                    &input.view(), &output.view()));
      wrong += output.get(3) != sum;
      EXPECT_OK(rank,
                commuter_all_gather(rank.context, rank.group, &input.view(),
                                    &gathered.view(), 0, nullptr));
      for (int64_t k = 0; k < rank.size; ++k)
        wrong += gathered.get(8 * k + 1) !=
                 static_cast<double>(step + rank.members[k]);
    }
    EXPECT_EQ(wrong, 0);
  });
}

} // namespace
