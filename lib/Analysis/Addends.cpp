//===- Addends.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each rank may add to its part of a pending sum though all have the same:
// a zero, which counts once per rank as well as once, and its share of a value.
//
//===----------------------------------------------------------------------===//

#include "Addends.h"

#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include <cmath>

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

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
    if (isa_and_present<tensor::CastOp, tensor::ExtractOp,
                        tensor::ExtractSliceOp, tensor::ExpandShapeOp,
                        tensor::CollapseShapeOp, tensor::SplatOp>(op))
      from = op->getOperand(0);
    else if (auto structured = dyn_cast_if_present<linalg::LinalgOp>(op))
      from = getCopied(structured, cast<OpResult>(value).getResultNumber());
    if (!from)
      break;
    value = from;
  }
  return value;
}

/// The input whose elements an argument of a structured op's body is, or null.
static Value getElementOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  auto op = argument
                ? dyn_cast<linalg::LinalgOp>(argument.getOwner()->getParentOp())
                : linalg::LinalgOp();
  if (!op)
    return {};
  OpOperand &operand = op->getOpOperand(argument.getArgNumber());
  return op.isDpsInput(&operand) ? operand.get() : Value();
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
    if (Value element = getElementOf(value))
      return add(element);
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument)
      return addPassedByRegions(value, value.getDefiningOp());
    Block *block = argument.getOwner();
    Operation *parent = block->getParentOp();
    if (!block->isEntryBlock())
      return addPassedByBlocks(argument);
    if (auto function = dyn_cast<FunctionOpInterface>(parent))
      return addPassedByCalls(function, argument.getArgNumber());
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

namespace {
/// Finds values that are divided by the number of ranks that add to a sum.
class Shares {
public:
  Shares(const MeshAxes &axes, const Summands &summands)
      : axes(axes), summands(summands) {}

  bool isShare(Value value, unsigned depth = 0) const {
    if (depth == kMostOps)
      return false;
    auto isShareToo = [&](Value operand) {
      return isShare(operand, depth + 1);
    };
    value = lookThroughCopies(value);
    if (Value element = getElementOf(value))
      return isShareToo(element);
    Operation *op = value.getDefiningOp();
    if (auto structured = dyn_cast_if_present<linalg::LinalgOp>(op))
      return structured.getNumReductionLoops() == 0 &&
             isShareToo(structured.getBlock()->getTerminator()->getOperand(
                 cast<OpResult>(value).getResultNumber()));
    if (isa_and_present<arith::ExtFOp, arith::TruncFOp, arith::NegFOp>(op))
      return isShareToo(op->getOperand(0));
    if (isa_and_present<arith::AddFOp, arith::SubFOp>(op))
      return llvm::all_of(op->getOperands(), isShareToo);
    if (isa_and_present<arith::MulFOp>(op))
      return llvm::any_of(op->getOperands(), [&](Value factor) {
        return isReciprocal(factor) || isShareToo(factor);
      });
    return isa_and_present<arith::DivFOp>(op) &&
           (isCount(op->getOperand(1)) || isShareToo(op->getOperand(0)));
  }

private:
  static constexpr unsigned kMostOps = 8;

  /// What the value is, as a number, and what that was converted from.
  static Value lookThroughCasts(Value value) {
    for (unsigned step = 0; step < kMostOps; ++step) {
      value = lookThroughCopies(value);
      Operation *op = value.getDefiningOp();
      if (Value element = getElementOf(value))
        value = element;
      else if (isa_and_present<arith::ExtFOp, arith::TruncFOp, arith::SIToFPOp,
                               arith::UIToFPOp, arith::IndexCastOp,
                               arith::IndexCastUIOp>(op))
        value = op->getOperand(0);
      else
        break;
    }
    return value;
  }

  bool isCount(Value value) const {
    value = lookThroughCasts(value);
    if (auto size = value.getDefiningOp<AxisSizeOp>())
      return llvm::is_contained(
          axes.find(size.getMeshAttr(), size.getAxesAttr()), summands.axis);
    return isNumber(value, summands.count);
  }

  bool isReciprocal(Value value) const {
    value = lookThroughCasts(value);
    if (auto division = value.getDefiningOp<arith::DivFOp>())
      return isNumber(lookThroughCasts(division.getLhs()), 1.0) &&
             isCount(division.getRhs());
    return isNumber(value, 1.0 / summands.count);
  }

  /// As exactly as the constant's type has numbers, or as one writes them.
  static bool isNumber(Value value, double number) {
    APFloat constant(0.0);
    if (!matchPattern(value, m_ConstantFloat(&constant)))
      return false;
    constexpr double kWritten = 1e-3;
    const unsigned bits = APFloat::semanticsPrecision(constant.getSemantics());
    return std::abs(constant.convertToDouble() / number - 1) <=
           std::max(kWritten, std::ldexp(1.0, 1 - static_cast<int>(bits)));
  }

  const MeshAxes &axes;
  Summands summands;
};
} // namespace

bool commuter::isShare(Value value, const MeshAxes &axes,
                       const Summands &summands) {
  return Shares(axes, summands).isShare(value);
}
