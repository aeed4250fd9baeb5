//===- UncheckedFolds.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The folds of collectives wherever the types allow them, so that a test can
// show what their preconditions prevent. Only in the tools that are built with
// tests.
//
//===----------------------------------------------------------------------===//

#include "TestPasses.h"

#include "commuter/Dialect/Dist/IR/Dist.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace commuter::dist;

namespace {

/// all_slice(all_gather(x)) = x; all_gather(all_slice(x)) = x;
/// all_reduce(to_partial(x)) = x.
template <typename OuterTy, typename InnerTy>
Value findUndone(Operation *op) {
  auto outer = dyn_cast<OuterTy>(op);
  auto inner =
      outer ? outer.getInput().template getDefiningOp<InnerTy>() : InnerTy();
  return inner ? inner.getInput() : Value();
}

struct UncheckedFolds
    : public PassWrapper<UncheckedFolds, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UncheckedFolds)

  StringRef getArgument() const final { return "test-unchecked-folds"; }
  StringRef getDescription() const final {
    return "The folds of collectives without their preconditions";
  }

  void runOnOperation() final {
    SmallVector<Operation *> ops;
    getOperation()->walk([&](MeshGroupOpInterface op) { ops.push_back(op); });
    for (Operation *op : ops)
      fold(op);
  }

private:
  static void fold(Operation *op) {
    auto gather = dyn_cast<AllGatherOp>(op);
    if (gather && gather.getInput().getDefiningOp<AllGatherOp>())
      return mergeNested(gather);
    Value x = findUndone<AllSliceOp, AllGatherOp>(op);
    x = x ? x : findUndone<AllGatherOp, AllSliceOp>(op);
    x = x ? x : findUndone<AllReduceOp, ToPartialOp>(op);
    // A collective over a group of one is the identity.
    if (!x && isa<AllReduceOp>(op))
      x = op->getOperand(0);
    if (x && x.getType() == op->getResult(0).getType())
      op->getResult(0).replaceAllUsesWith(x);
    // A sum over axes of size 1 is none.
    else if (gather)
      gather.removeSummingAttr();
  }

  /// all_gather [A] (all_gather [B] (x)) = all_gather [A, B] (x).
  static void mergeNested(AllGatherOp outer) {
    auto inner = outer.getInput().getDefiningOp<AllGatherOp>();
    SmallVector<Attribute> axes(outer.getAxes().getValue());
    llvm::append_range(axes, inner.getAxes());
    OpBuilder builder(outer);
    Value merged = AllGatherOp::create(builder, outer.getLoc(), outer.getType(),
                                       inner.getInput(), outer.getDimAttr(),
                                       Value(), outer.getMeshAttr(),
                                       builder.getArrayAttr(axes), ArrayAttr());
    outer.getResult().replaceAllUsesWith(merged);
  }
};

} // namespace

void commuter::registerUncheckedFolds() { PassRegistration<UncheckedFolds>(); }
