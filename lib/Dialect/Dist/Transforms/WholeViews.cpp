//===- WholeViews.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Views of memory that show all of it in another shape, and their inverses.
//
//===----------------------------------------------------------------------===//

#include "WholeViews.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"

using namespace mlir;
using namespace commuter::dist;

bool commuter::dist::isWholeView(Operation *op) {
  return isa<memref::CastOp, memref::ExpandShapeOp, memref::CollapseShapeOp>(
      op);
}

bool commuter::dist::knowsViewSizes(Operation *view) {
  auto expand = dyn_cast<memref::ExpandShapeOp>(view);
  return !expand ||
         llvm::all_of(expand.getReassociationIndices(), [&](auto &group) {
           return llvm::count_if(group, [&](int64_t dim) {
                    return expand.getResultType().isDynamicDim(dim);
                  }) <= 1;
         });
}

MemRefType commuter::dist::getViewedType(Operation *view, MemRefType result) {
  auto viewed = cast<MemRefType>(view->getOperand(0).getType());
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(view)) {
    auto groups = expand.getReassociationIndices();
    return memref::CollapseShapeOp::isGuaranteedCollapsible(result, groups)
               ? memref::CollapseShapeOp::computeCollapsedType(result, groups)
               : MemRefType();
  }
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(view))
    return memref::ExpandShapeOp::computeExpandedType(
               result, viewed.getShape(), collapse.getReassociationIndices())
        .value_or(MemRefType());
  auto type = MemRefType::get(viewed.getShape(), result.getElementType(),
                              result.getLayout(), result.getMemorySpace());
  return memref::CastOp::areCastCompatible(result, type) ? type : MemRefType();
}

Value commuter::dist::createViewed(OpBuilder &builder, Operation *view,
                                   MemRefType type, Value result,
                                   ArrayRef<OpFoldResult> sizes) {
  Location loc = view->getLoc();
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(view))
    return memref::CollapseShapeOp::create(builder, loc, type, result,
                                           expand.getReassociationIndices());
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(view))
    return memref::ExpandShapeOp::create(
        builder, loc, type, result, collapse.getReassociationIndices(), sizes);
  return memref::CastOp::create(builder, loc, type, result);
}

SmallVector<OpFoldResult>
commuter::dist::getViewSizes(OpBuilder &builder, Operation *view,
                             ArrayRef<OpFoldResult> viewed) {
  auto type = cast<MemRefType>(view->getResult(0).getType());
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : type.getShape())
    sizes.push_back(ShapedType::isDynamic(size) ? OpFoldResult()
                                                : builder.getIndexAttr(size));
  auto compute = [&](int64_t dim, AffineExpr expr,
                     ArrayRef<OpFoldResult> inputs) {
    if (!sizes[dim])
      sizes[dim] = getValueOrCreateConstantIndexOp(
          builder, view->getLoc(),
          affine::makeComposedFoldedAffineApply(builder, view->getLoc(), expr,
                                                inputs));
  };
  AffineExpr first, second;
  bindSymbols(builder.getContext(), first, second);
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(view)) {
    for (auto [of, group] : llvm::enumerate(expand.getReassociationIndices())) {
      int64_t others = 1;
      for (int64_t dim : group)
        others *= type.isDynamicDim(dim) ? 1 : type.getDimSize(dim);
      for (int64_t dim : group)
        compute(dim, first.floorDiv(std::max<int64_t>(others, 1)), viewed[of]);
    }
  } else if (auto collapse = dyn_cast<memref::CollapseShapeOp>(view)) {
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      OpFoldResult product = viewed[group.front()];
      for (int64_t of : llvm::drop_begin(group))
        product = affine::makeComposedFoldedAffineApply(
            builder, view->getLoc(), first * second, {product, viewed[of]});
      compute(dim, first, product);
    }
  } else {
    for (auto [dim, size] : llvm::enumerate(viewed))
      compute(dim, first, size);
  }
  return sizes;
}
