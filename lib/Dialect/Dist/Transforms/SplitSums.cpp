//===- SplitSums.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum as a reduce_scatter and a gather, and back.
//
//===----------------------------------------------------------------------===//

#include "SplitSums.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// Erases an op that nobody uses, and what only it used, except for `kept`.
static void eraseDead(Operation *op, Value kept) {
  if (!op->use_empty() || llvm::is_contained(op->getResults(), kept))
    return;
  SetVector<Operation *> makers;
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (Operation *maker = operand.getDefiningOp();
          maker && !op->isAncestor(maker))
        makers.insert(maker);
  });
  op->erase();
  for (Operation *maker : makers)
    if (isOpTriviallyDead(maker))
      eraseDead(maker, kept);
}

/// The rows that each rank has of padded ones, as extents of gathers and
/// slices. One value for a function, by which they are known to be cut alike.
Value SumSplitter::getExtents(Operation *op, int64_t rows, int64_t groupSize) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  Value &extents = extentsOf[{function, {rows, groupSize}}];
  if (extents)
    return extents;
  const int64_t most = llvm::divideCeil(rows, groupSize);
  SmallVector<int64_t> parts;
  for (int64_t rank = 0; rank < groupSize; ++rank)
    parts.push_back(std::clamp<int64_t>(rows - rank * most, 0, most));
  auto builder = OpBuilder::atBlockBegin(&function.getFunctionBody().front());
  return extents = arith::ConstantOp::create(builder, function.getLoc(),
                                             builder.getIndexTensorAttr(parts));
}

/// What is reduced, with zeros behind its rows.
Value SumSplitter::addPadding(OpBuilder &builder, AllReduceOp reduce,
                              int64_t dim, int64_t rows) const {
  Location loc = reduce.getLoc();
  auto type = cast<RankedTensorType>(reduce.getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = rows;
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(type.getElementType()));
  SmallVector<OpFoldResult> low(type.getRank(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> high = low;
  high[dim] = builder.getIndexAttr(rows - type.getDimSize(dim));
  return tensor::PadOp::create(builder, loc, type.clone(shape),
                               reduce.getInput(), low, high, zero);
}

/// This rank's rows without those that were padded.
Value SumSplitter::dropPadding(OpBuilder &builder, ReduceScatterOp scatter,
                               Value extents) {
  Location loc = scatter.getLoc();
  const auto dim = static_cast<int64_t>(scatter.getDim());
  Value rank =
      AxisIndexOp::create(builder, loc, builder.getIndexType(),
                          scatter.getMeshAttr(), scatter.getAxesAttr());
  Value rows = tensor::ExtractOp::create(builder, loc, extents, rank);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, loc, scatter);
  sizes[dim] = rows;
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
  auto part = tensor::ExtractSliceOp::create(builder, loc, scatter, offsets,
                                             sizes, strides);
  marks.numbers[part] = marks.numbers.at(scatter);
  return part;
}

/// The rows of a reduce_scatter that dropPadding made.
tensor::ExtractSliceOp SumSplitter::findPart(ReduceScatterOp scatter) const {
  for (Operation *user : scatter->getUsers())
    if (auto part = dyn_cast<tensor::ExtractSliceOp>(user))
      if (marks.numbers.contains(part))
        return part;
  return {};
}

/// Law, for any dimension d:
///
///   all_reduce_B(x) = all_gather_{d,B}(reduce_scatter_{d,B}(x))
///
/// bit for bit: the ranks' values are combined in group order in both.
/// Precondition: d is static and divisible by the group's size. All ranks of
/// the group come to the op alike and rewrite alike, so none meets another in
/// half of it. If the size does not divide d, zeros are reduced behind x, and
/// each rank drops what it has of them:
///
///   reduce_scatter_{d,B}(pad(x)), cut = all_slice_{d,B}(all_reduce_B(x))
///
/// where both cut by the same extents. Only the padding costs bytes.
void SumSplitter::split(AllReduceOp reduce, int64_t dim, int64_t groupSize) {
  auto type = cast<RankedTensorType>(reduce.getInput().getType());
  const int64_t rows = type.getDimSize(dim);
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = llvm::divideCeil(rows, groupSize);
  OpBuilder builder(reduce);
  IntegerAttr dimAttr = builder.getI64IntegerAttr(dim);
  const bool isPadded = rows % groupSize != 0;
  Value extents = isPadded ? getExtents(reduce, rows, groupSize) : Value();
  Value summed = isPadded
                     ? addPadding(builder, reduce, dim, shape[dim] * groupSize)
                     : reduce.getInput();
  auto scatter = ReduceScatterOp::create(
      builder, reduce.getLoc(), type.clone(shape), summed, reduce.getKindAttr(),
      dimAttr, reduce.getMeshAttr(), reduce.getAxesAttr());
  scatter->setDiscardableAttrs(reduce->getDiscardableAttrDictionary());
  marks.notifyMoved(reduce, scatter);
  Value part = isPadded ? dropPadding(builder, scatter, extents) : scatter;
  Value whole = AllGatherOp::create(builder, reduce.getLoc(), type, part,
                                    dimAttr, extents, reduce.getMeshAttr(),
                                    reduce.getAxesAttr(), ArrayAttr());
  reduce.getResult().replaceAllUsesWith(whole);
  reduce.erase();
}

/// The same law, backwards, where the sum is gathered as it is. What else its
/// slices feed takes them from the whole:
///
///   reduce_scatter(x) = all_slice(all_reduce(x))
void SumSplitter::join(ReduceScatterOp scatter) {
  Value part = scatter, summed = scatter.getInput(), extents;
  auto rows = findPart(scatter);
  if (rows) {
    part = rows;
    summed = summed.getDefiningOp<tensor::PadOp>().getSource();
    extents =
        getExtents(scatter,
                   cast<RankedTensorType>(summed.getType())
                       .getDimSize(static_cast<int64_t>(scatter.getDim())),
                   *getGroupSize(scatter));
  }
  SmallVector<AllGatherOp> wholes;
  for (Operation *user : part.getUsers()) {
    auto gather = dyn_cast<AllGatherOp>(user);
    if (gather && gather.getDim() == scatter.getDim() &&
        gather.getMeshAttr() == scatter.getMeshAttr() &&
        gather.getAxes() == scatter.getAxesAttr() && !gather.getSummingAttr() &&
        gather.getExtents() == extents && gather.getType() == summed.getType())
      wholes.push_back(gather);
  }
  if (wholes.empty())
    return;
  OpBuilder builder(scatter);
  auto reduce = AllReduceOp::create(
      builder, scatter.getLoc(), summed.getType(), summed,
      scatter.getKindAttr(), scatter.getMeshAttr(), scatter.getAxesAttr());
  reduce->setDiscardableAttrs(scatter->getDiscardableAttrDictionary());
  marks.notifyMoved(scatter, reduce);
  for (AllGatherOp gather : wholes) {
    gather.getResult().replaceAllUsesWith(reduce.getResult());
    gather.erase();
  }
  if (!part.use_empty()) {
    Value slice = AllSliceOp::create(
        builder, scatter.getLoc(), part.getType(), reduce, scatter.getDimAttr(),
        extents, scatter.getMeshAttr(), scatter.getAxesAttr());
    part.replaceAllUsesWith(slice);
  }
  if (rows)
    marks.notifyErased(rows);
  eraseDead(part.getDefiningOp(), extents);
}

void SumSplitter::eraseUnusedExtents() {
  for (auto &[key, extents] : extentsOf)
    eraseDead(extents.getDefiningOp(), /*kept=*/Value());
  extentsOf.clear();
}
