//===- BranchOnSelects.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-branch-on-selects: a selection of one of two tensors whose lengths
// may differ is a branch.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace commuter {
#define GEN_PASS_DEF_BRANCHONSELECTSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// Law: select(c, a, b) = if c then a else b. Precondition: c is one scalar. Of
/// equal static shapes the elements can be selected as well.
struct BranchOnSelects
    : public commuter::impl::BranchOnSelectsPassBase<BranchOnSelects> {
  void runOnOperation() override {
    SmallVector<arith::SelectOp> selects;
    getOperation()->walk([&](arith::SelectOp op) {
      auto type = dyn_cast<TensorType>(op.getType());
      if (type && !type.hasStaticShape() &&
          !isa<ShapedType>(op.getCondition().getType()))
        selects.push_back(op);
    });
    for (arith::SelectOp op : selects) {
      OpBuilder builder(op);
      auto yield = [](Value value) {
        return [value](OpBuilder &inner, Location loc) {
          scf::YieldOp::create(inner, loc, value);
        };
      };
      auto branch = scf::IfOp::create(builder, op.getLoc(), op.getCondition(),
                                      yield(op.getTrueValue()),
                                      yield(op.getFalseValue()));
      op.replaceAllUsesWith(branch.getResult(0));
      op.erase();
    }
    if (selects.empty())
      markAllAnalysesPreserved();
  }
};

} // namespace
