//===- BufferEffects.h ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ops on buffers do besides computing.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_DIST_TRANSFORMS_BUFFEREFFECTS_H
#define COMMUTER_LIB_DIALECT_DIST_TRANSFORMS_BUFFEREFFECTS_H

#include "mlir/IR/Operation.h"

namespace commuter::dist {

/// True if `op` may communicate, or anything in it.
bool mayCommunicate(mlir::Operation *op);

} // namespace commuter::dist

#endif // COMMUTER_LIB_DIALECT_DIST_TRANSFORMS_BUFFEREFFECTS_H
