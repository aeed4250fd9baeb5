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
      .Case([](math::FmaOp) { return Linearity::Fma; })
      // As long as no sum exceeds its type.
      .Case<arith::SIToFPOp, arith::UIToFPOp, arith::ExtSIOp, arith::ExtUIOp,
            arith::TruncIOp>([](auto) { return Linearity::Unknown; })
      .Case<tensor::ConcatOp, tensor::InsertSliceOp>(
          [](auto) { return Linearity::Together; })
      .Case([](linalg::SoftmaxOp) { return Linearity::None; })
      .Case([](tensor::PadOp pad) {
        Value padding = pad.getConstantPaddingValue();
        return padding && isZero(padding) ? Linearity::Unary
                                          : Linearity::Unknown;
      })
      .Default([](Operation *op) {
        // A collective may be linear, and a region can hold anything: of a
        // structured op, see `visitBody`.
        bool isKnown =
            op->getNumRegions() == 0 && op->getDialect() &&
            !isa<tensor::TensorDialect, linalg::LinalgDialect, DistDialect>(
                op->getDialect());
        return isKnown ? Linearity::None : Linearity::Unknown;
      });
}

bool commuter::isZero(Value value) {
  while (isa_and_present<tensor::CastOp, tensor::ExtractSliceOp,
                         tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                         tensor::SplatOp>(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return isZero(fill.getInputs().front());
  return matchPattern(value, m_AnyZeroFloat()) || matchPattern(value, m_Zero());
}

static bool isPartial(AxisState state) { return state.isPartial(); }

static bool allReplicated(OperandStates states) {
  return llvm::all_of(states, [](AxisState s) { return s.isReplicated(); });
}

static bool isPartialProduct(OperandStates factors) {
  return llvm::count_if(factors, isPartial) == 1 &&
         llvm::all_of(factors, [](AxisState s) {
           return s.isPartial() || s.isReplicated();
         });
}

namespace {
/// The states of a body's values along one axis, as far as they are visited.
/// nullopt: zero, which is replicated as well as a pending sum.
class BodyStates {
public:
  BodyStates(linalg::LinalgOp op, OperandStates states,
             function_ref<AxisState(Value)> getCaptured)
      : getCaptured(getCaptured) {
    for (auto [operand, state] : llvm::zip_equal(op->getOpOperands(), states)) {
      const bool addsNothing = op.isDpsInit(&operand) &&
                               (isZero(operand.get()) ||
                                operand.get().getDefiningOp<tensor::EmptyOp>());
      known[op.getMatchingBlockArgument(&operand)] =
          addsNothing ? std::nullopt : std::optional(state);
    }
  }

  /// Zeros are pending where something else is, and else `otherwise`.
  SmallVector<AxisState>
  get(ValueRange values, AxisState otherwise = AxisState::replicated()) const {
    SmallVector<std::optional<AxisState>> states =
        llvm::map_to_vector(values, [&](Value value) {
          auto it = known.find(value);
          return it == known.end() ? std::optional(getCaptured(value))
                                   : it->second;
        });
    if (llvm::is_contained(states, AxisState::partial()))
      otherwise = AxisState::partial();
    return llvm::map_to_vector(states, [&](std::optional<AxisState> state) {
      return state.value_or(otherwise);
    });
  }

  void visit(Operation *op) {
    std::optional<AxisState> made = getResultState(op);
    for (Value result : op->getResults())
      known[result] = made;
  }

private:
  std::optional<AxisState> getResultState(Operation *op) const {
    SmallVector<AxisState> states = get(op->getOperands());
    if (keepsPartial(op, states))
      return AxisState::partial();
    const bool hasPartial = llvm::any_of(states, isPartial);
    if (!hasPartial &&
        keepsPartial(op, get(op->getOperands(), AxisState::partial())))
      return std::nullopt;
    return op->getNumRegions() == 0 && allReplicated(states)
               ? AxisState::replicated()
               : AxisState::varying();
  }

  function_ref<AxisState(Value)> getCaptured;
  llvm::SmallDenseMap<Value, std::optional<AxisState>> known;
};
} // namespace

SmallVector<AxisState>
commuter::visitBody(linalg::LinalgOp op, OperandStates states,
                    function_ref<AxisState(Value)> getCaptured,
                    function_ref<void(Operation *, OperandStates)> visit) {
  BodyStates body(op, states, getCaptured);
  for (Operation &inner : op.getBlock()->without_terminator()) {
    visit(&inner, body.get(inner.getOperands()));
    body.visit(&inner);
  }
  return body.get(op.getBlock()->getTerminator()->getOperands());
}

bool commuter::keepsPartial(Operation *op, OperandStates states) {
  if (llvm::none_of(states, isPartial))
    return false;
  // Values that are captured are replicated, or the result is not known.
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return llvm::all_of(visitBody(
                            structured, states,
                            [](Value) { return AxisState::replicated(); },
                            [](Operation *, OperandStates) {}),
                        isPartial);
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
    return isPartialProduct(states);
  case Linearity::Fma:
    return isPartialProduct(states.take_front(2)) && isPartialOrZero(2);
  }
  return false;
}
