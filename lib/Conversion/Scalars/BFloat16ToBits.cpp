//===- BFloat16ToBits.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-bf16-to-bits: code that only moves numbers of bf16 moves integers.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"

namespace commuter {
#define GEN_PASS_DEF_BFLOAT16TOBITSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

bool hasBFloat16(Type type) {
  return type.walk([](BFloat16Type) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// True if an op hands on bits, whatever they mean.
bool onlyMoves(Operation *op) {
  // Of a function that is not here, the type is its ABI's.
  if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op))
    return !function.isExternal() || !hasBFloat16(function.getFunctionType());
  if (isa<LLVM::LoadOp, LLVM::StoreOp, LLVM::BitcastOp, LLVM::ConstantOp,
          LLVM::SelectOp, LLVM::BrOp, LLVM::CondBrOp, LLVM::SwitchOp,
          LLVM::CallOp, LLVM::ReturnOp, LLVM::InsertValueOp,
          LLVM::ExtractValueOp, LLVM::UndefOp, LLVM::PoisonOp, LLVM::ZeroOp,
          LLVM::FreezeOp>(op))
    return true;
  return llvm::none_of(op->getOperandTypes(), hasBFloat16) &&
         llvm::none_of(op->getResultTypes(), hasBFloat16);
}

struct BFloat16ToBits
    : public commuter::impl::BFloat16ToBitsPassBase<BFloat16ToBits> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      return onlyMoves(op) ? WalkResult::advance() : WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return;
    Type bits = IntegerType::get(&getContext(), 16);
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](BFloat16Type) { return bits; });
    replacer.addReplacement([&](FloatAttr number) -> std::optional<Attribute> {
      if (!number.getType().isBF16())
        return std::nullopt;
      return IntegerAttr::get(bits, number.getValue().bitcastToAPInt());
    });
    replacer.addReplacement(
        [&](DenseElementsAttr numbers) -> std::optional<Attribute> {
          if (!numbers.getElementType().isBF16())
            return std::nullopt;
          return numbers.bitcast(bits);
        });
    replacer.recursivelyReplaceElementsIn(getOperation(), /*replaceAttrs=*/true,
                                          /*replaceLocs=*/false,
                                          /*replaceTypes=*/true);
  }
};

} // namespace
