//===- GatheredDims.h -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the dimensions of a tensor.gather's result are.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_GATHEREDDIMS_H
#define COMMUTER_INTERFACES_GATHEREDDIMS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace commuter {

/// How many of the result's first dimensions are those of the indices: all but
/// the last one, along which there is a coordinate for each dimension that is
/// gathered.
inline int64_t getNumBatchDims(mlir::tensor::GatherOp op) {
  return op.getIndicesType().getRank() - 1;
}

/// By dimension of the result: the one of the source that it runs along;
/// nullopt for those of the indices, and for one that is gathered and stays, of
/// size 1.
inline llvm::SmallVector<std::optional<int64_t>>
getSourceDims(mlir::tensor::GatherOp op) {
  const int64_t numBatchDims = getNumBatchDims(op);
  const int64_t rank = op.getSourceType().getRank();
  const bool keepsGathered =
      op.getResultType().getRank() == numBatchDims + rank;
  llvm::SmallVector<std::optional<int64_t>> dims(numBatchDims);
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(op.getGatherDims(), dim))
      dims.push_back(dim);
    else if (keepsGathered)
      dims.push_back(std::nullopt);
  return dims;
}

} // namespace commuter

#endif // COMMUTER_INTERFACES_GATHEREDDIMS_H
