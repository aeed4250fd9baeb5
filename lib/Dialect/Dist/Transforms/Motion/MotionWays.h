//===- MotionWays.h -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ways that a run can take through branches, loops and calls: how often it
// passes a block, and what costs add up to on the dearest way.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONWAYS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONWAYS_H

#include "MotionCalls.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/SetVector.h"

namespace commuter::dist {

/// How often blocks run, in estimate. A loop of unknown length takes 8 turns,
/// and each way of a branch is as likely as the others; a loop of blocks is
/// taken for none.
class RunEstimate {
public:
  /// Estimates are in units of this part of a run of the program's entry.
  static constexpr int64_t kOneRun = 64;

  explicit RunEstimate(const KnownCalls &calls) : calls(calls) {}
  int64_t get(mlir::Block *block);

private:
  static constexpr int64_t kMostRuns = kOneRun << 16;

  int64_t estimateRegion(mlir::Operation *op);

  const KnownCalls &calls;
  llvm::SmallDenseMap<mlir::Block *, int64_t> runsOf;
};

/// Costs and savings at blocks, and what they add up to on the ways through all
/// functions.
class WayCosts {
public:
  /// Whether what a loop repeats counts each time (where it is unknown how
  /// often, any number of times), or once.
  enum class Repeats { Count, CountOnce };

  WayCosts(const KnownCalls &calls, Repeats repeats)
      : calls(calls), repeats(repeats) {}

  void add(mlir::Block *block, int64_t cost) {
    if (costs.empty() || costs.back().first != block)
      costs.emplace_back(block, 0);
    costs.back().second += cost;
  }
  /// The sum on the dearest way, be it one that a condition never lets happen;
  /// nullopt: it has no bound. With Repeats::CountOnce, of all functions.
  std::optional<int64_t> getMost();

private:
  void findParents();
  int64_t getMost(mlir::Operation *op);
  int64_t getMost(mlir::Block *block);
  int64_t getMost(mlir::Region &region);
  int64_t getMostOfBranch(mlir::RegionBranchOpInterface branch);
  int64_t getMostOfFunction(mlir::Operation *function);

  const KnownCalls &calls;
  Repeats repeats;
  llvm::SmallVector<std::pair<mlir::Block *, int64_t>> costs;
  llvm::DenseMap<mlir::Block *, int64_t> costOf; ///< their sums
  /// The ops of a block inside of which, or of whose callees, there are costs.
  llvm::DenseMap<mlir::Block *, llvm::SetVector<mlir::Operation *>> inner;
  llvm::SetVector<mlir::Operation *>
      roots; ///< functions whose calls none knows
  llvm::DenseMap<mlir::Operation *, int64_t> mostOf; ///< by function
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONWAYS_H
