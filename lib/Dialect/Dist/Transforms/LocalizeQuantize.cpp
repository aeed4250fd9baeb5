//===- LocalizeQuantize.cpp ----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-localize-per-tensor-quantize: quantises a gathered tensor in front of
// the gather, with the largest of the ranks' scales.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"
#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {
#define GEN_PASS_DEF_LOCALIZEPERTENSORQUANTIZEPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;
using namespace commuter::norm;

namespace {

struct LocalizePerTensorQuantize
    : public commuter::dist::impl::LocalizePerTensorQuantizePassBase<
          LocalizePerTensorQuantize> {
  void runOnOperation() override {
    const auto &analysis = getAnalysis<ShardingAnalysis>();
    SmallVector<QuantizeOp> candidates;
    getOperation()->walk([&](QuantizeOp op) {
      if (op.getMode() == QuantizeMode::PerTensor &&
          op.getInput().getDefiningOp<AllGatherOp>())
        candidates.push_back(op);
    });
    bool isChanged = false;
    for (QuantizeOp op : candidates) {
      StringRef reason = findRefusal(op, analysis);
      emitRemark(op, reason);
      if (reason.empty()) {
        rewrite(op);
        isChanged = true;
        ++numLocalized;
      }
    }
    if (!isChanged)
      markAllAnalysesPreserved();
  }

private:
  /// Precondition of the law; empty if it holds.
  static StringRef findRefusal(QuantizeOp op,
                               const ShardingAnalysis &analysis) {
    auto gather = op.getInput().getDefiningOp<AllGatherOp>();
    if (gather.getSummingAttr() || analysis.findPartialAxis(gather.getInput()))
      return reason::kPendingSum;
    if (!op.getInput().hasOneUse())
      return reason::kOtherUsers;
    // Where the quantisation stands, not all ranks need to come.
    if (gather->getBlock() != op->getBlock())
      return reason::kUnsupportedOp;
    return {};
  }

  static void emitRemark(QuantizeOp op, StringRef reason) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    auto options = remark::RemarkOpts::name("dist-localize-per-tensor-quantize")
                       .category("dist")
                       .function(function ? function.getName() : StringRef());
    if (reason.empty())
      remark::passed(op.getLoc(), options)
          << remark::add("quantised in front of the gather");
    else
      remark::missed(op.getLoc(), options)
          << remark::reason("{0}", reason.str());
  }

  /// Law, for a gather over axes A:
  ///
  ///   quantize per_tensor (all_gather(x))
  ///     = all_gather(quantize static (x, s)), s
  ///         where s = all_reduce max over A (scale of quantize per_tensor (x))
  ///
  /// The scale grows with the largest magnitude, and that of all rows is the
  /// largest of the ranks': a maximum is exact, and NaN wins on either side, so
  /// the scales agree bit for bit. With a given scale quantisation is
  /// elementwise. Precondition: no sum is pending in x; nothing else needs the
  /// gathered value.
  static void rewrite(QuantizeOp op) {
    auto gather = op.getInput().getDefiningOp<AllGatherOp>();
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value x = gather.getInput();
    auto localType = cast<RankedTensorType>(x.getType())
                         .clone(getElementTypeOrSelf(op.getOutput().getType()));
    Type scaleType = op.getScales().getType();
    auto mode = [&](QuantizeMode mode) {
      return QuantizeModeAttr::get(builder.getContext(), mode);
    };
    auto own = QuantizeOp::create(builder, loc, localType, scaleType, x,
                                  mode(QuantizeMode::PerTensor), Value(),
                                  IntegerAttr());
    Value scale = AllReduceOp::create(
        builder, loc, scaleType, own.getScales(),
        ReductionKindAttr::get(builder.getContext(), ReductionKind::Max),
        gather.getMeshAttr(), gather.getAxesAttr());
    auto local =
        QuantizeOp::create(builder, loc, localType, Type(), x,
                           mode(QuantizeMode::Static), scale, IntegerAttr());
    Value whole = AllGatherOp::create(
        builder, gather.getLoc(), op.getOutput().getType(), local.getOutput(),
        gather.getDimAttr(), gather.getExtents(), gather.getMeshAttr(),
        gather.getAxesAttr(), ArrayAttr());
    op.getOutput().replaceAllUsesWith(whole);
    op.getScales().replaceAllUsesWith(scale);
    op.erase();
    gather.erase();
  }
};

} // namespace
