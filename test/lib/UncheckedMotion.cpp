//===- UncheckedMotion.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The motion without some of its preconditions, so that a test can show what
// each of them prevents. Only in the tools that are built with tests.
//
//===----------------------------------------------------------------------===//

#include "TestPasses.h"

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace commuter;

namespace {

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
  }

  void runOnOperation() final {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    dist::MotionOptions options;
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

void commuter::registerTestPasses() { PassRegistration<UncheckedMotion>(); }
