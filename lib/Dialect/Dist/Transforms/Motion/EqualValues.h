//===- EqualValues.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which sizes of a program are equal, although they are not one value.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_EQUALVALUES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_EQUALVALUES_H

#include "Multiples.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

#include <map>

namespace commuter::dist {

/// Numbers values so that two with one number are equal wherever both are
/// known: a program need not have been through CSE to be understood.
///
/// Law: ops without effects, and exchanges of extents, that are alike but for
/// their operands' names, and whose operands are equal, compute equal results;
/// a cast's elements are its operand's.
/// What is followed are integers, and tensors of them; anything else is equal
/// to itself alone.
///
/// Valid as long as the program is not changed, but for `forget`.
class EqualValues {
public:
  static constexpr unsigned kNone = UINT_MAX;

  unsigned getNumber(mlir::Value value) { return getNumber(value, kMaxDepth); }
  /// A number that no value has.
  unsigned createNumber() { return numNumbers++; }
  /// kNone if nobody has asked for it.
  unsigned lookup(mlir::Value value) const {
    auto it = numbers.find(value);
    return it == numbers.end() ? kNone : it->second;
  }
  /// The number of what there are multiples of.
  unsigned getNumber(const Multiple &multiple) {
    if (!multiple.constant)
      return getNumber(multiple.of);
    auto [it, isNew] = constants.try_emplace(multiple.constant);
    if (isNew)
      it->second = createNumber();
    return it->second;
  }
  unsigned lookup(const Multiple &multiple) const {
    if (!multiple.constant)
      return lookup(multiple.of);
    auto it = constants.find(multiple.constant);
    return it == constants.end() ? kNone : it->second;
  }
  /// For a value that is to be erased.
  void forget(mlir::Value value) { numbers.erase(value); }

private:
  static constexpr unsigned kMaxDepth = 16;

  unsigned getNumber(mlir::Value value, unsigned depth);
  mlir::Value findEqual(mlir::OpResult value, unsigned depth);

  unsigned numNumbers = 0;
  llvm::DenseMap<mlir::Value, unsigned> numbers;
  llvm::DenseMap<mlir::Attribute, unsigned> constants;
  /// By hash: ops of which none is equal to another.
  std::map<size_t, llvm::SmallVector<mlir::Operation *, 1>> different;
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_EQUALVALUES_H
