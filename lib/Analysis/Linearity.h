//===- Linearity.h --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops act on pending sums.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_LINEARITY_H
#define COMMUTER_ANALYSIS_LINEARITY_H

#include "commuter/Analysis/ShardingAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace commuter {

/// Along one axis: the states of an op's operands.
using OperandStates = llvm::ArrayRef<AxisState>;

bool hasPartial(OperandStates states);

/// How an op acts on a pending sum.
enum class Linearity {
  Unknown,  ///< nothing is known of it: no misuse is reported
  None,     ///< non-linear
  Additive, ///< linear in all operands together: x + y, x - y
  Together, ///< linear in all tensors together, but adds none: [x, y]
  Unary,    ///< linear in its first operand, the others replicated: -x, x / r
  Product,  ///< linear in either operand, the other replicated: x * r
  Select    ///< linear in its last two operands, the condition replicated
};
Linearity getLinearity(mlir::Operation *op);

/// A constant, or a tensor filled with one, that is counted once per rank as
/// well as once.
bool isZero(mlir::Value value);

/// Of a structured op whose captured values are replicated: true if its results
/// are pending sums. What its body makes of pending sums of elements, it makes
/// of those of tensors. `visit` sees the ops of the body with their operands'
/// states.
bool evaluateBody(
    mlir::linalg::LinalgOp op, OperandStates states,
    llvm::function_ref<void(mlir::Operation *, OperandStates)> visit = {});

/// The sum of f(.., x_i, ..) over the ranks is f(.., sum of x_i, ..), up to
/// rounding: then f of a pending sum is a pending sum.
bool keepsPartial(mlir::Operation *op, OperandStates states);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_LINEARITY_H
