//===- DistTransformOps.h ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of the transform dialect that act on collectives.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Transform/IR/TransformAttrs.h"
#include "mlir/Dialect/Transform/IR/TransformDialect.h"
#include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.h"
#include "mlir/IR/OpDefinition.h"

#define GET_OP_CLASSES
#include "commuter/Dialect/Dist/TransformOps/DistTransformOps.h.inc"

namespace commuter::dist {

/// Adds the ops to the transform dialect.
void registerTransformDialectExtension(mlir::DialectRegistry &registry);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_H
