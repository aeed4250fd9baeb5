//===- EqualValues.cpp ----------------------------------------------------===//
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

#include "EqualValues.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace commuter::dist;

/// The result of an op that was met before and is the same in all but its name;
/// null if there is none.
Value EqualValues::findEqual(OpResult value, unsigned depth) {
  constexpr auto kFlags = OperationEquivalence::IgnoreLocations;
  Operation *op = value.getOwner();
  if (depth == 0 || !getElementTypeOrSelf(value).isIntOrIndex() ||
      op->getNumRegions() != 0 ||
      !(isMemoryEffectFree(op) || isa<ExchangeExtentsOp>(op)))
    return {};
  const size_t hash = OperationEquivalence::computeHash(
      op,
      [&](Value operand) {
        return llvm::hash_value(getNumber(operand, depth - 1));
      },
      OperationEquivalence::ignoreHashValue, kFlags);
  auto areEqual = [&](Value a, Value b) {
    return success(getNumber(a, depth - 1) == getNumber(b, depth - 1));
  };
  SmallVector<Operation *, 1> &alike = different[hash];
  for (Operation *other : alike)
    if (OperationEquivalence::isEquivalentTo(other, op, areEqual,
                                             /*markEquivalent=*/nullptr,
                                             kFlags))
      return other->getResult(value.getResultNumber());
  alike.push_back(op);
  return {};
}

unsigned EqualValues::getNumber(Value value, unsigned depth) {
  if (auto it = numbers.find(value); it != numbers.end())
    return it->second;
  auto cast = value.getDefiningOp<tensor::CastOp>();
  if (cast && depth != 0 && getElementTypeOrSelf(value).isIntOrIndex()) {
    const unsigned number = getNumber(cast.getSource(), depth - 1);
    return numbers[value] = number;
  }
  auto result = dyn_cast<OpResult>(value);
  Value equal = result ? findEqual(result, depth) : Value();
  const unsigned number =
      equal && equal != value ? getNumber(equal, depth) : createNumber();
  return numbers[value] = number;
}
