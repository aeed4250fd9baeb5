//===- ExpandCollectives.cpp ----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-expand-collectives: one call of the runtime for each collective.
//
//===----------------------------------------------------------------------===//

#include "GatherForms.h"

#include "commuter/Analysis/ShardingAnalysis.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace commuter::dist {
#define GEN_PASS_DEF_EXPANDCOLLECTIVESPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// Checks the promise that a value is the same along the axes that its sharding
/// does not name, as far as all ranks along them come to the assertion.
void checkAssertion(OpBuilder &builder, AssertShardingOp assertion,
                    const ShardingAnalysis &analysis) {
  ShardingAttr sharding = assertion.getSharding();
  MeshOp mesh = lookupMesh(assertion, sharding.getMesh());
  llvm::SmallDenseSet<Attribute> named(sharding.getUnreduced().begin(),
                                       sharding.getUnreduced().end());
  for (ArrayAttr axes : sharding.getDimAxes().getAsRange<ArrayAttr>())
    named.insert(axes.begin(), axes.end());
  SmallVector<Attribute> replicated;
  for (Attribute axis : mesh.getAxisNames())
    if (!named.contains(axis) &&
        !analysis.findDivergence(assertion, sharding.getMesh(),
                                 builder.getArrayAttr(axis)))
      replicated.push_back(axis);
  if (!replicated.empty())
    CheckReplicatedOp::create(builder, assertion.getLoc(), assertion.getInput(),
                              sharding.getMesh(),
                              builder.getArrayAttr(replicated));
}

struct ExpandCollectives
    : public commuter::dist::impl::ExpandCollectivesPassBase<
          ExpandCollectives> {
  using ExpandCollectivesPassBase::ExpandCollectivesPassBase;

  void runOnOperation() override {
    OpBuilder builder(&getContext());
    getOperation()->walk([&](AllGatherOp gather) {
      if (gather.getSumming())
        exposeSum(gather);
      if (!gather.getExtents() &&
          gather.getInput().getType().isDynamicDim(gather.getDim()))
        exposeExtents(gather);
    });
    if (!checkAssertions)
      return;
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    getOperation()->walk([&](AssertShardingOp assertion) {
      builder.setInsertionPoint(assertion);
      checkAssertion(builder, assertion, analysis);
    });
  }
};

} // namespace
