//===- RankValues.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers that are known on every rank, such as where a rank's own slice
// begins.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_RANKVALUES_H
#define COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_RANKVALUES_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/APInt.h"
#include "llvm/ADT/DenseMap.h"

#include <optional>

namespace commuter::stablehlo {

/// Computes integers of shape [] as one rank would, from constants and its
/// number.
class RankValues {
public:
  explicit RankValues(int64_t rank) : rank(rank) {}

  /// Nothing if it is not known, or would be an error.
  std::optional<llvm::APInt> evaluate(mlir::Value value);

private:
  std::optional<llvm::APInt> compute(mlir::Operation *op);

  int64_t rank;
  unsigned depth = 0;
  llvm::DenseMap<mlir::Value, std::optional<llvm::APInt>> known;
};

} // namespace commuter::stablehlo

#endif // COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_RANKVALUES_H
