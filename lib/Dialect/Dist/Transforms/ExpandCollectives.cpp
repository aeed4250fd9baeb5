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

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_EXPANDCOLLECTIVESPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// Checks promises that values are the same along the axes that a sharding does
/// not name, as far as all ranks along them come to where that is said.
class PromiseChecks {
public:
  explicit PromiseChecks(const ShardingAnalysis &analysis)
      : analysis(analysis) {}

  void add(AssertShardingOp assertion) {
    add(OpBuilder(assertion), assertion, assertion.getInput(),
        assertion.getSharding());
  }

  /// What its callee's annotations say of what is passed and returned.
  void add(CallOpInterface call) {
    auto callee = dyn_cast_or_null<FunctionOpInterface>(
        call.resolveCallableInTable(&symbols));
    if (!callee)
      return;
    StringRef name = ShardingAttr::kAttrName;
    for (auto [i, operand] : llvm::enumerate(call.getArgOperands()))
      if (canBeCompared(operand))
        add(OpBuilder(call), call, operand,
            callee.getArgAttrOfType<ShardingAttr>(i, name));
    OpBuilder behind(call->getContext());
    behind.setInsertionPointAfter(call);
    for (auto [i, result] : llvm::enumerate(call->getResults()))
      if (canBeCompared(result))
        add(behind, call, result,
            callee.getResultAttrOfType<ShardingAttr>(i, name));
  }

private:
  /// What is undefined differs, and is meant to; and of some types, which
  /// nobody has asked to check, the runtime has no elements.
  static bool canBeCompared(Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type || !type.getElementType().isIntOrIndexOrFloat() ||
        value.getDefiningOp<tensor::EmptyOp>())
      return false;
    constexpr unsigned kWidths[] = {1, 8, 16, 32, 64};
    return type.getElementType().isIndex() ||
           llvm::is_contained(kWidths, type.getElementTypeBitWidth());
  }

  void add(OpBuilder builder, Operation *op, Value value,
           ShardingAttr sharding) {
    if (!sharding)
      return;
    MeshOp mesh = lookupMesh(op, sharding.getMesh());
    SmallVector<Attribute> replicated;
    for (Attribute axis : mesh.getAxisNames())
      if (!sharding.namesAxis(axis) &&
          !analysis.findDivergence(op, sharding.getMesh(),
                                   builder.getArrayAttr(axis)))
        replicated.push_back(axis);
    if (!replicated.empty())
      CheckReplicatedOp::create(builder, op->getLoc(), value,
                                sharding.getMesh(),
                                builder.getArrayAttr(replicated));
  }

  const ShardingAnalysis &analysis;
  SymbolTableCollection symbols;
};

struct ExpandCollectives
    : public commuter::dist::impl::ExpandCollectivesPassBase<
          ExpandCollectives> {
  using ExpandCollectivesPassBase::ExpandCollectivesPassBase;

  void runOnOperation() override {
    getOperation()->walk([&](AllGatherOp gather) {
      if (gather.getSumming())
        exposeSum(gather);
      if (!gather.getExtents() &&
          gather.getInput().getType().isDynamicDim(gather.getDim()))
        exposeExtents(gather);
    });
    if (!checkAssertions)
      return;
    PromiseChecks checks(getAnalysis<ShardingAnalysis>());
    getOperation()->walk([&](Operation *op) {
      if (auto assertion = dyn_cast<AssertShardingOp>(op))
        checks.add(assertion);
      else if (auto call = dyn_cast<CallOpInterface>(op))
        checks.add(call);
    });
  }
};

} // namespace
