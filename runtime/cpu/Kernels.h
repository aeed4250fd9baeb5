//===- Kernels.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Norm, quantisation and reduction kernels, written once. A translation unit
// sets the vector width and the instruction set, includes this, and fills a
// KernelTable.
//
//===----------------------------------------------------------------------===//

// Define before including: COMMUTER_VECTOR_BYTES (16, 32 or 64) and, where the
// instructions are there, COMMUTER_HAS_F16C and COMMUTER_HAS_AVX512BF16.
//
// Bits. A row is summed into kLanes partial sums, element i into lane i mod
// kLanes, in order; the lanes are then folded in halves. kLanes is the same for
// all vector widths and products are not contracted into fused operations
// (-ffp-contract=off), so that a result depends on the values alone: not on the
// instruction set, the alignment or the number of rows.

#define COMMUTER_INLINE static inline __attribute__((always_inline))

#include "../src/QuantizedTypes.h"
#include "KernelTable.h"

#if defined(COMMUTER_HAS_F16C)
#include <immintrin.h>
#endif

namespace {

using commuter::rt::NormRow;
using commuter::rt::QuantizeRow;

constexpr int64_t kVectorBytes = COMMUTER_VECTOR_BYTES;

/// A vector of T and its form in memory, at any address.
template <typename T>
struct Vec {
  typedef T V __attribute__((vector_size(COMMUTER_VECTOR_BYTES)));
  typedef T Unaligned __attribute__((vector_size(COMMUTER_VECTOR_BYTES),
                                     aligned(1), may_alias));
  static constexpr int64_t kWidth = kVectorBytes / sizeof(T);
};

typedef Vec<float>::V VF;
typedef Vec<double>::V VD;
typedef Vec<uint32_t>::V VU;
typedef uint16_t VH __attribute__((vector_size(COMMUTER_VECTOR_BYTES / 2)));
typedef uint16_t VHUnaligned __attribute__((
    vector_size(COMMUTER_VECTOR_BYTES / 2), aligned(1), may_alias));

template <typename T>
COMMUTER_INLINE void write(void *address, T value) {
  __builtin_memcpy(address, &value, sizeof(T));
}

//===----------------------------------------------------------------------===//
// Element types: how they are stored, and loaded into the type of arithmetic
//===----------------------------------------------------------------------===//

struct F32 {
  typedef float Stored;
  typedef float Compute;
  typedef VF V;
  COMMUTER_INLINE V load(const Stored *p) {
    return *reinterpret_cast<const Vec<float>::Unaligned *>(p);
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
    *reinterpret_cast<Vec<float>::Unaligned *>(p) = v;
  }
  COMMUTER_INLINE float load1(const Stored *p) { return *p; }
  COMMUTER_INLINE void store1(Stored *p, float v) { *p = v; }
};

struct F64 {
  typedef double Stored;
  typedef double Compute;
  typedef VD V;
  COMMUTER_INLINE V load(const Stored *p) {
    return *reinterpret_cast<const Vec<double>::Unaligned *>(p);
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
    *reinterpret_cast<Vec<double>::Unaligned *>(p) = v;
  }
  COMMUTER_INLINE double load1(const Stored *p) { return *p; }
  COMMUTER_INLINE void store1(Stored *p, double v) { *p = v; }
};

struct BF16 {
  typedef uint16_t Stored;
  typedef float Compute;
  typedef VF V;
  COMMUTER_INLINE V load(const Stored *p) {
    VH half = *reinterpret_cast<const VHUnaligned *>(p);
    return reinterpret_cast<VF>(__builtin_convertvector(half, VU) << 16);
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
#if defined(COMMUTER_HAS_AVX512BF16)
    // The instruction takes subnormal inputs for zero; all else it rounds as
    // the code below.
    if (__builtin_expect(_mm512_fpclass_ps_mask(v, 0x20) == 0, 1)) {
      __m256bh half = _mm512_cvtneps_pbh(v);
      __builtin_memcpy(p, &half, sizeof(half));
      return;
    }
#endif
    VU bits = reinterpret_cast<VU>(v);
    // To nearest, ties to even; a NaN must not carry into an infinity.
    VU rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    VU quiet = (bits >> 16) | 0x40;
    VU result = v != v ? quiet : rounded;
    *reinterpret_cast<VHUnaligned *>(p) = __builtin_convertvector(result, VH);
  }
  COMMUTER_INLINE float load1(const Stored *p) {
    return floatOf(static_cast<uint32_t>(*p) << 16);
  }
  COMMUTER_INLINE void store1(Stored *p, float v) {
    uint32_t bits = bitsOf(v);
    *p = static_cast<uint16_t>(v != v ? (bits >> 16) | 0x40
                                      : (bits + 0x7fff + ((bits >> 16) & 1)) >>
                                            16);
  }
};

struct F16 {
  typedef uint16_t Stored;
  typedef float Compute;
  typedef VF V;
  COMMUTER_INLINE float load1(const Stored *p) {
    uint32_t half = *p;
    uint32_t sign = (half & 0x8000) << 16;
    uint32_t magnitude = half & 0x7fff;
    if (magnitude >= 0x7c00) { // infinity, or NaN made quiet
      uint32_t payload = magnitude & 0x3ff;
      return floatOf(sign | 0x7f800000 |
                     (payload ? 0x400000 | payload << 13 : 0));
    }
    if (magnitude < 0x400) { // zero or subnormal: a multiple of 2^-24, exact
      float value = static_cast<float>(magnitude) * 0x1p-24f;
      return floatOf(sign | bitsOf(value));
    }
    return floatOf(sign | ((magnitude << 13) + 0x38000000));
  }
  COMMUTER_INLINE void store1(Stored *p, float v) {
    uint32_t bits = bitsOf(v);
    uint32_t sign = bits >> 16 & 0x8000;
    uint32_t magnitude = bits & 0x7fffffff;
    uint32_t half;
    if (magnitude > 0x7f800000) {
      half = 0x7e00 | (magnitude >> 13 & 0x3ff);
    } else if (magnitude >= 0x477ff000) { // rounds to 2^16 or more
      half = 0x7c00;
    } else if (magnitude < 0x38800000) { // below 2^-14: a multiple of 2^-24
      // Adding 0.5, whose last bit is worth 2^-24, rounds to that multiple.
      half = bitsOf(floatOf(magnitude) + 0.5f) - 0x3f000000;
    } else {
      half = (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13;
    }
    *p = static_cast<uint16_t>(sign | half);
  }
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
  COMMUTER_INLINE V load(const Stored *p) {
    return _mm512_cvtph_ps(
        _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)));
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
    _mm256_storeu_si256(
        reinterpret_cast<__m256i *>(p),
        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
#elif defined(COMMUTER_HAS_F16C)
  COMMUTER_INLINE V load(const Stored *p) {
    return _mm256_cvtph_ps(
        _mm_loadu_si128(reinterpret_cast<const __m128i *>(p)));
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p),
                     _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
#else
  COMMUTER_INLINE V load(const Stored *p) {
    V v;
    for (int64_t i = 0; i < Vec<float>::kWidth; ++i)
      v[i] = load1(p + i);
    return v;
  }
  COMMUTER_INLINE void store(Stored *p, V v) {
    for (int64_t i = 0; i < Vec<float>::kWidth; ++i)
      store1(p + i, v[i]);
  }
#endif
};

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

COMMUTER_INLINE float squareRoot(float v) { return __builtin_sqrtf(v); }
COMMUTER_INLINE double squareRoot(double v) { return __builtin_sqrt(v); }

/// The partial sums of a row: 256 bytes, 64 lanes of f32 or 32 of f64.
template <typename E>
struct Sums {
  typedef typename E::Compute C;
  static constexpr int64_t kWidth = Vec<C>::kWidth;
  static constexpr int64_t kLanes = 256 / sizeof(C);
  static constexpr int64_t kParts = kLanes / kWidth;
};

/// Sums term(x) over a row. `vectorAt(i)` gives the terms of elements
/// i .. i + width, `scalarAt(i)` that of one.
template <typename E, typename VectorAt, typename ScalarAt>
COMMUTER_INLINE typename E::Compute sumOver(int64_t length, VectorAt vectorAt,
                                            ScalarAt scalarAt) {
  typedef Sums<E> S;
  typename E::V sums[S::kParts];
#pragma GCC unroll 16
  for (int64_t part = 0; part < S::kParts; ++part)
    sums[part] = typename E::V{};
  int64_t i = 0;
  for (; i + S::kLanes <= length; i += S::kLanes) {
#pragma GCC unroll 16
    for (int64_t part = 0; part < S::kParts; ++part)
      sums[part] += vectorAt(i + part * S::kWidth);
  }
  typename E::Compute lanes[S::kLanes];
  __builtin_memcpy(lanes, sums, sizeof(lanes));
  for (int64_t lane = 0; i < length; ++i, ++lane)
    lanes[lane] += scalarAt(i);
  for (int64_t half = S::kLanes / 2; half; half /= 2)
    for (int64_t lane = 0; lane < half; ++lane)
      lanes[lane] += lanes[lane + half];
  return lanes[0];
}

/// As sumOver, but for two terms at once.
template <typename E, typename VectorAt, typename ScalarAt>
COMMUTER_INLINE void sumTwoOver(int64_t length, VectorAt vectorAt,
                                ScalarAt scalarAt, typename E::Compute &first,
                                typename E::Compute &second) {
  typedef Sums<E> S;
  typename E::V a[S::kParts], b[S::kParts];
#pragma GCC unroll 16
  for (int64_t part = 0; part < S::kParts; ++part)
    a[part] = b[part] = typename E::V{};
  int64_t i = 0;
  for (; i + S::kLanes <= length; i += S::kLanes) {
#pragma GCC unroll 16
    for (int64_t part = 0; part < S::kParts; ++part)
      vectorAt(i + part * S::kWidth, a[part], b[part]);
  }
  typename E::Compute lanesA[S::kLanes], lanesB[S::kLanes];
  __builtin_memcpy(lanesA, a, sizeof(lanesA));
  __builtin_memcpy(lanesB, b, sizeof(lanesB));
  for (int64_t lane = 0; i < length; ++i, ++lane)
    scalarAt(i, lanesA[lane], lanesB[lane]);
  for (int64_t half = S::kLanes / 2; half; half /= 2)
    for (int64_t lane = 0; lane < half; ++lane) {
      lanesA[lane] += lanesA[lane + half];
      lanesB[lane] += lanesB[lane + half];
    }
  first = lanesA[0];
  second = lanesB[0];
}

template <typename E, bool HasScale, bool HasBias>
COMMUTER_INLINE void writeRow(const typename E::Stored *x, const NormRow &row,
                              bool centred, typename E::Compute mean,
                              typename E::Compute shift,
                              typename E::Compute factor) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  constexpr int64_t kWidth = Vec<C>::kWidth;
  auto *scale = static_cast<const C *>(row.scale);
  auto *bias = static_cast<const C *>(row.bias);
  auto *output = static_cast<typename E::Stored *>(row.output);
  // A copy: for all the compiler knows, the stores change `row`.
  const int64_t length = row.length;
  int64_t i = 0;
  for (; i + kWidth <= length; i += kWidth) {
    V v = E::load(x + i);
    if (centred)
      v = (v - mean) - shift;
    v *= factor;
    if (HasScale)
      v *= *reinterpret_cast<const typename Vec<C>::Unaligned *>(scale + i);
    if (HasBias)
      v += *reinterpret_cast<const typename Vec<C>::Unaligned *>(bias + i);
    E::store(output + i, v);
  }
  for (; i < length; ++i) {
    C v = E::load1(x + i);
    if (centred)
      v = (v - mean) - shift;
    v *= factor;
    if (HasScale)
      v *= scale[i];
    if (HasBias)
      v += bias[i];
    E::store1(output + i, v);
  }
}

template <typename E>
COMMUTER_INLINE void writeRow(const typename E::Stored *x, const NormRow &row,
                              bool centred, typename E::Compute mean,
                              typename E::Compute shift,
                              typename E::Compute factor) {
  if (row.scale && row.bias)
    writeRow<E, true, true>(x, row, centred, mean, shift, factor);
  else if (row.scale)
    writeRow<E, true, false>(x, row, centred, mean, shift, factor);
  else if (row.bias)
    writeRow<E, false, true>(x, row, centred, mean, shift, factor);
  else
    writeRow<E, false, false>(x, row, centred, mean, shift, factor);
}

/// The row that the norm is taken of: x, or x + residual rounded to x's type
/// (f32 holds enough digits that rounding f16 and bf16 twice is harmless).
template <typename E>
COMMUTER_INLINE const typename E::Stored *addResidual(const NormRow &row) {
  typedef typename E::Stored T;
  constexpr int64_t kWidth = Vec<typename E::Compute>::kWidth;
  auto *x = static_cast<const T *>(row.x);
  if (!row.residual)
    return x;
  auto *residual = static_cast<const T *>(row.residual);
  auto *sum = static_cast<T *>(row.sum);
  const int64_t length = row.length;
  int64_t i = 0;
  for (; i + kWidth <= length; i += kWidth)
    E::store(sum + i, E::load(x + i) + E::load(residual + i));
  for (; i < length; ++i)
    E::store1(sum + i, E::load1(x + i) + E::load1(residual + i));
  return sum;
}

template <typename E>
void rmsNormRow(const NormRow &row) {
  typedef typename E::Compute C;
  const typename E::Stored *x = addResidual<E>(row);
  C squares = sumOver<E>(
      row.length,
      [&](int64_t i) __attribute__((always_inline)) {
        typename E::V v = E::load(x + i);
        return v * v;
      },
      [&](int64_t i) {
        C v = E::load1(x + i);
        return v * v;
      });
  C factor = C(1) / squareRoot(squares / static_cast<C>(row.length) +
                               static_cast<C>(row.eps));
  writeRow<E>(x, row, false, C(0), C(0), factor);
}

/// Two passes with the corrected variance (Chan, Golub, LeVeque, 1983): what
/// the deviations sum up to is the rounding error of the mean, which is taken
/// out of the variance and of the result.
template <typename E>
void layerNormRow(const NormRow &row) {
  typedef typename E::Compute C;
  typedef typename E::V V;
  const typename E::Stored *x = addResidual<E>(row);
  C length = static_cast<C>(row.length);
  C mean = sumOver<E>(
               row.length,
               [&](int64_t i)
                   __attribute__((always_inline)) { return E::load(x + i); },
               [&](int64_t i) { return E::load1(x + i); }) /
           length;
  C deviations, squares;
  sumTwoOver<E>(
      row.length,
      [&](int64_t i, V &a, V &b) __attribute__((always_inline)) {
        V v = E::load(x + i) - mean;
        a += v;
        b += v * v;
      },
      [&](int64_t i, C &a, C &b) {
        C v = E::load1(x + i) - mean;
        a += v;
        b += v * v;
      },
      deviations, squares);
  C shift = deviations / length;
  C variance = (squares - deviations * shift) / length;
  variance = variance > C(0) || variance != variance ? variance : C(0);
  C factor = C(1) / squareRoot(variance + static_cast<C>(row.eps));
  writeRow<E>(x, row, true, mean, shift, factor);
}

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

typedef Vec<int32_t>::V VI;
typedef int8_t VB __attribute__((vector_size(COMMUTER_VECTOR_BYTES / 4)));

/// A code is the low byte of its lane. GCC makes scalar code of the conversions
/// unless it is told otherwise.
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
COMMUTER_INLINE VI loadCodes(const int8_t *p) {
  return reinterpret_cast<VI>(_mm512_cvtepi8_epi32(
      _mm_loadu_si128(reinterpret_cast<const __m128i *>(p))));
}
COMMUTER_INLINE void storeCodes(int8_t *p, VI codes) {
  _mm_storeu_si128(reinterpret_cast<__m128i *>(p),
                   _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(codes)));
}
#elif defined(COMMUTER_HAS_F16C)
COMMUTER_INLINE VI loadCodes(const int8_t *p) {
  return reinterpret_cast<VI>(_mm256_cvtepi8_epi32(
      _mm_loadl_epi64(reinterpret_cast<const __m128i *>(p))));
}
COMMUTER_INLINE void storeCodes(int8_t *p, VI codes) {
  __m256i bytes = reinterpret_cast<__m256i>(codes & 0xff);
  __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(bytes),
                                  _mm256_extracti128_si256(bytes, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i *>(p),
                   _mm_packus_epi16(words, words));
}
#else
COMMUTER_INLINE VI loadCodes(const int8_t *p) {
  return __builtin_convertvector(read<VB>(p), VI);
}
COMMUTER_INLINE void storeCodes(int8_t *p, VI codes) {
  write(p, __builtin_convertvector(codes, VB));
}
#endif

template <int64_t kSize>
struct SignedOf;
template <>
struct SignedOf<2> {
  typedef int16_t T;
};
template <>
struct SignedOf<4> {
  typedef int32_t T;
};

/// Magnitudes are ordered as their bit patterns are, with NaN above infinity. A
/// maximum has no order: every way to split the row gives the same bits.
template <typename E>
uint32_t largest(const void *source, int64_t length) {
  typedef typename E::Stored T;
  typedef typename SignedOf<sizeof(T)>::T I;
  typedef typename Vec<I>::V V;
  constexpr int64_t kWidth = Vec<I>::kWidth, kParts = 4;
  constexpr I kMask = sizeof(I) == 2 ? 0x7fff : 0x7fffffff;
  auto *x = static_cast<const T *>(source);
  V found[kParts] = {};
  int64_t i = 0;
  for (; i + kParts * kWidth <= length; i += kParts * kWidth) {
#pragma GCC unroll 4
    for (int64_t part = 0; part < kParts; ++part) {
      V v = read<V>(x + i + part * kWidth) & kMask;
      found[part] = v > found[part] ? v : found[part];
    }
  }
  I lanes[kParts * kWidth];
  __builtin_memcpy(lanes, found, sizeof(lanes));
  for (int64_t lane = 0; i < length; ++i, ++lane) {
    I v = read<I>(x + i) & kMask;
    lanes[lane] = v > lanes[lane] ? v : lanes[lane];
  }
  for (int64_t half = kParts * kWidth / 2; half; half /= 2)
    for (int64_t lane = 0; lane < half; ++lane)
      lanes[lane] =
          lanes[lane] > lanes[lane + half] ? lanes[lane] : lanes[lane + half];
  T stored = read<T>(lanes);
  return bitsOf(E::load1(&stored));
}

template <typename E, typename Q>
void quantizeRow(const QuantizeRow &row, bool computes) {
  constexpr int64_t kWidth = Vec<float>::kWidth;
  auto *x = static_cast<const typename E::Stored *>(row.input);
  auto *output = static_cast<int8_t *>(row.output);
  // A copy: for all the compiler knows, the stores change `row`.
  const QuantizeRow r = row;
  for (int64_t group = 0; group < r.groups; ++group) {
    if (computes)
      r.scales[group] = scaleOf<Q>(largest<E>(x, r.length));
    const float inverse = 1.0f / r.scales[group];
    int64_t i = 0;
    for (; i + kWidth <= r.length; i += kWidth) {
      VI code = Q::template encode<VI>(E::load(x + i) * inverse);
      storeCodes(output + i, code);
    }
    for (; i < r.length; ++i)
      output[i] = static_cast<int8_t>(
          Q::template encode<int32_t>(E::load1(x + i) * inverse));
    x += r.length;
    output += r.length;
  }
}

template <typename Q, typename E>
void dequantizeRow(const QuantizeRow &row) {
  constexpr int64_t kWidth = Vec<float>::kWidth;
  auto *codes = static_cast<const int8_t *>(row.input);
  auto *output = static_cast<typename E::Stored *>(row.output);
  const QuantizeRow r = row;
  for (int64_t group = 0; group < r.groups; ++group) {
    const float scale = r.scales[group];
    int64_t i = 0;
    for (; i + kWidth <= r.length; i += kWidth) {
      VF v = Q::template decode<VF>(loadCodes(codes + i));
      E::store(output + i, withOneNaN<VF, VI>(v * scale));
    }
    for (; i < r.length; ++i) {
      float v = Q::template decode<float>(static_cast<int32_t>(codes[i]));
      E::store1(output + i, withOneNaN<float, int32_t>(v * scale));
    }
    codes += r.length;
    output += r.length;
  }
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

// Each element takes the inputs in order, starting from the first one's value,
// and all inputs are read before the output is written.

struct Sum {
  template <typename V>
  COMMUTER_INLINE V apply(V a, V b) {
    return a + b;
  }
};
/// A NaN on either side wins.
struct Max {
  template <typename V>
  COMMUTER_INLINE V apply(V a, V b) {
    return (b > a) | (b != b) ? b : a;
  }
};
struct Min {
  template <typename V>
  COMMUTER_INLINE V apply(V a, V b) {
    return (b < a) | (b != b) ? b : a;
  }
};

template <typename E, typename Op>
COMMUTER_INLINE void reduceWith(const void *const *inputs, int64_t count,
                                int64_t length, void *output) {
  typedef typename E::Stored T;
  constexpr int64_t kWidth = Vec<typename E::Compute>::kWidth;
  auto input = [&](int64_t k) { return static_cast<const T *>(inputs[k]); };
  auto *target = static_cast<T *>(output);
  int64_t i = 0;
  for (; i + 2 * kWidth <= length; i += 2 * kWidth) {
    typename E::V low = E::load(input(0) + i);
    typename E::V high = E::load(input(0) + i + kWidth);
    for (int64_t k = 1; k < count; ++k) {
      low = Op::apply(low, E::load(input(k) + i));
      high = Op::apply(high, E::load(input(k) + i + kWidth));
    }
    E::store(target + i, low);
    E::store(target + i + kWidth, high);
  }
  for (; i < length; ++i) {
    typename E::Compute value = E::load1(input(0) + i);
    for (int64_t k = 1; k < count; ++k)
      value = Op::apply(value, E::load1(input(k) + i));
    E::store1(target + i, value);
  }
}

template <typename E>
void reduceKind(int kind, const void *const *inputs, int64_t count,
                int64_t length, void *output) {
  if (kind == 0)
    reduceWith<E, Sum>(inputs, count, length, output);
  else if (kind == 1)
    reduceWith<E, Max>(inputs, count, length, output);
  else
    reduceWith<E, Min>(inputs, count, length, output);
}

/// Integers. Sums are taken of the unsigned type: they wrap.
template <typename T>
struct Integer {
  typedef T Stored;
  typedef T Compute;
  typedef typename Vec<T>::V V;
  COMMUTER_INLINE V load(const T *p) {
    return *reinterpret_cast<const typename Vec<T>::Unaligned *>(p);
  }
  COMMUTER_INLINE void store(T *p, V v) {
    *reinterpret_cast<typename Vec<T>::Unaligned *>(p) = v;
  }
  COMMUTER_INLINE T load1(const T *p) { return *p; }
  COMMUTER_INLINE void store1(T *p, T v) { *p = v; }
};

template <typename Signed, typename Unsigned>
void reduceInteger(int kind, const void *const *inputs, int64_t count,
                   int64_t length, void *output) {
  if (kind == 0)
    reduceWith<Integer<Unsigned>, Sum>(inputs, count, length, output);
  else if (kind == 1)
    reduceWith<Integer<Signed>, Max>(inputs, count, length, output);
  else
    reduceWith<Integer<Signed>, Min>(inputs, count, length, output);
}

/// One bit an element: the sum wraps, so it is the exclusive or.
struct Xor {
  template <typename V>
  COMMUTER_INLINE V apply(V a, V b) {
    return a ^ b;
  }
};
void reduceI1(int kind, const void *const *inputs, int64_t count,
              int64_t length, void *output) {
  if (kind == 0)
    reduceWith<Integer<uint8_t>, Xor>(inputs, count, length, output);
  else if (kind == 1)
    reduceWith<Integer<uint8_t>, Max>(inputs, count, length, output);
  else
    reduceWith<Integer<uint8_t>, Min>(inputs, count, length, output);
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

template <typename E>
COMMUTER_INLINE void convertRow(const void *source, int64_t length,
                                float *target) {
  auto *from = static_cast<const typename E::Stored *>(source);
  int64_t i = 0;
  for (; i + Vec<float>::kWidth <= length; i += Vec<float>::kWidth)
    F32::store(target + i, E::load(from + i));
  for (; i < length; ++i)
    target[i] = E::load1(from + i);
}

void toF32(int type, const void *source, int64_t length, float *target) {
  switch (type) {
  case 0:
    return convertRow<F32>(source, length, target);
  case 1:
    for (int64_t i = 0; i < length; ++i)
      target[i] = static_cast<float>(static_cast<const double *>(source)[i]);
    return;
  case 2:
    return convertRow<F16>(source, length, target);
  case 3:
    return convertRow<BF16>(source, length, target);
  }
}

constexpr commuter::rt::KernelTable makeTable(const char *name) {
  return {name,
          {layerNormRow<F32>, layerNormRow<F64>, layerNormRow<F16>,
           layerNormRow<BF16>},
          {rmsNormRow<F32>, rmsNormRow<F64>, rmsNormRow<F16>, rmsNormRow<BF16>},
          {reduceKind<F32>, reduceKind<F64>, reduceKind<F16>, reduceKind<BF16>,
           nullptr, nullptr, reduceI1, reduceInteger<int8_t, uint8_t>,
           reduceInteger<int16_t, uint16_t>, reduceInteger<int32_t, uint32_t>,
           reduceInteger<int64_t, uint64_t>},
          toF32,
          {largest<F32>, nullptr, largest<F16>, largest<BF16>},
          {scaleOf<F8E4M3FN>, scaleOf<F8E5M2>, scaleOf<I8>},
          {{quantizeRow<F32, F8E4M3FN>, quantizeRow<F32, F8E5M2>,
            quantizeRow<F32, I8>},
           {},
           {quantizeRow<F16, F8E4M3FN>, quantizeRow<F16, F8E5M2>,
            quantizeRow<F16, I8>},
           {quantizeRow<BF16, F8E4M3FN>, quantizeRow<BF16, F8E5M2>,
            quantizeRow<BF16, I8>}},
          {{dequantizeRow<F8E4M3FN, F32>, nullptr, dequantizeRow<F8E4M3FN, F16>,
            dequantizeRow<F8E4M3FN, BF16>},
           {dequantizeRow<F8E5M2, F32>, nullptr, dequantizeRow<F8E5M2, F16>,
            dequantizeRow<F8E5M2, BF16>},
           {dequantizeRow<I8, F32>, nullptr, dequantizeRow<I8, F16>,
            dequantizeRow<I8, BF16>}}};
}

} // namespace
