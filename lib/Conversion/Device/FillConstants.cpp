//===- FillConstants.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-fill-constants: tensors of one constant, filled where they are used.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace commuter {
#define GEN_PASS_DEF_FILLCONSTANTSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;

namespace {

struct FillConstants
    : public commuter::impl::FillConstantsPassBase<FillConstants> {
  void runOnOperation() override {
    SmallVector<arith::ConstantOp> constants;
    getOperation()->walk([&](arith::ConstantOp op) {
      auto value = dyn_cast<SplatElementsAttr>(op.getValue());
      if (value && isa<RankedTensorType>(op.getType()) &&
          isa<FloatType, IntegerType>(value.getElementType()) &&
          !value.getElementType().isSignedInteger() &&
          !value.getElementType().isUnsignedInteger())
        constants.push_back(op);
    });
    for (arith::ConstantOp op : constants) {
      OpBuilder builder(op);
      Location loc = op.getLoc();
      auto type = cast<RankedTensorType>(op.getType());
      auto value = cast<SplatElementsAttr>(op.getValue());
      Value scalar = arith::ConstantOp::create(
          builder, loc, cast<TypedAttr>(value.getSplatValue<Attribute>()));
      Value empty = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                            type.getElementType());
      auto fill = linalg::FillOp::create(builder, loc, scalar, empty);
      op.replaceAllUsesWith(fill.getResult(0));
      op.erase();
    }
  }
};

} // namespace
