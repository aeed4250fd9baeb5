//===- DimParallelOpInterface.h ------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface that says along which dimensions an op can be computed slice by
// slice, and its models for upstream elementwise ops.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H
#define COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include <optional>

namespace commuter {

/// An op's answer: how a slice of its results is made of slices of its
/// operands.
struct DimSlicing {
  /// Empty if the op can be computed slice by slice; else the stable reason
  /// (`not-row-wise`, `gather-dim-normalized`, …).
  llvm::StringRef refusal;
  /// Per operand: the dimension along which it is sliced; nullopt: needed
  /// whole.
  llvm::SmallVector<std::optional<int64_t>> operandDims;
  /// Per result: the dimension along which it is then sliced.
  llvm::SmallVector<int64_t> resultDims;

  bool isLegal() const { return refusal.empty(); }
  static DimSlicing refuse(llvm::StringRef reason) { return {reason, {}, {}}; }
};

/// Clones `op` (no regions) with other operands and result types.
mlir::Operation *cloneWithTypes(mlir::OpBuilder &builder, mlir::Operation *op,
                                mlir::ValueRange operands,
                                mlir::TypeRange resultTypes);

/// The slicing of an op whose tensor operands and results have one shape and
/// correspond element by element; scalars are needed whole.
DimSlicing getElementwiseSlicing(mlir::Operation *op, int64_t dim);

/// Attaches the interface to the elementwise ops of `arith` and `math` and to
/// `tensor.cast`.
void registerDimParallelExternalModels(mlir::DialectRegistry &registry);

} // namespace commuter

#include "commuter/Interfaces/DimParallelOpInterface.h.inc"

#endif // COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H
