//===- CommuteNorms.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-commute-norms: moves norms in front of the gathers that feed them, and
// says of each what became of it.
//
//===----------------------------------------------------------------------===//

#include "Motion/MotionRounds.h"
#include "Raising.h"
#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_COMMUTENORMSPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

struct CommuteNorms
    : public commuter::dist::impl::CommuteNormsPassBase<CommuteNorms> {
  using CommuteNormsPassBase::CommuteNormsPassBase;

  void runOnOperation() override {
    SmallVector<FunctionOpInterface> functions = getFunctions(getOperation());
    auto moveAll = [&](const ShardingAnalysis &analysis) {
      return run(functions, analysis);
    };
    if (!raiseAndMove(getOperation(), functions,
                      getAnalysis<ShardingAnalysis>(), moveAll))
      markAllAnalysesPreserved();
  }

private:
  /// Returns true if something changed.
  bool run(ArrayRef<FunctionOpInterface> functions,
           const ShardingAnalysis &analysis) {
    MotionOptions options;
    options.completeSums = completeSums;
    options.allowExtraGather = allowExtraGather;
    bool isGuarded = false;
    if (guard)
      for (FunctionOpInterface function : functions)
        isGuarded |= guardOpenSums(function, analysis, options);
    options.isGuarded = guard;
    if (!isGuarded)
      return move(functions, analysis, options);
    (void)move(functions, ShardingAnalysis(getOperation()), options);
    return true;
  }
  /// Returns true if something changed. (A statistic does not tell: it counts
  /// only where LLVM is built to.)
  bool move(ArrayRef<FunctionOpInterface> functions,
            const ShardingAnalysis &analysis, const MotionOptions &options) {
    return moveInFrontOfNestedGathers(
        getOperation(), functions, analysis, options,
        [&](MotionOutcome &outcome, DescribeOutcome describe) {
          emitMotionRemark("dist-commute-norms", outcome, analysis.getAxes(),
                           describe);
          ++(outcome.reason.empty() ? numMoved : numMissed);
        });
  }
};

} // namespace
