//===- FuseNorms.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// norm-fuse: a norm, the addition in front of it and the quantisation behind it
// become one op.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Norm/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/TypeSwitch.h"

namespace commuter::norm {
#define GEN_PASS_DEF_FUSENORMSPASS
#include "commuter/Dialect/Norm/Transforms/Passes.h.inc"
} // namespace commuter::norm

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

namespace {

/// Where one op can stand for `first` and `second`, which uses results of it as
/// its input alone and stands in the same block: at `second`, if nothing else
/// needs `first` before that; or at `first`, if what else `second` needs is
/// there by then.
Operation *findPlace(Operation *first, Operation *second,
                     const DominanceInfo &dominance) {
  auto isMadeByFirst = [&](Value operand) {
    return operand.getDefiningOp() == first;
  };
  if (first->getBlock() != second->getBlock() ||
      llvm::count_if(second->getOperands(), isMadeByFirst) != 1)
    return nullptr;
  if (llvm::all_of(first->getUsers(), [&](Operation *user) {
        return user == second || dominance.properlyDominates(second, user);
      }))
    return second;
  if (llvm::all_of(second->getOperands(), [&](Value operand) {
        return isMadeByFirst(operand) ||
               dominance.properlyDominates(operand, first);
      }))
    return first;
  return nullptr;
}

/// Law: add_norm(a, b) = (a + b, norm(a + b)), bit for bit: both round the sum
/// to its type (of f16 and bf16 from an f32, whose 24 digits are twice theirs
/// and two more: rounding twice is rounding once). Precondition: the norm takes
/// the sum of an arith.addf of the same block. As a sharding state the sum
/// keeps less than it had along an axis that splits a normalised dimension,
/// hence the place of the pass: behind those that ask for states.
template <typename NormTy, typename AddNormTy>
struct FuseAddition : public OpRewritePattern<NormTy> {
  FuseAddition(MLIRContext *context, const DominanceInfo &dominance,
               Pass::Statistic &count)
      : OpRewritePattern<NormTy>(context), dominance(dominance), count(count) {}

  LogicalResult matchAndRewrite(NormTy norm,
                                PatternRewriter &rewriter) const override {
    auto add = norm.getInput().template getDefiningOp<arith::AddFOp>();
    if (!add)
      return failure();
    Operation *place = findPlace(add, norm, dominance);
    if (!place)
      return failure();
    rewriter.setInsertionPoint(place);
    Location loc = rewriter.getFusedLoc({add.getLoc(), norm.getLoc()});
    Type type = norm.getType();
    AddNormTy fused;
    if constexpr (requires { norm.getBias(); })
      fused = AddNormTy::create(rewriter, loc, type, type, add.getLhs(),
                                add.getRhs(), norm.getScale(), norm.getBias(),
                                norm.getAxisAttr(), norm.getEpsAttr());
    else
      fused =
          AddNormTy::create(rewriter, loc, type, type, add.getLhs(),
                            add.getRhs(), norm.getScale(), norm.getOffsetAttr(),
                            norm.getAxisAttr(), norm.getEpsAttr());
    rewriter.replaceOp(norm, fused.getResult());
    rewriter.replaceOp(add, fused.getSum());
    ++count;
    return success();
  }

  const DominanceInfo &dominance;
  Pass::Statistic &count;
};

/// Law: norm_quantize(x) = quantize(norm(x)), bit for bit: the kernel rounds
/// the norm to its type in between. Precondition: the norm of x is used nowhere
/// else, or it would have to be written all the same; the scale is not of the
/// whole tensor, which is known only after the last row; x is not f64.
struct FuseQuantization : public OpRewritePattern<QuantizeOp> {
  FuseQuantization(MLIRContext *context, const DominanceInfo &dominance,
                   Pass::Statistic &count)
      : OpRewritePattern(context), dominance(dominance), count(count) {}

  LogicalResult matchAndRewrite(QuantizeOp quantize,
                                PatternRewriter &rewriter) const override {
    if (quantize.getMode() == QuantizeMode::PerTensor ||
        !quantize.getInput().hasOneUse())
      return failure();
    Operation *def = quantize.getInput().getDefiningOp();
    if (!def)
      return failure();
    return llvm::TypeSwitch<Operation *, LogicalResult>(def)
        .Case<LayerNormOp, RMSNormOp, AddLayerNormOp, AddRMSNormOp>(
            [&](auto norm) { return fuse(norm, quantize, rewriter); })
        .Default(failure());
  }

private:
  template <typename NormTy>
  LogicalResult fuse(NormTy norm, QuantizeOp quantize,
                     PatternRewriter &rewriter) const {
    if (quantize.getInput() != norm.getResult())
      return failure();
    Operation *place = findPlace(norm, quantize, dominance);
    if (!place)
      return failure();
    rewriter.setInsertionPoint(place);
    constexpr bool isLayerNorm = requires { norm.getBias(); };
    constexpr NormKind kind = isLayerNorm ? NormKind::Layer : NormKind::RMS;
    Value residual, bias;
    Type sumType, scalesType;
    FloatAttr offset = rewriter.getF64FloatAttr(0.0);
    if constexpr (requires { norm.getResidual(); }) {
      residual = norm.getResidual();
      sumType = norm.getSum().getType();
    }
    if constexpr (isLayerNorm)
      bias = norm.getBias();
    else
      offset = norm.getOffsetAttr();
    if (Value scales = quantize.getScales())
      scalesType = scales.getType();
    auto fused = NormQuantizeOp::create(
        rewriter, rewriter.getFusedLoc({norm.getLoc(), quantize.getLoc()}),
        sumType, quantize.getOutput().getType(), scalesType,
        NormKindAttr::get(rewriter.getContext(), kind), norm.getInput(),
        residual, norm.getScale(), bias, offset,
        rewriter.getI64IntegerAttr(norm.getNormAxis()), norm.getEpsAttr(),
        quantize.getModeAttr(), quantize.getStaticScale(),
        quantize.getGroupSizeAttr());
    rewriter.replaceOp(quantize,
                       fused->getResults().drop_front(residual ? 1 : 0));
    if constexpr (requires { norm.getSum(); })
      rewriter.replaceAllUsesWith(norm.getSum(), fused.getSum());
    rewriter.eraseOp(norm);
    ++count;
    return success();
  }

  const DominanceInfo &dominance;
  Pass::Statistic &count;
};

struct FuseNorms : public commuter::norm::impl::FuseNormsPassBase<FuseNorms> {
  void runOnOperation() override {
    const auto &dominance = getAnalysis<DominanceInfo>();
    MLIRContext *context = &getContext();
    // Additions first: a norm that has become one with its quantisation takes
    // none up.
    RewritePatternSet additions(context), quantizations(context);
    additions.add<FuseAddition<LayerNormOp, AddLayerNormOp>,
                  FuseAddition<RMSNormOp, AddRMSNormOp>>(context, dominance,
                                                         numAdditions);
    quantizations.add<FuseQuantization>(context, dominance, numQuantizations);
    bool addsNone = false, quantizesNone = false;
    if (failed(apply(std::move(additions), addsNone)) ||
        failed(apply(std::move(quantizations), quantizesNone)))
      return signalPassFailure();
    if (addsNone && quantizesNone)
      markAllAnalysesPreserved();
  }

private:
  /// These patterns and nothing else.
  LogicalResult apply(RewritePatternSet patterns, bool &isUnchanged) {
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    bool isChanged = false;
    LogicalResult result = applyPatternsGreedily(
        getOperation(), std::move(patterns), config, &isChanged);
    isUnchanged = !isChanged;
    return result;
  }
};

} // namespace
