//===- MotionCalls.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions whose calls are all known: their types can change. And all
// calls of functions, to tell of those whose cannot.
//
//===----------------------------------------------------------------------===//

#include "MotionCalls.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

SmallVector<Operation *>
commuter::dist::getReturns(FunctionOpInterface function) {
  SmallVector<Operation *> returns;
  for (Block &block : function.getFunctionBody())
    if (!block.empty() && block.back().getNumSuccessors() == 0)
      returns.push_back(&block.back());
  return returns;
}

//===----------------------------------------------------------------------===//
// All calls
//===----------------------------------------------------------------------===//

NamedCalls::NamedCalls(ArrayRef<FunctionOpInterface> functions,
                       ArrayRef<std::pair<Operation *, Operation *>> calls) {
  // Most modules have none.
  if (calls.empty())
    return;
  const DenseSet<Operation *> callers(functions.begin(), functions.end());
  for (auto [call, callee] : calls) {
    if (!callers.contains(call->getParentOfType<FunctionOpInterface>()))
      continue;
    callsOf[callee].push_back(cast<CallOpInterface>(call));
    calleeOf[call] = callee;
  }
}

ArrayRef<CallOpInterface> NamedCalls::lookup(Operation *function) const {
  auto it = callsOf.find(function);
  return it == callsOf.end() ? ArrayRef<CallOpInterface>() : it->second;
}

bool NamedCalls::isRecursive(Operation *function) const {
  DenseSet<Operation *> seen;
  SmallVector<Operation *> callers{function};
  while (!callers.empty()) {
    for (CallOpInterface call : lookup(callers.pop_back_val())) {
      Operation *caller = call->getParentOfType<FunctionOpInterface>();
      if (caller == function)
        return true;
      if (caller && seen.insert(caller).second)
        callers.push_back(caller);
    }
  }
  return false;
}

StringRef NamedCalls::getSuggestion(CallOpInterface call) const {
  FunctionOpInterface callee = getCallee(call);
  if (!callee)
    return "call the function by its name, or inline the call";
  if (callee.isExternal())
    return "call it in front of the gather, or give the function a body";
  if (isRecursive(callee))
    return "write the recursion as a loop";
  if (!callee.isPrivate())
    return "make the function private, or inline the call";
  return "inline the call";
}

//===----------------------------------------------------------------------===//
// Known calls
//===----------------------------------------------------------------------===//

/// True if each of them returns what the function does.
static bool returnsItsResults(FunctionOpInterface function) {
  return llvm::all_of(getReturns(function), [&](Operation *end) {
    return end->getOperandTypes() == function.getResultTypes();
  });
}

static bool isCallOf(CallOpInterface call, FunctionOpInterface function) {
  auto callee = dyn_cast<SymbolRefAttr>(call.getCallableForCallee());
  return callee && callee.getLeafReference() == function.getNameAttr() &&
         call.getArgOperands().getTypes() == function.getArgumentTypes() &&
         call->getResultTypes() == function.getResultTypes();
}

KnownCalls::KnownCalls(ArrayRef<FunctionOpInterface> functions) {
  SmallVector<FunctionOpInterface> candidates;
  for (FunctionOpInterface function : functions)
    if (function.isPrivate() && !function.isExternal() &&
        returnsItsResults(function))
      candidates.push_back(function);
  // Most modules have none, and need not be searched for calls.
  if (candidates.empty())
    return;
  DenseSet<Operation *> all;
  for (FunctionOpInterface function : functions)
    all.insert(function);
  SymbolTableCollection symbols;
  DenseMap<Operation *, std::unique_ptr<SymbolUserMap>> users;
  for (FunctionOpInterface function : candidates) {
    Operation *table =
        SymbolTable::getNearestSymbolTable(function->getParentOp());
    std::unique_ptr<SymbolUserMap> &ofTable = users[table];
    if (!ofTable)
      ofTable = std::make_unique<SymbolUserMap>(symbols, table);
    SmallVector<CallOpInterface> calls;
    for (Operation *user : ofTable->getUsers(function)) {
      auto call = dyn_cast<CallOpInterface>(user);
      if (!call || !isCallOf(call, function) ||
          !all.contains(user->getParentOfType<FunctionOpInterface>()))
        break;
      calls.push_back(call);
    }
    if (!calls.empty() && calls.size() == ofTable->getUsers(function).size())
      callsOf[function] = std::move(calls);
  }
  dropRecursive();
  for (auto &[function, calls] : callsOf)
    for (CallOpInterface call : calls)
      calleeOf[call] = function;
}

/// Keeps the functions of which every caller is kept, or is none of them.
void KnownCalls::dropRecursive() {
  DenseMap<Operation *, unsigned> undecided; // calls of the function
  DenseMap<Operation *, SmallVector<Operation *>> calleesOf;
  SmallVector<Operation *> kept;
  for (auto &[function, calls] : callsOf) {
    for (CallOpInterface call : calls) {
      Operation *caller = call->getParentOfType<FunctionOpInterface>();
      if (!callsOf.contains(caller))
        continue;
      calleesOf[caller].push_back(function);
      ++undecided[function];
    }
    if (undecided.lookup(function) == 0)
      kept.push_back(function);
  }
  for (size_t i = 0; i < kept.size(); ++i)
    for (Operation *callee : calleesOf.lookup(kept[i]))
      if (--undecided[callee] == 0)
        kept.push_back(callee);
  DenseSet<Operation *> isKept(kept.begin(), kept.end());
  callsOf.remove_if([&](auto &entry) { return !isKept.contains(entry.first); });
}

ArrayRef<CallOpInterface> KnownCalls::lookup(Operation *function) const {
  auto it = callsOf.find(function);
  return it == callsOf.end() ? ArrayRef<CallOpInterface>() : it->second;
}

SmallVector<Operation *> KnownCalls::getCallees() const {
  return llvm::map_to_vector(callsOf, [](auto &entry) { return entry.first; });
}

SmallVector<FunctionOpInterface, 1>
KnownCalls::getConnected(FunctionOpInterface function) const {
  if (empty())
    return {function};
  SetVector<Operation *> found;
  found.insert(function);
  for (size_t i = 0; i < found.size(); ++i) {
    for (CallOpInterface call : lookup(found[i]))
      found.insert(call->getParentOfType<FunctionOpInterface>());
    found[i]->walk([&](CallOpInterface call) {
      if (Operation *callee = getCallee(call))
        found.insert(callee);
    });
  }
  return llvm::map_to_vector<1>(
      found, [](Operation *op) { return cast<FunctionOpInterface>(op); });
}

int64_t KnownCalls::countCalls(Operation *function) const {
  DenseMap<Operation *, int64_t> counted;
  return countCalls(function, counted);
}

int64_t KnownCalls::countCalls(Operation *function,
                               DenseMap<Operation *, int64_t> &counted) const {
  ArrayRef<CallOpInterface> known = lookup(function);
  if (known.empty())
    return 1;
  if (int64_t count = counted.lookup(function))
    return count;
  int64_t sum = 0;
  for (CallOpInterface call : known)
    if (llvm::AddOverflow(
            sum,
            countCalls(call->getParentOfType<FunctionOpInterface>(), counted),
            sum))
      sum = std::numeric_limits<int64_t>::max();
  return counted[function] = sum;
}

SmallVector<JoinClass>
KnownCalls::getArguments(FunctionOpInterface function) const {
  SmallVector<JoinClass> joins;
  for (BlockArgument argument : function.getArguments()) {
    if (!isa<RankedTensorType>(argument.getType()))
      continue;
    JoinClass &join = joins.emplace_back();
    join.values.push_back(argument);
    for (CallOpInterface call : lookup(function))
      join.sources.push_back(
          &call.getArgOperandsMutable()[argument.getArgNumber()]);
  }
  return joins;
}

SmallVector<JoinClass>
KnownCalls::getResults(FunctionOpInterface function) const {
  SmallVector<JoinClass> joins;
  for (auto [i, type] : llvm::enumerate(function.getResultTypes())) {
    if (!isa<RankedTensorType>(type))
      continue;
    JoinClass &join = joins.emplace_back();
    for (CallOpInterface call : lookup(function))
      join.values.push_back(call->getResult(i));
    for (Operation *end : getReturns(function))
      join.sources.push_back(&end->getOpOperand(i));
  }
  return joins;
}
