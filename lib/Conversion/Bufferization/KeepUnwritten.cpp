//===- KeepUnwritten.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-keep-unwritten: the elements of its init that a structured op does
// not write keep their values.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace commuter {
#define GEN_PASS_DEF_KEEPUNWRITTENPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

/// True if some of what `init` holds may be left in the result, and the body
/// does not tell: it asks for no element of it.
static bool keepsUnseen(linalg::LinalgOp op, OpOperand &init) {
  return !op.payloadUsesValueFromOperand(&init) &&
         !writesEveryElement(op, init) &&
         !init.get().getDefiningOp<tensor::EmptyOp>();
}

/// The places of an operand's element in one round of the loops.
static SmallVector<Value> getPlaces(OpBuilder &builder, Location loc,
                                    AffineMap map, ValueRange indices) {
  SmallVector<OpFoldResult> rounds(indices.begin(), indices.end());
  return llvm::map_to_vector(map.getResults(), [&](AffineExpr place) {
    AffineMap ofPlace =
        AffineMap::get(map.getNumDims(), map.getNumSymbols(), place);
    return getValueOrCreateConstantIndexOp(
        builder, loc,
        affine::makeComposedFoldedAffineApply(builder, loc, ofPlace, rounds));
  });
}

/// One round: the body on the elements at `indices`, of which the results go
/// into `results`. Returns these.
static SmallVector<Value> createRound(OpBuilder &builder, Location loc,
                                      linalg::LinalgOp op, ValueRange indices,
                                      ValueRange results) {
  IRMapping mapping;
  for (OpOperand &operand : op->getOpOperands()) {
    Value element = operand.get();
    if (op.isDpsInit(&operand))
      element = results[operand.getOperandNumber() - op.getNumDpsInputs()];
    if (isa<RankedTensorType>(element.getType()))
      element = tensor::ExtractOp::create(
          builder, loc, element,
          getPlaces(builder, loc, op.getMatchingIndexingMap(&operand),
                    indices));
    mapping.map(op.getMatchingBlockArgument(&operand), element);
  }
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      mapping.map(index.getResult(), indices[index.getDim()]);
    else
      builder.clone(inner, mapping);
  }
  SmallVector<Value> next;
  Operation *yield = op.getBlock()->getTerminator();
  for (auto [i, result] : llvm::enumerate(results)) {
    AffineMap map = op.getIndexingMapMatchingResult(op->getResult(i));
    next.push_back(tensor::InsertOp::create(
        builder, loc, mapping.lookupOrDefault(yield->getOperand(i)), result,
        getPlaces(builder, loc, map, indices)));
  }
  return next;
}

/// Law: a structured op is its loops, in the order in which they stand, each
/// round of which puts one element into each result. Precondition: it is on
/// tensors.
static void replaceByLoops(linalg::LinalgOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<Value> begins, ends, steps;
  for (const Range &loop : op.createLoopRanges(builder, loc)) {
    begins.push_back(
        getValueOrCreateConstantIndexOp(builder, loc, loop.offset));
    ends.push_back(getValueOrCreateConstantIndexOp(builder, loc, loop.size));
    steps.push_back(getValueOrCreateConstantIndexOp(builder, loc, loop.stride));
  }
  scf::LoopNest nest = scf::buildLoopNest(
      builder, loc, begins, ends, steps, op.getDpsInits(),
      [&](OpBuilder &inner, Location, ValueRange indices, ValueRange results) {
        return createRound(inner, loc, op, indices, results);
      });
  op->replaceAllUsesWith(nest.results);
  op.erase();
}

namespace {
struct KeepUnwritten
    : public commuter::impl::KeepUnwrittenPassBase<KeepUnwritten> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> found;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureTensorSemantics() &&
          llvm::any_of(op.getDpsInitsMutable(),
                       [&](OpOperand &init) { return keepsUnseen(op, init); }))
        found.push_back(op);
    });
    llvm::for_each(found, replaceByLoops);
    if (found.empty())
      markAllAnalysesPreserved();
  }
};
} // namespace
