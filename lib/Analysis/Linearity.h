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
  Select    ///< linear in its last two operands, the condition replicated
};
Linearity getLinearity(mlir::Operation *op);

/// A constant, or a tensor filled with one, that is counted once per rank as
/// well as once.
bool isZero(mlir::Value value);

/// The sum of f(.., x_i, ..) over the ranks is f(.., sum of x_i, ..), up to
/// rounding: then f of a pending sum is a pending sum.
bool keepsPartial(mlir::Operation *op, OperandStates states);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_LINEARITY_H
