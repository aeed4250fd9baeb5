//===- MotionRemarks.h ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What became of an op that was worth moving, as a remark: shared by the passes
// that move.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONREMARKS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONREMARKS_H

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"

namespace commuter::dist {

/// Emits a remark of category `dist` in the name of `pass`: passed with its
/// metrics, or missed with its reason. The name must be a literal, or outlive
/// the remark engine's use of it. `describe` completes the outcome if
/// anybody listens; null: it is complete.
void emitMotionRemark(llvm::StringRef pass, MotionOutcome &outcome,
                      const MeshAxes &axes, DescribeOutcome describe = {});

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTIONREMARKS_H
