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

#include "MotionPlacement.h"
#include "MotionRewrite.h"

#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/CheckedArithmetic.h"

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

/// The rows of a tensor; with `made`, of its slice. Nothing if they are not
/// static, or more than can be counted.
static std::optional<int64_t> countRows(RankedTensorType type,
                                        ArrayRef<int64_t> rowDims,
                                        const Slices *made = nullptr) {
  std::optional<int64_t> rows = 1;
  for (int64_t dim : rowDims) {
    int64_t size =
        made && made->dim == dim ? made->localSize : type.getDimSize(dim);
    if (ShapedType::isDynamic(size))
      return std::nullopt;
    rows = rows ? llvm::checkedMul(*rows, size) : std::nullopt;
  }
  return rows;
}

/// How many rows the slices have at most; kDynamic if that is not static.
static int64_t getMostRows(const Slices &made, const GatherKind &kind) {
  DenseIntElementsAttr parts;
  if (ShapedType::isDynamic(made.localSize) && kind.extents)
    parts = splitMultiple(kind.extents).constant;
  if (!parts || parts.empty())
    return made.localSize;
  int64_t most = 0;
  for (const APInt &rows : parts.getValues<APInt>())
    most = std::max(most, rows.getSExtValue());
  return multiplySaturating(multiplySaturating(most, kind.times),
                            kind.cycles.number);
}

/// The rows of an op that moved.
static void describeMoved(const MotionGraph &graph, MotionOutcome &outcome) {
  Value result = outcome.op->getResult(0);
  SmallVector<int64_t> rowDims = getRowDims(outcome.op);
  const Slices &made = graph.find(result)->slices;
  auto type = cast<RankedTensorType>(result.getType());
  outcome.rowsBefore = countRows(type, rowDims);
  const Slices local{made.kind, made.dim,
                     getMostRows(made, graph.kinds[made.kind])};
  outcome.rowsAfter = countRows(type, rowDims, &local);
}

/// The rows of a gather that moved.
static void describePlaced(const MotionGraph &graph, MotionOutcome &outcome) {
  const Slices &made = graph.find(outcome.value)->slices;
  auto type = cast<RankedTensorType>(outcome.value.getType());
  outcome.rowsBefore = countRows(type, made.dim);
  outcome.rowsAfter = countRows(type, made.dim, &made);
}

/// `stays`: why the op stays; nullopt: it moved.
static void describe(const MotionGraph &graph, MotionOutcome &outcome,
                     const std::optional<Refusal> &stays) {
  Operation *op = outcome.op;
  outcome.value =
      !stays && outcome.isOfGather ? op->getResult(0) : op->getOperand(0);
  if (stays && stays->value)
    outcome.value = stays->value;
  outcome.state = graph.analysis.getState(outcome.value);
  if (stays) {
    if (stays->blocker)
      outcome.blocker = stays->blocker->getLoc();
    outcome.suggestion = stays->suggestion;
  } else if (outcome.isOfGather) {
    describePlaced(graph, outcome);
  } else {
    describeMoved(graph, outcome);
  }
}

/// Why a unit stays that the placement has decided on; nullopt: it moves.
static std::optional<Refusal> explain(const MotionGraph &graph,
                                      const Unit &unit) {
  if (!unit.isGather())
    return unit.moves ? std::nullopt : std::optional(explainStay(graph, unit));
  const SlicedValue &gathered = graph.getValues(unit).front();
  return graph.staysWhole(gathered) && !gathered.isUsedInWays
             ? std::optional(explainGather(graph, gathered))
             : std::nullopt;
}

ReasonToStay commuter::dist::explainDivergence(Operation *divergent,
                                               StringRef branchUniformly) {
  if (hasUnknownOrder(divergent))
    return {reason::kUnsupportedOp,
            "implement RegionBranchOpInterface for the op"};
  return {reason::kDivergentControlFlow,
          hasNoOrder(divergent)
              ? "run it outside of what ranks run in no common order, or in a "
                "sequential loop"
              : branchUniformly};
}

std::optional<DimSlicing>
commuter::dist::findSlicing(DimParallelOpInterface op, unsigned operand,
                            int64_t dim,
                            function_ref<bool(StringRef)> ignores) {
  if (op->getNumResults() == 0 ||
      !llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>))
    return std::nullopt;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  for (int64_t resultDim = 0; resultDim < type.getRank(); ++resultDim) {
    DimSlicing slicing = op.getDimSlicing(0, resultDim);
    if (!slicing.isLegal() && ignores && ignores(slicing.refusal))
      slicing = getElementwiseSlicing(op, resultDim);
    if (slicing.isLegal() && slicing.operandDims[operand] == dim)
      return slicing;
  }
  return std::nullopt;
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

bool commuter::dist::moveInFrontOfGathers(
    ArrayRef<FunctionOpInterface> functions, const ShardingAnalysis &analysis,
    const MotionOptions &options,
    function_ref<void(MotionOutcome &, DescribeOutcome)> tell) {
  MotionGraph graph(functions, analysis, options);
  graph.build();
  if (options.prepares &&
      (splitGathers(graph) || (!options.placesEveryGather && mergeRows(graph))))
    return true;

  // Whose outcome is told, and for whose sake a region is looked at.
  auto isCandidate = [&](unsigned u) {
    const Unit &unit = graph.units[u];
    return options.placesEveryGather ? unit.isGather() : unit.isWorthMoving;
  };
  MotionRegions regions(graph);
  Placement placement(graph);
  SmallVector<MotionRegion> moving;
  bool movesOn = false;
  // Most of a function's candidates are in one of its blocks.
  std::pair<Block *, FunctionOpInterface> last;
  auto makeOutcome = [&](Operation *op, Block *block,
                         const std::optional<Refusal> &stays) {
    if (block != last.first)
      last = {block, op->getParentOfType<FunctionOpInterface>()};
    MotionOutcome outcome{op, last.second, op->getLoc()};
    if (stays)
      outcome.reason = stays->reason;
    outcome.isAmongNested = graph.hasNestedGathers;
    return outcome;
  };
  for (unsigned i = 0; i < regions.size(); ++i) {
    MotionRegion region = regions[i];
    if (llvm::none_of(region, isCandidate))
      continue;
    placement.choose(region);
    std::optional<ReceivedBytes> received;
    bool movesAny = false;
    for (unsigned u : llvm::make_filter_range(region, isCandidate)) {
      const Unit &unit = graph.units[u];
      std::optional<Refusal> stays = explain(graph, unit);
      MotionOutcome outcome =
          makeOutcome(unit.op, graph.getValues(unit).front().block, stays);
      outcome.isOfGather = unit.isGather();
      movesAny |= !stays;
      tell(outcome, [&](MotionOutcome &told) {
        describe(graph, told, stays);
        if (stays)
          return;
        if (!received)
          received = countReceivedBytes(graph, region);
        told.bytesBefore = received->before;
        told.bytesAfter = received->after;
      });
    }
    if (!movesAny)
      continue;
    moving.push_back(region);
    movesOn |= graph.hasNestedGathers && llvm::any_of(region, [&](unsigned u) {
                 return graph.units[u].isNested;
               });
  }
  for (auto &[op, refusal] : graph.missed) {
    const std::optional<Refusal> stays = refusal;
    MotionOutcome outcome = makeOutcome(op, op->getBlock(), stays);
    tell(outcome, [&](MotionOutcome &told) { describe(graph, told, stays); });
  }
  rewriteRegions(graph, moving);
  return movesOn;
}

SmallVector<MotionOutcome>
commuter::dist::moveInFrontOfGathers(ArrayRef<FunctionOpInterface> functions,
                                     const ShardingAnalysis &analysis,
                                     const MotionOptions &options) {
  SmallVector<MotionOutcome> outcomes;
  moveInFrontOfGathers(functions, analysis, options,
                       [&](MotionOutcome &outcome, DescribeOutcome describe) {
                         describe(outcome);
                         outcomes.push_back(outcome);
                       });
  return outcomes;
}
