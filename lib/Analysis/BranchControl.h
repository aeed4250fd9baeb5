//===- BranchControl.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The values that decide which way a run takes, and where ways meet again.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_BRANCHCONTROL_H
#define COMMUTER_ANALYSIS_BRANCHCONTROL_H

#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

namespace commuter {

/// The operands of a terminator that decide which of its successors is next:
/// those that it does not pass on.
llvm::SmallVector<mlir::Value> getConditions(mlir::Operation *terminator);

/// The values that decide which region of a branch op runs, and how often.
llvm::SmallVector<mlir::Value>
getRegionControl(mlir::RegionBranchOpInterface branch);

/// What follows where runs take different ways behind a block.
struct Parting {
  /// The blocks that one may run and the other not, or another number of times.
  llvm::SmallVector<mlir::Block *, 4> between;
  /// Where all of them come, once each: from here on they take one way again.
  /// Null: nothing is known of the region's blocks. The runs may leave it by
  /// different terminators, or go round a loop a different number of times,
  /// whose values are those of different rounds behind it.
  mlir::Block *meeting = nullptr;
};

/// The partings in regions of several blocks, each found when first asked for.
class Partings {
public:
  const Parting &find(mlir::Block *from);

private:
  Parting compute(mlir::Block *from);

  mlir::DominanceInfo dominance;
  mlir::PostDominanceInfo postDominance;
  llvm::DenseMap<mlir::Block *, Parting> known;
  /// How many more blocks of a region are looked at: branches that are nested
  /// deeply have as many blocks between as there are blocks, each.
  llvm::DenseMap<mlir::Region *, size_t> left;
};

} // namespace commuter

#endif // COMMUTER_ANALYSIS_BRANCHCONTROL_H
