//===- Vectors.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors of this translation unit's width, and what instruction sets do with
// them in ways of their own. For kernel units alone; see Kernels.h for what
// they define before.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_VECTORS_H
#define COMMUTER_RUNTIME_CPU_VECTORS_H

#define COMMUTER_ALWAYS_INLINE inline __attribute__((always_inline))
#define COMMUTER_INLINE static COMMUTER_ALWAYS_INLINE
/// Of a vector operation that takes many where the instruction set lacks it:
/// a copy for every use would be slow to compile, and no faster.
#define COMMUTER_SHARED static __attribute__((noinline))

#include "../src/QuantizedTypes.h"

#if defined(COMMUTER_HAS_F16C)
#include <immintrin.h>
#endif

namespace {

constexpr int64_t kVectorBytes = COMMUTER_VECTOR_BYTES;
/// Of the caches, and of memory.
constexpr int64_t kLineBytes = 64, kPageBytes = 4096;

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
typedef Vec<int32_t>::V VI;
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
#elif defined(__FP_FAST_FMAF) && defined(__FP_FAST_FMA)
template <typename V>
COMMUTER_INLINE V multiplyAdd(V a, V b, V c) {
  for (int64_t i = 0; i < Vec<decltype(a[0] + 0)>::kWidth; ++i)
    c[i] = multiplyAdd(a[i], b[i], c[i]);
  return c;
}
#else
/// In f64 the product is exact, and a sum that was rounded to odd has digits
/// enough to be rounded once more (Boldo, Melquiond, 2008).
typedef float TwoF32 __attribute__((vector_size(8)));
COMMUTER_INLINE TwoF32 multiplyAdd(TwoF32 a, TwoF32 b, TwoF32 c) {
  typedef Vec<uint64_t>::V Bits;
  VD product = __builtin_convertvector(a, VD) * __builtin_convertvector(b, VD);
  VD addend = __builtin_convertvector(c, VD);
  VD sum = product + addend;
  // What the sum lacks, exactly (Knuth); a NaN if it is not finite.
  VD change = sum - product;
  VD error = (product - (sum - change)) + (addend - change);
  Bits inexact = reinterpret_cast<Bits>((error < 0.0) | (error > 0.0));
  // Towards zero, and then to the odd one of the two neighbours.
  Bits bits = reinterpret_cast<Bits>(sum);
  Bits exceeds = (bits ^ reinterpret_cast<Bits>(error)) >> 63 & inexact;
  bits = (bits - exceeds) | (inexact & 1);
  return __builtin_convertvector(reinterpret_cast<VD>(bits), TwoF32);
}
COMMUTER_INLINE VF multiplyAdd(VF a, VF b, VF c) {
  TwoF32 low = multiplyAdd(__builtin_shufflevector(a, a, 0, 1),
                           __builtin_shufflevector(b, b, 0, 1),
                           __builtin_shufflevector(c, c, 0, 1));
  TwoF32 high = multiplyAdd(__builtin_shufflevector(a, a, 2, 3),
                            __builtin_shufflevector(b, b, 2, 3),
                            __builtin_shufflevector(c, c, 2, 3));
  return __builtin_shufflevector(low, high, 0, 1, 2, 3);
}
COMMUTER_INLINE VD multiplyAdd(VD a, VD b, VD c) {
  return VD{multiplyAdd(a[0], b[0], c[0]), multiplyAdd(a[1], b[1], c[1])};
}
#endif

//===----------------------------------------------------------------------===//
// Roots, and comparisons of all lanes
//===----------------------------------------------------------------------===//

COMMUTER_INLINE float squareRoot(float v) { return __builtin_sqrtf(v); }
COMMUTER_INLINE double squareRoot(double v) { return __builtin_sqrt(v); }
/// `any`: whether a lane of what comparisons give is true.
#if defined(COMMUTER_HAS_F16C) && COMMUTER_VECTOR_BYTES == 64
COMMUTER_INLINE VF squareRoot(VF v) { return _mm512_sqrt_ps(v); }
COMMUTER_INLINE VD squareRoot(VD v) { return _mm512_sqrt_pd(v); }
template <typename V>
COMMUTER_INLINE bool any(V lanes) {
  __m512i bits = reinterpret_cast<__m512i>(lanes);
  return _mm512_test_epi64_mask(bits, bits) != 0;
}
#elif defined(COMMUTER_HAS_F16C)
COMMUTER_INLINE VF squareRoot(VF v) { return _mm256_sqrt_ps(v); }
COMMUTER_INLINE VD squareRoot(VD v) { return _mm256_sqrt_pd(v); }
template <typename V>
COMMUTER_INLINE bool any(V lanes) {
  return _mm256_movemask_ps(reinterpret_cast<__m256>(lanes)) != 0;
}
#else
template <typename V>
COMMUTER_INLINE V squareRoot(V v) {
  for (int64_t i = 0; i < Vec<decltype(v[0] + 0)>::kWidth; ++i)
    v[i] = squareRoot(v[i]);
  return v;
}
template <typename V>
COMMUTER_INLINE bool any(V lanes) {
  bool found = false;
  for (int64_t i = 0; i < Vec<decltype(lanes[0] + 0)>::kWidth; ++i)
    found |= lanes[i] != 0;
  return found;
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
#elif defined(COMMUTER_HAS_F16C)
COMMUTER_INLINE __m256i maskOf(const float *, int64_t n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)),
                            _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
COMMUTER_INLINE __m256i maskOf(const double *, int64_t n) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n),
                            _mm256_setr_epi64x(0, 1, 2, 3));
}
COMMUTER_INLINE VF loadPart(const float *p, int64_t n) {
  return _mm256_maskload_ps(p, maskOf(p, n));
}
COMMUTER_INLINE VD loadPart(const double *p, int64_t n) {
  return _mm256_maskload_pd(p, maskOf(p, n));
}
COMMUTER_INLINE void storePart(float *p, VF v, int64_t n) {
  _mm256_maskstore_ps(p, maskOf(p, n), v);
}
COMMUTER_INLINE void storePart(double *p, VD v, int64_t n) {
  _mm256_maskstore_pd(p, maskOf(p, n), v);
}
/// No instruction masks words: in two parts, which may overlap.
COMMUTER_INLINE VH loadPart(const uint16_t *p, int64_t n) {
  typedef uint64_t Quads __attribute__((vector_size(16)));
  Quads words = {};
  if (n > 4)
    words = Quads{read<uint64_t>(p), read<uint64_t>(p + n - 4) >> 16 * (8 - n)};
  else if (n == 4)
    words[0] = read<uint64_t>(p);
  else if (n == 1)
    words[0] = *p;
  else if (n > 0)
    words[0] = read<uint32_t>(p) |
               static_cast<uint64_t>(read<uint32_t>(p + n - 2)) << 16 * (n - 2);
  return reinterpret_cast<VH>(words);
}
COMMUTER_INLINE void storePart(uint16_t *p, VH v, int64_t n) {
  typedef uint64_t Quads __attribute__((vector_size(16)));
  Quads words = reinterpret_cast<Quads>(v);
  const uint64_t low = words[0], high = words[1];
  if (n > 4) {
    write(p + n - 4, low >> 16 * (n - 4) | high << 16 * (8 - n));
    write(p, low);
  } else if (n == 4) {
    write(p, low);
  } else if (n == 1) {
    *p = static_cast<uint16_t>(low);
  } else if (n > 0) {
    write(p + n - 2, static_cast<uint32_t>(low >> 16 * (n - 2)));
    write(p, static_cast<uint32_t>(low));
  }
}
COMMUTER_INLINE void stream(float *p, VF v) { _mm256_stream_ps(p, v); }
COMMUTER_INLINE void stream(double *p, VD v) { _mm256_stream_pd(p, v); }
COMMUTER_INLINE void stream(uint16_t *p, VH v) {
  _mm_stream_si128(reinterpret_cast<__m128i *>(p),
                   reinterpret_cast<__m128i>(v));
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
template <typename T, typename V>
COMMUTER_INLINE void stream(T *p, V v) {
  write(p, v);
}
#endif

/// Whether `stream` is more than a store.
#if defined(COMMUTER_HAS_F16C)
constexpr bool kCanStream = true;
#else
constexpr bool kCanStream = false;
#endif

/// Before another thread may read what was streamed.
static void finishStreaming() {
#if defined(COMMUTER_HAS_F16C)
  _mm_sfence();
#endif
}

} // namespace

#endif // COMMUTER_RUNTIME_CPU_VECTORS_H
