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
    MotionOptions options{completeSums, allowExtraGather};
    // The blocks first: the rewrite makes and erases ops.
    SmallVector<std::pair<Block *, StringRef>> blocks;
    getOperation()->walk([&](Block *block) {
      auto function = dyn_cast<FunctionOpInterface>(block->getParentOp());
      if (!function)
        function = block->getParentOp()->getParentOfType<FunctionOpInterface>();
      if (function)
        blocks.emplace_back(block, function.getName());
    });
    for (auto [block, function] : blocks)
      for (const MotionOutcome &outcome :
           moveInFrontOfGathers(*block, analysis, options)) {
        emitRemark(outcome, function);
        ++(outcome.reason.empty() ? numMoved : numMissed);
      }
    if (numMoved == 0)
      markAllAnalysesPreserved();
  }
};

} // namespace
