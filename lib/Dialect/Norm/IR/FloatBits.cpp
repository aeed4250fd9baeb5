//===- FloatBits.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalar code that computes with the bits of floats.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Norm/IR/FloatBits.h"

#include "llvm/ADT/APFloat.h"

using namespace mlir;
using namespace commuter::norm;

static constexpr int32_t kInfinity = 0x7f800000;

static float toFloat(APFloat value) {
  bool loses;
  value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &loses);
  return value.convertToFloat();
}

Float8::Float8(FloatType type)
    : type(type), semantics(type.getFloatSemantics()),
      mantissa(type.getFPMantissaWidth() - 1),
      shift(23 - static_cast<int>(mantissa)),
      bias(1 - APFloat::semanticsMinExponent(semantics)),
      largestCode(
          APFloat::getLargest(semantics).bitcastToAPInt().getZExtValue()),
      firstNaN(type.getFPMantissaWidth() == 4 ? 0x7f : 0x7d) {}

float Float8::max() const { return toFloat(APFloat::getLargest(semantics)); }

Value Float8::encode(ImplicitLocOpBuilder &builder, Value v,
                     Overflow overflow) const {
  BitBuilder b(builder);
  const int32_t rebias = (127 - bias) << 23;
  // The code behind that of the largest number is an infinity or NaN.
  const int32_t lastCode = largestCode + (overflow == Overflow::IsLost);
  const int32_t largest = (lastCode << shift) + rebias;
  // The last bit of an f32 of this exponent is worth the format's smallest
  // number: adding it rounds to a multiple of that.
  const int32_t magic = (151 - bias - static_cast<int>(mantissa)) << 23;
  Value bits = b.bitsOf(v);
  Value magnitude = b.make<arith::AndIOp>(bits, b.integer(0x7fffffff));
  Value sign = b.make<arith::AndIOp>(
      b.make<arith::ShRUIOp>(bits, b.integer(24)), b.integer(0x80));
  Value clamped = b.make<arith::MinSIOp>(magnitude, b.integer(largest));
  // To nearest, ties to even, by a carry into the digits that are kept.
  Value last = b.make<arith::AndIOp>(
      b.make<arith::ShRUIOp>(clamped, b.integer(shift)), b.integer(1));
  Value half = b.integer((1 << (shift - 1)) - 1 - rebias);
  Value normal = b.make<arith::ShRUIOp>(
      b.make<arith::AddIOp>(b.make<arith::AddIOp>(clamped, last), half),
      b.integer(shift));
  Value subnormal = b.make<arith::SubIOp>(
      b.bitsOf(b.make<arith::AddFOp>(b.numberOf(clamped),
                                     b.numberOf(b.integer(magic)))),
      b.integer(magic));
  Value isSubnormal = b.isLess(clamped, b.integer((128 - bias) << 23));
  Value code =
      b.make<arith::OrIOp>(sign, b.select(isSubnormal, subnormal, normal));
  code = b.select(b.isLess(b.integer(kInfinity), magnitude), b.integer(0x7f),
                  code);
  Value byte = arith::TruncIOp::create(builder, builder.getI8Type(), code);
  return arith::BitcastOp::create(builder, type, byte);
}

Value Float8::decode(ImplicitLocOpBuilder &builder, Value v) const {
  BitBuilder b(builder);
  Value byte = arith::BitcastOp::create(builder, builder.getI8Type(), v);
  Value code = arith::ExtUIOp::create(builder, builder.getI32Type(), byte);
  Value magnitude = b.make<arith::AndIOp>(code, b.integer(0x7f));
  APFloat smallest = APFloat::getSmallest(semantics);
  Value asNumber =
      arith::SIToFPOp::create(builder, builder.getF32Type(), magnitude);
  Value subnormal =
      b.bitsOf(b.make<arith::MulFOp>(asNumber, b.number(toFloat(smallest))));
  Value normal =
      b.make<arith::AddIOp>(b.make<arith::ShLIOp>(magnitude, b.integer(shift)),
                            b.integer((127 - bias) << 23));
  Value bits = b.select(b.isLess(magnitude, b.integer(1 << mantissa)),
                        subnormal, normal);
  // Between the largest number and the first NaN stands an infinity, or
  // nothing.
  bits = b.select(b.isLess(b.integer(largestCode), magnitude),
                  b.integer(kInfinity), bits);
  bits = b.select(b.isLess(magnitude, b.integer(firstNaN)), bits,
                  b.integer(0x7fc00000));
  Value sign = b.make<arith::ShLIOp>(
      b.make<arith::AndIOp>(code, b.integer(0x80)), b.integer(24));
  return b.numberOf(b.make<arith::OrIOp>(bits, sign));
}
