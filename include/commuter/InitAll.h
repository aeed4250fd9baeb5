//===- InitAll.h ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers everything that Commuter adds to an MLIR tool.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INITALL_H
#define COMMUTER_INITALL_H

#include "mlir/IR/DialectRegistry.h"

namespace commuter {

/// The dialects `dist` and `norm`, and the models that give upstream ops
/// Commuter's interfaces.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Extensions of upstream dialects: the ops of the transform dialect.
void registerAllExtensions(mlir::DialectRegistry &registry);

/// All passes, for textual pipelines.
void registerAllPasses();

/// What Commuter's own tools know: all of the above, all of upstream's, and the
/// stand-in for Shardy's dialect (commuter/Conversion/ShardyText.h).
void registerEverything(mlir::DialectRegistry &registry);

} // namespace commuter

#endif // COMMUTER_INITALL_H
