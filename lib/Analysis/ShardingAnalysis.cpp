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
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
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
        int64_t size = mesh.getAxisSize(axis);
        auto [it, isNew] =
            numbers.try_emplace({mesh.getSymNameAttr(), name}, axes.size());
        if (isNew)
          axes.push_back({mesh.getSymNameAttr(), name, size});
        else if (axes[it->second].size != size) // in modules of their own
          axes[it->second].size = ShapedType::kDynamic;
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
  for (int64_t dim = 0; dim < sharding.getRank(); ++dim) {
    int64_t level = 0;
    for (unsigned axis :
         axes.find(sharding.getMesh(), sharding.getAxesOfDim(dim)))
      if (axes[axis].size != 1)
        state[axis] = AxisState::sharded(dim, level++);
  }
  for (unsigned axis : axes.find(sharding.getMesh(), sharding.getUnreduced()))
    state[axis] = AxisState::partial();
  return state;
}

bool commuter::contradicts(AxisState found, AxisState promised) {
  if (found.isVarying() || promised.isVarying())
    return false;
  if (found.isReplicated())
    return promised.isPartial();
  return !(found == promised);
}

SmallVector<Value> commuter::getBranchConditions(Region &region) {
  SmallVector<Value> conditions;
  if (region.empty() || region.hasOneBlock())
    return conditions;
  for (Block &block : region) {
    if (block.getNumSuccessors() < 2)
      continue;
    Operation *terminator = block.getTerminator();
    llvm::SmallDenseSet<unsigned> forwarded;
    if (auto branch = dyn_cast<BranchOpInterface>(terminator))
      for (unsigned i = 0; i < block.getNumSuccessors(); ++i) {
        OperandRange range =
            branch.getSuccessorOperands(i).getForwardedOperands();
        for (unsigned j = 0; j < range.size(); ++j)
          forwarded.insert(range.getBeginOperandIndex() + j);
      }
    for (OpOperand &operand : terminator->getOpOperands())
      if (!forwarded.contains(operand.getOperandNumber()))
        conditions.push_back(operand.get());
  }
  return conditions;
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
    llvm::append_range(control, getBranchConditions(region));
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
    if (isPinned)
      return ChangeResult::NoChange;
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
  /// From now on the state is `promised`, whatever is joined.
  ChangeResult pin(const ValueState &promised) {
    bool isNew = !isPinned;
    isPinned = true;
    state = promised;
    return isNew ? ChangeResult::Change : ChangeResult::NoChange;
  }
  ChangeResult join(const dataflow::AbstractSparseLattice &other) override {
    return join(static_cast<const StateLattice &>(other).state);
  }
  void print(raw_ostream &os) const override {
    llvm::interleaveComma(state, os);
  }

private:
  ValueState state;
  bool isPinned = false;
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
  Unknown,  ///< nothing is known of it: no misuse is reported
  None,     ///< non-linear
  Additive, ///< linear in all operands together: x + y, x - y
  Unary,    ///< linear in its first operand, the others replicated: -x, x / r
  Product,  ///< linear in either operand, the other replicated: x * r
  Select    ///< linear in its last two operands, the condition replicated
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
      .Case([](arith::SelectOp) { return Linearity::Select; })
      .Default([](Operation *op) {
        // A product of matrices, a concatenation, a reduction and a collective
        // may be linear, and a region can hold anything.
        bool isKnown =
            op->getNumRegions() == 0 &&
            !isa<tensor::TensorDialect, linalg::LinalgDialect, DistDialect>(
                op->getDialect());
        return isKnown ? Linearity::None : Linearity::Unknown;
      });
}

/// A constant that is counted once per rank as well as once.
bool isZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

/// The sum of f(.., x_i, ..) over the ranks is f(.., sum of x_i, ..), up to
/// rounding: then f of a pending sum is a pending sum.
bool keepsPartial(Operation *op, OperandStates states) {
  switch (getLinearity(op)) {
  case Linearity::Unknown:
  case Linearity::None:
    return false;
  case Linearity::Additive:
    return llvm::all_of(llvm::enumerate(states), [&](const auto &state) {
      return state.value().isPartial() || isZero(op->getOperand(state.index()));
    });
  case Linearity::Select:
    return states.front().isReplicated() && states[1].isPartial() &&
           states[2].isPartial();
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
    SetVector<Value> captured = getCapturedValues(op);
    SmallVector<ValueState> outputs(results.size(), ValueState(axes.size()));
    for (unsigned axis = 0; axis < axes.size(); ++axis) {
      bool ready = true;
      for (auto [i, operand] : llvm::enumerate(operands)) {
        states[i] = operand->get(axis);
        ready &= states[i].kind != AxisState::None;
      }
      for (Value value : captured)
        ready &= getCapturedState(op, value, axis).kind != AxisState::None;
      if (!ready)
        continue;
      for (unsigned r = 0; r < results.size(); ++r)
        outputs[r][axis] = axes[axis].size == 1
                               ? AxisState::replicated()
                               : transfer(op, r, axis, states, operands);
    }
    for (auto [lattice, output] : llvm::zip_equal(results, outputs)) {
      liftToAllMeshes(output);
      propagateIfChanged(lattice, lattice->join(output));
    }
    return success();
  }

  LogicalResult initialize(Operation *top) override {
    pinPromises(top);
    return SparseForwardDataFlowAnalysis::initialize(top);
  }

  /// After the framework has joined what comes from several ways: along an axis
  /// on which ranks may take different ones, equal values from each do not make
  /// equal results.
  LogicalResult visit(ProgramPoint *point) override {
    if (failed(SparseForwardDataFlowAnalysis::visit(point)))
      return failure();
    if (point->isBlockStart()) {
      Block *block = point->getBlock();
      if (!block->isEntryBlock())
        joinDivergence(point, block->getArguments(),
                       getBranchConditions(*block->getParent()));
      return success();
    }
    Operation *op = point->getPrevOp();
    if (op->getNumResults() == 0)
      return success();
    if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
      joinDivergence(point, op->getResults(), getControlOperands(branch));
    else if (FunctionOpInterface callee = getCallee(op))
      joinDivergence(point, op->getResults(),
                     getBranchConditions(callee.getFunctionBody()));
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
    ValueState state = getDivergence(point, getControlOperands(branch));
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
    setUnitAxes(state);
    propagateIfChanged(lattice, lattice->join(state));
  }

private:
  void setUnitAxes(ValueState &state) const {
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (axes[axis].size == 1)
        state[axis] = AxisState::replicated();
  }

  /// A mesh names all ranks: what is the same along each of its axes is the
  /// same on all ranks, and so along the axes of every other mesh.
  void liftToAllMeshes(ValueState &state) const {
    llvm::SmallDenseSet<StringAttr, 2> varied, all;
    for (unsigned axis = 0; axis < axes.size(); ++axis) {
      all.insert(axes[axis].mesh);
      if (!state[axis].isReplicated())
        varied.insert(axes[axis].mesh);
    }
    if (varied.size() < all.size())
      for (AxisState &axis : state)
        if (axis.kind != AxisState::None)
          axis = AxisState::replicated();
  }

  FunctionOpInterface getCallee(Operation *op) {
    auto call = dyn_cast<CallOpInterface>(op);
    return call ? dyn_cast_or_null<FunctionOpInterface>(
                      call.resolveCallableInTable(&symbols))
                : FunctionOpInterface();
  }

  void pin(Value value, Attribute annotation) {
    auto sharding = dyn_cast_or_null<ShardingAttr>(annotation);
    if (!sharding)
      return;
    ValueState state = getAnnotatedState(axes, sharding);
    setUnitAxes(state);
    liftToAllMeshes(state);
    StateLattice *lattice = getLatticeElement(value);
    propagateIfChanged(lattice, lattice->pin(state));
  }

  /// What `dist.sharding` says of a function's arguments, and of its results
  /// where it is called.
  void pinPromises(Operation *top) {
    top->walk([&](Operation *op) {
      if (auto function = dyn_cast<FunctionOpInterface>(op);
          function && !function.isExternal())
        for (BlockArgument argument : function.getArguments())
          pin(argument, function.getArgAttr(argument.getArgNumber(),
                                            ShardingAttr::kAttrName));
      if (FunctionOpInterface callee = getCallee(op))
        for (OpResult result : op->getResults())
          pin(result, callee.getResultAttr(result.getResultNumber(),
                                           ShardingAttr::kAttrName));
    });
  }

  /// Varying where a condition is not replicated; nothing elsewhere.
  ValueState getDivergence(ProgramPoint *point, ArrayRef<Value> conditions) {
    ValueState divergence(axes.size());
    for (Value operand : conditions) {
      const StateLattice *lattice = getLatticeElementFor(point, operand);
      for (unsigned axis = 0; axis < axes.size(); ++axis) {
        AxisState state = lattice->get(axis);
        if (state.kind != AxisState::None && !state.isReplicated())
          divergence[axis] = AxisState::varying();
      }
    }
    return divergence;
  }
  void joinDivergence(ProgramPoint *point, ValueRange values,
                      ArrayRef<Value> conditions) {
    ValueState divergence = getDivergence(point, conditions);
    for (Value value : values) {
      StateLattice *lattice = getLatticeElement(value);
      propagateIfChanged(lattice, lattice->join(divergence));
    }
  }

  /// Along an axis of another mesh than the op's: its groups lie across the
  /// op's in a way that is not looked into.
  AxisState transferAcrossMeshes(Operation *op,
                                 ArrayRef<const StateLattice *> operands) {
    // Gathers and reductions of what is the same on all ranks.
    bool keeps = isa<AllGatherOp, AllReduceOp, ExchangeExtentsOp>(op) &&
                 llvm::all_of(operands, [&](const StateLattice *operand) {
                   return llvm::all_of(
                       llvm::seq<unsigned>(0, axes.size()), [&](unsigned axis) {
                         return operand->get(axis).isReplicated();
                       });
                 });
    return keeps || isa<AxisSizeOp>(op) ? AxisState::replicated()
                                        : AxisState::varying();
  }

  /// The state of result `resultNumber` along `axis`.
  AxisState transfer(Operation *op, unsigned resultNumber, unsigned axis,
                     OperandStates states,
                     ArrayRef<const StateLattice *> operands) {
    AxisState x = states.empty() ? AxisState::replicated() : states.front();
    auto group = dyn_cast<MeshGroupOpInterface>(op);
    if (group && axes[axis].mesh != group.getMeshAttr().getAttr())
      return transferAcrossMeshes(op, operands);
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
          if (gather.getExtents() && !states.back().isReplicated())
            return AxisState::varying();
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
          if (slice.getExtents() && !states.back().isReplicated())
            return AxisState::varying();
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
        .Case([&](tensor::ExpandShapeOp expand) {
          AxisState state =
              transferThroughSlices(op, resultNumber, axis, states);
          return state.isSharded() && isSplitUnclear(expand, state.dim)
                     ? AxisState::varying()
                     : state;
        })
        .Case([&](AssertShardingOp promise) {
          ShardingAttr sharding = promise.getSharding();
          return axes[axis].mesh == sharding.getMesh().getAttr()
                     ? getAnnotatedState(axes, sharding)[axis]
                     : x;
        })
        .Default([&](Operation *) {
          return transferThroughSlices(op, resultNumber, axis, states);
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
    for (unsigned own : axes.find(op.getMeshAttr(), op.getAxesAttr())) {
      if (own == axis)
        break;
      level += axes[own].size != 1;
    }
    return level;
  }

  /// True if a slice of the result of `expand` along `dim` may as well be one
  /// along a dimension of size 1 next to it: [8] as [1, 8] is a row of [4, 8],
  /// or a part of a row of [1, 32].
  static bool isSplitUnclear(tensor::ExpandShapeOp expand, int64_t dim) {
    ReassociationIndices group =
        expand.getReassociationIndices()[expand.getCorrespondingSourceDim(dim)];
    return group.size() > 1 &&
           expand.getResultType().getDimSize(group.front()) == 1;
  }

  /// The state of a value that a region of `op` uses. A change of it visits the
  /// op again.
  AxisState getCapturedState(Operation *op, Value captured, unsigned axis) {
    return getLatticeElementFor(getProgramPointAfter(op), captured)->get(axis);
  }

  bool capturesReplicated(Operation *op, unsigned axis) {
    return llvm::all_of(getCapturedValues(op), [&](Value captured) {
      return getCapturedState(op, captured, axis).isReplicated();
    });
  }

  /// Any other op. A function of replicated values is replicated; an op that is
  /// parallel in a dimension keeps slices; a linear op keeps a pending sum.
  AxisState transferThroughSlices(Operation *op, unsigned resultNumber,
                                  unsigned axis, OperandStates states) {
    // What is read from memory, asked of the rank, or captured by a region may
    // differ whatever the operands are.
    if (!dependsOnInputsAlone(op) || !capturesReplicated(op, axis))
      return AxisState::varying();
    if (allReplicated(states))
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
      for (auto [i, state, operandDim] :
           llvm::enumerate(states, slicing.operandDims)) {
        // A replicated operand is a slice of its own repetition; an extent says
        // what the shape of a slice says.
        if (state.isReplicated() || slicing.isExtent(i))
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
  SymbolTableCollection symbols;
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
  propagateDivergence(top);
}

/// Where ranks may take different ways to a call, they may differ in all that
/// the callee does.
void ShardingAnalysis::propagateDivergence(Operation *top) {
  SymbolTableCollection symbols;
  SmallVector<std::pair<Operation *, Operation *>> calls;
  top->walk([&](CallOpInterface call) {
    if (Operation *callee = call.resolveCallableInTable(&symbols))
      calls.emplace_back(call, callee);
  });
  bool changed = true;
  while (changed) {
    changed = false;
    for (auto [call, callee] : calls) {
      BitVector axesOfCall(axes.size());
      for (Region *region = call->getParentRegion(); region;
           region = region->getParentRegion())
        axesOfCall |= findDivergentAxes(*region);
      BitVector &known =
          calledDivergently.try_emplace(callee, axes.size()).first->second;
      if (axesOfCall.test(known)) {
        known |= axesOfCall;
        changed = true;
      }
    }
  }
}

/// The axes along which ranks may differ in coming to the blocks of `region`,
/// as far as the op around it decides.
BitVector ShardingAnalysis::findDivergentAxes(Region &region) const {
  Operation *op = region.getParentOp();
  BitVector divergent(axes.size());
  SmallVector<Value> conditions;
  if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
    conditions = getControlOperands(branch);
  } else if (isa<FunctionOpInterface>(op)) {
    conditions = getBranchConditions(region);
    if (auto it = calledDivergently.find(op); it != calledDivergently.end())
      divergent |= it->second;
  } else if (!op->hasTrait<OpTrait::SymbolTable>()) {
    divergent.set();
  }
  for (Value condition : conditions)
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (!getState(condition, axis).isReplicated())
        divergent.set(axis);
  return divergent;
}

Operation *ShardingAnalysis::findDivergence(Operation *op,
                                            FlatSymbolRefAttr mesh,
                                            ArrayAttr names) const {
  SmallVector<unsigned> wanted = axes.find(mesh, names);
  for (Region *region = op->getParentRegion(); region;
       region = region->getParentRegion()) {
    BitVector divergent = findDivergentAxes(*region);
    if (llvm::any_of(wanted, [&](unsigned axis) { return divergent[axis]; }))
      return region->getParentOp();
  }
  return nullptr;
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

/// What an op that is no collective does wrong with the pending sum in operand
/// `pending`. Where an operand's state is not known, neither is the misuse.
static std::optional<StateMisuse::Kind>
findMisuseAlongAxis(Operation *op, OperandStates states, unsigned pending) {
  switch (getLinearity(op)) {
  case Linearity::Unknown:
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
        getLinearity(op) == Linearity::Unary ? pending == 0 : pending != 0;
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

std::optional<StateMisuse> ShardingAnalysis::findMisuse(Operation *op) const {
  auto group = dyn_cast<MeshGroupOpInterface>(op);
  // Ops that nothing is known of are let be: their result varies.
  if (op->getNumOperands() == 0 || (!group && !isa<DimParallelOpInterface>(op)))
    return std::nullopt;
  SmallVector<unsigned> own;
  if (group)
    own = axes.find(group.getMeshAttr(), group.getAxesAttr());
  for (unsigned axis = 0; axis < axes.size(); ++axis) {
    if (group) {
      if (auto kind =
              findCollectiveMisuse(op, getState(op->getOperand(0), axis),
                                   llvm::is_contained(own, axis)))
        return StateMisuse{*kind, axis, op->getOperand(0)};
      continue;
    }
    SmallVector<AxisState> states = llvm::map_to_vector(
        op->getOperands(), [&](Value value) { return getState(value, axis); });
    auto pending =
        llvm::find_if(states, [](AxisState s) { return s.isPartial(); });
    if (pending == states.end() || keepsPartial(op, states))
      continue;
    unsigned operand = pending - states.begin();
    if (auto kind = findMisuseAlongAxis(op, states, operand))
      return StateMisuse{*kind, axis, op->getOperand(operand)};
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
