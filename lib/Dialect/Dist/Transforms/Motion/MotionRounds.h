//===- MotionRounds.h -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Motion in front of gathers of what is gathered: one gather a round.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONROUNDS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONROUNDS_H

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"

namespace commuter::dist {

/// Moves what is worth moving in front of all gathers that it may, also of such
/// as gather what is gathered: over another mesh, along another dimension, or
/// over one axis again. `emit` is told once of each op, when all is done for
/// it: its rows before are those of the first round, its rows after those of
/// the last in which it moved. `analysis` is of the program below `top`.
/// Returns true if the program has changed. Precondition: `options` have no
/// listener.
bool moveInFrontOfNestedGathers(
    mlir::Operation *top, llvm::ArrayRef<mlir::FunctionOpInterface> functions,
    const ShardingAnalysis &analysis, MotionOptions options,
    llvm::function_ref<void(MotionOutcome &, DescribeOutcome)> emit);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONROUNDS_H
