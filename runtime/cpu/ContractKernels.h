//===- ContractKernels.h ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels of contractions, written once. A translation unit includes Kernels.h,
// on which they rest, then this.
//
//===----------------------------------------------------------------------===//

// Bits. An element of the result is the sum, from its first value on and in
// order, of products; products and sums are rounded one by one, as the loops of
// the program have it. Lanes are elements: nothing is summed across them. So
// the bits depend on the element's row and column alone, and not on the tile,
// the blocks, the instruction set, or the number of rows and columns.

#include "ContractTable.h"

namespace {

using commuter::rt::ContractTable;
using commuter::rt::Exponents;
using commuter::rt::Matrix;

/// Registers: the tile, its row of b, and a few temporaries. With 64 bytes
/// there are 32 registers, else 16.
constexpr int64_t kTileVectors = 2;
constexpr int64_t kTileRows = COMMUTER_VECTOR_BYTES == 64 ? 12 : 6;
constexpr int64_t kTileColumns = kTileVectors * Vec<float>::kWidth;

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

template <typename E>
COMMUTER_INLINE typename E::Stored *elementAt(const Matrix &matrix, int64_t row,
                                              int64_t column) {
  return reinterpret_cast<typename E::Stored *>(matrix.data) +
         row * matrix.rowStride + column * matrix.columnStride;
}

/// Panels of rows that lie side by side in memory, several at a time: a page
/// of it is looked up once for all of them.
template <typename E, int64_t kPanels>
COMMUTER_INLINE void packAdjacent(const Matrix &source, int64_t depth,
                                  float *target) {
  constexpr int64_t kVectors = kPanels * kTileVectors;
  for (int64_t k = 0; k < depth; ++k) {
    const typename E::Stored *from = elementAt<E>(source, 0, k);
#pragma GCC unroll 16
    for (int64_t v = 0; v < kVectors; ++v)
      F32::store(target + (v / kTileVectors * depth + k) * kTileColumns +
                     v % kTileVectors * Vec<float>::kWidth,
                 E::load(from + v * Vec<float>::kWidth));
  }
}

template <typename E>
COMMUTER_INLINE void packPanel(const Matrix &source, int64_t count,
                               int64_t depth, int64_t width, float *target) {
  for (int64_t k = 0; k < depth; ++k, target += width) {
    const typename E::Stored *from = elementAt<E>(source, 0, k);
    for (int64_t r = 0; r < count; ++r)
      target[r] = E::load1(from + r * source.rowStride);
    for (int64_t r = count; r < width; ++r)
      target[r] = 0;
  }
}

template <typename E>
void pack(const Matrix &source, int64_t count, int64_t depth, int64_t width,
          float *target) {
  constexpr int64_t kPanels = 8;
  Matrix rest = source;
  auto advance = [&](int64_t rows) {
    rest.data += rows * source.rowStride * sizeof(typename E::Stored);
    count -= rows;
    target += rows * depth;
  };
  if (width == kTileColumns && source.rowStride == 1) {
    for (; count >= kPanels * width; advance(kPanels * width))
      packAdjacent<E, kPanels>(rest, depth, target);
    for (; count >= width; advance(width))
      packAdjacent<E, 1>(rest, depth, target);
  }
  for (; count > 0; advance(width))
    packPanel<E>(rest, count < width ? count : width, depth, width, target);
}

void scan(const float *numbers, int64_t count, Exponents &exponents) {
  constexpr int64_t kWidth = Vec<float>::kWidth;
  VU least = VU{} + 255, largest = VU{};
  auto add = [&](VU bits) {
    VU magnitude = bits & 0x7fffffff;
    VU exponent = magnitude >> 23;
    largest = exponent > largest ? exponent : largest;
    exponent = magnitude == 0 ? VU{} + 255 : exponent;
    least = exponent < least ? exponent : least;
  };
  int64_t i = 0;
  for (; i + kWidth <= count; i += kWidth)
    add(reinterpret_cast<VU>(F32::load(numbers + i)));
  for (; i < count; ++i)
    add(VU{} + bitsOf(numbers[i]));
  exponents = {};
  for (int64_t lane = 0; lane < kWidth; ++lane) {
    if (least[lane] < exponents.least)
      exponents.least = least[lane];
    if (largest[lane] > exponents.largest)
      exponents.largest = largest[lane];
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// One step of a sum, rounded as f32.
struct StepF32 {
  COMMUTER_INLINE VF step(VF sum, VF a, VF b) { return sum + a * b; }
};

/// The same where the product is exact, so that it need not be rounded apart.
struct StepExact {
  COMMUTER_INLINE VF step(VF sum, VF a, VF b) {
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
    return _mm512_fmadd_ps(a, b, sum);
#elif defined(COMMUTER_HAS_F16C)
    return _mm256_fmadd_ps(a, b, sum);
#else
    return sum + a * b;
#endif
  }
};

/// Rounded to bf16 after each operation. See BF16::store.
struct StepBF16 {
  COMMUTER_INLINE VF round(VF v) {
    VU bits = reinterpret_cast<VU>(v);
    VU rounded = bits + 0x7fff + ((bits >> 16) & 1);
    VU result = v != v ? bits | 0x400000 : rounded;
    return reinterpret_cast<VF>(result & 0xffff0000);
  }
  COMMUTER_INLINE VF step(VF sum, VF a, VF b) {
    return round(sum + round(a * b));
  }
};

struct StepF16 {
  COMMUTER_INLINE VF round(VF v) {
    uint16_t half[Vec<float>::kWidth];
    F16::store(half, v);
    return F16::load(half);
  }
  COMMUTER_INLINE VF step(VF sum, VF a, VF b) {
    return round(sum + round(a * b));
  }
};

template <typename Step, int64_t kRows>
void multiplyRows(const float *a, const float *b, int64_t depth, float *tile,
                  int64_t stride) {
  VF sums[kRows][kTileVectors];
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kTileVectors; ++v)
      sums[r][v] = F32::load(tile + r * stride + v * Vec<float>::kWidth);
  for (int64_t k = 0; k < depth; ++k) {
    VF columns[kTileVectors];
#pragma GCC unroll 2
    for (int64_t v = 0; v < kTileVectors; ++v)
      columns[v] = F32::load(b + k * kTileColumns + v * Vec<float>::kWidth);
#pragma GCC unroll 16
    for (int64_t r = 0; r < kRows; ++r) {
      VF row = a[k * kTileRows + r] - VF{}; // keeps -0.0
#pragma GCC unroll 2
      for (int64_t v = 0; v < kTileVectors; ++v)
        sums[r][v] = Step::step(sums[r][v], row, columns[v]);
    }
  }
#pragma GCC unroll 16
  for (int64_t r = 0; r < kRows; ++r)
#pragma GCC unroll 2
    for (int64_t v = 0; v < kTileVectors; ++v)
      F32::store(tile + r * stride + v * Vec<float>::kWidth, sums[r][v]);
}

/// A tile that is not full takes the next larger number of rows that there is
/// code for.
template <typename Step>
void multiply(const float *a, const float *b, int64_t depth, int64_t count,
              float *tile, int64_t stride) {
  if (count == 1)
    return multiplyRows<Step, 1>(a, b, depth, tile, stride);
  if (count <= 2)
    return multiplyRows<Step, 2>(a, b, depth, tile, stride);
  if (count <= 4)
    return multiplyRows<Step, 4>(a, b, depth, tile, stride);
  if (kTileRows > 8 && count <= 8)
    return multiplyRows < Step,
           kTileRows<8 ? kTileRows : 8>(a, b, depth, tile, stride);
  return multiplyRows<Step, kTileRows>(a, b, depth, tile, stride);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

template <typename E>
void loadTile(const Matrix &source, int64_t rows, int64_t columns, float *tile,
              int64_t stride) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      tile[r * stride + c] = E::load1(elementAt<E>(source, r, c));
}

template <typename E>
void storeTile(const float *tile, int64_t stride, const Matrix &target,
               int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      E::store1(elementAt<E>(target, r, c), tile[r * stride + c]);
}

constexpr ContractTable makeContractTable() {
  return {kTileRows,
          kTileColumns,
          {pack<F32>, nullptr, pack<F16>, pack<BF16>},
          scan,
          {multiply<StepF32>, nullptr, multiply<StepF16>, multiply<StepBF16>},
          multiply<StepExact>,
          {loadTile<F32>, nullptr, loadTile<F16>, loadTile<BF16>},
          {storeTile<F32>, nullptr, storeTile<F16>, storeTile<BF16>}};
}

} // namespace
