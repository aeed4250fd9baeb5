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

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace commuter;

ShardingAnalysis::ShardingAnalysis(Operation *top)
    : axes(top), states(axes.size()) {
  SolvedProgram solved = solveStates(top, axes, states);
  for (Region *region : solved.branchingRegions)
    addVaryingAxes(
        branchAxes.try_emplace(&region->front(), axes.size()).first->second,
        getBranchConditions(*region));
  // Where the symbol of a private function goes, ranks may call it as they
  // like.
  propagateDivergence(solved.calls, solved.escaping);
}

/// Where ranks may take different ways to a call, they may differ in all that
/// the callee does.
void ShardingAnalysis::propagateDivergence(
    ArrayRef<std::pair<Operation *, Operation *>> calls,
    ArrayRef<Operation *> escaping) {
  SetVector<Operation *> worklist;
  DenseMap<Operation *, SmallVector<Operation *>> calleesOf;
  SmallVector<BitVector> ways(calls.size(), BitVector(axes.size()));
  for (auto [i, call] : llvm::enumerate(calls))
    for (Region *region = call.first->getParentRegion(); region;
         region = region->getParentRegion()) {
      ways[i] |= findDivergentAxes(*region);
      if (isa<FunctionOpInterface>(region->getParentOp()))
        calleesOf[region->getParentOp()].push_back(call.second);
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

/// The axes along which ranks may take different ways through the blocks of a
/// region.
BitVector ShardingAnalysis::findBranchAxes(Region &region) const {
  BitVector divergent(axes.size());
  if (region.empty() || region.hasOneBlock())
    return divergent;
  if (auto it = branchAxes.find(&region.front()); it != branchAxes.end())
    return it->second;
  addVaryingAxes(divergent, getBranchConditions(region));
  return divergent;
}

/// True if nothing orders what is in the regions of `op` with what is around
/// it: each rank may take a parallel loop's iterations in an order of its own,
/// and what runs on other threads, or on a device, whenever they come to it.
static bool hasNoOrder(Operation *op) {
  static constexpr StringRef kElsewhere[] = {"acc", "async", "gpu", "omp"};
  return op->hasTrait<OpTrait::HasParallelRegion>() ||
         llvm::is_contained(kElsewhere, op->getName().getDialectNamespace());
}

/// The axes along which ranks may differ in coming to the blocks of `region`,
/// as far as the op around it decides.
BitVector ShardingAnalysis::findDivergentAxes(Region &region) const {
  Operation *op = region.getParentOp();
  BitVector divergent(axes.size());
  if (hasNoOrder(op)) {
    divergent.set();
  } else if (auto branch = dyn_cast<RegionBranchOpInterface>(op)) {
    addVaryingAxes(divergent, getRegionControl(branch));
    for (Region &way : op->getRegions())
      divergent |= findBranchAxes(way);
  } else if (isa<FunctionOpInterface>(op)) {
    divergent = findBranchAxes(region);
    if (auto it = calledDivergently.find(op); it != calledDivergently.end())
      divergent |= it->second;
  } else if (!op->hasTrait<OpTrait::SymbolTable>()) {
    divergent.set();
  }
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
