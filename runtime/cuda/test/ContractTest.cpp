//===- ContractTest.cpp -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The GPU's contractions against the CPU's, bit for bit, in every order of the
// threads. The conformance suite has the loop nests.
//
//===----------------------------------------------------------------------===//

#include "../Contractions.h"
#include "Harness.h"

using namespace cts;
using namespace cts::gpu;

namespace {

class GpuContractTest : public GpuBesideCpuTest {};
GPU_INSTANTIATE(GpuContractTest);

struct Types {
  commuter_dtype_t factors, result;
};
const Types kTypes[] = {{COMMUTER_F32, COMMUTER_F32},
                        {COMMUTER_BF16, COMMUTER_F32},
                        {COMMUTER_BF16, COMMUTER_BF16},
                        {COMMUTER_F16, COMMUTER_F16}};

/// The sizes of `batch` products.
struct Sizes {
  int64_t batch, rows, columns, depth;
};

/// How far a factor moves in a step of each loop, in elements.
struct Strides {
  int64_t batch, line, depth;

  /// `depthIsLast`: else lines lie one after the other for each k.
  Strides(const Sizes &s, int64_t lines, bool depthIsLast)
      : batch(lines * s.depth), line(depthIsLast ? s.depth : 1),
        depth(depthIsLast ? 1 : lines) {}
};

void expectCpuBits(Rank &rank, const Architecture &architecture,
                   const Types &types, const Sizes &s, bool depthIsLast) {
  Tensor a(types.factors, {s.batch, s.rows * s.depth}),
      b(types.factors, {s.batch, s.columns * s.depth}),
      c(types.result, {s.batch, s.rows * s.columns}),
      expected(types.result, c.sizes);
  fillRandom(a, 1, 0, 1);
  fillRandom(b, 2, 0, 1);
  fillRandom(c, 3, 0, 1);
  for (int64_t i = 0; i < c.count; ++i)
    expected.set(i, c.get(i));
  const Strides ofA(s, s.rows, depthIsLast), ofB(s, s.columns, depthIsLast);
  const int64_t batchOfC = s.rows * s.columns;

  Operand da(a), db(b), dc(c);
  cuda::ContractParameters p = {};
  p.a = static_cast<const char *>(da.asRows().data);
  p.b = static_cast<const char *>(db.asRows().data);
  p.c = static_cast<char *>(dc.asRows().data);
  p.typeA = p.typeB = types.factors;
  p.outer.rank = 1;
  p.outer.loops[0] = {s.batch, ofA.batch, ofB.batch, batchOfC};
  p.rows = {s.rows, ofA.line, 0, s.columns};
  p.columns = {s.columns, 0, ofB.line, 1};
  p.depth = {s.depth, ofA.depth, ofB.depth, 0};
  p.sumCount = 1;
  p.end = s.batch * batchOfC;
  expectLaunch(architecture, {&da, &db, &dc},
               [&] { return cuda::launchContract(types.result, p, nullptr); });

  const int64_t sizes[] = {s.batch, s.rows, s.columns, s.depth};
  const int64_t stridesA[] = {ofA.batch, ofA.line, 0, ofA.depth};
  const int64_t stridesB[] = {ofB.batch, 0, ofB.line, ofB.depth};
  const int64_t stridesC[] = {batchOfC, s.columns, 1, 0};
  const commuter_view_t viewA{a.view().data, types.factors, 4, sizes, stridesA};
  const commuter_view_t viewB{b.view().data, types.factors, 4, sizes, stridesB};
  const commuter_view_t viewC{expected.view().data, types.result, 4, sizes,
                              stridesC};
  EXPECT_OK(rank, commuter_contract(rank.context, &viewA, &viewB, &viewC));
  EXPECT_EQ(bitsOf(c), bitsOf(expected))
      << s.batch << " products of " << s.rows << " x " << s.columns << " x "
      << s.depth;
}

/// Full tiles and panels, parts of them, and several of each, of every shape
/// that the launcher chooses from.
TEST_P(GpuContractTest, TilesAndPanels) {
  run([&](Rank &rank) {
    const Sizes cases[] = {{3, 1, 5, 7},     {2, 1, 70, 65},  {1, 8, 64, 128},
                           {2, 7, 129, 130}, {1, 9, 40, 33},  {1, 32, 64, 64},
                           {2, 33, 65, 17},  {1, 64, 64, 32}, {1, 130, 131, 50},
                           {2, 5, 9, 1},     {1, 40, 66, 0}};
    for (const Types &types : kTypes)
      for (const Sizes &sizes : cases)
        for (bool depthIsLast : {true, false})
          expectCpuBits(rank, GetParam(), types, sizes, depthIsLast);
  });
}

/// Blocks that go on with further tiles, when all threads have done with the
/// panels of the one before.
TEST_P(GpuContractTest, MoreTilesThanBlocks) {
  if (GetParam().name != architectures().front().name)
    return; // the grid is the same on every architecture
  run([&](Rank &rank) {
    expectCpuBits(rank, GetParam(), kTypes[0], {(1 << 14) + 100, 4, 8, 3},
                  true);
  });
}

} // namespace
