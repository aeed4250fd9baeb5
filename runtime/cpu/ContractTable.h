//===- ContractTable.h ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels of contractions (matrix products) of one instruction set, as
// KernelTable.h has those of rows; the same rules apply.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_CONTRACT_TABLE_H
#define COMMUTER_RUNTIME_CPU_CONTRACT_TABLE_H

#include <stdint.h>

namespace commuter::rt {

/// A matrix in memory, of any strides, which count elements.
struct Matrix {
  char *data;
  int64_t rowStride, columnStride;
};

/// The exponents, as f32 has them, of what is packed: the least of numbers
/// that are not zero, and the largest.
struct Exponents {
  uint32_t least = 255, largest = 0;
};

/// Packs `count` rows of `depth` elements, as f32, in panels of `width` rows,
/// one after the other: element k of row r of a panel goes to [k * width + r];
/// where there is no row, 0.
using PackFunction = void (*)(const Matrix &source, int64_t count,
                              int64_t depth, int64_t width, float *target);

struct ContractTable {
  /// A tile of the result, in rows and in columns.
  int64_t rows, columns;

  /// Indexed by [f32, f64 (none), f16, bf16].
  PackFunction pack[4];

  /// The exponents of `count` numbers.
  void (*scan)(const float *numbers, int64_t count, Exponents &exponents);

  /// tile[r][c] += the sum over k, in order, of
  /// a[k * rows + r] * b[k * columns + c]; of `count` rows. `stride` counts
  /// floats between rows of the tile. Indexed by where products and sums are
  /// rounded: to [f32, f64 (none), f16, bf16].
  void (*multiply[4])(const float *a, const float *b, int64_t depth,
                      int64_t count, float *tile, int64_t stride);
  /// The same for f32 where no product rounds, in fewer instructions.
  void (*multiplyExact)(const float *a, const float *b, int64_t depth,
                        int64_t count, float *tile, int64_t stride);

  /// Copies a part of a matrix of [f32, f64 (none), f16, bf16] to or from a
  /// tile, whose elements are such numbers.
  void (*loadTile[4])(const Matrix &source, int64_t rows, int64_t columns,
                      float *tile, int64_t stride);
  void (*storeTile[4])(const float *tile, int64_t stride, const Matrix &target,
                       int64_t rows, int64_t columns);
};

const ContractTable &portableContractTable();
#if defined(COMMUTER_X86_KERNELS)
const ContractTable &avx2ContractTable();
const ContractTable &avx512ContractTable();
#endif

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_CONTRACT_TABLE_H
