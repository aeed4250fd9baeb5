//===- Contractions.h -------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_LIB_CONVERSION_CONTRACTIONS_H
#define COMMUTER_LIB_CONVERSION_CONTRACTIONS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace commuter {

/// True if the op is c += a * b over loops that are each of rows, columns, the
/// depth or a batch, with types that commuter_contract takes: then that call
/// gives the bits of the loops. There are rows, columns and a depth: a kernel
/// for less would gain nothing.
bool isRuntimeContraction(mlir::linalg::LinalgOp op);

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_CONTRACTIONS_H
