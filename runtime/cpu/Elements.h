//===- Elements.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The element types: how they are stored, and loaded into the type of
// arithmetic. For kernel units alone; see Kernels.h for what they define
// before.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_ELEMENTS_H
#define COMMUTER_RUNTIME_CPU_ELEMENTS_H

#include "Vectors.h"

namespace {

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// What the types have in common. E has expand and shrink, between a vector in
/// memory, R, and one of arithmetic, V.
template <typename E, typename T, typename C, typename R>
struct Element {
  typedef T Stored;
  typedef C Compute;
  typedef typename Vec<C>::V V;
  static constexpr int64_t kWidth = Vec<C>::kWidth;
  COMMUTER_INLINE V load(const T *p) { return E::expand(read<R>(p)); }
  COMMUTER_INLINE void store(T *p, V v) { write<R>(p, E::shrink(v)); }
  /// The first n elements, all if n is the width; others are zero, or left.
  COMMUTER_INLINE V load(const T *p, int64_t n) {
    return n == kWidth ? load(p) : E::expand(loadPart(p, n));
  }
  COMMUTER_INLINE void store(T *p, V v, int64_t n) {
    if (n == kWidth)
      store(p, v);
    else
      storePart(p, E::shrink(v), n);
  }
  /// Two vectors at once, which some instructions take.
  struct Stored2 {
    R low, high;
  };
  COMMUTER_INLINE void expand2(Stored2 stored, V (&v)[2]) {
    v[0] = E::expand(stored.low);
    v[1] = E::expand(stored.high);
  }
  COMMUTER_INLINE Stored2 shrink2(const V (&v)[2]) {
    return {E::shrink(v[0]), E::shrink(v[1])};
  }
  COMMUTER_INLINE void load2(const T *p, V (&v)[2]) {
    v[0] = load(p);
    v[1] = load(p + kWidth);
  }
  COMMUTER_INLINE void store2(T *p, Stored2 stored) {
    write<R>(p, stored.low);
    write<R>(p + kWidth, stored.high);
  }
  COMMUTER_INLINE void stream2(T *p, Stored2 stored) {
    ::stream(p, stored.low);
    ::stream(p + kWidth, stored.high);
  }
  COMMUTER_INLINE V rounded(V v) { return E::expand(E::shrink(v)); }
};

struct F32 : Element<F32, float, float, VF> {
  COMMUTER_INLINE VF expand(VF v) { return v; }
  COMMUTER_INLINE VF shrink(VF v) { return v; }
  COMMUTER_INLINE float load1(const float *p) { return *p; }
  COMMUTER_INLINE void store1(float *p, float v) { *p = v; }
};

struct F64 : Element<F64, double, double, VD> {
  COMMUTER_INLINE VD expand(VD v) { return v; }
  COMMUTER_INLINE VD shrink(VD v) { return v; }
  COMMUTER_INLINE double load1(const double *p) { return *p; }
  COMMUTER_INLINE void store1(double *p, double v) { *p = v; }
};

struct BF16 : Element<BF16, uint16_t, float, VH> {
  COMMUTER_INLINE VF expand(VH half) {
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 32
    // A load writes the words to both halves of a vector; of each half, one
    // instruction moves four of them to the upper words of its lanes.
    const __m256i upper = _mm256_setr_epi8(
        -1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7, //
        -1, -1, 8, 9, -1, -1, 10, 11, -1, -1, 12, 13, -1, -1, 14, 15);
    return reinterpret_cast<VF>(_mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(reinterpret_cast<__m128i>(half)), upper));
#else
    return reinterpret_cast<VF>(__builtin_convertvector(half, VU) << 16);
#endif
  }
  COMMUTER_INLINE VH shrink(VF v) {
#if defined(COMMUTER_HAS_AVX512BF16)
    // The instruction takes subnormal inputs for zero; all else it rounds as
    // the code below.
    if (__builtin_expect(_mm512_fpclass_ps_mask(v, 0x20) == 0, 1)) {
      __m256bh half = _mm512_cvtneps_pbh(v);
      return read<VH>(&half);
    }
#endif
    // A NaN must not carry into an infinity.
    VU quiet = (reinterpret_cast<VU>(v) >> 16) | 0x40;
    VU result = v != v ? quiet : upperHalf(v);
    return __builtin_convertvector(result, VH);
  }
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
  typedef __m512i Stored2;
  COMMUTER_INLINE void expand2(Stored2 stored, VF (&v)[2]) {
    // Word k to the upper half of lane k, in one instruction.
    v[0] = reinterpret_cast<VF>(
        _mm512_maskz_permutexvar_epi16(kUpperHalves, wordsFrom(0), stored));
    v[1] = reinterpret_cast<VF>(_mm512_maskz_permutexvar_epi16(
        kUpperHalves, wordsFrom(kWidth), stored));
  }
  COMMUTER_INLINE Stored2 shrink2(const VF (&v)[2]) {
#if defined(COMMUTER_HAS_AVX512BF16)
    if (__builtin_expect((_mm512_fpclass_ps_mask(v[0], 0x20) |
                          _mm512_fpclass_ps_mask(v[1], 0x20)) == 0,
                         1)) {
      __m512bh both = _mm512_cvtne2ps_pbh(v[1], v[0]);
      return read<Stored2>(&both);
    }
#endif
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(reinterpret_cast<__m256i>(shrink(v[0]))),
        reinterpret_cast<__m256i>(shrink(v[1])), 1);
  }
  COMMUTER_INLINE void load2(const uint16_t *p, VF (&v)[2]) {
    expand2(_mm512_loadu_si512(p), v);
  }
  COMMUTER_INLINE void store2(uint16_t *p, Stored2 stored) {
    _mm512_storeu_si512(p, stored);
  }
  COMMUTER_INLINE void stream2(uint16_t *p, Stored2 stored) {
    _mm512_stream_si512(reinterpret_cast<__m512i *>(p), stored);
  }
#elif defined(COMMUTER_HAS_F16C)
  typedef __m256i Stored2;
  COMMUTER_INLINE void expand2(Stored2 stored, VF (&v)[2]) {
    v[0] = expand(reinterpret_cast<VH>(_mm256_castsi256_si128(stored)));
    v[1] = expand(reinterpret_cast<VH>(_mm256_extracti128_si256(stored, 1)));
  }
  COMMUTER_INLINE Stored2 shrink2(const VF (&v)[2]) {
    if (__builtin_expect(any(_mm256_cmp_ps(v[0], v[1], _CMP_UNORD_Q)), 0))
      return _mm256_set_m128i(reinterpret_cast<__m128i>(shrink(v[1])),
                              reinterpret_cast<__m128i>(shrink(v[0])));
    // Packing lets the two vectors take turns, every four words.
    return _mm256_permute4x64_epi64(
        _mm256_packus_epi32(reinterpret_cast<__m256i>(upperHalf(v[0])),
                            reinterpret_cast<__m256i>(upperHalf(v[1]))),
        _MM_SHUFFLE(3, 1, 2, 0));
  }
  COMMUTER_INLINE void store2(uint16_t *p, Stored2 stored) {
    _mm256_storeu_si256(reinterpret_cast<__m256i_u *>(p), stored);
  }
  COMMUTER_INLINE void stream2(uint16_t *p, Stored2 stored) {
    _mm256_stream_si256(reinterpret_cast<__m256i *>(p), stored);
  }
#endif
  COMMUTER_INLINE float load1(const Stored *p) {
    return floatOf(static_cast<uint32_t>(*p) << 16);
  }
  COMMUTER_INLINE void store1(Stored *p, float v) {
    uint32_t bits = bitsOf(v);
    *p = static_cast<uint16_t>(v != v ? (bits >> 16) | 0x40
                                      : (bits + 0x7fff + ((bits >> 16) & 1)) >>
                                            16);
  }

private:
  /// Of what is no NaN, rounded to nearest, ties to even: in the low words.
  COMMUTER_INLINE VU upperHalf(VF v) {
    VU bits = reinterpret_cast<VU>(v);
    return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  }
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
  static constexpr __mmask32 kUpperHalves = 0xaaaaaaaa;
  COMMUTER_INLINE __m512i wordsFrom(int first) {
    typedef uint32_t Doubles __attribute__((vector_size(64)));
    Doubles index;
    for (int lane = 0; lane < kWidth; ++lane)
      index[lane] = static_cast<uint32_t>(first + lane) << 16;
    return reinterpret_cast<__m512i>(index);
  }
#endif
};

struct F16 : Element<F16, uint16_t, float, VH> {
  /// As `Float8`'s: for vectors and scalars, without branches.
  template <typename F, typename I>
  COMMUTER_INLINE F widened(I half) {
    I magnitude = half & 0x7fff;
    // Zero or subnormal: a multiple of 2^-24, exact.
    F small = fromInteger<F, I>(magnitude) * 0x1p-24f;
    I normal = (magnitude << 13) + 0x38000000;
    I special = (magnitude << 13) + 0x70000000;
    I bits = magnitude < 0x400 ? read<I>(&small) : normal;
    bits = magnitude < 0x7c00 ? bits : special;
    bits = magnitude > 0x7c00 ? special | 0x400000 : bits; // NaN made quiet
    bits |= (half & 0x8000) << 16;
    return read<F>(&bits);
  }
  template <typename I, typename F>
  COMMUTER_INLINE I narrowed(F v) {
    I bits = read<I>(&v), constants = I{};
    I magnitude = bits & 0x7fffffff;
    // Below 2^-14: adding 0.5, whose last bit is worth 2^-24, rounds to a
    // multiple of that.
    F shifted = read<F>(&magnitude) + 0.5f;
    I small = read<I>(&shifted) - 0x3f000000;
    I normal = (magnitude - 0x38000000 + 0xfff + (magnitude >> 13 & 1)) >> 13;
    I half = magnitude < 0x38800000 ? small : normal;
    // From here on numbers round to 2^16 or more.
    half = magnitude < 0x477ff000 ? half : constants + 0x7c00;
    half = magnitude > kInfinity ? 0x7e00 | (magnitude >> 13 & 0x3ff) : half;
    return (bits >> 16 & 0x8000) | half;
  }
  COMMUTER_INLINE float load1(const Stored *p) {
    return widened<float>(static_cast<int32_t>(*p));
  }
  COMMUTER_INLINE void store1(Stored *p, float v) {
    *p = static_cast<uint16_t>(narrowed<int32_t>(v));
  }
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
  COMMUTER_INLINE VF expand(VH half) {
    return _mm512_cvtph_ps(reinterpret_cast<__m256i>(half));
  }
  COMMUTER_INLINE VH shrink(VF v) {
    return reinterpret_cast<VH>(
        _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
#elif defined(COMMUTER_HAS_F16C)
  COMMUTER_INLINE VF expand(VH half) {
    return _mm256_cvtph_ps(reinterpret_cast<__m128i>(half));
  }
  COMMUTER_INLINE VH shrink(VF v) {
    return reinterpret_cast<VH>(_mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
#else
  COMMUTER_SHARED VF expand(VH half) {
    return widened<VF>(__builtin_convertvector(half, VI));
  }
  COMMUTER_SHARED VH shrink(VF v) {
    return __builtin_convertvector(narrowed<VI>(v), VH);
  }
#endif
};

} // namespace

#endif // COMMUTER_RUNTIME_CPU_ELEMENTS_H
