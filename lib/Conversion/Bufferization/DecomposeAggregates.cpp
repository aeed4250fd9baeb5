//===- DecomposeAggregates.cpp --------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-decompose-aggregates: linalg.softmax, linalg.pack and tensor.gather
// as structured ops.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Interfaces/GatheredDims.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"

namespace commuter {
#define GEN_PASS_DEF_DECOMPOSEAGGREGATESPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// The indices at which a gather's source is read, inside of a structured op
/// that makes the result.
SmallVector<Value> getGatheredAt(OpBuilder &builder, tensor::GatherOp op) {
  Location loc = op.getLoc();
  SmallVector<Value> at(op.getSourceType().getRank());
  for (auto [dim, sourceDim] : llvm::enumerate(getSourceDims(op)))
    if (sourceDim)
      at[*sourceDim] = linalg::IndexOp::create(builder, loc, dim);
  SmallVector<Value> place;
  for (int64_t dim = 0; dim < getNumBatchDims(op); ++dim)
    place.push_back(linalg::IndexOp::create(builder, loc, dim));
  for (auto [number, dim] : llvm::enumerate(op.getGatherDims())) {
    place.push_back(arith::ConstantIndexOp::create(builder, loc, number));
    Value index =
        tensor::ExtractOp::create(builder, loc, op.getIndices(), place);
    place.pop_back();
    at[dim] = index.getType().isIndex()
                  ? index
                  : arith::IndexCastOp::create(builder, loc,
                                               builder.getIndexType(), index);
  }
  return at;
}

SmallVector<OpFoldResult> getGatheredSizes(OpBuilder &builder,
                                           tensor::GatherOp op) {
  SmallVector<OpFoldResult> sizes;
  for (auto [dim, sourceDim] : llvm::enumerate(getSourceDims(op)))
    if (static_cast<int64_t>(dim) < getNumBatchDims(op))
      sizes.push_back(
          tensor::getMixedSize(builder, op.getLoc(), op.getIndices(), dim));
    else if (sourceDim)
      sizes.push_back(tensor::getMixedSize(builder, op.getLoc(), op.getSource(),
                                           *sourceDim));
    else
      sizes.push_back(builder.getIndexAttr(1));
  return sizes;
}

Value makeStructured(RewriterBase &rewriter, tensor::GatherOp op) {
  RankedTensorType type = op.getResultType();
  Value memory = tensor::EmptyOp::create(rewriter, op.getLoc(),
                                         getGatheredSizes(rewriter, op),
                                         type.getElementType());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto gathered = linalg::GenericOp::create(
      rewriter, op.getLoc(), memory.getType(), ValueRange(), memory,
      rewriter.getMultiDimIdentityMap(type.getRank()), iterators,
      [&](OpBuilder &builder, Location loc, ValueRange) {
        Value element = tensor::ExtractOp::create(builder, loc, op.getSource(),
                                                  getGatheredAt(builder, op));
        linalg::YieldOp::create(builder, loc, element);
      });
  return tensor::CastOp::create(rewriter, op.getLoc(), type,
                                gathered.getResult(0));
}

/// An aggregate is what its decomposition computes. What has none stays.
struct DecomposeAggregates
    : public commuter::impl::DecomposeAggregatesPassBase<DecomposeAggregates> {
  void runOnOperation() override {
    SmallVector<Operation *> aggregates;
    getOperation()->walk([&](Operation *op) {
      if (isa<linalg::AggregatedOpInterface, linalg::PackOp, linalg::UnPackOp,
              tensor::GatherOp>(op))
        aggregates.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (Operation *op : aggregates) {
      rewriter.setInsertionPoint(op);
      decompose(rewriter, op);
    }
  }

private:
  static void decompose(RewriterBase &rewriter, Operation *op) {
    // Upstream replaces these two itself.
    if (auto pack = dyn_cast<linalg::PackOp>(op))
      return (void)linalg::lowerPack(rewriter, pack);
    if (auto unpack = dyn_cast<linalg::UnPackOp>(op))
      return (void)linalg::lowerUnPack(rewriter, unpack);
    if (auto gather = dyn_cast<tensor::GatherOp>(op))
      return rewriter.replaceOp(op, makeStructured(rewriter, gather));
    FailureOr<SmallVector<Value>> results =
        cast<linalg::AggregatedOpInterface>(op).decomposeOperation(rewriter);
    if (succeeded(results))
      rewriter.replaceOp(op, *results);
  }
};

} // namespace
