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

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/EquivalenceClasses.h"

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

static std::optional<int64_t> countRows(RankedTensorType type,
                                        ArrayRef<int64_t> rowDims) {
  int64_t rows = 1;
  for (int64_t dim : rowDims) {
    if (type.isDynamicDim(dim))
      return std::nullopt;
    rows *= type.getDimSize(dim);
  }
  return rows;
}

SmallVector<SmallVector<unsigned>>
commuter::dist::findRegions(const MotionGraph &graph) {
  llvm::EquivalenceClasses<unsigned> connected;
  for (auto [u, unit] : llvm::enumerate(graph.units)) {
    connected.insert(u);
    for (Value value : unit.values)
      for (OpOperand &use : value.getUses())
        if (!graph.needsNoGather(use.getOwner(), value) &&
            !graph.needsWhole(use))
          connected.unionSets(u, graph.getConsumer(use));
  }
  llvm::MapVector<unsigned, SmallVector<unsigned>> regions;
  for (unsigned u = 0; u < graph.units.size(); ++u)
    regions[connected.getLeaderValue(u)].push_back(u);
  SmallVector<SmallVector<unsigned>> result;
  for (auto &[leader, region] : regions)
    result.push_back(std::move(region));
  return result;
}

static MotionOutcome makeMissed(const MotionGraph &graph, Operation *op,
                                const Refusal &refusal) {
  Value value = refusal.value ? refusal.value : op->getOperand(0);
  MotionOutcome outcome{op, op->getLoc(), graph.analysis.getState(value)};
  outcome.reason = refusal.reason;
  if (refusal.blocker)
    outcome.blocker = refusal.blocker->getLoc();
  outcome.suggestion = refusal.suggestion;
  return outcome;
}

static MotionOutcome makeMoved(const MotionGraph &graph, Operation *op,
                               const ReceivedBytes &received) {
  MotionOutcome outcome{op, op->getLoc(),
                        graph.analysis.getState(op->getOperand(0))};
  SmallVector<int64_t> rowDims = getRowDims(op);
  const Slices &made = graph.getSlices(op->getResult(0));
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  outcome.rowsBefore = countRows(type, rowDims);
  outcome.rowsAfter =
      countRows(llvm::is_contained(rowDims, made.dim)
                    ? getLocalType(type, made.dim, made.localSize)
                    : type,
                rowDims);
  outcome.bytesBefore = received.before;
  outcome.bytesAfter = received.after;
  return outcome;
}

SmallVector<MotionOutcome>
commuter::dist::moveInFrontOfGathers(FunctionOpInterface function,
                                     const ShardingAnalysis &analysis,
                                     const MotionOptions &options) {
  MotionGraph graph(function, analysis, options);
  graph.build();

  SmallVector<MotionOutcome> outcomes;
  SmallVector<ArrayRef<unsigned>> moving;
  SmallVector<SmallVector<unsigned>> regions = findRegions(graph);
  for (ArrayRef<unsigned> region : regions) {
    auto isNorm = [&](unsigned u) {
      return graph.units[u].isOp() && isWorthMoving(graph.units[u].op);
    };
    if (llvm::none_of(region, isNorm))
      continue;
    choosePlacement(graph, region);
    ReceivedBytes received = countReceivedBytes(graph, region);
    bool movesAny = false;
    for (unsigned u : llvm::make_filter_range(region, isNorm)) {
      const Unit &unit = graph.units[u];
      movesAny |= unit.moves;
      outcomes.push_back(
          unit.moves ? makeMoved(graph, unit.op, received)
                     : makeMissed(graph, unit.op, explainStay(graph, unit)));
    }
    if (movesAny)
      moving.push_back(region);
  }
  for (auto &[op, refusal] : graph.missed)
    outcomes.push_back(makeMissed(graph, op, refusal));
  rewriteRegions(graph, moving);
  return outcomes;
}
