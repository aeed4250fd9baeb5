//===- BranchControl.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values that decide which way a run takes, and where ways meet again.
//
//===----------------------------------------------------------------------===//

#include "BranchControl.h"
#include "commuter/Analysis/ShardingAnalysis.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace commuter;

static void mark(llvm::SmallBitVector &operands, OperandRange range) {
  if (!range.empty())
    operands.set(range.getBeginOperandIndex(),
                 range.getBeginOperandIndex() + range.size());
}

SmallVector<Value> commuter::getConditions(Operation *terminator) {
  SmallVector<Value> conditions;
  if (terminator->getNumSuccessors() < 2)
    return conditions;
  llvm::SmallBitVector forwarded(terminator->getNumOperands());
  if (auto branch = dyn_cast<BranchOpInterface>(terminator))
    for (unsigned i = 0; i < terminator->getNumSuccessors(); ++i)
      mark(forwarded, branch.getSuccessorOperands(i).getForwardedOperands());
  for (OpOperand &operand : terminator->getOpOperands())
    if (!forwarded[operand.getOperandNumber()])
      conditions.push_back(operand.get());
  return conditions;
}

SmallVector<Value> commuter::getBranchConditions(Region &region) {
  SmallVector<Value> conditions;
  if (region.empty() || region.hasOneBlock())
    return conditions;
  for (Block &block : region)
    llvm::append_range(conditions, getConditions(block.getTerminator()));
  return conditions;
}

SmallVector<Value> commuter::getRegionControl(RegionBranchOpInterface branch) {
  SmallVector<Value> control;
  for (RegionBranchPoint point : branch.getAllRegionBranchPoints()) {
    Operation *source = point.isParent()
                            ? branch.getOperation()
                            : point.getTerminatorPredecessorOrNull();
    RegionBranchSuccessorMapping forwarded;
    branch.getSuccessorOperandInputMapping(forwarded, point);
    for (OpOperand &operand : source->getOpOperands())
      if (!forwarded.contains(&operand))
        control.push_back(operand.get());
  }
  return control;
}

SmallVector<Value>
commuter::getControlOperands(RegionBranchOpInterface branch) {
  SmallVector<Value> control = getRegionControl(branch);
  for (Region &region : branch->getRegions())
    llvm::append_range(control, getBranchConditions(region));
  return control;
}

/// Finds the immediate post-dominator of `from`, and the blocks in between.
/// Paths that never end are ignored: they reach no block behind it.
///
/// Precondition of a meeting: no block in between dominates `from`. A value
/// defined in such a block would be visible at the meeting, and hold the
/// contents of a different iteration on each rank.
Parting Partings::compute(Block *from) {
  constexpr size_t kBlocksEach = 16;
  Parting parting;
  auto *node = postDominance.getNode(from);
  auto *next = node ? node->getIDom() : nullptr;
  if (!next || !next->getBlock())
    return parting;
  // To count blocks is to walk them.
  auto [region, isNew] = left.try_emplace(from->getParent(), 0);
  size_t &budget = region->second;
  if (isNew)
    budget = kBlocksEach * from->getParent()->getBlocks().size();
  SetVector<Block *> between;
  auto add = [&](Block *block) {
    for (Block *successor : block->getSuccessors())
      if (successor != next->getBlock())
        between.insert(successor);
  };
  add(from);
  for (size_t i = 0; i < between.size(); ++i) {
    if (budget == 0 || dominance.dominates(between[i], from))
      return parting;
    --budget;
    add(between[i]);
  }
  parting.between.append(between.begin(), between.end());
  parting.meeting = next->getBlock();
  return parting;
}

const Parting &Partings::find(Block *from) {
  auto it = known.find(from);
  return it != known.end() ? it->second : known[from] = compute(from);
}
