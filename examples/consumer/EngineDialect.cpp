//===- EngineDialect.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of an engine of yours.
//
//===----------------------------------------------------------------------===//

#include "EngineDialect.h"

#include "EngineDialect.cpp.inc"

#define GET_OP_CLASSES
#include "EngineOps.cpp.inc"

void engine::EngineDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "EngineOps.cpp.inc"
      >();
}

/// Law: a row of the result is made of that row of the input.
/// Precondition: the last dimension, along which a row lies, is not cut.
commuter::DimSlicing engine::L2NormOp::getDimSlicing(unsigned, int64_t dim) {
  if (dim == getInput().getType().getRank() - 1)
    return commuter::DimSlicing::refuse("gather-dim-normalized");
  return commuter::getElementwiseSlicing(*this, dim);
}

/// It reads each element of a row twice: better of fewer rows.
bool engine::L2NormOp::isWorthMoving() { return true; }
