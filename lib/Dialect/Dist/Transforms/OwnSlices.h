//===- OwnSlices.h --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rank's own slice, spelled out, raised to dist.all_slice.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_OWNSLICES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_OWNSLICES_H

#include "commuter/Analysis/ShardingAnalysis.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace commuter::dist {

/// Raises what takes a rank's own slice of a replicated value at an offset that
/// it computes of the rank, in some functions. Returns true if there was such a
/// thing: `analysis` is then of a program that was.
bool raiseOwnSlices(llvm::ArrayRef<mlir::FunctionOpInterface> functions,
                    const ShardingAnalysis &analysis);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_OWNSLICES_H
