//===- BranchControl.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values that decide which way a run takes.
//
//===----------------------------------------------------------------------===//

#include "BranchControl.h"
#include "commuter/Analysis/ShardingAnalysis.h"

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
    SmallVector<RegionSuccessor> successors;
    branch.getSuccessorRegions(point, successors);
    llvm::SmallBitVector forwarded(source->getNumOperands());
    for (RegionSuccessor successor : successors)
      mark(forwarded, branch.getSuccessorOperands(point, successor));
    for (OpOperand &operand : source->getOpOperands())
      if (!forwarded[operand.getOperandNumber()])
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
