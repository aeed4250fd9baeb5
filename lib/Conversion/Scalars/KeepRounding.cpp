//===- KeepRounding.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-keep-rounding: what is rounded between two ops stays rounded.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

namespace commuter {
#define GEN_PASS_DEF_KEEPROUNDINGPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

struct KeepRounding
    : public commuter::impl::KeepRoundingPassBase<KeepRounding> {
  void runOnOperation() override {
    getOperation()->walk([](Operation *op) {
      if (auto extend = dyn_cast<arith::ExtFOp>(op))
        extend.setFastmathAttr({});
      else if (auto truncate = dyn_cast<arith::TruncFOp>(op))
        truncate.setFastmathAttr({});
    });
  }
};

} // namespace
