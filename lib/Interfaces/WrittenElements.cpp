//===- WrittenElements.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/WrittenElements.h"

using namespace mlir;

bool commuter::writesEveryElement(linalg::LinalgOp op, OpOperand &init) {
  AffineMap map = op.getMatchingIndexingMap(&init);
  if (!map.isProjectedPermutation())
    return false;
  for (auto [loop, extent] : llvm::enumerate(op.getStaticLoopRanges()))
    if (!map.isFunctionOfDim(loop) &&
        (ShapedType::isDynamic(extent) || extent == 0))
      return false;
  return true;
}

bool commuter::isOverwritten(linalg::LinalgOp op, OpOperand &init) {
  return !op.payloadUsesValueFromOperand(&init) && writesEveryElement(op, init);
}
