//===- MotionGuard.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two versions of what may move only if an axis has one rank, chosen by its
// size when the program runs.
//
//===----------------------------------------------------------------------===//

#include "MotionPlacement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// Ops that are to stand in two versions, and the axes that choose.
struct Guarded {
  SetVector<Operation *> ops;
  FlatSymbolRefAttr mesh;
  SetVector<Attribute> openAxes;
  Location loc;
};

/// The ops of a block from the first of a set to the last, and how they are
/// tied to the set: by values, and by effects, which keep their order.
class Span {
public:
  Span(Block &block, const SetVector<Operation *> &set);

  /// The set and what stands between: what depends on some of it, and some of
  /// it on that. In order.
  SmallVector<Operation *> inside;
  /// What depends on the set, and does not stand between. In order.
  SmallVector<Operation *> after;

  Operation *getUserIn(OpOperand &use) const {
    return block.findAncestorOpInBlock(*use.getOwner());
  }

private:
  Block &block;
};

} // namespace

Span::Span(Block &block, const SetVector<Operation *> &set) : block(block) {
  Operation *first = set.front(), *last = first;
  for (Operation *op : set) {
    first = op->isBeforeInBlock(first) ? op : first;
    last = last->isBeforeInBlock(op) ? op : last;
  }
  auto span = llvm::make_range(first->getIterator(), ++last->getIterator());

  // An op depends on the set if one that it uses does, or if the set has an
  // effect before its own.
  DenseSet<Operation *> dependent, feeding;
  bool hasEffect = false;
  for (Operation &op : span) {
    const bool isOrdered = !isMemoryEffectFree(&op);
    if (set.contains(&op) || (isOrdered && hasEffect))
      dependent.insert(&op);
    if (!dependent.contains(&op))
      continue;
    hasEffect |= isOrdered;
    for (OpOperand &use : op.getUses())
      dependent.insert(getUserIn(use));
  }
  hasEffect = false;
  for (Operation &op : llvm::reverse(span)) {
    const bool isOrdered = !isMemoryEffectFree(&op);
    bool feeds = set.contains(&op) || (isOrdered && hasEffect) ||
                 llvm::any_of(op.getUses(), [&](OpOperand &use) {
                   return feeding.contains(getUserIn(use));
                 });
    if (!feeds)
      continue;
    feeding.insert(&op);
    hasEffect |= isOrdered;
  }
  for (Operation &op : span)
    if (dependent.contains(&op))
      (feeding.contains(&op) ? inside : after).push_back(&op);
}

/// What would move of a region, and what takes part in it: the gathers that
/// feed it, and what takes slices of them back or asks for their sizes.
static std::optional<Guarded> findGuarded(const MotionGraph &graph,
                                          Placement &placement,
                                          MotionRegion region) {
  auto isMovingNorm = [&](unsigned u) {
    return graph.units[u].moves && graph.units[u].isWorthMoving;
  };
  const MeshAxes &axes = graph.analysis.getAxes();
  Guarded guarded{{}, {}, {}, graph.units[region.front()].op->getLoc()};
  for (unsigned u : region) {
    auto gather = dyn_cast<AllGatherOp>(graph.units[u].op);
    if (!gather || !graph.units[u].isGather() || !gather.getSummingAttr())
      continue;
    for (Attribute name : gather.getSummingAttr())
      for (unsigned axis : axes.find(gather.getMeshAttr(),
                                     ArrayAttr::get(gather.getContext(), name)))
        if (!axes.isUnit(axis, gather)) {
          guarded.mesh = gather.getMeshAttr();
          guarded.openAxes.insert(name);
        }
  }
  if (guarded.openAxes.empty())
    return std::nullopt;
  placement.choose(region);
  if (llvm::none_of(region, isMovingNorm))
    return std::nullopt;

  for (unsigned u : region) {
    const Unit &unit = graph.units[u];
    if (!unit.moves && !unit.isGather())
      continue;
    if (unit.op->hasTrait<OpTrait::IsTerminator>()) // passes it to a block
      return std::nullopt;
    guarded.ops.insert(unit.op);
    for (const SlicedValue &made : graph.getValues(unit))
      for (OpOperand &use : made.value.getUses()) {
        Demand demand = graph.getDemand(use, made);
        if (!demand.isForWhole() && !demand.isForSlices())
          guarded.ops.insert(use.getOwner());
      }
  }
  return guarded;
}

/// The nearest block around all of the ops, which become the ops of that block
/// that they are or are in; null if there is none in the function.
static Block *liftToOneBlock(SetVector<Operation *> &ops) {
  Block *block = ops.front()->getBlock();
  auto isAround = [&](Operation *op) {
    return block->findAncestorOpInBlock(*op) != nullptr;
  };
  while (!llvm::all_of(ops, isAround)) {
    if (isa<FunctionOpInterface>(block->getParentOp()))
      return nullptr;
    block = block->getParentOp()->getBlock();
  }
  SetVector<Operation *> lifted;
  for (Operation *op : ops)
    lifted.insert(block->findAncestorOpInBlock(*op));
  ops = std::move(lifted);
  return block;
}

/// Law: s = if c then s else s, for any statements s and a condition c that is
/// true on all ranks or on none.
///
/// Precondition: what stands between the statements is one of them, so that the
/// others can come before or after them all. The size of an axis is the same on
/// all ranks.
static scf::IfOp makeVersions(const Span &span, const Guarded &guarded) {
  DenseSet<Operation *> inside(span.inside.begin(), span.inside.end());
  auto isUsedOutside = [&](OpOperand &use) {
    return !inside.contains(span.getUserIn(use));
  };
  SmallVector<Value> results;
  for (Operation *op : span.inside)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUses(), isUsedOutside))
        results.push_back(result);

  OpBuilder builder(span.inside.back()->getContext());
  builder.setInsertionPointAfter(span.inside.back());
  Location loc = guarded.loc;
  Value size =
      AxisSizeOp::create(builder, loc, builder.getIndexType(), guarded.mesh,
                         builder.getArrayAttr(guarded.openAxes.getArrayRef()));
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  Value isUnit =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, size, one);
  auto branch = scf::IfOp::create(builder, loc, ValueRange(results).getTypes(),
                                  isUnit, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  for (Operation *op : llvm::reverse(span.after))
    op->moveAfter(branch);
  for (auto [result, joined] : llvm::zip_equal(results, branch.getResults()))
    result.replaceUsesWithIf(joined, isUsedOutside);

  IRMapping copies;
  builder.setInsertionPointToStart(branch.thenBlock());
  for (Operation *op : span.inside)
    builder.clone(*op, copies);
  scf::YieldOp::create(builder, loc,
                       llvm::map_to_vector(results, [&](Value result) {
                         return copies.lookup(result);
                       }));
  for (Operation *op : span.inside)
    op->moveBefore(branch.elseBlock(), branch.elseBlock()->end());
  builder.setInsertionPointToEnd(branch.elseBlock());
  scf::YieldOp::create(builder, loc, results);
  return branch;
}

bool commuter::dist::guardOpenSums(FunctionOpInterface function,
                                   const ShardingAnalysis &analysis,
                                   const MotionOptions &options) {
  MotionOptions assuming = options;
  assuming.takesOpenAxesAsUnit = true;
  MotionGraph graph(function, analysis, assuming);
  graph.build();

  MotionRegions regions(graph);
  Placement placement(graph);
  SmallVector<Guarded> found;
  for (unsigned i = 0; i < regions.size(); ++i)
    if (std::optional<Guarded> guarded =
            findGuarded(graph, placement, regions[i]))
      found.push_back(std::move(*guarded));
  // What stands in two versions is not put into two more: of regions that lie
  // across one another the first is guarded, so that the program stays linear.
  DenseSet<Operation *> versions;
  auto isVersion = [&](Operation *op) { return versions.contains(op); };
  auto isInVersion = [&](Operation *op) {
    for (; op && !isVersion(op); op = op->getParentOp())
      ;
    return op != nullptr;
  };
  for (Guarded &guarded : found) {
    if (llvm::any_of(guarded.ops, isInVersion))
      continue;
    Block *block = liftToOneBlock(guarded.ops);
    if (!block)
      continue;
    Span span(*block, guarded.ops);
    if (llvm::none_of(span.inside, isVersion))
      versions.insert(makeVersions(span, guarded));
  }
  return !versions.empty();
}
