//===- BufferUses.h -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ops do with buffers, and besides, as far as they declare it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_IR_BUFFERUSES_H
#define COMMUTER_DIALECT_DIST_IR_BUFFERUSES_H

#include "mlir/IR/Operation.h"

namespace commuter::dist {

/// True if `op` may communicate, or anything in it.
bool mayCommunicate(mlir::Operation *op);

/// True if all that the op does with the memref is to make views of it.
bool makesViews(mlir::OpOperand &use);

/// True if the op needs the memory until it is done, and not later: it reads or
/// writes through the operand, and its results are numbers, neither memrefs nor
/// tokens of work that goes on. An op without effects may hand the memref on.
bool isDoneWithOp(mlir::OpOperand &use);

/// Of such a use: true if the op writes to the memory.
bool writesThrough(mlir::OpOperand &use);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_IR_BUFFERUSES_H
