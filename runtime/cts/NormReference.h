//===- NormReference.h ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a norm is, in f64, and how far a device may be from that.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CTS_NORM_REFERENCE_H
#define COMMUTER_RUNTIME_CTS_NORM_REFERENCE_H

#include "Harness.h"

namespace cts {

/// Units in the last place of `type` near `v`.
inline double ulp(commuter_dtype_t type, double v) {
  int bits = type == COMMUTER_F64   ? 53
             : type == COMMUTER_F32 ? 24
             : type == COMMUTER_F16 ? 11
                                    : 8;
  int least = type == COMMUTER_F16 ? -14 : type == COMMUTER_F64 ? -1022 : -126;
  int exponent = v == 0 ? least : std::max(std::ilogb(v), least);
  return std::ldexp(1.0, exponent - bits + 1);
}

/// Calls body(i, expected, terms) for each element of the norm of x: what it
/// is, rounded to f64 alone, and the sum of the magnitudes that it is the sum
/// of.
template <typename Body>
void forEachExpected(const Tensor &x, const Tensor *scale, const Tensor *bias,
                     commuter_norm_kind_t kind, int64_t length, double eps,
                     double offset, Body body) {
  for (int64_t row = 0; row < x.count / length; ++row) {
    long double mean = 0, squares = 0;
    for (int64_t i = 0; i < length; ++i)
      mean += x.get(row * length + i);
    mean = kind == COMMUTER_LAYER_NORM ? mean / length : 0;
    for (int64_t i = 0; i < length; ++i) {
      long double v = x.get(row * length + i) - mean;
      squares += v * v;
    }
    long double factor = 1 / std::sqrt(squares / length + eps);
    for (int64_t i = 0; i < length; ++i) {
      double w = scale ? scale->get(i) + offset : 1;
      double b = bias ? bias->get(i) : 0;
      double normed =
          static_cast<double>((x.get(row * length + i) - mean) * factor);
      body(row * length + i, normed * w + b,
           std::fabs(normed * w) + std::fabs(b) + std::fabs(w));
    }
  }
}

/// Compares one norm with the reference. Tolerance: one unit in the last place
/// of the type for the final rounding plus `slack` relative to the row's
/// largest term, for the arithmetic in f32 (f64): the row's sum has an error
/// that grows with the number of terms a lane adds, here at most 192.
inline void expectNorm(const Tensor &x, const Tensor *scale, const Tensor *bias,
                       const Tensor &output, commuter_norm_kind_t kind,
                       int64_t length, double eps, double offset) {
  commuter_dtype_t type = x.type();
  double slack = type == COMMUTER_F64 ? 1e-14 : 4e-6;
  int wrong = 0;
  forEachExpected(
      x, scale, bias, kind, length, eps, offset,
      [&](int64_t i, double expected, double terms) {
        double actual = output.get(i);
        double tolerance = ulp(type, expected) + slack * terms;
        if (!(std::fabs(actual - expected) <= tolerance) && ++wrong < 3)
          ADD_FAILURE() << "row " << i / length << " element " << i % length
                        << ": " << actual << ", expected " << expected;
      });
  EXPECT_EQ(wrong, 0);
}

} // namespace cts

#endif // COMMUTER_RUNTIME_CTS_NORM_REFERENCE_H
