//===- MotionRemarks.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What became of an op that was worth moving, as a remark.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

static std::string print(std::optional<int64_t> number) {
  return number ? std::to_string(*number) : "?";
}

static std::string print(const MeshAxes &axes, ArrayRef<AxisState> state) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '{';
  printState(os, axes, state);
  os << '}';
  return text;
}

void commuter::dist::emitMotionRemark(StringRef pass, MotionOutcome &outcome,
                                      const MeshAxes &axes,
                                      DescribeOutcome describe) {
  FunctionOpInterface function = outcome.function;
  auto options = remark::RemarkOpts::name(pass).category("dist").function(
      function.getName());
  // Nothing is found out or put together where nobody listens.
  if (outcome.reason.empty()) {
    auto passed = remark::passed(outcome.loc, options);
    if (!passed)
      return;
    if (describe)
      describe(outcome);
    passed << remark::add(outcome.isOfGather ? "moved behind what it feeds"
                                             : "moved in front of the gather")
           << remark::metric("rows-before", print(outcome.rowsBefore))
           << remark::metric("rows-after", print(outcome.rowsAfter))
           << remark::metric("bytes-before", print(outcome.bytesBefore))
           << remark::metric("bytes-after", print(outcome.bytesAfter))
           << remark::metric("state", print(axes, outcome.state));
    return;
  }
  auto missed = remark::missed(outcome.loc, options);
  if (!missed)
    return;
  if (describe)
    describe(outcome);
  missed << remark::reason("{0}", outcome.reason.str());
  if (!outcome.suggestion.empty())
    missed << remark::suggest("{0}", outcome.suggestion.str());
  missed << remark::metric("state", print(axes, outcome.state));
  if (outcome.blocker && *outcome.blocker != outcome.loc) {
    std::string place;
    llvm::raw_string_ostream(place) << *outcome.blocker;
    missed << remark::metric("blocked-by", place);
  }
}
