//===- GlobalsToRuntime.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// convert-globals-to-runtime: memory of each rank's own for the globals that a
// program writes to.
//
//===----------------------------------------------------------------------===//

#include "RuntimeCalls.h"
#include "commuter/Conversion/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace commuter {
#define GEN_PASS_DEF_CONVERTGLOBALSTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// True if nothing but reads of the memory is seen.
bool isOnlyRead(Value memref) {
  return llvm::all_of(memref.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<memref::LoadOp, memref::DimOp>(user))
      return true;
    if (auto copy = dyn_cast<memref::CopyOp>(user))
      return use.get() == copy.getSource() && use.get() != copy.getTarget();
    return isa<ViewLikeOpInterface>(user) && user->getNumResults() == 1 &&
           isa<MemRefType>(user->getResult(0).getType()) &&
           isOnlyRead(user->getResult(0));
  });
}

/// Law: a program is what every rank runs, and memory is a rank's own, though
/// ranks may be threads of one process. What nobody writes to may be shared,
/// and what is defined elsewhere is not the program's.
struct ConvertGlobalsToRuntime
    : public commuter::impl::ConvertGlobalsToRuntimePassBase<
          ConvertGlobalsToRuntime> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SharedByCalls shared;
    llvm::MapVector<memref::GlobalOp, SmallVector<memref::GetGlobalOp>> uses;
    getOperation().walk([&](memref::GetGlobalOp op) {
      auto global = shared.symbols.lookupNearestSymbolFrom<memref::GlobalOp>(
          op, op.getNameAttr());
      if (global && isOwn(global, converter) &&
          op->getParentOfType<FunctionOpInterface>())
        uses[global].push_back(op);
    });
    for (auto &[global, ops] : uses)
      if (llvm::any_of(ops, [](memref::GetGlobalOp op) {
            return !isOnlyRead(op.getResult());
          }))
        if (failed(convert(global, ops, converter, shared)))
          return signalPassFailure();
  }

private:
  /// True for what may be written to, and is some bytes of plain memory.
  static bool isOwn(memref::GlobalOp global,
                    const LLVMTypeConverter &converter) {
    MemRefType type = global.getType();
    return !global.getConstant() && !global.isExternal() &&
           type.getNumElements() != 0 && !type.getMemorySpace() &&
           type.getLayout().isIdentity() && converter.convertType(type);
  }

  /// One call for each function, at its begin.
  static LogicalResult convert(memref::GlobalOp global,
                               ArrayRef<memref::GetGlobalOp> ops,
                               const LLVMTypeConverter &converter,
                               SharedByCalls &shared) {
    constexpr int64_t kAlignment = 64; // as of other memory
    llvm::MapVector<Operation *, memref::GetGlobalOp> firsts;
    for (memref::GetGlobalOp op : ops) {
      auto function = op->getParentOfType<FunctionOpInterface>();
      auto [entry, isNew] = firsts.try_emplace(function, op);
      if (!isNew) {
        op.replaceAllUsesWith(entry->second.getResult());
        op.erase();
        continue;
      }
      op->moveBefore(&function.getFunctionBody().front().front());
    }
    for (memref::GetGlobalOp op : llvm::make_second_range(firsts))
      if (failed(replaceByCopy(
              op, "global", converter, shared,
              std::max<int64_t>(kAlignment,
                                global.getAlignment().value_or(0)))))
        return failure();
    return success();
  }
};

} // namespace
