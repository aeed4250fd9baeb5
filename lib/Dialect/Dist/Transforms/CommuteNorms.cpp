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

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_COMMUTENORMSPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

std::string print(std::optional<int64_t> number) {
  return number ? std::to_string(*number) : "?";
}

void emitRemark(const MotionOutcome &outcome, StringRef function) {
  auto options = remark::RemarkOpts::name("dist-commute-norms")
                     .category("dist")
                     .function(function);
  if (outcome.reason.empty()) {
    remark::passed(outcome.loc, options)
        << remark::add("moved in front of the gather")
        << remark::metric("rows-before", print(outcome.rowsBefore))
        << remark::metric("rows-after", print(outcome.rowsAfter))
        << remark::metric("bytes-before", print(outcome.bytesBefore))
        << remark::metric("bytes-after", print(outcome.bytesAfter));
    return;
  }
  auto missed = remark::missed(outcome.loc, options);
  missed << remark::reason("{0}", outcome.reason.str());
  if (!outcome.suggestion.empty())
    missed << remark::suggest("{0}", outcome.suggestion.str());
  if (outcome.blocker && *outcome.blocker != outcome.loc) {
    std::string place;
    llvm::raw_string_ostream(place) << *outcome.blocker;
    missed << remark::metric("blocked-by", place);
  }
}

struct CommuteNorms
    : public commuter::dist::impl::CommuteNormsPassBase<CommuteNorms> {
  using CommuteNormsPassBase::CommuteNormsPassBase;

  void runOnOperation() override {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    MotionOptions options{completeSums, allowExtraGather, {}};
    getOperation()->walk([&](FunctionOpInterface function) {
      if (function.isExternal())
        return;
      for (const MotionOutcome &outcome :
           moveInFrontOfGathers(function, analysis, options)) {
        emitRemark(outcome, function.getName());
        ++(outcome.reason.empty() ? numMoved : numMissed);
      }
    });
    if (numMoved == 0)
      markAllAnalysesPreserved();
  }
};

} // namespace
