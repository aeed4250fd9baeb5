//===- ConstantMemory.h ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory that holds the same on all ranks, whenever it is read: constants of
// the program that they all run.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_ANALYSIS_CONSTANTMEMORY_H
#define COMMUTER_LIB_ANALYSIS_CONSTANTMEMORY_H

#include "mlir/IR/SymbolTable.h"

namespace commuter {

/// True of memrefs. A replicated buffer is one that lies in constant memory:
/// what other memory holds changes, whatever is known of its address.
bool isBuffer(mlir::Type type);

/// True if `op` takes or makes buffers, allocates one for a tensor, or names a
/// global variable.
bool concernsMemory(mlir::Operation *op);

/// Of such an op: true if what it makes is decided by its operands, among which
/// each buffer lies in constant memory. It names a constant, looks at a buffer
/// in another shape, or reads.
bool isFunctionOfConstants(mlir::Operation *op,
                           mlir::SymbolTableCollection &symbols);

} // namespace commuter

#endif // COMMUTER_LIB_ANALYSIS_CONSTANTMEMORY_H
