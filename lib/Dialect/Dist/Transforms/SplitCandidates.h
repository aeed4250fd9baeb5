//===- SplitCandidates.h --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sums that feed norms, and why one of them is left as it is.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITCANDIDATES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITCANDIDATES_H

#include "Motion/MotionCalls.h"

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "llvm/ADT/SetVector.h"

namespace commuter::dist {

/// The ops worth moving that a value feeds through ops that may move as well,
/// and through branches, loops and calls.
struct FedNorms {
  llvm::SetVector<mlir::Operation *>
      sliced; ///< parallel along the value's dimension
  llvm::SetVector<mlir::Operation *>
      others; ///< of the value's shape, but not parallel
};

/// A dimension of a value along which there would be slices of it, and in how
/// many cycles they would be dealt: these are counted.
using Place = std::tuple<mlir::Value, int64_t, int64_t>;

/// An all_reduce, or the sum of a summing gather.
struct SplitCandidate {
  mlir::Operation *op;
  mlir::FlatSymbolRefAttr mesh;
  mlir::ArrayAttr axes; ///< that are summed over
  mlir::Value summed;   ///< of the type of the sum
  const KnownCalls &calls;

  SplitCandidate(AllReduceOp op, const KnownCalls &calls)
      : op(op), mesh(op.getMeshAttr()), axes(op.getAxesAttr()),
        summed(op.getInput()), calls(calls) {}
  SplitCandidate(AllGatherOp op, const KnownCalls &calls)
      : op(op), mesh(op.getMeshAttr()), axes(op.getSummingAttr()),
        summed(op.getInput()), calls(calls) {}

  mlir::Value getResult() const { return op->getResult(0); }
  mlir::RankedTensorType getType() const {
    return llvm::cast<mlir::RankedTensorType>(summed.getType());
  }
  std::optional<int64_t> getGroupSize() const;
  /// The nearest norms that are parallel in the dimension; all others if there
  /// is none.
  FedNorms findNorms(int64_t dim) const;
  /// All norms that are fed along some dimension, but for those behind the
  /// places that were seen before.
  FedNorms collectNorms(llvm::SetVector<Place> &seen) const;
  /// The first dimension that splits evenly and in which a norm is parallel;
  /// else, if rows may be padded, the first one that splits at all.
  std::optional<int64_t> findSplitDim(bool padRows) const;
};

/// Why a candidate is left as it is; an empty reason: it is not. Preconditions
/// of the split: the ranks come to the collective alike, and its shape and its
/// group are known and fit.
ReasonToStay findRefusal(const SplitCandidate &candidate, bool feedsSliced,
                         const ShardingAnalysis &analysis, uint64_t minRows,
                         bool padRows);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITCANDIDATES_H
