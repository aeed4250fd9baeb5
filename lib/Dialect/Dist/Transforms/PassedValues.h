//===- PassedValues.h -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// As what a value goes on in another block, region or function.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_PASSEDVALUES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_PASSEDVALUES_H

#include "Motion/MotionCalls.h"

namespace commuter::dist {

/// The ranked tensors that an operand is passed on as: by a branch op or in it,
/// to another block, to a function all of whose calls are known, or out of one.
llvm::SmallVector<mlir::Value> getPassedOn(mlir::OpOperand &operand,
                                           const KnownCalls &calls);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_PASSEDVALUES_H
