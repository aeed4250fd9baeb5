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

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Norm/IR/Norm.h"

#include "commuter_rt.h"

#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
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

static std::optional<int32_t> getDtype(Type type) {
  if (type.isF32())
    return COMMUTER_F32;
  if (type.isF64())
    return COMMUTER_F64;
  if (type.isF16())
    return COMMUTER_F16;
  if (type.isBF16())
    return COMMUTER_BF16;
  if (isa<Float8E4M3FNType>(type))
    return COMMUTER_F8E4M3FN;
  if (isa<Float8E5M2Type>(type))
    return COMMUTER_F8E5M2;
  if (type.isInteger(1))
    return COMMUTER_I1;
  if (type.isInteger(8))
    return COMMUTER_I8;
  if (type.isInteger(16))
    return COMMUTER_I16;
  if (type.isInteger(32))
    return COMMUTER_I32;
  if (type.isInteger(64) || type.isIndex())
    return COMMUTER_I64;
  return std::nullopt;
}

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

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {

/// Stack memory for the arguments of runtime calls. The runtime keeps nothing
/// after a call, so all calls of a function share the slots: the stack does not
/// grow with the number of calls.
class StackSlots {
public:
  /// The `index`-th slot of `type` of the function around `op`.
  Value get(OpBuilder &builder, Operation *op, Type type, unsigned index) {
    auto function = op->getParentOfType<FunctionOpInterface>();
    Value &slot = slots[{function, type, index}];
    if (slot)
      return slot;
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.getFunctionBody().front());
    Location loc = function.getLoc();
    Value one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(), 1);
    slot = LLVM::AllocaOp::create(
        builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), type,
        one);
    return slot;
  }

private:
  std::map<std::tuple<Operation *, Type, unsigned>, Value,
           decltype([](const auto &a, const auto &b) {
             auto key = [](const auto &k) {
               return std::make_tuple(std::get<0>(k),
                                      std::get<1>(k).getAsOpaquePointer(),
                                      std::get<2>(k));
             };
             return key(a) < key(b);
           })>
      slots;
};

/// Collects the arguments of one call in the order of the C prototype.
class CallBuilder {
public:
  CallBuilder(ConversionPatternRewriter &rewriter, Operation *op,
              StackSlots &slots)
      : rewriter(rewriter), op(op), slots(slots), loc(op->getLoc()),
        pointer(LLVM::LLVMPointerType::get(rewriter.getContext())) {}

  CallBuilder &i64(int64_t value) {
    return add(
        LLVM::ConstantOp::create(rewriter, loc, rewriter.getI64Type(), value));
  }
  CallBuilder &i32(int32_t value) { return add(constant32(value)); }
  CallBuilder &f64(APFloat value) {
    return add(LLVM::ConstantOp::create(
        rewriter, loc, rewriter.getF64Type(),
        rewriter.getFloatAttr(rewriter.getF64Type(), value)));
  }
  CallBuilder &add(Value value) {
    arguments.push_back(value);
    return *this;
  }

  /// A string such as "mesh[dp,attn_tp]", once in the module.
  CallBuilder &group(MeshGroupOpInterface group) {
    std::string spec = (group.getMeshAttr().getValue() + "[").str();
    llvm::interleave(
        group.getAxesAttr().getAsValueRange<StringAttr>(),
        [&](StringRef axis) { spec += axis; }, [&] { spec += ','; });
    spec += ']';
    auto module = op->getParentOfType<ModuleOp>();
    std::string name = "commuter.group." + spec;
    auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
    if (!global) {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(module.getBody());
      spec.push_back('\0');
      global = LLVM::GlobalOp::create(
          rewriter, module.getLoc(),
          LLVM::LLVMArrayType::get(rewriter.getI8Type(), spec.size()),
          /*isConstant=*/true, LLVM::Linkage::Internal, name,
          rewriter.getStringAttr(spec));
    }
    return add(LLVM::AddressOfOp::create(rewriter, loc, global));
  }

  /// A pointer to a commuter_view_t of the memref; null if it is absent.
  CallBuilder &view(Value memref, Value converted) {
    if (!memref)
      return add(LLVM::ZeroOp::create(rewriter, loc, pointer));
    auto type = cast<MemRefType>(memref.getType());
    Value descriptor = slot(converted.getType());
    LLVM::StoreOp::create(rewriter, loc, converted, descriptor);
    // The descriptor: allocated, aligned, offset, sizes, strides.
    auto field = [&](int32_t index) -> Value {
      if (type.getRank() == 0 && index > 2)
        return LLVM::ZeroOp::create(rewriter, loc, pointer);
      return LLVM::GEPOp::create(rewriter, loc, pointer, converted.getType(),
                                 descriptor, ArrayRef<LLVM::GEPArg>{0, index});
    };
    MemRefDescriptor memrefDescriptor(converted);
    Value data = LLVM::GEPOp::create(
        rewriter, loc, pointer, elementType(type),
        memrefDescriptor.alignedPtr(rewriter, loc),
        ArrayRef<LLVM::GEPArg>{memrefDescriptor.offset(rewriter, loc)});
    Value fields[] = {data, constant32(*getDtype(type.getElementType())),
                      constant32(static_cast<int32_t>(type.getRank())),
                      field(3), field(4)};
    Type i32 = rewriter.getI32Type();
    auto viewType = LLVM::LLVMStructType::getLiteral(
        rewriter.getContext(), {pointer, i32, i32, pointer, pointer});
    Value view = slot(viewType);
    for (auto [i, value] : llvm::enumerate(fields)) {
      Value address = LLVM::GEPOp::create(
          rewriter, loc, pointer, viewType, view,
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(i)});
      LLVM::StoreOp::create(rewriter, loc, value, address);
    }
    return add(view);
  }

  /// Calls `commuter_program_<name>`.
  FailureOr<LLVM::CallOp> call(StringRef name, Type result = {}) {
    if (!result)
      result = LLVM::LLVMVoidType::get(rewriter.getContext());
    SmallVector<Type> types =
        llvm::map_to_vector(arguments, [](Value v) { return v.getType(); });
    FailureOr<LLVM::LLVMFuncOp> callee = LLVM::lookupOrCreateFn(
        rewriter, op->getParentOfType<ModuleOp>(),
        ("commuter_program_" + name).str(), types, result);
    if (failed(callee))
      return failure();
    return LLVM::CallOp::create(rewriter, loc, *callee, arguments);
  }

private:
  Value constant32(int32_t value) {
    return LLVM::ConstantOp::create(rewriter, loc, rewriter.getI32Type(),
                                    value);
  }
  Type elementType(MemRefType type) {
    Type element = type.getElementType();
    // Their size is all that matters here.
    unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    return rewriter.getIntegerType(width);
  }
  Value slot(Type type) { return slots.get(rewriter, op, type, used[type]++); }

  ConversionPatternRewriter &rewriter;
  Operation *op;
  StackSlots &slots;
  Location loc;
  Type pointer;
  SmallVector<Value> arguments;
  llvm::DenseMap<Type, unsigned> used;
};

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

/// One op, one call.
template <typename OpTy>
struct CallPattern : public ConvertOpToLLVMPattern<OpTy> {
  CallPattern(const LLVMTypeConverter &converter, StackSlots &slots)
      : ConvertOpToLLVMPattern<OpTy>(converter), slots(slots) {}

  using Adaptor = typename OpTy::Adaptor;

  LogicalResult
  matchAndRewrite(OpTy op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    for (Value operand : op->getOperands())
      if (auto type = dyn_cast<MemRefType>(operand.getType()))
        if (!getDtype(type.getElementType()))
          return op.emitOpError() << "has an operand of type " << type
                                  << ", whose elements the runtime lacks";
    CallBuilder call(rewriter, op, slots);
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

  StackSlots &slots;
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
  call.group(op)
      .view(op.getInput(), adaptor.getInput())
      .view(op.getOutput(), adaptor.getOutput())
      .view(op.getExtents(), adaptor.getExtents())
      .i64(op.getDim());
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
    StackSlots slots;
    RewritePatternSet patterns(&getContext());
    patterns
        .add<AllGatherIntoOpPattern, AllReduceIntoOpPattern,
             ReduceScatterIntoOpPattern, AllToAllIntoOpPattern,
             ToPartialIntoOpPattern, ExchangeExtentsIntoOpPattern,
             CheckReplicatedOpPattern, AxisIndexOpPattern, AxisSizeOpPattern,
             ShardBoundsOpPattern, LayerNormIntoOpPattern, RMSNormIntoOpPattern,
             QuantizeIntoOpPattern, DequantizeIntoOpPattern,
             NormQuantizeIntoOpPattern>(converter, slots);
    ConversionTarget target(getContext());
    target.addLegalDialect<LLVM::LLVMDialect>();
    target.addIllegalDialect<DistDialect, NormDialect>();
    target.addLegalOp<MeshOp>();
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(checkBufferised(module)) ||
        failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    eraseMeshes(module);
  }

private:
  static LogicalResult checkBufferised(ModuleOp module) {
    WalkResult result = module.walk([](Operation *op) {
      if (!isa<DistDialect, NormDialect>(op->getDialect()) ||
          llvm::none_of(op->getResultTypes(), llvm::IsaPred<TensorType>))
        return WalkResult::advance();
      op->emitOpError("is on tensors; expected buffers: run "
                      "dist-expand-collectives and one-shot-bufferize before "
                      "convert-dist-to-runtime");
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
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
