//===- DeviceMemoryToRuntime.cpp ------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-device-memory-to-runtime: what the host does with the device's memory
// to calls of the runtime.
//
//===----------------------------------------------------------------------===//

#include "../RuntimeCalls.h"
#include "DeviceMemory.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Conversion/RuntimeTypes.h"
#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/DialectConversion.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTDEVICEMEMORYTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {

template <typename OpTy>
struct MemoryPattern : public ConvertOpToLLVMPattern<OpTy> {
  MemoryPattern(const LLVMTypeConverter &converter, SharedByCalls &shared)
      : ConvertOpToLLVMPattern<OpTy>(converter), shared(shared) {}
  using Adaptor = typename OpTy::Adaptor;

protected:
  SharedByCalls &shared;
};

struct AllocPattern : public MemoryPattern<memref::AllocOp> {
  using MemoryPattern::MemoryPattern;

  LogicalResult
  matchAndRewrite(memref::AllocOp op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    MemRefType type = op.getType();
    Location loc = op.getLoc();
    SmallVector<Value> sizes, strides;
    Value bytes;
    getMemRefDescriptorSizes(loc, type, adaptor.getDynamicSizes(), rewriter,
                             sizes, strides, bytes);
    CallBuilder call(rewriter, op, shared);
    auto data = call.add(bytes).call(
        "device_alloc", LLVM::LLVMPointerType::get(rewriter.getContext()));
    if (failed(data))
      return failure();
    Value pointer = data->getResult();
    rewriter.replaceOp(op, {createMemRefDescriptor(loc, type, pointer, pointer,
                                                   sizes, strides, rewriter)});
    return success();
  }
};

struct LoadPattern : public MemoryPattern<memref::LoadOp> {
  using MemoryPattern::MemoryPattern;

  LogicalResult
  matchAndRewrite(memref::LoadOp op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type type = typeConverter->convertType(op.getType());
    CallBuilder call(rewriter, op, shared);
    Value target = call.slot(type);
    Value source =
        getStridedElementPtr(rewriter, loc, op.getMemRefType(),
                             adaptor.getMemref(), adaptor.getIndices());
    if (failed(call.add(target)
                   .add(source)
                   .i64(dist::getElementBytes(op.getType()))
                   .call("device_read")))
      return failure();
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, type, target);
    return success();
  }
};

struct StorePattern : public MemoryPattern<memref::StoreOp> {
  using MemoryPattern::MemoryPattern;

  LogicalResult
  matchAndRewrite(memref::StoreOp op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    CallBuilder call(rewriter, op, shared);
    Value source = call.slot(adaptor.getValue().getType());
    LLVM::StoreOp::create(rewriter, loc, adaptor.getValue(), source);
    Value target =
        getStridedElementPtr(rewriter, loc, op.getMemRefType(),
                             adaptor.getMemref(), adaptor.getIndices());
    Type element = op.getMemRefType().getElementType();
    if (failed(call.add(target)
                   .add(source)
                   .i64(dist::getElementBytes(element))
                   .call("device_write")))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

struct CopyPattern : public MemoryPattern<memref::CopyOp> {
  using MemoryPattern::MemoryPattern;

  LogicalResult
  matchAndRewrite(memref::CopyOp op, Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    CallBuilder call(rewriter, op, shared);
    if (failed(call.view(op.getSource(), adaptor.getSource())
                   .view(op.getTarget(), adaptor.getTarget())
                   .call("copy")))
      return failure();
    rewriter.eraseOp(op);
    return success();
  }
};

/// What a pattern needs. Checked in front of all, so that there is one error.
LogicalResult checkAccess(Operation *op) {
  if (auto alloc = dyn_cast<memref::AllocOp>(op);
      alloc && isDeviceMemref(alloc.getType()) &&
      !alloc.getType().getLayout().isIdentity())
    return op->emitOpError("is of the device's memory, where only dense "
                           "memrefs are allocated");
  if (auto copy = dyn_cast<memref::CopyOp>(op)) {
    Type type = copy.getSource().getType();
    if (isDeviceMemref(type) && !getMovedDtype(getElementTypeOrSelf(type)))
      return op->emitOpError() << "has an operand of type " << type
                               << ", whose elements the runtime lacks";
  }
  return success();
}

/// A constant is copied once a run; the copy is the runtime's. The op stays: it
/// has the address that the host reads.
LogicalResult convertGlobal(memref::GetGlobalOp op,
                            const LLVMTypeConverter &converter,
                            SharedByCalls &shared) {
  MemRefType type = op.getType();
  auto global = SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(
      op, op.getNameAttr());
  if (!global || !global.getConstant() || !type.hasStaticShape() ||
      !type.getLayout().isIdentity())
    return op.emitOpError("is of the device's memory, which has constants "
                          "only");
  return replaceByCopy(op, "device_constant", converter, shared);
}

//===----------------------------------------------------------------------===//
// What is left
//===----------------------------------------------------------------------===//

/// True for ops that compute with addresses or hand memrefs on.
bool onlyMoves(Operation *op) {
  if (isa<ViewLikeOpInterface, FunctionOpInterface, RegionBranchOpInterface,
          RegionBranchTerminatorOpInterface, BranchOpInterface,
          CallOpInterface>(op))
    return !isa<memref::ReshapeOp>(op) ||
           isHostMemref(cast<memref::ReshapeOp>(op).getShape().getType());
  return isa<memref::DimOp, memref::RankOp, memref::DeallocOp,
             memref::ExtractAlignedPointerAsIndexOp,
             memref::ExtractStridedMetadataOp, bufferization::DeallocOp,
             memref::GetGlobalOp, arith::SelectOp, func::ReturnOp,
             UnrealizedConversionCastOp, gpu::LaunchFuncOp>(op);
}

/// True for ops that take such a memref by what it holds, and in the right
/// memory: calls of the runtime.
bool takesMemory(Operation *op) {
  return isa_and_nonnull<dist::DistDialect, norm::NormDialect>(
      op->getDialect());
}

/// Of the runtime's calls, those on extents take the host's memory.
LogicalResult checkRuntimeCall(Operation *op) {
  if (isa<dist::ExchangeExtentsIntoOp, dist::ShardBoundsOp>(op))
    return success();
  ValueRange extents;
  if (auto gather = dyn_cast<dist::AllGatherIntoOp>(op))
    extents = gather.getExtents();
  for (Value operand : op->getOperands())
    if (!llvm::is_contained(extents, operand) &&
        isHostMemref(operand.getType()))
      return op->emitOpError()
             << "has an operand of type " << operand.getType()
             << ", which is the host's memory: on a device, elements of index "
                "have to be cast to integers first";
  return success();
}

LogicalResult check(Operation *op) {
  if (takesMemory(op))
    return checkRuntimeCall(op);
  auto isDevice = [](Type type) { return isDeviceMemref(type); };
  if (llvm::none_of(op->getOperandTypes(), isDevice) &&
      llvm::none_of(op->getResultTypes(), isDevice))
    return success();
  if (onlyMoves(op))
    return success();
  return op->emitOpError("uses the device's memory from the host, for which "
                         "there is no code");
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

struct ConvertDeviceMemoryToRuntime
    : public commuter::impl::ConvertDeviceMemoryToRuntimePassBase<
          ConvertDeviceMemoryToRuntime> {
  void runOnOperation() override {
    expandClones(getOperation());
    WalkResult checked = getOperation().walk([](Operation *op) {
      return failed(checkAccess(op)) ? WalkResult::interrupt()
                                     : WalkResult::advance();
    });
    if (checked.wasInterrupted())
      return signalPassFailure();
    LLVMTypeConverter converter(&getContext());
    SharedByCalls shared;
    SmallVector<memref::GetGlobalOp> constants;
    getOperation().walk([&](memref::GetGlobalOp op) {
      if (isDeviceMemref(op.getType()) && !isInKernel(op))
        constants.push_back(op);
    });
    for (memref::GetGlobalOp op : constants)
      if (failed(convertGlobal(op, converter, shared)))
        return signalPassFailure();
    RewritePatternSet patterns(&getContext());
    patterns.add<AllocPattern, LoadPattern, StorePattern, CopyPattern>(
        converter, shared);
    ConversionTarget target(getContext());
    target.addDynamicallyLegalOp<memref::AllocOp, memref::LoadOp,
                                 memref::StoreOp, memref::CopyOp>(
        [](Operation *op) {
          return isInKernel(op) ||
                 (llvm::none_of(op->getOperandTypes(), isDeviceMemref) &&
                  llvm::none_of(op->getResultTypes(), isDeviceMemref));
        });
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      return signalPassFailure();
    WalkResult result =
        getOperation().walk<WalkOrder::PreOrder>([](Operation *op) {
          if (isa<gpu::GPUModuleOp>(op))
            return WalkResult::skip();
          return failed(check(op)) ? WalkResult::interrupt()
                                   : WalkResult::advance();
        });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  static bool isInKernel(Operation *op) {
    return op->getParentOfType<gpu::GPUModuleOp>() != nullptr;
  }

  static void expandClones(ModuleOp module) {
    module.walk([](bufferization::CloneOp op) {
      OpBuilder builder(op);
      Value copy = memref::AllocOp::create(
          builder, op.getLoc(),
          memref::getMixedSizes(builder, op.getLoc(), op.getInput()),
          getElementTypeOrSelf(op.getType()));
      memref::CopyOp::create(builder, op.getLoc(), op.getInput(), copy);
      if (copy.getType() != op.getType())
        copy = memref::CastOp::create(builder, op.getLoc(), op.getType(), copy);
      op.replaceAllUsesWith(copy);
      op.erase();
    });
  }
};

} // namespace
