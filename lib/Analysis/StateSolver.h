//===- StateSolver.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The forward data flow that finds the states of all values.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_STATESOLVER_H
#define COMMUTER_ANALYSIS_STATESOLVER_H

#include "commuter/Analysis/ShardingAnalysis.h"

#include "Reachability.h"

namespace commuter {

/// What is found on the way.
struct SolvedProgram {
  /// The calls whose callees are known, with these.
  llvm::SmallVector<std::pair<mlir::Operation *, mlir::Operation *>, 0> calls;
  /// The private functions that may be called from where nobody looks.
  llvm::SmallVector<mlir::Operation *> escaping;
  Reachability::Contents contents;
};

/// Enters the states of all values below `top` that can be reached.
SolvedProgram solveStates(mlir::Operation *top, const MeshAxes &axes,
                          LoopRounds rounds, StateTable &states);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_STATESOLVER_H
