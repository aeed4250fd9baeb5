//===- Elements.h -----------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_ELEMENTS_H
#define COMMUTER_TOOLS_COMMUTER_RUN_ELEMENTS_H

#include "mlir/IR/Types.h"
#include "llvm/ADT/ArrayRef.h"

#include <cstdint>

namespace commuter::run {

/// Bytes of an element of type `type` in memory; 0 if the runner cannot handle
/// the type. Those it can are the runtime's, of either sign.
unsigned getElementWidth(mlir::Type type);

double decode(const char *data, mlir::Type type);

/// target[i] = the sum of summands[..][i]: integers wrap; floating-point
/// numbers are added in order, in double, and rounded once.
void addElements(llvm::ArrayRef<const char *> summands, int64_t count,
                 mlir::Type type, char *target);

/// The bits of what changes no sum: 0, and -0.0 for floating point.
uint64_t getZeroSummand(mlir::Type type);

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, OOPSLA 2014).
uint64_t mix(uint64_t x);

/// Makes elements of a type from hashes, without arithmetic in that type:
/// magnitudes in [1/8, 2) for floating point, [-8, 8) for integers.
class RandomElements {
public:
  explicit RandomElements(mlir::Type type);
  uint64_t operator()(uint64_t hash) const;

private:
  bool isFloat = false, isBool;
  unsigned mantissa = 0, exponentBits = 0;
  int64_t bias = 0;
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_ELEMENTS_H
