//===- ShardyText.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A stand-in for Shardy's dialect, in tools that are built without it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_CONVERSION_SHARDYTEXT_H
#define COMMUTER_CONVERSION_SHARDYTEXT_H

#include "mlir/IR/DialectRegistry.h"

namespace commuter {

/// Registers `sdy` as a dialect of unknown ops, with attributes that hold their
/// text, unless the registry has a dialect of that name. MLIR refuses calls
/// inside of an op of a dialect that it does not know, such as those of a
/// `sdy.manual_computation`: for `import-stablehlo` it must know this one. A
/// tool that has Shardy's own dialect registers that first, or does not call
/// this.
void registerShardyText(mlir::DialectRegistry &registry);

} // namespace commuter

#endif // COMMUTER_CONVERSION_SHARDYTEXT_H
