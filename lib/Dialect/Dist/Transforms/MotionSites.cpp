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
  unsigned numWays; ///< of the choice
};
} // namespace

/// From outside to inside.
struct MotionGraph::Ways : SmallVector<Way, 2> {};

/// In how many ways a run goes through the op's regions, of which it comes to
/// at most one, and once; 0 if that is not so, as of a loop, or if the op
/// answers for itself.
unsigned MotionGraph::countWays(Operation *op) {
  auto [known, isNew] = waysOf.try_emplace(op, 0);
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  if (!isNew || !branch || isa<LoopLikeOpInterface, DimParallelOpInterface>(op))
    return known->second;
  auto isParent = [](const RegionSuccessor &next) { return next.isParent(); };
  SmallVector<RegionSuccessor> successors;
  for (Region &region : op->getRegions()) {
    successors.clear();
    branch.getSuccessorRegions(region, successors);
    if (!llvm::all_of(successors, isParent))
      return 0;
  }
  successors.clear();
  branch.getSuccessorRegions(RegionBranchPoint::parent(), successors);
  return known->second = successors.size();
}

/// A block that all runs come from to this one: its predecessor, or, if it has
/// several, the first block of its region. Null if there is none in the
/// function.
static Block *getOuter(Block *block) {
  if (!block->isEntryBlock()) {
    Block *from = block->getSinglePredecessor();
    return from ? from : &block->getParent()->front();
  }
  Operation *op = block->getParentOp();
  return op->hasTrait<OpTrait::IsIsolatedFromAbove>() ? nullptr
                                                      : op->getBlock();
}

/// The ways by which a run comes from `outer` to `inner`, as far as it comes to
/// each once: behind the last one there may be loops. Nothing if it is not
/// known to come from there.
std::optional<MotionGraph::Ways> MotionGraph::findWays(Block *outer,
                                                       Block *inner) {
  // Blocks that nothing leads to may go round in circles.
  constexpr unsigned kMostSteps = 256;
  Ways ways;
  for (unsigned step = 0; inner != outer; ++step) {
    Block *from = getOuter(inner);
    if (!from || step == kMostSteps)
      return std::nullopt;
    Operation *choice = inner->isEntryBlock()           ? inner->getParentOp()
                        : inner->getSinglePredecessor() ? from->getTerminator()
                                                        : nullptr;
    unsigned numWays = 0;
    if (choice)
      numWays = inner->isEntryBlock() ? countWays(choice)
                                      : choice->getNumSuccessors();
    if (numWays == 0)
      ways.clear();
    else if (numWays > 1)
      ways.push_back({inner, choice, numWays});
    inner = from;
  }
  std::reverse(ways.begin(), ways.end());
  return ways;
}

Block *MotionGraph::getSite(OpOperand &use, const SlicedValue &made) const {
  if (!made.isUsedInWays)
    return made.block;
  if (Block *known = siteOf.lookup(&use))
    return known;
  // A use that the rewrite has made.
  for (const Site &site : sitesInWays.at(getNumber(made)).sites)
    if (dominance.dominates(site.block, use.getOwner()->getBlock()))
      return site.block;
  return made.block;
}

void MotionGraph::forgetUses(Operation *op) {
  if (!siteOf.empty())
    op->walk([&](Operation *inner) {
      for (OpOperand &use : inner->getOpOperands())
        siteOf.erase(&use);
    });
}

/// Law, for a branch that all ranks of the gather's group take alike, none of
/// whose ways is taken twice:
///
///   y = all_gather(x); branch(.. f(y) .., .. g(y) ..)
///     = branch(.. f(all_gather(x)) .., .. g(all_gather(x)) ..)
///
/// Precondition: there are no other users. Then no run gathers twice, and one
/// that takes a way without users does not gather. (What all ways need whole is
/// gathered in front of them.)
void MotionGraph::findSites(SlicedValue &made) {
  struct UseInWays {
    OpOperand *use;
    Demand demand;
    Ways ways;
  };
  SmallVector<UseInWays> uses;
  for (OpOperand &use : made.value.getUses()) {
    const Demand demand = getDemand(use, made);
    if (!demand.isForWhole() && !demand.isForSlices())
      continue;
    std::optional<Ways> ways = findWays(made.block, use.getOwner()->getBlock());
    if (!ways || ways->empty())
      return;
    uses.push_back({&use, demand, *std::move(ways)});
  }
  struct Found {
    bool areOnAllWays, areNeededWhole;
  };
  SitesInWays found;
  SmallVector<SmallVector<UseInWays *>> served;
  // The sites of what is used behind as many ways as `depth`, the last of which
  // is `block`.
  auto visit = [&](auto &self, Block *block, ArrayRef<UseInWays *> inBlock,
                   unsigned depth) -> Found {
    const size_t numSites = served.size();
    const Way *first = inBlock.front()->ways.size() > depth
                           ? &inBlock.front()->ways[depth]
                           : nullptr;
    if (first && llvm::all_of(inBlock, [&](const UseInWays *use) {
          return use->ways.size() > depth &&
                 use->ways[depth].choice == first->choice &&
                 !findDivergence(&use->ways[depth].block->front(),
                                 made.slices.kind);
        })) {
      llvm::MapVector<Block *, SmallVector<UseInWays *>> byWay;
      for (UseInWays *use : inBlock)
        byWay[use->ways[depth].block].push_back(use);
      Found all{byWay.size() == first->numWays, true};
      for (auto &[way, behind] : byWay) {
        const Found inWay = self(self, way, behind, depth + 1);
        all.areOnAllWays &= inWay.areOnAllWays;
        all.areNeededWhole &= inWay.areNeededWhole;
      }
      if (!all.areOnAllWays || !all.areNeededWhole)
        return all;
      found.sites.truncate(numSites);
      served.truncate(numSites);
    }
    Site site{block, false, {}};
    SmallVector<unsigned> consumers;
    for (UseInWays *use : inBlock)
      if (use->demand.isForWhole())
        site.isNeededWhole = true;
      else
        consumers.push_back(use->demand.consumer);
    site.consumers = ArrayRef<unsigned>(consumers).copy(siteConsumers);
    found.sites.push_back(site);
    served.emplace_back(inBlock);
    return {true, site.isNeededWhole};
  };
  found.areOnAllWays =
      visit(visit, made.block,
            llvm::map_to_vector(uses, [](UseInWays &use) { return &use; }), 0)
          .areOnAllWays;
  made.isUsedInWays = found.sites.front().block != made.block;
  if (!made.isUsedInWays)
    return;
  for (auto [site, atSite] : llvm::zip_equal(found.sites, served))
    for (const UseInWays *use : atSite)
      siteOf[use->use] = site.block;
  sitesInWays[getNumber(made)] = std::move(found);
}

void MotionGraph::findSites() {
  if (options.gathersInFront)
    return;
  for (SlicedValue &made : values)
    if (!made.isUsedInBlock &&
        (made.isNeededWhole || !getConsumers(made).empty()) &&
        !(units[made.unit].isGather() && units[made.unit].isHeldBack))
      findSites(made);
}

void MotionGraph::gatherInFront(const Unit &unit) {
  for (unsigned number = unit.firstValue; number < unit.endValue; ++number) {
    SlicedValue &made = values[number];
    if (!made.isUsedInWays)
      continue;
    const SitesInWays &ways = sitesInWays.at(number);
    made.isUsedInWays =
        !ways.areOnAllWays || !llvm::all_of(ways.sites, [&](const Site &site) {
          return staysWhole(site);
        });
  }
}
