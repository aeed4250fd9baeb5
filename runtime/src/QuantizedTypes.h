//===- QuantizedTypes.h -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The types that quantise gives, as arithmetic of f32 and of integers: what the
// kernels of every device compute.
//
//===----------------------------------------------------------------------===//

// Define COMMUTER_INLINE before including: what an inlined function of this
// device is declared with.
//
// Each step is one operation of f32 that IEEE 754 defines to the last bit, or
// works on integers: no instruction set has any freedom. Templates on `F` and
// `I` are written for vectors and scalars alike. Integers are signed because
// the lesser instruction sets compare no others.

#ifndef COMMUTER_RUNTIME_QUANTIZED_TYPES_H
#define COMMUTER_RUNTIME_QUANTIZED_TYPES_H

#include <stdint.h>

// As the CPU's kernels: each translation unit has its own copy, made for its
// own instruction set.
namespace {

template <typename T>
COMMUTER_INLINE T read(const void *address) {
  T value;
  __builtin_memcpy(&value, address, sizeof(T));
  return value;
}
COMMUTER_INLINE uint32_t bitsOf(float value) { return read<uint32_t>(&value); }
COMMUTER_INLINE float floatOf(uint32_t bits) { return read<float>(&bits); }

/// The f32 of an integer of less than 23 bits, exactly.
template <typename F, typename I>
COMMUTER_INLINE F fromInteger(I v) {
  // The last bit of 1.5 * 2^23 is worth 1.
  I bits = v + 0x4b400000;
  return read<F>(&bits) - 0x1.8p23f;
}

constexpr int32_t kInfinity = 0x7f800000;
constexpr int32_t kQuietNaN = 0x7fc00000;

/// OCP 8-bit Floating Point Specification (OFP8), saturating mode: ties go to
/// even, what is larger than the largest number becomes that, and every NaN is
/// 0x7f. This is what cvt.rn.satfinite of PTX computes.
template <int kMantissa, int kBias, int32_t kLargestCode, int32_t kFirstNaN>
struct Float8 {
  static constexpr int kShift = 23 - kMantissa;
  static constexpr int32_t kRebias = (127 - kBias) << 23;
  static constexpr int32_t kLargest = (kLargestCode << kShift) + kRebias;
  static constexpr int32_t kSmallestNormal = (128 - kBias) << 23;
  static constexpr int32_t kSmallest = (128 - kBias - kMantissa) << 23;
  /// What an f32's exponent, moved to where a code has its own, is short of
  /// that by, less the mantissa's first digit: modulo 256, and even.
  static constexpr int32_t kCodeOffset =
      (-((127 - kBias) << kMantissa) - (1 << kMantissa)) & 0xff;

  COMMUTER_INLINE float max() { return floatOf(kLargest); }

  /// In the low byte.
  template <typename I, typename F>
  COMMUTER_INLINE I encode(F v) {
    I bits = read<I>(&v), constants = I{};
    I magnitude = bits & 0x7fffffff;
    I clamped = magnitude < kLargest ? magnitude : constants + kLargest;
    I code = encodeMagnitude<F>(clamped) | (bits >> 24 & 0x80);
    return magnitude > kInfinity ? constants + 0x7f : code;
  }
  /// The same, of what is no NaN and rounds to no more than max().
  template <typename I, typename F>
  COMMUTER_INLINE I encodeWithin(F v) {
    I bits = read<I>(&v);
    return encodeMagnitude<F>(bits & 0x7fffffff) | (bits >> 24 & 0x80);
  }

  template <typename F, typename I>
  COMMUTER_INLINE F decode(I code) {
    I magnitude = code & 0x7f, constants = I{};
    F small = fromInteger<F, I>(magnitude) * floatOf(kSmallest);
    I bits = magnitude < (1 << kMantissa) ? read<I>(&small)
                                          : (magnitude << kShift) + kRebias;
    // Between the largest number and the first NaN stands an infinity, or
    // nothing.
    bits = magnitude > kLargestCode ? constants + kInfinity : bits;
    bits = magnitude < kFirstNaN ? bits : constants + kQuietNaN;
    bits |= (code & 0x80) << 24;
    return read<F>(&bits);
  }

private:
  /// In the low seven bits.
  template <typename F, typename I>
  COMMUTER_INLINE I encodeMagnitude(I magnitude) {
    I constants = I{};
    // Subnormal numbers have the smallest normal one's exponent.
    I exponent = magnitude & kInfinity;
    exponent =
        exponent > kSmallestNormal ? exponent : constants + kSmallestNormal;
    // The last bit of this is worth as much as a code's: the sum rounds to
    // that, and its low bits are those of the code, with the offset and without
    // the exponent.
    I offset = exponent + ((kShift << 23) + kCodeOffset);
    F sum = read<F>(&magnitude) + read<F>(&offset);
    return read<I>(&sum) + (exponent >> kShift);
  }
};

typedef Float8<3, 7, 0x7e, 0x7f> F8E4M3FN;
typedef Float8<2, 15, 0x7b, 0x7d> F8E5M2;

/// Ties go to even; saturates to [-128, 127] (ONNX QuantizeLinear); a NaN,
/// which i8 lacks, becomes 0.
struct I8 {
  COMMUTER_INLINE float max() { return 127.0f; }

  template <typename I, typename F>
  COMMUTER_INLINE I encode(F v) {
    F constants = F{};
    v = v == v ? v : constants;
    v = v > -128.0f ? v : constants - 128.0f;
    v = v < 127.0f ? v : constants + 127.0f;
    return encodeWithin<I>(v);
  }
  /// The same, of what is no NaN and rounds to no more than max() or less than
  /// -128.
  template <typename I, typename F>
  COMMUTER_INLINE I encodeWithin(F v) {
    // The last bit of 1.5 * 2^23 is worth 1.
    v += 0x1.8p23f;
    return read<I>(&v) - 0x4b400000;
  }

  template <typename F, typename I>
  COMMUTER_INLINE F decode(I code) {
    return fromInteger<F, I>(code);
  }
};

/// max(largest / max, 2^-126): monotone in the largest magnitude, and a normal
/// number, so that its reciprocal is finite.
template <typename Q>
COMMUTER_INLINE float scaleOf(uint32_t largest) {
  if (largest > static_cast<uint32_t>(kInfinity))
    return floatOf(kQuietNaN);
  float scale = floatOf(largest) / Q::max();
  return scale > 0x1p-126f ? scale : 0x1p-126f;
}

template <typename F, typename I>
COMMUTER_INLINE F withOneNaN(F v) {
  I nan = I{} + kQuietNaN;
  return v == v ? v : read<F>(&nan);
}

} // namespace

#endif // COMMUTER_RUNTIME_QUANTIZED_TYPES_H
