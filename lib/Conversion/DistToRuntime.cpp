//===- DistToRuntime.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-dist-to-runtime: bufferised dist and norm ops to runtime calls.
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Conversion/RuntimeTypes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Norm/IR/Norm.h"

#include "commuter_rt.h"

#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/DialectConversion.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTDISTTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;
using namespace commuter::norm;

//===----------------------------------------------------------------------===//
// Codes of the ABI
//===----------------------------------------------------------------------===//

static int32_t getReduction(ReductionKind kind) {
  switch (kind) {
  case ReductionKind::Sum:
    return COMMUTER_SUM;
  case ReductionKind::Max:
    return COMMUTER_MAX;
  case ReductionKind::Min:
    return COMMUTER_MIN;
  }
  llvm_unreachable("unknown reduction");
}

namespace {

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// One op, one call.
template <typename OpTy>
struct CallPattern : public ConvertOpToLLVMPattern<OpTy> {
  CallPattern(const LLVMTypeConverter &converter, SharedByCalls &shared)
      : ConvertOpToLLVMPattern<OpTy>(converter), shared(shared) {}

  using Adaptor = typename OpTy::Adaptor;

  LogicalResult
  matchAndRewrite(OpTy op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CallBuilder call(rewriter, op, shared);
    return emit(op, adaptor, call, rewriter);
  }

  virtual LogicalResult emit(OpTy op, Adaptor adaptor, CallBuilder &call,
                             ConversionPatternRewriter &rewriter) const = 0;

protected:
  /// The call instead of the op, which has no result.
  static LogicalResult replace(OpTy op, CallBuilder &call, StringRef name,
                               ConversionPatternRewriter &rewriter) {
    if (failed(call.call(name)))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }

  SharedByCalls &shared;
};

#define CALL_PATTERN(OpTy)                                                     \
  struct OpTy##Pattern : public CallPattern<OpTy> {                            \
    using CallPattern::CallPattern;                                            \
    LogicalResult emit(OpTy op, Adaptor adaptor, CallBuilder &call,            \
                       ConversionPatternRewriter &rewriter) const override;    \
  };                                                                           \
  LogicalResult OpTy##Pattern::emit(OpTy op, Adaptor adaptor,                  \
                                    CallBuilder &call,                         \
                                    ConversionPatternRewriter &rewriter) const

CALL_PATTERN(AllGatherIntoOp) {
  call.group(op);
  const int64_t count = static_cast<int64_t>(op.getInputs().size());
  auto extentsOf = [&](ValueRange extents, int64_t i) {
    return extents.empty() ? Value() : extents[i];
  };
  // A commuter_gather_t of each.
  SmallVector<CallBuilder::Struct> gathers;
  for (int64_t i = 0; i < count; ++i) {
    CallBuilder::Struct &gather = gathers.emplace_back();
    gather.push_back(call.makeView(op.getInputs()[i], adaptor.getInputs()[i]));
    gather.push_back(
        call.makeView(op.getOutputs()[i], adaptor.getOutputs()[i]));
    gather.push_back(call.makeView(extentsOf(op.getExtents(), i),
                                   extentsOf(adaptor.getExtents(), i)));
    gather.push_back(call.makeI64(op.getDims()[i]));
  }
  call.structs(gathers).i64(count);
  return replace(op, call, "all_gather", rewriter);
}

CALL_PATTERN(AllReduceIntoOp) {
  call.group(op)
      .view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput())
      .i32(getReduction(op.getKind()));
  return replace(op, call, "all_reduce", rewriter);
}

CALL_PATTERN(ReduceScatterIntoOp) {
  call.group(op)
      .view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput())
      .i64(op.getDim())
      .i32(getReduction(op.getKind()));
  return replace(op, call, "reduce_scatter", rewriter);
}

CALL_PATTERN(AllToAllIntoOp) {
  call.group(op)
      .view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput())
      .i64(op.getSplitDim())
      .i64(op.getConcatDim());
  return replace(op, call, "all_to_all", rewriter);
}

CALL_PATTERN(ToPartialIntoOp) {
  call.group(op)
      .view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput());
  return replace(op, call, "to_partial", rewriter);
}

CALL_PATTERN(ExchangeExtentsIntoOp) {
  call.group(op)
      .view(op.getOutput(), adaptor.getOutput())
      .add(adaptor.getExtent());
  return replace(op, call, "exchange_extents", rewriter);
}

CALL_PATTERN(CheckReplicatedOp) {
  call.group(op).view(op.getInput(), adaptor.getInput());
  return replace(op, call, "check_replicated", rewriter);
}

CALL_PATTERN(AxisIndexOp) {
  auto result =
      call.group(op).call("axis_index", getTypeConverter()->getIndexType());
  if (failed(result))
    return failure();
  rewriter.replaceOp(op, *result);
  return success();
}

CALL_PATTERN(AxisSizeOp) {
  auto result =
      call.group(op).call("axis_size", getTypeConverter()->getIndexType());
  if (failed(result))
    return failure();
  rewriter.replaceOp(op, *result);
  return success();
}

CALL_PATTERN(ShardBoundsOp) {
  call.group(op)
      .view(op.getExtents(), adaptor.getExtents())
      .add(adaptor.getExtent());
  if (adaptor.getExpected())
    call.add(adaptor.getExpected());
  else
    call.i64(-1);
  Type index = getTypeConverter()->getIndexType();
  auto offset = call.call("shard_offset", index);
  auto size = call.call("shard_size", index);
  if (failed(offset) || failed(size))
    return failure();
  rewriter.replaceOp(op, {offset->getResult(), size->getResult()});
  return success();
}

CALL_PATTERN(LayerNormIntoOp) {
  call.view(op.getInput(), adaptor.getInput())
      .view(op.getResidual(), adaptor.getResidual())
      .view(op.getSum(), adaptor.getSum())
      .view(op.getScale(), adaptor.getScale())
      .view(op.getBias(), adaptor.getBias())
      .view(op.getOutput(), adaptor.getOutput())
      .i64(op.getAxis())
      .f64(op.getEps());
  return replace(op, call, "layer_norm", rewriter);
}

CALL_PATTERN(RMSNormIntoOp) {
  call.view(op.getInput(), adaptor.getInput())
      .view(op.getResidual(), adaptor.getResidual())
      .view(op.getSum(), adaptor.getSum())
      .view(op.getScale(), adaptor.getScale())
      .view(op.getOutput(), adaptor.getOutput())
      .i64(op.getAxis())
      .f64(op.getEps())
      .f64(op.getOffset());
  return replace(op, call, "rms_norm", rewriter);
}

/// The buffer of the scales, which are an operand or a result, and whether they
/// are computed, a commuter_scales_t.
template <typename OpTy, typename Adaptor>
static void addScales(OpTy op, Adaptor adaptor, CallBuilder &call) {
  const bool isGiven = static_cast<bool>(op.getStaticScale());
  if (isGiven)
    call.view(op.getStaticScale(), adaptor.getStaticScale());
  else
    call.view(op.getScales(), adaptor.getScales());
  call.i64(op.getGroup())
      .i32(isGiven ? COMMUTER_SCALES_GIVEN : COMMUTER_SCALES_COMPUTED);
}

CALL_PATTERN(QuantizeIntoOp) {
  call.view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput());
  addScales(op, adaptor, call);
  return replace(op, call, "quantize", rewriter);
}

CALL_PATTERN(DequantizeIntoOp) {
  call.view(op.getInput(), adaptor.getInput())
      .view(op.getScales(), adaptor.getScales())
      .view(op.getOutput(), adaptor.getOutput());
  return replace(op, call, "dequantize", rewriter);
}

CALL_PATTERN(NormQuantizeIntoOp) {
  call.view(op.getInput(), adaptor.getInput())
      .view(op.getResidual(), adaptor.getResidual())
      .view(op.getSum(), adaptor.getSum())
      .view(op.getScale(), adaptor.getScale())
      .view(op.getBias(), adaptor.getBias())
      .view(op.getOutput(), adaptor.getOutput());
  addScales(op, adaptor, call);
  call.i32(op.getKind() == NormKind::RMS ? COMMUTER_RMS_NORM
                                         : COMMUTER_LAYER_NORM)
      .i64(op.getAxis())
      .f64(op.getEps())
      .f64(op.getOffset());
  return replace(op, call, "norm_quantize", rewriter);
}

#undef CALL_PATTERN

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct ConvertDistToRuntime
    : public commuter::impl::ConvertDistToRuntimePassBase<
          ConvertDistToRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LLVMTypeConverter converter(&getContext());
    SharedByCalls shared;
    RewritePatternSet patterns(&getContext());
    patterns
        .add<AllGatherIntoOpPattern, AllReduceIntoOpPattern,
             ReduceScatterIntoOpPattern, AllToAllIntoOpPattern,
             ToPartialIntoOpPattern, ExchangeExtentsIntoOpPattern,
             CheckReplicatedOpPattern, AxisIndexOpPattern, AxisSizeOpPattern,
             ShardBoundsOpPattern, LayerNormIntoOpPattern, RMSNormIntoOpPattern,
             QuantizeIntoOpPattern, DequantizeIntoOpPattern,
             NormQuantizeIntoOpPattern>(converter, shared);
    ConversionTarget target(getContext());
    target.addLegalDialect<LLVM::LLVMDialect>();
    target.addIllegalDialect<DistDialect, NormDialect>();
    target.addLegalOp<MeshOp>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    WalkResult checked = module.walk([](Operation *op) {
      return failed(check(op)) ? WalkResult::interrupt()
                               : WalkResult::advance();
    });
    if (checked.wasInterrupted() ||
        failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    eraseMeshes(module);
  }

private:
  /// What the patterns need. Checked in front of all, so that there is one
  /// error.
  static LogicalResult check(Operation *op) {
    if (!isa_and_nonnull<DistDialect, NormDialect>(op->getDialect()))
      return success();
    if (llvm::any_of(op->getResultTypes(), llvm::IsaPred<TensorType>))
      return op->emitOpError(
          "is on tensors; expected buffers: run dist-expand-collectives and "
          "one-shot-bufferize before convert-dist-to-runtime");
    auto *getDtype = isa<AllGatherIntoOp, AllToAllIntoOp>(op) ? getMovedDtype
                                                              : getRuntimeDtype;
    for (Type type : op->getOperandTypes())
      if (auto memref = dyn_cast<MemRefType>(type);
          memref && !getDtype(memref.getElementType()))
        return op->emitOpError() << "has an operand of type " << memref
                                 << ", whose elements the runtime lacks";
    return success();
  }

  static void eraseMeshes(ModuleOp module) {
    module.walk([](FunctionOpInterface function) {
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        function.removeArgAttr(i, ShardingAttr::kAttrName);
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        function.removeResultAttr(
            i, StringAttr::get(function.getContext(), ShardingAttr::kAttrName));
    });
    module.walk([](MeshOp mesh) { mesh.erase(); });
  }
};

} // namespace
