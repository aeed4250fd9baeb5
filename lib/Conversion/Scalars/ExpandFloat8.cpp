//===- ExpandFloat8.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-expand-float8: conversions of 8-bit floats, by their bits.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Norm/IR/FloatBits.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace commuter {
#define GEN_PASS_DEF_EXPANDFLOAT8PASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using commuter::norm::Float8;

namespace {

bool isFloat8(Type type) { return isa<Float8E4M3FNType, Float8E5M2Type>(type); }

/// To f32, which holds every number of the format, as do wider types and, of
/// the numbers that come out here, those of 16 bits.
struct Decode : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    if (!isFloat8(op.getIn().getType()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto type = cast<FloatType>(op.getIn().getType());
    Value number = Float8(type).decode(b, op.getIn());
    if (op.getType().getIntOrFloatBitWidth() < 32)
      number = arith::TruncFOp::create(b, op.getType(), number);
    else if (op.getType() != number.getType())
      number = arith::ExtFOp::create(b, op.getType(), number);
    rewriter.replaceOp(op, number);
    return success();
  }
};

/// From f32, to which narrower types are widened.
struct Encode : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type source = op.getIn().getType();
    if (!isFloat8(op.getType()) || source.getIntOrFloatBitWidth() > 32)
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value number = op.getIn();
    if (!source.isF32())
      number = arith::ExtFOp::create(b, b.getF32Type(), number);
    rewriter.replaceOp(op, Float8(cast<FloatType>(op.getType()))
                               .encode(b, number, Float8::Overflow::IsLost));
    return success();
  }
};

struct ExpandFloat8
    : public commuter::impl::ExpandFloat8PassBase<ExpandFloat8> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<Decode, Encode>(&getContext());
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
