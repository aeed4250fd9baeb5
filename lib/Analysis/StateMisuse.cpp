//===- StateMisuse.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ops do wrong with pending sums.
//
//===----------------------------------------------------------------------===//

#include "Linearity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// What an op that is no collective does wrong with a pending sum, the first of
/// its operands that is one; a structured op, in its body. Where an operand's
/// state is not known, neither is the misuse.
static std::optional<StateMisuse::Kind>
findMisuseAlongAxis(Operation *op, OperandStates states) {
  if (!hasPartial(states) || keepsPartial(op, states))
    return std::nullopt;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    std::optional<StateMisuse::Kind> misuse;
    (void)evaluateBody(structured, states,
                       [&](Operation *inner, OperandStates given) {
                         if (!misuse)
                           misuse = findMisuseAlongAxis(inner, given);
                       });
    return misuse;
  }
  switch (getLinearity(op)) {
  case Linearity::Unknown:
  case Linearity::Together:
    return std::nullopt;
  case Linearity::Additive: {
    auto isCounted = [&](unsigned i) {
      return states[i].isReplicated() && !isZero(op->getOperand(i));
    };
    if (llvm::any_of(llvm::seq<unsigned>(0, states.size()), isCounted))
      return StateMisuse::ReplicatedPlusPartial;
    return std::nullopt;
  }
  case Linearity::Unary:
  case Linearity::Select: {
    bool isLinear =
        states.front().isPartial() == (getLinearity(op) == Linearity::Unary);
    if (isLinear)
      return std::nullopt;
    return StateMisuse::NonLinearOnPartial;
  }
  case Linearity::Product:
    if (llvm::count_if(states, [](AxisState s) { return s.isPartial(); }) < 2)
      return std::nullopt;
    return StateMisuse::NonLinearOnPartial;
  case Linearity::None:
    return StateMisuse::NonLinearOnPartial;
  }
  return std::nullopt;
}

/// What a collective does wrong with its input in state `x` along an axis that
/// it acts over, or does not.
static std::optional<StateMisuse::Kind>
findCollectiveMisuse(Operation *op, AxisState x, bool isOver) {
  auto isNoSum = [](ReductionKind kind) { return kind != ReductionKind::Sum; };
  if (isa<ToPartialOp>(op) && isOver && (x.isPartial() || x.isSharded()))
    return StateMisuse::NotReplicated;
  if (!x.isPartial())
    return std::nullopt;
  if (isa<AllGatherOp, AllSliceOp, AllToAllOp>(op) && isOver)
    return StateMisuse::CombinesPartial;
  auto reduce = dyn_cast<AllReduceOp>(op);
  auto scatter = dyn_cast<ReduceScatterOp>(op);
  if ((reduce && isNoSum(reduce.getKind())) ||
      (scatter && isNoSum(scatter.getKind())))
    return StateMisuse::NonLinearOnPartial;
  return std::nullopt;
}

/// True if not all ranks along the axis add what `op` adds: each comes to `op`,
/// or selects its result, by a condition of its own. The residual that one rank
/// adds enters the sum once.
static bool isAddedBySomeRanks(Operation *op, unsigned axis,
                               const ShardingAnalysis &analysis) {
  const MeshAxes::Axis &along = analysis.getAxes()[axis];
  if (analysis.findDivergence(op, FlatSymbolRefAttr::get(along.mesh),
                              ArrayAttr::get(op->getContext(), along.name)))
    return true;
  return !op->use_empty() && llvm::all_of(op->getUsers(), [&](Operation *user) {
    auto select = dyn_cast<arith::SelectOp>(user);
    return select &&
           !llvm::is_contained(op->getResults(), select.getCondition()) &&
           !analysis.getState(select.getCondition(), axis).isReplicated();
  });
}

std::optional<StateMisuse> ShardingAnalysis::findMisuse(Operation *op) const {
  auto group = dyn_cast<MeshGroupOpInterface>(op);
  // Ops that nothing is known of are let be: their result varies.
  if (op->getNumOperands() == 0 || (!group && !isa<DimParallelOpInterface>(op)))
    return std::nullopt;
  SmallVector<unsigned> own;
  if (group)
    own = axes.find(group.getMeshAttr(), group.getAxesAttr());
  for (unsigned axis = 0; axis < axes.size(); ++axis) {
    // A pending sum of one rank is no sum.
    if (axes.isUnit(axis, op).value_or(false))
      continue;
    if (group) {
      if (auto kind =
              findCollectiveMisuse(op, getState(op->getOperand(0), axis),
                                   llvm::is_contained(own, axis)))
        return StateMisuse{*kind, axis, op->getOperand(0)};
      continue;
    }
    SmallVector<AxisState> states = llvm::map_to_vector(
        op->getOperands(), [&](Value value) { return getState(value, axis); });
    std::optional<StateMisuse::Kind> kind = findMisuseAlongAxis(op, states);
    if (!kind || (*kind == StateMisuse::ReplicatedPlusPartial &&
                  isAddedBySomeRanks(op, axis, *this)))
      continue;
    auto pending =
        llvm::find_if(states, [](AxisState s) { return s.isPartial(); });
    return StateMisuse{*kind, axis, op->getOperand(pending - states.begin())};
  }
  return std::nullopt;
}
