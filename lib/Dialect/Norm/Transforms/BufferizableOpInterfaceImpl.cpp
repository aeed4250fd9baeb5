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

using namespace mlir;
using namespace mlir::bufferization;
using namespace commuter;
using namespace commuter::norm;

namespace {

template <typename OpTy>
struct NormModel : public OutOfPlaceModel<NormModel<OpTy>, OpTy> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<OpTy>(operation);
    Location loc = op.getLoc();
    auto toBuffer = [&](Value tensor) -> FailureOr<Value> {
      if (!tensor)
        return Value();
      return getBuffer(rewriter, tensor, options, state);
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

} // namespace

void commuter::norm::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NormDialect *) {
    context->loadDialect<memref::MemRefDialect>();
    LayerNormOp::attachInterface<NormModel<LayerNormOp>>(*context);
    RMSNormOp::attachInterface<NormModel<RMSNormOp>>(*context);
    AddLayerNormOp::attachInterface<NormModel<AddLayerNormOp>>(*context);
    AddRMSNormOp::attachInterface<NormModel<AddRMSNormOp>>(*context);
  });
}
