//===- GatherForms.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The laws that the forms of a gather are defined by, applied.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERFORMS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERFORMS_H

#include "commuter/Dialect/Dist/IR/Dist.h"

namespace commuter::dist {

/// Law:
///
///   all_gather_A(x) summing B = all_gather_A(all_reduce_B(x))
///
/// by definition, so with the same bits. Precondition: the gather sums. Returns
/// the all_reduce.
AllReduceOp exposeSum(AllGatherOp gather);

/// The same law, backwards. Precondition: a gather in the same block, over axes
/// apart from B, is all that uses the sum. Returns true if it is so: the sum
/// has no users then.
bool hideSum(AllReduceOp sum);

/// Law:
///
///   all_gather(x) = all_gather(x, extents(x))
///
/// by definition. Precondition: the gather has no extents. Returns them; they
/// are exchanged in front of the gather.
mlir::Value exposeExtents(AllGatherOp gather);

/// The law of `mergeGathers`, backwards:
///
///   all_gather {A, B} (x) = all_gather {A} (all_gather {B} (x))
///
/// and a sum is that of the inner one. Makes the gather one over the first
/// `numAxes` axes of what another one over the others gathers, which is
/// returned. Precondition: the local size is static, the axes' sizes are known,
/// there are no extents.
AllGatherOp splitGather(AllGatherOp gather, unsigned numAxes);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_GATHERFORMS_H
