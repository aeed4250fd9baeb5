//===- MeshAxes.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The axes of a program's meshes, and where they have one rank only.
//
//===----------------------------------------------------------------------===//

#include "commuter/Analysis/MeshAxes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/Utils/InferIntRangeCommon.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

MeshAxes::MeshAxes(Operation *top) {
  // The meshes that a value below `top` can refer to are symbols of `top`'s
  // module or of the ops around it.
  Operation *root = top;
  while (root->getParentOp())
    root = root->getParentOp();
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto mesh = dyn_cast<MeshOp>(op)) {
      if (std::optional<int64_t> size = getGroupSize(mesh, mesh.getAxisNames()))
        ranks = ranks == kUnknown || ranks == *size ? *size : kDiffer;
      for (unsigned axis = 0; axis < mesh.getNumAxes(); ++axis) {
        auto name = cast<StringAttr>(mesh.getAxisNames()[axis]);
        int64_t size = mesh.getAxisSize(axis);
        auto [it, isNew] =
            numbers.try_emplace({mesh.getSymNameAttr(), name}, axes.size());
        if (isNew)
          axes.push_back({mesh.getSymNameAttr(), name, size});
        else if (axes[it->second].size != size) // in modules of their own
          axes[it->second].size = ShapedType::kDynamic;
        severalMeshes |= axes.back().mesh != axes.front().mesh;
      }
    }
    return isa<FunctionOpInterface>(op) ? WalkResult::skip()
                                        : WalkResult::advance();
  });
}

SmallVector<unsigned> MeshAxes::find(FlatSymbolRefAttr mesh,
                                     ArrayAttr names) const {
  SmallVector<unsigned> found;
  for (StringAttr name : names.getAsRange<StringAttr>())
    if (auto it = numbers.find({mesh.getAttr(), name}); it != numbers.end())
      found.push_back(it->second);
  return found;
}

namespace {
/// The way that a branch takes if its condition holds, or does not.
struct BranchWay {
  Value condition; ///< null: it is no branch of two ways
  bool holds;
};

/// What a way tells of the product of some axes' sizes.
struct ToldSize {
  AxisSizeOp product; ///< null: nothing
  bool mayBeOne = true, mayBeMore = true;
};
} // namespace

/// By a comparison of `dist.axis_size` with a constant.
static ToldSize getToldSize(const BranchWay &way) {
  auto compare = way.condition ? way.condition.getDefiningOp<arith::CmpIOp>()
                               : arith::CmpIOp();
  if (!compare)
    return {};
  auto product = compare.getLhs().getDefiningOp<AxisSizeOp>();
  const bool isLeft = product != nullptr;
  if (!isLeft)
    product = compare.getRhs().getDefiningOp<AxisSizeOp>();
  APInt bound;
  if (!product || !matchPattern(isLeft ? compare.getRhs() : compare.getLhs(),
                                m_ConstantInt(&bound)))
    return {};
  const auto predicate =
      static_cast<intrange::CmpPredicate>(compare.getPredicate());
  const auto bounds = ConstantIntRanges::constant(bound);
  auto mayBe = [&](const APInt &least, const APInt &most) {
    const auto sizes = ConstantIntRanges::fromUnsigned(least, most);
    std::optional<bool> holds =
        isLeft ? intrange::evaluatePred(predicate, sizes, bounds)
               : intrange::evaluatePred(predicate, bounds, sizes);
    return holds.value_or(way.holds) == way.holds;
  };
  const unsigned width = bound.getBitWidth();
  const APInt one(width, 1), two(width, 2);
  return {product, mayBe(one, one),
          mayBe(two, APInt::getSignedMaxValue(width))};
}

/// The way to `block` from the one that it is left for: a block around it, or
/// the only one that branches to it.
static BranchWay goBack(Block *&block, unsigned &blocksLeft) {
  Block *to = block;
  if (Block *from = to->getSinglePredecessor(); from && blocksLeft) {
    --blocksLeft;
    block = from;
    auto branch = dyn_cast<cf::CondBranchOp>(from->getTerminator());
    if (!branch || branch.getTrueDest() == branch.getFalseDest())
      return {};
    return {branch.getCondition(), branch.getTrueDest() == to};
  }
  Operation *parent = to->getParentOp();
  block = parent ? parent->getBlock() : nullptr;
  auto branch = dyn_cast_or_null<scf::IfOp>(parent);
  if (!branch)
    return {};
  return {branch.getCondition(), to->getParent() == &branch.getThenRegion()};
}

std::optional<bool> MeshAxes::isUnit(unsigned axis, Operation *op) const {
  const Axis &asked = axes[axis];
  if (!ShapedType::isDynamic(asked.size))
    return asked.size == 1;
  // Under two branches that contradict each other nothing runs: a branch that
  // makes the axis one wins, as the motion may have gone by the outer of them.
  std::optional<bool> known;
  unsigned blocksLeft = 32; // each op asks, and so goes through them again
  for (Block *block = op->getBlock(); block;) {
    ToldSize told = getToldSize(goBack(block, blocksLeft));
    if (!told.product || told.product.getMeshAttr().getAttr() != asked.mesh ||
        !llvm::is_contained(told.product.getAxes(), asked.name))
      continue;
    // It tells nothing, or is never taken.
    if (told.mayBeOne == told.mayBeMore)
      continue;
    if (told.mayBeOne)
      return true;
    // A product of 1 is of ones; another product may still have this one.
    if (told.product.getAxes().size() == 1)
      known = false;
  }
  return known;
}
