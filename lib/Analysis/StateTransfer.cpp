//===- StateTransfer.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The law of the states: what an op makes of those of its operands.
//
//===----------------------------------------------------------------------===//

#include "StateTransfer.h"

#include "ConstantMemory.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

AxisState StateTransfer::get(Visit &visit, unsigned resultNumber, unsigned axis,
                             OperandStates states) {
  if (axes.isUnit(axis, visit.op).value_or(false))
    return AxisState::replicated();
  if (visit.group)
    return axes[axis].mesh == visit.group.getMeshAttr().getAttr()
               ? getOfGroup(visit, axis, states)
               : getAcrossMeshes(visit);
  if (auto promise = dyn_cast<AssertShardingOp>(visit.op)) {
    ShardingAttr sharding = promise.getSharding();
    return axes[axis].mesh == sharding.getMesh().getAttr()
               ? getTrusted(states.front(),
                            getAnnotatedState(axes, sharding)[axis])
               : states.front();
  }
  return getOfFunction(visit, resultNumber, axis, states);
}

//===----------------------------------------------------------------------===//
// Collectives
//===----------------------------------------------------------------------===//

/// Along an axis of another mesh than the op's: its groups lie across the op's
/// in a way that is not looked into.
AxisState StateTransfer::getAcrossMeshes(const Visit &visit) const {
  // Gathers and reductions of what is the same on all ranks.
  bool keeps = isa<AllGatherOp, AllReduceOp, ExchangeExtentsOp>(visit.op) &&
               llvm::all_of(visit.operands, [&](unsigned operand) {
                 return llvm::all_of(table[operand], [](AxisState state) {
                   return state.isReplicated();
                 });
               });
  return keeps || isa<AxisSizeOp>(visit.op) ? AxisState::replicated()
                                            : AxisState::varying();
}

/// The place of an axis that newly splits `dim`: after those that already do,
/// in the order of the op's own axes.
int64_t StateTransfer::getLevel(Visit &visit, int64_t dim,
                                unsigned axis) const {
  int64_t level = 0;
  for (AxisState state : table[visit.operands.front()])
    if (state.isSharded() && state.dim == dim)
      level = std::max<int64_t>(level, state.level + 1);
  for (unsigned own :
       axes.find(visit.group.getMeshAttr(), visit.group.getAxesAttr())) {
    if (own == axis)
      break;
    level += axes[own].size != 1;
  }
  return level;
}

/// What is sharded along `x`'s axis, in the dimension that is gathered over
/// others: a more major axis still splits it into slices; a more minor one does
/// not: what was gathered interleaves its slices.
AxisState StateTransfer::getBesideGathered(AllGatherOp gather,
                                           ArrayRef<AxisState> operand,
                                           AxisState x) const {
  for (unsigned other : axes.find(gather.getMeshAttr(), gather.getAxes())) {
    AxisState gathered = operand[other];
    if (!gathered.isSharded() || gathered.dim != x.dim ||
        gathered.level <= x.level)
      return AxisState::varying();
  }
  return x;
}

/// Of a collective, along an axis of its mesh.
AxisState StateTransfer::getOfGroup(Visit &visit, unsigned axis,
                                    OperandStates states) const {
  const AxisState x = states.empty() ? AxisState::replicated() : states.front();
  auto isNamed = [&](ArrayAttr names) {
    return names && llvm::is_contained(names, axes[axis].name);
  };
  const bool isOver = isNamed(visit.group.getAxesAttr());
  auto split = [&](int64_t dim) {
    return AxisState::sharded(dim, getLevel(visit, dim, axis));
  };
  // Along an axis that is not reduced over.
  auto reduced = [&](ReductionKind kind) {
    return x.isPartial() && kind != ReductionKind::Sum ? AxisState::varying()
                                                       : x;
  };
  return llvm::TypeSwitch<Operation *, AxisState>(visit.op)
      .Case([&](AllGatherOp gather) {
        if (isOver || isNamed(gather.getSummingAttr()))
          return AxisState::replicated();
        if (gather.getExtents() && !states.back().isReplicated())
          return AxisState::varying();
        bool isGathered =
            x.isSharded() && x.dim == static_cast<int64_t>(gather.getDim());
        return isGathered
                   ? getBesideGathered(gather, table[visit.operands.front()], x)
                   : x;
      })
      .Case([&](AllReduceOp reduce) {
        return isOver ? AxisState::replicated() : reduced(reduce.getKind());
      })
      .Case([&](ReduceScatterOp scatter) {
        return isOver ? split(scatter.getDim()) : reduced(scatter.getKind());
      })
      .Case([&](AllSliceOp slice) {
        if (slice.getExtents() && !states.back().isReplicated())
          return AxisState::varying();
        if (!isOver)
          return x;
        return x.isReplicated() ? split(slice.getDim()) : AxisState::varying();
      })
      .Case([&](AllToAllOp exchange) {
        auto to = static_cast<int64_t>(exchange.getSplitDim());
        auto from = static_cast<int64_t>(exchange.getConcatDim());
        if (isOver)
          return x.isSharded() && x.dim == from ? split(to)
                                                : AxisState::varying();
        return x.isSharded() && (x.dim == to || x.dim == from)
                   ? AxisState::varying()
                   : x;
      })
      .Case([&](ToPartialOp) {
        if (!isOver)
          return x;
        return x.isReplicated() ? AxisState::partial() : AxisState::varying();
      })
      .Case([&](ExchangeExtentsOp) {
        return isOver || x.isReplicated() ? AxisState::replicated()
                                          : AxisState::varying();
      })
      .Case([&](AxisIndexOp) {
        return isOver ? AxisState::varying() : AxisState::replicated();
      })
      .Case([](AxisSizeOp) { return AxisState::replicated(); })
      .Default([](Operation *) { return AxisState::varying(); });
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

/// False if what is computed may differ whatever the operands are: what is read
/// from memory that is not constant, asked of the rank, or captured by a
/// region.
bool StateTransfer::dependsOnOperandsAlone(Visit &visit, unsigned axis) {
  if (!visit.dependsOnInputsAlone)
    visit.dependsOnInputsAlone = concernsMemory(visit.op)
                                     ? isFunctionOfConstants(visit.op, symbols)
                                     : dependsOnInputsAlone(visit.op);
  return *visit.dependsOnInputsAlone &&
         llvm::all_of(visit.captured, [&](unsigned captured) {
           return table[captured][axis].isReplicated();
         });
}

/// What an op does not read is as good as what is the same everywhere.
static SmallVector<AxisState> getStatesOfRead(Operation *op,
                                              OperandStates states) {
  auto read = llvm::to_vector(states);
  if (auto parallel = dyn_cast<DimParallelOpInterface>(op))
    for (auto [i, state] : llvm::enumerate(read))
      if (!state.isReplicated() && parallel.ignoresElements(i))
        state = AxisState::replicated();
  return read;
}

/// The dimension of a result that is sharded as those of the operands are that
/// it comes from; nothing if there is none.
static std::optional<AxisState> getSlice(const DimSlicing &slicing, int64_t dim,
                                         OperandStates states) {
  std::optional<int64_t> level;
  for (auto [i, state, operandDim] :
       llvm::enumerate(states, slicing.operandDims)) {
    // A replicated operand is a slice of its own repetition; an extent says
    // what the shape of a slice says.
    if (state.isReplicated() || slicing.isExtent(i))
      continue;
    if (!operandDim || !state.isSharded() || state.dim != *operandDim ||
        level.value_or(state.level) != state.level)
      return std::nullopt;
    level = state.level;
  }
  if (!level)
    return std::nullopt;
  return AxisState::sharded(dim, *level);
}

/// True if a slice of the result of `op` along `dim` may as well be one along a
/// dimension of size 1 next to it: [8] expanded to [1, 8] is a row of [4, 8],
/// or a part of a row of [1, 32].
static bool isSplitUnclear(Operation *op, int64_t dim) {
  auto expand = dyn_cast<tensor::ExpandShapeOp>(op);
  if (!expand)
    return false;
  ReassociationIndices group =
      expand.getReassociationIndices()[expand.getCorrespondingSourceDim(dim)];
  return group.size() > 1 &&
         expand.getResultType().getDimSize(group.front()) == 1;
}

/// A function of replicated values is replicated; an op that is parallel in a
/// dimension keeps slices; a linear op keeps a pending sum.
AxisState StateTransfer::getOfFunction(Visit &visit, unsigned resultNumber,
                                       unsigned axis, OperandStates states) {
  Operation *op = visit.op;
  SmallVector<AxisState> read;
  if (visit.hasDestinations) {
    read = getStatesOfRead(op, states);
    states = read;
  }
  auto isSharded = [](AxisState s) { return s.isSharded(); };
  const bool replicated =
      llvm::all_of(states, [](AxisState s) { return s.isReplicated(); });
  const bool partial =
      llvm::any_of(states, [](AxisState s) { return s.isPartial(); });
  if ((!replicated && !partial && llvm::none_of(states, isSharded)) ||
      !dependsOnOperandsAlone(visit, axis))
    return AxisState::varying();
  if (replicated)
    return AxisState::replicated();
  if (partial)
    return keepsPartial(op, states) ? AxisState::partial()
                                    : AxisState::varying();
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  auto type = dyn_cast<RankedTensorType>(op->getResult(resultNumber).getType());
  if (!parallel || !type)
    return AxisState::varying();
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    DimSlicing slicing = parallel.getDimSlicing(resultNumber, dim);
    if (!slicing.isLegal())
      continue;
    if (std::optional<AxisState> slice = getSlice(slicing, dim, states))
      return isSplitUnclear(op, dim) ? AxisState::varying() : *slice;
  }
  return AxisState::varying();
}
