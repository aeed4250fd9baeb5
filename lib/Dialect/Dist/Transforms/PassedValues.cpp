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

#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace commuter::dist;

/// As what a branch op, or a terminator in it, passes the operand on.
static SmallVector<Value> getPassedOn(OpOperand &operand,
                                      RegionBranchOpInterface branch,
                                      RegionBranchPoint point) {
  RegionBranchSuccessorMapping passed;
  branch.getSuccessorOperandInputMapping(passed, point);
  return passed.lookup(&operand);
}

SmallVector<Value> commuter::dist::getPassedOn(OpOperand &operand,
                                               const KnownCalls &calls) {
  Operation *user = operand.getOwner(), *parent = user->getParentOp();
  const unsigned number = operand.getOperandNumber();
  SmallVector<Value> values;
  if (auto branch = dyn_cast<RegionBranchOpInterface>(user))
    values = ::getPassedOn(operand, branch, RegionBranchPoint::parent());
  if (auto call = dyn_cast<CallOpInterface>(user))
    if (auto callee =
            dyn_cast_or_null<FunctionOpInterface>(calls.getCallee(call)))
      for (auto [argument, passed] :
           llvm::zip_equal(callee.getArguments(), call.getArgOperandsMutable()))
        if (&passed == &operand)
          values.push_back(argument);
  if (auto branch = dyn_cast<BranchOpInterface>(user))
    if (auto argument = branch.getSuccessorBlockArgument(number))
      values.push_back(*argument);
  if (auto branch = dyn_cast_or_null<RegionBranchOpInterface>(parent))
    if (auto end = dyn_cast<RegionBranchTerminatorOpInterface>(user))
      llvm::append_range(values, ::getPassedOn(operand, branch, end));
  if (isa_and_nonnull<FunctionOpInterface>(parent) &&
      user->hasTrait<OpTrait::IsTerminator>() && user->getNumSuccessors() == 0)
    for (CallOpInterface call : calls.lookup(parent))
      values.push_back(call->getResult(number));
  llvm::erase_if(values, [](Value value) {
    return !isa<RankedTensorType>(value.getType());
  });
  return values;
}
