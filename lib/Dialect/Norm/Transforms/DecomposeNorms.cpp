//===- DecomposeNorms.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// norm-to-linalg: norms as loops over rows, and the pass.
//
//===----------------------------------------------------------------------===//

#include "Decompose.h"
#include "RowGeneric.h"

#include "commuter/Dialect/Norm/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace commuter::norm {
#define GEN_PASS_DEF_NORMTOLINALGPASS
#include "commuter/Dialect/Norm/Transforms/Passes.h.inc"
} // namespace commuter::norm

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

namespace {

/// What all norms have; `bias` is of layer norms, `offset` of RMS norms.
struct NormOperands {
  Value input, scale, bias;
  int64_t axis;
  double eps, offset;
};

/// Emits a norm in the arithmetic of the kernels (runtime/cpu/Kernels.h), step
/// by step, except that a sum runs from the first element to the last.
class NormEmitter {
public:
  NormEmitter(OpBuilder &builder, Location loc, const NormOperands &norm)
      : norm(norm), type(cast<RankedTensorType>(norm.input.getType())),
        compute(type.getElementType().isF64() ? Type(builder.getF64Type())
                                              : Type(builder.getF32Type())),
        loops(builder, loc, norm.input), rows(loops.dims(0, norm.axis)),
        columns(loops.dims(norm.axis, type.getRank())), all(loops.allDims()),
        length(loops.count(columns, compute)) {}

  /// 1 / sqrt(mean(x^2) + eps), then x * factor * (offset + scale).
  Value emitRMSNorm() {
    Value squares = loops.reduce(
        {{norm.input, all}}, rows, compute,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value x = convertFloat(b, v[0], compute);
          Value square = arith::MulFOp::create(b, x, x);
          return {arith::AddFOp::create(b, v[1], square)};
        })[0];
    Value factor = loops.map(
        {{squares, rows}}, rows, compute,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {emitFactor(b, arith::DivFOp::create(b, v[0], length))};
        })[0];
    return emitResult(
        {{factor, rows}},
        [&](ImplicitLocOpBuilder &b, Value x, ValueRange statistics) -> Value {
          return arith::MulFOp::create(b, x, statistics[0]);
        });
  }

  /// Two passes; what the deviations from the mean sum up to is its rounding
  /// error, which is taken out of the variance and of the result (Chan, Golub,
  /// LeVeque, 1983).
  Value emitLayerNorm() {
    Value sum = loops.reduce(
        {{norm.input, all}}, rows, compute,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value x = convertFloat(b, v[0], compute);
          return {arith::AddFOp::create(b, v[1], x)};
        })[0];
    Value mean = loops.map(
        {{sum, rows}}, rows, compute,
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          return {arith::DivFOp::create(b, v[0], length)};
        })[0];
    SmallVector<Value> sums = loops.reduce(
        {{norm.input, all}, {mean, rows}}, rows, {compute, compute},
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value x = convertFloat(b, v[0], compute);
          Value deviation = arith::SubFOp::create(b, x, v[1]);
          Value square = arith::MulFOp::create(b, deviation, deviation);
          return {arith::AddFOp::create(b, v[2], deviation),
                  arith::AddFOp::create(b, v[3], square)};
        });
    SmallVector<Value> statistics = loops.map(
        {{sums[0], rows}, {sums[1], rows}}, rows, {compute, compute},
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value shift = arith::DivFOp::create(b, v[0], length);
          Value error = arith::MulFOp::create(b, v[0], shift);
          Value squares = arith::SubFOp::create(b, v[1], error);
          Value variance = arith::MaximumFOp::create(
              b, arith::DivFOp::create(b, squares, length),
              createConstant(b, compute, 0.0));
          return {shift, emitFactor(b, variance)};
        });
    return emitResult(
        {{mean, rows}, {statistics[0], rows}, {statistics[1], rows}},
        [&](ImplicitLocOpBuilder &b, Value x, ValueRange v) -> Value {
          Value deviation = arith::SubFOp::create(b, x, v[0]);
          deviation = arith::SubFOp::create(b, deviation, v[1]);
          return arith::MulFOp::create(b, deviation, v[2]);
        });
  }

private:
  Value emitFactor(ImplicitLocOpBuilder &b, Value variance) {
    Value sum = arith::AddFOp::create(b, variance,
                                      createConstant(b, compute, norm.eps));
    return arith::DivFOp::create(b, createConstant(b, compute, 1.0),
                                 math::SqrtOp::create(b, sum));
  }

  /// normalize(x, statistics) * (offset + scale) + bias, rounded to x's type.
  Value
  emitResult(ArrayRef<RowGeneric::Operand> statistics,
             function_ref<Value(ImplicitLocOpBuilder &, Value, ValueRange)>
                 normalize) {
    SmallVector<RowGeneric::Operand> operands = {{norm.input, all}};
    llvm::append_range(operands, statistics);
    for (Value parameter : {norm.scale, norm.bias})
      if (parameter)
        operands.emplace_back(parameter, columns);
    return loops.map(
        operands, all, type.getElementType(),
        [&](ImplicitLocOpBuilder &b, ValueRange v) -> SmallVector<Value> {
          Value y = normalize(b, convertFloat(b, v[0], compute),
                              v.slice(1, statistics.size()));
          v = v.drop_front(1 + statistics.size());
          if (norm.scale) {
            Value scale = convertFloat(b, v[0], compute);
            if (norm.offset != 0.0)
              scale = arith::AddFOp::create(
                  b, scale, createConstant(b, compute, norm.offset));
            y = arith::MulFOp::create(b, y, scale);
          }
          if (norm.bias)
            y = arith::AddFOp::create(b, y, convertFloat(b, v.back(), compute));
          return {convertFloat(b, y, type.getElementType())};
        })[0];
  }

  NormOperands norm;
  RankedTensorType type;
  Type compute;
  RowGeneric loops;
  RowGeneric::Dims rows, columns, all;
  /// The number of elements of a row.
  Value length;
};

/// Law: the op's definition.
template <typename NormTy>
struct DecomposeNorm : public OpRewritePattern<NormTy> {
  using OpRewritePattern<NormTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(NormTy op,
                                PatternRewriter &rewriter) const override {
    NormOperands norm{op.getInput(),
                      op.getScale(),
                      {},
                      op.getNormAxis(),
                      op.getEps().convertToDouble(),
                      0.0};
    constexpr bool isLayerNorm = requires { op.getBias(); };
    if constexpr (isLayerNorm)
      norm.bias = op.getBias();
    else
      norm.offset = op.getOffset().convertToDouble();
    SmallVector<Value> results;
    if constexpr (requires { op.getResidual(); }) {
      norm.input = arith::AddFOp::create(rewriter, op.getLoc(), op.getInput(),
                                         op.getResidual());
      results.push_back(norm.input);
    }
    NormEmitter emitter(rewriter, op.getLoc(), norm);
    Value result =
        isLayerNorm ? emitter.emitLayerNorm() : emitter.emitRMSNorm();
    // Sizes may be known in the type of the input alone, and encodings are.
    if (result.getType() != op->getResult(0).getType())
      result = tensor::CastOp::create(rewriter, op.getLoc(),
                                      op->getResult(0).getType(), result);
    results.push_back(result);
    rewriter.replaceOp(op, results);
    return success();
  }
};

struct NormToLinalg
    : public commuter::norm::impl::NormToLinalgPassBase<NormToLinalg> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateDecomposeNormPatterns(patterns);
    populateDecomposeQuantizePatterns(patterns);
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace

void commuter::norm::populateDecomposeNormPatterns(
    RewritePatternSet &patterns) {
  patterns.add<DecomposeNorm<LayerNormOp>, DecomposeNorm<RMSNormOp>,
               DecomposeNorm<AddLayerNormOp>, DecomposeNorm<AddRMSNormOp>>(
      patterns.getContext());
}
