//===- Reshapes.h ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tensor.reshape, raised to the ops that say which dimensions it merges.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_RESHAPES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_RESHAPES_H

#include "commuter/Analysis/ShardingAnalysis.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {

/// Raises each `tensor.reshape` between static shapes, in some functions, to a
/// `tensor.collapse_shape` and a `tensor.expand_shape`, of which the motion
/// knows what they do to rows. Returns true if there was such a thing:
/// `analysis` is then of a program that was.
bool raiseReshapes(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                   const ShardingAnalysis &analysis);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_RESHAPES_H
