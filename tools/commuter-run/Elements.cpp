//===- Elements.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements of arrays: their types, and numbers of these types.
//
//===----------------------------------------------------------------------===//

#include "Elements.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

unsigned run::getElementWidth(Type type) {
  if (type.isIndex() || type.isF64() || type.isInteger(64))
    return 8;
  if (type.isF32() || type.isInteger(32))
    return 4;
  if (type.isF16() || type.isBF16() || type.isInteger(16))
    return 2;
  if (isa<Float8E4M3FNType, Float8E5M2Type>(type) || type.isInteger(8) ||
      type.isSignlessInteger(1))
    return 1;
  return 0;
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static uint64_t load(const char *data, unsigned width) {
  uint64_t bits = 0;
  std::memcpy(&bits, data, width);
  return bits;
}

double run::decode(const char *data, Type type) {
  unsigned width = getElementWidth(type);
  uint64_t bits = load(data, width);
  if (auto floating = dyn_cast<FloatType>(type)) {
    APFloat value(floating.getFloatSemantics(), APInt(width * 8, bits));
    bool loses;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return value.convertToDouble();
  }
  if (type.isInteger(1) || type.isUnsignedInteger())
    return static_cast<double>(bits);
  return static_cast<double>(APInt(width * 8, bits).getSExtValue());
}

static uint64_t encode(double number, FloatType type) {
  APFloat value(number);
  bool loses;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &loses);
  return value.bitcastToAPInt().getZExtValue();
}

void run::addElements(ArrayRef<const char *> summands, int64_t count, Type type,
                      char *target) {
  unsigned width = getElementWidth(type);
  auto floating = dyn_cast<FloatType>(type);
  uint64_t mask = type.isInteger(1) ? 1 : ~uint64_t(0);
  for (int64_t at = 0; at < count * width; at += width) {
    uint64_t bits = 0;
    if (floating) {
      // Starts from the first, not from 0: the sum of -0.0 is -0.0.
      double sum = decode(summands[0] + at, type);
      for (const char *summand : summands.drop_front())
        sum += decode(summand + at, type);
      bits = encode(sum, floating);
    } else {
      for (const char *summand : summands)
        bits += load(summand + at, width);
      bits &= mask;
    }
    std::memcpy(target + at, &bits, width);
  }
}

uint64_t run::getZeroSummand(Type type) {
  return isa<FloatType>(type) ? uint64_t(1) << (getElementWidth(type) * 8 - 1)
                              : 0;
}

//===----------------------------------------------------------------------===//
// Pseudo-random bits
//===----------------------------------------------------------------------===//

uint64_t run::mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

RandomElements::RandomElements(Type type) : isBool(type.isInteger(1)) {
  auto floating = dyn_cast<FloatType>(type);
  if (!floating)
    return;
  isFloat = true;
  mantissa = floating.getFPMantissaWidth() - 1;
  exponentBits = floating.getWidth() - 1 - mantissa;
  bias = -APFloat::semanticsMinExponent(floating.getFloatSemantics()) + 1;
}

uint64_t RandomElements::operator()(uint64_t hash) const {
  if (isBool)
    return hash & 1;
  if (!isFloat)
    return static_cast<uint64_t>(static_cast<int64_t>(hash >> 60) - 8);
  uint64_t fraction = hash >> 8 & ((uint64_t(1) << mantissa) - 1);
  uint64_t exponent = bias - 3 + (hash & 3);
  uint64_t sign = hash >> 2 & 1;
  return sign << (mantissa + exponentBits) | exponent << mantissa | fraction;
}
