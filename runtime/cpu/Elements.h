//===- Elements.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors of this translation unit's width, and the element types: how they are
// stored, and loaded into the type of arithmetic. For kernel units alone; see
// Kernels.h for what they define before.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_ELEMENTS_H
#define COMMUTER_RUNTIME_CPU_ELEMENTS_H

#define COMMUTER_ALWAYS_INLINE inline __attribute__((always_inline))
#define COMMUTER_INLINE static COMMUTER_ALWAYS_INLINE

#include "../src/QuantizedTypes.h"

#if defined(COMMUTER_HAS_F16C)
#include <immintrin.h>
#endif

namespace {

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

template <typename T>
COMMUTER_INLINE void write(void *address, T value) {
  __builtin_memcpy(address, &value, sizeof(T));
}

template <typename V, typename T>
COMMUTER_INLINE V broadcast(T value) {
  return value - V{};
}

//===----------------------------------------------------------------------===//
// Fused products and sums
//===----------------------------------------------------------------------===//

// a b + c, rounded once.

COMMUTER_INLINE float multiplyAdd(float a, float b, float c) {
  return __builtin_fmaf(a, b, c);
}
COMMUTER_INLINE double multiplyAdd(double a, double b, double c) {
  return __builtin_fma(a, b, c);
}
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
COMMUTER_INLINE VF multiplyAdd(VF a, VF b, VF c) {
  return _mm512_fmadd_ps(a, b, c);
}
COMMUTER_INLINE VD multiplyAdd(VD a, VD b, VD c) {
  return _mm512_fmadd_pd(a, b, c);
}
#elif defined(COMMUTER_HAS_F16C)
COMMUTER_INLINE VF multiplyAdd(VF a, VF b, VF c) {
  return _mm256_fmadd_ps(a, b, c);
}
COMMUTER_INLINE VD multiplyAdd(VD a, VD b, VD c) {
  return _mm256_fmadd_pd(a, b, c);
}
#else
template <typename V>
COMMUTER_INLINE V multiplyAdd(V a, V b, V c) {
  for (int64_t i = 0; i < Vec<decltype(a[0] + 0)>::kWidth; ++i)
    c[i] = multiplyAdd(a[i], b[i], c[i]);
  return c;
}
#endif

//===----------------------------------------------------------------------===//
// Parts of vectors, and stores that leave the caches alone
//===----------------------------------------------------------------------===//

#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
/// The first n elements of a vector, the others zero.
COMMUTER_INLINE VF loadPart(const float *p, int64_t n) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << n) - 1), p);
}
COMMUTER_INLINE VD loadPart(const double *p, int64_t n) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << n) - 1), p);
}
COMMUTER_INLINE VH loadPart(const uint16_t *p, int64_t n) {
  return reinterpret_cast<VH>(
      _mm256_maskz_loadu_epi16(static_cast<__mmask16>((1u << n) - 1), p));
}
COMMUTER_INLINE void storePart(float *p, VF v, int64_t n) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>((1u << n) - 1), v);
}
COMMUTER_INLINE void storePart(double *p, VD v, int64_t n) {
  _mm512_mask_storeu_pd(p, static_cast<__mmask8>((1u << n) - 1), v);
}
COMMUTER_INLINE void storePart(uint16_t *p, VH v, int64_t n) {
  _mm256_mask_storeu_epi16(p, static_cast<__mmask16>((1u << n) - 1),
                           reinterpret_cast<__m256i>(v));
}
/// `p` is aligned to the vector's size. See finishStreaming.
COMMUTER_INLINE void stream(float *p, VF v) { _mm512_stream_ps(p, v); }
COMMUTER_INLINE void stream(double *p, VD v) { _mm512_stream_pd(p, v); }
COMMUTER_INLINE void stream(uint16_t *p, VH v) {
  _mm256_stream_si256(reinterpret_cast<__m256i *>(p),
                      reinterpret_cast<__m256i>(v));
}
#else
template <typename T>
COMMUTER_INLINE auto loadPart(const T *p, int64_t n) {
  typedef T V __attribute__((vector_size(
      sizeof(T) == 2 ? COMMUTER_VECTOR_BYTES / 2 : COMMUTER_VECTOR_BYTES)));
  T part[sizeof(V) / sizeof(T)] = {};
  for (int64_t i = 0; i < n; ++i)
    part[i] = p[i];
  return read<V>(part);
}
template <typename T, typename V>
COMMUTER_INLINE void storePart(T *p, V v, int64_t n) {
  T part[sizeof(V) / sizeof(T)];
  write(part, v);
  for (int64_t i = 0; i < n; ++i)
    p[i] = part[i];
}
#if defined(COMMUTER_HAS_F16C)
COMMUTER_INLINE void stream(float *p, VF v) { _mm256_stream_ps(p, v); }
COMMUTER_INLINE void stream(double *p, VD v) { _mm256_stream_pd(p, v); }
COMMUTER_INLINE void stream(uint16_t *p, VH v) {
  _mm_stream_si128(reinterpret_cast<__m128i *>(p),
                   reinterpret_cast<__m128i>(v));
}
#else
template <typename T, typename V>
COMMUTER_INLINE void stream(T *p, V v) {
  write(p, v);
}
#endif
#endif

/// Before another thread may read what was streamed.
static void finishStreaming() {
#if defined(COMMUTER_HAS_F16C)
  _mm_sfence();
#endif
}

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
    return reinterpret_cast<VF>(__builtin_convertvector(half, VU) << 16);
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
    VU bits = reinterpret_cast<VU>(v);
    // To nearest, ties to even; a NaN must not carry into an infinity.
    VU rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    VU quiet = (bits >> 16) | 0x40;
    VU result = v != v ? quiet : rounded;
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

#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
private:
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
  COMMUTER_INLINE VF expand(VH half) {
    VF v;
    for (int64_t i = 0; i < Vec<float>::kWidth; ++i) {
      uint16_t element = half[i];
      v[i] = load1(&element);
    }
    return v;
  }
  COMMUTER_INLINE VH shrink(VF v) {
    VH half;
    for (int64_t i = 0; i < Vec<float>::kWidth; ++i) {
      uint16_t element;
      store1(&element, v[i]);
      half[i] = element;
    }
    return half;
  }
#endif
};

} // namespace

#endif // COMMUTER_RUNTIME_CPU_ELEMENTS_H
