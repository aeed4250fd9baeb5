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
#include "Addends.h"

#include "commuter/Interfaces/WrittenElements.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

Linearity commuter::getLinearity(Operation *op) {
  return llvm::TypeSwitch<Operation *, Linearity>(op)
      .Case<arith::AddFOp, arith::SubFOp, arith::AddIOp, arith::SubIOp>(
          [](auto) { return Linearity::Additive; })
      .Case<arith::NegFOp, arith::ExtFOp, arith::TruncFOp, arith::DivFOp,
            tensor::CastOp, tensor::ExtractOp, tensor::ExtractSliceOp,
            tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::SplatOp>(
          [](auto) { return Linearity::Unary; })
      .Case<arith::MulFOp, arith::MulIOp>(
          [](auto) { return Linearity::Product; })
      .Case([](arith::SelectOp) { return Linearity::Select; })
      .Case([](math::FmaOp) { return Linearity::Fma; })
      // As long as no sum exceeds its type.
      .Case<arith::SIToFPOp, arith::UIToFPOp, arith::ExtSIOp, arith::ExtUIOp,
            arith::TruncIOp, arith::IndexCastOp, arith::IndexCastUIOp,
            arith::ShLIOp, arith::AddUIExtendedOp>(
          [](auto) { return Linearity::Unknown; })
      .Case<tensor::ConcatOp, tensor::InsertSliceOp>(
          [](auto) { return Linearity::Together; })
      .Case([](linalg::SoftmaxOp) { return Linearity::None; })
      .Case([](tensor::PadOp pad) {
        Value padding = pad.getConstantPaddingValue();
        return padding && isZero(padding) ? Linearity::Unary
                                          : Linearity::Unknown;
      })
      .Default([](Operation *op) {
        // A collective may be linear, and so are some ops on numbers of several
        // parts; a region can hold anything, as can what is called: of a
        // structured op, see `visitBody`.
        static constexpr StringRef kUnknown[] = {
            "builtin", "complex", "dist", "linalg", "tensor", "vector"};
        bool isKnown =
            op->getNumRegions() == 0 && op->getDialect() &&
            !isa<CallOpInterface>(op) &&
            !llvm::is_contained(kUnknown, op->getName().getDialectNamespace());
        return isKnown ? Linearity::None : Linearity::Unknown;
      });
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

bool commuter::addsNothing(linalg::LinalgOp op, OpOperand &operand) {
  return isZero(operand.get()) ||
         (op.isDpsInit(&operand) &&
          operand.get().getDefiningOp<tensor::EmptyOp>());
}

namespace {
/// The states of a body's values along one axis. nullopt: zero, which is
/// replicated as well as a pending sum.
class BodyStates {
public:
  BodyStates(linalg::LinalgOp op, OperandStates states,
             function_ref<AxisState(Value)> getCaptured, ReplicatedInits inits)
      : op(op), getCaptured(getCaptured) {
    for (auto [operand, state] : llvm::zip_equal(op->getOpOperands(), states)) {
      const bool isTakenForZero = inits == ReplicatedInits::AreZero &&
                                  op.isDpsInit(&operand) &&
                                  state.isReplicated();
      known[op.getMatchingBlockArgument(&operand)] =
          isTakenForZero || addsNothing(op, operand) ? std::nullopt
                                                     : std::optional(state);
    }
  }

  /// Goes through the body until nothing changes: where several rounds make an
  /// element, each takes what the last one has yielded.
  void solve() {
    bool hasChanged = true;
    while (hasChanged) {
      hasChanged = false;
      for (Operation &inner : op.getBlock()->without_terminator()) {
        std::optional<AxisState> made = getResultState(&inner);
        for (Value result : inner.getResults())
          known[result] = made;
      }
      if (op.getNumReductionLoops() != 0)
        for (auto [argument, yielded] :
             llvm::zip_equal(op.getRegionOutputArgs(),
                             op.getBlock()->getTerminator()->getOperands()))
          hasChanged |= join(known[argument], look(yielded));
    }
  }

  /// Zeros are pending where something else is, and else `otherwise`.
  SmallVector<AxisState>
  get(ValueRange values, AxisState otherwise = AxisState::replicated()) const {
    auto states = llvm::map_to_vector(values, [&](Value v) { return look(v); });
    if (llvm::is_contained(states, AxisState::partial()))
      otherwise = AxisState::partial();
    return llvm::map_to_vector(states, [&](std::optional<AxisState> state) {
      return state.value_or(otherwise);
    });
  }

private:
  std::optional<AxisState> look(Value value) const {
    auto it = known.find(value);
    return it == known.end() ? std::optional(getCaptured(value)) : it->second;
  }

  static bool join(std::optional<AxisState> &sofar,
                   std::optional<AxisState> next) {
    // Where one varies, not all that is yielded is pending, whatever follows.
    if (!next || sofar == next || next == AxisState::varying() ||
        sofar == AxisState::varying())
      return false;
    sofar = sofar ? AxisState::varying() : next;
    return true;
  }

  std::optional<AxisState> getResultState(Operation *inner) const {
    SmallVector<AxisState> states = get(inner->getOperands());
    if (keepsPartial(inner, states))
      return AxisState::partial();
    if (llvm::none_of(states, isPartial) &&
        keepsPartial(inner, get(inner->getOperands(), AxisState::partial())))
      return std::nullopt;
    return allReplicated(states) && dependsOnOperands(inner)
               ? AxisState::replicated()
               : AxisState::varying();
  }

  /// True if the op asks neither the rank nor anything that is not seen.
  static bool dependsOnOperands(Operation *inner) {
    return inner->getNumRegions() == 0 && isMemoryEffectFree(inner) &&
           !isa<MeshGroupOpInterface>(inner);
  }

  linalg::LinalgOp op;
  function_ref<AxisState(Value)> getCaptured;
  llvm::SmallDenseMap<Value, std::optional<AxisState>> known;
};
} // namespace

SmallVector<AxisState>
commuter::visitBody(linalg::LinalgOp op, OperandStates states,
                    function_ref<AxisState(Value)> getCaptured,
                    function_ref<void(Operation *, OperandStates)> visit,
                    ReplicatedInits inits) {
  BodyStates body(op, states, getCaptured, inits);
  body.solve();
  for (Operation &inner : op.getBlock()->without_terminator())
    visit(&inner, body.get(inner.getOperands()));
  return body.get(op.getBlock()->getTerminator()->getOperands());
}

/// Elements that are not written are those of the destination. Values that are
/// captured are replicated, or the result is not known.
static bool bodyKeepsPartial(linalg::LinalgOp op, OperandStates states) {
  auto isPartialOrWritten = [&](OpOperand &init) {
    return isPartial(states[init.getOperandNumber()]) ||
           addsNothing(op, init) || writesEveryElement(op, init);
  };
  return llvm::all_of(op.getDpsInitsMutable(), isPartialOrWritten) &&
         llvm::all_of(visitBody(
                          op, states,
                          [](Value) { return AxisState::replicated(); },
                          [](Operation *, OperandStates) {}),
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
    return isPartialProduct(states);
  case Linearity::Fma:
    return isPartialProduct(states.take_front(2)) && isPartialOrZero(2);
  }
  return false;
}
