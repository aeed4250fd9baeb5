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
#include "mlir/Dialect/Math/IR/Math.h"
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
      // As long as no sum exceeds its type; or in two operands of three.
      .Case<arith::SIToFPOp, arith::UIToFPOp, arith::ExtSIOp, arith::ExtUIOp,
            arith::TruncIOp, math::FmaOp>(
          [](auto) { return Linearity::Unknown; })
      .Case<tensor::ConcatOp, tensor::InsertSliceOp>(
          [](auto) { return Linearity::Together; })
      .Case([](tensor::PadOp pad) {
        Value padding = pad.getConstantPaddingValue();
        return padding && isZero(padding) ? Linearity::Unary
                                          : Linearity::Unknown;
      })
      .Default([](Operation *op) {
        // A collective may be linear, and a region can hold anything: of a
        // structured op, see `keepsPartial`.
        bool isKnown =
            op->getNumRegions() == 0 && op->getDialect() &&
            !isa<tensor::TensorDialect, linalg::LinalgDialect, DistDialect>(
                op->getDialect());
        return isKnown ? Linearity::None : Linearity::Unknown;
      });
}

bool commuter::isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return isZero(fill.getInputs().front());
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

static bool isPartial(AxisState state) { return state.isPartial(); }

static bool allReplicated(OperandStates states) {
  return llvm::all_of(states, [](AxisState s) { return s.isReplicated(); });
}

/// Of a structured op whose captured values are replicated: what its body makes
/// of pending sums of elements, it makes of those of tensors.
static bool bodyKeepsPartial(linalg::LinalgOp op, OperandStates states) {
  llvm::SmallDenseMap<Value, AxisState> known;
  for (auto [operand, state] : llvm::zip_equal(op->getOpOperands(), states)) {
    // What is undefined may be zero.
    const bool addsNothing = op.isDpsInit(&operand) &&
                             (isZero(operand.get()) ||
                              operand.get().getDefiningOp<tensor::EmptyOp>());
    known[op.getMatchingBlockArgument(&operand)] =
        addsNothing ? AxisState::partial() : state;
  }
  auto getStates = [&](ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) {
      auto it = known.find(value);
      return it == known.end() ? AxisState::replicated() : it->second;
    });
  };
  for (Operation &inner : op.getBlock()->without_terminator()) {
    SmallVector<AxisState> given = getStates(inner.getOperands());
    AxisState made = AxisState::varying();
    if (inner.getNumRegions() == 0 && allReplicated(given))
      made = AxisState::replicated();
    else if (keepsPartial(&inner, given))
      made = AxisState::partial();
    for (Value result : inner.getResults())
      known[result] = made;
  }
  return llvm::all_of(getStates(op.getBlock()->getTerminator()->getOperands()),
                      isPartial);
}

bool commuter::keepsPartial(Operation *op, OperandStates states) {
  if (llvm::none_of(states, isPartial))
    return false;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return bodyKeepsPartial(structured, states);
  auto isPartialOrZero = [&](unsigned i) {
    return states[i].isPartial() || isZero(op->getOperand(i));
  };
  switch (getLinearity(op)) {
  case Linearity::Unknown:
  case Linearity::None:
    return false;
  case Linearity::Additive:
    return llvm::all_of(llvm::seq<unsigned>(0, states.size()), isPartialOrZero);
  case Linearity::Together:
    return llvm::all_of(llvm::seq<unsigned>(0, states.size()), [&](unsigned i) {
      return isa<ShapedType>(op->getOperand(i).getType())
                 ? isPartialOrZero(i)
                 : states[i].isReplicated();
    });
  case Linearity::Select:
    return states.front().isReplicated() && isPartialOrZero(1) &&
           isPartialOrZero(2);
  case Linearity::Unary:
    return states.front().isPartial() && allReplicated(states.drop_front());
  case Linearity::Product:
    return llvm::count_if(states, isPartial) == 1 &&
           llvm::all_of(states, [](AxisState s) {
             return s.isPartial() || s.isReplicated();
           });
  }
  return false;
}
