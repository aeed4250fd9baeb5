//===- PassedValues.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The edges between blocks, regions and functions.
//
//===----------------------------------------------------------------------===//

#include "PassedValues.h"

using namespace mlir;
using namespace commuter::dist;

void commuter::dist::forEachPassed(
    RegionBranchOpInterface branch,
    function_ref<void(OpOperand &, Value)> tell) {
  for (RegionBranchPoint point : branch.getAllRegionBranchPoints()) {
    Operation *source = point.isParent()
                            ? branch.getOperation()
                            : point.getTerminatorPredecessorOrNull();
    SmallVector<RegionSuccessor> successors;
    branch.getSuccessorRegions(point, successors);
    for (RegionSuccessor successor : successors) {
      OperandRange passed = branch.getSuccessorOperands(point, successor);
      const unsigned first = passed.empty() ? 0 : passed.getBeginOperandIndex();
      for (auto [i, input] : llvm::enumerate(successor.getSuccessorInputs()))
        if (i < passed.size() && isa<RankedTensorType>(input.getType()))
          tell(source->getOpOperand(first + i), input);
    }
  }
}

SmallVector<Value> commuter::dist::getPassedOn(OpOperand &operand,
                                               const KnownCalls &calls) {
  Operation *user = operand.getOwner();
  const unsigned number = operand.getOperandNumber();
  SmallVector<Value> values;
  auto note = [&](OpOperand &passed, Value value) {
    if (&passed == &operand)
      values.push_back(value);
  };
  if (auto branch = dyn_cast<RegionBranchOpInterface>(user))
    forEachPassed(branch, note);
  if (auto call = dyn_cast<CallOpInterface>(user))
    if (auto callee =
            dyn_cast_or_null<FunctionOpInterface>(calls.getCallee(call)))
      for (auto [argument, passed] :
           llvm::zip_equal(callee.getArguments(), call.getArgOperandsMutable()))
        note(passed, argument);
  if (auto branch = dyn_cast<BranchOpInterface>(user))
    if (auto argument = branch.getSuccessorBlockArgument(number))
      values.push_back(*argument);
  if (user->hasTrait<OpTrait::IsTerminator>()) {
    Operation *parent = user->getParentOp();
    if (auto branch = dyn_cast<RegionBranchOpInterface>(parent))
      forEachPassed(branch, note);
    else if (isa<FunctionOpInterface>(parent) && user->getNumSuccessors() == 0)
      for (CallOpInterface call : calls.lookup(parent))
        values.push_back(call->getResult(number));
  }
  llvm::erase_if(values, [](Value value) {
    return !isa<RankedTensorType>(value.getType());
  });
  return values;
}
