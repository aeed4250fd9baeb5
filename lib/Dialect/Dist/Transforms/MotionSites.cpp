//===- MotionSites.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where values are made whole that are used in the ways of a branch alone: one
// way may do with slices, where another one cannot.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {
/// A block that a run comes to at most once for each time that it comes to
/// where `choice` is made, and then to no other way of that choice: a branch
/// op, or a terminator.
struct Way {
  Block *block;
  Operation *choice;
};
} // namespace

/// True if a run takes at most one of the op's regions, and once.
static bool isChoice(Operation *op) {
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  if (!branch || isa<LoopLikeOpInterface>(op))
    return false;
  return llvm::all_of(op->getRegions(), [&](Region &region) {
    SmallVector<RegionSuccessor> successors;
    branch.getSuccessorRegions(region, successors);
    return llvm::all_of(successors, [](const RegionSuccessor &next) {
      return next.isParent();
    });
  });
}

/// A block through which all runs come to `block`, the next one that is known;
/// null if there is none in the function. `choice`: what the block is a way of;
/// null if it is none, as the body of a loop.
static Block *stepOut(Block *block, Operation *&choice) {
  choice = nullptr;
  if (!block->isEntryBlock()) {
    Block *from = block->getSinglePredecessor();
    if (!from)
      return &block->getParent()->front();
    choice = from->getTerminator();
    return from;
  }
  Operation *op = block->getParentOp();
  if (op->hasTrait<OpTrait::IsIsolatedFromAbove>())
    return nullptr;
  if (isChoice(op))
    choice = op;
  return op->getBlock();
}

/// The ways by which a run comes from `outer` to `inner`; nothing if it is not
/// known to come from there. What a way leads to but once is behind the last.
static std::optional<SmallVector<Way, 2>> findWays(Block *outer, Block *inner) {
  // Blocks that nothing leads to may go round in circles.
  constexpr unsigned kMostSteps = 256;
  SmallVector<Way, 2> ways;
  for (unsigned step = 0; inner != outer; ++step) {
    Operation *choice;
    Block *from = stepOut(inner, choice);
    if (!from || step == kMostSteps)
      return std::nullopt;
    if (choice)
      ways.push_back({inner, choice});
    else
      ways.clear();
    inner = from;
  }
  std::reverse(ways.begin(), ways.end());
  return ways;
}

bool MotionGraph::isServedBy(const OpOperand &use, const Block *site) const {
  Block *block = use.getOwner()->getBlock();
  Operation *choice;
  while (block && block != site)
    block = block == find(use.get())->block ? nullptr : stepOut(block, choice);
  return block;
}

bool MotionGraph::areServedTogether(const OpOperand &a,
                                    const OpOperand &b) const {
  bool areTogether = false;
  const SlicedValue &made = *find(a.get());
  forEachSite(made, [&](const Site &site) {
    areTogether |= !made.isSunk ||
                   (isServedBy(a, site.block) && isServedBy(b, site.block));
  });
  return areTogether;
}

/// Law, for a branch that all ranks of the gather's group take alike, none of
/// whose ways is taken twice:
///
///   y = all_gather(x); branch(.. f(y) .., .. g(y) ..)
///     = branch(.. f(all_gather(x)) .., .. g(all_gather(x)) ..)
///
/// Precondition: there are no other users. Then no run gathers twice, and one
/// that takes a way without users does not gather.
void MotionGraph::sink(SlicedValue &made) {
  struct UseInWays {
    Demand demand;
    SmallVector<Way, 2> ways;
  };
  SmallVector<UseInWays> uses;
  for (OpOperand &use : made.value.getUses()) {
    const Demand demand = getDemand(use, made);
    if (!demand.isForWhole() && !demand.isForSlices())
      continue;
    auto ways = findWays(made.block, use.getOwner()->getBlock());
    if (!ways)
      return;
    uses.push_back({demand, *std::move(ways)});
  }
  SmallVector<SunkSite, 2> sites;
  // Looks at what is used in a block, and behind as many ways as `depth`.
  auto visit = [&](auto &self, Block *block, ArrayRef<UseInWays *> inBlock,
                   unsigned depth) -> void {
    Operation *choice = nullptr;
    auto isBehind = [&](const UseInWays *use) {
      if (use->ways.size() == depth)
        return false;
      const Way &way = use->ways[depth];
      if (!choice)
        choice = way.choice;
      return choice == way.choice &&
             !findDivergence(&way.block->front(), made.slices.kind);
    };
    if (llvm::all_of(inBlock, isBehind)) {
      llvm::MapVector<Block *, SmallVector<UseInWays *>> byWay;
      for (UseInWays *use : inBlock)
        byWay[use->ways[depth].block].push_back(use);
      for (auto &[way, behind] : byWay)
        self(self, way, behind, depth + 1);
      return;
    }
    SunkSite &site = sites.emplace_back();
    site.block = block;
    for (UseInWays *use : inBlock)
      if (use->demand.isForWhole())
        site.isNeededWhole = true;
      else
        site.consumers.push_back(use->demand.consumer);
  };
  visit(visit, made.block,
        llvm::map_to_vector(uses, [](UseInWays &use) { return &use; }), 0);
  made.isSunk = sites.front().block != made.block;
  if (made.isSunk)
    sunkSites[getNumber(made)] = std::move(sites);
}

void MotionGraph::findSites() {
  sunkSites.clear();
  for (SlicedValue &made : values)
    if (!made.isUsedInBlock &&
        (made.isNeededWhole || !getConsumers(made).empty()))
      sink(made);
}
