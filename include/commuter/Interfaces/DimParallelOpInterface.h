//===- DimParallelOpInterface.h ------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface that says along which dimensions an op can be computed slice by
// slice, and what its models share.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H
#define COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SetVector.h"
#include <optional>

namespace commuter {

/// Cycles: a dimension is dealt to n ranks in c cycles if it is c equal runs of
/// n pieces, and each rank has its piece of every run (a block-cyclic
/// distribution). One cycle is the usual cut. A collapse_shape from [8, n] to
/// [8 * n] makes 8 cycles of one along n; one from [?, n] to [?] makes as many
/// as there are, of n elements each.
struct Cycles {
  /// How many there are; or, if their size is given, what divides that number.
  int64_t number = 1;
  /// The elements of each, all n pieces; kDynamic where `number` says it all.
  int64_t size = mlir::ShapedType::kDynamic;

  bool areCounted() const { return mlir::ShapedType::isDynamic(size); }
  bool isOne() const { return number == 1 && areCounted(); }
  bool operator==(const Cycles &other) const {
    return number == other.number && size == other.size;
  }
};

/// An op's answer: how a slice of its results is made of slices of its
/// operands.
///
/// Units relate sizes: what is one row of the slicing is `unit` elements of an
/// operand or a result. They are 1 for almost all ops. For an expand_shape from
/// [n * 8] to [n, 8] the operand's unit is 8: it must be cut at multiples of 8.
/// A unit that depends on how many cycles there are is kDynamic if these are
/// not counted.
struct DimSlicing {
  /// Empty if the op can be computed slice by slice; else the stable reason
  /// (`not-row-wise`, `gather-dim-normalized`, …).
  llvm::StringRef refusal;
  llvm::StringRef suggestion = {}; ///< of a refusal: what can be done, if known
  /// Per operand: the dimension along which it is sliced; nullopt: needed
  /// whole.
  llvm::SmallVector<std::optional<int64_t>> operandDims;
  /// Per result: the dimension along which it is then sliced.
  llvm::SmallVector<int64_t, 2> resultDims;
  /// Operands that are the whole's extent along the sliced dimension, or a size
  /// that the sliced operand implies. They need not be the same on all ranks:
  /// `cloneOnSlices` sets the slice's extent.
  llvm::SmallVector<unsigned, 0> extentOperands;
  /// Units per operand and per result; empty: all are 1.
  llvm::SmallVector<int64_t, 0> operandUnits, resultUnits;
  /// In how many cycles the results are dealt; nullopt: as the operands.
  std::optional<Cycles> resultCycles;

  bool isLegal() const { return refusal.empty(); }
  bool isExtent(unsigned operand) const {
    return llvm::is_contained(extentOperands, operand);
  }
  int64_t getOperandUnit(unsigned operand) const {
    return operandUnits.empty() ? 1 : operandUnits[operand];
  }
  int64_t getResultUnit(unsigned result) const {
    return resultUnits.empty() ? 1 : resultUnits[result];
  }
  static DimSlicing refuse(llvm::StringRef reason,
                           llvm::StringRef suggestion = {}) {
    DimSlicing slicing;
    slicing.refusal = reason;
    slicing.suggestion = suggestion;
    return slicing;
  }
};

/// Clones `op`, with its regions, with other operands and result types.
mlir::Operation *cloneWithTypes(mlir::OpBuilder &builder, mlir::Operation *op,
                                mlir::ValueRange operands,
                                mlir::TypeRange resultTypes);

/// The slicing of an op whose tensor operands and results have one shape and
/// correspond element by element; scalars are needed whole.
DimSlicing getElementwiseSlicing(mlir::Operation *op, int64_t dim);

/// The values defined outside that the op's regions use.
llvm::SetVector<mlir::Value> getCapturedValues(mlir::Operation *op);

/// True if what `op` computes is decided by its operands, its attributes and
/// the values that its regions capture: it touches no memory, and neither it
/// nor an op inside it asks which rank runs it.
bool dependsOnInputsAlone(mlir::Operation *op);

/// Attaches the interface to upstream ops: the elementwise ops of `arith` and
/// `math`, constants, the structured ops of `linalg`, and the ops of `tensor`
/// that keep rows together.
void registerDimParallelExternalModels(mlir::DialectRegistry &registry);

/// The parts of the above, one per upstream dialect.
void registerArithMathModels(mlir::DialectRegistry &registry);
void registerLinalgModels(mlir::DialectRegistry &registry);
void registerTensorModels(mlir::DialectRegistry &registry);

/// True if the op answers that it is what a motion is made for.
bool isWorthMoving(mlir::Operation *op);

} // namespace commuter

#include "commuter/Interfaces/DimParallelOpInterface.h.inc"

#endif // COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_H
