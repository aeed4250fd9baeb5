//===- MotionWays.cpp -----------------------------------------------------===//
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

#include "MotionWays.h"

#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

static std::optional<int64_t> getTrips(Operation *op) {
  auto loop = dyn_cast<LoopLikeOpInterface>(op);
  std::optional<APInt> trips =
      loop ? loop.getStaticTripCount() : std::optional<APInt>();
  return trips ? std::optional<int64_t>(trips->getLimitedValue(INT64_MAX))
               : std::nullopt;
}

//===----------------------------------------------------------------------===//
// How often
//===----------------------------------------------------------------------===//

/// How often a region of `op` runs for `runs` of the op.
static int64_t estimateRuns(Operation *op, int64_t runs) {
  constexpr int64_t kAssumedTrips = 8;
  constexpr int64_t kMostTrips = 1 << 16;
  if (isa<LoopLikeOpInterface>(op))
    return runs * std::min(getTrips(op).value_or(kAssumedTrips), kMostTrips);
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  if (!branch)
    return runs;
  SmallVector<RegionSuccessor> ways;
  branch.getSuccessorRegions(RegionBranchPoint::parent(), ways);
  return runs / std::max<int64_t>(ways.size(), 1);
}

/// True if the block is one of several ways on from `from`, and in no loop of
/// blocks: as far as that is found out at little cost.
static bool isWayFrom(Block *from, Block *block) {
  constexpr unsigned kMostBlocks = 1024;
  return from->getNumSuccessors() > 1 &&
         !llvm::hasNItemsOrMore(*block->getParent(), kMostBlocks) &&
         !block->isReachable(from);
}

/// Of how many ways from its region's first block a block is one.
static int64_t getWays(Block *block) {
  // Blocks that nothing leads to may go round in circles.
  constexpr unsigned kMostSteps = 64;
  constexpr int64_t kMostWays = 64;
  int64_t ways = 1;
  Block *from = block->getSinglePredecessor();
  for (unsigned step = 0; from && step < kMostSteps; ++step) {
    if (isWayFrom(from, block))
      ways = std::min<int64_t>(ways * from->getNumSuccessors(), kMostWays);
    block = from;
    from = block->getSinglePredecessor();
  }
  return ways;
}

int64_t RunEstimate::get(Block *block) {
  if (auto known = runsOf.find(block); known != runsOf.end())
    return known->second;
  const int64_t runs = block->isEntryBlock()
                           ? estimateRegion(block->getParentOp())
                           : get(&block->getParent()->front()) / getWays(block);
  // What matters is what runs more often, and nothing runs for free.
  return runsOf[block] = std::clamp<int64_t>(runs, 1, kMostRuns);
}

int64_t RunEstimate::estimateRegion(Operation *op) {
  if (!isa<FunctionOpInterface>(op) && op->getBlock())
    return estimateRuns(op, get(op->getBlock()));
  ArrayRef<CallOpInterface> known = calls.lookup(op);
  int64_t runs = known.empty() ? kOneRun : 0;
  for (CallOpInterface call : known)
    runs = std::min(runs + get(call->getBlock()), kMostRuns);
  return runs;
}

//===----------------------------------------------------------------------===//
// The dearest way
//===----------------------------------------------------------------------===//

static constexpr int64_t kUnbounded = INT64_MAX / 4;

static int64_t addCosts(int64_t a, int64_t b) {
  if (a >= kUnbounded || b >= kUnbounded)
    return kUnbounded;
  return std::clamp(a + b, -kUnbounded, kUnbounded);
}

/// What `cost` adds up to at most in any number of times, or none.
static int64_t repeat(int64_t cost) { return cost > 0 ? kUnbounded : 0; }

namespace {
/// Where ways part and meet: they begin at the first node and end at the
/// second.
struct Crossroads {
  static constexpr unsigned kBegin = 0, kEnd = 1;
  struct Node {
    int64_t cost = 0;
    SmallVector<unsigned, 2> next;
  };
  explicit Crossroads(unsigned numPlaces) : nodes(2 + numPlaces) {}
  Node &getPlace(unsigned place) { return nodes[2 + place]; }

  int64_t getMost() const;

  SmallVector<Node> nodes;

private:
  SmallVector<unsigned> getPostOrder() const;
};
} // namespace

/// Of what the begin leads to.
SmallVector<unsigned> Crossroads::getPostOrder() const {
  SmallVector<unsigned> order;
  BitVector isMet(nodes.size());
  isMet.set(kBegin);
  struct Visit {
    unsigned node, numVisited;
  };
  SmallVector<Visit> path{{kBegin, 0}};
  while (!path.empty()) {
    auto &[node, numVisited] = path.back();
    if (numVisited == nodes[node].next.size()) {
      order.push_back(node);
      path.pop_back();
      continue;
    }
    const unsigned next = nodes[node].next[numVisited++];
    if (isMet.test(next))
      continue;
    isMet.set(next);
    path.push_back({next, 0});
  }
  return order;
}

/// The dearest path, by relaxation (R. Bellman, 1958; L. Ford, 1956), for which
/// one round and another one to see that it is done suffice where there is no
/// cycle. A cycle of positive cost makes the maximum unbounded; one is assumed
/// if `kMaxRounds` rounds do not suffice.
int64_t Crossroads::getMost() const {
  constexpr unsigned kMaxRounds = 32;
  const SmallVector<unsigned> order = getPostOrder();
  SmallVector<std::optional<int64_t>> most(nodes.size());
  most[kBegin] = 0;
  bool hasChanged = true;
  for (unsigned round = 0; hasChanged; ++round) {
    if (round == kMaxRounds)
      return kUnbounded;
    hasChanged = false;
    for (unsigned node : llvm::reverse(order)) {
      for (unsigned next : nodes[node].next) {
        int64_t there = addCosts(*most[node], nodes[next].cost);
        if (most[next] && *most[next] >= there)
          continue;
        most[next] = there;
        hasChanged = true;
      }
    }
  }
  return most[kEnd].value_or(0);
}

int64_t WayCosts::getMost(Block *block) {
  int64_t most = costOf.lookup(block);
  if (auto it = inner.find(block); it != inner.end())
    for (Operation *op : it->second)
      most = addCosts(most, getMost(op));
  return most;
}

int64_t WayCosts::getMost(Region &region) {
  if (region.empty())
    return 0;
  if (region.hasOneBlock())
    return getMost(&region.front());
  DenseMap<Block *, unsigned> numbers;
  for (auto [number, block] : llvm::enumerate(region))
    numbers[&block] = number + 2;
  Crossroads ways(numbers.size());
  ways.nodes[Crossroads::kBegin].next.push_back(numbers[&region.front()]);
  for (auto [number, block] : llvm::enumerate(region)) {
    Crossroads::Node &place = ways.getPlace(number);
    place.cost = getMost(&block);
    for (Block *next : block.getSuccessors())
      place.next.push_back(numbers[next]);
    if (place.next.empty())
      place.next.push_back(Crossroads::kEnd);
  }
  return ways.getMost();
}

int64_t WayCosts::getMostOfBranch(RegionBranchOpInterface branch) {
  auto getNumbers = [](ArrayRef<RegionSuccessor> successors) {
    return llvm::map_to_vector<2>(successors, [](RegionSuccessor next) {
      return next.isParent() ? Crossroads::kEnd
                             : 2 + next.getSuccessor()->getRegionNumber();
    });
  };
  Crossroads ways(branch->getNumRegions());
  SmallVector<RegionSuccessor> successors;
  branch.getSuccessorRegions(RegionBranchPoint::parent(), successors);
  ways.nodes[Crossroads::kBegin].next = getNumbers(successors);
  for (auto [number, region] : llvm::enumerate(branch->getRegions())) {
    successors.clear();
    branch.getSuccessorRegions(region, successors);
    ways.getPlace(number) = {getMost(region), getNumbers(successors)};
  }
  return ways.getMost();
}

int64_t WayCosts::getMost(Operation *op) {
  if (auto call = dyn_cast<CallOpInterface>(op))
    if (Operation *callee = calls.getCallee(call))
      return getMostOfFunction(callee);
  std::optional<int64_t> turns = getTrips(op);
  if (isa<LoopLikeOpInterface>(op) && repeats == Repeats::CountOnce)
    turns = 1;
  if (turns) {
    int64_t turn = 0, all;
    for (Region &region : op->getRegions())
      turn = addCosts(turn, getMost(region));
    if (!llvm::MulOverflow(turn, *turns, all))
      return std::clamp(all, -kUnbounded, kUnbounded);
    return turn > 0 ? kUnbounded : -kUnbounded;
  }
  if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
    return getMostOfBranch(branch);
  int64_t most = 0;
  for (Region &region : op->getRegions())
    most = addCosts(most, repeat(getMost(region)));
  return most;
}

int64_t WayCosts::getMostOfFunction(Operation *function) {
  if (auto known = mostOf.find(function); known != mostOf.end())
    return known->second;
  int64_t most = getMost(cast<FunctionOpInterface>(function).getFunctionBody());
  return mostOf[function] = most;
}

/// From the blocks that cost something outwards, and from functions to their
/// calls.
void WayCosts::findParents() {
  SmallVector<Block *> blocks;
  for (auto [block, cost] : costs) {
    auto [sum, isNew] = costOf.try_emplace(block, 0);
    sum->second = addCosts(sum->second, cost);
    if (isNew)
      blocks.push_back(block);
  }
  auto addInner = [&](Operation *op) {
    if (inner[op->getBlock()].insert(op))
      blocks.push_back(op->getBlock());
  };
  while (!blocks.empty()) {
    Operation *op = blocks.pop_back_val()->getParentOp();
    if (!isa<FunctionOpInterface>(op)) {
      addInner(op);
      continue;
    }
    ArrayRef<CallOpInterface> known = calls.lookup(op);
    if (known.empty())
      roots.insert(op);
    for (CallOpInterface call : known)
      addInner(call);
  }
}

std::optional<int64_t> WayCosts::getMost() {
  // Most regions have no ways to tell apart.
  if (costs.size() == 1) {
    Operation *op = costs.front().first->getParentOp();
    if (isa<FunctionOpInterface>(op) && calls.lookup(op).empty())
      return costs.front().second;
  }
  findParents();
  int64_t dearest = -kUnbounded, sum = 0;
  for (Operation *root : roots) {
    int64_t most = getMostOfFunction(root);
    dearest = std::max(dearest, most);
    sum = addCosts(sum, most);
  }
  int64_t most = repeats == Repeats::Count ? dearest : sum;
  return most == kUnbounded ? std::nullopt : std::optional(most);
}
