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

/// gather_{A, sum B}(x) = gather_A(all_reduce_B(x)): the definition.
void expandSum(OpBuilder &builder, AllGatherOp gather) {
  Value input = gather.getInput();
  Value sum = AllReduceOp::create(
      builder, gather.getLoc(), input.getType(), input,
      ReductionKindAttr::get(builder.getContext(), ReductionKind::Sum),
      gather.getMeshAttr(), gather.getSummingAttr());
  gather.getInputMutable().assign(sum);
  gather.removeSummingAttr();
}

/// The extents of a gather are those of the ranks' inputs.
void addExtents(OpBuilder &builder, AllGatherOp gather) {
  Location loc = gather.getLoc();
  Value extent = tensor::DimOp::create(builder, loc, gather.getInput(),
                                       static_cast<int64_t>(gather.getDim()));
  int64_t size = getGroupSize(gather).value_or(ShapedType::kDynamic);
  auto type = RankedTensorType::get({size}, builder.getIndexType());
  Value extents = ExchangeExtentsOp::create(
      builder, loc, type, extent, gather.getMeshAttr(), gather.getAxesAttr());
  gather.getExtentsMutable().assign(extents);
}

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
      builder.setInsertionPoint(gather);
      if (gather.getSumming())
        expandSum(builder, gather);
      if (!gather.getExtents() &&
          gather.getInput().getType().isDynamicDim(gather.getDim()))
        addExtents(builder, gather);
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
