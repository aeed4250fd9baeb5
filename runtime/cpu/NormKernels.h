//===- NormKernels.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layer and RMS norm of a row, for the kernel units: see Kernels.h, which also
// says in what order a row is summed.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_NORM_KERNELS_H
#define COMMUTER_RUNTIME_CPU_NORM_KERNELS_H

#include "Elements.h"
#include "KernelTable.h"

namespace {

using commuter::rt::NormRow;

COMMUTER_INLINE float squareRoot(float v) { return __builtin_sqrtf(v); }
COMMUTER_INLINE double squareRoot(double v) { return __builtin_sqrt(v); }

template <int64_t kBytes>
struct IndexOf;
template <>
struct IndexOf<4> {
  typedef Vec<int32_t>::V V;
};
template <>
struct IndexOf<8> {
  typedef Vec<int64_t>::V V;
};

/// What a row's parameters are, by its type of arithmetic.
template <typename C>
struct ParameterOf;
template <>
struct ParameterOf<float> {
  typedef F32 E;
};
template <>
struct ParameterOf<double> {
  typedef F64 E;
};

/// What is done with the vectors and lanes of a row's type of arithmetic.
template <typename E>
struct Lanes {
  typedef typename E::Compute C;
  typedef typename E::V V;
  typedef typename IndexOf<sizeof(C)>::V Index;
  static constexpr int64_t kWidth = Vec<C>::kWidth;
  /// The partial sums of a row: 256 bytes, 64 lanes of f32 or 32 of f64.
  static constexpr int64_t kLanes = 256 / sizeof(C);
  static constexpr int64_t kParts = kLanes / kWidth;

  COMMUTER_INLINE Index numbered(int64_t first) {
    Index index;
    for (int64_t lane = 0; lane < kWidth; ++lane)
      index[lane] = (first + lane) % kWidth;
    return index;
  }

  /// Zero from lane n on.
  COMMUTER_INLINE V first(V v, int64_t n) {
    typedef decltype(numbered(0)[0] + 0) I;
    return numbered(0) < static_cast<I>(n) ? v : V{};
  }

  template <int64_t kHalf>
  COMMUTER_INLINE C foldVector(V v) {
    if constexpr (kHalf == 0)
      return v[0];
    else
      return foldVector<kHalf / 2>(v + __builtin_shuffle(v, numbered(kHalf)));
  }

  COMMUTER_INLINE C fold(const V (&parts)[kParts]) {
    V sums[kParts];
#pragma GCC unroll 16
    for (int64_t part = 0; part < kParts; ++part)
      sums[part] = parts[part];
#pragma GCC unroll 4
    for (int64_t half = kParts / 2; half; half /= 2)
#pragma GCC unroll 8
      for (int64_t part = 0; part < half; ++part)
        sums[part] += sums[part + half];
    return foldVector<kWidth / 2>(sums[0]);
  }
};

/// Sums two terms of each element of a row: `add(v, a, b)` adds those of a
/// vector to a and b, `load(i, n)` gives elements i .. i + n and zeros, once
/// and in order. (A sum starts at 0.0 and so is never -0.0: lanes beyond the
/// end may add 0.0.)
template <typename E, typename Load, typename Add>
COMMUTER_INLINE void sumOver(int64_t length, Load load, Add add,
                             typename E::Compute &first,
                             typename E::Compute &second) {
  typedef Lanes<E> L;
  typedef typename E::V V;
  V a[L::kParts], b[L::kParts];
#pragma GCC unroll 16
  for (int64_t part = 0; part < L::kParts; ++part)
    a[part] = b[part] = V{};
  int64_t i = 0;
  for (; i + L::kLanes <= length; i += L::kLanes) {
#pragma GCC unroll 16
    for (int64_t part = 0; part < L::kParts; ++part)
      add(load(i + part * L::kWidth, L::kWidth), a[part], b[part]);
  }
#pragma GCC unroll 16
  for (int64_t part = 0; part < L::kParts; ++part) {
    int64_t n = length - i - part * L::kWidth;
    if (n >= L::kWidth) {
      add(load(i + part * L::kWidth, L::kWidth), a[part], b[part]);
      continue;
    }
    if (n <= 0)
      break;
    V termA = V{}, termB = V{};
    add(load(i + part * L::kWidth, n), termA, termB);
    a[part] += L::first(termA, n);
    b[part] += L::first(termB, n);
    break;
  }
  first = L::fold(a);
  second = L::fold(b);
}

/// Stores n elements; whole vectors around the caches if `streams` is set.
template <typename E>
COMMUTER_INLINE void put(typename E::Stored *p, typename E::V v, int64_t n,
                         bool streams) {
  if (streams && n == E::kWidth)
    E::stream(p, v);
  else
    E::store(p, v, n);
}

template <typename E>
COMMUTER_INLINE bool isAligned(const void *address) {
  return reinterpret_cast<uintptr_t>(address) %
             (E::kWidth * sizeof(typename E::Stored)) ==
         0;
}

/// Fetches the row that is read next, to the second-level cache, since the
/// first holds this one: at element i of one of `passes` passes. Rows that take
/// long to compute are fetched all the time, so that memory is read at an even
/// pace; others while the last pass writes, as a copy would.
template <typename E, int kPass, int kPasses>
COMMUTER_INLINE void fetchNext(const NormRow &row, int64_t i) {
  typedef typename E::Stored T;
  constexpr bool kIsEven = sizeof(T) != sizeof(typename E::Compute);
  if constexpr (kIsEven)
    i = (kPass * row.length + i) / kPasses;
  if (kIsEven || kPass + 1 == kPasses) {
    __builtin_prefetch(static_cast<const T *>(row.nextX) + i, 0, 2);
    __builtin_prefetch(static_cast<const T *>(row.nextResidual) + i, 0, 2);
  }
}

/// The first pass over the row that the norm is taken of: x, or x + residual
/// rounded to x's type (f32 holds enough digits that rounding f16 and bf16
/// twice is harmless). Sums as sumOver does, and returns the row in the type of
/// arithmetic, for the passes to come.
template <typename E, int kPasses, bool kAdds, bool kStreams, typename Add>
COMMUTER_INLINE const typename E::Compute *
firstPass(const NormRow &row, Add add, typename E::Compute &sum) {
  typedef typename E::Stored T;
  typedef typename E::Compute C;
  typedef typename E::V V;
  constexpr bool kConverts = sizeof(T) != sizeof(C);
  constexpr bool kKeeps = kConverts || kStreams;
  auto *x = static_cast<const T *>(row.x);
  auto *residual = static_cast<const T *>(row.residual);
  auto *total = static_cast<T *>(row.sum);
  auto *kept = static_cast<C *>(row.kept);
  typedef typename ParameterOf<C>::E P;
  // A copy: for all the compiler knows, the stores change `row`.
  const NormRow next = row;
  C none;
  sumOver<E>(
      row.length,
      [&](int64_t i, int64_t n) __attribute__((always_inline)) {
        fetchNext<E, 0, kPasses>(next, i);
        V v = E::load(x + i, n);
        if constexpr (kAdds) {
          v = E::rounded(v + E::load(residual + i, n));
          put<E>(total + i, v, n, kStreams);
        }
        if constexpr (kKeeps)
          P::store(kept + i, v, n);
        return v;
      },
      add, sum, none);
  if constexpr (kKeeps)
    return kept;
  else
    return kAdds ? total : x;
}

template <typename E, int kPasses, typename Add>
COMMUTER_INLINE const typename E::Compute *
firstPass(const NormRow &row, Add add, typename E::Compute &sum) {
  if (!row.residual)
    return firstPass<E, kPasses, false, false>(row, add, sum);
  if (row.streamsSum && isAligned<E>(row.sum))
    return firstPass<E, kPasses, true, true>(row, add, sum);
  return firstPass<E, kPasses, true, false>(row, add, sum);
}

/// The last pass: output = factor (x - mean - shift) scale + bias.
template <typename E, bool kCentres, bool kHasScale, bool kHasBias,
          bool kStreams>
COMMUTER_INLINE void
writeRow(const NormRow &row, const typename E::Compute *values,
         typename E::Compute mean, typename E::Compute shift,
         typename E::Compute factor) {
  typedef typename E::Stored T;
  typedef typename E::Compute C;
  typedef typename ParameterOf<C>::E P;
  auto *scale = static_cast<const C *>(row.scale);
  auto *bias = static_cast<const C *>(row.bias);
  auto *output = static_cast<T *>(row.output);
  // A copy: for all the compiler knows, the stores change `row`.
  const NormRow next = row;
  const int64_t length = row.length;
  auto body = [&](int64_t i, int64_t n) __attribute__((always_inline)) {
    fetchNext<E, kCentres ? 2 : 1, kCentres ? 3 : 2>(next, i);
    typename E::V v = P::load(values + i, n);
    if (kCentres)
      v = (v - mean) - shift;
    v *= factor;
    if (kHasScale)
      v *= P::load(scale + i, n);
    if (kHasBias)
      v += P::load(bias + i, n);
    put<E>(output + i, v, n, kStreams);
  };
  int64_t i = 0;
  if (kStreams) {
    // Up to where whole vectors are aligned.
    int64_t head = static_cast<int64_t>(-reinterpret_cast<uintptr_t>(output) %
                                        (E::kWidth * sizeof(T)) / sizeof(T));
    i = head < length ? head : length;
    if (i)
      body(0, i);
  }
  for (; i + E::kWidth <= length; i += E::kWidth)
    body(i, E::kWidth);
  if (i < length)
    body(i, length - i);
}

template <typename E, bool kCentres, bool kHasScale, bool kHasBias>
COMMUTER_INLINE void
writeRow(const NormRow &row, const typename E::Compute *values,
         typename E::Compute mean, typename E::Compute shift,
         typename E::Compute factor) {
  if (row.streamsOutput)
    writeRow<E, kCentres, kHasScale, kHasBias, true>(row, values, mean, shift,
                                                     factor);
  else
    writeRow<E, kCentres, kHasScale, kHasBias, false>(row, values, mean, shift,
                                                      factor);
}

template <typename E, bool kCentres>
COMMUTER_INLINE void
writeRow(const NormRow &row, const typename E::Compute *values,
         typename E::Compute mean, typename E::Compute shift,
         typename E::Compute factor) {
  if (row.scale && row.bias)
    writeRow<E, kCentres, true, true>(row, values, mean, shift, factor);
  else if (row.scale)
    writeRow<E, kCentres, true, false>(row, values, mean, shift, factor);
  else if (row.bias)
    writeRow<E, kCentres, false, true>(row, values, mean, shift, factor);
  else
    writeRow<E, kCentres, false, false>(row, values, mean, shift, factor);
}

template <typename E>
void rmsNormRow(const NormRow &row) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  C squares;
  const C *values = firstPass<E, 2>(
      row, [](V v, V &a, V &) __attribute__((always_inline)) { a += v * v; },
      squares);
  C factor = C(1) / squareRoot(squares / static_cast<C>(row.length) +
                               static_cast<C>(row.eps));
  writeRow<E, false>(row, values, C(0), C(0), factor);
}

/// Two passes with the corrected variance (Chan, Golub, LeVeque, 1983): what
/// the deviations sum up to is the rounding error of the mean, which is taken
/// out of the variance and of the result.
template <typename E>
void layerNormRow(const NormRow &row) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  typedef typename ParameterOf<C>::E P;
  C length = static_cast<C>(row.length);
  C total, deviations, squares;
  const C *values = firstPass<E, 3>(
      row, [](V v, V &a, V &) __attribute__((always_inline)) { a += v; },
      total);
  C mean = total / length;
  sumOver<P>(
      row.length,
      [&row, values](int64_t i, int64_t n) __attribute__((always_inline)) {
        fetchNext<E, 1, 3>(row, i);
        return P::load(values + i, n);
      },
      [mean](V v, V &a, V &b) __attribute__((always_inline)) {
        v -= mean;
        a += v;
        b += v * v;
      },
      deviations, squares);
  C shift = deviations / length;
  C variance = (squares - deviations * shift) / length;
  variance = variance > C(0) || variance != variance ? variance : C(0);
  C factor = C(1) / squareRoot(variance + static_cast<C>(row.eps));
  writeRow<E, true>(row, values, mean, shift, factor);
}

} // namespace

#endif // COMMUTER_RUNTIME_CPU_NORM_KERNELS_H
