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
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

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

/// `axis_size == 1` or `axis_size != 1`, and which of the two.
static AxisSizeOp matchUnitCondition(Value condition, bool &isUnit) {
  auto compare = condition.getDefiningOp<arith::CmpIOp>();
  if (!compare || (compare.getPredicate() != arith::CmpIPredicate::eq &&
                   compare.getPredicate() != arith::CmpIPredicate::ne))
    return {};
  isUnit = compare.getPredicate() == arith::CmpIPredicate::eq;
  Value size = compare.getLhs(), one = compare.getRhs();
  if (!matchPattern(one, m_One()))
    std::swap(size, one);
  return matchPattern(one, m_One()) ? size.getDefiningOp<AxisSizeOp>()
                                    : AxisSizeOp();
}

std::optional<bool> MeshAxes::isUnit(unsigned axis, Operation *op) const {
  const Axis &asked = axes[axis];
  if (!ShapedType::isDynamic(asked.size))
    return asked.size == 1;
  // Under two branches that contradict each other nothing runs: a branch that
  // makes the axis one wins, as the motion may have gone by the outer of them.
  std::optional<bool> known;
  for (Region *region = op->getParentRegion(); region;
       region = region->getParentRegion()) {
    auto branch = dyn_cast<scf::IfOp>(region->getParentOp());
    if (!branch)
      continue;
    bool isUnit = false;
    AxisSizeOp size = matchUnitCondition(branch.getCondition(), isUnit);
    if (!size || size.getMeshAttr().getAttr() != asked.mesh ||
        !llvm::is_contained(size.getAxes(), asked.name))
      continue;
    isUnit ^= region == &branch.getElseRegion();
    if (isUnit)
      return true;
    // A product of 1 is of ones; another product may still have this one.
    if (size.getAxes().size() == 1)
      known = false;
  }
  return known;
}
