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
// all vector widths. A product is fused with a sum where the source says so
// (multiplyAdd) and nowhere else (-ffp-contract=off). So a result depends on
// the values alone: not on the instruction set, the alignment or the number of
// rows. Where the instruction set lacks fused operations, their bits are
// computed by others: those of f32 by vectors of f64, those of f64 by the C
// library.

#include "NormKernels.h"

namespace {

using commuter::rt::QuantizeRow;

//===----------------------------------------------------------------------===//
// Quantisation
//===----------------------------------------------------------------------===//

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
COMMUTER_INLINE void storeCodes4(int8_t *p, const VI (&codes)[4]) {
  __m256i bytes[4];
  for (int k = 0; k < 4; ++k)
    bytes[k] = reinterpret_cast<__m256i>(codes[k] & 0xff);
  // Packing lets the vectors take turns, every four codes.
  __m256i turns = _mm256_packus_epi16(_mm256_packs_epi32(bytes[0], bytes[1]),
                                      _mm256_packs_epi32(bytes[2], bytes[3]));
  _mm256_storeu_si256(reinterpret_cast<__m256i_u *>(p),
                      _mm256_permutevar8x32_epi32(
                          turns, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}
#else
COMMUTER_INLINE VI loadCodes(const int8_t *p) {
  return __builtin_convertvector(read<VB>(p), VI);
}
COMMUTER_INLINE void storeCodes(int8_t *p, VI codes) {
  write(p, __builtin_convertvector(codes, VB));
}
#endif
#if !defined(COMMUTER_HAS_F16C) || COMMUTER_VECTOR_BYTES == 64
COMMUTER_INLINE void storeCodes4(int8_t *p, const VI (&codes)[4]) {
  for (int64_t k = 0; k < 4; ++k)
    storeCodes(p + k * Vec<int32_t>::kWidth, codes[k]);
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

/// `kWithin`: of numbers that do not exceed Q's largest one, but for rounding.
template <typename E, typename Q, bool kWithin>
COMMUTER_INLINE void encodeGroup(const typename E::Stored *x, int64_t length,
                                 float inverse, int8_t *output) {
  constexpr int64_t kWidth = Vec<float>::kWidth;
  auto encode = [](auto v, auto codes) __attribute__((always_inline)) {
    typedef decltype(codes) I;
    if constexpr (kWithin)
      return Q::template encodeWithin<I>(v);
    else
      return Q::template encode<I>(v);
  };
  auto codesAt = [&](int64_t i) __attribute__((always_inline)) {
    return encode(E::load(x + i) * inverse, VI{});
  };
  int64_t i = 0;
  for (; i + 4 * kWidth <= length; i += 4 * kWidth) {
    VI codes[4];
    for (int64_t k = 0; k < 4; ++k)
      codes[k] = codesAt(i + k * kWidth);
    storeCodes4(output + i, codes);
  }
  for (; i + kWidth <= length; i += kWidth)
    storeCodes(output + i, codesAt(i));
  for (; i < length; ++i)
    output[i] =
        static_cast<int8_t>(encode(E::load1(x + i) * inverse, int32_t(0)));
}

template <typename E, typename Q>
void quantizeRow(const QuantizeRow &row, bool computes) {
  auto *x = static_cast<const typename E::Stored *>(row.input);
  auto *output = static_cast<int8_t *>(row.output);
  // A copy: for all the compiler knows, the stores change `row`.
  const QuantizeRow r = row;
  for (int64_t group = 0; group < r.groups; ++group) {
    if (computes)
      r.scales[group] = scaleOf<Q>(largest<E>(x, r.length));
    const float scale = r.scales[group], inverse = 1.0f / scale;
    // A finite scale that was made for the group is one of finite numbers.
    if (computes && scale - scale == 0.0f)
      encodeGroup<E, Q, true>(x, r.length, inverse, output);
    else
      encodeGroup<E, Q, false>(x, r.length, inverse, output);
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
          {normRows<F32, Kind::Layer>, normRows<F64, Kind::Layer>,
           normRows<F16, Kind::Layer>, normRows<BF16, Kind::Layer>},
          {normRows<F32, Kind::Rms>, normRows<F64, Kind::Rms>,
           normRows<F16, Kind::Rms>, normRows<BF16, Kind::Rms>},
          finishStreaming,
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
