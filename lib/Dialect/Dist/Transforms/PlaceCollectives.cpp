//===- PlaceCollectives.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-place-collectives: every gather to where the fewest bytes are gathered.
//
//===----------------------------------------------------------------------===//

#include "Motion/MotionRounds.h"
#include "Raising.h"
#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace commuter::dist {
#define GEN_PASS_DEF_PLACECOLLECTIVESPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

struct PlaceCollectives
    : public commuter::dist::impl::PlaceCollectivesPassBase<PlaceCollectives> {
  using PlaceCollectivesPassBase::PlaceCollectivesPassBase;

  void runOnOperation() override {
    SmallVector<FunctionOpInterface> functions = getFunctions(getOperation());
    auto moveAll = [&](const ShardingAnalysis &analysis) {
      return move(functions, analysis);
    };
    if (!raiseAndMove(getOperation(), functions,
                      getAnalysis<ShardingAnalysis>(), moveAll))
      markAllAnalysesPreserved();
  }

private:
  /// Returns true if something changed.
  bool move(ArrayRef<FunctionOpInterface> functions,
            const ShardingAnalysis &analysis) {
    MotionOptions options;
    options.completeSums = completeSums;
    options.placesEveryGather = true;
    return moveInFrontOfNestedGathers(
        getOperation(), functions, analysis, options,
        [&](MotionOutcome &outcome, DescribeOutcome describe) {
          emitMotionRemark("dist-place-collectives", outcome,
                           analysis.getAxes(), describe);
          ++(outcome.reason.empty() ? numMoved : numMissed);
        });
  }
};

} // namespace
