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

#include "Addends.h"
#include "Linearity.h"

#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

static bool isPartial(AxisState state) { return state.isPartial(); }

/// What a collective does wrong with its input along an axis that it acts over,
/// or does not.
static std::optional<StateMisuse>
findMisuseOfCollective(Operation *op, const ShardingAnalysis &analysis,
                       unsigned axis, bool isOver) {
  const Value input = op->getOperand(0);
  const AxisState x = analysis.getState(input, axis);
  auto isNoSum = [](ReductionKind kind) { return kind != ReductionKind::Sum; };
  if (isa<ToPartialOp>(op) && isOver && (x.isPartial() || x.isSharded()))
    return StateMisuse{StateMisuse::NotReplicated, axis, input};
  if (!x.isPartial())
    return std::nullopt;
  if (isa<AllGatherOp, AllSliceOp, AllToAllOp>(op) && isOver)
    return StateMisuse{StateMisuse::CombinesPartial, axis, input};
  auto reduce = dyn_cast<AllReduceOp>(op);
  auto scatter = dyn_cast<ReduceScatterOp>(op);
  if ((reduce && isNoSum(reduce.getKind())) ||
      (scatter && isNoSum(scatter.getKind())))
    return StateMisuse{StateMisuse::NonLinearOnPartial, axis, input};
  return std::nullopt;
}

namespace {
/// Finds whether not all ranks along an axis add what an op adds, each deciding
/// by a condition of its own. The residual that one rank adds enters the sum
/// once.
class AddedBySomeRanks {
public:
  AddedBySomeRanks(const ShardingAnalysis &analysis, unsigned axis)
      : analysis(analysis), axis(axis) {}

  bool find(Operation *op) const {
    return comesAlone(op) ||
           (op->getNumResults() == 1 && isSelected(op->getResult(0)));
  }

private:
  /// Loops do not count, nor what has no order: all ranks may come to that.
  bool comesAlone(Operation *op) const {
    Operation *at = op;
    while ((at = analysis.findDivergence(at, getMesh(), getNames())))
      if (!isa<LoopLikeOpInterface>(at) && !hasNoOrder(at) &&
          !hasUnknownOrder(at))
        return true;
    return false;
  }

  /// True if all that uses the value takes it or another one, each rank its
  /// own, also by way of ops on it alone, and through the bodies of structured
  /// ops.
  bool isSelected(Value value, unsigned depth = 0) const {
    constexpr unsigned kMostOps = 8;
    bool isUsed = false;
    for (OpOperand &use : value.getUses()) {
      Value next = getNext(use);
      if (isa<tensor::DimOp>(use.getOwner()) || (next && next.use_empty()))
        continue;
      isUsed = true;
      if (isChoice(use))
        continue;
      if (depth == kMostOps || !next || !isSelected(next, depth + 1))
        return false;
    }
    return isUsed;
  }

  /// What a use passes the value on as, or what is made of it alone; else null.
  static Value getNext(OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto structured = dyn_cast<linalg::LinalgOp>(user))
      return structured.getMatchingBlockArgument(&use);
    if (isa<linalg::YieldOp>(user) &&
        isa<linalg::LinalgOp>(user->getParentOp()))
      return user->getParentOp()->getNumResults() == 0
                 ? Value()
                 : user->getParentOp()->getResult(use.getOperandNumber());
    if (getLinearity(user) == Linearity::Unary && use.getOperandNumber() == 0)
      return user->getResult(0);
    return {};
  }

  bool isChoice(OpOperand &use) const {
    if (auto select = dyn_cast<arith::SelectOp>(use.getOwner()))
      return use.getOperandNumber() != 0 &&
             !getStateOf(select.getCondition()).isReplicated();
    auto branch = dyn_cast_or_null<RegionBranchOpInterface>(
        use.getOwner()->getParentOp());
    return branch && use.getOwner()->hasTrait<OpTrait::IsTerminator>() &&
           !isa<LoopLikeOpInterface>(branch.getOperation()) &&
           !analysis.isUniform(branch, getMesh(), getNames());
  }

  /// An element of a tensor is as that is.
  AxisState getStateOf(Value value) const {
    auto argument = dyn_cast<BlockArgument>(value);
    auto structured = dyn_cast_or_null<linalg::LinalgOp>(
        argument ? argument.getOwner()->getParentOp() : nullptr);
    return analysis.getState(
        structured ? structured->getOperand(argument.getArgNumber()) : value,
        axis);
  }

  FlatSymbolRefAttr getMesh() const {
    return FlatSymbolRefAttr::get(analysis.getAxes()[axis].mesh);
  }
  ArrayAttr getNames() const {
    StringAttr name = analysis.getAxes()[axis].name;
    return ArrayAttr::get(name.getContext(), name);
  }

  const ShardingAnalysis &analysis;
  unsigned axis;
};

/// Finds what an op that is no collective does wrong along an axis: itself or,
/// of a structured op, what is in its body.
class MisuseFinder {
public:
  MisuseFinder(const ShardingAnalysis &analysis, Operation *op, unsigned axis)
      : analysis(analysis), op(op), axis(axis),
        addedBySomeRanks(analysis, axis) {}

  std::optional<StateMisuse> find() const {
    SmallVector<AxisState> states = llvm::map_to_vector(
        op->getOperands(), [&](Value value) { return getState(value); });
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    return structured ? findInBody(structured, states) : findInPart(op, states);
  }

private:
  AxisState getState(Value value) const {
    return analysis.getState(value, axis);
  }

  std::optional<StateMisuse> findInBody(linalg::LinalgOp structured,
                                        OperandStates states) const {
    std::optional<StateMisuse> misuse;
    // What is wrong whatever it is initialised with, or unless that is zero.
    SmallVector<AxisState> made = visitBody(
        structured, states, [&](Value captured) { return getState(captured); },
        [&](Operation *part, OperandStates given) {
          if (!misuse)
            misuse = findInPart(part, given);
        },
        ReplicatedInits::AreZero);
    auto pending = llvm::find_if(states, isPartial);
    if (!misuse && pending != states.end() && llvm::all_of(made, isPartial) &&
        hasReplicatedInit(structured, states) && !addedBySomeRanks.find(op))
      return StateMisuse{StateMisuse::ReplicatedInit, axis,
                         op->getOperand(pending - states.begin())};
    return misuse;
  }

  /// One that is there before the sum is, and is not seen to be zero.
  bool hasReplicatedInit(linalg::LinalgOp structured,
                         OperandStates states) const {
    return llvm::any_of(structured.getDpsInitsMutable(), [&](OpOperand &init) {
      return states[init.getOperandNumber()].isReplicated() &&
             !addsNothing(structured, init) &&
             !isOverwritten(structured, init) && isCounted(init.get());
    });
  }

  std::optional<StateMisuse> findInPart(Operation *part,
                                        OperandStates states) const {
    auto pending = llvm::find_if(states, isPartial);
    if (pending == states.end() || keepsPartial(part, states) ||
        (part != op && isOpTriviallyDead(part)))
      return std::nullopt;
    auto kind = getKind(part, states, pending - states.begin());
    if (!kind || (kind == StateMisuse::ReplicatedPlusPartial &&
                  (addedBySomeRanks.find(part) || addedBySomeRanks.find(op))))
      return std::nullopt;
    return StateMisuse{*kind, axis, findPending(part, states)};
  }

  /// True if all ranks add a value that is the same on all of them, whole.
  bool isCounted(Value value) const {
    return !analysis.isAlwaysZero(value) &&
           !isShare(value, analysis.getAxes(), getSummands());
  }

  /// Those of the sum that is pending in an operand of the op.
  Summands getSummands() const {
    const MeshAxes &axes = analysis.getAxes();
    Summands summands{axis, static_cast<double>(axes[axis].size)};
    for (Value operand : op->getOperands())
      if (getState(operand).isPartial()) {
        summands.count = 1;
        for (auto [i, state] : llvm::enumerate(analysis.getState(operand)))
          if (state.isPartial() && axes[i].mesh == axes[axis].mesh)
            summands.count *= axes[i].size;
        break;
      }
    return summands;
  }

  /// What an op, or one in its body, does wrong with the pending sum in operand
  /// `pending`. Where an operand's state is not known, neither is the misuse.
  std::optional<StateMisuse::Kind>
  getKind(Operation *part, OperandStates states, unsigned pending) const {
    auto isCountedPerRank = [&](unsigned i) {
      return states[i].isReplicated() && isCounted(part->getOperand(i));
    };
    switch (getLinearity(part)) {
    case Linearity::Unknown:
    case Linearity::Together:
      return std::nullopt;
    case Linearity::Additive:
      if (llvm::any_of(llvm::seq<unsigned>(0, states.size()), isCountedPerRank))
        return StateMisuse::ReplicatedPlusPartial;
      return std::nullopt;
    case Linearity::Unary:
      if (pending == 0 && llvm::none_of(states.drop_front(), isPartial))
        return std::nullopt;
      return StateMisuse::NonLinearOnPartial;
    case Linearity::Select:
      if (pending != 0)
        return std::nullopt;
      return StateMisuse::NonLinearOnPartial;
    case Linearity::Product:
      if (llvm::count_if(states, isPartial) < 2)
        return std::nullopt;
      return StateMisuse::NonLinearOnPartial;
    case Linearity::Fma:
      if (states[0].isPartial() && states[1].isPartial())
        return StateMisuse::NonLinearOnPartial;
      // The sum is pending in the product or in what is added to it.
      if (pending == 2 ? isCountedPerRank(0) && isCountedPerRank(1)
                       : isCountedPerRank(2))
        return StateMisuse::ReplicatedPlusPartial;
      return std::nullopt;
    case Linearity::None:
      return StateMisuse::NonLinearOnPartial;
    }
    return std::nullopt;
  }

  /// The first operand that is pending, as far as the op was given it so: a
  /// destination that is taken for zero is not.
  Value findPending(Operation *part, OperandStates states) const {
    Value first;
    for (auto [operand, state] : llvm::zip_equal(part->getOperands(), states)) {
      if (!state.isPartial())
        continue;
      auto argument = dyn_cast<BlockArgument>(operand);
      const bool isElement =
          argument && argument.getOwner()->getParentOp() == op;
      Value source =
          isElement ? op->getOperand(argument.getArgNumber()) : operand;
      if (!isElement || getState(source).isPartial())
        return source;
      if (!first)
        first = source;
    }
    return first;
  }

  const ShardingAnalysis &analysis;
  Operation *op;
  unsigned axis;
  AddedBySomeRanks addedBySomeRanks;
};
} // namespace

std::optional<StateMisuse> ShardingAnalysis::findMisuse(Operation *op) const {
  auto group = dyn_cast<MeshGroupOpInterface>(op);
  // What is in the body of a structured op is that op's.
  if (isa_and_nonnull<linalg::LinalgOp>(op->getParentOp()))
    return std::nullopt;
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
    std::optional<StateMisuse> misuse =
        group ? findMisuseOfCollective(op, *this, axis,
                                       llvm::is_contained(own, axis))
              : MisuseFinder(*this, op, axis).find();
    if (misuse)
      return misuse;
  }
  return std::nullopt;
}
