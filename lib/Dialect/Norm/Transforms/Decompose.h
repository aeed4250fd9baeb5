//===- Decompose.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The patterns of norm-to-linalg.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_DECOMPOSE_H
#define COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_DECOMPOSE_H

#include "mlir/IR/PatternMatch.h"

namespace commuter::norm {

/// Norms, with and without a residual.
void populateDecomposeNormPatterns(mlir::RewritePatternSet &patterns);
/// Quantisations; what norm-fuse made of one and a norm becomes the two.
void populateDecomposeQuantizePatterns(mlir::RewritePatternSet &patterns);

} // namespace commuter::norm

#endif // COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_DECOMPOSE_H
