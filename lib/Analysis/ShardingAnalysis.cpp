//===- ShardingAnalysis.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is asked of the states: of values, and of the ways that ranks take.
//
//===----------------------------------------------------------------------===//

#include "commuter/Analysis/ShardingAnalysis.h"
#include "BranchControl.h"
#include "StateSolver.h"

#include "mlir/IR/RegionGraphTraits.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/DepthFirstIterator.h"

using namespace mlir;
using namespace commuter;

ShardingAnalysis::ShardingAnalysis(Operation *top, LoopRounds rounds)
    : axes(top), states(axes.size()) {
  SolvedProgram solved = solveStates(top, axes, rounds, states);
  calls = std::move(solved.calls);
  axisIndex = solved.contents.hasAxisIndex;
  reshape = solved.contents.hasReshape;
  exchange = solved.contents.hasExchange;
  findPartings(solved.contents.branchingRegions);
  propagateNeverLeft();
  for (Operation *branch : solved.contents.manyRegions)
    waysAxes[branch] = findWaysAxes(cast<RegionBranchOpInterface>(branch));
  // Where the symbol of a private function goes, ranks may call it as they
  // like.
  propagateDivergence(solved.escaping);
}

static void addAxes(DenseMap<Block *, BitVector> &axesOf, Block *block,
                    const BitVector &axes) {
  axesOf.try_emplace(block, axes.size()).first->second |= axes;
}

/// True if a run that comes to `from` may go round blocks that it cannot leave
/// its region from, or come to a block that does not end.
static bool mayStay(Block &from) {
  DenseSet<Block *> leaving;
  SmallVector<Block *> worklist;
  auto add = [&](Block *block) {
    if (leaving.insert(block).second)
      worklist.push_back(block);
  };
  for (Block &block : *from.getParent()) {
    Operation *terminator = block.getTerminator();
    if (terminator->getNumSuccessors() == 0 &&
        (isa<RegionBranchTerminatorOpInterface>(terminator) ||
         terminator->hasTrait<OpTrait::ReturnLike>()))
      add(&block);
  }
  while (!worklist.empty())
    llvm::for_each(worklist.pop_back_val()->getPredecessors(), add);
  return llvm::any_of(llvm::depth_first(&from),
                      [&](Block *block) { return !leaving.contains(block); });
}

/// Where a terminator's condition differs between ranks, they may differ in
/// coming to the blocks between it and the one where they meet again.
void ShardingAnalysis::findPartings(ArrayRef<Region *> branchingRegions) {
  Partings partings;
  for (Region *region : branchingRegions) {
    branchAxes.try_emplace(&region->front(), axes.size());
    for (Block &block : *region) {
      BitVector varying(axes.size());
      addVaryingAxes(varying, getConditions(block.getTerminator()));
      if (varying.none())
        continue;
      const Parting &parting = partings.find(&block);
      if (!parting.meeting) {
        addAxes(branchAxes, &region->front(), varying);
        if (mayStay(block))
          addNeverLeft(region->getParentOp(), varying);
        continue;
      }
      addAxes(meetingAxes, parting.meeting, varying);
      for (Block *between : parting.between)
        addAxes(branchAxes, between, varying);
    }
  }
}

/// Ranks of which some never leave `op` do not come alike to what is behind it:
/// that may be any block around it.
void ShardingAnalysis::addNeverLeft(Operation *op, const BitVector &ranks) {
  for (; op; op = op->getParentOp()) {
    if (isa<FunctionOpInterface>(op)) {
      neverLeft.try_emplace(op, axes.size()).first->second |= ranks;
      return;
    }
    if (!op->getBlock())
      return;
    addAxes(branchAxes, &op->getParentRegion()->front(), ranks);
  }
}

/// Nor do they leave a call of a function that some of them never leave.
void ShardingAnalysis::propagateNeverLeft() {
  for (bool hasChanged = !neverLeft.empty(); hasChanged;) {
    hasChanged = false;
    for (auto [call, callee] : calls) {
      auto it = neverLeft.find(callee);
      if (it == neverLeft.end())
        continue;
      const BitVector ranks = it->second;
      auto caller = call->getParentOfType<FunctionOpInterface>();
      if (!caller)
        continue;
      BitVector &known =
          neverLeft.try_emplace(caller, axes.size()).first->second;
      if (!ranks.test(known))
        continue;
      addNeverLeft(call, ranks);
      hasChanged = true;
    }
  }
}

/// Where ranks may take different ways to a call, they may differ in all that
/// the callee does.
void ShardingAnalysis::propagateDivergence(ArrayRef<Operation *> escaping) {
  SetVector<Operation *> worklist;
  DenseMap<Operation *, SmallVector<Operation *>> calleesOf;
  SmallVector<BitVector> ways(calls.size(), BitVector(axes.size()));
  for (auto [i, call] : llvm::enumerate(calls))
    for (Block *block = call.first->getBlock(); block;
         block = block->getParentOp()->getBlock()) {
      ways[i] |= findDivergentAxes(*block);
      if (isa<FunctionOpInterface>(block->getParentOp()))
        calleesOf[block->getParentOp()].push_back(call.second);
    }
  auto add = [&](Operation *callee, const BitVector &divergent) {
    BitVector &known =
        calledDivergently.try_emplace(callee, axes.size()).first->second;
    if (!divergent.test(known))
      return;
    known |= divergent;
    worklist.insert(callee);
  };
  for (auto [way, call] : llvm::zip_equal(ways, calls))
    add(call.second, way);
  for (Operation *function : escaping)
    add(function, BitVector(axes.size(), true));
  while (!worklist.empty()) {
    Operation *caller = worklist.pop_back_val();
    const BitVector divergent = calledDivergently[caller];
    for (Operation *callee : calleesOf.lookup(caller))
      add(callee, divergent);
  }
}

void ShardingAnalysis::addVaryingAxes(BitVector &varying,
                                      ArrayRef<Value> values) const {
  for (Value value : values)
    for (unsigned axis = 0; axis < axes.size(); ++axis)
      if (!getState(value, axis).isReplicated())
        varying.set(axis);
}

/// The axes along which ranks may differ in coming to any block of a region,
/// and in leaving it.
BitVector ShardingAnalysis::findBranchAxes(Region &region) const {
  BitVector divergent(axes.size());
  if (region.empty() || region.hasOneBlock())
    return divergent;
  if (auto it = branchAxes.find(&region.front()); it != branchAxes.end())
    return it->second;
  addVaryingAxes(divergent, getBranchConditions(region));
  return divergent;
}

bool commuter::hasNoOrder(Operation *op) {
  static constexpr StringRef kElsewhere[] = {"acc", "async", "gpu", "omp"};
  return op->hasTrait<OpTrait::HasParallelRegion>() ||
         llvm::is_contained(kElsewhere, op->getName().getDialectNamespace());
}

bool commuter::hasUnknownOrder(Operation *op) {
  return !hasNoOrder(op) &&
         !isa<RegionBranchOpInterface, FunctionOpInterface>(op) &&
         !op->hasTrait<OpTrait::SymbolTable>();
}

/// The axes along which ranks may differ in the ways that they take through a
/// branch op's regions.
BitVector ShardingAnalysis::findWaysAxes(RegionBranchOpInterface branch) const {
  if (auto it = waysAxes.find(branch); it != waysAxes.end())
    return it->second;
  BitVector divergent(axes.size());
  addVaryingAxes(divergent, getRegionControl(branch));
  for (Region &way : branch->getRegions())
    divergent |= findBranchAxes(way);
  return divergent;
}

/// The axes along which ranks may differ in coming to `block`, as far as the op
/// around it and its other blocks decide.
BitVector ShardingAnalysis::findDivergentAxes(Block &block) const {
  Operation *op = block.getParentOp();
  BitVector divergent(axes.size());
  if (hasNoOrder(op)) {
    divergent.set();
  } else if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
    divergent = findWaysAxes(branch);
  } else if (isa<FunctionOpInterface>(op)) {
    divergent = findBranchAxes(*block.getParent());
    if (auto it = calledDivergently.find(op); it != calledDivergently.end())
      divergent |= it->second;
  } else if (hasUnknownOrder(op)) {
    divergent.set();
  }
  if (auto it = branchAxes.find(&block); it != branchAxes.end())
    divergent |= it->second;
  return divergent;
}

Operation *ShardingAnalysis::findDivergence(Operation *op,
                                            FlatSymbolRefAttr mesh,
                                            ArrayAttr names) const {
  SmallVector<unsigned> wanted = axes.find(mesh, names);
  for (Block *block = op->getBlock(); block;
       block = block->getParentOp()->getBlock()) {
    BitVector divergent = findDivergentAxes(*block);
    if (llvm::any_of(wanted, [&](unsigned axis) { return divergent[axis]; }))
      return block->getParentOp();
  }
  return nullptr;
}

Operation *ShardingAnalysis::findDivergenceOfArguments(Block *block,
                                                       FlatSymbolRefAttr mesh,
                                                       ArrayAttr names) const {
  auto meeting = meetingAxes.find(block);
  if (meeting != meetingAxes.end())
    for (unsigned axis : axes.find(mesh, names))
      if (meeting->second[axis])
        return block->getParentOp();
  return findDivergence(block->getTerminator(), mesh, names);
}

AxisState ShardingAnalysis::getState(Value value, unsigned axis) const {
  ArrayRef<AxisState> known = states.lookup(value);
  AxisState state = known.empty() ? AxisState() : known[axis];
  return state.kind == AxisState::None ? AxisState::varying() : state;
}

ValueState ShardingAnalysis::getState(Value value) const {
  ValueState state;
  for (unsigned axis = 0; axis < axes.size(); ++axis)
    state.push_back(getState(value, axis));
  return state;
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
