//===- Linearity.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How ops act on pending sums.
//
//===----------------------------------------------------------------------===//

#include "Linearity.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

Linearity commuter::getLinearity(Operation *op) {
  return llvm::TypeSwitch<Operation *, Linearity>(op)
      .Case<arith::AddFOp, arith::SubFOp, arith::AddIOp, arith::SubIOp>(
          [](auto) { return Linearity::Additive; })
      .Case<arith::NegFOp, arith::ExtFOp, arith::TruncFOp, arith::DivFOp,
            tensor::CastOp, tensor::ExtractSliceOp, tensor::ExpandShapeOp,
            tensor::CollapseShapeOp>([](auto) { return Linearity::Unary; })
      .Case<arith::MulFOp, arith::MulIOp>(
          [](auto) { return Linearity::Product; })
      .Case([](arith::SelectOp) { return Linearity::Select; })
      .Default([](Operation *op) {
        // A product of matrices, a concatenation, a reduction and a collective
        // may be linear, and a region can hold anything.
        bool isKnown =
            op->getNumRegions() == 0 &&
            !isa<tensor::TensorDialect, linalg::LinalgDialect, DistDialect>(
                op->getDialect());
        return isKnown ? Linearity::None : Linearity::Unknown;
      });
}

bool commuter::isZero(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

static bool allReplicated(OperandStates states) {
  return llvm::all_of(states, [](AxisState s) { return s.isReplicated(); });
}

bool commuter::keepsPartial(Operation *op, OperandStates states) {
  switch (getLinearity(op)) {
  case Linearity::Unknown:
  case Linearity::None:
    return false;
  case Linearity::Additive:
    return llvm::all_of(llvm::enumerate(states), [&](const auto &state) {
      return state.value().isPartial() || isZero(op->getOperand(state.index()));
    });
  case Linearity::Select:
    return states.front().isReplicated() && states[1].isPartial() &&
           states[2].isPartial();
  case Linearity::Unary:
    return states.front().isPartial() && allReplicated(states.drop_front());
  case Linearity::Product:
    return llvm::count_if(states, [](AxisState s) { return s.isPartial(); }) ==
               1 &&
           llvm::all_of(states, [](AxisState s) {
             return s.isPartial() || s.isReplicated();
           });
  }
  return false;
}
