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

/// How an op acts on a pending sum.
enum class Linearity {
  Unknown,  ///< nothing is known of it: no misuse is reported
  None,     ///< non-linear
  Additive, ///< linear in all operands together: x + y, x - y
  Together, ///< linear in all tensors together, but adds none: [x, y]
  Unary,    ///< linear in its first operand, the others replicated: -x, x / r
  Product,  ///< linear in either operand, the other replicated: x * r
  Fma,      ///< a product, and linear in that and its last operand: x * r + y
  Select    ///< linear in its last two operands, the condition replicated
};
Linearity getLinearity(mlir::Operation *op);

/// The sum of f(.., x_i, ..) over the ranks is f(.., sum of x_i, ..), up to
/// rounding: then f of a pending sum is a pending sum.
bool keepsPartial(mlir::Operation *op, OperandStates states);

/// True if an operand is zero, or undefined, which may be zero.
bool addsNothing(mlir::linalg::LinalgOp op, mlir::OpOperand &operand);

/// What a structured op's destination is taken for that is replicated: for
/// itself, or for a zero that is not seen to be one.
enum class ReplicatedInits { AreThemselves, AreZero };

/// Visits the ops of a structured op's body in order, each with the states of
/// its operands: a body does to elements what the op does to tensors, round by
/// round where it reduces. `getCaptured` tells the state of what is from
/// outside. A zero, or a destination that is undefined, which may be zero, is
/// pending where it meets what is, and else replicated. Returns the states of
/// what is yielded.
llvm::SmallVector<AxisState>
visitBody(mlir::linalg::LinalgOp op, OperandStates states,
          llvm::function_ref<AxisState(mlir::Value)> getCaptured,
          llvm::function_ref<void(mlir::Operation *, OperandStates)> visit,
          ReplicatedInits inits = ReplicatedInits::AreThemselves);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_LINEARITY_H
