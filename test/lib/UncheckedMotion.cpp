//===- UncheckedMotion.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The motion without some of its preconditions, so that a test can show what
// each of them prevents, those of the interface's contract included. Only in
// the tools that are built with tests.
//
//===----------------------------------------------------------------------===//

#include "TestPasses.h"

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace commuter;

namespace {

/// A model that anyone might write, and that breaks the interface's contract: a
/// call marked `row_wise` is said to compute each row from that row. The test's
/// functions do not.
struct ClaimedModel
    : public DimParallelOpInterface::ExternalModel<ClaimedModel, func::CallOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    if (dim != 0 || !op->hasAttr("row_wise"))
      return DimSlicing::refuse("not-row-wise");
    return getElementwiseSlicing(op, dim);
  }
};

struct UncheckedMotion
    : public PassWrapper<UncheckedMotion, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(UncheckedMotion)

  UncheckedMotion() = default;
  UncheckedMotion(const UncheckedMotion &other) : PassWrapper(other) {}

  StringRef getArgument() const final { return "test-unchecked-motion"; }
  StringRef getDescription() const final {
    return "dist-commute-norms without the preconditions that are named";
  }
  void getDependentDialects(DialectRegistry &registry) const final {
    registry.insert<dist::DistDialect, tensor::TensorDialect>();
    registry.addExtension(+[](MLIRContext *context, func::FuncDialect *) {
      func::CallOp::attachInterface<ClaimedModel>(*context);
    });
  }

  void runOnOperation() final {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    dist::MotionOptions options;
    // What is worth it is another question than what is right.
    options.allowExtraGather = true;
    for (const std::string &reason : ignored)
      options.ignored.push_back(reason);
    getOperation()->walk([&](FunctionOpInterface function) {
      if (!function.isExternal())
        (void)dist::moveInFrontOfGathers(function, analysis, options);
    });
  }

  ListOption<std::string> ignored{
      *this, "ignore",
      llvm::cl::desc("Reasons for which nothing is refused any more")};
};

} // namespace

void commuter::registerUncheckedMotion() {
  PassRegistration<UncheckedMotion>();
}
