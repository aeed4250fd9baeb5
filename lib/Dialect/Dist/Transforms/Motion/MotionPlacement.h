//===- MotionPlacement.h --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the gathers of a graph go: the decision, and the reasons for it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONPLACEMENT_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONPLACEMENT_H

#include "MotionGraph.h"
#include "MotionWays.h"
#include "commuter/Analysis/MinimumCut.h"

namespace commuter::dist {

/// Units that hand slices to one another, in program order.
using MotionRegion = llvm::ArrayRef<unsigned>;

/// The regions of a graph, in the order of their first units.
class MotionRegions {
public:
  explicit MotionRegions(const MotionGraph &graph);
  unsigned size() const { return ends.size(); }
  MotionRegion operator[](unsigned region) const {
    const unsigned begin = region == 0 ? 0 : ends[region - 1];
    return MotionRegion(units).slice(begin, ends[region] - begin);
  }

private:
  llvm::SmallVector<unsigned, 0> units; ///< region by region
  llvm::SmallVector<unsigned, 0> ends;  ///< of the regions' units
};

/// Decides which units of a region move, so that the fewest bytes are gathered:
/// a minimum cut. Unless extra gathers are allowed, no way of a run through
/// branches, loops and calls gathers more than before.
class Placement {
public:
  explicit Placement(MotionGraph &graph)
      : graph(graph), runs(graph.calls), nodes(graph.units.size()) {}

  void choose(MotionRegion region);

private:
  void chooseUnits(MotionRegion region);
  void cutAtLeastCost(MotionRegion region);
  bool gathersMoreOnSomeWay(MotionRegion region) const;
  bool holdBack(MotionRegion region);

  // Costs are what a group's ranks hand each other in the collectives of the
  // region, in bits, but for a factor that all of them share.
  int64_t getRows(const SlicedValue &made) const;
  int64_t getGatherCost(const SlicedValue &made) const;
  bool makesCycles(const SlicedValue &made) const;
  int64_t getSavings(const Unit &unit) const;
  int64_t weigh(int64_t cost, mlir::Block *block);

  MotionGraph &graph;
  RunEstimate runs;
  /// Where the number of rows is not static, that of a cycle of all values of
  /// the region is the same unknown. Of cycles that are not counted it is; as
  /// are other open sizes, what is not known of their number is taken for 1.
  bool hasStaticRows = true;
  /// Whether the cut counts what norms on slices are worth.
  bool favoursNorms = false;

  // Of use for the next region too.
  MinimumCut cut;
  llvm::SmallVector<MinimumCut::Node, 0> nodes; ///< by unit
};

/// Why the placement left an op behind.
Refusal explainStay(const MotionGraph &graph, const Unit &norm);

/// Why a gather stays where it is, or is made there and elsewhere.
Refusal explainGather(const MotionGraph &graph, const SlicedValue &gathered);

/// The bytes that each rank receives in the collectives of a region, before and
/// after the motion, on the way through branches on which it is most; each
/// counts once, in a loop, too. nullopt: not static.
struct ReceivedBytes {
  std::optional<int64_t> before, after;
};
ReceivedBytes countReceivedBytes(const MotionGraph &graph, MotionRegion region);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_MOTIONPLACEMENT_H
