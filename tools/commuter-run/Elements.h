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

#include "commuter_model.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace commuter::run {

/// The type of an element, or of a number.
struct ElementType {
  commuter_dtype_t dtype;
  llvm::StringRef name; // as the program spells it

  explicit ElementType(const commuter_model_value_t &value)
      : dtype(static_cast<commuter_dtype_t>(value.dtype)), name(value.element) {
  }
  bool isFloat() const { return dtype <= COMMUTER_F8E5M2; }
  bool isUnsigned() const { return name.starts_with("ui"); }
  bool isIndex() const { return name == "index"; }
  unsigned getWidth() const { return commuter_dtype_size(dtype); }
};

double decode(const char *data, ElementType type);

/// target[i] = the sum of summands[..][i]: integers wrap; floating-point
/// numbers are added in order, in double, and rounded once.
void addElements(llvm::ArrayRef<const char *> summands, int64_t count,
                 ElementType type, char *target);

/// The bits of what changes no sum: 0, and -0.0 for floating point.
uint64_t getZeroSummand(ElementType type);

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, OOPSLA 2014).
uint64_t mix(uint64_t x);

/// Makes elements of a type from hashes, without arithmetic in that type:
/// magnitudes in [1/8, 2) for floating point, [-8, 8) for integers.
class RandomElements {
public:
  explicit RandomElements(ElementType type);
  uint64_t operator()(uint64_t hash) const;

private:
  bool isFloat, isBool;
  unsigned mantissa = 0, exponentBits = 0;
  int64_t bias = 0;
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_ELEMENTS_H
