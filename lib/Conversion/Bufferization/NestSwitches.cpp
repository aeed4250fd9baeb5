//===- NestSwitches.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-nest-switches: a switch between tensors is a branch for each case.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace commuter {
#define GEN_PASS_DEF_NESTSWITCHESPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// Law: a switch is its first case where the index is that case's value, else
/// the switch without that case; without cases it is its default.
void nest(scf::IndexSwitchOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Block *block = op->getBlock();
  SmallVector<Value> results;
  for (auto [value, region] :
       llvm::zip_equal(op.getCases(), op.getCaseRegions())) {
    Value ofCase = arith::ConstantIndexOp::create(builder, loc, value);
    Value isCase = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                         op.getArg(), ofCase);
    auto branch =
        scf::IfOp::create(builder, loc, op.getResultTypes(), isCase,
                          /*addThenBlock=*/false, /*addElseBlock=*/true);
    branch.getThenRegion().takeBody(region);
    if (results.empty())
      llvm::append_range(results, branch.getResults());
    else
      scf::YieldOp::create(builder, loc, branch.getResults());
    block = branch.elseBlock();
    builder.setInsertionPointToStart(block);
  }
  Block &rest = op.getDefaultBlock();
  auto yield = cast<scf::YieldOp>(rest.getTerminator());
  if (results.empty()) {
    llvm::append_range(results, yield.getOperands());
    yield.erase();
    block->getOperations().splice(Block::iterator(op), rest.getOperations());
  } else {
    block->getOperations().splice(block->end(), rest.getOperations());
  }
  op.replaceAllUsesWith(results);
  op.erase();
}

struct NestSwitches
    : public commuter::impl::NestSwitchesPassBase<NestSwitches> {
  void runOnOperation() override {
    SmallVector<scf::IndexSwitchOp> switches;
    getOperation()->walk([&](scf::IndexSwitchOp op) {
      if (llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>))
        switches.push_back(op);
    });
    for (scf::IndexSwitchOp op : switches)
      nest(op);
    if (switches.empty())
      markAllAnalysesPreserved();
  }
};

} // namespace
