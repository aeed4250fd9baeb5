//===- Multiples.h --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extents that are multiples of others: those of ragged rows in another shape.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MULTIPLES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MULTIPLES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Value.h"
#include "llvm/Support/MathExtras.h"

namespace commuter::dist {

/// The largest factor that is followed: products of two are exact.
inline constexpr int64_t kMostTimes = INT32_MAX;

/// a * b of what is not negative; INT64_MAX if it is more.
inline int64_t multiplySaturating(int64_t a, int64_t b) {
  int64_t product;
  return llvm::MulOverflow(a, b, product) ? INT64_MAX : product;
}

/// Extents that are, each of them, `times` what there is of `of`, or of
/// `constant`.
struct Multiple {
  mlir::Value of;
  int64_t times = 1; ///< from 1 to kMostTimes
  /// If they are constants: what their greatest common divisor leaves of them.
  /// `of` is then the extents themselves.
  mlir::DenseIntElementsAttr constant;
};

/// What a size, or extents, are a product of, and the constant factor.
std::optional<std::pair<mlir::Value, int64_t>> splitProduct(mlir::Value value);

/// Law: a product with a constant is a multiple of the other factor, and a cast
/// of one, too. Sizes do not wrap around, as MLIR takes them in
/// ValueBoundsOpInterface.
Multiple splitMultiple(mlir::Value extents);

/// Extents that are `times` what `of`, the one of a Multiple, is of; next to
/// `of`.
mlir::Value createMultiple(mlir::Value of, int64_t times);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MULTIPLES_H
