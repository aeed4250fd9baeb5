//===- WrittenElements.h -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which elements of its init a structured op writes.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_WRITTENELEMENTS_H
#define COMMUTER_INTERFACES_WRITTENELEMENTS_H

#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"

namespace commuter {

/// True if `op` is known to write every element of `init`: its map to the
/// result is loops, each of them once, and those that it leaves out run at
/// least one round. The elements that an op does not write are the init's.
bool writesEveryElement(mlir::linalg::LinalgOp op, mlir::OpOperand &init);

/// True if, moreover, its body has no use of an element's old value: whatever
/// `init` holds, the result is the same.
bool isOverwritten(mlir::linalg::LinalgOp op, mlir::OpOperand &init);

} // namespace commuter

#endif // COMMUTER_INTERFACES_WRITTENELEMENTS_H
