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

/// From outside to inside.
using Ways = SmallVector<Way, 2>;

struct UseInWays {
  OpOperand *use;
  Demand demand;
  Ways ways;
};

} // namespace

/// Law, for a branch that all ranks of the gather's group take alike, none of
/// whose ways is taken twice:
///
///   y = all_gather(x); branch(.. f(y) .., .. g(y) ..)
///     = branch(.. f(all_gather(x)) .., .. g(all_gather(x)) ..)
///
/// Precondition: there are no other users, but of its size and of the rank's
/// own slice, which need no gather. Then no run gathers twice, and one that
/// takes a way without users does not gather. (What all ways need whole is
/// gathered in front of them.)
class MotionGraph::SiteFinder {
public:
  explicit SiteFinder(MotionGraph &graph) : graph(graph) {}

  void find(SlicedValue &made);

private:
  unsigned countWays(Operation *op);
  std::optional<Ways> findWays(Block *outer, Block *inner);
  std::optional<SmallVector<UseInWays>> findUses(const SlicedValue &made);
  const Way *findChoice(ArrayRef<UseInWays *> uses, unsigned depth);
  struct Found {
    bool areOnAllWays, areNeededWhole;
  };
  Found visit(Block *block, ArrayRef<UseInWays *> uses, unsigned depth);
  void addSite(Block *block, ArrayRef<UseInWays *> uses);

  MotionGraph &graph;
  DenseMap<Operation *, unsigned> waysOf; ///< see `countWays`
  // Of the value that is looked at:
  unsigned kind = 0;
  SmallVector<Site, 2> sites;
  SmallVector<SmallVector<UseInWays *>, 2> served; ///< by the sites
};

/// In how many ways a run goes through the op's regions, of which it comes to
/// at most one, and once; 0 if that is not so, as of a loop, or if the op
/// answers for itself.
unsigned MotionGraph::SiteFinder::countWays(Operation *op) {
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
std::optional<Ways> MotionGraph::SiteFinder::findWays(Block *outer,
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

/// Nothing if one of the uses, but for those that need no gather, is in no way.
std::optional<SmallVector<UseInWays>>
MotionGraph::SiteFinder::findUses(const SlicedValue &made) {
  SmallVector<UseInWays> uses;
  for (OpOperand &use : made.value.getUses()) {
    const Demand demand = graph.getDemand(use, made);
    if (!demand.isForWhole() && !demand.isForSlices())
      continue;
    std::optional<Ways> ways = findWays(made.block, use.getOwner()->getBlock());
    if (!ways || ways->empty())
      return std::nullopt;
    uses.push_back({&use, demand, *std::move(ways)});
  }
  return uses;
}

/// A way of the choice, the one at `depth`, behind which all the uses are, if
/// all ranks of the gather's group make it alike; else null.
const Way *MotionGraph::SiteFinder::findChoice(ArrayRef<UseInWays *> uses,
                                               unsigned depth) {
  if (uses.front()->ways.size() <= depth)
    return nullptr;
  const Way &first = uses.front()->ways[depth];
  const bool isOfAll = llvm::all_of(uses, [&](const UseInWays *use) {
    return use->ways.size() > depth &&
           use->ways[depth].choice == first.choice &&
           !graph.findDivergence(&use->ways[depth].block->front(), kind);
  });
  return isOfAll ? &first : nullptr;
}

void MotionGraph::SiteFinder::addSite(Block *block,
                                      ArrayRef<UseInWays *> uses) {
  Site site{block, false, {}};
  SmallVector<unsigned> consumers;
  for (const UseInWays *use : uses)
    if (use->demand.isForWhole())
      site.isNeededWhole = true;
    else
      consumers.push_back(use->demand.consumer);
  site.consumers = ArrayRef<unsigned>(consumers).copy(graph.siteConsumers);
  sites.push_back(site);
  served.emplace_back(uses);
}

/// Adds the sites of what is used behind as many ways as `depth`, the last of
/// which is `block`.
MotionGraph::SiteFinder::Found
MotionGraph::SiteFinder::visit(Block *block, ArrayRef<UseInWays *> uses,
                               unsigned depth) {
  const size_t numSites = sites.size();
  if (const Way *choice = findChoice(uses, depth)) {
    llvm::MapVector<Block *, SmallVector<UseInWays *>> byWay;
    for (UseInWays *use : uses)
      byWay[use->ways[depth].block].push_back(use);
    Found all{byWay.size() == choice->numWays, true};
    for (auto &[way, behind] : byWay) {
      const Found inWay = visit(way, behind, depth + 1);
      all.areOnAllWays &= inWay.areOnAllWays;
      all.areNeededWhole &= inWay.areNeededWhole;
    }
    if (!all.areOnAllWays || !all.areNeededWhole)
      return all;
    sites.truncate(numSites);
    served.truncate(numSites);
  }
  addSite(block, uses);
  return {true, sites.back().isNeededWhole};
}

void MotionGraph::SiteFinder::find(SlicedValue &made) {
  std::optional<SmallVector<UseInWays>> uses = findUses(made);
  if (!uses)
    return;
  kind = made.slices.kind;
  sites.clear();
  served.clear();
  const Found found =
      visit(made.block,
            llvm::map_to_vector(*uses, [](UseInWays &use) { return &use; }),
            /*depth=*/0);
  made.isUsedInWays = sites.front().block != made.block;
  if (!made.isUsedInWays)
    return;
  for (auto [site, atSite] : llvm::zip_equal(sites, served))
    for (const UseInWays *use : atSite)
      graph.siteOf[use->use] = site.block;
  graph.sitesInWays[graph.getNumber(made)] = {sites, found.areOnAllWays};
}

void MotionGraph::findSites() {
  if (options.gathersInFront)
    return;
  SiteFinder finder(*this);
  for (SlicedValue &made : values)
    if (!made.isUsedInBlock &&
        (made.isNeededWhole || !getConsumers(made).empty()) &&
        !(units[made.unit].isGather() && units[made.unit].isHeldBack))
      finder.find(made);
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
