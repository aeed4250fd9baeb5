//===- CheckKernelCalls.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-check-kernel-calls: errors for functions that nobody has.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

namespace commuter {
#define GEN_PASS_DEF_CHECKKERNELCALLSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

struct CheckKernelCalls
    : public commuter::impl::CheckKernelCallsPassBase<CheckKernelCalls> {
  using CheckKernelCallsPassBase::CheckKernelCallsPassBase;

  void runOnOperation() override {
    SmallString<128> library(toolkit);
    llvm::sys::path::append(library, "nvvm", "libdevice", "libdevice.10.bc");
    getOperation().walk([&](gpu::GPUModuleOp kernels) {
      for (auto function : kernels.getOps<LLVM::LLVMFuncOp>())
        checkFunction(function, kernels, library);
      checkOps(kernels);
    });
  }

private:
  void checkFunction(LLVM::LLVMFuncOp function, gpu::GPUModuleOp kernels,
                     StringRef library) {
    const bool isOfLibrary = function.getName().starts_with("__nv_");
    if (!function.isExternal() ||
        SymbolTable::symbolKnownUseEmpty(function, kernels) ||
        (isOfLibrary && llvm::sys::fs::exists(library)))
      return;
    if (isOfLibrary)
      function.emitOpError("is called by a kernel, but CUDA's library of math "
                           "functions is not at ")
          << library << ": give a CUDA toolkit with cuda-path";
    else
      function.emitOpError("is called by a kernel, but no GPU has it");
    signalPassFailure();
  }

  void checkOps(gpu::GPUModuleOp kernels) {
    kernels.walk([&](Operation *op) {
      if (isa<gpu::GPUModuleOp>(op) ||
          isa_and_nonnull<LLVM::LLVMDialect, NVVM::NVVMDialect>(
              op->getDialect()))
        return;
      op->emitOpError("is in a kernel, but has no code for a GPU");
      signalPassFailure();
    });
  }
};

} // namespace
