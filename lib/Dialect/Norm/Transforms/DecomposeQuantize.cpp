//===- DecomposeQuantize.cpp ---------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// norm-to-linalg: quantisations as loops over groups of elements.
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "RowGeneric.h"

#include "commuter/Dialect/Norm/IR/FloatBits.h"
#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

namespace {

//===----------------------------------------------------------------------===//
// Scalars: the arithmetic that the dialect's description defines, bit for bit
//===----------------------------------------------------------------------===//

/// i8: ties to even, saturated to [-128, 127]; NaN becomes 0.
Value encodeI8(ImplicitLocOpBuilder &builder, Value v) {
  BitBuilder b(builder);
  Value isNumber = b.make<arith::CmpFOp>(arith::CmpFPredicate::ORD, v, v);
  v = b.select(isNumber, v, b.number(0.0f));
  v = b.make<arith::MaximumFOp>(v, b.number(-128.0f));
  v = b.make<arith::MinimumFOp>(v, b.number(127.0f));
  v = math::RoundEvenOp::create(builder, v);
  return arith::FPToSIOp::create(builder, builder.getI8Type(), v);
}

float getLargestNumber(Type quantized) {
  auto format = dyn_cast<FloatType>(quantized);
  return format ? Float8(format).max() : 127.0f;
}

Value encode(ImplicitLocOpBuilder &builder, Type quantized, Value v) {
  if (auto format = dyn_cast<FloatType>(quantized))
    return Float8(format).encode(builder, v, Float8::Overflow::Saturates);
  return encodeI8(builder, v);
}

Value decode(ImplicitLocOpBuilder &builder, Value v) {
  if (auto format = dyn_cast<FloatType>(v.getType()))
    return Float8(format).decode(builder, v);
  return arith::SIToFPOp::create(builder, builder.getF32Type(), v);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// A tensor [.., K] as [.., G, K/G], the elements of a group along the last
/// dimension; and back.
class GroupView {
public:
  /// `groups`, `length`: G and K/G, one of which may be unknown to the type.
  GroupView(ImplicitLocOpBuilder &b, Value tensor, OpFoldResult groups,
            OpFoldResult length)
      : b(b), type(cast<RankedTensorType>(tensor.getType())) {
    const int64_t rank = type.getRank();
    for (int64_t dim = 0; dim < rank; ++dim) {
      reassociation.push_back({dim});
      wholeSizes.push_back(tensor::getMixedSize(b, b.getLoc(), tensor, dim));
    }
    reassociation.back().push_back(rank);
    sizes = wholeSizes;
    sizes.back() = groups;
    sizes.push_back(length);
    SmallVector<int64_t> shape;
    std::tie(shape, std::ignore) = decomposeMixedValues(sizes);
    // A reshape of an unknown size gives unknown sizes.
    if (type.isDynamicDim(rank - 1) &&
        llvm::none_of(ArrayRef(shape).take_back(2), ShapedType::isDynamic))
      shape.back() = ShapedType::kDynamic;
    expanded = type.clone(shape);
  }

  Value expand(Value tensor) {
    auto element = cast<RankedTensorType>(tensor.getType()).getElementType();
    return tensor::ExpandShapeOp::create(b, expanded.clone(element), tensor,
                                         reassociation, sizes);
  }
  Value collapse(Value tensor) {
    return tensor::CollapseShapeOp::create(b, tensor, reassociation);
  }

private:
  ImplicitLocOpBuilder &b;
  RankedTensorType type, expanded;
  SmallVector<ReassociationIndices> reassociation;
  SmallVector<OpFoldResult> wholeSizes, sizes;
};

Value castTo(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(b, type, value);
}

OpFoldResult getLastSize(ImplicitLocOpBuilder &b, Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  return tensor::getMixedSize(b, b.getLoc(), tensor, rank - 1);
}

/// a / b; what divides is 1 or more.
OpFoldResult divide(ImplicitLocOpBuilder &b, OpFoldResult lhs,
                    OpFoldResult rhs) {
  std::optional<int64_t> l = getConstantIntValue(lhs),
                         r = getConstantIntValue(rhs);
  if (l && r)
    return b.getIndexAttr(*l / *r);
  return Value(arith::DivUIOp::create(
      b, getValueOrCreateConstantIndexOp(b, b.getLoc(), lhs),
      getValueOrCreateConstantIndexOp(b, b.getLoc(), rhs)));
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// Law: the op's definition: scale = max(max|x| / M, 2^-126) of what shares it,
/// q = saturate(x * (1 / scale)). A maximum has no order, all else is
/// elementwise in operations that IEEE 754 defines: the bits are the kernel's.
struct DecomposeQuantize : public OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value input = op.getInput();
    std::optional<GroupView> view;
    if (op.getMode() == QuantizeMode::PerRow)
      view.emplace(b, input, b.getIndexAttr(1), getLastSize(b, input));
    else if (op.getMode() == QuantizeMode::PerGroup) {
      OpFoldResult group = b.getIndexAttr(*op.getGroupSize());
      view.emplace(b, input, divide(b, getLastSize(b, input), group), group);
    }
    if (view)
      input = view->expand(input);
    RowGeneric loops(rewriter, op.getLoc(), input);
    RowGeneric::Dims all = loops.allDims(), scaled;
    if (view)
      scaled = loops.dims(0, all.size() - 1);
    Type quantized = getElementTypeOrSelf(op.getOutput().getType());
    Value scales = op.getStaticScale();
    if (!scales)
      scales = emitScales(loops, input, scaled, quantized, b.getF32Type());
    Value output = loops.map(
        {{input, all}, {scales, scaled}}, all, quantized,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value inverse = arith::DivFOp::create(
              b, createConstant(b, b.getF32Type(), 1.0), v[1]);
          Value x = convertFloat(b, v[0], b.getF32Type());
          return {encode(b, quantized, arith::MulFOp::create(b, x, inverse))};
        })[0];
    if (view)
      output = view->collapse(output);
    SmallVector<Value> results = {castTo(b, output, op.getOutput().getType())};
    if (op.getScales())
      results.push_back(castTo(b, scales, op.getScales().getType()));
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  static Value emitScales(RowGeneric &loops, Value input,
                          const RowGeneric::Dims &scaled, Type quantized,
                          Type f32) {
    Value largest = loops.reduce(
        {{input, loops.allDims()}}, scaled, f32,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value x = math::AbsFOp::create(b, convertFloat(b, v[0], f32));
          return {arith::MaximumFOp::create(b, v[1], x)};
        })[0];
    return loops.map(
        {{largest, scaled}}, scaled, f32,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value scale = arith::DivFOp::create(
              b, v[0], createConstant(b, f32, getLargestNumber(quantized)));
          scale = arith::MaximumFOp::create(b, scale,
                                            createConstant(b, f32, 0x1p-126));
          return {BitBuilder(b).withOneNaN(scale)};
        })[0];
  }
};

/// Law: the op's definition, q * scale. NaN is the quiet one.
struct DecomposeDequantize : public OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value input = op.getInput(), scales = op.getScales();
    const bool isShared =
        cast<RankedTensorType>(scales.getType()).getRank() == 0;
    if (!isShared && isa<Value>(getLastSize(b, scales))) {
      rewriter.replaceOp(op, lookUpScales(b, op));
      return success();
    }
    std::optional<GroupView> view;
    if (!isShared) {
      OpFoldResult groups = getLastSize(b, scales);
      view.emplace(b, input, groups,
                   divide(b, getLastSize(b, input), atLeastOne(b, groups)));
      input = view->expand(input);
    }
    RowGeneric loops(rewriter, op.getLoc(), input);
    RowGeneric::Dims all = loops.allDims(), scaled;
    if (view)
      scaled = loops.dims(0, all.size() - 1);
    Type element = getElementTypeOrSelf(op.getOutput().getType());
    Value output = loops.map(
        {{input, all}, {scales, scaled}}, all, element,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {multiply(b, v[0], v[1], element)};
        })[0];
    if (view)
      output = view->collapse(output);
    rewriter.replaceOp(op, castTo(b, output, op.getOutput().getType()));
    return success();
  }

private:
  static Value multiply(ImplicitLocOpBuilder &b, Value code, Value scale,
                        Type element) {
    Value x = arith::MulFOp::create(b, decode(b, code), scale);
    return convertFloat(b, BitBuilder(b).withOneNaN(x), element);
  }

  /// No groups are groups of a row without elements.
  static OpFoldResult atLeastOne(ImplicitLocOpBuilder &b, OpFoldResult groups) {
    if (auto unknown = dyn_cast<Value>(groups))
      return Value(arith::MaxUIOp::create(
          b, unknown, arith::ConstantIndexOp::create(b, 1)));
    return isConstantIntValue(groups, 0) ? b.getIndexAttr(1) : groups;
  }

  /// A reshape into groups of which neither number nor length is known has no
  /// lowering upstream: each element finds its scale by its place.
  static Value lookUpScales(ImplicitLocOpBuilder &b, DequantizeOp op) {
    RowGeneric loops(b, op.getLoc(), op.getInput());
    RowGeneric::Dims all = loops.allDims();
    OpFoldResult length = divide(b, getLastSize(b, op.getInput()),
                                 atLeastOne(b, getLastSize(b, op.getScales())));
    Type element = getElementTypeOrSelf(op.getOutput().getType());
    Value output = loops.map(
        {{op.getInput(), all}}, all, element,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          SmallVector<Value> place;
          for (unsigned dim : all)
            place.push_back(linalg::IndexOp::create(b, dim));
          place.back() = arith::DivUIOp::create(
              b, place.back(),
              getValueOrCreateConstantIndexOp(b, b.getLoc(), length));
          Value scale = tensor::ExtractOp::create(b, op.getScales(), place);
          return {multiply(b, v[0], scale, element)};
        })[0];
    return castTo(b, output, op.getOutput().getType());
  }
};

/// Law: norm_quantize(x) = quantize(norm(x)), which are then decomposed.
struct SplitNormQuantize : public OpRewritePattern<NormQuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(NormQuantizeOp op,
                                PatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type type = op.getInput().getType();
    IntegerAttr axis = op.getAxisAttr();
    SmallVector<Value> results;
    Value input = op.getInput();
    if (Value residual = op.getResidual()) {
      input = arith::AddFOp::create(rewriter, loc, input, residual);
      results.push_back(input);
    }
    Value normalized;
    if (op.getKind() == NormKind::Layer)
      normalized =
          LayerNormOp::create(rewriter, loc, type, input, op.getScale(),
                              op.getBias(), axis, op.getEpsAttr());
    else
      normalized = RMSNormOp::create(rewriter, loc, type, input, op.getScale(),
                                     op.getOffsetAttr(), axis, op.getEpsAttr());
    Type scales = op.getScales() ? op.getScales().getType() : Type();
    auto quantize = QuantizeOp::create(
        rewriter, loc, op.getOutput().getType(), scales, normalized,
        op.getModeAttr(), op.getStaticScale(), op.getGroupSizeAttr());
    llvm::append_range(results, quantize->getResults());
    rewriter.replaceOp(op, results);
    return success();
  }
};

} // namespace

void commuter::norm::populateDecomposeQuantizePatterns(
    RewritePatternSet &patterns) {
  patterns.add<DecomposeQuantize, DecomposeDequantize, SplitNormQuantize>(
      patterns.getContext());
}
