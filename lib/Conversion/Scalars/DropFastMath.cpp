//===- DropFastMath.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-drop-fast-math: each op has the one result that IEEE 754 defines.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace commuter {
#define GEN_PASS_DEF_DROPFASTMATHPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

struct DropFastMath
    : public commuter::impl::DropFastMathPassBase<DropFastMath> {
  void runOnOperation() override {
    getOperation()->walk([&](Operation *op) {
      // Casts need not have flags, other ops do.
      if (isa<arith::ExtFOp, arith::TruncFOp>(op)) {
        op->removeAttr(
            cast<arith::ArithFastMathInterface>(op).getFastMathAttrName());
      } else if (auto flagged = dyn_cast<arith::ArithFastMathInterface>(op)) {
        op->setAttr(flagged.getFastMathAttrName(),
                    arith::FastMathFlagsAttr::get(&getContext(),
                                                  arith::FastMathFlags::none));
      } else if (auto flagged = dyn_cast<LLVM::FastmathFlagsInterface>(op)) {
        op->setAttr(flagged.getFastmathAttrName(),
                    LLVM::FastmathFlagsAttr::get(&getContext(),
                                                 LLVM::FastmathFlags::none));
      }
    });
  }
};

} // namespace
