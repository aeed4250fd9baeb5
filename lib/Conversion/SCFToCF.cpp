//===- SCFToCF.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-scf-to-cf: upstream's patterns on loops and branches, the last
// of a block first.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Rewrite/PatternApplicator.h"

namespace commuter {
#define GEN_PASS_DEF_SCFTOCFPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// A stack of the ops that are to be converted, those that patterns make
/// included.
class Waiting : public RewriterBase::Listener {
public:
  void push(Operation *op) {
    if (isa<scf::ExecuteRegionOp, scf::ForallOp, scf::ForOp, scf::IfOp,
            scf::IndexSwitchOp, scf::ParallelOp, scf::WhileOp>(op))
      ops.push_back(op);
  }

  Operation *pop() { return ops.empty() ? nullptr : ops.pop_back_val(); }

  void notifyOperationInserted(Operation *op,
                               OpBuilder::InsertPoint previous) override {
    if (!previous.isSet()) // else it was moved, and is on the stack
      push(op);
  }

private:
  SmallVector<Operation *> ops;
};

/// Ops are converted in the reverse of a post-order walk: the last op of a
/// block first, and an op before those in its regions. Each pattern then splits
/// off only the ops up to the previously converted one, and `scf.parallel` and
/// `scf.forall` still have regions of a single block.
struct SCFToCF : public commuter::impl::SCFToCFPassBase<SCFToCF> {
  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet set(context);
    populateSCFToControlFlowConversionPatterns(set);
    patterns = std::move(set);
    return success();
  }

  void runOnOperation() override {
    Waiting waiting;
    getOperation()->walk([&](Operation *op) { waiting.push(op); });
    PatternApplicator applicator(patterns);
    applicator.applyDefaultCostModel();
    PatternRewriter rewriter(&getContext());
    rewriter.setListener(&waiting);
    while (Operation *op = waiting.pop()) {
      rewriter.setInsertionPoint(op);
      if (failed(applicator.matchAndRewrite(op, rewriter))) {
        op->emitOpError("cannot be converted to branches");
        return signalPassFailure();
      }
    }
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
