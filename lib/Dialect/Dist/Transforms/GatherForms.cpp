//===- GatherForms.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The laws that the forms of a gather are defined by, applied.
//
//===----------------------------------------------------------------------===//

#include "GatherForms.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter::dist;

AllReduceOp commuter::dist::exposeSum(AllGatherOp gather) {
  OpBuilder builder(gather);
  auto sum = AllReduceOp::create(
      builder, gather.getLoc(), gather.getInput().getType(), gather.getInput(),
      ReductionKindAttr::get(builder.getContext(), ReductionKind::Sum),
      gather.getMeshAttr(), gather.getSummingAttr());
  gather.getInputMutable().assign(sum);
  gather.removeSummingAttr();
  return sum;
}

bool commuter::dist::hideSum(AllReduceOp sum) {
  if (!sum->hasOneUse())
    return false;
  auto gather = dyn_cast<AllGatherOp>(*sum->user_begin());
  if (!gather || gather.getSummingAttr() || gather.getInput() != sum ||
      gather->getBlock() != sum->getBlock() ||
      !isAcross(sum, gather.getMeshAttr(), gather.getAxes()))
    return false;
  gather.getInputMutable().assign(sum.getInput());
  gather.setSummingAttr(sum.getAxesAttr());
  return true;
}

Value commuter::dist::exposeExtents(AllGatherOp gather) {
  OpBuilder builder(gather);
  Location loc = gather.getLoc();
  Value extent = tensor::DimOp::create(builder, loc, gather.getInput(),
                                       static_cast<int64_t>(gather.getDim()));
  int64_t size = getGroupSize(gather).value_or(ShapedType::kDynamic);
  Value extents = ExchangeExtentsOp::create(
      builder, loc, RankedTensorType::get({size}, builder.getIndexType()),
      extent, gather.getMeshAttr(), gather.getAxesAttr());
  gather.getExtentsMutable().assign(extents);
  return extents;
}

AllGatherOp commuter::dist::splitGather(AllGatherOp gather, unsigned numAxes) {
  OpBuilder builder(gather);
  const auto dim = static_cast<int64_t>(gather.getDim());
  ArrayRef<Attribute> axes = gather.getAxes().getValue();
  ArrayAttr last = builder.getArrayAttr(axes.drop_front(numAxes));
  RankedTensorType type = gather.getInput().getType();
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] *= *getGroupSize(lookupMesh(gather, gather.getMeshAttr()), last);
  auto inner = AllGatherOp::create(builder, gather.getLoc(), type.clone(shape),
                                   gather.getInput(), gather.getDimAttr(),
                                   /*extents=*/Value(), gather.getMeshAttr(),
                                   last, gather.getSummingAttr());
  gather.removeSummingAttr();
  gather.getInputMutable().assign(inner);
  gather.setAxesAttr(builder.getArrayAttr(axes.take_front(numAxes)));
  return inner;
}
