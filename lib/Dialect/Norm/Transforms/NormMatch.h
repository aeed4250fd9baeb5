//===- NormMatch.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whether a value is a norm of another one, and which.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_NORMMATCH_H
#define COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_NORMMATCH_H

#include "RowExpression.h"

#include "mlir/IR/PatternMatch.h"

namespace commuter::norm {

/// A norm as an op would have it.
struct NormMatch {
  bool isLayerNorm = false;
  mlir::Value input, scale, bias;
  int64_t axis = 0;
  double eps = 0, offset = 0;
  /// The ops on tensors that the norm is made of.
  llvm::DenseSet<mlir::Operation *> ops;

  /// Creates `op` in front of that which defines `root`, whose value it
  /// returns. Parameters are reshaped and widened, the input widened and the
  /// result rounded, where that is what the program did element by element.
  mlir::Value create(mlir::RewriterBase &rewriter, mlir::Value root,
                     mlir::Operation *&op) const;
};

/// Why a value is no norm of an input. The higher the rank, the nearer it came.
struct NormMismatch {
  llvm::StringLiteral reason = "not-a-norm";
  unsigned rank = 0;
  llvm::DenseSet<mlir::Operation *> ops;
};

/// Law: root = (input - mean) / sqrt(var + eps) * scale + bias, or that of an
/// RMS norm, as polynomials. Precondition: both are of one shape, and of one
/// element type or of two types whose norms have f32 statistics.
std::optional<NormMatch> matchNorm(mlir::Value root, mlir::Value input,
                                   bool ignoresRounding,
                                   NormMismatch &mismatch);

} // namespace commuter::norm

#endif // COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_NORMMATCH_H
