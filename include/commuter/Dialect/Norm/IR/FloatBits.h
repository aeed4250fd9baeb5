//===- FloatBits.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalar code that computes with the bits of floats: 8-bit floats as numbers of
// f32, of which they are a part.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_IR_FLOATBITS_H
#define COMMUTER_DIALECT_NORM_IR_FLOATBITS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace commuter::norm {

/// Emits arithmetic on i32 and f32, which hold each other's bits.
class BitBuilder {
public:
  explicit BitBuilder(mlir::ImplicitLocOpBuilder &b) : b(b) {}

  mlir::Value integer(int32_t value) {
    return mlir::arith::ConstantOp::create(b, b.getI32IntegerAttr(value));
  }
  mlir::Value number(float value) {
    return mlir::arith::ConstantOp::create(b, b.getF32FloatAttr(value));
  }
  mlir::Value bitsOf(mlir::Value v) {
    return mlir::arith::BitcastOp::create(b, b.getI32Type(), v);
  }
  mlir::Value numberOf(mlir::Value bits) {
    return mlir::arith::BitcastOp::create(b, b.getF32Type(), bits);
  }
  mlir::Value isLess(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::CmpIOp::create(b, mlir::arith::CmpIPredicate::slt, lhs,
                                       rhs);
  }
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no) {
    return mlir::arith::SelectOp::create(b, condition, yes, no);
  }
  template <typename OpTy>
  mlir::Value make(mlir::Value lhs, mlir::Value rhs) {
    return OpTy::create(b, lhs, rhs);
  }
  /// v, or the positive quiet NaN without payload for a NaN.
  mlir::Value withOneNaN(mlir::Value v) {
    mlir::Value isNaN =
        make<mlir::arith::CmpFOp>(mlir::arith::CmpFPredicate::UNO, v, v);
    return select(isNaN, numberOf(integer(0x7fc00000)), v);
  }
  template <typename OpTy, typename Predicate>
  mlir::Value make(Predicate predicate, mlir::Value lhs, mlir::Value rhs) {
    return OpTy::create(b, predicate, lhs, rhs);
  }

private:
  mlir::ImplicitLocOpBuilder &b;
};

/// f8E4M3FN or f8E5M2, and its numbers in f32.
class Float8 {
public:
  explicit Float8(mlir::FloatType type);

  float max() const;

  /// What becomes of a number that rounds to more than the largest one.
  enum class Overflow {
    Saturates, ///< the largest one
    IsLost     ///< an infinity, or NaN in a format without, as `arith` has it
  };
  /// The nearest number to an f32, ties to even; NaN becomes 0x7f.
  mlir::Value encode(mlir::ImplicitLocOpBuilder &builder, mlir::Value v,
                     Overflow overflow) const;
  mlir::Value decode(mlir::ImplicitLocOpBuilder &builder, mlir::Value v) const;

private:
  mlir::FloatType type;
  const llvm::fltSemantics &semantics;
  unsigned mantissa;
  int shift, bias;
  int32_t largestCode, firstNaN;
};

} // namespace commuter::norm

#endif // COMMUTER_DIALECT_NORM_IR_FLOATBITS_H
