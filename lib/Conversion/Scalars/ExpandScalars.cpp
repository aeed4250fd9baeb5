//===- ExpandScalars.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-expand-scalars: scalar ops that MLIR has no code for, or of which
// f32 would round twice.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace commuter {
#define GEN_PASS_DEF_EXPANDSCALARSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// True for floats that are computed in f32: f16, bf16 and those of 8 bits.
bool isNarrow(Type type) {
  auto number = dyn_cast<FloatType>(getElementTypeOrSelf(type));
  return number && number.getWidth() < 32;
}

/// Emits ops on scalars, or on vectors of one shape.
class Emitter {
public:
  Emitter(RewriterBase &rewriter, Operation *op, Type shape)
      : b(op->getLoc(), rewriter), shape(shape) {}

  Type typeOf(Type element) {
    auto shaped = dyn_cast<ShapedType>(shape);
    return shaped ? Type(shaped.clone(element)) : element;
  }
  Type f32() { return typeOf(b.getF32Type()); }
  Type f64() { return typeOf(b.getF64Type()); }
  Type integer(unsigned width) { return typeOf(b.getIntegerType(width)); }

  Value constant(Type type, int64_t value) {
    return constant(type, b.getIntegerAttr(getElementTypeOrSelf(type), value));
  }
  Value number(Type type, const APFloat &value) {
    return constant(type, b.getFloatAttr(getElementTypeOrSelf(type), value));
  }
  Value number(Type type, double value) {
    return constant(type, b.getFloatAttr(getElementTypeOrSelf(type), value));
  }
  template <typename OpTy, typename... Args>
  Value make(Args &&...args) {
    return OpTy::create(b, std::forward<Args>(args)...);
  }
  template <typename OpTy, typename Predicate>
  Value compare(Predicate predicate, Value lhs, Value rhs) {
    return OpTy::create(b, predicate, lhs, rhs);
  }
  /// `v`, of a narrow type or an f32, in f32 or f64: by way of f32, for which
  /// arith-expand has code.
  Value widen(Value v, Type type) {
    if (v.getType() != f32())
      v = make<arith::ExtFOp>(f32(), v);
    return v.getType() == type ? v : make<arith::ExtFOp>(type, v);
  }

  /// A number was rounded to nearest, to one of the given bits. Gives it
  /// rounded to odd: where it is not exact, that neighbour of which the last
  /// bit is 1. Rounding that to nearest, to at least two bits less, gives what
  /// rounding the number itself would have.
  Value toOdd(Value bits, Value isInexact, Value isTooSmall) {
    Type type = bits.getType();
    Value one = constant(type, 1);
    Value last = make<arith::AndIOp>(bits, one);
    Value isEven = compare<arith::CmpIOp>(arith::CmpIPredicate::eq, last,
                                          constant(type, 0));
    Value up = make<arith::AddIOp>(bits, one);
    Value down = make<arith::SubIOp>(bits, one);
    Value other = make<arith::SelectOp>(isTooSmall, up, down);
    Value moves = make<arith::AndIOp>(isInexact, isEven);
    return make<arith::SelectOp>(moves, other, bits);
  }

  /// An f64 in a narrow type, rounded once.
  Value roundOnce(Value v, Type type) {
    Value nearest = make<arith::TruncFOp>(f32(), v);
    Value back = make<arith::ExtFOp>(f64(), nearest);
    Value isInexact =
        compare<arith::CmpFOp>(arith::CmpFPredicate::ONE, back, v);
    Value ofBack = make<math::AbsFOp>(back);
    Value ofV = make<math::AbsFOp>(v);
    Value isTooSmall =
        compare<arith::CmpFOp>(arith::CmpFPredicate::OLT, ofBack, ofV);
    Value bits = make<arith::BitcastOp>(integer(32), nearest);
    Value odd = toOdd(bits, isInexact, isTooSmall);
    Value rounded = make<arith::BitcastOp>(f32(), odd);
    return make<arith::TruncFOp>(type, rounded);
  }

private:
  Value constant(Type type, TypedAttr value) {
    if (auto shaped = dyn_cast<ShapedType>(type))
      value = DenseElementsAttr::get(shaped, Attribute(value));
    return arith::ConstantOp::create(b, value);
  }

  ImplicitLocOpBuilder b;
  Type shape;
};

/// f64 to a narrow type, which is not the rounding of one to f32.
struct RoundOnce : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isNarrow(type) || !getElementTypeOrSelf(op.getIn().getType()).isF64())
      return failure();
    Emitter e(rewriter, op, type);
    rewriter.replaceOp(op, e.roundOnce(op.getIn(), type));
    return success();
  }
};

/// A narrow type to f64.
struct WidenTwice : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::ExtFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isNarrow(op.getIn().getType()) || !getElementTypeOrSelf(type).isF64())
      return failure();
    rewriter.replaceOp(op, Emitter(rewriter, op, type).widen(op.getIn(), type));
    return success();
  }
};

/// Integers of more digits than f32 has. Law: x = y * 2^k, where y holds x
/// without its last k digits, but for a 1 if any of them is; as an f64 that is
/// x rounded to odd.
template <typename OpTy, bool isSigned>
struct ConvertOnce : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getIn().getType();
    const unsigned width = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
    if (!isNarrow(op.getType()) || width <= 24 || width > 64)
      return failure();
    Emitter e(rewriter, op, op.getType());
    Value x = op.getIn();
    Value exact;
    if (width <= 53)
      exact = e.make<OpTy>(e.f64(), x);
    else
      exact = convertLong(e, type, x, width);
    rewriter.replaceOp(op, e.roundOnce(exact, op.getType()));
    return success();
  }

private:
  static Value convertLong(Emitter &e, Type type, Value x, unsigned width) {
    using Shift = std::conditional_t<isSigned, arith::ShRSIOp, arith::ShRUIOp>;
    const unsigned dropped = width - 53 - isSigned;
    const int64_t largest = int64_t(1) << 53;
    Value last =
        e.make<arith::AndIOp>(x, e.constant(type, (int64_t(1) << dropped) - 1));
    Value isAny = e.compare<arith::CmpIOp>(arith::CmpIPredicate::ne, last,
                                           e.constant(type, 0));
    Value any = e.make<arith::ExtUIOp>(type, isAny);
    Value first = e.make<Shift>(x, e.constant(type, dropped));
    Value y = e.make<arith::OrIOp>(first, any);
    // In [-2^53, 2^53), or below 2^53, x is an f64 itself.
    Value offset =
        isSigned ? e.make<arith::AddIOp>(x, e.constant(type, largest)) : x;
    Value isShort = e.compare<arith::CmpIOp>(
        arith::CmpIPredicate::ult, offset,
        e.constant(type, isSigned ? 2 * largest : largest));
    Value digits = e.make<arith::SelectOp>(isShort, x, y);
    Value kept = e.make<OpTy>(e.f64(), digits);
    Value one = e.number(e.f64(), 1.0);
    Value unit = e.number(e.f64(), static_cast<double>(int64_t(1) << dropped));
    Value factor = e.make<arith::SelectOp>(isShort, one, unit);
    return e.make<arith::MulFOp>(kept, factor);
  }
};

/// a * b + c. Law (Knuth): of s = p + c as it is rounded, the error is
/// (p - (s - (s - p))) + (c - (s - p)). In f64 the product of two narrow
/// numbers is exact, and no sum overflows.
struct FuseOnce : OpRewritePattern<math::FmaOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::FmaOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!isNarrow(type))
      return failure();
    Emitter e(rewriter, op, type);
    Value a = e.widen(op.getA(), e.f64()), b = e.widen(op.getB(), e.f64());
    Value p = e.make<arith::MulFOp>(a, b);
    Value c = e.widen(op.getC(), e.f64());
    Value s = e.make<arith::AddFOp>(p, c);
    Value ofC = e.make<arith::SubFOp>(s, p);
    Value ofP = e.make<arith::SubFOp>(s, ofC);
    Value errorOfP = e.make<arith::SubFOp>(p, ofP);
    Value errorOfC = e.make<arith::SubFOp>(c, ofC);
    Value error = e.make<arith::AddFOp>(errorOfP, errorOfC);
    Value zero = e.number(e.f64(), 0.0);
    auto isNegative = [&](Value v) {
      return e.compare<arith::CmpFOp>(arith::CmpFPredicate::OLT, v, zero);
    };
    Value isInexact =
        e.compare<arith::CmpFOp>(arith::CmpFPredicate::ONE, error, zero);
    Value isErrorNegative = isNegative(error), isSumNegative = isNegative(s);
    Value isTooSmall = e.compare<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                isErrorNegative, isSumNegative);
    Value bits = e.make<arith::BitcastOp>(e.integer(64), s);
    Value odd = e.toOdd(bits, isInexact, isTooSmall);
    Value rounded = e.make<arith::BitcastOp>(e.f64(), odd);
    rewriter.replaceOp(op, e.roundOnce(rounded, type));
    return success();
  }
};

/// |x| = infinity; or |x| in [smallest normal number of its type, infinity).
template <typename OpTy>
struct ExpandClass : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Value x = op.getOperand();
    auto element = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    Emitter e(rewriter, op, x.getType());
    if (isNarrow(x.getType()))
      x = e.widen(x, e.f32());
    auto wide = cast<FloatType>(getElementTypeOrSelf(x.getType()));
    Value size = e.make<math::AbsFOp>(x);
    Value infinity =
        e.number(x.getType(), APFloat::getInf(wide.getFloatSemantics()));
    if (std::is_same_v<OpTy, math::IsInfOp>) {
      rewriter.replaceOp(op, e.compare<arith::CmpFOp>(arith::CmpFPredicate::OEQ,
                                                      size, infinity));
      return success();
    }
    APFloat smallest =
        APFloat::getSmallestNormalized(element.getFloatSemantics());
    bool loses;
    smallest.convert(wide.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                     &loses);
    Value isLarge = e.compare<arith::CmpFOp>(arith::CmpFPredicate::OGE, size,
                                             e.number(x.getType(), smallest));
    Value isFinite =
        e.compare<arith::CmpFOp>(arith::CmpFPredicate::OLT, size, infinity);
    rewriter.replaceOpWithNewOp<arith::AndIOp>(op, isLarge, isFinite);
    return success();
  }
};

/// Upstream's lowering takes `index` for a struct.
struct ExpandIndexSum : OpRewritePattern<arith::AddUIExtendedOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::AddUIExtendedOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getLhs().getType()).isIndex())
      return failure();
    Emitter e(rewriter, op, op.getLhs().getType());
    Value sum = e.make<arith::AddIOp>(op.getLhs(), op.getRhs());
    Value overflows =
        e.compare<arith::CmpIOp>(arith::CmpIPredicate::ult, sum, op.getLhs());
    rewriter.replaceOp(op, {sum, overflows});
    return success();
  }
};

/// Upstream has code for powers of integers of a given width alone.
struct ExpandIndexPower : OpRewritePattern<math::IPowIOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::IPowIOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isIndex())
      return failure();
    Emitter e(rewriter, op, op.getType());
    auto widen = [&](Value v) {
      return e.make<arith::IndexCastOp>(e.integer(64), v);
    };
    Value base = widen(op.getLhs()), exponent = widen(op.getRhs());
    Value power = e.make<math::IPowIOp>(base, exponent);
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, op.getType(), power);
    return success();
  }
};

struct ExpandScalars
    : public commuter::impl::ExpandScalarsPassBase<ExpandScalars> {
  void runOnOperation() override {
    // Code of LLVM rounds to nearest, whatever an op says.
    WalkResult result = getOperation()->walk([](Operation *op) {
      auto rounding = dyn_cast<arith::ArithRoundingModeInterface>(op);
      auto mode = rounding ? rounding.getRoundingModeAttr() : nullptr;
      if (!mode)
        return WalkResult::advance();
      if (mode.getValue() != arith::RoundingMode::to_nearest_even) {
        op->emitOpError() << "rounds "
                          << arith::stringifyRoundingMode(mode.getValue())
                          << ", for which there is no code";
        return WalkResult::interrupt();
      }
      op->removeAttr(rounding.getRoundingModeAttrName());
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();

    RewritePatternSet patterns(&getContext());
    patterns.add<RoundOnce, WidenTwice, ConvertOnce<arith::SIToFPOp, true>,
                 ConvertOnce<arith::UIToFPOp, false>, FuseOnce,
                 ExpandClass<math::IsInfOp>, ExpandClass<math::IsNormalOp>,
                 ExpandIndexSum, ExpandIndexPower>(&getContext());
    math::populateExpansionPatterns(patterns, {"clampf"});
    walkAndApplyPatterns(getOperation(), std::move(patterns));
  }
};

} // namespace
