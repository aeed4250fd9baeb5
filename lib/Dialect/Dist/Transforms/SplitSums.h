//===- SplitSums.h --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A sum as a reduce_scatter and a gather, and back.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITSUMS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITSUMS_H

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"

namespace commuter::dist {

/// Splits all_reduces, and joins what was split. What an op that has a mark
/// becomes has it then, and so do a rank's rows without those that were padded.
class SumSplitter {
public:
  explicit SumSplitter(NumbersOfOps &marks) : marks(marks) {}

  void split(AllReduceOp reduce, int64_t dim, int64_t groupSize);
  void join(ReduceScatterOp scatter);
  /// Erases the extents that nobody uses now.
  void eraseUnusedExtents();

private:
  mlir::Value getExtents(mlir::Operation *op, int64_t rows, int64_t groupSize);
  mlir::Value addPadding(mlir::OpBuilder &builder, AllReduceOp reduce,
                         int64_t dim, int64_t rows) const;
  mlir::Value dropPadding(mlir::OpBuilder &builder, ReduceScatterOp scatter,
                          mlir::Value extents);
  mlir::tensor::ExtractSliceOp findPart(ReduceScatterOp scatter) const;

  NumbersOfOps &marks;
  /// By function, rows and ranks.
  llvm::MapVector<std::pair<mlir::Operation *, std::pair<int64_t, int64_t>>,
                  mlir::Value>
      extentsOf;
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_SPLITSUMS_H
