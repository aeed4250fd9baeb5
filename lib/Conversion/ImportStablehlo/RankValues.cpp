//===- RankValues.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers that are known on every rank.
//
//===----------------------------------------------------------------------===//

#include "RankValues.h"

#include "AttributeText.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

/// A guard for the stack; an index is of some ten ops.
static constexpr unsigned kMaxDepth = 100;

static IntegerType getScalarType(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  if (!tensor || tensor.getRank() != 0)
    return {};
  return dyn_cast<IntegerType>(tensor.getElementType());
}

static bool isSigned(Value value) {
  IntegerType type = getScalarType(value);
  return type.isSignless() && type.getWidth() != 1;
}

std::optional<APInt> RankValues::evaluate(Value value) {
  if (!getScalarType(value) || !value.getDefiningOp() || depth == kMaxDepth)
    return std::nullopt;
  // While it is computed, it is not known: a region without an order may have
  // cycles.
  auto [found, isNew] = known.try_emplace(value, std::nullopt);
  if (!isNew)
    return found->second;
  ++depth;
  std::optional<APInt> result = compute(value.getDefiningOp());
  --depth;
  if (result && result->getBitWidth() != getScalarType(value).getWidth())
    result.reset(); // malformed
  known[value] = result;
  return result;
}

static std::optional<APInt> divide(const APInt &a, const APInt &b,
                                   bool isSigned, bool isRemainder) {
  if (b.isZero() || (isSigned && a.isMinSignedValue() && b.isAllOnes()))
    return std::nullopt;
  if (isRemainder)
    return isSigned ? a.srem(b) : a.urem(b);
  return isSigned ? a.sdiv(b) : a.udiv(b);
}

static std::optional<APInt> compare(StringRef direction, const APInt &a,
                                    const APInt &b, bool isSigned) {
  auto isLess = [&](const APInt &x, const APInt &y) {
    return isSigned ? x.slt(y) : x.ult(y);
  };
  if (direction == "EQ")
    return APInt(1, a == b);
  if (direction == "NE")
    return APInt(1, a != b);
  if (direction == "LT")
    return APInt(1, isLess(a, b));
  if (direction == "GE")
    return APInt(1, !isLess(a, b));
  if (direction == "GT")
    return APInt(1, isLess(b, a));
  if (direction == "LE")
    return APInt(1, !isLess(b, a));
  return std::nullopt;
}

std::optional<APInt> RankValues::compute(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (!name.consume_front("stablehlo.") || op->getNumResults() != 1)
    return std::nullopt;
  IntegerType type = getScalarType(op->getResult(0));
  if (name == "constant") {
    auto value = op->getAttrOfType<DenseIntElementsAttr>("value");
    if (!value || value.getNumElements() != 1)
      return std::nullopt;
    return value.getSplatValue<APInt>();
  }
  if (name == "partition_id")
    return APInt(32, rank);
  if (name == "replica_id")
    return APInt(32, 0);

  SmallVector<APInt> v;
  for (Value operand : op->getOperands()) {
    std::optional<APInt> number = evaluate(operand);
    if (!number)
      return std::nullopt;
    v.push_back(*number);
  }
  const bool takesSigned = !v.empty() && isSigned(op->getOperand(0));
  if (v.size() == 1) {
    if (name == "reshape" || name == "broadcast_in_dim")
      return v[0];
    if (name == "negate")
      return -v[0];
    if (name != "convert")
      return std::nullopt;
    if (type.getWidth() == 1)
      return APInt(1, !v[0].isZero());
    return takesSigned ? v[0].sextOrTrunc(type.getWidth())
                       : v[0].zextOrTrunc(type.getWidth());
  }
  auto haveOneWidth = [&](unsigned a, unsigned b) {
    return v[a].getBitWidth() == v[b].getBitWidth();
  };
  if (name == "select" && v.size() == 3)
    return v[0].isZero() ? v[2] : v[1];
  if (v.size() != 2 || !haveOneWidth(0, 1) || v[0].getBitWidth() == 1)
    return std::nullopt;
  const bool isLess = takesSigned ? v[0].slt(v[1]) : v[0].ult(v[1]);
  if (name == "add")
    return v[0] + v[1];
  if (name == "subtract")
    return v[0] - v[1];
  if (name == "multiply")
    return v[0] * v[1];
  if (name == "maximum")
    return isLess ? v[1] : v[0];
  if (name == "minimum")
    return isLess ? v[0] : v[1];
  if (name == "divide" || name == "remainder")
    return divide(v[0], v[1], takesSigned, name == "remainder");
  if (name == "compare")
    return compare(
        readEnum(op->getAttr("comparison_direction"), "comparison_direction")
            .value_or(""),
        v[0], v[1], takesSigned);
  return std::nullopt;
}
