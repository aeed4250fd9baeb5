//===- GatherMotion.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moving ops in front of the gathers that feed them: the graph of what may
// move, its regions, and what becomes of each op that is worth moving.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/IntEqClasses.h"
#include <numeric>

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// The dimensions that count the rows that `op` computes: those of its result
/// in which it is parallel. Where that is all of them, as for an elementwise
/// op, the last one is the row.
static SmallVector<int64_t> getRowDims(Operation *op) {
  auto parallel = cast<DimParallelOpInterface>(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto input = op->getNumOperands() == 0
                   ? RankedTensorType()
                   : dyn_cast<RankedTensorType>(op->getOperand(0).getType());
  SmallVector<int64_t> dims;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    if (parallel.getDimSlicing(0, dim).isLegal())
      dims.push_back(dim);
  if (input && input.getRank() == type.getRank() &&
      dims.size() == static_cast<size_t>(type.getRank()) && !dims.empty())
    dims.pop_back();
  return dims;
}

/// The rows of a tensor; with `made`, of its slice.
static std::optional<int64_t> countRows(RankedTensorType type,
                                        ArrayRef<int64_t> rowDims,
                                        const Slices *made = nullptr) {
  int64_t rows = 1;
  for (int64_t dim : rowDims) {
    int64_t size =
        made && made->dim == dim ? made->localSize : type.getDimSize(dim);
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    rows *= size;
  }
  return rows;
}

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

static MotionOutcome startOutcome(const MotionGraph &graph, Operation *op,
                                  Value value) {
  return {op, op->getParentOfType<FunctionOpInterface>(), op->getLoc(),
          graph.analysis.getState(value)};
}

static MotionOutcome makeMissed(const MotionGraph &graph, Operation *op,
                                const Refusal &refusal) {
  Value value = refusal.value ? refusal.value : op->getOperand(0);
  MotionOutcome outcome = startOutcome(graph, op, value);
  outcome.reason = refusal.reason;
  if (refusal.blocker)
    outcome.blocker = refusal.blocker->getLoc();
  outcome.suggestion = refusal.suggestion;
  return outcome;
}

/// How many rows the slices have at most; kDynamic if that is not static.
static int64_t getMostRows(const Slices &made, const GatherKind &kind) {
  DenseIntElementsAttr parts;
  if (!ShapedType::isDynamic(made.localSize) || !kind.extents ||
      !matchPattern(kind.extents, m_Constant(&parts)) || parts.empty())
    return made.localSize;
  int64_t most = 0;
  for (const APInt &rows : parts.getValues<APInt>())
    most = std::max(most, rows.getSExtValue());
  return most;
}

static MotionOutcome makeMoved(const MotionGraph &graph, Operation *op,
                               const ReceivedBytes &received) {
  MotionOutcome outcome = startOutcome(graph, op, op->getOperand(0));
  SmallVector<int64_t> rowDims = getRowDims(op);
  const Slices &made = graph.find(op->getResult(0))->slices;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  outcome.rowsBefore = countRows(type, rowDims);
  const Slices local{made.kind, made.dim,
                     getMostRows(made, graph.kinds[made.kind])};
  outcome.rowsAfter = countRows(type, rowDims, &local);
  outcome.bytesBefore = received.before;
  outcome.bytesAfter = received.after;
  return outcome;
}

static MotionOutcome makePlaced(const MotionGraph &graph,
                                const SlicedValue &gathered,
                                const ReceivedBytes &received) {
  MotionOutcome outcome =
      startOutcome(graph, gathered.value.getDefiningOp(), gathered.value);
  auto type = cast<RankedTensorType>(gathered.value.getType());
  outcome.rowsBefore = countRows(type, gathered.slices.dim);
  outcome.rowsAfter = countRows(type, gathered.slices.dim, &gathered.slices);
  outcome.bytesBefore = received.before;
  outcome.bytesAfter = received.after;
  return outcome;
}

/// Of a unit that the placement has decided on.
static MotionOutcome makeOutcome(const MotionGraph &graph, const Unit &unit,
                                 const ReceivedBytes &received) {
  if (unit.isOp())
    return unit.moves ? makeMoved(graph, unit.op, received)
                      : makeMissed(graph, unit.op, explainStay(graph, unit));
  const SlicedValue &gathered = graph.getValues(unit).front();
  MotionOutcome outcome =
      graph.staysWhole(gathered)
          ? makeMissed(graph, unit.op, explainGather(graph, gathered))
          : makePlaced(graph, gathered, received);
  outcome.isOfGather = true;
  return outcome;
}

SmallVector<FunctionOpInterface> commuter::dist::getFunctions(Operation *top) {
  SmallVector<FunctionOpInterface> functions;
  top->walk<WalkOrder::PreOrder>([&](FunctionOpInterface function) {
    if (!function.isExternal())
      functions.push_back(function);
    return WalkResult::skip();
  });
  return functions;
}

SmallVector<MotionOutcome>
commuter::dist::moveInFrontOfGathers(ArrayRef<FunctionOpInterface> functions,
                                     const ShardingAnalysis &analysis,
                                     const MotionOptions &options) {
  MotionGraph graph(functions, analysis, options);
  graph.build();

  // Whose outcome is told, and for whose sake a region is looked at.
  auto isCandidate = [&](unsigned u) {
    const Unit &unit = graph.units[u];
    return options.placesEveryGather ? unit.isGather() : unit.isWorthMoving;
  };
  MotionRegions regions(graph);
  Placement placement(graph);
  SmallVector<MotionOutcome> outcomes;
  outcomes.reserve(
      graph.missed.size() +
      llvm::count_if(llvm::seq<unsigned>(0, graph.units.size()), isCandidate));
  SmallVector<MotionRegion> moving;
  for (unsigned i = 0; i < regions.size(); ++i) {
    MotionRegion region = regions[i];
    if (llvm::none_of(region, isCandidate))
      continue;
    placement.choose(region);
    ReceivedBytes received = countReceivedBytes(graph, region);
    bool movesAny = false;
    for (unsigned u : llvm::make_filter_range(region, isCandidate)) {
      outcomes.push_back(makeOutcome(graph, graph.units[u], received));
      movesAny |= outcomes.back().reason.empty();
    }
    if (movesAny)
      moving.push_back(region);
  }
  for (auto &[op, refusal] : graph.missed)
    outcomes.push_back(makeMissed(graph, op, refusal));
  rewriteRegions(graph, moving);
  return outcomes;
}
