//===- StateSolver.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The forward data flow that finds the states of all values.
//
//===----------------------------------------------------------------------===//

#include "StateSolver.h"
#include "Addends.h"
#include "BranchControl.h"
#include "ConstantMemory.h"
#include "Reachability.h"
#include "StateTransfer.h"

#include "mlir/Analysis/DataFlow/DeadCodeAnalysis.h"
#include "mlir/Analysis/DataFlow/SparseAnalysis.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

AxisState joinStates(AxisState a, AxisState b) {
  if (a.kind == AxisState::None || a == b)
    return b;
  return b.kind == AxisState::None ? a : AxisState::varying();
}

/// The states while they are solved for, by their values' numbers in the table.
class SolvedStates {
public:
  explicit SolvedStates(StateTable &table) : table(table) {}

  void reserve(unsigned numValues) {
    table.reserve(numValues);
    isPinned.reserve(numValues);
  }
  unsigned getNumber(Value value) {
    unsigned number = table.getOrCreate(value);
    if (number == isPinned.size())
      isPinned.push_back(false);
    return number;
  }
  ArrayRef<AxisState> get(unsigned number) const { return table[number]; }
  AxisState get(unsigned number, unsigned axis) const {
    return table[number][axis];
  }
  ChangeResult join(unsigned number, ArrayRef<AxisState> other) {
    const bool isPromised = isPinned[number];
    ChangeResult changed = ChangeResult::NoChange;
    for (auto [own, incoming] : llvm::zip_equal(table[number], other)) {
      AxisState joined =
          isPromised ? getTrusted(incoming, own) : joinStates(own, incoming);
      if (joined == own)
        continue;
      own = joined;
      changed = ChangeResult::Change;
    }
    return changed;
  }
  /// From now on the state is `promised`, whatever is joined that does not
  /// contradict it.
  ChangeResult pin(unsigned number, const ValueState &promised) {
    bool isNew = !isPinned[number];
    isPinned[number] = true;
    llvm::copy(promised, table[number].begin());
    return isNew ? ChangeResult::Change : ChangeResult::NoChange;
  }

private:
  StateTable &table;
  SmallVector<bool, 0> isPinned;
};

/// A state as the framework sees it.
class StateLattice : public dataflow::AbstractSparseLattice {
public:
  StateLattice(Value value, SolvedStates &states, unsigned number)
      : AbstractSparseLattice(value), states(states), number(number) {}

  unsigned getNumber() const { return number; }
  ChangeResult join(const dataflow::AbstractSparseLattice &other) override {
    return states.join(
        number, states.get(static_cast<const StateLattice &>(other).number));
  }
  void print(raw_ostream &os) const override {
    llvm::interleaveComma(states.get(number), os);
  }

private:
  SolvedStates &states;
  unsigned number;
};

/// The mesh axes along which ranks may reach this block by different paths: a
/// condition that differs along them decides between paths that meet here or
/// later. For a region's entry block it also covers every other block of the
/// region and its exit. Cached per block; recomputing it from all conditions at
/// each use would be quadratic.
class BranchDivergence : public AnalysisState {
public:
  using AnalysisState::AnalysisState;

  bool contains(unsigned axis) const {
    return axis < axes.size() && axes[axis];
  }
  ChangeResult add(unsigned axis) {
    if (contains(axis))
      return ChangeResult::NoChange;
    axes.resize(std::max(axes.size(), axis + 1));
    axes.set(axis);
    return ChangeResult::Change;
  }
  void print(raw_ostream &os) const override {
    llvm::interleaveComma(axes.set_bits(), os);
  }

private:
  BitVector axes;
};

class StateSolver : public dataflow::AbstractSparseForwardDataFlowAnalysis {
public:
  StateSolver(DataFlowSolver &solver, Reachability &reachability,
              const MeshAxes &axes, LoopRounds rounds, StateTable &table)
      : AbstractSparseForwardDataFlowAnalysis(solver), solver(solver),
        reachability(reachability), axes(axes), rounds(rounds), solved(table),
        transfer(axes, table, symbols) {}

  /// The calls whose callees are known, with these.
  ArrayRef<std::pair<Operation *, Operation *>> getCalls() const {
    return calls;
  }

  /// Overrides the framework's, to visit each op only once: in program order,
  /// and an op with regions after its regions. Without loops the operands of an
  /// op have their final states then.
  LogicalResult initialize(Operation *top) override {
    scope = top;
    const Reachability::Contents &contents = reachability.getContents();
    solved.reserve(contents.numResults);
    notes.reserve(contents.numResults);
    for (Operation *function : contents.functions)
      pinArguments(cast<FunctionOpInterface>(function));
    for (Operation *call : contents.calls)
      pinResults(cast<CallOpInterface>(call));
    for (Region &region : top->getRegions())
      if (!region.empty())
        for (Value argument : region.getArguments())
          setToEntryState(getLatticeElement(argument));
    if (failed(initializeRegions(top)))
      return failure();
    return top->getBlock() ? visit(getProgramPointAfter(top)) : success();
  }

  /// The framework joins the states of the values that predecessors pass on.
  /// That is not enough along an axis on which ranks may come from different
  /// predecessors: each may pass on a replicated value, but not the same one.
  /// So the divergence is joined, too.
  LogicalResult visit(ProgramPoint *point) override {
    if (point->isBlockStart()) {
      if (Region *round = getFirstRound(point->getBlock())) {
        visitFirstRound(point, *round);
        return success();
      }
      if (failed(AbstractSparseForwardDataFlowAnalysis::visit(point)))
        return failure();
      Block *block = point->getBlock();
      if (!block->isEntryBlock() && block->getNumArguments() != 0)
        joinDivergence(block->getArguments(), getDivergence(point, *block));
      return success();
    }
    Operation *op = point->getPrevOp();
    if (op->getNumSuccessors() > 1)
      visitConditions(op);
    const OpTraits ofOp = traits.get(op);
    if (!ofOp.isControlFlow) {
      if (reachability.isLive(op->getBlock()))
        visitOperation(op, ofOp);
      return success();
    }
    if (rounds == LoopRounds::First && isa<LoopLikeOpInterface>(op)) {
      for (Value result : op->getResults())
        setToEntryState(getLatticeElement(result));
      return success();
    }
    if (auto call = dyn_cast<CallOpInterface>(op))
      passArguments(call);
    if (failed(AbstractSparseForwardDataFlowAnalysis::visit(point)))
      return failure();
    if (op->getNumResults() == 0)
      return success();
    if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
      joinDivergence(op->getResults(), getDivergence(point, branch));
    else if (FunctionOpInterface callee = getCallee(op))
      joinDivergence(op->getResults(),
                     getDivergence(point, callee.getFunctionBody()));
    return success();
  }

protected:
  StateLattice *getLatticeElement(Value value) override {
    unsigned number = getNumber(value);
    StateLattice *&lattice = lattices[number];
    if (!lattice) {
      lattice = new (allocator.Allocate()) StateLattice(value, solved, number);
      notes[number].hasLattice = true;
      if (notes[number].isUsed)
        lattice->useDefSubscribe(this);
    }
    return lattice;
  }

  LogicalResult
  visitOperationImpl(Operation *op,
                     ArrayRef<const dataflow::AbstractSparseLattice *>,
                     ArrayRef<dataflow::AbstractSparseLattice *>) override {
    visitOperation(op, traits.get(op));
    return success();
  }

  void visitExternalCallImpl(
      CallOpInterface, ArrayRef<const dataflow::AbstractSparseLattice *>,
      ArrayRef<dataflow::AbstractSparseLattice *> results) override {
    setAllToEntryStates(results);
  }

  /// As the framework's, which searches all functions for the callee.
  LogicalResult visitCallOperation(
      CallOpInterface call, ArrayRef<const dataflow::AbstractSparseLattice *>,
      ArrayRef<dataflow::AbstractSparseLattice *> results) override {
    ProgramPoint *point = getProgramPointAfter(call);
    const auto *returns =
        getOrCreateFor<dataflow::PredecessorState>(point, point);
    if (!returns->allPredecessorsKnown())
      setAllToEntryStates(results);
    else
      for (Operation *op : returns->getKnownPredecessors())
        for (auto [operand, result] : llvm::zip(op->getOperands(), results))
          join(result, *getLatticeElementFor(point, operand));
    return success();
  }

  /// The arguments of a function whose calls are all known come from the calls,
  /// each of which passes on its own: see `passArguments`.
  void visitCallableOperation(
      CallableOpInterface callable,
      ArrayRef<dataflow::AbstractSparseLattice *> arguments) override {
    if (reachability.hasUnknownCallers(callable))
      setAllToEntryStates(arguments);
  }

  /// The induction variables of a loop are what its bounds are.
  void visitNonControlFlowArgumentsImpl(
      Operation *op, const RegionSuccessor &successor,
      ArrayRef<dataflow::AbstractSparseLattice *> arguments,
      unsigned firstIndex) override {
    unsigned end = firstIndex + successor.getSuccessorInputs().size();
    auto branch = dyn_cast<RegionBranchOpInterface>(op);
    if (!branch || !isa<LoopLikeOpInterface>(op) || !successor.getSuccessor()) {
      setAllToEntryStates(arguments.take_front(firstIndex));
      setAllToEntryStates(arguments.drop_front(end));
      return;
    }
    ValueState state = getDivergence(
        getProgramPointBefore(&successor.getSuccessor()->front()), branch);
    for (AxisState &axis : state)
      if (axis.kind == AxisState::None)
        axis = AxisState::replicated();
    for (auto [i, lattice] : llvm::enumerate(arguments))
      if (i < firstIndex || i >= end)
        joinInto(lattice->getAnchor(), state);
  }

  void setToEntryState(dataflow::AbstractSparseLattice *lattice) override {
    ValueState state(axes.size(), AxisState::varying());
    setUnitAxes(state);
    joinInto(lattice->getAnchor(), state);
  }

private:
  unsigned getNumber(Value value) {
    unsigned number = solved.getNumber(value);
    if (number == notes.size())
      notes.emplace_back();
    return number;
  }

  /// The number of a value whose users are visited again when its state
  /// changes.
  unsigned subscribe(Value value) {
    unsigned number = getNumber(value);
    Note &note = notes[number];
    if (!note.isUsed && note.hasLattice)
      lattices[number]->useDefSubscribe(this);
    note.isUsed = true;
    return number;
  }

  void joinInto(Value value, ArrayRef<AxisState> state) {
    unsigned number = getNumber(value);
    update(value, number, solved.join(number, state));
  }

  /// As the framework's `propagateIfChanged`, also for a value that it has no
  /// lattice of.
  void update(Value value, unsigned number, ChangeResult changed) {
    if (changed == ChangeResult::NoChange)
      return;
    if (notes[number].hasLattice)
      return propagateIfChanged(lattices[number], changed);
    if (notes[number].isUsed)
      for (Operation *user : value.getUsers())
        solver.enqueue({getProgramPointAfter(user), this});
  }

  /// The region that begins with the block, of a loop of whose first rounds
  /// this is.
  Region *getFirstRound(Block *block) const {
    Region *region = block->getParent();
    return rounds == LoopRounds::First && block->isEntryBlock() &&
                   isa<LoopLikeOpInterface>(region->getParentOp()) &&
                   isa<RegionBranchOpInterface>(region->getParentOp())
               ? region
               : nullptr;
  }

  /// Of first rounds, what leads to a loop's region is not what a later one, or
  /// itself, passes back. What is replicated may be a zero, to which a sum is
  /// added.
  void visitFirstRound(ProgramPoint *point, Region &region) {
    if (!reachability.isLive(&region.front()))
      return;
    auto loop = cast<RegionBranchOpInterface>(region.getParentOp());
    std::optional<RegionSuccessor> entry;
    auto join = [&](RegionSuccessor successor, OperandRange sources) {
      entry = successor;
      for (auto [source, input] :
           llvm::zip_equal(sources, successor.getSuccessorInputs())) {
        ValueState state(solved.get(getNumberFor(point, source)));
        if (isa<ShapedType, FloatType>(input.getType()) || isZero(source))
          for (AxisState &axis : state)
            if (axis.isReplicated())
              axis = AxisState::varying();
        setUnitAxes(state);
        joinInto(input, state);
      }
    };
    for (RegionBranchPoint from : loop.getAllRegionBranchPoints()) {
      if (!from.isParent() &&
          from.getTerminatorPredecessorOrNull()
                  ->getParentRegion()
                  ->getRegionNumber() >= region.getRegionNumber())
        continue;
      SmallVector<RegionSuccessor> successors;
      loop.getSuccessorRegions(from, successors);
      for (RegionSuccessor successor : successors)
        if (successor.getSuccessor() == &region)
          join(successor, loop.getSuccessorOperands(from, successor));
    }
    if (!entry ||
        entry->getSuccessorInputs().size() == region.getNumArguments())
      return;
    ValueRange inputs = entry->getSuccessorInputs();
    unsigned first =
        inputs.empty() ? 0 : cast<BlockArgument>(inputs[0]).getArgNumber();
    auto lattices = llvm::map_to_vector(
        region.getArguments(),
        [&](Value argument) -> dataflow::AbstractSparseLattice * {
          return getLatticeElement(argument);
        });
    visitNonControlFlowArgumentsImpl(loop, *entry, lattices, first);
  }

  /// The number of a value whose change visits `point` again.
  unsigned getNumberFor(ProgramPoint *point, Value value) {
    return static_cast<const StateLattice *>(getLatticeElementFor(point, value))
        ->getNumber();
  }

  LogicalResult initializeRegions(Operation *op) {
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        ProgramPoint *start = getProgramPointBefore(&block);
        auto *executable = getOrCreate<dataflow::Executable>(start);
        executable->blockContentSubscribe(this);
        if (failed(visit(start)))
          return failure();
        for (Operation &inner : block)
          if (failed(initializeOp(&inner, executable->isLive())))
            return failure();
      }
    }
    return success();
  }

  LogicalResult initializeOp(Operation *op, bool isLive) {
    if (op->getNumRegions() != 0 && failed(initializeRegions(op)))
      return failure();
    const OpTraits ofOp = traits.get(op);
    if (op->getNumSuccessors() > 1 || ofOp.isControlFlow)
      return visit(getProgramPointAfter(op));
    if (isLive)
      visitOperation(op, ofOp);
    return success();
  }

  /// Any op but a branch or a call. Its results have one source each, so their
  /// states are stored without a lattice object, which would double the memory
  /// per value.
  void visitOperation(Operation *op, OpTraits ofOp) {
    if (op->getNumResults() == 0)
      return;
    SmallVector<unsigned> operands;
    for (Value operand : op->getOperands())
      operands.push_back(subscribe(operand));
    Visit visit = startVisit(op, ofOp, operands);
    SmallVector<AxisState> states(operands.size());
    SmallVector<AxisState> outputs(op->getNumResults() * axes.size());
    for (unsigned axis = 0; axis < axes.size(); ++axis) {
      if (!collectStates(visit, axis, states))
        continue;
      for (unsigned r = 0; r < op->getNumResults(); ++r)
        outputs[r * axes.size() + axis] = transfer.get(visit, r, axis, states);
    }
    MutableArrayRef<AxisState> left = outputs;
    for (Value result : op->getResults()) {
      MutableArrayRef<AxisState> output = left.take_front(axes.size());
      left = left.drop_front(axes.size());
      liftToAllMeshes(output);
      joinInto(result, output);
    }
  }

  Visit startVisit(Operation *op, OpTraits ofOp, ArrayRef<unsigned> operands) {
    Visit visit{op, operands, {}, {}, ofOp.hasDestinations};
    if (op->getNumRegions() != 0)
      for (Value captured : getCapturedValues(op))
        visit.captured.push_back(
            getNumberFor(getProgramPointAfter(op), captured));
    else if (ofOp.isFunctionOfOperands)
      visit.dependsOnInputsAlone = true;
    if (ofOp.isGroup)
      visit.group = cast<MeshGroupOpInterface>(op);
    return visit;
  }

  /// The operands' states along an axis; false if one is not computed yet.
  bool collectStates(const Visit &visit, unsigned axis,
                     MutableArrayRef<AxisState> states) {
    for (auto [state, operand] : llvm::zip_equal(states, visit.operands)) {
      state = solved.get(operand, axis);
      if (state.kind == AxisState::None)
        return false;
    }
    return llvm::all_of(visit.captured, [&](unsigned captured) {
      return solved.get(captured, axis).kind != AxisState::None;
    });
  }

  void setUnitAxes(ValueState &state) const {
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (axes[axis].size == 1)
        state[axis] = AxisState::replicated();
  }

  /// A mesh names all ranks: what is the same along each of its axes is the
  /// same on all ranks, and so along the axes of every other mesh.
  void liftToAllMeshes(MutableArrayRef<AxisState> state) const {
    if (!axes.haveSameRanks())
      return;
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
    if (!sharding || isBuffer(value.getType()))
      return;
    ValueState state = getAnnotatedState(axes, sharding);
    setUnitAxes(state);
    liftToAllMeshes(state);
    unsigned number = getNumber(value);
    update(value, number, solved.pin(number, state));
  }

  /// What `dist.sharding` says of a function's arguments, and of its results
  /// where it is called.
  void pinArguments(FunctionOpInterface function) {
    if (function.isExternal())
      return;
    for (BlockArgument argument : function.getArguments())
      pin(argument, function.getArgAttr(argument.getArgNumber(),
                                        ShardingAttr::kAttrName));
  }
  void pinResults(CallOpInterface call) {
    Operation *callee = call.resolveCallableInTable(&symbols);
    if (!callee)
      return;
    calls.emplace_back(call, callee);
    if (auto function = dyn_cast<FunctionOpInterface>(callee))
      for (OpResult result : call->getResults())
        pin(result, function.getResultAttr(result.getResultNumber(),
                                           ShardingAttr::kAttrName));
  }

  /// A call joins the states of its operands into the callee's arguments. (The
  /// framework has the callee look at all its calls whenever one changes.)
  void passArguments(CallOpInterface call) {
    Block *block = call->getBlock();
    FunctionOpInterface callee = getCallee(call);
    if (!callee || !scope->isProperAncestor(callee) || callee.isExternal() ||
        !reachability.isLive(block))
      return;
    for (auto [operand, argument] :
         llvm::zip(call.getArgOperands(), callee.getArguments())) {
      ValueState state(solved.get(subscribe(operand)));
      // The callee does not see what a branch around the call says of an axis.
      for (unsigned axis = 0; axis < axes.size(); ++axis)
        if (state[axis].kind != AxisState::None &&
            axes.isUnit(axis, call).value_or(false))
          state[axis] = AxisState::replicated();
      joinInto(argument, state);
    }
  }

  BranchDivergence *getBranchDivergence(Block &block) {
    return getOrCreate<BranchDivergence>(getProgramPointBefore(&block));
  }

  /// A terminator that has the choice joins what decides it into the
  /// divergence of the blocks that its ways lead to until they meet.
  void visitConditions(Operation *terminator) {
    for (Value condition : getConditions(terminator)) {
      unsigned number = subscribe(condition);
      for (unsigned axis = 0; axis < axes.size(); ++axis)
        if (isDivergent(solved.get(number, axis)) &&
            parted.insert({terminator, axis}).second)
          part(terminator->getBlock(), axis);
    }
  }

  void part(Block *from, unsigned axis) {
    auto add = [&](Block *block) {
      BranchDivergence *divergence = getBranchDivergence(*block);
      propagateIfChanged(divergence, divergence->add(axis));
    };
    const Parting &parting = partings.find(from);
    if (!parting.meeting)
      return add(&from->getParent()->front());
    add(parting.meeting);
    llvm::for_each(parting.between, add);
  }

  static bool isDivergent(AxisState state) {
    return state.kind != AxisState::None && !state.isReplicated();
  }

  void joinDivergence(ProgramPoint *point, Block &block, ValueState &state) {
    BranchDivergence *divergence = getBranchDivergence(block);
    addDependency(divergence, point);
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (divergence->contains(axis))
        state[axis] = AxisState::varying();
  }

  /// Varying along the axes on which ranks may take different ways out of a
  /// region; nothing elsewhere.
  ValueState getDivergence(ProgramPoint *point, Region &region) {
    ValueState state(axes.size());
    if (!region.empty() && !region.hasOneBlock())
      joinDivergence(point, region.front(), state);
    return state;
  }

  /// The same, of the ways to a block that is not its region's first.
  ValueState getDivergence(ProgramPoint *point, Block &block) {
    ValueState state = getDivergence(point, *block.getParent());
    joinDivergence(point, block, state);
    return state;
  }

  /// The same, of the ways to, through and out of the regions of a branch op.
  ValueState getDivergence(ProgramPoint *point,
                           RegionBranchOpInterface branch) {
    ValueState divergence(axes.size());
    auto [it, isNew] = regionControl.try_emplace(branch);
    if (isNew)
      it->second = getRegionControl(branch);
    for (Value operand : it->second) {
      unsigned number = getNumberFor(point, operand);
      for (unsigned axis = 0; axis < axes.size(); ++axis)
        if (isDivergent(solved.get(number, axis)))
          divergence[axis] = AxisState::varying();
    }
    for (Region &region : branch->getRegions())
      for (auto [axis, state] : llvm::enumerate(getDivergence(point, region)))
        if (state.isVarying())
          divergence[axis] = state;
    return divergence;
  }

  void joinDivergence(ValueRange values, const ValueState &divergence) {
    for (Value value : values)
      joinInto(value, divergence);
  }

  DataFlowSolver &solver;
  Reachability &reachability;
  const MeshAxes &axes;
  const LoopRounds rounds;
  SolvedStates solved;
  SymbolTableCollection symbols;
  StateTransfer transfer;
  Operation *scope = nullptr;
  OpTraitsOfNames traits;
  Partings partings;
  DenseSet<std::pair<Operation *, unsigned>> parted; ///< terminators, by axis
  DenseMap<Operation *, SmallVector<Value>> regionControl;
  SmallVector<std::pair<Operation *, Operation *>> calls;

  // Not the solver's own map, which holds a kilobyte a value.
  llvm::SpecificBumpPtrAllocator<StateLattice> allocator;
  DenseMap<unsigned, StateLattice *> lattices; ///< by number, if needed
  struct Note {
    bool isUsed = false; ///< see `subscribe`
    bool hasLattice = false;
  };
  SmallVector<Note, 0> notes; ///< by number
};

} // namespace

SolvedProgram commuter::solveStates(Operation *top, const MeshAxes &axes,
                                    LoopRounds rounds, StateTable &states) {
  DataFlowSolver solver;
  auto *reachability = solver.load<Reachability>();
  auto *stateSolver =
      solver.load<StateSolver>(*reachability, axes, rounds, states);
  // Without a result every state reads as Varying, which is sound.
  if (failed(solver.initializeAndRun(top)))
    states = StateTable(axes.size());
  SolvedProgram solved{llvm::to_vector<0>(stateSolver->getCalls()),
                       {},
                       reachability->getContents()};
  for (Operation *function : solved.contents.functions)
    if (SymbolTable::getSymbolVisibility(function) ==
            SymbolTable::Visibility::Private &&
        reachability->hasUnknownCallers(function))
      solved.escaping.push_back(function);
  return solved;
}
