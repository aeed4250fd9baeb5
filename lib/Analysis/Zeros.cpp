//===- Zeros.cpp ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Values that are zero, and count once per rank as well as once.
//
//===----------------------------------------------------------------------===//

#include "Linearity.h"

#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;

/// What a structured op makes, if it is a copy of an operand's elements, or of
/// a scalar's; else null.
static Value getCopied(linalg::LinalgOp op, unsigned result) {
  if (op.getNumReductionLoops() != 0 ||
      !writesEveryElement(op, *op.getDpsInitOperand(result)))
    return {};
  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  auto argument = dyn_cast<BlockArgument>(yielded);
  if (!argument)
    return yielded;
  return argument.getOwner() == op.getBlock()
             ? op->getOperand(argument.getArgNumber())
             : Value();
}

/// What `value` is a copy or a view of, or has the elements of.
static Value lookThroughCopies(Value value) {
  // What nothing leads to may go round in circles.
  constexpr unsigned kMostSteps = 64;
  for (unsigned step = 0; step < kMostSteps; ++step) {
    Operation *op = value.getDefiningOp();
    Value from;
    if (isa_and_present<tensor::CastOp, tensor::ExtractSliceOp,
                        tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                        tensor::SplatOp>(op))
      from = op->getOperand(0);
    else if (auto structured = dyn_cast_if_present<linalg::LinalgOp>(op))
      from = getCopied(structured, cast<OpResult>(value).getResultNumber());
    if (!from)
      break;
    value = from;
  }
  return value;
}

static bool isConstantZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

bool commuter::isZero(Value value) {
  return isConstantZero(lookThroughCopies(value));
}

namespace {
/// Goes back from a value to all that it may come from.
class Origins {
public:
  using Calls = ArrayRef<std::pair<Operation *, Operation *>>;
  explicit Origins(Calls calls) : calls(calls) {}

  bool areZero(Value value) {
    origins.insert(value);
    for (size_t i = 0; i < origins.size(); ++i) {
      Value origin = lookThroughCopies(origins[i]);
      if (!isConstantZero(origin) && !addSources(origin))
        return false;
    }
    return true;
  }

private:
  /// False if one of them is not known.
  bool addSources(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return addPassedByRegions(value, value.getDefiningOp());
    Block *block = argument.getOwner();
    Operation *parent = block->getParentOp();
    if (!block->isEntryBlock())
      return addPassedByBlocks(argument);
    if (auto function = dyn_cast<FunctionOpInterface>(parent))
      return addPassedByCalls(function, argument.getArgNumber());
    if (auto structured = dyn_cast<linalg::LinalgOp>(parent)) {
      OpOperand &operand = parent->getOpOperand(argument.getArgNumber());
      return structured.isDpsInput(&operand) && add(operand.get());
    }
    return addPassedByRegions(argument, parent);
  }

  bool addPassedByRegions(Value value, Operation *op) {
    auto branch = dyn_cast<RegionBranchOpInterface>(op);
    if (!branch)
      return false;
    RegionBranchInverseSuccessorMapping passed;
    branch.getSuccessorInputOperandMapping(passed);
    if (auto it = passed.find(value); it != passed.end()) {
      for (OpOperand *operand : it->second)
        add(operand->get());
      return true;
    }
    // The iterations of a parallel loop see what is shared as it was before.
    auto shared = dyn_cast<BlockArgument>(value);
    auto loop = dyn_cast<scf::ForallOp>(op);
    OpOperand *init = shared && loop ? loop.getTiedLoopInit(shared) : nullptr;
    return init && add(init->get());
  }

  bool addPassedByBlocks(BlockArgument argument) {
    Block *block = argument.getOwner();
    for (auto it = block->pred_begin(); it != block->pred_end(); ++it) {
      auto branch = dyn_cast<BranchOpInterface>((*it)->getTerminator());
      Value passed = branch
                         ? branch.getSuccessorOperands(
                               it.getSuccessorIndex())[argument.getArgNumber()]
                         : Value();
      if (!passed || !add(passed))
        return false;
    }
    return true;
  }

  bool addPassedByCalls(FunctionOpInterface function, unsigned number) {
    if (SymbolTable::getSymbolVisibility(function) !=
        SymbolTable::Visibility::Private)
      return false;
    size_t numUses = 0;
    for (auto [call, callee] : calls)
      if (callee == function) {
        ++numUses;
        add(cast<CallOpInterface>(call).getArgOperands()[number]);
      }
    auto uses = SymbolTable::getSymbolUses(function, function->getParentOp());
    return uses && llvm::range_size(*uses) == numUses;
  }

  bool add(Value value) {
    origins.insert(value);
    return true;
  }

  Calls calls;
  SetVector<Value> origins;
};
} // namespace

bool ShardingAnalysis::isAlwaysZero(Value value) const {
  return Origins(calls).areZero(value);
}
