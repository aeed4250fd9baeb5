//===- StructureBlocks.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-structure-blocks: branches and loops of blocks are those of scf.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Conversion/ControlFlowToSCF/ControlFlowToSCF.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CFGToSCF.h"
#include "mlir/Transforms/RegionUtils.h"

namespace commuter {
#define GEN_PASS_DEF_STRUCTUREBLOCKSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// Law: blocks are the loops and branches that upstream's `lift-cf-to-scf`
/// makes of them. Precondition: none that nothing comes to, so those are erased
/// first.
LogicalResult lift(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  (void)eraseUnreachableBlocks(rewriter, function->getRegions());
  DominanceInfo dominance(function);
  ControlFlowToSCFTransformation transformation;
  auto result = function.walk<WalkOrder::PostOrder>([&](Operation *op) {
    for (Region &region : op->getRegions())
      if (!region.empty() &&
          failed(transformCFGToSCF(region, transformation, dominance)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Law: poison is any value. Precondition: a ranked tensor; what other types
/// have of it needs no buffer. It is passed on where a way has nothing to pass,
/// so it has no rows where their number is open.
void replaceByEmpty(ub::PoisonOp poison) {
  auto type = cast<RankedTensorType>(poison.getType());
  OpBuilder builder(poison);
  Location loc = poison.getLoc();
  SmallVector<Value> sizes;
  for (size_t i = 0; i < type.getNumDynamicDims(); ++i)
    sizes.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
  poison.replaceAllUsesWith(
      tensor::EmptyOp::create(builder, loc, type, sizes).getResult());
  poison.erase();
}

struct StructureBlocks
    : public commuter::impl::StructureBlocksPassBase<StructureBlocks> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> ofBlocks;
    SmallVector<ub::PoisonOp> poisons;
    getOperation()->walk([&](func::FuncOp function) {
      auto result = function.walk([](Block *block) {
        return block->getNumSuccessors() == 0 ? WalkResult::advance()
                                              : WalkResult::interrupt();
      });
      if (result.wasInterrupted())
        ofBlocks.push_back(function);
    });
    for (func::FuncOp function : ofBlocks)
      if (failed(lift(function)))
        return signalPassFailure();
    getOperation()->walk([&](ub::PoisonOp op) {
      if (isa<RankedTensorType>(op.getType()))
        poisons.push_back(op);
    });
    llvm::for_each(poisons, replaceByEmpty);
    if (ofBlocks.empty() && poisons.empty())
      markAllAnalysesPreserved();
  }
};

} // namespace
