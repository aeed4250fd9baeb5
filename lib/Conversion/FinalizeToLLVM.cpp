//===- FinalizeToLLVM.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-finalize-to-llvm: upstream's patterns of many dialects, in one
// conversion, and assertions that fail as the runtime's own errors do.
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"
#include "commuter/Conversion/Passes.h"

#include "mlir/Analysis/DataLayoutAnalysis.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"

namespace commuter {
#define GEN_PASS_DEF_FINALIZETOLLVMPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

/// Law: what follows an assertion runs only where it holds. Upstream's pattern
/// prints to standard output and aborts: the message can be lost, and a host
/// with it.
struct AssertPattern : public ConvertOpToLLVMPattern<cf::AssertOp> {
  AssertPattern(const LLVMTypeConverter &converter,
                commuter::SharedByCalls &shared)
      : ConvertOpToLLVMPattern(converter), shared(shared) {}

  LogicalResult
  matchAndRewrite(cf::AssertOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Block *block = op->getBlock();
    Block *rest = rewriter.splitBlock(block, op->getIterator());
    Block *failure = rewriter.createBlock(block->getParent());
    commuter::CallBuilder call(rewriter, op, shared);
    call.text("commuter.assertion.", op.getMsg());
    if (failed(call.call("fail_assertion")))
      return mlir::failure();
    LLVM::UnreachableOp::create(rewriter, op.getLoc());
    rewriter.setInsertionPointToEnd(block);
    rewriter.replaceOpWithNewOp<LLVM::CondBrOp>(op, adaptor.getArg(), rest,
                                                failure);
    return success();
  }

private:
  commuter::SharedByCalls &shared;
};

struct FinalizeToLLVM
    : public commuter::impl::FinalizeToLLVMPassBase<FinalizeToLLVM> {
  void getDependentDialects(DialectRegistry &registry) const override {
    FinalizeToLLVMPassBase::getDependentDialects(registry);
    getVectorPipeline().getDependentDialects(registry);
  }

  void runOnOperation() override {
    // The one dialect that upstream lowers in several steps.
    if (hasVectorOps()) {
      OpPassManager vectors = getVectorPipeline();
      if (failed(runPipeline(vectors, getOperation())))
        return signalPassFailure();
    }

    MLIRContext *context = &getContext();
    const auto &layouts = getAnalysis<DataLayoutAnalysis>();
    LowerToLLVMOptions options(context, layouts.getAtOrAbove(getOperation()));
    options.useGenericFunctions = true; // the runtime's, to allocate and free
    LLVMTypeConverter converter(context, options, &layouts);
    commuter::SharedByCalls shared;
    RewritePatternSet patterns(context);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns,
                                                   &shared.symbols);
    // What has an instruction of LLVM's is no call of libm.
    populateMathToLLVMConversionPatterns(converter, patterns,
                                         /*approximateLog1p=*/true,
                                         /*benefit=*/2);
    populateMathToLibmConversionPatterns(patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    patterns.add<AssertPattern>(converter, shared);
    populateFuncToLLVMConversionPatterns(converter, patterns, &shared.symbols);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);

    LLVMConversionTarget target(*context);
    target.addIllegalDialect<arith::ArithDialect, cf::ControlFlowDialect,
                             func::FuncDialect, index::IndexDialect,
                             math::MathDialect, memref::MemRefDialect,
                             ub::UBDialect>();
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }

private:
  static OpPassManager getVectorPipeline() {
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(createConvertVectorToLLVMPass());
    return pipeline;
  }

  bool hasVectorOps() {
    return getOperation()
        ->walk([](Operation *op) {
          return isa_and_nonnull<vector::VectorDialect>(op->getDialect())
                     ? WalkResult::interrupt()
                     : WalkResult::advance();
        })
        .wasInterrupted();
  }
};

} // namespace
