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

#include "llvm/ADT/APFloat.h"

#include <cstring>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

static uint64_t load(const char *data, unsigned width) {
  uint64_t bits = 0;
  std::memcpy(&bits, data, width);
  return bits;
}

static const fltSemantics &getSemantics(commuter_dtype_t dtype) {
  switch (dtype) {
  case COMMUTER_F32:
    return APFloat::IEEEsingle();
  case COMMUTER_F64:
    return APFloat::IEEEdouble();
  case COMMUTER_F16:
    return APFloat::IEEEhalf();
  case COMMUTER_BF16:
    return APFloat::BFloat();
  case COMMUTER_F8E4M3FN:
    return APFloat::Float8E4M3FN();
  case COMMUTER_F8E5M2:
    return APFloat::Float8E5M2();
  default:
    llvm_unreachable("no floating-point type");
  }
}

double run::decode(const char *data, ElementType type) {
  unsigned width = type.getWidth();
  uint64_t bits = load(data, width);
  if (type.isFloat()) {
    APFloat value(getSemantics(type.dtype), APInt(width * 8, bits));
    bool loses;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &loses);
    return value.convertToDouble();
  }
  if (type.dtype == COMMUTER_I1 || type.isUnsigned())
    return static_cast<double>(bits);
  return static_cast<double>(APInt(width * 8, bits).getSExtValue());
}

static uint64_t encode(double number, ElementType type) {
  APFloat value(number);
  bool loses;
  value.convert(getSemantics(type.dtype), APFloat::rmNearestTiesToEven, &loses);
  return value.bitcastToAPInt().getZExtValue();
}

void run::addElements(ArrayRef<const char *> summands, int64_t count,
                      ElementType type, char *target) {
  unsigned width = type.getWidth();
  uint64_t mask = type.dtype == COMMUTER_I1 ? 1 : ~uint64_t(0);
  for (int64_t at = 0; at < count * width; at += width) {
    uint64_t bits = 0;
    if (type.isFloat()) {
      // Starts from the first, not from 0: the sum of -0.0 is -0.0.
      double sum = decode(summands[0] + at, type);
      for (const char *summand : summands.drop_front())
        sum += decode(summand + at, type);
      bits = encode(sum, type);
    } else {
      for (const char *summand : summands)
        bits += load(summand + at, width);
      bits &= mask;
    }
    std::memcpy(target + at, &bits, width);
  }
}

uint64_t run::getZeroSummand(ElementType type) {
  return type.isFloat() ? uint64_t(1) << (type.getWidth() * 8 - 1) : 0;
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

RandomElements::RandomElements(ElementType type)
    : isFloat(type.isFloat()), isBool(type.dtype == COMMUTER_I1) {
  if (!isFloat)
    return;
  const fltSemantics &semantics = getSemantics(type.dtype);
  mantissa = APFloat::semanticsPrecision(semantics) - 1;
  exponentBits = type.getWidth() * 8 - 1 - mantissa;
  bias = -APFloat::semanticsMinExponent(semantics) + 1;
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
