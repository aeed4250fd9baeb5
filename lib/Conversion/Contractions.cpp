//===- Contractions.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions that the runtime has a kernel for.
//
//===----------------------------------------------------------------------===//

#include "Contractions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"

using namespace mlir;
using namespace commuter;

/// The runtime's limit of dimensions.
static constexpr unsigned kMaxLoops = 16;

/// The types that commuter_contract takes: see commuter_rt.h.
static bool areTypesSupported(Type a, Type b, Type c) {
  auto isFactor = [&](Type type) {
    return type.isF32() || type.isF16() || type.isBF16();
  };
  return isFactor(a) && isFactor(b) && isFactor(c) &&
         (c.isF32() || (a == c && b == c));
}

/// Each loop is one of rows, columns, depth or a batch; of the former three
/// there is at least one.
static bool areLoopsSupported(linalg::LinalgOp op) {
  if (op.getNumLoops() > kMaxLoops ||
      llvm::any_of(op.getIndexingMapsArray(),
                   [](AffineMap map) { return !map.isProjectedPermutation(); }))
    return false;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  return succeeded(dims) && !dims->m.empty() && !dims->n.empty() &&
         !dims->k.empty() &&
         dims->batch.size() + dims->m.size() + dims->n.size() +
                 dims->k.size() ==
             op.getNumLoops();
}

/// The block's argument that `value` is, or is the widened form of.
static Value skipWidening(Value value) {
  auto widening = value.getDefiningOp<arith::ExtFOp>();
  return widening ? widening.getIn() : value;
}

/// The body: yield c + a * b, or with operands exchanged.
static bool isMultiplyAdd(Block *body) {
  Value a = body->getArgument(0), b = body->getArgument(1),
        c = body->getArgument(2);
  auto sum =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || (sum.getLhs() != c && sum.getRhs() != c))
    return false;
  Value other = sum.getLhs() == c ? sum.getRhs() : sum.getLhs();
  auto product = other.getDefiningOp<arith::MulFOp>();
  if (!product)
    return false;
  Value left = skipWidening(product.getLhs()),
        right = skipWidening(product.getRhs());
  return (left == a && right == b) || (left == b && right == a);
}

bool commuter::isRuntimeContraction(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  auto types = llvm::map_to_vector(op->getOperands(), [](Value operand) {
    return getElementTypeOrSelf(operand.getType());
  });
  return areTypesSupported(types[0], types[1], types[2]) &&
         areLoopsSupported(op) && isMultiplyAdd(op.getBlock());
}
