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

namespace commuter {
#define GEN_PASS_DEF_CONVERTGLOBALSTORUNTIMEPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

/// Law: a program is what every rank runs, and memory is a rank's own, though
/// ranks may be threads of one process. What nobody writes to may be shared,
/// and what is defined elsewhere is not the program's.
struct ConvertGlobalsToRuntime
    : public commuter::impl::ConvertGlobalsToRuntimePassBase<
          ConvertGlobalsToRuntime> {
  void runOnOperation() override {
    LLVMTypeConverter converter(&getContext());
    SharedByCalls shared;
    WalkResult result = getOperation().walk([&](FunctionOpInterface function) {
      return failed(convert(function, converter, shared))
                 ? WalkResult::interrupt()
                 : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  /// One call for each global of a function, at its begin.
  static LogicalResult convert(FunctionOpInterface function,
                               const LLVMTypeConverter &converter,
                               SharedByCalls &shared) {
    llvm::MapVector<StringAttr, SmallVector<memref::GetGlobalOp>> uses;
    function.walk([&](memref::GetGlobalOp op) {
      auto global = shared.symbols.lookupNearestSymbolFrom<memref::GlobalOp>(
          op, op.getNameAttr());
      if (global && !global.getConstant() && !global.isExternal())
        uses[op.getNameAttr().getAttr()].push_back(op);
    });
    for (auto &[name, ops] : uses) {
      memref::GetGlobalOp first = ops.front();
      first->moveBefore(&function.getFunctionBody().front().front());
      for (memref::GetGlobalOp other : ArrayRef(ops).drop_front()) {
        other.replaceAllUsesWith(first.getResult());
        other.erase();
      }
      if (failed(replaceByCopy(first, "global", converter, shared)))
        return failure();
    }
    return success();
  }
};

} // namespace
