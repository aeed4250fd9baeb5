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

#include "commuter/Analysis/MinimumCut.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// How often a collective next to `value` runs, in estimate: the product of the
/// trip counts of the loops around it.
static int64_t countRuns(Value value) {
  constexpr int64_t kAssumedTrips = 8, kMost = 1 << 20;
  int64_t runs = 1;
  for (Operation *op = value.getParentBlock()->getParentOp(); op;
       op = op->getParentOp())
    if (auto loop = dyn_cast<LoopLikeOpInterface>(op)) {
      std::optional<APInt> trips = loop.getStaticTripCount();
      runs *= trips ? static_cast<int64_t>(trips->getLimitedValue(kMost))
                    : kAssumedTrips;
      runs = std::clamp<int64_t>(runs, 1, kMost);
    }
  return runs;
}

namespace {

/// What the collectives of a region cost, in bits that a group's ranks hand
/// each other, but for a factor that all of them share. Where the number of
/// rows is not static, that of all values of the region is the same unknown.
class CostModel {
public:
  CostModel(const MotionGraph &graph, ArrayRef<unsigned> region)
      : graph(graph) {
    for (unsigned u : region)
      for (Value value : graph.units[u].values)
        hasStaticRows &=
            !ShapedType::isDynamic(graph.getSlices(value).localSize);
  }

  /// Gathering `value`: its bits, and a little for the gather itself, so that
  /// of two ways to move the same bytes the one with fewer gathers is taken.
  int64_t getGatherCost(Value value) const {
    return (getBits(value) * 8 + 1) * countRuns(value);
  }

  /// What a collective that moves across the region's gathers saves of what it
  /// receives: it and a gather are both times the share (n - 1) / n of the
  /// gathers' group.
  int64_t getSavings(const Unit &unit) const {
    auto group = dyn_cast<MeshGroupOpInterface>(unit.op);
    if (!unit.isOp() || !group || isa<AllSliceOp, ToPartialOp>(unit.op))
      return 0;
    std::optional<int64_t> size = commuter::dist::getGroupSize(group);
    if (!size)
      return 0;
    Value larger = isa<ReduceScatterOp>(unit.op) ? unit.op->getOperand(0)
                                                 : Value(unit.values.front());
    int64_t received = getGatherCost(larger) / *size * (*size - 1);
    return isa<AllReduceOp>(unit.op) ? 2 * received : received;
  }

private:
  int64_t getBits(Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    auto made = graph.slices.find(value);
    int64_t bits = type.getElementType().isIntOrFloat()
                       ? type.getElementTypeBitWidth()
                       : 64;
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      bool isRows = made != graph.slices.end() &&
                    static_cast<int64_t>(dim) == made->second.dim;
      int64_t length = isRows ? hasStaticRows ? made->second.localSize : 1
                       : ShapedType::isDynamic(size) ? 1
                                                     : size;
      bits *= std::max<int64_t>(length, 1);
    }
    return bits;
  }

  const MotionGraph &graph;
  bool hasStaticRows = true;
};

} // namespace

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

/// A region is a flow network: a unit is on the source's side if it computes
/// its slice only. A value made there, and needed whole on the other side, is
/// gathered once, at its cost. What the sink's side computes whole can be
/// sliced for nothing. Of the cheapest cuts the one nearest to the sink moves
/// most.
void commuter::dist::choosePlacement(MotionGraph &graph,
                                     ArrayRef<unsigned> region) {
  CostModel costs(graph, region);
  MinimumCut cut;
  DenseMap<unsigned, MinimumCut::Node> nodes;
  for (unsigned u : region)
    nodes[u] = graph.units[u].isGather() ? cut.getSource() : cut.addNode();
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (graph.options.allowExtraGather && unit.isOp() && isWorthMoving(unit.op))
      cut.addEdge(cut.getSource(), nodes[u], MinimumCut::kInfinity);
    if (int64_t savings = costs.getSavings(unit))
      cut.addEdge(cut.getSource(), nodes[u], savings);
    for (Value value : unit.values) {
      if (value.use_empty())
        continue;
      MinimumCut::Node gathered = cut.addNode();
      cut.addEdge(nodes[u], gathered, costs.getGatherCost(value));
      for (OpOperand &use : value.getUses()) {
        if (graph.needsNoGather(use.getOwner(), value))
          continue;
        cut.addEdge(gathered,
                    graph.needsWhole(use) ? cut.getSink()
                                          : nodes[graph.getConsumer(use)],
                    MinimumCut::kInfinity);
      }
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
  feeding.insert(graph.unitOf.lookup(norm.op));
  for (unsigned i = 0; i < feeding.size(); ++i) {
    const Unit &unit = graph.units[feeding[i]];
    auto look = [&](Value operand) -> Operation * {
      auto it = graph.slices.find(operand);
      if (it == graph.slices.end() || it->second.kind != norm.kind ||
          feeding.contains(graph.getProducer(operand)))
        return nullptr;
      for (OpOperand &use : operand.getUses()) {
        Operation *user = use.getOwner();
        if (graph.needsNoGather(user, operand))
          continue;
        bool isFeeding =
            !graph.needsWhole(use) && feeding.contains(graph.getConsumer(use));
        if (!isFeeding && (graph.needsWhole(use) || isWorthMoving(user)))
          return user;
      }
      if (!graph.units[graph.getProducer(operand)].isGather())
        feeding.insert(graph.getProducer(operand));
      return nullptr;
    };
    SmallVector<Value> inputs(unit.op->getOperands());
    if (unit.isJoin())
      inputs = llvm::map_to_vector(
          unit.sources, [](OpOperand *source) { return source->get(); });
    for (Value operand : inputs)
      if (Operation *user = look(operand))
        return {reason::kOtherUsers, user, "allow-extra-gather=true"};
  }
  return {reason::kNotProfitable, norm.op, "allow-extra-gather=true"};
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

/// What each rank receives in the gather that makes `value` whole.
static std::optional<int64_t> getGatherBytes(const MotionGraph &graph,
                                             Value value) {
  return getReceivedBytes(value,
                          graph.kinds[graph.getSlices(value).kind].groupSize);
}

/// What each rank receives in a collective that is a unit, on the whole or, if
/// it moves, on slices.
static std::optional<int64_t> getCollectiveBytes(const MotionGraph &graph,
                                                 const Unit &unit, bool moves) {
  auto group = dyn_cast<MeshGroupOpInterface>(unit.op);
  if (!unit.isOp() || !group)
    return 0;
  std::optional<int64_t> bytes = getReceivedBytes(group);
  if (!bytes || !moves)
    return bytes;
  std::optional<int64_t> parts = graph.kinds[unit.kind].groupSize;
  if (!parts || ShapedType::isDynamic(unit.localRows))
    return std::nullopt;
  return *bytes / *parts;
}

ReceivedBytes commuter::dist::countReceivedBytes(const MotionGraph &graph,
                                                 ArrayRef<unsigned> region) {
  ReceivedBytes received;
  auto add = [](std::optional<int64_t> &sum, std::optional<int64_t> bytes) {
    sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
  };
  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    add(received.before, getCollectiveBytes(graph, unit, /*moves=*/false));
    add(received.after, getCollectiveBytes(graph, unit, unit.moves));
    for (Value value : unit.values) {
      bool staysWhole = llvm::any_of(value.getUses(), [&](OpOperand &use) {
        if (graph.needsNoGather(use.getOwner(), value))
          return false;
        return graph.needsWhole(use) ||
               !graph.units[graph.getConsumer(use)].moves;
      });
      if (unit.isGather())
        add(received.before, getGatherBytes(graph, value));
      if ((unit.isGather() || unit.moves) && staysWhole)
        add(received.after, getGatherBytes(graph, value));
    }
  }
  return received;
}
