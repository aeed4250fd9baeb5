//===- ContractionsToRuntime.cpp ------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-name-contractions: keeps contractions apart from what stands around
// them. convert-contractions-to-runtime: bufferised ones to runtime calls.
//
//===----------------------------------------------------------------------===//

#include "Contractions.h"
#include "RuntimeCalls.h"

#include "commuter/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

namespace commuter {
#define GEN_PASS_DEF_NAMECONTRACTIONSPASS
#define GEN_PASS_DEF_CONVERTCONTRACTIONSTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// Law: linalg.contract is the linalg.generic with the same maps that yields
/// c + a * b.
struct NameContractions
    : public commuter::impl::NameContractionsPassBase<NameContractions> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> contractions;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (isRuntimeContraction(op))
        contractions.push_back(op);
    });
    for (linalg::GenericOp op : contractions) {
      OpBuilder builder(op);
      auto named = linalg::ContractOp::create(
          builder, op.getLoc(), op.getResultTypes(), op.getInputs(),
          op.getOutputs(), op.getIndexingMaps());
      op->replaceAllUsesWith(named->getResults());
      op.erase();
    }
  }
};

struct ConvertContractionsToRuntime
    : public commuter::impl::ConvertContractionsToRuntimePassBase<
          ConvertContractionsToRuntime> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> contractions;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics() && isRuntimeContraction(op))
        contractions.push_back(op);
    });
    LLVMTypeConverter converter(&getContext());
    SharedByCalls shared;
    for (linalg::LinalgOp op : contractions)
      if (failed(convert(op, converter, shared)))
        return signalPassFailure();
  }

private:
  static LogicalResult convert(linalg::LinalgOp op,
                               const LLVMTypeConverter &converter,
                               SharedByCalls &shared);
};

} // namespace

/// The operand as a memref over all loops of the op, with stride 0 along those
/// that it has no dimension for.
static Value makeLoopView(OpBuilder &builder, Location loc,
                          memref::ExtractStridedMetadataOp operand,
                          AffineMap map, ArrayRef<Value> loops) {
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  SmallVector<OpFoldResult> strides(loops.size(), zero);
  for (auto [dim, loop] : llvm::enumerate(map.getResults()))
    strides[cast<AffineDimExpr>(loop).getPosition()] =
        operand.getStrides()[dim];
  SmallVector<int64_t> open(loops.size(), ShapedType::kDynamic);
  auto base = cast<MemRefType>(operand.getBaseBuffer().getType());
  auto type = MemRefType::get(
      open, base.getElementType(),
      StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, open),
      base.getMemorySpace());
  return memref::ReinterpretCastOp::create(
      builder, loc, type, operand.getBaseBuffer(),
      OpFoldResult(operand.getOffset()), getAsOpFoldResult(loops), strides);
}

LogicalResult
ConvertContractionsToRuntime::convert(linalg::LinalgOp op,
                                      const LLVMTypeConverter &converter,
                                      SharedByCalls &shared) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<memref::ExtractStridedMetadataOp> operands;
  SmallVector<Value> loops(op.getNumLoops());
  for (auto [operand, map] : llvm::zip_equal(op->getOperands(), maps)) {
    operands.push_back(
        memref::ExtractStridedMetadataOp::create(builder, loc, operand));
    for (auto [dim, loop] : llvm::enumerate(map.getResults()))
      loops[cast<AffineDimExpr>(loop).getPosition()] =
          operands.back().getSizes()[dim];
  }
  CallBuilder call(builder, op, shared);
  for (auto [operand, map] : llvm::zip_equal(operands, maps)) {
    Value view = makeLoopView(builder, loc, operand, map, loops);
    Value descriptor =
        UnrealizedConversionCastOp::create(
            builder, loc, converter.convertType(view.getType()), view)
            .getResult(0);
    call.view(view, descriptor);
  }
  if (failed(call.call("contract")))
    return failure();
  op->erase();
  return success();
}
