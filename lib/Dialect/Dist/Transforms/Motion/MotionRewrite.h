//===- MotionRewrite.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What motion changes of the program that a graph is of.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONREWRITE_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONREWRITE_H

#include "MotionGraph.h"
#include "MotionPlacement.h"

namespace commuter::dist {

/// Makes two of each gather over several axes behind which something fits the
/// first of them alone, and of those that go with it. Returns true if there
/// were some; the graph is then none of the program any more.
bool splitGathers(MotionGraph &graph);

/// Takes each expand_shape that puts gathered rows into groups of which ranks
/// have parts behind what is worth moving and computes each row of its own.
/// Returns true if there were some; the graph is then none of the program any
/// more.
bool mergeRows(MotionGraph &graph);

/// Moves what the placement decided to move, region by region, and erases what
/// nobody needs any more.
void rewriteRegions(MotionGraph &graph, llvm::ArrayRef<MotionRegion> regions);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONREWRITE_H
