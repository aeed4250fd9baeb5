//===- Elementwise.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that compute each element of their result from those at the same place.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "SourceOp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Value make(ImplicitLocOpBuilder &builder, ValueRange operands) {
  return builder.createOrFold<OpTy>(operands);
}

static Value compare(ImplicitLocOpBuilder &builder,
                     arith::CmpFPredicate predicate, Value a, Value b) {
  return builder.createOrFold<arith::CmpFOp>(predicate, a, b);
}
static Value compare(ImplicitLocOpBuilder &builder,
                     arith::CmpIPredicate predicate, Value a, Value b) {
  return builder.createOrFold<arith::CmpIOp>(predicate, a, b);
}
static Value select(ImplicitLocOpBuilder &builder, Value condition, Value a,
                    Value b) {
  return builder.createOrFold<arith::SelectOp>(condition, a, b);
}

static Value constantLike(ImplicitLocOpBuilder &builder, Value value,
                          int64_t number) {
  return createConstant(builder, value.getType(), number);
}

static Value negateInteger(ImplicitLocOpBuilder &builder, ValueRange v) {
  return builder.createOrFold<arith::SubIOp>(constantLike(builder, v[0], 0),
                                             v[0]);
}

static Value invert(ImplicitLocOpBuilder &builder, ValueRange v) {
  return builder.createOrFold<arith::XOrIOp>(v[0],
                                             constantLike(builder, v[0], -1));
}

static Value square(ImplicitLocOpBuilder &builder, ValueRange v) {
  return builder.createOrFold<arith::MulFOp>(v[0], v[0]);
}

/// 1 / (1 + exp(-x))
static Value logistic(ImplicitLocOpBuilder &builder, ValueRange v) {
  Value one = constantLike(builder, v[0], 1);
  Value exp = builder.createOrFold<math::ExpOp>(
      builder.createOrFold<arith::NegFOp>(v[0]));
  return builder.createOrFold<arith::DivFOp>(
      one, builder.createOrFold<arith::AddFOp>(one, exp));
}

/// -1, 1, or x itself if it is a zero or NaN.
static Value signOfFloat(ImplicitLocOpBuilder &builder, ValueRange v) {
  Value zero = constantLike(builder, v[0], 0);
  Value isOther = compare(builder, arith::CmpFPredicate::UEQ, v[0], zero);
  Value sign = builder.createOrFold<math::CopySignOp>(
      constantLike(builder, v[0], 1), v[0]);
  return select(builder, isOther, v[0], sign);
}

static Value signOfInteger(ImplicitLocOpBuilder &builder, ValueRange v) {
  Value zero = constantLike(builder, v[0], 0);
  Value one = constantLike(builder, v[0], 1);
  Value minusOne = constantLike(builder, v[0], -1);
  Value isPositive = compare(builder, arith::CmpIPredicate::sgt, v[0], zero);
  Value isNegative = compare(builder, arith::CmpIPredicate::slt, v[0], zero);
  Value sign = select(builder, isNegative, minusOne, zero);
  return select(builder, isPositive, one, sign);
}

/// True if all elements are known, and none is 0 or, if signed, -1.
static bool isSafeDivisor(Value value, bool isSigned) {
  APInt number;
  return matchPattern(value, m_ConstantInt(&number)) && !number.isZero() &&
         !(isSigned && number.isAllOnes());
}

/// Division by 0 gives all ones, and the remainder is the dividend; the least
/// number divided by -1 is itself, with remainder 0. (StableHLO leaves them
/// open; this is what XLA computes. In arith they are undefined.)
template <typename OpTy, bool isSigned, bool isRemainder>
static Value divide(ImplicitLocOpBuilder &builder, ValueRange v) {
  if (isSafeDivisor(v[1], isSigned))
    return builder.createOrFold<OpTy>(v);
  Value zero = constantLike(builder, v[0], 0);
  Value one = constantLike(builder, v[0], 1);
  Value ones = constantLike(builder, v[0], -1);
  Value isZero = compare(builder, arith::CmpIPredicate::eq, v[1], zero);
  Value divisor = select(builder, isZero, one, v[1]);
  if (isSigned) {
    const unsigned width = getElementTypeOrSelf(v[0]).getIntOrFloatBitWidth();
    Value least = constantLike(builder, v[0],
                               APInt::getSignedMinValue(width).getSExtValue());
    Value isLeast = compare(builder, arith::CmpIPredicate::eq, v[0], least);
    Value isMinusOne = compare(builder, arith::CmpIPredicate::eq, v[1], ones);
    Value overflows = builder.createOrFold<arith::AndIOp>(isLeast, isMinusOne);
    divisor = select(builder, overflows, one, divisor);
  }
  Value result = builder.createOrFold<OpTy>(v[0], divisor);
  return select(builder, isZero, isRemainder ? v[0] : ones, result);
}

namespace {
struct Entry {
  StringLiteral name;
  unsigned numOperands;
  /// By class of elements; null where the op is not defined.
  Elementwise ofFloats, ofSigned, ofUnsigned, ofBools;
};
} // namespace

// clang-format off
static const Entry kEntries[] = {
    {"stablehlo.add", 2, make<arith::AddFOp>, make<arith::AddIOp>, make<arith::AddIOp>, make<arith::OrIOp>},
    {"stablehlo.subtract", 2, make<arith::SubFOp>, make<arith::SubIOp>, make<arith::SubIOp>, nullptr},
    {"stablehlo.multiply", 2, make<arith::MulFOp>, make<arith::MulIOp>, make<arith::MulIOp>, make<arith::AndIOp>},
    {"stablehlo.divide", 2, make<arith::DivFOp>, divide<arith::DivSIOp, true, false>, divide<arith::DivUIOp, false, false>, nullptr},
    {"stablehlo.remainder", 2, make<arith::RemFOp>, divide<arith::RemSIOp, true, true>, divide<arith::RemUIOp, false, true>, nullptr},
    {"stablehlo.maximum", 2, make<arith::MaximumFOp>, make<arith::MaxSIOp>, make<arith::MaxUIOp>, make<arith::OrIOp>},
    {"stablehlo.minimum", 2, make<arith::MinimumFOp>, make<arith::MinSIOp>, make<arith::MinUIOp>, make<arith::AndIOp>},
    {"stablehlo.power", 2, make<math::PowFOp>, nullptr, nullptr, nullptr},
    {"stablehlo.atan2", 2, make<math::Atan2Op>, nullptr, nullptr, nullptr},
    {"stablehlo.and", 2, nullptr, make<arith::AndIOp>, make<arith::AndIOp>, make<arith::AndIOp>},
    {"stablehlo.or", 2, nullptr, make<arith::OrIOp>, make<arith::OrIOp>, make<arith::OrIOp>},
    {"stablehlo.xor", 2, nullptr, make<arith::XOrIOp>, make<arith::XOrIOp>, make<arith::XOrIOp>},
    {"stablehlo.not", 1, nullptr, invert, invert, invert},
    {"stablehlo.negate", 1, make<arith::NegFOp>, negateInteger, negateInteger, nullptr},
    {"stablehlo.abs", 1, make<math::AbsFOp>, make<math::AbsIOp>, nullptr, nullptr},
    {"stablehlo.sign", 1, signOfFloat, signOfInteger, nullptr, nullptr},
    {"stablehlo.exponential", 1, make<math::ExpOp>, nullptr, nullptr, nullptr},
    {"stablehlo.exponential_minus_one", 1, make<math::ExpM1Op>, nullptr, nullptr, nullptr},
    {"stablehlo.log", 1, make<math::LogOp>, nullptr, nullptr, nullptr},
    {"stablehlo.log_plus_one", 1, make<math::Log1pOp>, nullptr, nullptr, nullptr},
    {"stablehlo.logistic", 1, logistic, nullptr, nullptr, nullptr},
    {"stablehlo.sqrt", 1, make<math::SqrtOp>, nullptr, nullptr, nullptr},
    {"stablehlo.rsqrt", 1, make<math::RsqrtOp>, nullptr, nullptr, nullptr},
    {"stablehlo.cbrt", 1, make<math::CbrtOp>, nullptr, nullptr, nullptr},
    {"stablehlo.sine", 1, make<math::SinOp>, nullptr, nullptr, nullptr},
    {"stablehlo.cosine", 1, make<math::CosOp>, nullptr, nullptr, nullptr},
    {"stablehlo.tan", 1, make<math::TanOp>, nullptr, nullptr, nullptr},
    {"stablehlo.tanh", 1, make<math::TanhOp>, nullptr, nullptr, nullptr},
    {"stablehlo.floor", 1, make<math::FloorOp>, nullptr, nullptr, nullptr},
    {"stablehlo.ceil", 1, make<math::CeilOp>, nullptr, nullptr, nullptr},
    {"stablehlo.round_nearest_even", 1, make<math::RoundEvenOp>, nullptr, nullptr, nullptr},
    {"stablehlo.round_nearest_afz", 1, make<math::RoundOp>, nullptr, nullptr, nullptr},
    {"chlo.square", 1, square, nullptr, nullptr, nullptr},
    {"chlo.erf", 1, make<math::ErfOp>, nullptr, nullptr, nullptr},
    {"chlo.erfc", 1, make<math::ErfcOp>, nullptr, nullptr, nullptr},
};
// clang-format on

static const Entry *findEntry(StringRef name) {
  const Entry *entry = llvm::find_if(
      kEntries, [&](const Entry &entry) { return entry.name == name; });
  return entry == std::end(kEntries) ? nullptr : entry;
}

static Elementwise getComputation(const Entry &entry, ElementClass elements) {
  switch (elements) {
  case ElementClass::Float:
    return entry.ofFloats;
  case ElementClass::Signed:
    return entry.ofSigned;
  case ElementClass::Unsigned:
    return entry.ofUnsigned;
  case ElementClass::Bool:
    return entry.ofBools;
  }
  llvm_unreachable("all classes");
}

Elementwise stablehlo::findCombination(StringRef name, ElementClass elements) {
  const Entry *entry = findEntry(name);
  return entry && entry->numOperands == 2 ? getComputation(*entry, elements)
                                          : nullptr;
}

static LogicalResult importElementwise(SourceOp &source) {
  Operation *op = source.op;
  const Entry &entry = *findEntry(op->getName().getStringRef());
  auto hasResultType = [&](Type type) {
    return type == op->getResult(0).getType();
  };
  if (!source.hasShape(entry.numOperands, 1) ||
      !llvm::all_of(op->getOperandTypes(), hasResultType))
    return source.malformed();
  Elementwise compute = getComputation(entry, source.getResultClass(0));
  if (!compute)
    return source.lackType(op->getResult(0).getType());
  return source.finish(compute(source.builder, source.operands));
}

//===----------------------------------------------------------------------===//
// Comparison and choice
//===----------------------------------------------------------------------===//

static std::optional<arith::CmpFPredicate> getFloatPredicate(StringRef name) {
  return llvm::StringSwitch<std::optional<arith::CmpFPredicate>>(name)
      .Case("EQ", arith::CmpFPredicate::OEQ)
      .Case("NE", arith::CmpFPredicate::UNE)
      .Case("GE", arith::CmpFPredicate::OGE)
      .Case("GT", arith::CmpFPredicate::OGT)
      .Case("LE", arith::CmpFPredicate::OLE)
      .Case("LT", arith::CmpFPredicate::OLT)
      .Default(std::nullopt);
}

static std::optional<arith::CmpIPredicate> getIntegerPredicate(StringRef name,
                                                               bool isSigned) {
  using enum arith::CmpIPredicate;
  return llvm::StringSwitch<std::optional<arith::CmpIPredicate>>(name)
      .Case("EQ", eq)
      .Case("NE", ne)
      .Case("GE", isSigned ? sge : uge)
      .Case("GT", isSigned ? sgt : ugt)
      .Case("LE", isSigned ? sle : ule)
      .Case("LT", isSigned ? slt : ult)
      .Default(std::nullopt);
}

/// One number is compared as such: for tensors arith has no folds.
static Value compareFloats(SourceOp &source, arith::CmpFPredicate predicate) {
  ImplicitLocOpBuilder &builder = source.builder;
  Value a = source.operands[0], b = source.operands[1];
  if (source.getOperandType(0).getRank() != 0)
    return compare(builder, predicate, a, b);
  a = createScalar(builder, a);
  b = createScalar(builder, b);
  Value result = compare(builder, predicate, a, b);
  return builder.createOrFold<tensor::FromElementsOp>(source.resultTypes[0],
                                                      result);
}

static LogicalResult importCompare(SourceOp &source) {
  Operation *op = source.op;
  if (!source.hasShape(2, 1) ||
      op->getOperand(0).getType() != op->getOperand(1).getType())
    return source.malformed();
  std::optional<StringRef> direction =
      readEnum(op->getAttr("comparison_direction"), "comparison_direction");
  if (!direction)
    return source.malformed();
  // Without one it is the usual comparison of the elements.
  Attribute kindAttr = op->getAttr("compare_type");
  std::optional<StringRef> kind = readEnum(kindAttr, "comparison_type");
  if (kindAttr && !kind)
    return source.malformed();
  const ElementClass elements = source.getOperandClass(0);
  StringRef usual = elements == ElementClass::Float    ? "FLOAT"
                    : elements == ElementClass::Signed ? "SIGNED"
                                                       : "UNSIGNED";
  if (kind && *kind != usual && *kind != "NOTYPE")
    return source.lack("of type " + *kind);
  Value a = source.operands[0], b = source.operands[1];
  if (elements == ElementClass::Float) {
    auto predicate = getFloatPredicate(*direction);
    if (!predicate)
      return source.malformed();
    return source.finish(compareFloats(source, *predicate));
  }
  auto predicate =
      getIntegerPredicate(*direction, elements == ElementClass::Signed);
  return predicate ? source.finish(compare(source.builder, *predicate, a, b))
                   : source.malformed();
}

static LogicalResult importSelect(SourceOp &source) {
  if (!source.hasShape(3, 1) ||
      source.getOperandClass(0) != ElementClass::Bool ||
      source.getOperandType(1) != source.resultTypes[0] ||
      source.getOperandType(2) != source.resultTypes[0])
    return source.malformed();
  Value condition = source.operands[0];
  RankedTensorType type = source.getOperandType(0);
  if (type.getRank() == 0)
    condition = createScalar(source.builder, condition);
  else if (type.getShape() != source.resultTypes[0].getShape())
    return source.malformed();
  return source.finish(select(source.builder, condition, source.operands[1],
                              source.operands[2]));
}

/// minimum(maximum(x, low), high)
static LogicalResult importClamp(SourceOp &source) {
  if (!source.hasShape(3, 1))
    return source.malformed();
  Type element = getElementTypeOrSelf(source.op->getResult(0).getType());
  for (Value &operand : source.operands) {
    auto type = cast<RankedTensorType>(operand.getType());
    if (type.getRank() == 0)
      operand =
          createBroadcast(source.builder, operand, source.resultTypes[0], {});
    if (operand.getType() != source.resultTypes[0])
      return source.malformed();
  }
  for (Type type : source.op->getOperandTypes())
    if (getElementTypeOrSelf(type) != element)
      return source.malformed();
  const ElementClass elements = source.getResultClass(0);
  Elementwise maximum = findCombination("stablehlo.maximum", elements);
  Elementwise minimum = findCombination("stablehlo.minimum", elements);
  Value raised =
      maximum(source.builder, {source.operands[1], source.operands[0]});
  return source.finish(minimum(source.builder, {raised, source.operands[2]}));
}

static LogicalResult importIsFinite(SourceOp &source) {
  if (!source.hasShape(1, 1) ||
      source.getOperandClass(0) != ElementClass::Float)
    return source.malformed();
  return source.finish(
      source.builder.createOrFold<math::IsFiniteOp>(source.operands));
}

//===----------------------------------------------------------------------===//
// Conversion
//===----------------------------------------------------------------------===//

static Value convertFloat(ImplicitLocOpBuilder &builder, Value value,
                          Type type) {
  Type from = getElementTypeOrSelf(value), to = getElementTypeOrSelf(type);
  if (from == to)
    return value;
  if (from.getIntOrFloatBitWidth() == to.getIntOrFloatBitWidth()) {
    // f16 and bf16: both are numbers of f32.
    auto wide = cast<RankedTensorType>(type).clone(builder.getF32Type());
    return convertFloat(builder, convertFloat(builder, value, wide), type);
  }
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return builder.createOrFold<arith::ExtFOp>(type, value);
  return builder.createOrFold<arith::TruncFOp>(type, value);
}

/// Towards zero; NaN is 0, and what is out of range the nearest number in it,
/// as XLA has it. (In arith it is undefined.)
static Value convertToInteger(ImplicitLocOpBuilder &builder, Value value,
                              RankedTensorType type, bool isSigned) {
  // The bounds below are numbers of f32 and wider types.
  if (getElementTypeOrSelf(value).getIntOrFloatBitWidth() < 32)
    value = convertFloat(builder, value, type.clone(builder.getF32Type()));
  const unsigned width = type.getElementTypeBitWidth();
  auto floats = cast<RankedTensorType>(value.getType());
  auto element = cast<FloatType>(floats.getElementType());
  auto bound = [&](const APInt &number, bool isSigned) -> Value {
    APFloat rounded(element.getFloatSemantics());
    rounded.convertFromAPInt(number, isSigned, APFloat::rmNearestTiesToEven);
    return arith::ConstantOp::create(builder,
                                     DenseElementsAttr::get(floats, rounded));
  };
  auto limit = [&](const APInt &number) -> Value {
    return arith::ConstantOp::create(builder,
                                     DenseElementsAttr::get(type, number));
  };
  APInt least = isSigned ? APInt::getSignedMinValue(width) : APInt(width, 0);
  APInt greatest =
      isSigned ? APInt::getSignedMaxValue(width) : APInt::getMaxValue(width);
  Value low = bound(least, isSigned);
  Value high = bound(greatest.zext(width + 1) + 1, /*isSigned=*/false);
  Value isBelow = compare(builder, arith::CmpFPredicate::OLT, value, low);
  Value isAbove = compare(builder, arith::CmpFPredicate::OGE, value, high);
  Value isAtLeast = compare(builder, arith::CmpFPredicate::OGE, value, low);
  Value isLess = compare(builder, arith::CmpFPredicate::OLT, value, high);
  Value isInside = builder.createOrFold<arith::AndIOp>(isAtLeast, isLess);
  Value zero = createConstant(builder, floats, 0);
  Value safe = select(builder, isInside, value, zero);
  Value inside = isSigned ? builder.createOrFold<arith::FPToSIOp>(type, safe)
                          : builder.createOrFold<arith::FPToUIOp>(type, safe);
  Value notAbove = select(builder, isAbove, limit(greatest), inside);
  return select(builder, isBelow, limit(least), notAbove);
}

/// A number, truncated or extended by the sign that it has.
static Value convertInteger(ImplicitLocOpBuilder &builder, Value value,
                            RankedTensorType type, bool isSigned) {
  const unsigned from = getElementTypeOrSelf(value).getIntOrFloatBitWidth();
  const unsigned to = type.getElementTypeBitWidth();
  if (from == to)
    return value;
  if (from > to)
    return builder.createOrFold<arith::TruncIOp>(type, value);
  return isSigned ? builder.createOrFold<arith::ExtSIOp>(type, value)
                  : builder.createOrFold<arith::ExtUIOp>(type, value);
}

static LogicalResult importConvert(SourceOp &source) {
  if (!source.hasShape(1, 1) ||
      source.getOperandType(0).getShape() != source.resultTypes[0].getShape())
    return source.malformed();
  ImplicitLocOpBuilder &builder = source.builder;
  Value value = source.operands[0];
  RankedTensorType type = source.resultTypes[0];
  const ElementClass from = source.getOperandClass(0),
                     to = source.getResultClass(0);
  const bool isSigned = from == ElementClass::Signed;
  if (to == ElementClass::Bool) {
    Value zero = constantLike(builder, value, 0);
    return source.finish(
        from == ElementClass::Float
            ? compare(builder, arith::CmpFPredicate::UNE, value, zero)
            : compare(builder, arith::CmpIPredicate::ne, value, zero));
  }
  if (from == ElementClass::Float)
    return source.finish(to == ElementClass::Float
                             ? convertFloat(builder, value, type)
                             : convertToInteger(builder, value, type,
                                                to == ElementClass::Signed));
  if (to != ElementClass::Float)
    return source.finish(convertInteger(builder, value, type, isSigned));
  return source.finish(
      isSigned ? builder.createOrFold<arith::SIToFPOp>(type, value)
               : builder.createOrFold<arith::UIToFPOp>(type, value));
}

/// Integers of other signs are the same bits already.
static LogicalResult importBitcast(SourceOp &source) {
  if (!source.hasShape(1, 1) ||
      source.getOperandType(0).getShape() != source.resultTypes[0].getShape() ||
      source.getOperandType(0).getElementTypeBitWidth() !=
          source.resultTypes[0].getElementTypeBitWidth())
    return source.lack("between types of different widths");
  return source.finish(source.builder.createOrFold<arith::BitcastOp>(
      source.resultTypes[0], source.operands[0]));
}

//===----------------------------------------------------------------------===//
// The table of handlers
//===----------------------------------------------------------------------===//

Handler stablehlo::findElementwise(StringRef name) {
  if (findEntry(name))
    return importElementwise;
  return llvm::StringSwitch<Handler>(name)
      .Case("stablehlo.compare", importCompare)
      .Case("stablehlo.select", importSelect)
      .Case("stablehlo.clamp", importClamp)
      .Case("stablehlo.is_finite", importIsFinite)
      .Case("stablehlo.convert", importConvert)
      .Case("stablehlo.bitcast_convert", importBitcast)
      .Default(nullptr);
}
