//===- BufferizableOpInterfaceImpl.cpp -----------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the norm ops bufferise: into new buffers, by the ops on buffers
// (norm.*_into).
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Norm/Transforms/BufferizableOpInterfaceImpl.h"

#include "commuter/Dialect/Norm/IR/Norm.h"
#include "commuter/Interfaces/OutOfPlaceModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace commuter;
using namespace commuter::norm;

namespace {

/// The buffer of a tensor that may be absent.
FailureOr<Value> getOptionalBuffer(RewriterBase &rewriter, Value tensor,
                                   const BufferizationOptions &options,
                                   const BufferizationState &state) {
  if (!tensor)
    return Value();
  return getBuffer(rewriter, tensor, options, state);
}

template <typename OpTy>
struct NormModel : public OutOfPlaceModel<NormModel<OpTy>, OpTy> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<OpTy>(operation);
    Location loc = op.getLoc();
    auto toBuffer = [&](Value tensor) {
      return getOptionalBuffer(rewriter, tensor, options, state);
    };
    FailureOr<Value> input = toBuffer(op.getInput());
    FailureOr<Value> scale = toBuffer(op.getScale());
    if (failed(input) || failed(scale))
      return failure();
    FailureOr<Value> output =
        allocateResult(rewriter, loc, op.getInput().getType(), *input, options);
    if (failed(output))
      return failure();
    FailureOr<Value> residual = Value(), sum = Value();
    if constexpr (requires { op.getResidual(); }) {
      residual = toBuffer(op.getResidual());
      sum = allocateResult(rewriter, loc, op.getInput().getType(), *input,
                           options);
      if (failed(residual) || failed(sum))
        return failure();
    }
    auto axis = rewriter.getI64IntegerAttr(op.getNormAxis());
    if constexpr (requires { op.getBias(); }) {
      FailureOr<Value> bias = toBuffer(op.getBias());
      if (failed(bias))
        return failure();
      LayerNormIntoOp::create(rewriter, loc, *input, *output, *residual, *sum,
                              *scale, *bias, axis, op.getEpsAttr());
    } else {
      RMSNormIntoOp::create(rewriter, loc, *input, *output, *residual, *sum,
                            *scale, op.getOffsetAttr(), axis, op.getEpsAttr());
    }
    SmallVector<Value> results;
    if (*sum)
      results.push_back(*sum);
    results.push_back(*output);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

/// New buffers for what a quantisation of `input` gives.
template <typename OpTy>
LogicalResult allocateQuantized(OpTy op, RewriterBase &rewriter, Value input,
                                const BufferizationOptions &options,
                                Value &output, Value &scales) {
  Location loc = op.getLoc();
  FailureOr<Value> allocated =
      allocateResult(rewriter, loc, op.getOutput().getType(), input, options);
  if (failed(allocated))
    return failure();
  output = *allocated;
  if (!op.getScales())
    return success();
  auto type = cast<RankedTensorType>(op.getScales().getType());
  allocated = allocateResult(
      rewriter, loc, type, input, options, [&](int64_t dim) -> Value {
        if (dim != type.getRank() - 1 || !op.getGroupSize())
          return {};
        Value length = memref::DimOp::create(rewriter, loc, input, dim);
        Value size =
            arith::ConstantIndexOp::create(rewriter, loc, *op.getGroupSize());
        return arith::DivUIOp::create(rewriter, loc, length, size);
      });
  if (failed(allocated))
    return failure();
  scales = *allocated;
  return success();
}

template <typename OpTy>
IntegerAttr getGroup(OpTy op, Builder &builder) {
  return builder.getI64IntegerAttr(op.getGroupSize().value_or(0));
}

struct QuantizeModel : public OutOfPlaceModel<QuantizeModel, QuantizeOp> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<QuantizeOp>(operation);
    FailureOr<Value> input = getBuffer(rewriter, op.getInput(), options, state);
    FailureOr<Value> given =
        getOptionalBuffer(rewriter, op.getStaticScale(), options, state);
    Value output, scales;
    if (failed(input) || failed(given) ||
        failed(
            allocateQuantized(op, rewriter, *input, options, output, scales)))
      return failure();
    QuantizeIntoOp::create(rewriter, op.getLoc(), *input, output, *given,
                           scales, getGroup(op, rewriter));
    SmallVector<Value> results{output};
    if (scales)
      results.push_back(scales);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

struct DequantizeModel : public OutOfPlaceModel<DequantizeModel, DequantizeOp> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<DequantizeOp>(operation);
    FailureOr<Value> input = getBuffer(rewriter, op.getInput(), options, state);
    FailureOr<Value> scales =
        getBuffer(rewriter, op.getScales(), options, state);
    if (failed(input) || failed(scales))
      return failure();
    FailureOr<Value> output = allocateResult(
        rewriter, op.getLoc(), op.getOutput().getType(), *input, options);
    if (failed(output))
      return failure();
    DequantizeIntoOp::create(rewriter, op.getLoc(), *input, *scales, *output);
    replaceOpWithBufferizedValues(rewriter, op, *output);
    return success();
  }
};

struct NormQuantizeModel
    : public OutOfPlaceModel<NormQuantizeModel, NormQuantizeOp> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<NormQuantizeOp>(operation);
    SmallVector<Value> buffers;
    for (Value tensor : {op.getInput(), op.getResidual(), op.getScale(),
                         op.getBias(), op.getStaticScale()}) {
      FailureOr<Value> buffer =
          getOptionalBuffer(rewriter, tensor, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    Value input = buffers[0], sum, output, scales;
    if (op.getSum()) {
      FailureOr<Value> allocated = allocateResult(
          rewriter, op.getLoc(), op.getSum().getType(), input, options);
      if (failed(allocated))
        return failure();
      sum = *allocated;
    }
    if (failed(allocateQuantized(op, rewriter, input, options, output, scales)))
      return failure();
    NormQuantizeIntoOp::create(
        rewriter, op.getLoc(), op.getKindAttr(), input, output, buffers[1], sum,
        buffers[2], buffers[3], buffers[4], scales, getGroup(op, rewriter),
        op.getOffsetAttr(), op.getAxisAttr(), op.getEpsAttr());
    SmallVector<Value> results;
    for (Value result : {sum, output, scales})
      if (result)
        results.push_back(result);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

void commuter::norm::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NormDialect *) {
    context->loadDialect<arith::ArithDialect, memref::MemRefDialect>();
    LayerNormOp::attachInterface<NormModel<LayerNormOp>>(*context);
    RMSNormOp::attachInterface<NormModel<RMSNormOp>>(*context);
    AddLayerNormOp::attachInterface<NormModel<AddLayerNormOp>>(*context);
    AddRMSNormOp::attachInterface<NormModel<AddRMSNormOp>>(*context);
    QuantizeOp::attachInterface<QuantizeModel>(*context);
    DequantizeOp::attachInterface<DequantizeModel>(*context);
    NormQuantizeOp::attachInterface<NormQuantizeModel>(*context);
  });
}
