//===- MotionOpenCalls.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What cannot be had in slices behind the calls that no slices go through, of
// public and recursive functions: so that what is worth moving there is told
// of.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// Refuses, in the functions that are called, the arguments that are passed
/// slices or what is refused, and in their callers what is returned so; and
/// what follows. Nothing that moves depends on it: it is done when all that
/// there is in slices is known.
void MotionGraph::refuseThroughCalls() {
  if (namedCalls.empty())
    return;
  SmallVector<Value> refused;
  auto pass = [&](CallOpInterface call, Value from, Value to) {
    const Fate passed = lookUpFate(from), known = lookUpFate(to);
    if (known.sliced != Fate::kNone || known.refusal != Fate::kNone)
      return;
    if (passed.sliced != Fate::kNone)
      refuse(to, addRefusal({reason::kUnsupportedOp, call,
                             namedCalls.getSuggestion(call)},
                            values[passed.sliced].slices.kind));
    else if (passed.refusal != Fate::kNone)
      refuse(to, passed.refusal);
    else
      return;
    refused.push_back(to);
  };
  for (FunctionOpInterface function : functions) {
    if (!calls.lookup(function).empty())
      continue;
    for (CallOpInterface call : namedCalls.lookup(function)) {
      for (auto [operand, argument] :
           llvm::zip(call.getArgOperands(), function.getArguments()))
        pass(call, operand, argument);
      for (Operation *end : getReturns(function))
        for (auto [operand, result] :
             llvm::zip(end->getOperands(), call->getResults()))
          pass(call, operand, result);
    }
  }
  const DenseSet<Operation *> visited(functions.begin(), functions.end());
  while (!refused.empty())
    refuseUsers(refused.pop_back_val(), visited, refused);
}

/// Refuses what is made of a value that is refused, in functions that were
/// visited, as far as it has no fate of its own. `next`: what is refused now.
void MotionGraph::refuseUsers(Value value, const DenseSet<Operation *> &visited,
                              SmallVectorImpl<Value> &next) {
  const unsigned refusal = lookUpFate(value).refusal;
  auto isOpen = [&](Value to) {
    const Fate known = lookUpFate(to);
    return known.sliced == Fate::kNone && known.refusal == Fate::kNone;
  };
  auto pass = [&](Value to) {
    if (!isOpen(to))
      return;
    refuse(to, refusal);
    next.push_back(to);
  };
  for (OpOperand &use : value.getUses()) {
    Operation *user = use.getOwner();
    const unsigned number = use.getOperandNumber();
    if (auto call = dyn_cast<CallOpInterface>(user)) {
      OperandRange passed = call.getArgOperands();
      FunctionOpInterface callee = namedCalls.getCallee(call);
      if (callee && visited.contains(callee) && !passed.empty() &&
          number >= passed.getBeginOperandIndex())
        pass(callee.getArgument(number - passed.getBeginOperandIndex()));
      continue;
    }
    if (auto function = dyn_cast<FunctionOpInterface>(user->getParentOp());
        function && user->hasTrait<OpTrait::ReturnLike>()) {
      for (CallOpInterface call : namedCalls.lookup(function))
        pass(call->getResult(number));
      continue;
    }
    if (auto branch = dyn_cast<BranchOpInterface>(user)) {
      if (std::optional<BlockArgument> argument =
              branch.getSuccessorBlockArgument(number))
        pass(*argument);
      continue;
    }
    if (auto parallel = dyn_cast<DimParallelOpInterface>(user)) {
      if (isa<AllGatherOp>(user) || !llvm::all_of(user->getResults(), isOpen) ||
          makesOwnRows(user, kinds[refusals[refusal].kind]))
        continue;
      refuse(user, parallel, refusal);
      llvm::copy_if(user->getResults(), std::back_inserter(next),
                    [&](Value result) { return !isOpen(result); });
      continue;
    }
    auto branch = dyn_cast<RegionBranchOpInterface>(user);
    if (!branch && user->hasTrait<OpTrait::IsTerminator>())
      branch = dyn_cast<RegionBranchOpInterface>(user->getParentOp());
    if (!branch)
      continue;
    for (const JoinClass &join : getJoins(branch))
      if (llvm::is_contained(join.sources, &use))
        llvm::for_each(join.values, pass);
  }
}
