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

#include "CollectiveBytes.h"
#include "MotionGraph.h"

#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// Never counted higher: what matters is what runs more often.
static constexpr int64_t kMostRuns = 1 << 20;

/// How often `block` runs in a run of its function, in estimate: the product of
/// the trip counts of the loops around it.
static int64_t countTrips(Block *block) {
  constexpr int64_t kAssumedTrips = 8;
  int64_t runs = 1;
  for (Operation *op = block->getParentOp(); op; op = op->getParentOp()) {
    auto loop = dyn_cast<LoopLikeOpInterface>(op);
    if (!loop)
      continue;
    std::optional<APInt> trips = loop.getStaticTripCount();
    runs *= trips ? static_cast<int64_t>(trips->getLimitedValue(kMostRuns))
                  : kAssumedTrips;
    runs = std::clamp<int64_t>(runs, 1, kMostRuns);
  }
  return runs;
}

int64_t Placement::getRuns(Block *block) {
  if (auto known = runsOf.find(block); known != runsOf.end())
    return known->second;
  int64_t calls = 0;
  if (!graph.calls.empty()) {
    Operation *function = block->getParentOp();
    if (!isa<FunctionOpInterface>(function))
      function = function->getParentOfType<FunctionOpInterface>();
    for (CallOpInterface call : graph.calls.lookup(function))
      calls = std::min(calls + getRuns(call->getBlock()), kMostRuns);
  }
  return runsOf[block] = std::min(
             countTrips(block) * std::max<int64_t>(calls, 1), kMostRuns);
}

int64_t Placement::getBits(Value value, const Slices *made) const {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bits =
      type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 64;
  for (auto [dim, size] : llvm::enumerate(type.getShape())) {
    bool isRows = made && static_cast<int64_t>(dim) == made->dim;
    int64_t length = isRows ? hasStaticRows ? made->localSize : 1
                     : ShapedType::isDynamic(size) ? 1
                                                   : size;
    bits *= std::max<int64_t>(length, 1);
  }
  return bits;
}

/// Gathering `value`: its bits, and a little for the gather itself, so that of
/// two ways to move the same bytes the one with fewer gathers is taken.
/// `made`: the slices that there are of it, if any.
int64_t Placement::getGatherCost(Value value, const Slices *made) {
  return (getBits(value, made) * 8 + 1) * getRuns(value.getParentBlock());
}

/// What a collective that moves across the region's gathers saves of what it
/// receives: it and a gather are both times the share (n - 1) / n of the
/// gathers' group.
int64_t Placement::getSavings(const Unit &unit) {
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
  int64_t received = getGatherCost(larger, made ? &made->slices : nullptr) /
                     *size * (*size - 1);
  return isa<AllReduceOp>(unit.op) ? 2 * received : received;
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

/// A region is a flow network: a unit is on the source's side if it computes
/// its slice only. A value made there, and needed whole on the other side, is
/// gathered once, at its cost. What the sink's side computes whole can be
/// sliced for nothing. Of the cheapest cuts the one nearest to the sink moves
/// most.
void Placement::choose(MotionRegion region) {
  hasStaticRows = true;
  cut.clear();
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    nodes[u] = unit.isGather() ? cut.getSource() : cut.addNode();
    for (const SlicedValue &made : graph.getValues(unit))
      hasStaticRows &= !ShapedType::isDynamic(made.slices.localSize);
  }
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (graph.options.allowExtraGather && unit.isWorthMoving)
      cut.addEdge(cut.getSource(), nodes[u], MinimumCut::kInfinity);
    if (int64_t savings = getSavings(unit))
      cut.addEdge(cut.getSource(), nodes[u], savings);
    for (const SlicedValue &made : graph.getValues(unit)) {
      MinimumCut::Node gathered = cut.addNode();
      cut.addEdge(nodes[u], gathered, getGatherCost(made.value, &made.slices));
      if (made.isNeededWhole)
        cut.addEdge(gathered, cut.getSink(), MinimumCut::kInfinity);
      for (unsigned consumer : graph.getConsumers(made))
        cut.addEdge(gathered, nodes[consumer], MinimumCut::kInfinity);
    }
  }
  cut.solve();
  for (unsigned u : region)
    graph.units[u].moves =
        !graph.units[u].isGather() && cut.isOnSourceSide(nodes[u]);
}

/// Another user of a value that feeds it needs that value whole, or else the
/// gather would move more bytes behind the norm.
Refusal commuter::dist::explainStay(const MotionGraph &graph,
                                    const Unit &norm) {
  SetVector<unsigned> feeding;
  feeding.insert(graph.getNumber(norm));
  for (unsigned i = 0; i < feeding.size(); ++i) {
    const Unit &unit = graph.units[feeding[i]];
    auto look = [&](Value operand) -> Operation * {
      const SlicedValue *made = graph.find(operand);
      if (!made || made->slices.kind != norm.kind ||
          feeding.contains(made->unit))
        return nullptr;
      for (OpOperand &use : operand.getUses()) {
        Demand demand = graph.getDemand(use, *made);
        if (demand.isForWhole())
          return use.getOwner();
        if (demand.isForSlices() && !feeding.contains(demand.consumer) &&
            isWorthMoving(use.getOwner()))
          return use.getOwner();
      }
      if (!graph.units[made->unit].isGather())
        feeding.insert(made->unit);
      return nullptr;
    };
    SmallVector<Value> inputs(unit.op->getOperands());
    if (unit.isJoin())
      inputs =
          llvm::map_to_vector(graph.getSources(unit),
                              [](OpOperand *source) { return source->get(); });
    for (Value operand : inputs)
      if (Operation *user = look(operand))
        return {reason::kOtherUsers, user, "allow-extra-gather=true"};
  }
  return {reason::kNotProfitable, norm.op, "allow-extra-gather=true"};
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
  if (!unit.isCollective)
    return 0;
  std::optional<int64_t> bytes =
      getReceivedBytes(cast<MeshGroupOpInterface>(unit.op));
  if (!bytes || !moves)
    return bytes;
  std::optional<int64_t> parts = graph.kinds[unit.kind].groupSize;
  if (!parts || ShapedType::isDynamic(unit.localRows))
    return std::nullopt;
  return *bytes / *parts;
}

ReceivedBytes commuter::dist::countReceivedBytes(const MotionGraph &graph,
                                                 MotionRegion region) {
  ReceivedBytes received;
  auto add = [](std::optional<int64_t> &sum, std::optional<int64_t> bytes) {
    sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
  };
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    add(received.before, getCollectiveBytes(graph, unit, /*moves=*/false));
    add(received.after, getCollectiveBytes(graph, unit, unit.moves));
    for (const SlicedValue &made : graph.getValues(unit)) {
      if (unit.isGather())
        add(received.before, getGatherBytes(graph, made));
      if ((unit.isGather() || unit.moves) && graph.staysWhole(made))
        add(received.after, getGatherBytes(graph, made));
    }
  }
  return received;
}
