//===- MotionGraph.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be had in slices, from the gathers on through whole functions, and
// what its users want of it. The law for ops is in MotionLaw.cpp, for branches,
// loops and calls in MotionJoins.cpp.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/IR/RegionGraphTraits.h"
#include "llvm/ADT/PostOrderIterator.h"
#include <numeric>

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

bool commuter::dist::hasOnlyUnitsOfOne(const DimSlicing &slicing) {
  auto isOne = [](int64_t unit) { return unit == 1; };
  return llvm::all_of(slicing.operandUnits, isOne) &&
         llvm::all_of(slicing.resultUnits, isOne);
}

int64_t commuter::dist::getLocalSize(int64_t size, int64_t unitSize,
                                     int64_t localRows,
                                     const GatherKind &kind) {
  if (!ShapedType::isDynamic(localRows) && !ShapedType::isDynamic(unitSize))
    return localRows * unitSize;
  if (ShapedType::isDynamic(size) || kind.isRagged() || !kind.cuts(size))
    return ShapedType::kDynamic;
  return size / *kind.groupSize;
}

int64_t commuter::dist::countBytes(RankedTensorType type,
                                   std::optional<int64_t> without) {
  int64_t bytes = getElementBytes(type.getElementType());
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    if (static_cast<int64_t>(dim) != without && !ShapedType::isDynamic(size))
      bytes = multiplySaturating(bytes, std::max<int64_t>(size, 1));
  return bytes;
}

RankedTensorType commuter::dist::getLocalType(Type type, int64_t dim,
                                              int64_t localSize) {
  auto ranked = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(ranked.getShape());
  shape[dim] = localSize;
  return RankedTensorType::get(shape, ranked.getElementType(),
                               ranked.getEncoding());
}

//===----------------------------------------------------------------------===//
// Gathers
//===----------------------------------------------------------------------===//

/// Precondition of the law: all ranks of the gather's group come to the op.
/// Where they may part, a gather may meet another one of theirs, and what is
/// replicated at one is not what is replicated at the other.
std::optional<Refusal> MotionGraph::findDivergence(Operation *op,
                                                   unsigned kind) {
  auto [it, isNew] = divergence.try_emplace({op->getBlock(), kind}, nullptr);
  if (isNew)
    it->second =
        analysis.findDivergence(op, kinds[kind].mesh, kinds[kind].axes);
  Operation *divergent = it->second;
  if (!divergent || options.ignores(reason::kDivergentControlFlow))
    return std::nullopt;
  const auto [reason, suggestion] =
      explainDivergence(divergent, kBranchUniformly);
  return Refusal{reason, divergent, suggestion};
}

/// Precondition of the law on the gather itself: it does not sum, or its sum is
/// completed before it. A sum over axes of size 1 is none.
std::optional<Refusal>
MotionGraph::findGatherRefusal(AllGatherOp gather, bool &completesSum) const {
  const MeshAxes &axes = analysis.getAxes();
  SmallVector<unsigned> summed;
  if (ArrayAttr summing = gather.getSummingAttr())
    summed = axes.find(gather.getMeshAttr(), summing);
  for (unsigned axis : summed) {
    std::optional<bool> isUnit = axes.isUnit(axis, gather);
    if (isUnit.value_or(options.takesOpenAxesAsUnit) ||
        options.ignores(reason::kPendingSum))
      continue;
    completesSum = true;
    if (options.completeSums)
      continue;
    if (!isUnit)
      return Refusal{reason::kUnknownAxisSize, gather,
                     options.isGuarded
                         ? "complete-sums=true, or give the axis a size in "
                           "dist.mesh"
                         : "guard=true or complete-sums=true, or give the "
                           "axis a size in dist.mesh",
                     gather.getInput()};
    return Refusal{reason::kPendingSum, gather, "complete-sums=true",
                   gather.getInput()};
  }
  return std::nullopt;
}

/// True if an outer gather, of what another one gathers, is better moved across
/// the inner gather, as any other collective is. So it is if a user of it is
/// parallel in the inner gather's dimension, but not in the outer one's.
/// Otherwise the outer gather is one that its users move across.
bool MotionGraph::movesAsOp(AllGatherOp gather) {
  const SlicedValue *inner = find(gather.getInput());
  if (!inner)
    return false;
  return llvm::any_of(gather->getUses(), [&](OpOperand &use) {
    auto user = dyn_cast<DimParallelOpInterface>(use.getOwner());
    const unsigned operand = use.getOperandNumber();
    return user && findSlicing(user, operand, inner->slices.dim) &&
           !findSlicing(user, operand, gather.getDim());
  });
}

void MotionGraph::visitGather(AllGatherOp gather) {
  if (movesAsOp(gather) &&
      !applyLaw(cast<DimParallelOpInterface>(gather.getOperation()), 0))
    return;
  if (!options.onlyGathers.empty() && !options.onlyGathers.contains(gather))
    return;
  Unit unit(Unit::Gather, gather, kinds.getNumber(gather));
  std::optional<Refusal> refusal = findDivergence(gather, unit.kind);
  if (!refusal)
    refusal = findGatherRefusal(gather, unit.completesSum);
  if (refusal) {
    if (options.placesEveryGather)
      missed.emplace_back(gather, *refusal);
    return refuse(gather.getResult(), addRefusal(*refusal, unit.kind));
  }
  const auto dim = static_cast<int64_t>(gather.getDim());
  unit.isNested = find(gather.getInput());
  hasNestedGathers |= unit.isNested;
  addUnit(unit);
  addValue(gather.getResult(),
           {unit.kind, dim, gather.getInput().getType().getDimSize(dim)});
}

/// What the unit makes is added next.
void MotionGraph::addUnit(Unit unit) {
  unit.firstValue = unit.endValue = values.size();
  units.push_back(unit);
}

/// Adds a value that the last unit makes.
void MotionGraph::addValue(Value value, const Slices &slices) {
  getFate(value).sliced = values.size();
  auto type = cast<RankedTensorType>(value.getType());
  values.push_back({value, slices, value.getParentBlock(),
                    countBytes(type, slices.dim),
                    static_cast<unsigned>(units.size() - 1),
                    isa<IndexType>(type.getElementType())});
  units.back().endValue = values.size();
}

void MotionGraph::replace(SlicedValue &made, Value value) {
  made.value = value;
  getFate(value).sliced = &made - values.begin();
}

const Refusal *MotionGraph::findRefusal(Value value) const {
  unsigned refusal = lookUpFate(value).refusal;
  return refusal == Fate::kNone ? nullptr : &refusals[refusal];
}

unsigned MotionGraph::addRefusal(const Refusal &refusal, unsigned kind) {
  refusals.push_back(refusal);
  refusals.back().kind = kind;
  return refusals.size() - 1;
}

/// Notes why a value cannot be had in slices: the first reason that is found.
void MotionGraph::refuse(Value value, unsigned refusal) {
  Fate &fate = getFate(value);
  if (fate.refusal == Fate::kNone)
    fate.refusal = refusal;
}

/// True if `op` leaves a rank with rows of its own again: a slice that it takes
/// for itself, or its part of a sum over the ranks that the rows came from.
bool MotionGraph::makesOwnRows(Operation *op, const GatherKind &kind) {
  if (!isa<AllSliceOp, ReduceScatterOp>(op))
    return false;
  auto group = cast<MeshGroupOpInterface>(op);
  return group.getMeshAttr() == kind.mesh &&
         llvm::any_of(group.getAxesAttr(), [&](Attribute axis) {
           return llvm::is_contained(kind.axes, axis);
         });
}

/// Notes that `op` stays, and that what it computes cannot be had in slices.
/// `parallel`: the op, if that is what it is.
void MotionGraph::refuse(Operation *op, DimParallelOpInterface parallel,
                         unsigned refusal) {
  for (Value result : op->getResults())
    refuse(result, refusal);
  if (parallel && parallel.isWorthMoving() && !options.placesEveryGather)
    missed.emplace_back(op, refusals[refusal]);
}

//===----------------------------------------------------------------------===//
// Whole functions
//===----------------------------------------------------------------------===//

void MotionGraph::visitOp(Operation *op) {
  auto gather = dyn_cast<AllGatherOp>(op);
  auto call = calls.empty() ? CallOpInterface() : dyn_cast<CallOpInterface>(op);
  Operation *callee = call ? calls.getCallee(call) : nullptr;
  if (!gather && !callee)
    return visitComputation(op);
  if (gather)
    visitGather(gather);
  else
    visitCall(call, callee);
  for (OpOperand &use : op->getOpOperands())
    noteDemand(use);
}

void MotionGraph::visitComputation(Operation *op) {
  visitOperands(op);
  if (op->getNumRegions() == 0)
    return;
  // What happens inside an op that answers for itself is its own business.
  if (isa<DimParallelOpInterface>(op)) {
    for (Region &region : op->getRegions())
      llvm::for_each(region, [&](Block &block) { noteDemandsIn(block); });
    return;
  }
  SmallVector<JoinClass> joins;
  auto branch = dyn_cast<RegionBranchOpInterface>(op);
  if (branch)
    joins = getJoins(branch);
  for (Region &region : op->getRegions()) {
    auto isArgument = [&](Value value) {
      return isa<BlockArgument>(value) && value.getParentRegion() == &region;
    };
    for (const JoinClass &join : joins)
      if (llvm::any_of(join.values, isArgument))
        visitBranchJoin(branch, join, region.getRegionNumber());
    visitRegion(region);
  }
  for (const JoinClass &join : joins)
    visitBranchJoin(branch, join, op->getNumRegions());
}

void MotionGraph::visitRegion(Region &region) {
  if (region.empty())
    return;
  if (region.hasOneBlock()) {
    for (Operation &op : region.front())
      visitOp(&op);
    return;
  }
  // A block may stand in front of those that dominate it.
  DenseMap<Block *, unsigned> visited;
  for (Block *block : llvm::ReversePostOrderTraversal<Region *>(&region)) {
    if (!block->isEntryBlock())
      visitBlockJoins(*block, visited);
    for (Operation &op : *block)
      visitOp(&op);
    visited.try_emplace(block, visited.size());
  }
  // No run comes to the others.
  for (Block &block : region)
    if (!visited.contains(&block))
      noteDemandsIn(block);
}

/// A fixpoint in rounds, each of which visits the whole program. When a join of
/// a loop or of a function is visited, not all of its sources are: the loop's
/// terminator and other calls come later. If a known source is in slices, the
/// join is assumed to carry slices; if another source turns out not to fit, the
/// next round does without that join (`rejectedJoins`). If none of the known
/// sources is in slices but a later one is, the next round takes that one
/// (`lateSources`). After `kMaxRounds` rounds no more late sources are taken,
/// and after twice as many no loop or call carries slices, so that it ends.
void MotionGraph::build() {
  constexpr unsigned kMaxRounds = 4;
  // As many as there may be: what is not used is never touched.
  units.reserve(analysis.getNumbers().size());
  values.reserve(analysis.getNumbers().size());
  for (unsigned round = 0;; ++round) {
    takesLoops = round < 2 * kMaxRounds;
    kinds.clear();
    units.clear();
    values.clear();
    operandDims.clear();
    unusualSlicings.clear();
    joins.clear();
    sources.clear();
    joinOf.clear();
    fates.assign(analysis.getNumbers().size(), Fate());
    otherFates.clear();
    refusals.clear();
    divergence.clear();
    missed.clear();
    partialFits.clear();
    straddling.clear();
    consumersOf.clear();
    laterDemands.clear();
    hasNestedGathers = false;
    visitedCallees.clear();
    awaited.clear();
    for (FunctionOpInterface function : functions)
      if (calls.lookup(function).empty())
        visitRegion(function.getFunctionBody());
    // Called only from inside of ops that answer for themselves.
    for (Operation *callee : calls.getCallees())
      if (!visitedCallees.contains(callee))
        visitRegion(cast<FunctionOpInterface>(callee).getFunctionBody());
    bool isRight = true;
    for (unsigned join : joins)
      if (OpOperand *misfit = findMisfit(units[join])) {
        const Refusal *why = findRefusal(misfit->get());
        rejectedJoins.try_emplace(getValues(units[join]).front().value,
                                  why ? std::optional(*why) : std::nullopt);
        isRight = false;
      }
    if (isRight && (round >= kMaxRounds || !expectLateSources())) {
      refuseThroughCalls();
      holdBackExtents();
      findConsumers();
      return findSites();
    }
  }
}

/// What gathers are cut by is there in front of them.
void MotionGraph::holdBackExtents() {
  for (const GatherKind &kind : kinds)
    if (const SlicedValue *made = kind.extents ? find(kind.extents) : nullptr)
      units[made->unit].isHeldBack = true;
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

DimSlicing MotionGraph::getSlicing(const Unit &op) const {
  if (auto it = unusualSlicings.find(op.op); it != unusualSlicings.end())
    return it->second.slicing;
  DimSlicing slicing;
  llvm::append_range(slicing.operandDims, getOperandDims(op));
  for (const SlicedValue &made : getValues(op))
    slicing.resultDims.push_back(made.slices.dim);
  return slicing;
}

bool MotionGraph::takesBackOwnSlice(AllSliceOp user, const Slices &made) const {
  const GatherKind &kind = kinds[made.kind];
  if (!kind.cycles.isOne())
    return false;
  if (options.ignores(reason::kOtherUsers))
    return user.getAxes().size() <= kind.axes.size();
  if (static_cast<int64_t>(user.getDim()) != made.dim ||
      user.getMeshAttr() != kind.mesh ||
      !kinds.isCutBy(kind, user.getExtents()))
    return false;
  if (user.getAxes() == kind.axes)
    return true;
  // Law: all_slice [A, B] (all_gather [A] (x)) = all_slice [B] (x).
  // Precondition: A comes first, so that its ranks hold whole parts, and all
  // are equally long.
  return !user.getExtents() &&
         !user.getResult().getType().isDynamicDim(made.dim) &&
         !getAxesBehind(kind.axes, user.getAxes()).empty();
}

Demand MotionGraph::getDemand(OpOperand &use, const SlicedValue &made) const {
  Operation *user = use.getOwner();
  if (auto slice = dyn_cast<AllSliceOp>(user);
      slice && takesBackOwnSlice(slice, made.slices))
    return {Demand::OwnSlice};
  if (auto query = dyn_cast<tensor::DimOp>(user);
      query && query.getConstantIndex())
    return {Demand::Size};
  if (auto it = joinOf.find(&use); it != joinOf.end()) {
    auto [join, kind] = it->second;
    if (kind != made.slices.kind ||
        getValues(units[join]).front().slices.dim != made.slices.dim)
      return {Demand::Whole};
    return {Demand::Slices, join};
  }
  const Unit *unit = findUnit(user);
  const unsigned operand = use.getOperandNumber();
  if (!unit || unit->isGather() ||
      getKindOf(*unit, operand) != made.slices.kind ||
      getOperandDims(*unit)[operand] != made.slices.dim)
    return {Demand::Whole};
  return {Demand::Slices, getNumber(*unit)};
}

void MotionGraph::addDemand(OpOperand &use, unsigned number) {
  SlicedValue &made = values[number];
  Demand demand = getDemand(use, made);
  made.isNeededWhole |= demand.isForWhole();
  if (demand.isForWhole() || demand.isForSlices())
    made.isUsedInBlock |= use.getOwner()->getBlock() == made.block;
  if (demand.isForSlices())
    consumersOf.emplace_back(number, demand.consumer);
}

/// Notes what a user that is visited wants of what a gather or an op makes: to
/// come back to it later would be to wait for its memory again. What passes a
/// value on is no parallel op; whether there is a join that takes it in slices
/// turns out later.
void MotionGraph::noteDemand(OpOperand &use) {
  const unsigned number = lookUpFate(use.get()).sliced;
  if (number == Fate::kNone || units[values[number].unit].isJoin())
    return;
  if (isa<DimParallelOpInterface>(use.getOwner()))
    addDemand(use, number);
  else
    laterDemands.emplace_back(&use, number);
}

void MotionGraph::noteDemandsIn(Block &block) {
  block.walk([&](Operation *op) {
    for (OpOperand &use : op->getOpOperands())
      noteDemand(use);
  });
}

/// Adds what was not noted, and sorts the consumers by what they take. Users of
/// what calls return may have been visited before it was known to be in slices.
void MotionGraph::findConsumers() {
  for (auto [use, number] : laterDemands)
    addDemand(*use, number);
  for (unsigned join : joins)
    for (const SlicedValue &made : getValues(units[join]))
      for (OpOperand &use : made.value.getUses())
        addDemand(use, &made - values.begin());
  consumerEnds.assign(values.size(), 0);
  for (auto [number, consumer] : consumersOf)
    ++consumerEnds[number];
  // Where they begin, and then, as they are filled in, where they end.
  std::exclusive_scan(consumerEnds.begin(), consumerEnds.end(),
                      consumerEnds.begin(), 0);
  consumers.resize_for_overwrite(consumersOf.size());
  for (auto [number, consumer] : consumersOf)
    consumers[consumerEnds[number]++] = consumer;
}
