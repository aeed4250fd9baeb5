//===- Reachability.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reachability, in the terms of MLIR's data-flow framework.
//
//===----------------------------------------------------------------------===//

#include "Reachability.h"

#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Norm/IR/Norm.h"
#include "mlir/Analysis/DataFlow/DeadCodeAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace commuter;

OpTraits OpTraitsOfNames::get(Operation *op) {
  auto [it, isNew] = byName.try_emplace(op->getName());
  if (isNew)
    it->second = {isa<dist::MeshGroupOpInterface>(op),
                  isa<CallOpInterface>(op),
                  isa<FunctionOpInterface>(op),
                  isa<RegionBranchOpInterface, CallOpInterface>(op),
                  isa_and_nonnull<arith::ArithDialect, math::MathDialect,
                                  norm::NormDialect>(op->getDialect()),
                  isa<DestinationStyleOpInterface>(op),
                  isa<dist::AxisIndexOp>(op),
                  isa<tensor::ReshapeOp>(op),
                  isa<dist::ExchangeExtentsOp>(op)};
  return it->second;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

void Reachability::findUnknownCallers(Operation *table, bool seesAllUses) {
  SmallVector<Operation *> unseen;
  for (auto callable : table->getRegion(0).getOps<CallableOpInterface>()) {
    auto symbol = dyn_cast<SymbolOpInterface>(callable.getOperation());
    if (!symbol || !callable.getCallableRegion())
      continue;
    if (symbol.isPublic() || (symbol.isNested() && !seesAllUses))
      calledFromElsewhere.insert(callable);
    else
      unseen.push_back(callable);
  }
  if (!unseen.empty())
    findOtherUses(table, table->getRegion(0), unseen);
}

/// A function whose symbol is used by anything but a call may be called from
/// anywhere.
void Reachability::findOtherUses(Operation *table, Region &region,
                                 ArrayRef<Operation *> callables) {
  region.walk<WalkOrder::PreOrder>([&](Operation *op) {
    // Of an op that is not registered, nothing is known.
    if (op->getNumRegions() == 1 && !op->getDialect()) {
      calledFromElsewhere.insert(callables.begin(), callables.end());
      return WalkResult::interrupt();
    }
    // What refers to functions in these dialects' ops are discardable
    // attributes only. The dictionary of an op's own ones would have to be
    // built for each op.
    Dialect *dialect = op->getDialect();
    bool hasNone =
        isa_and_nonnull<arith::ArithDialect, math::MathDialect,
                        tensor::TensorDialect, linalg::LinalgDialect,
                        dist::DistDialect, norm::NormDialect>(dialect);
    DictionaryAttr attributes =
        hasNone ? op->getDiscardableAttrDictionary() : op->getAttrDictionary();
    if (!isa<CallOpInterface>(op) && !attributes.empty())
      attributes.walk<WalkOrder::PreOrder>([&](SymbolRefAttr reference) {
        if (Operation *used = symbols.lookupSymbolIn(table, reference))
          calledFromElsewhere.insert(used);
        return WalkResult::skip();
      });
    // A symbol table in it has names of its own.
    return op->hasTrait<OpTrait::SymbolTable>() ? WalkResult::skip()
                                                : WalkResult::advance();
  });
}

/// The function below `scope` that is called; null if it is not known.
Operation *Reachability::resolve(CallOpInterface call) {
  Operation *callee = call.resolveCallableInTable(&symbols);
  auto callable = dyn_cast_or_null<CallableOpInterface>(callee);
  return callable && callable.getCallableRegion() &&
                 isa<SymbolOpInterface>(callee) && scope->isAncestor(callee)
             ? callee
             : nullptr;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

bool Reachability::isLive(Block *block) {
  return !block ||
         getOrCreate<dataflow::Executable>(getProgramPointBefore(block))
             ->isLive();
}

void Reachability::setLive(Block *block) {
  auto *executable =
      getOrCreate<dataflow::Executable>(getProgramPointBefore(block));
  propagateIfChanged(executable, executable->setToLive());
}

LogicalResult Reachability::initialize(Operation *top) {
  scope = top;
  for (Region &region : top->getRegions())
    if (!region.empty())
      setLive(&region.front());
  initializeRecursively(top, /*seesAllUses=*/!top->getBlock());
  return success();
}

void Reachability::initializeRecursively(Operation *op, bool seesAllUses) {
  OpTraits ofOp = traits.get(op);
  if (ofOp.isFunction)
    contents.functions.push_back(op);
  if (ofOp.isCall)
    contents.calls.push_back(op);
  // As SymbolTable::walkSymbolTables, but before its functions are visited.
  auto symbol = op->hasTrait<OpTrait::SymbolTable>()
                    ? dyn_cast<SymbolOpInterface>(op)
                    : SymbolOpInterface();
  seesAllUses |= !symbol || symbol.isPrivate();
  if (op->hasTrait<OpTrait::SymbolTable>())
    findUnknownCallers(op, seesAllUses);
  visit(op);
  const bool isBranch = isa<RegionBranchOpInterface>(op);
  const bool isLeft = isBranch || isa<CallableOpInterface>(op);
  if (isBranch && op->getNumRegions() > 2)
    contents.manyRegions.push_back(op);
  for (Region &region : op->getRegions()) {
    if (!region.empty() && !region.hasOneBlock())
      contents.branchingRegions.push_back(&region);
    for (Block &block : region)
      initializeBlock(block, isLeft, seesAllUses);
  }
}

void Reachability::initializeBlock(Block &block, bool isLeftByTerminator,
                                   bool seesAllUses) {
  bool isNoted = false;
  for (Operation &op : block) {
    contents.numResults += op.getNumResults();
    const OpTraits ofOp = traits.get(&op);
    contents.hasAxisIndex |= ofOp.isAxisIndex;
    contents.hasReshape |= ofOp.isReshape;
    contents.hasExchange |= ofOp.isExchange;
    bool isTerminator = isLeftByTerminator && &op == &block.back();
    if (!isTerminator && op.getNumSuccessors() == 0 &&
        op.getNumRegions() == 0 && !ofOp.isCall)
      continue;
    // When the block turns out to run, its ops are visited.
    if (!isNoted)
      getOrCreate<dataflow::Executable>(getProgramPointBefore(&block))
          ->blockContentSubscribe(this);
    isNoted = true;
    initializeRecursively(&op, seesAllUses);
  }
}

void Reachability::visit(Operation *op) {
  if (!isLive(op->getBlock()))
    return;
  if (auto call = dyn_cast<CallOpInterface>(op))
    visitCall(call);
  if (op->getNumRegions() != 0) {
    if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
      visitBranch(branch);
    else if (!isa<CallableOpInterface>(op) || hasUnknownCallers(op))
      for (Region &region : op->getRegions())
        if (!region.empty())
          setLive(&region.front());
  }
  if (op->getNumSuccessors() != 0)
    return visitSuccessors(op);
  if (!op->getBlock() || &op->getBlock()->back() != op)
    return;
  Operation *parent = op->getParentOp();
  auto branch = dyn_cast<RegionBranchOpInterface>(parent);
  auto terminator = dyn_cast<RegionBranchTerminatorOpInterface>(op);
  if (branch && terminator)
    visitRegionTerminator(terminator, branch);
  else if (auto callable = dyn_cast<CallableOpInterface>(parent))
    visitReturn(op, callable);
}

/// A call that is reached, and each return that is, are joined once.
void Reachability::visitCall(CallOpInterface call) {
  auto *returns =
      getOrCreate<dataflow::PredecessorState>(getProgramPointAfter(call));
  Operation *callee = resolve(call);
  if (!callee) {
    propagateIfChanged(returns, returns->setHasUnknownPredecessors());
    return;
  }
  Callable &callable = callables[callee];
  if (!callable.calls.insert(call))
    return;
  setLive(&cast<CallableOpInterface>(callee).getCallableRegion()->front());
  for (Operation *op : callable.returns)
    joinReturn(op, call);
}

void Reachability::visitReturn(Operation *op, CallableOpInterface function) {
  Callable &callable = callables[function];
  if (op->getNumOperands() != 0 && callable.returns.insert(op))
    for (Operation *call : callable.calls)
      joinReturn(op, call);
}

void Reachability::joinReturn(Operation *op, Operation *call) {
  auto *returns =
      getOrCreate<dataflow::PredecessorState>(getProgramPointAfter(call));
  propagateIfChanged(returns, op->hasTrait<OpTrait::ReturnLike>()
                                  ? returns->join(op)
                                  : returns->setHasUnknownPredecessors());
}

/// The constants among an op's operands; null for the others.
static SmallVector<Attribute> getConstantOperands(Operation *op) {
  SmallVector<Attribute> constants(op->getNumOperands());
  for (auto [constant, operand] : llvm::zip_equal(constants, op->getOperands()))
    matchPattern(operand, m_Constant(&constant));
  return constants;
}

void Reachability::visitSuccessors(Operation *terminator) {
  auto setEdgeLive = [&](Block *to) {
    auto *edge = getOrCreate<dataflow::Executable>(
        getLatticeAnchor<dataflow::CFGEdge>(terminator->getBlock(), to));
    propagateIfChanged(edge, edge->setToLive());
    setLive(to);
  };
  auto branch = dyn_cast<BranchOpInterface>(terminator);
  Block *only =
      branch ? branch.getSuccessorForOperands(getConstantOperands(terminator))
             : nullptr;
  if (only)
    return setEdgeLive(only);
  for (Block *successor : terminator->getSuccessors())
    setEdgeLive(successor);
}

void Reachability::joinEdges(Operation *from, RegionBranchOpInterface branch,
                             ArrayRef<RegionSuccessor> successors) {
  for (RegionSuccessor successor : successors) {
    Region *region = successor.getSuccessor();
    ProgramPoint *to = region ? getProgramPointBefore(&region->front())
                              : getProgramPointAfter(branch);
    // Of an op, that it is come back to; of a block, that it runs.
    auto *executable = getOrCreate<dataflow::Executable>(to);
    propagateIfChanged(executable, executable->setToLive());
    auto *predecessors = getOrCreate<dataflow::PredecessorState>(to);
    propagateIfChanged(
        predecessors, predecessors->join(from, successor.getSuccessorInputs()));
  }
}

void Reachability::visitBranch(RegionBranchOpInterface branch) {
  SmallVector<RegionSuccessor> successors;
  branch.getEntrySuccessorRegions(getConstantOperands(branch), successors);
  joinEdges(branch, branch, successors);
}

void Reachability::visitRegionTerminator(
    RegionBranchTerminatorOpInterface terminator,
    RegionBranchOpInterface branch) {
  SmallVector<RegionSuccessor> successors;
  terminator.getSuccessorRegions(getConstantOperands(terminator), successors);
  joinEdges(terminator, branch, successors);
}
