//===- Numbers.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How numbers round, in f64, and the bits of the two-byte types.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CTS_NUMBERS_H
#define COMMUTER_RUNTIME_CTS_NUMBERS_H

#include "commuter_rt.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace cts {

template <typename To, typename From>
To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// Rounds to the nearest value of a format with `bits` significant bits and the
/// least exponent `least` of a normal number; ties go to even. Written apart
/// from the kernels, on purpose.
inline double roundTo(double v, int bits, int least) {
  if (v == 0 || !std::isfinite(v))
    return v;
  int exponent = std::max(std::ilogb(v), least);
  double unit = std::ldexp(1.0, exponent - bits + 1);
  return std::nearbyint(v / unit) * unit;
}

inline double roundTo(double v, commuter_dtype_t type) {
  switch (type) {
  case COMMUTER_F64:
    return v;
  case COMMUTER_F32:
    return static_cast<float>(v);
  case COMMUTER_F16: {
    double r = roundTo(v, 11, -14);
    return std::fabs(r) > 65504 ? std::copysign(INFINITY, v) : r;
  }
  case COMMUTER_BF16:
    return roundTo(v, 8, -126);
  default:
    return v;
  }
}

inline double fromHalf(uint16_t h) {
  int exponent = h >> 10 & 31, fraction = h & 1023;
  double v = exponent == 31 ? (fraction ? NAN : INFINITY)
             : exponent     ? std::ldexp(1024 + fraction, exponent - 25)
                            : std::ldexp(fraction, -24);
  return h & 0x8000 ? -v : v;
}

inline uint16_t toHalf(double v) {
  uint16_t sign = std::signbit(v) ? 0x8000 : 0;
  v = std::fabs(roundTo(v, COMMUTER_F16));
  if (std::isnan(v))
    return sign | 0x7e00;
  if (std::isinf(v))
    return sign | 0x7c00;
  if (v < 0x1p-14)
    return sign | static_cast<uint16_t>(v * 0x1p24);
  int exponent = std::ilogb(v);
  return sign |
         static_cast<uint16_t>((exponent + 15) << 10 |
                               (int(std::ldexp(v, 10 - exponent)) & 1023));
}

inline uint16_t toBFloat(double v) {
  return static_cast<uint16_t>(
      bitCast<uint32_t>(static_cast<float>(roundTo(v, COMMUTER_BF16))) >> 16);
}

} // namespace cts

#endif // COMMUTER_RUNTIME_CTS_NUMBERS_H
