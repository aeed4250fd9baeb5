//===- ShardingAnalysis.cpp ----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The forward data-flow analysis of sharding states.
//
//===----------------------------------------------------------------------===//

#include "commuter/Analysis/ShardingAnalysis.h"

#include "mlir/Analysis/DataFlow/SparseAnalysis.h"
#include "mlir/Analysis/DataFlow/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

raw_ostream &commuter::operator<<(raw_ostream &os, AxisState state) {
  switch (state.kind) {
  case AxisState::None:
    return os << '-';
  case AxisState::Replicated:
    return os << 'R';
  case AxisState::Sharded:
    return os << "S(" << state.dim << ')';
  case AxisState::Partial:
    return os << 'P';
  case AxisState::Varying:
    return os << 'V';
  }
  return os;
}

//===----------------------------------------------------------------------===//
// MeshAxes
//===----------------------------------------------------------------------===//

MeshAxes::MeshAxes(Operation *top) {
  // The meshes that a value below `top` can refer to are symbols of `top`'s
  // module or of the ops around it.
  Operation *root = top;
  while (root->getParentOp())
    root = root->getParentOp();
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto mesh = dyn_cast<MeshOp>(op)) {
      for (unsigned axis = 0; axis < mesh.getNumAxes(); ++axis) {
        auto name = cast<StringAttr>(mesh.getAxisNames()[axis]);
        numbers.try_emplace({mesh.getSymNameAttr(), name}, axes.size());
        axes.push_back({mesh.getSymNameAttr(), name, mesh.getAxisSize(axis)});
      }
    }
    return isa<FunctionOpInterface>(op) ? WalkResult::skip()
                                        : WalkResult::advance();
  });
}

SmallVector<unsigned> MeshAxes::find(FlatSymbolRefAttr mesh,
                                     ArrayAttr names) const {
  SmallVector<unsigned> found;
  for (StringAttr name : names.getAsRange<StringAttr>())
    if (auto it = numbers.find({mesh.getAttr(), name}); it != numbers.end())
      found.push_back(it->second);
  return found;
}

ValueState commuter::getAnnotatedState(const MeshAxes &axes,
                                       ShardingAttr sharding) {
  ValueState state(axes.size(), AxisState::varying());
  for (unsigned axis = 0; axis < axes.size(); ++axis)
    if (axes[axis].mesh == sharding.getMesh().getAttr())
      state[axis] = AxisState::replicated();
  for (int64_t dim = 0; dim < sharding.getRank(); ++dim)
    for (auto [level, axis] : llvm::enumerate(
             axes.find(sharding.getMesh(), sharding.getAxesOfDim(dim))))
      state[axis] = AxisState::sharded(dim, level);
  for (unsigned axis : axes.find(sharding.getMesh(), sharding.getUnreduced()))
    state[axis] = AxisState::partial();
  return state;
}

SmallVector<Value>
commuter::getControlOperands(RegionBranchOpInterface branch) {
  SmallVector<Value> control;
  auto addUnforwarded = [&](Operation *op,
                            const DenseSet<unsigned> &forwarded) {
    for (OpOperand &operand : op->getOpOperands())
      if (!forwarded.contains(operand.getOperandNumber()))
        control.push_back(operand.get());
  };
  auto note = [](DenseSet<unsigned> &forwarded, OperandRange range) {
    for (unsigned i = 0; i < range.size(); ++i)
      forwarded.insert(range.getBeginOperandIndex() + i);
  };
  DenseSet<unsigned> forwarded;
  SmallVector<RegionSuccessor> successors;
  branch.getSuccessorRegions(RegionBranchPoint::parent(), successors);
  for (RegionSuccessor successor : successors)
    note(forwarded, branch.getEntrySuccessorOperands(successor));
  addUnforwarded(branch, forwarded);
  for (Region &region : branch->getRegions()) {
    for (Block &block : region) {
      auto terminator =
          block.empty()
              ? RegionBranchTerminatorOpInterface()
              : dyn_cast<RegionBranchTerminatorOpInterface>(block.back());
      if (!terminator)
        continue;
      DenseSet<unsigned> passedOn;
      SmallVector<RegionSuccessor> next;
      SmallVector<Attribute> unknown(terminator->getNumOperands());
      terminator.getSuccessorRegions(unknown, next);
      for (RegionSuccessor successor : next)
        note(passedOn, terminator.getSuccessorOperands(successor));
      addUnforwarded(terminator, passedOn);
    }
  }
  return control;
}

//===----------------------------------------------------------------------===//
// The analysis
//===----------------------------------------------------------------------===//

namespace {

AxisState joinStates(AxisState a, AxisState b) {
  if (a.kind == AxisState::None || a == b)
    return b;
  return b.kind == AxisState::None ? a : AxisState::varying();
}

class StateLattice : public dataflow::AbstractSparseLattice {
public:
  using AbstractSparseLattice::AbstractSparseLattice;

  AxisState get(unsigned axis) const {
    return axis < state.size() ? state[axis] : AxisState();
  }
  ChangeResult join(const ValueState &other) {
    if (state.size() < other.size())
      state.resize(other.size());
    ChangeResult changed = ChangeResult::NoChange;
    for (auto [axis, incoming] : llvm::enumerate(other)) {
      AxisState joined = joinStates(state[axis], incoming);
      if (joined == state[axis])
        continue;
      state[axis] = joined;
      changed = ChangeResult::Change;
    }
    return changed;
  }
  ChangeResult join(const dataflow::AbstractSparseLattice &other) override {
    return join(static_cast<const StateLattice &>(other).state);
  }
  void print(raw_ostream &os) const override {
    llvm::interleaveComma(state, os);
  }

private:
  ValueState state;
};

/// Along one axis: the states of an op's operands.
using OperandStates = ArrayRef<AxisState>;

bool anyPartial(OperandStates states) {
  return llvm::any_of(states, [](AxisState s) { return s.isPartial(); });
}
bool allReplicated(OperandStates states) {
  return llvm::all_of(states, [](AxisState s) { return s.isReplicated(); });
}

/// How an op acts on a pending sum.
enum class Linearity {
  None,     ///< non-linear
  Additive, ///< linear in all operands together: x + y, x - y
  Unary,    ///< linear in its first operand, the others replicated: -x, x / r
  Product   ///< linear in either operand, the other replicated: x * r
};

Linearity getLinearity(Operation *op) {
  return llvm::TypeSwitch<Operation *, Linearity>(op)
      .Case<arith::AddFOp, arith::SubFOp, arith::AddIOp, arith::SubIOp>(
          [](auto) { return Linearity::Additive; })
      .Case<arith::NegFOp, arith::ExtFOp, arith::TruncFOp, arith::DivFOp,
            tensor::CastOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp>([](auto) { return Linearity::Unary; })
      .Case<arith::MulFOp, arith::MulIOp>(
          [](auto) { return Linearity::Product; })
      .Default(Linearity::None);
}

/// The sum of f(.., x_i, ..) over the ranks is f(.., sum of x_i, ..), up to
/// rounding: then f of a pending sum is a pending sum.
bool keepsPartial(Operation *op, OperandStates states) {
  switch (getLinearity(op)) {
  case Linearity::None:
    return false;
  case Linearity::Additive:
    return llvm::all_of(states, [](AxisState s) { return s.isPartial(); });
  case Linearity::Unary:
    return states.front().isPartial() && allReplicated(states.drop_front());
  case Linearity::Product:
    return llvm::count_if(states, [](AxisState s) { return s.isPartial(); }) ==
               1 &&
           llvm::all_of(states, [](AxisState s) {
             return s.isPartial() || s.isReplicated();
           });
  }
  return false;
}

class StateSolver
    : public dataflow::SparseForwardDataFlowAnalysis<StateLattice> {
public:
  StateSolver(DataFlowSolver &solver, const MeshAxes &axes)
      : SparseForwardDataFlowAnalysis(solver), axes(axes) {}

  LogicalResult visitOperation(Operation *op,
                               ArrayRef<const StateLattice *> operands,
                               ArrayRef<StateLattice *> results) override {
    SmallVector<AxisState> states(operands.size());
    SmallVector<ValueState> outputs(results.size(), ValueState(axes.size()));
    for (unsigned axis = 0; axis < axes.size(); ++axis) {
      bool ready = true;
      for (auto [i, operand] : llvm::enumerate(operands)) {
        states[i] = operand->get(axis);
        ready &= states[i].kind != AxisState::None;
      }
      if (!ready)
        continue;
      for (unsigned r = 0; r < results.size(); ++r)
        outputs[r][axis] = axes[axis].size == 1
                               ? AxisState::replicated()
                               : transfer(op, r, axis, states, operands);
    }
    for (auto [lattice, output] : llvm::zip_equal(results, outputs))
      propagateIfChanged(lattice, lattice->join(output));
    return success();
  }

  /// After the framework has joined what the regions yield: along an axis on
  /// which ranks may take different ways, equal yields do not make equal
  /// results.
  LogicalResult visit(ProgramPoint *point) override {
    if (failed(SparseForwardDataFlowAnalysis::visit(point)))
      return failure();
    if (point->isBlockStart())
      return success();
    auto branch = dyn_cast<RegionBranchOpInterface>(point->getPrevOp());
    if (!branch || branch->getNumResults() == 0)
      return success();
    ValueState divergence = getDivergence(point, branch);
    for (Value result : branch->getResults()) {
      StateLattice *lattice = getLatticeElement(result);
      propagateIfChanged(lattice, lattice->join(divergence));
    }
    return success();
  }

  /// The induction variables of a loop are what its bounds are.
  void visitNonControlFlowArguments(Operation *op,
                                    const RegionSuccessor &successor,
                                    ArrayRef<StateLattice *> arguments,
                                    unsigned firstIndex) override {
    auto branch = dyn_cast<RegionBranchOpInterface>(op);
    if (!branch || !isa<LoopLikeOpInterface>(op) || !successor.getSuccessor())
      return SparseForwardDataFlowAnalysis::visitNonControlFlowArguments(
          op, successor, arguments, firstIndex);
    ProgramPoint *point =
        getProgramPointBefore(&successor.getSuccessor()->front());
    ValueState state = getDivergence(point, branch);
    for (AxisState &axis : state)
      if (axis.kind == AxisState::None)
        axis = AxisState::replicated();
    unsigned end = firstIndex + successor.getSuccessorInputs().size();
    for (auto [i, lattice] : llvm::enumerate(arguments))
      if (i < firstIndex || i >= end)
        propagateIfChanged(lattice, lattice->join(state));
  }

  void setToEntryState(StateLattice *lattice) override {
    ValueState state(axes.size(), AxisState::varying());
    auto value = cast<Value>(lattice->getAnchor());
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto function =
          dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
      if (function && argument.getOwner()->isEntryBlock())
        if (auto sharding = function.getArgAttrOfType<ShardingAttr>(
                argument.getArgNumber(), ShardingAttr::kAttrName))
          state = getAnnotatedState(axes, sharding);
    }
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (axes[axis].size == 1)
        state[axis] = AxisState::replicated();
    propagateIfChanged(lattice, lattice->join(state));
  }

private:
  /// Varying where a control operand is not replicated; nothing elsewhere.
  ValueState getDivergence(ProgramPoint *point,
                           RegionBranchOpInterface branch) {
    ValueState divergence(axes.size());
    for (Value operand : getControlOperands(branch)) {
      const StateLattice *lattice = getLatticeElementFor(point, operand);
      for (unsigned axis = 0; axis < axes.size(); ++axis) {
        AxisState state = lattice->get(axis);
        if (state.kind != AxisState::None && !state.isReplicated())
          divergence[axis] = AxisState::varying();
      }
    }
    return divergence;
  }

  /// The state of result `resultNumber` along `axis`.
  AxisState transfer(Operation *op, unsigned resultNumber, unsigned axis,
                     OperandStates states,
                     ArrayRef<const StateLattice *> operands) {
    AxisState x = states.empty() ? AxisState::replicated() : states.front();
    auto isOver = [&](MeshGroupOpInterface group) {
      return llvm::is_contained(
          axes.find(group.getMeshAttr(), group.getAxesAttr()), axis);
    };
    return llvm::TypeSwitch<Operation *, AxisState>(op)
        .Case([&](AllGatherOp gather) {
          ArrayAttr summing = gather.getSummingAttr();
          if (isOver(gather) ||
              (summing && llvm::is_contained(
                              axes.find(gather.getMeshAttr(), summing), axis)))
            return AxisState::replicated();
          if (!x.isSharded() || x.dim != static_cast<int64_t>(gather.getDim()))
            return x;
          // A more major axis still splits the dimension into slices; a more
          // minor one does not: what was gathered interleaves its slices.
          for (unsigned other :
               axes.find(gather.getMeshAttr(), gather.getAxes())) {
            AxisState gathered = operands.front()->get(other);
            if (!gathered.isSharded() || gathered.dim != x.dim ||
                gathered.level <= x.level)
              return AxisState::varying();
          }
          return x;
        })
        .Case([&](AllReduceOp reduce) {
          if (isOver(reduce))
            return AxisState::replicated();
          return x.isPartial() && reduce.getKind() != ReductionKind::Sum
                     ? AxisState::varying()
                     : x;
        })
        .Case([&](ReduceScatterOp scatter) {
          if (isOver(scatter))
            return AxisState::sharded(
                scatter.getDim(),
                getLevel(scatter, scatter.getDim(), axis, operands));
          return x.isPartial() && scatter.getKind() != ReductionKind::Sum
                     ? AxisState::varying()
                     : x;
        })
        .Case([&](AllSliceOp slice) {
          if (!isOver(slice))
            return x;
          return x.isReplicated()
                     ? AxisState::sharded(
                           slice.getDim(),
                           getLevel(slice, slice.getDim(), axis, operands))
                     : AxisState::varying();
        })
        .Case([&](AllToAllOp exchange) {
          auto split = static_cast<int64_t>(exchange.getSplitDim());
          auto concat = static_cast<int64_t>(exchange.getConcatDim());
          if (isOver(exchange))
            return x.isSharded() && x.dim == concat
                       ? AxisState::sharded(
                             split, getLevel(exchange, split, axis, operands))
                       : AxisState::varying();
          return x.isSharded() && (x.dim == split || x.dim == concat)
                     ? AxisState::varying()
                     : x;
        })
        .Case([&](ToPartialOp partial) {
          if (!isOver(partial))
            return x;
          return x.isReplicated() ? AxisState::partial() : AxisState::varying();
        })
        .Case([&](ExchangeExtentsOp exchange) {
          if (isOver(exchange) || x.isReplicated())
            return AxisState::replicated();
          return AxisState::varying();
        })
        .Case([&](AxisIndexOp index) {
          return isOver(index) ? AxisState::varying() : AxisState::replicated();
        })
        .Case([&](AxisSizeOp) { return AxisState::replicated(); })
        .Case([&](AssertShardingOp promise) {
          ShardingAttr sharding = promise.getSharding();
          return axes[axis].mesh == sharding.getMesh().getAttr()
                     ? getAnnotatedState(axes, sharding)[axis]
                     : x;
        })
        .Default([&](Operation *) {
          return transferThroughSlices(op, resultNumber, states);
        });
  }

  /// The place of an axis that newly splits `dim`: after those that already do,
  /// in the order of the op's own axes.
  int64_t getLevel(MeshGroupOpInterface op, int64_t dim, unsigned axis,
                   ArrayRef<const StateLattice *> operands) {
    int64_t level = 0;
    for (unsigned other = 0; other < axes.size(); ++other) {
      AxisState state = operands.front()->get(other);
      if (state.isSharded() && state.dim == dim)
        level = std::max<int64_t>(level, state.level + 1);
    }
    SmallVector<unsigned> own = axes.find(op.getMeshAttr(), op.getAxesAttr());
    return level + (llvm::find(own, axis) - own.begin());
  }

  /// Any other op. A function of replicated values is replicated; an op that is
  /// parallel in a dimension keeps slices; a linear op keeps a pending sum.
  AxisState transferThroughSlices(Operation *op, unsigned resultNumber,
                                  OperandStates states) {
    // Something read from memory, or a region's own doing, may differ.
    if (op->getNumRegions() == 0 && isMemoryEffectFree(op) &&
        allReplicated(states))
      return AxisState::replicated();
    if (anyPartial(states))
      return keepsPartial(op, states) ? AxisState::partial()
                                      : AxisState::varying();
    auto parallel = dyn_cast<DimParallelOpInterface>(op);
    auto type =
        dyn_cast<RankedTensorType>(op->getResult(resultNumber).getType());
    if (!parallel || !type)
      return AxisState::varying();
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      DimSlicing slicing = parallel.getDimSlicing(resultNumber, dim);
      if (!slicing.isLegal())
        continue;
      std::optional<int64_t> level;
      bool matches = true;
      for (auto [state, operandDim] :
           llvm::zip_equal(states, slicing.operandDims)) {
        // A replicated operand is a slice of its own repetition.
        if (state.isReplicated())
          continue;
        matches &= operandDim && state.isSharded() &&
                   state.dim == *operandDim &&
                   level.value_or(state.level) == state.level;
        level = state.level;
      }
      if (matches && level)
        return AxisState::sharded(dim, *level);
    }
    return AxisState::varying();
  }

  const MeshAxes &axes;
};

} // namespace

//===----------------------------------------------------------------------===//
// ShardingAnalysis
//===----------------------------------------------------------------------===//

ShardingAnalysis::ShardingAnalysis(Operation *top) : axes(top) {
  dataflow::loadBaselineAnalyses(solver);
  solver.load<StateSolver>(axes);
  // Without a result every state reads as Varying, which is sound.
  (void)solver.initializeAndRun(top);
}

AxisState ShardingAnalysis::getState(Value value, unsigned axis) const {
  const auto *lattice = solver.lookupState<StateLattice>(value);
  AxisState state = lattice ? lattice->get(axis) : AxisState();
  return state.kind == AxisState::None ? AxisState::varying() : state;
}

bool ShardingAnalysis::isReplicatedOver(Value value, FlatSymbolRefAttr mesh,
                                        ArrayAttr names) const {
  return llvm::all_of(axes.find(mesh, names), [&](unsigned axis) {
    return getState(value, axis).isReplicated();
  });
}

std::optional<unsigned> ShardingAnalysis::findPartialAxis(Value value) const {
  for (unsigned axis = 0; axis < axes.size(); ++axis)
    if (getState(value, axis).isPartial())
      return axis;
  return std::nullopt;
}

bool ShardingAnalysis::isUniform(Operation *op, FlatSymbolRefAttr mesh,
                                 ArrayAttr names) const {
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  return branch && llvm::all_of(getControlOperands(branch), [&](Value value) {
           return isReplicatedOver(value, mesh, names);
         });
}

std::optional<StateMisuse> ShardingAnalysis::findMisuse(Operation *op) const {
  // Ops that nothing is known of are let be: their result varies.
  if (!isa<DimParallelOpInterface>(op))
    return std::nullopt;
  for (unsigned axis = 0; axis < axes.size(); ++axis) {
    SmallVector<AxisState> states;
    Value pending;
    for (Value operand : op->getOperands()) {
      states.push_back(getState(operand, axis));
      if (states.back().isPartial() && !pending)
        pending = operand;
    }
    if (!pending || keepsPartial(op, states))
      continue;
    if (getLinearity(op) != Linearity::Additive)
      return StateMisuse{StateMisuse::NonLinearOnPartial, axis, pending};
    if (llvm::any_of(states, [](AxisState s) { return s.isReplicated(); }))
      return StateMisuse{StateMisuse::ReplicatedPlusPartial, axis, pending};
  }
  return std::nullopt;
}

void ShardingAnalysis::print(raw_ostream &os, Value value) const {
  llvm::interleaveComma(
      llvm::seq<unsigned>(0, axes.size()), os, [&](unsigned axis) {
        os << '@' << axes[axis].mesh.getValue() << '['
           << axes[axis].name.getValue() << "]: " << getState(value, axis);
      });
}
