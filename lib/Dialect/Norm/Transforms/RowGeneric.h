//===- RowGeneric.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// linalg.generic over the rows of a tensor: what the decompositions of norms
// and quantisations are written with.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWGENERIC_H
#define COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWGENERIC_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace commuter::norm {

/// Builds ops on tensors whose loops are the dimensions of one shape. An
/// operand is indexed by some of them, in order.
class RowGeneric {
public:
  /// The dimensions that index an operand.
  using Dims = llvm::SmallVector<unsigned>;
  using Operand = std::pair<mlir::Value, Dims>;
  /// Computes the yielded scalars of the operands' and, in a reduction, of the
  /// results so far, which follow.
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

  /// `shape`: a tensor of the loops' sizes.
  RowGeneric(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value shape);

  /// Tensors indexed by `dims` of the given element types, one value each.
  llvm::SmallVector<mlir::Value> map(llvm::ArrayRef<Operand> operands,
                                     const Dims &dims,
                                     llvm::ArrayRef<mlir::Type> elements,
                                     Body body);
  /// As `map`, but over all loops: those not in `dims` are reduced, from 0.
  llvm::SmallVector<mlir::Value> reduce(llvm::ArrayRef<Operand> operands,
                                        const Dims &dims,
                                        llvm::ArrayRef<mlir::Type> elements,
                                        Body body);

  /// The number of elements of `dims`, as a scalar of `type`.
  mlir::Value count(const Dims &dims, mlir::Type type);

  /// The dimensions from `begin` to `end`, or to the last.
  Dims dims(unsigned begin, unsigned end) const;
  Dims allDims() const { return dims(0, rank); }

private:
  llvm::SmallVector<mlir::Value> create(llvm::ArrayRef<Operand> operands,
                                        const Dims &dims,
                                        mlir::ValueRange results,
                                        const Dims &loops, bool takesResults,
                                        Body body);
  mlir::Value createEmpty(const Dims &dims, mlir::Type element);

  mlir::ImplicitLocOpBuilder builder;
  mlir::Value shape;
  unsigned rank;
};

/// A scalar constant of a float type, rounded to it.
mlir::Value createConstant(mlir::ImplicitLocOpBuilder &builder, mlir::Type type,
                           double value);

/// `value` as a number of the float type `type`: widened, rounded or itself.
mlir::Value convertFloat(mlir::ImplicitLocOpBuilder &builder, mlir::Value value,
                         mlir::Type type);

} // namespace commuter::norm

#endif // COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWGENERIC_H
