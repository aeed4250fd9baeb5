//===- SplitReductions.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sums over a dimension of which each rank has a slice.
//
//===----------------------------------------------------------------------===//

#include "Linearity.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// True if each element of the result is a sum over the reduction loops.
static bool isSum(linalg::LinalgOp op, unsigned result) {
  SmallVector<Operation *> combiners;
  return op.getNumReductionLoops() != 0 &&
         matchReduction(op.getRegionOutputArgs(), result, combiners) &&
         combiners.size() == 1 &&
         isa<arith::AddFOp, arith::AddIOp>(combiners.front());
}

/// True if the ranks along an axis have slices of what a loop runs over: of
/// every input that depends on it, or of some, and the others are the same on
/// all of them.
static bool isSplit(linalg::LinalgOp op, unsigned loop, OperandStates states) {
  bool isAnySliced = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    const AxisState state = states[input->getOperandNumber()];
    AffineMap map = op.getMatchingIndexingMap(input);
    auto dim = map.getResultPosition(getAffineDimExpr(loop, op->getContext()));
    if (!dim || state.isReplicated())
      continue;
    if (!state.isSharded() || state.dim != static_cast<int64_t>(*dim))
      return false;
    isAnySliced = true;
  }
  return isAnySliced;
}

/// True if all that uses the value, also by way of ops that are linear in it
/// alone, adds it up over the axis, or says what it is.
static bool isSettled(Value value, const MeshAxes &axes, unsigned axis) {
  auto isNamed = [&](Operation *op, ArrayAttr names) {
    auto group = cast<MeshGroupOpInterface>(op);
    return names &&
           llvm::is_contained(axes.find(group.getMeshAttr(), names), axis);
  };
  return llvm::all_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<AssertShardingOp>(user))
      return true;
    if (isa<AllReduceOp, ReduceScatterOp>(user))
      return isNamed(user, cast<MeshGroupOpInterface>(user).getAxesAttr());
    if (auto gather = dyn_cast<AllGatherOp>(user))
      return isNamed(user, gather.getSummingAttr());
    return use.getOperandNumber() == 0 && user->getNumResults() == 1 &&
           getLinearity(user) == Linearity::Unary &&
           isSettled(user->getResult(0), axes, axis);
  });
}

std::optional<unsigned>
ShardingAnalysis::findSplitReduction(OpResult result) const {
  auto op = dyn_cast<linalg::LinalgOp>(result.getOwner());
  if (!op || !op.hasPureTensorSemantics() ||
      !isSum(op, result.getResultNumber()))
    return std::nullopt;
  SmallVector<unsigned> loops;
  op.getReductionDims(loops);
  for (unsigned axis = 0; axis < axes.size(); ++axis) {
    if (!getState(result, axis).isVarying())
      continue;
    SmallVector<AxisState> operands = llvm::map_to_vector(
        op->getOperands(), [&](Value v) { return getState(v, axis); });
    if (llvm::any_of(
            loops,
            [&](unsigned loop) { return isSplit(op, loop, operands); }) &&
        !isSettled(result, axes, axis))
      return axis;
  }
  return std::nullopt;
}
