//===- Contract.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions on the CPU: the blocks that the loops are cut into for the
// caches, as in Goto and van de Geijn: Anatomy of high-performance matrix
// multiplication, TOMS 2008. The summed indices are never reordered or split in
// parts that are summed apart: see ContractKernels.h.
//
//===----------------------------------------------------------------------===//

#include "Contract.h"

#include "../src/LoopNest.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <vector>

using namespace commuter::rt;

/// A block of a (rows x depth) stays in the second-level cache, a panel of b
/// (depth x a tile's columns) in the first.
static constexpr int64_t kBlockRows = 240;
static constexpr int64_t kBlockColumns = 1024;
static constexpr int64_t kBlockDepth = 256;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

namespace {

/// Significant bits of [f32, f64, f16, bf16].
constexpr int kPrecision[] = {24, 53, 11, 8};

int64_t roundUp(int64_t value, int64_t unit) {
  return (value + unit - 1) / unit * unit;
}

using Floats = std::unique_ptr<float[], FreeHost>;

Floats allocate(int64_t count) {
  return Floats(static_cast<float *>(allocateHost(64, count * sizeof(float))));
}

/// A block of a factor in panels of `width` rows (of b: columns), each as
/// ContractTable::pack leaves it.
class Packed {
public:
  Packed(const ContractTable &kernels, const View &view, int64_t width)
      : kernels(kernels), pack(kernels.pack[view.dtype]), width(width) {}

  bool allocate(int64_t rows, int64_t depth) {
    panels = ::allocate(roundUp(rows, width) * depth);
    return panels != nullptr;
  }

  void fill(const Matrix &source, int64_t rows, int64_t depth) {
    pack(source, rows, depth, width, panels.get());
    packedCount = roundUp(rows, width) * depth;
  }

  Exponents getExponents() const {
    Exponents exponents;
    kernels.scan(panels.get(), packedCount, exponents);
    return exponents;
  }

  const float *panel(int64_t row, int64_t depth) const {
    return panels.get() + row * depth;
  }

private:
  const ContractTable &kernels;
  const PackFunction pack;
  const int64_t width;
  int64_t packedCount = 0;
  Floats panels;
};

class Contraction {
public:
  Contraction(const ContractTable &kernels, const ContractCall &call,
              const LoopNest &nest)
      : kernels(kernels), a(call.a), b(call.b), c(call.c), nest(nest),
        packedA(kernels, a, kernels.rows),
        packedB(kernels, b, kernels.columns) {}

  Status run();

private:
  void multiply(char *atA, char *atB, char *atC);
  bool isExact(const Exponents &ofA, const Exponents &ofB) const;
  void multiplyBlock(const Matrix &target, int64_t rows, int64_t columns,
                     int64_t depth, bool exact);

  const ContractTable &kernels;
  const View &a, &b, &c;
  const LoopNest &nest;
  Packed packedA, packedB;
  Floats tile;
};

} // namespace

/// Whether all products of numbers with these exponents are numbers of f32, so
/// that it makes no difference whether they are rounded before they are added.
/// The last bit of a product is worth the last bits of its factors, the first
/// bit at most twice their first ones.
bool Contraction::isExact(const Exponents &ofA, const Exponents &ofB) const {
  auto least = [](const Exponents &exponents) {
    return std::max<int>(exponents.least, 1) - 127; // 0: subnormal
  };
  auto largest = [](const Exponents &exponents) {
    return static_cast<int>(exponents.largest) - 127;
  };
  int lastBit = least(ofA) - (kPrecision[a.dtype] - 1) + least(ofB) -
                (kPrecision[b.dtype] - 1);
  int firstBit = largest(ofA) + largest(ofB) + 1;
  return lastBit >= -149 && firstBit <= 127;
}

/// target += the product of the packed blocks.
void Contraction::multiplyBlock(const Matrix &target, int64_t rows,
                                int64_t columns, int64_t depth, bool exact) {
  auto multiply = exact ? kernels.multiplyExact : kernels.multiply[c.dtype];
  for (int64_t j = 0; j < columns; j += kernels.columns)
    for (int64_t i = 0; i < rows; i += kernels.rows) {
      int64_t tileRows = std::min(kernels.rows, rows - i);
      int64_t tileColumns = std::min(kernels.columns, columns - j);
      Matrix part = target;
      part.data += (i * part.rowStride + j * part.columnStride) * c.elementSize;
      const float *fromA = packedA.panel(i, depth);
      const float *fromB = packedB.panel(j, depth);
      if (c.dtype == COMMUTER_F32 && part.columnStride == 1 &&
          tileRows == kernels.rows && tileColumns == kernels.columns) {
        multiply(fromA, fromB, depth, tileRows,
                 reinterpret_cast<float *>(part.data), part.rowStride);
        continue;
      }
      kernels.loadTile[c.dtype](part, tileRows, tileColumns, tile.get(),
                                kernels.columns);
      multiply(fromA, fromB, depth, tileRows, tile.get(), kernels.columns);
      kernels.storeTile[c.dtype](tile.get(), kernels.columns, part, tileRows,
                                 tileColumns);
    }
}

/// One matrix product. The blocks of the depth follow each other for every
/// element.
void Contraction::multiply(char *atA, char *atB, char *atC) {
  const Loop &rows = nest.rows, &columns = nest.columns, &depth = nest.depth;
  const bool mayBeExact =
      c.dtype == COMMUTER_F32 &&
      kPrecision[a.dtype] + kPrecision[b.dtype] <= kPrecision[COMMUTER_F32];
  for (int64_t j = 0; j < columns.size; j += kBlockColumns) {
    int64_t blockColumns = std::min(kBlockColumns, columns.size - j);
    for (int64_t k = 0; k < depth.size; k += kBlockDepth) {
      int64_t blockDepth = std::min(kBlockDepth, depth.size - k);
      packedB.fill({atB + (j * columns.b + k * depth.b) * b.elementSize,
                    columns.b, depth.b},
                   blockColumns, blockDepth);
      Exponents ofB;
      if (mayBeExact)
        ofB = packedB.getExponents();
      for (int64_t i = 0; i < rows.size; i += kBlockRows) {
        int64_t blockRows = std::min(kBlockRows, rows.size - i);
        packedA.fill(
            {atA + (i * rows.a + k * depth.a) * a.elementSize, rows.a, depth.a},
            blockRows, blockDepth);
        bool exact = mayBeExact && isExact(packedA.getExponents(), ofB);
        multiplyBlock({atC + (i * rows.c + j * columns.c) * c.elementSize,
                       rows.c, columns.c},
                      blockRows, blockColumns, blockDepth, exact);
      }
    }
  }
}

Status Contraction::run() {
  int64_t depth = std::min(nest.depth.size, kBlockDepth);
  tile = allocate(kernels.rows * kernels.columns);
  if (!tile || !packedA.allocate(std::min(nest.rows.size, kBlockRows), depth) ||
      !packedB.allocate(std::min(nest.columns.size, kBlockColumns), depth))
    return fail(COMMUTER_OUT_OF_MEMORY, "no memory for a matrix product");
  std::vector<Loop> loops = nest.outer;
  loops.insert(loops.end(), nest.sums.begin(), nest.sums.end());
  std::vector<int64_t> index(loops.size());
  char *atA = a.data, *atB = b.data, *atC = c.data;
  auto move = [&](const Loop &loop, int64_t steps) {
    atA += steps * loop.a * a.elementSize;
    atB += steps * loop.b * b.elementSize;
    atC += steps * loop.c * c.elementSize;
  };
  while (true) {
    multiply(atA, atB, atC);
    size_t d = loops.size();
    for (; d > 0; --d) {
      move(loops[d - 1], 1);
      if (++index[d - 1] < loops[d - 1].size)
        break;
      move(loops[d - 1], -index[d - 1]);
      index[d - 1] = 0;
    }
    if (d == 0)
      return {};
  }
}

//===----------------------------------------------------------------------===//
// The call
//===----------------------------------------------------------------------===//

Status commuter::rt::contract(const ContractTable &kernels,
                              const ContractCall &call) {
  if (call.c.elements() == 0)
    return {};
  LoopNest nest(call);
  if (nest.columns.c == 1 || nest.rows.c != 1)
    return Contraction(kernels, call, nest).run();
  // The columns of a tile are side by side in memory, if anything is.
  ContractCall swapped{call.b, call.a, call.c};
  return Contraction(kernels, swapped, LoopNest(swapped)).run();
}
