//===- Raising.h ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that the motion does not know, raised to those that it does, before it
// begins.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_RAISING_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_RAISING_H

#include "commuter/Analysis/ShardingAnalysis.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {

/// Raises what takes a rank's own slice of a replicated value at an offset that
/// it computes of the rank, in some functions. Returns true if there was such a
/// thing: `analysis` is then of a program that was.
bool raiseOwnSlices(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                    const ShardingAnalysis &analysis);

/// Raises each `tensor.reshape` between static shapes, in some functions, to a
/// `tensor.collapse_shape` and a `tensor.expand_shape`, of which the motion
/// knows what they do to rows. Returns true if there was such a thing.
bool raiseReshapes(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                   const ShardingAnalysis &analysis);

/// Raises each exchange of an extent that is a product with a constant, in some
/// functions, to a product of the extents, of which the motion knows what they
/// are a multiple of. Returns true if there was such a thing.
bool raiseExchanges(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                    const ShardingAnalysis &analysis);

/// Raises all that can be, and then moves, by the analysis of what is there.
/// `move` returns true if it changed something, and so does this. `asWritten`
/// is of the program below `top`.
bool raiseAndMove(mlir::Operation *top,
                  llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                  const ShardingAnalysis &asWritten,
                  llvm::function_ref<bool(const ShardingAnalysis &)> move);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_RAISING_H
