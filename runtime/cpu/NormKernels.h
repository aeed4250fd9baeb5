//===- NormKernels.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Layer and RMS norm of rows, for the kernel units: see Kernels.h, which also
// says in what order a row is summed.
//
// A batch of rows is read twice: once for the sums of each row, once to write
// the results. Of a layer norm the first pass sums deviations from a pivot, and
// their squares, so that the variance is their mean less the square of the
// mean. Digits are lost where the pivot is many deviations from the mean: then
// the row is summed once more, about that mean (the two-pass algorithm with the
// corrected variance: Chan, Golub, LeVeque, 1983). Which it is depends on the
// row alone.
//
// All rows of a batch are summed before the first one is written: the folding
// of a row's sums, which is one long chain, runs beside the next row's sums,
// and roots and quotients are taken of vectors of rows.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_NORM_KERNELS_H
#define COMMUTER_RUNTIME_CPU_NORM_KERNELS_H

#include "Elements.h"
#include "KernelTable.h"

namespace {

using commuter::rt::kMostRows;
using commuter::rt::NormRows;
using commuter::rt::Rows;

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

template <typename T>
COMMUTER_INLINE T *at(Rows rows, int64_t row) {
  return reinterpret_cast<T *>(rows.data + row * rows.step);
}

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

  /// Lane l is `first` + l, in chunks of `chunk` lanes whose end meets their
  /// beginning.
  COMMUTER_INLINE Index rotated(int64_t chunk, int64_t first) {
    Index index;
    for (int64_t lane = 0; lane < kWidth; ++lane)
      index[lane] = lane / chunk * chunk + (lane + first) % chunk;
    return index;
  }
  /// Half the lanes from `first` on of one vector, then of another.
  COMMUTER_INLINE Index halves(int64_t first) {
    Index index;
    for (int64_t lane = 0; lane < kWidth; ++lane)
      index[lane] = first + lane % (kWidth / 2) + lane / (kWidth / 2) * kWidth;
    return index;
  }

  /// Zero from lane n on.
  COMMUTER_INLINE V first(V v, int64_t n) {
    typedef decltype(rotated(kWidth, 0)[0] + 0) I;
    return rotated(kWidth, 0) < static_cast<I>(n) ? v : V{};
  }

  COMMUTER_INLINE V foldParts(const V (&parts)[kParts]) {
    V sums[kParts];
#pragma GCC unroll 16
    for (int64_t part = 0; part < kParts; ++part)
      sums[part] = parts[part];
#pragma GCC unroll 4
    for (int64_t half = kParts / 2; half; half /= 2)
#pragma GCC unroll 8
      for (int64_t part = 0; part < half; ++part)
        sums[part] += sums[part + half];
    return sums[0];
  }
  /// Chunks of 2 kHalf lanes, whose sums end up in each chunk's first lane.
  template <int64_t kHalf>
  COMMUTER_INLINE V foldChunks(V v) {
    if constexpr (kHalf == 0)
      return v;
    else
      return foldChunks<kHalf / 2>(
          v + __builtin_shuffle(v, rotated(2 * kHalf, kHalf)));
  }

  COMMUTER_INLINE C fold(const V (&parts)[kParts]) {
    return foldChunks<kWidth / 2>(foldParts(parts))[0];
  }
  /// Both sums, each in the order of `fold`.
  COMMUTER_INLINE void fold(const V (&a)[kParts], const V (&b)[kParts], C &sumA,
                            C &sumB) {
    V foldedA = foldParts(a), foldedB = foldParts(b);
    V both = __builtin_shuffle(foldedA, foldedB, halves(0)) +
             __builtin_shuffle(foldedA, foldedB, halves(kWidth / 2));
    both = foldChunks<kWidth / 4>(both);
    sumA = both[0];
    sumB = both[kWidth / 2];
  }
};

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

enum class Kind { Layer, Rms };

/// Fetches the element at `p` to the second-level cache, since the first holds
/// the row at hand.
COMMUTER_INLINE void fetch(const void *p) { __builtin_prefetch(p, 0, 2); }

/// The elements of one row that its norm is taken of: x, or x + residual
/// rounded to x's type (f32 holds enough digits that rounding f16 and bf16
/// twice is harmless), which is stored when it is loaded.
template <typename E, bool kAdds, bool kStreams>
struct Source {
  typedef typename E::Stored T;
  typedef typename E::V V;
  const T *x, *residual;
  T *sum, *kept;

  /// Elements i and on of the next two vectors.
  COMMUTER_ALWAYS_INLINE void load2(int64_t i, V (&v)[2]) const {
    E::load2(x + i, v);
    if constexpr (kAdds) {
      V other[2];
      E::load2(residual + i, other);
      v[0] += other[0];
      v[1] += other[1];
      typename E::Stored2 stored = E::shrink2(v);
      E::expand2(stored, v);
      if constexpr (kStreams) {
        E::stream2(sum + i, stored);
        E::store2(kept + i, stored);
      } else {
        E::store2(sum + i, stored);
      }
    }
  }
  /// Elements i .. i + n of a vector, and zeros.
  COMMUTER_ALWAYS_INLINE V load(int64_t i, int64_t n) const {
    V v = E::load(x + i, n);
    if constexpr (kAdds) {
      v = E::rounded(v + E::load(residual + i, n));
      E::store(sum + i, v, n);
      if constexpr (kStreams)
        E::store(kept + i, v, n);
    }
    return v;
  }
  /// Of a type that is its own type of arithmetic.
  COMMUTER_ALWAYS_INLINE T load1(int64_t i) const {
    return kAdds ? x[i] + residual[i] : x[i];
  }
  /// The row, once it has been loaded.
  COMMUTER_ALWAYS_INLINE const T *values() const {
    return !kAdds ? x : kStreams ? kept : sum;
  }
};

/// Sums the row: squares of v, and of Kind::Layer v itself, where v is an
/// element or, if `kPivots`, how far it is from the pivot. (A sum starts at 0.0
/// and so is never -0.0: lanes beyond the end may add 0.0.)
template <typename E, Kind kKind, bool kPivots, bool kAdds, bool kStreams>
COMMUTER_INLINE void sumRow(const Source<E, kAdds, kStreams> &source,
                            int64_t length, typename E::Compute pivot,
                            typename E::Compute &sum,
                            typename E::Compute &squares) {
  typedef Lanes<E> L;
  typedef typename E::V V;
  constexpr int64_t kWidth = L::kWidth;
  // A copy: for all the compiler knows, stores change what `source` refers to.
  const Source<E, kAdds, kStreams> s = source;
  const V pivots = broadcast<V>(pivot);
  V a[L::kParts], b[L::kParts];
#pragma GCC unroll 16
  for (int64_t part = 0; part < L::kParts; ++part)
    a[part] = b[part] = V{};
  auto add = [&](V v, V &partA, V &partB) __attribute__((always_inline)) {
    if constexpr (kKind == Kind::Layer)
      partA += v;
    partB = multiplyAdd(v, v, partB);
  };
  // As many parts at a time as there are registers for, beside what else is
  // needed, of a piece of the row that stays in the first-level cache
  // meanwhile.
  constexpr int64_t kSumsAtOnce = 8 / (kKind == Kind::Layer ? 2 : 1);
  constexpr int64_t kAtOnce = L::kParts < kSumsAtOnce ? L::kParts : kSumsAtOnce;
  const int64_t whole = length / L::kLanes * L::kLanes;
  const int64_t most = kAtOnce == L::kParts ? whole : 16 * L::kLanes;
  int64_t i = 0;
  for (; i < whole; i += most) {
    const int64_t end = whole - i < most ? whole : i + most;
#pragma GCC unroll 4
    for (int64_t first = 0; first < L::kParts; first += kAtOnce) {
      V partA[kAtOnce], partB[kAtOnce];
#pragma GCC unroll 8
      for (int64_t part = 0; part < kAtOnce; ++part) {
        partA[part] = a[first + part];
        partB[part] = b[first + part];
      }
      for (int64_t k = i + first * kWidth; k < end; k += L::kLanes) {
#pragma GCC unroll 8
        for (int64_t part = 0; part < kAtOnce; part += 2) {
          V v[2];
          s.load2(k + part * kWidth, v);
          for (int64_t half = 0; half < 2; ++half)
            add(kPivots ? v[half] - pivots : v[half], partA[part + half],
                partB[part + half]);
        }
      }
#pragma GCC unroll 8
      for (int64_t part = 0; part < kAtOnce; ++part) {
        a[first + part] = partA[part];
        b[first + part] = partB[part];
      }
    }
  }
  i = whole;
  if (i < length) {
#pragma GCC unroll 16
    for (int64_t part = 0; part < L::kParts; ++part) {
      const int64_t rest = length - i - part * kWidth;
      const int64_t n = rest < kWidth ? rest : kWidth;
      if (n > 0) {
        V v = s.load(i + part * kWidth, n);
        add(kPivots ? L::first(v - pivots, n) : v, a[part], b[part]);
      }
    }
  }
  if constexpr (kKind == Kind::Layer)
    L::fold(a, b, sum, squares);
  else
    squares = L::fold(b);
}

/// Of the rows of a batch: what was summed, and about what.
template <typename C>
struct alignas(64) Sums {
  C pivot[kMostRows] = {}, sum[kMostRows] = {}, squares[kMostRows] = {};
};

/// What makes an element v of a row x_hat: (v - pivot) factor + offset.
template <typename C>
struct alignas(64) Statistics {
  C pivot[kMostRows], offset[kMostRows], factor[kMostRows];
};

/// The middle one of three elements: unlike the first one, and unlike a mean,
/// it is near the mean of rows that have a few outliers. (Vectors, since
/// scalars would be chosen by branches, which nothing predicts; small ones,
/// since others take longer.) Never -0.0: subtracting it would change the sign
/// of -0.0.
template <typename E, typename Source>
COMMUTER_INLINE typename E::Compute pivotOf(const Source &source,
                                            int64_t length) {
  typedef typename E::Compute V __attribute__((vector_size(16)));
  V a = broadcast<V>(source.load1(0)),
    b = broadcast<V>(source.load1(length / 2)),
    c = broadcast<V>(source.load1(length - 1));
  V least = a < b ? a : b, most = a < b ? b : a;
  V middle = most < c ? most : c;
  return (least < middle ? middle : least)[0] + typename E::Compute(0);
}

/// The largest square of mean / deviation, both of what was summed, that leaves
/// enough digits. The sums have some 24 bits, and the variance loses as many as
/// this has: 16-bit types can spare six, others two.
template <typename E>
constexpr typename E::Compute kMostSquares =
    sizeof(typename E::Stored) == 2 ? 64 : 4;

/// Of a layer norm: for vectors of rows and for one row.
template <typename V>
COMMUTER_INLINE V varianceOf(V sum, V squares, V mean, V inverse) {
  return multiplyAdd(-sum, mean, squares) * inverse;
}

/// Of a row whose mean is about `pivot`.
template <typename E>
__attribute__((noinline)) void
sumAbout(typename E::Compute pivot, const typename E::Stored *values,
         int64_t length, double eps, int64_t row,
         Statistics<typename E::Compute> &statistics) {
  typedef typename E::Compute C;
  const C inverse = C(1) / static_cast<C>(length);
  const Source<E, false, false> source{values, nullptr, nullptr, nullptr};
  C sum, squares;
  sumRow<E, Kind::Layer, true>(source, length, pivot, sum, squares);
  C mean = sum * inverse;
  C variance = varianceOf(sum, squares, mean, inverse);
  variance = variance > C(0) || variance != variance ? variance : C(0);
  C factor = C(1) / squareRoot(variance + static_cast<C>(eps));
  statistics.pivot[row] = pivot;
  statistics.offset[row] = -mean * factor;
  statistics.factor[row] = factor;
  // One NaN, since of two an operation takes the one that the compiler puts
  // first, which need not be the same in every loop.
  if (factor != factor)
    statistics.pivot[row] = statistics.offset[row] = factor;
}

/// Roots and quotients are slow: one for a vector of rows.
template <typename E, Kind kKind>
COMMUTER_INLINE void finishSums(const NormRows &rows, Rows values,
                                const Sums<typename E::Compute> &sums,
                                Statistics<typename E::Compute> &statistics) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  const V one = broadcast<V>(C(1));
  const V inverse = one / broadcast<V>(static_cast<C>(rows.length));
  const V eps = broadcast<V>(static_cast<C>(rows.eps));
  for (int64_t first = 0; first < rows.count; first += E::kWidth) {
    V sum = read<V>(sums.sum + first), squares = read<V>(sums.squares + first);
    if constexpr (kKind == Kind::Rms) {
      V mean = multiplyAdd(squares, inverse, eps);
      write(statistics.pivot + first, V{});
      write(statistics.offset + first, V{});
      write(statistics.factor + first, one / squareRoot(mean));
    } else {
      V mean = sum * inverse;
      V variance = varianceOf(sum, squares, mean, inverse);
      V factor = one / squareRoot(variance + eps);
      write(statistics.pivot + first, read<V>(sums.pivot + first));
      write(statistics.offset + first, -mean * factor);
      write(statistics.factor + first, factor);
      // Of what is not finite, too: squares may exceed all numbers where those
      // of deviations do not.
      auto lacks = ~(mean * mean <= kMostSquares<E> * variance) |
                   (variance - variance != V{});
      if (__builtin_expect(!any(lacks), 1))
        continue;
      for (int64_t row = first; row < rows.count && row < first + E::kWidth;
           ++row)
        if (lacks[row - first])
          sumAbout<E>(sums.pivot[row] + mean[row - first],
                      at<const typename E::Stored>(values, row), rows.length,
                      rows.eps, row, statistics);
    }
  }
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// How x_hat comes from an element: see Statistics.
enum class Form { Scaled, Shifted, Pivoted };

/// Rows that are written at once share the loads of scale and bias, which come
/// from the second-level cache where rows are long.
constexpr int64_t kRowsAtOnce = kVectorBytes == 64 ? 4 : 2;

/// Writes kCount rows, from number `first` on: their elements are `values`.
template <typename E, Form kForm, bool kHasScale, bool kHasBias, bool kStreams,
          int64_t kCount>
__attribute__((noinline)) void
writeRows(const NormRows &rows, Rows values,
          const Statistics<typename E::Compute> &statistics, int64_t first) {
  typedef typename E::Stored T;
  typedef typename E::Compute C;
  typedef typename E::V V;
  typedef typename ParameterOf<C>::E P;
  constexpr int64_t kWidth = E::kWidth;
  // Copies: for all the compiler knows, the stores change what was given.
  const T *input[kCount], *nextX[kCount], *nextResidual[kCount];
  T *output[kCount];
  V pivot[kCount], offset[kCount], factor[kCount];
  auto forEachRow = [](auto body) __attribute__((always_inline)) {
#pragma GCC unroll 4
    for (int64_t r = 0; r < kCount; ++r)
      body(r);
  };
  forEachRow([&](int64_t r) __attribute__((always_inline)) {
    const int64_t row = first + r;
    input[r] = at<const T>(values, row);
    output[r] = at<T>(rows.output, row);
    nextX[r] = at<const T>(rows.x, row + rows.ahead);
    nextResidual[r] = rows.residual.data
                          ? at<const T>(rows.residual, row + rows.ahead)
                          : nextX[r];
    pivot[r] = broadcast<V>(statistics.pivot[row]);
    offset[r] = broadcast<V>(statistics.offset[row]);
    factor[r] = broadcast<V>(statistics.factor[row]);
  });
  auto *scale = static_cast<const C *>(rows.scale);
  auto *bias = static_cast<const C *>(rows.bias);
  const int64_t length = rows.length;

  auto result = [&](int64_t r, V v, V w, V b) __attribute__((always_inline)) {
    if constexpr (kForm == Form::Pivoted)
      v -= pivot[r];
    if constexpr (kForm == Form::Scaled)
      v *= factor[r];
    else
      v = multiplyAdd(v, factor[r], offset[r]);
    if constexpr (kHasScale && kHasBias)
      return multiplyAdd(v, w, b);
    else if constexpr (kHasScale)
      return v * w;
    else if constexpr (kHasBias)
      return v + b;
    else
      return v;
  };
  auto parameters = [&](int64_t i, int64_t n, V &w, V &b)
                        __attribute__((always_inline)) {
                          if constexpr (kHasScale)
                            w = P::load(scale + i, n);
                          if constexpr (kHasBias)
                            b = P::load(bias + i, n);
                        };
  // Element i and up to a vector's width of them.
  auto part = [&](int64_t i, int64_t n) __attribute__((always_inline)) {
    V w = {}, b = {};
    parameters(i, n, w, b);
    forEachRow([&](int64_t r) __attribute__((always_inline)) {
      E::store(output[r] + i, result(r, E::load(input[r] + i, n), w, b), n);
    });
  };
  auto parts = [&](int64_t i, int64_t end) __attribute__((always_inline)) {
    for (; i < end; i += kWidth)
      part(i, end - i < kWidth ? end - i : kWidth);
  };

  int64_t i = 0, end = length;
  if constexpr (kStreams) {
    // Whole lines, those of all rows alike.
    const uintptr_t begin = reinterpret_cast<uintptr_t>(output[0]);
    const int64_t head = static_cast<int64_t>(-begin % kLineBytes / sizeof(T));
    const int64_t tail = static_cast<int64_t>(
        (begin + static_cast<uintptr_t>(length) * sizeof(T)) % kLineBytes /
        sizeof(T));
    i = head < length ? head : length;
    end = length - tail;
    parts(0, i);
  }
  for (; i + 2 * kWidth <= end; i += 2 * kWidth) {
    V w[2] = {}, b[2] = {}, v[kCount][2];
    parameters(i, kWidth, w[0], b[0]);
    parameters(i + kWidth, kWidth, w[1], b[1]);
    // All loads come before the stores, which may be at the same places of
    // other pages: processors take that for the same address.
    forEachRow([&](int64_t r) __attribute__((always_inline)) {
      if constexpr (kStreams) {
        fetch(nextX[r] + i);
        fetch(nextResidual[r] + i);
      }
      E::load2(input[r] + i, v[r]);
      v[r][0] = result(r, v[r][0], w[0], b[0]);
      v[r][1] = result(r, v[r][1], w[1], b[1]);
    });
    forEachRow([&](int64_t r) __attribute__((always_inline)) {
      if constexpr (kStreams)
        E::stream2(output[r] + i, E::shrink2(v[r]));
      else
        E::store2(output[r] + i, E::shrink2(v[r]));
    });
  }
  if constexpr (kStreams && kWidth * sizeof(T) == kLineBytes) {
    // The last one of an odd number of lines.
    if (i < end) {
      V w = {}, b = {};
      parameters(i, kWidth, w, b);
      forEachRow([&](int64_t r) __attribute__((always_inline)) {
        stream(output[r] + i, result(r, E::load(input[r] + i), w, b));
      });
      i += kWidth;
    }
  }
  parts(i, length);
}

/// Whether lines of all rows begin at the same elements.
COMMUTER_INLINE bool areAlignedAlike(Rows rows) {
  return rows.step % kLineBytes == 0;
}

/// Fetches the lines that a row shares with its neighbours, which are written
/// in the caches: what is stored behind them would wait for each.
template <typename T>
COMMUTER_INLINE void fetchEnds(const NormRows &rows) {
  for (int64_t row = 0; row < rows.count; ++row) {
    const T *begin = at<T>(rows.output, row), *end = begin + rows.length;
    if (reinterpret_cast<uintptr_t>(begin) % kLineBytes)
      __builtin_prefetch(begin, 1);
    if (reinterpret_cast<uintptr_t>(end) % kLineBytes)
      __builtin_prefetch(end, 1);
  }
}

template <typename E, Form kForm, bool kHasScale, bool kHasBias, bool kStreams>
COMMUTER_INLINE void
writeBatch(const NormRows &rows, Rows values,
           const Statistics<typename E::Compute> &statistics) {
  int64_t row = 0;
  // Parts of lines of several rows in turn are not gathered to whole ones on
  // their way to memory if the rows are whole pages apart.
  constexpr bool kWritesLines =
      2 * E::kWidth * sizeof(typename E::Stored) >= kLineBytes;
  if (!kStreams || (areAlignedAlike(rows.output) &&
                    (kWritesLines || rows.output.step % kPageBytes != 0)))
    for (; row + kRowsAtOnce <= rows.count; row += kRowsAtOnce)
      writeRows<E, kForm, kHasScale, kHasBias, kStreams, kRowsAtOnce>(
          rows, values, statistics, row);
  for (; row < rows.count; ++row)
    writeRows<E, kForm, kHasScale, kHasBias, kStreams, 1>(rows, values,
                                                          statistics, row);
}

template <typename E, Form kForm, bool kStreams>
COMMUTER_INLINE void
writeBatch(const NormRows &rows, Rows values,
           const Statistics<typename E::Compute> &statistics) {
  if (rows.scale && rows.bias)
    writeBatch<E, kForm, true, true, kStreams>(rows, values, statistics);
  else if (rows.scale)
    writeBatch<E, kForm, true, false, kStreams>(rows, values, statistics);
  else if (rows.bias)
    writeBatch<E, kForm, false, true, kStreams>(rows, values, statistics);
  else
    writeBatch<E, kForm, false, false, kStreams>(rows, values, statistics);
}

template <typename E, Form kForm>
COMMUTER_INLINE void
writeBatch(const NormRows &rows, Rows values,
           const Statistics<typename E::Compute> &statistics) {
  if (kCanStream && rows.streamsOutput)
    writeBatch<E, kForm, kCanStream>(rows, values, statistics);
  else
    writeBatch<E, kForm, false>(rows, values, statistics);
}

//===----------------------------------------------------------------------===//
// Batches
//===----------------------------------------------------------------------===//

template <typename E, Kind kKind, bool kAdds, bool kStreams>
__attribute__((noinline)) void sumRows(const NormRows &rows,
                                       Sums<typename E::Compute> &sums) {
  typedef typename E::Stored T;
  // 16-bit types have digits to spare, and take the elements as they are.
  constexpr bool kPivots =
      kKind == Kind::Layer && sizeof(T) == sizeof(typename E::Compute);
  for (int64_t row = 0; row < rows.count; ++row) {
    const Source<E, kAdds, kStreams> source{
        at<T>(rows.x, row), at<T>(rows.residual, row), at<T>(rows.sum, row),
        at<T>(rows.kept, row)};
    if constexpr (kPivots)
      sums.pivot[row] = pivotOf<E>(source, rows.length);
    sumRow<E, kKind, kPivots>(source, rows.length, sums.pivot[row],
                              sums.sum[row], sums.squares[row]);
  }
}

/// Whether each row begins with a line, and can be stored around the caches.
COMMUTER_INLINE bool areAligned(Rows rows) {
  return (reinterpret_cast<uintptr_t>(rows.data) |
          static_cast<uintptr_t>(rows.step)) %
             kLineBytes ==
         0;
}

template <typename E, Kind kKind>
void normRows(const NormRows &rows) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  if (kCanStream && rows.streamsOutput)
    fetchEnds<typename E::Stored>(rows);
  Sums<C> sums;
  Rows values = rows.x;
  if (!rows.residual.data) {
    sumRows<E, kKind, false, false>(rows, sums);
  } else if (kCanStream && rows.streamsSum && areAligned(rows.sum)) {
    sumRows<E, kKind, true, kCanStream>(rows, sums);
    values = rows.kept;
  } else {
    sumRows<E, kKind, true, false>(rows, sums);
    values = rows.sum;
  }
  Statistics<C> statistics;
  finishSums<E, kKind>(rows, values, sums, statistics);
  if constexpr (kKind == Kind::Rms)
    return writeBatch<E, Form::Scaled>(rows, values, statistics);
  // What is 0 for all rows need not be subtracted, and changes no bits.
  bool pivots = false;
  for (int64_t first = 0; first < rows.count; first += E::kWidth)
    pivots |= any(read<V>(statistics.pivot + first) != V{});
  if (pivots)
    writeBatch<E, Form::Pivoted>(rows, values, statistics);
  else
    writeBatch<E, Form::Shifted>(rows, values, statistics);
}

} // namespace

#endif // COMMUTER_RUNTIME_CPU_NORM_KERNELS_H
