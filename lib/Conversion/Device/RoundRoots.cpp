//===- RoundRoots.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-round-roots: square roots in kernels that are rounded as the host's.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringSwitch.h"

namespace commuter {
#define GEN_PASS_DEF_ROUNDROOTSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

struct RoundRoots : public commuter::impl::RoundRootsPassBase<RoundRoots> {
  void runOnOperation() override {
    getOperation()->walk([](LLVM::CallOp call) {
      auto kind = llvm::StringSwitch<Kind>(call.getCallee().value_or(""))
                      .Cases({"__nv_sqrtf", "__nv_sqrt"}, Kind::Root)
                      .Cases({"__nv_rsqrtf", "__nv_rsqrt"}, Kind::Reciprocal)
                      .Default(Kind::Other);
      if (kind == Kind::Other)
        return;
      IRRewriter rewriter(call);
      Location loc = call.getLoc();
      Value root = LLVM::SqrtOp::create(rewriter, loc, call.getOperand(0));
      if (kind == Kind::Reciprocal) {
        Value one = LLVM::ConstantOp::create(
            rewriter, loc, rewriter.getFloatAttr(root.getType(), 1.0));
        root = LLVM::FDivOp::create(rewriter, loc, one, root);
      }
      rewriter.replaceOp(call, root);
    });
  }

private:
  enum class Kind { Root, Reciprocal, Other };
};

} // namespace
