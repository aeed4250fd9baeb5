//===- MotionPlacement.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the gathers go: a minimum cut of what they and the collectives that may
// move move.
//
//===----------------------------------------------------------------------===//

#include "MotionPlacement.h"

#include "../CollectiveBytes.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

MotionRegions::MotionRegions(const MotionGraph &graph)
    : units(graph.units.size()) {
  llvm::IntEqClasses connected(graph.units.size());
  for (const SlicedValue &made : graph.values)
    for (unsigned consumer : graph.getConsumers(made))
      connected.join(made.unit, consumer);
  // Numbers the classes by their first members.
  connected.compress();
  SmallVector<unsigned, 0> next(connected.getNumClasses() + 1);
  for (unsigned u = 0; u < graph.units.size(); ++u)
    ++next[connected[u] + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  for (unsigned u = 0; u < graph.units.size(); ++u)
    units[next[connected[u]]++] = u;
  next.pop_back();
  ends = std::move(next);
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// Larger costs are clamped to this, so that a sum of about ten thousand of
/// them stays below kInfinity.
static constexpr int64_t kMostCost = MinimumCut::kInfinity >> 14;

/// The bytes that are moved come first. Of ways to move the same, one on which
/// more of what is worth moving runs on slices is better, even if that takes
/// another gather or two; and then one with fewer gathers. No reshape moves to
/// deal out in cycles what is gathered next: the gather would undo it.
static constexpr int64_t kCostOfByte = 128, kWorth = 5, kCostOfGather = 1,
                         kCostOfCycles = 1, kCostOfIndex = 1;

static int64_t getCostOfBytes(int64_t bytes) {
  return std::min(bytes, kMostCost / kCostOfByte - 1) * kCostOfByte +
         kCostOfGather;
}

/// The rows of a rank's slice, as far as their number is known.
int64_t Placement::getRows(const SlicedValue &made) const {
  const GatherKind &kind = graph.kinds[made.slices.kind];
  if (!hasStaticRows)
    return multiplySaturating(kind.cycles.number, kind.openRows);
  if (kind.cycles.areCounted())
    return made.slices.localSize;
  return multiplySaturating(kind.cycles.number,
                            kind.cycles.size / *kind.groupSize);
}

int64_t Placement::getGatherCost(const SlicedValue &made) const {
  int64_t cost = getCostOfBytes(
      multiplySaturating(made.rowBytes, std::max<int64_t>(getRows(made), 1)));
  // Rather integers that are as wide.
  return made.isIndices ? cost + kCostOfIndex : cost;
}

/// True if the unit that makes the value deals it out in more cycles than what
/// it is made of.
bool Placement::makesCycles(const SlicedValue &made) const {
  const unsigned from = graph.units[made.unit].kind;
  auto getNumber = [&](unsigned kind) {
    const Cycles &cycles = graph.kinds[kind].cycles;
    return std::pair(!cycles.areCounted(), cycles.number);
  };
  return from != made.slices.kind &&
         getNumber(from) < getNumber(made.slices.kind);
}

/// What moving a collective across the region's gathers saves. On slices it
/// receives 1 / n of what it did, with n ranks in the gathers' group; a gather
/// receives all but 1 / n of its result. The factor (n - 1) / n that both terms
/// have is left out of both.
int64_t Placement::getSavings(const Unit &unit) const {
  if (!unit.isCollective || isa<AllSliceOp, ToPartialOp>(unit.op))
    return 0;
  std::optional<int64_t> size =
      commuter::dist::getGroupSize(cast<MeshGroupOpInterface>(unit.op));
  if (!size)
    return 0;
  Value larger = isa<ReduceScatterOp>(unit.op)
                     ? unit.op->getOperand(0)
                     : graph.getValues(unit).front().value;
  const SlicedValue *made = graph.find(larger);
  int64_t cost = made ? getGatherCost(*made)
                      : getCostOfBytes(countBytes(
                            cast<RankedTensorType>(larger.getType())));
  int64_t received = cost / *size * (*size - 1);
  return isa<AllReduceOp>(unit.op) ? 2 * received : received;
}

/// Times how often it is paid.
int64_t Placement::weigh(int64_t cost, Block *block) {
  return std::min(multiplySaturating(cost, runs.get(block)), kMostCost);
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

/// A region is a flow network: a unit is on the source's side if it computes
/// its slice only. A value made there, and needed whole on the other side, is
/// gathered once at each site, at its cost. What the sink's side computes whole
/// can be sliced for nothing. Of the cheapest cuts the one nearest to the sink
/// moves most.
void Placement::cutAtLeastCost(MotionRegion region) {
  hasStaticRows = true;
  cut.clear();
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    nodes[u] = unit.isGather() ? cut.getSource() : cut.addNode();
    for (const SlicedValue &made : graph.getValues(unit))
      hasStaticRows &= !ShapedType::isDynamic(made.slices.localSize) ||
                       !graph.kinds[made.slices.kind].cycles.areCounted();
  }
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (unit.isWorthMoving && graph.options.allowExtraGather)
      cut.addEdge(cut.getSource(), nodes[u], MinimumCut::kInfinity);
    else if (unit.isWorthMoving && favoursNorms)
      cut.addEdge(cut.getSource(), nodes[u],
                  weigh(kWorth, unit.op->getBlock()));
    if (int64_t savings = getSavings(unit))
      cut.addEdge(cut.getSource(), nodes[u],
                  weigh(savings, unit.op->getBlock()));
    if (unit.isHeldBack && !unit.isGather())
      cut.addEdge(nodes[u], cut.getSink(), MinimumCut::kInfinity);
    for (const SlicedValue &made : graph.getValues(unit)) {
      const int64_t cost =
          getGatherCost(made) + (makesCycles(made) ? kCostOfCycles : 0);
      graph.forEachSite(made, [&](const Site &site) {
        MinimumCut::Node gathered = cut.addNode();
        cut.addEdge(nodes[u], gathered, weigh(cost, site.block));
        if (site.isNeededWhole)
          cut.addEdge(gathered, cut.getSink(), MinimumCut::kInfinity);
        for (unsigned consumer : site.consumers)
          cut.addEdge(gathered, nodes[consumer], MinimumCut::kInfinity);
      });
    }
  }
  cut.solve();
  for (unsigned u : region)
    graph.units[u].moves =
        !graph.units[u].isGather() && cut.isOnSourceSide(nodes[u]);
}

/// More bytes, that is: not more gathers of as many.
bool Placement::gathersMoreOnSomeWay(MotionRegion region) const {
  auto getBlock = [&](unsigned u) {
    return graph.getValues(graph.units[u]).front().block;
  };
  auto isUsedInWays = [](const SlicedValue &made) { return made.isUsedInWays; };
  const bool hasOneBlock = llvm::all_of(region, [&](unsigned u) {
    const Unit &unit = graph.units[u];
    return !unit.isJoin() && getBlock(u) == getBlock(region.front()) &&
           llvm::none_of(graph.getValues(unit), isUsedInWays);
  });
  // The cut has seen to it.
  if (hasOneBlock && !favoursNorms)
    return false;
  int64_t total = 0;
  WayCosts ways(graph.calls, WayCosts::Repeats::Count);
  auto add = [&](Block *block, int64_t cost) {
    if (hasOneBlock)
      total += cost;
    else
      ways.add(block, cost);
  };
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (int64_t savings = unit.moves ? getSavings(unit) : 0)
      add(unit.op->getBlock(), -savings);
    for (const SlicedValue &made : graph.getValues(unit)) {
      int64_t cost = getGatherCost(made) - kCostOfGather;
      if (unit.isGather())
        add(made.block, -cost);
      if (unit.isGather() || unit.moves)
        graph.forEachWhole(made, [&](Block *site) { add(site, cost); });
    }
  }
  std::optional<int64_t> most = hasOneBlock ? total : ways.getMost();
  return !most || *most > 0;
}

/// A path gains a gather when a join receives a gathered value on one path and
/// an ungathered one on another. So this holds back, one group at each call
/// until no path gathers more: joins whose first source is not sliced; other
/// joins with a source that is not sliced; all joins; everything. Returns false
/// if nothing is left to hold back.
bool Placement::holdBack(MotionRegion region) {
  auto isSliced = [&](OpOperand *source) { return graph.find(source->get()); };
  auto isMixed = [&](const Unit &unit) {
    return unit.isJoin() && !llvm::all_of(graph.getSources(unit), isSliced);
  };
  auto isLate = [](const Unit &unit) { return unit.isLate; };
  auto isJoin = [](const Unit &unit) { return unit.isJoin(); };
  auto hold = [&](llvm::function_ref<bool(const Unit &)> is) {
    bool holdsAny = false;
    for (unsigned u : region) {
      Unit &unit = graph.units[u];
      if (!unit.moves || !is(unit))
        continue;
      unit.isHeldBack = holdsAny = true;
    }
    return holdsAny;
  };
  return hold(isLate) || hold(isMixed) || hold(isJoin) ||
         hold([](const Unit &) { return true; });
}

void Placement::choose(MotionRegion region) {
  chooseUnits(region);
  if (graph.hasSitesInWays())
    for (unsigned u : region)
      graph.gatherInFront(graph.units[u]);
}

void Placement::chooseUnits(MotionRegion region) {
  favoursNorms = false;
  cutAtLeastCost(region);
  if (graph.options.allowExtraGather)
    return;
  while (gathersMoreOnSomeWay(region) && holdBack(region))
    cutAtLeastCost(region);
  // Norms that stay may be worth another gather, if that moves no more bytes:
  // what very many of them are worth may come to one.
  if (llvm::none_of(region, [&](unsigned u) {
        const Unit &unit = graph.units[u];
        return unit.isWorthMoving && !unit.moves && !unit.isHeldBack;
      }))
    return;
  favoursNorms = true;
  cutAtLeastCost(region);
  if (gathersMoreOnSomeWay(region)) {
    favoursNorms = false;
    cutAtLeastCost(region);
  }
}

/// What can be done about a user of a value that takes all of it.
static StringRef suggestForUser(const MotionGraph &graph, Operation *user,
                                const SlicedValue &made, StringRef otherwise) {
  auto slice = dyn_cast<AllSliceOp>(user);
  const GatherKind &kind = graph.kinds[made.slices.kind];
  const bool isOwnButForExtents =
      slice && kind.isRagged() && slice.getMeshAttr() == kind.mesh &&
      slice.getAxes() == kind.axes &&
      static_cast<int64_t>(slice.getDim()) == made.slices.dim;
  return isOwnButForExtents
             ? "give the gather and the slice the same extents, so that the "
               "slice is the rank's own"
             : otherwise;
}

/// Another user of a value that feeds it needs that value whole, or else the
/// gather would move more bytes behind the norm.
Refusal commuter::dist::explainStay(const MotionGraph &graph,
                                    const Unit &norm) {
  SetVector<unsigned> feeding;
  feeding.insert(graph.getNumber(norm));
  for (unsigned i = 0; i < feeding.size(); ++i) {
    const Unit &unit = graph.units[feeding[i]];
    if (unit.isHeldBack)
      return {reason::kNotProfitable, unit.op, "allow-extra-gather=true"};
    std::optional<Refusal> why;
    auto lookAtUsers = [&](const SlicedValue &made, Block *site) {
      if (why)
        return;
      // What needs all of it, rather than what stays for that reason, too.
      Operation *keeper = nullptr;
      for (OpOperand &use : made.value.getUses()) {
        Demand demand = graph.getDemand(use, made);
        const bool staysBehind = demand.isForSlices() &&
                                 !feeding.contains(demand.consumer) &&
                                 isWorthMoving(use.getOwner());
        if ((!demand.isForWhole() && !staysBehind) ||
            (site && graph.getSite(use, made) != site))
          continue;
        if (!keeper || demand.isForWhole())
          keeper = use.getOwner();
        if (demand.isForWhole())
          break;
      }
      if (keeper)
        why = Refusal{
            reason::kOtherUsers, keeper,
            suggestForUser(graph, keeper, made, "allow-extra-gather=true")};
    };
    auto look = [&](OpOperand &operand, unsigned kind) {
      const SlicedValue *made = graph.find(operand.get());
      if (why || !made || made->slices.kind != kind ||
          feeding.contains(made->unit))
        return;
      lookAtUsers(*made, graph.getSite(operand, *made));
      if (!graph.units[made->unit].isGather())
        feeding.insert(made->unit);
    };
    if (unit.isJoin()) {
      for (OpOperand *source : graph.getSources(unit))
        look(*source, graph.getKindOf(source));
      // A loop may need all of what it carries.
      for (const SlicedValue &made : graph.getValues(unit))
        if (isa<BlockArgument>(made.value))
          lookAtUsers(made, /*site=*/nullptr);
    } else {
      for (OpOperand &operand : unit.op->getOpOperands())
        look(operand, graph.getKindOf(unit, operand.getOperandNumber()));
    }
    if (why)
      return *why;
  }
  // What is sliced for nothing where it is used may be gathered by what stays:
  // if that moved, so would this.
  for (unsigned u : feeding)
    for (Value operand : graph.units[u].isOp()
                             ? graph.units[u].op->getOperands()
                             : ValueRange())
      if (const Refusal *refusal = operand.getDefiningOp<AllGatherOp>()
                                       ? graph.findRefusal(operand)
                                       : nullptr)
        return *refusal;
  return {reason::kNotProfitable, norm.op, "allow-extra-gather=true"};
}

Refusal commuter::dist::explainGather(const MotionGraph &graph,
                                      const SlicedValue &gathered) {
  for (OpOperand &use : gathered.value.getUses()) {
    if (!graph.getDemand(use, gathered).isForWhole())
      continue;
    Operation *user = use.getOwner();
    for (Value result : user->getResults())
      if (const Refusal *refusal = graph.findRefusal(result))
        return *refusal;
    return {reason::kOtherUsers, user,
            suggestForUser(graph, user, gathered, /*otherwise=*/"")};
  }
  return {reason::kNotProfitable, gathered.value.getDefiningOp(), ""};
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// What each rank receives in the gather that makes a value whole.
static std::optional<int64_t> getGatherBytes(const MotionGraph &graph,
                                             const SlicedValue &made) {
  return getReceivedBytes(made.value, graph.kinds[made.slices.kind].groupSize);
}

/// What each rank receives in a collective that is a unit, on the whole or, if
/// it moves, on slices.
static std::optional<int64_t> getCollectiveBytes(const MotionGraph &graph,
                                                 const Unit &unit, bool moves) {
  std::optional<int64_t> bytes =
      getReceivedBytes(cast<MeshGroupOpInterface>(unit.op));
  if (!bytes || !moves)
    return bytes;
  std::optional<int64_t> parts = graph.kinds[unit.kind].groupSize;
  if (!parts || ShapedType::isDynamic(unit.localRows))
    return std::nullopt;
  return *bytes / *parts;
}

namespace {
/// The bytes that a rank receives on the dearest way, each gather counted once.
class BytesOnWays {
public:
  explicit BytesOnWays(const KnownCalls &calls)
      : ways(calls, WayCosts::Repeats::CountOnce) {}
  void add(Block *block, std::optional<int64_t> bytes) {
    isKnown &= bytes.has_value();
    ways.add(block, bytes.value_or(0));
  }
  std::optional<int64_t> getMost() {
    return isKnown ? ways.getMost() : std::nullopt;
  }

private:
  WayCosts ways;
  bool isKnown = true;
};
} // namespace

ReceivedBytes commuter::dist::countReceivedBytes(const MotionGraph &graph,
                                                 MotionRegion region) {
  BytesOnWays before(graph.calls), after(graph.calls);
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (unit.isCollective) {
      Block *block = unit.op->getBlock();
      before.add(block, getCollectiveBytes(graph, unit, /*moves=*/false));
      after.add(block, getCollectiveBytes(graph, unit, unit.moves));
    }
    for (const SlicedValue &made : graph.getValues(unit)) {
      if (unit.isGather())
        before.add(made.block, getGatherBytes(graph, made));
      if (unit.isGather() || unit.moves)
        graph.forEachWhole(made, [&](Block *site) {
          after.add(site, getGatherBytes(graph, made));
        });
    }
  }
  return {before.getMost(), after.getMost()};
}
