//===- BoundReads.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-bound-reads: at most so many ops read one tensor that nothing
// writes.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter {
#define GEN_PASS_DEF_BOUNDREADSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using bufferization::BufferizationDialect;

namespace {

/// For each use of a tensor bufferisation looks at all: n of them cost n^2.
constexpr size_t kMaxReads = 16;

/// Hands the uses on to other values, of which each gets as many.
void bound(ArrayRef<OpOperand *> uses,
           llvm::function_ref<Value()> createAnother) {
  for (size_t i = kMaxReads; i < uses.size(); i += kMaxReads) {
    Value another = createAnother();
    for (OpOperand *use : uses.slice(i, std::min(kMaxReads, uses.size() - i)))
      use->set(another);
  }
}

/// The uses in program order.
SmallVector<OpOperand *> getUses(Value value) {
  SmallVector<OpOperand *> uses(llvm::make_pointer_range(value.getUses()));
  std::reverse(uses.begin(), uses.end());
  return uses;
}

/// True if the op reads the operand, and that is all: no result of it is in the
/// same memory.
bool isRead(OpOperand &use, const bufferization::AnalysisState &state) {
  return isa<bufferization::BufferizableOpInterface>(use.getOwner()) &&
         !state.bufferizesToMemoryWrite(use) &&
         state.getAliasingValues(use).getNumAliases() == 0;
}

struct BoundReads : public commuter::impl::BoundReadsPassBase<BoundReads> {
  void runOnOperation() override {
    SmallVector<arith::ConstantOp> constants;
    getOperation()->walk([&](Operation *op) {
      if (auto function = dyn_cast<FunctionOpInterface>(op))
        boundArguments(function);
      else if (auto constant = dyn_cast<arith::ConstantOp>(op))
        if (isa<RankedTensorType>(constant.getType()))
          constants.push_back(constant);
    });
    for (arith::ConstantOp constant : constants) {
      OpBuilder builder(constant);
      bound(getUses(constant),
            [&] { return builder.clone(*constant)->getResult(0); });
    }
  }

private:
  /// Law: memory that nothing writes to is the same through any number of
  /// tensors. Precondition: the function may not write to the argument.
  static void boundArguments(FunctionOpInterface function) {
    if (function.isExternal())
      return;
    bufferization::BufferizationOptions options;
    bufferization::AnalysisState state(options);
    for (BlockArgument argument : function.getArguments()) {
      unsigned i = argument.getArgNumber();
      auto type = dyn_cast<RankedTensorType>(argument.getType());
      auto writable = function.getArgAttrOfType<BoolAttr>(
          i, BufferizationDialect::kWritableAttrName);
      if (!type || type.getEncoding() || !writable || writable.getValue() ||
          function.getArgAttr(i, BufferizationDialect::kBufferLayoutAttrName))
        continue;
      SmallVector<OpOperand *> reads = getUses(argument);
      llvm::erase_if(reads,
                     [&](OpOperand *use) { return !isRead(*use, state); });
      if (reads.size() <= kMaxReads)
        continue;
      OpBuilder builder = OpBuilder::atBlockBegin(argument.getOwner());
      Location loc = argument.getLoc();
      Value buffer = bufferization::ToBufferOp::create(
          builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
          argument, /*read_only=*/true);
      bound(reads, [&]() -> Value {
        return bufferization::ToTensorOp::create(builder, loc, type, buffer,
                                                 /*restrict=*/true);
      });
    }
  }
};

} // namespace
