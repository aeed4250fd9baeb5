//===- MotionGraph.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What can be had in slices: the law and its preconditions, from the gathers on
// through ops. The joins of branches, loops and calls are in MotionJoins.cpp.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "mlir/IR/RegionGraphTraits.h"
#include "llvm/ADT/PostOrderIterator.h"

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
  if (!ShapedType::isDynamic(localRows))
    return localRows * unitSize;
  if (ShapedType::isDynamic(size) || kind.isRagged() || !kind.cuts(size))
    return ShapedType::kDynamic;
  return size / *kind.groupSize;
}

int64_t commuter::dist::countBits(RankedTensorType type,
                                  std::optional<int64_t> without) {
  int64_t bits =
      type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 64;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    if (static_cast<int64_t>(dim) != without && !ShapedType::isDynamic(size))
      bits = multiplySaturating(bits, std::max<int64_t>(size, 1));
  return bits;
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

/// True if `user` may use the value. Of the blocks of a region, only the first
/// one is known to be in front of others.
static bool isKnownAt(Value value, Operation *user) {
  Block *block = value.getParentBlock();
  Operation *op = user;
  while (op->getParentRegion() != block->getParent()) {
    op = op->getParentOp();
    if (!op || op->hasTrait<OpTrait::IsIsolatedFromAbove>())
      return false;
  }
  Operation *maker = value.getDefiningOp();
  return op->getBlock() == block ? !maker || maker->isBeforeInBlock(op)
                                 : block->isEntryBlock();
}

/// The value that stands for these extents of `user`: of equal ones that are
/// known there, the first that was met.
Value MotionGraph::getExtentsAt(Value extents, Operation *user) {
  SmallVector<Value, 1> &equal = extentsOf[sizes.getNumber(extents)];
  for (Value known : equal)
    if (known == extents || isKnownAt(known, user))
      return known;
  equal.push_back(extents);
  return extents;
}

/// Law:
///
///   all_gather(x) = all_gather(x, extents(x))
///
/// by definition: the extents of a gather without them, if the program has them
/// exchanged elsewhere.
static Value findOwnExtents(AllGatherOp gather) {
  for (Operation *user : gather.getInput().getUsers()) {
    auto size = dyn_cast<tensor::DimOp>(user);
    if (!size ||
        size.getConstantIndex() != static_cast<int64_t>(gather.getDim()))
      continue;
    for (Operation *exchange : size->getUsers())
      if (auto extents = dyn_cast<ExchangeExtentsOp>(exchange);
          extents && extents.getMeshAttr() == gather.getMeshAttr() &&
          extents.getAxes() == gather.getAxes())
        return extents.getResult();
  }
  return {};
}

unsigned MotionGraph::getKind(AllGatherOp gather) {
  GatherKind kind{gather.getMeshAttr(), gather.getAxes(), {}, {}, {}};
  if (gather.getExtents()) {
    kind.extents = getExtentsAt(gather.getExtents(), gather);
    kind.cut = sizes.getNumber(kind.extents);
  } else if (gather.getInput().getType().isDynamicDim(gather.getDim())) {
    kind.ragged = gather;
    Value own = findOwnExtents(gather);
    kind.cut = own ? sizes.getNumber(own) : sizes.createNumber();
  }
  const unsigned numKinds = kinds.size(), number = getKind(kind);
  if (number == numKinds)
    kinds.back().groupSize = commuter::dist::getGroupSize(gather);
  return number;
}

unsigned MotionGraph::getKind(const GatherKind &like) {
  void *cut = like.ragged ? static_cast<void *>(AllGatherOp(like.ragged))
                          : like.extents.getAsOpaquePointer();
  auto [it, isNew] = kindNumbers.try_emplace(
      {like.mesh, like.axes, cut, like.cycles}, kinds.size());
  if (isNew)
    kinds.push_back(like);
  return it->second;
}

/// The kind of gathers over the axes of another kind, by the extents that
/// `user` passes or is passed.
unsigned MotionGraph::getKind(unsigned like, Value extents, Operation *user) {
  GatherKind kind = kinds[like];
  kind.extents = getExtentsAt(extents, user);
  kind.ragged = {};
  kind.cut = sizes.getNumber(extents);
  return getKind(kind);
}

/// And of what is dealt out in other cycles.
unsigned MotionGraph::getKind(unsigned like, int64_t cycles) {
  GatherKind kind = kinds[like];
  kind.cycles = cycles;
  return getKind(kind);
}

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
  if (hasUnknownOrder(divergent))
    return Refusal{reason::kUnsupportedOp, divergent, kDescribeRegions};
  return Refusal{reason::kDivergentControlFlow, divergent, kBranchUniformly};
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
  Unit unit(Unit::Gather, gather, getKind(gather));
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
  values.push_back(
      {value, slices, value.getParentBlock(),
       countBits(cast<RankedTensorType>(value.getType()), slices.dim),
       static_cast<unsigned>(units.size() - 1)});
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
bool MotionGraph::hasOwnRows(Operation *op, unsigned refusal) const {
  if (!isa<AllSliceOp, ReduceScatterOp>(op))
    return false;
  auto group = cast<MeshGroupOpInterface>(op);
  const GatherKind &kind = kinds[refusals[refusal].kind];
  return group.getMeshAttr() == kind.mesh &&
         llvm::any_of(group.getAxesAttr(), [&](Attribute axis) {
           return llvm::is_contained(kind.axes, axis);
         });
}

/// Notes that `op` stays, and that what it computes cannot be had in slices.
/// What follows own rows is not held up by the gather. `parallel`: the op, if
/// that is what it is.
void MotionGraph::refuse(Operation *op, DimParallelOpInterface parallel,
                         unsigned refusal) {
  if (hasOwnRows(op, refusal))
    return;
  for (Value result : op->getResults())
    refuse(result, refusal);
  if (parallel && parallel.isWorthMoving() && !options.placesEveryGather)
    missed.emplace_back(op, refusals[refusal]);
}

//===----------------------------------------------------------------------===//
// Computations
//===----------------------------------------------------------------------===//

/// True if a `dist.assert_sharding` promises that the value is replicated over
/// the axes of a gather.
static bool isPromisedReplicated(Value value, const MeshAxes &axes,
                                 const GatherKind &kind) {
  auto promise = value.getDefiningOp<AssertShardingOp>();
  if (!promise)
    return false;
  ValueState promised = getAnnotatedState(axes, promise.getSharding());
  return llvm::all_of(axes.find(kind.mesh, kind.axes), [&](unsigned axis) {
    return promised[axis].isReplicated();
  });
}

/// One operand of an op that the law is to apply to, or a value that its
/// regions capture.
std::optional<Refusal> MotionGraph::checkOperand(Operation *op, Value value,
                                                 std::optional<int64_t> dim,
                                                 const GatherKind &kind,
                                                 unsigned kindNumber) const {
  const SlicedValue *found = find(value);
  if (dim && found && isCutAlike(found->slices, *dim, kindNumber))
    return std::nullopt;
  if (analysis.isReplicatedOver(value, kind.mesh, kind.axes)) {
    if (!dim)
      return std::nullopt;
    // Sliced where it is used: needs to know where the slices lie.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && !type.isDynamicDim(*dim) &&
        (kind.isRagged() || kind.groupSize) &&
        !kind.cuts(type.getDimSize(*dim)))
      return Refusal{reason::kNotRowWise, op, ""};
    return std::nullopt;
  }
  if (options.ignores(reason::kOperandNotReplicated))
    return std::nullopt;
  bool isGathered =
      found || findRefusal(value) || value.getDefiningOp<AllGatherOp>();
  if (isGathered)
    return Refusal{reason::kOperandGatheredDifferently, value.getDefiningOp(),
                   "gather both operands along the same dimension, over the "
                   "same axes, with the same extents",
                   value};
  const bool isPromised = isPromisedReplicated(value, analysis.getAxes(), kind);
  return Refusal{reason::kOperandNotReplicated,
                 value.getDefiningOp() ? value.getDefiningOp() : op,
                 isPromised
                     ? "the operand's state is known, and is not what "
                       "dist.assert_sharding says: see dist-check-shardings"
                     : "if the operand is the same on all ranks, say so with "
                       "dist.sharding or dist.assert_sharding",
                 value};
}

/// True if the parts that the anchor comes in are whole rows of the slicing,
/// and cut its results by the same extents. Where a unit is not 1, extents that
/// are a value would have to be scaled: such gathers must cut evenly. A unit of
/// what is dealt in other cycles than its result holds all of the pieces that
/// become one; where one piece makes one that is as long, extents stay as they
/// are.
bool MotionGraph::fitsUnits(const DimSlicing &slicing, unsigned anchor,
                            const Slices &anchorSlices) const {
  if (hasOnlyUnitsOfOne(slicing) ||
      options.ignores(reason::kGroupCrossesGatherDim))
    return true;
  const GatherKind &kind = kinds[anchorSlices.kind];
  const int64_t unit = slicing.getOperandUnit(anchor);
  const int64_t resultCycles = slicing.resultCycles.value_or(kind.cycles);
  if (slicing.resultCycles && slicing.resultUnits.size() == 1 &&
      slicing.getResultUnit(0) * kind.cycles == unit * resultCycles)
    return true;
  const int64_t cycles = std::min(kind.cycles, resultCycles);
  return !kind.isRagged() && !ShapedType::isDynamic(anchorSlices.localSize) &&
         anchorSlices.localSize % cycles == 0 &&
         anchorSlices.localSize / cycles % unit == 0;
}

/// The slicing in which what the anchor comes in is dealt out in other cycles.
std::optional<DimSlicing>
MotionGraph::findCyclicSlicing(DimParallelOpInterface op, unsigned anchor,
                               const Slices &anchorSlices) const {
  DimSlicing slicing = op.getCyclicSlicing(anchor, anchorSlices.dim,
                                           kinds[anchorSlices.kind].cycles);
  if (!slicing.isLegal() || !fitsUnits(slicing, anchor, anchorSlices))
    return std::nullopt;
  return slicing;
}

/// Why the anchor's slices make up no slicing of the op, or not the one that it
/// has.
Refusal MotionGraph::explainSlicing(DimParallelOpInterface op,
                                    const Slices &anchorSlices,
                                    bool hasSlicing) const {
  if (hasSlicing)
    return Refusal{reason::kGroupCrossesGatherDim, op,
                   "make the local size a multiple of the group"};
  if (op->getNumResults() == 0 ||
      !llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>))
    return Refusal{reason::kNotRowWise, op, ""};
  StringRef why;
  if (anchorSlices.dim <
      cast<RankedTensorType>(op->getResult(0).getType()).getRank())
    why = op.getDimSlicing(0, anchorSlices.dim).refusal;
  // A reduction without a result along the gathered dimension reduced it.
  if (why.empty())
    why =
        op.isWorthMoving() ? reason::kGatherDimNormalized : reason::kNotRowWise;
  return Refusal{why, op, ""};
}

/// Law, for a collective c over axes B, behind a gather over axes A:
///
///   c(all_gather(x)) = all_gather(c(x))
///
/// Precondition: one mesh, and no axis is in both A and B. Then the ranks of
/// one group over B have the same index along A, and x is the same place of the
/// gathered dimension on each of them; what c does along other dimensions it
/// does to every such place alike. (Over an axis of A itself c would combine x
/// with its neighbours' rows.) They must also hold equally many rows there: the
/// local extent is static, or is one of extents that these ranks share. The
/// extents of ragged gathers may differ between them, though their sums agree.
///
/// The op stays in its block, so all ranks of a group still reach it, and all
/// ranks rewrite alike, so they reach the collectives in one order.
bool MotionGraph::actsAcross(MeshGroupOpInterface op,
                             const Slices &slicesOfInput) const {
  const GatherKind &kind = kinds[slicesOfInput.kind];
  if (!isAcross(op, kind.mesh, kind.axes))
    return false;
  // Where its ranks come to it in different ways, it may meet one of theirs
  // that does not move.
  ArrayAttr axes = getAllAxes(op);
  if (analysis.findDivergence(op, op.getMeshAttr(), axes))
    return false;
  return !ShapedType::isDynamic(slicesOfInput.localSize) ||
         (kind.extents &&
          analysis.isReplicatedOver(kind.extents, kind.mesh, axes));
}

/// The law, for the slices that operand `anchor` comes in:
///
///   f(all_gather(x), w) = all_gather(f(x, w'))
///
/// Precondition: f is parallel in the gathered dimension, or deals it out in
/// other cycles, and x is cut at its units; each operand that is sliced is
/// gathered alike or replicated over the gather's axes, or ignored by f [it
/// gets other memory]; each operand that is needed whole, and each value that
/// f's regions capture, is replicated over them; if f is a collective, it acts
/// across the gather; all ranks of the gather's group come to f.
///
/// Adds a unit, or says why there is none.
std::optional<Refusal> MotionGraph::applyLaw(DimParallelOpInterface op,
                                             unsigned anchor) {
  const Slices anchorSlices = find(op->getOperand(anchor))->slices;
  std::optional<DimSlicing> slicing =
      findSlicing(op, anchor, anchorSlices.dim,
                  [&](StringRef refusal) { return options.ignores(refusal); });
  if (!slicing || !fitsUnits(*slicing, anchor, anchorSlices)) {
    const bool hasSlicing = slicing.has_value();
    slicing = findCyclicSlicing(op, anchor, anchorSlices);
    if (!slicing)
      return explainSlicing(op, anchorSlices, hasSlicing);
  }
  if (std::optional<Refusal> refusal = findDivergence(op, anchorSlices.kind))
    return refusal;
  auto group = dyn_cast<MeshGroupOpInterface>(op.getOperation());
  if (group && !actsAcross(group, anchorSlices) &&
      !options.ignores(reason::kNotRowWise))
    return Refusal{reason::kNotRowWise, op, ""};

  const GatherKind &kind = kinds[anchorSlices.kind];
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!slicing->isExtent(i))
      if (std::optional<Refusal> refusal = checkOperand(
              op, operand, slicing->operandDims[i], kind, anchorSlices.kind);
          refusal && !op.ignoresElements(i))
        return refusal;
  for (Value captured : getCapturedValues(op))
    if (std::optional<Refusal> refusal =
            checkOperand(op, captured, std::nullopt, kind, anchorSlices.kind))
      return refusal;

  Unit unit(Unit::Op, op, anchorSlices.kind);
  unit.isWorthMoving = op.isWorthMoving();
  unit.isCollective = static_cast<bool>(group);
  unit.details = operandDims.size();
  llvm::append_range(operandDims, slicing->operandDims);
  const bool isUnusual = !slicing->extentOperands.empty() ||
                         !slicing->operandUnits.empty() ||
                         !slicing->resultUnits.empty();
  unit.localRows = anchorSlices.localSize;
  if (!ShapedType::isDynamic(unit.localRows))
    unit.localRows /= slicing->getOperandUnit(anchor);
  addUnit(unit);
  const unsigned resultKind = slicing->resultCycles
                                  ? getKind(unit.kind, *slicing->resultCycles)
                                  : unit.kind;
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    int64_t dim = slicing->resultDims[i];
    int64_t size = cast<RankedTensorType>(result.getType()).getDimSize(dim);
    addValue(result, {resultKind, dim,
                      getLocalSize(size, slicing->getResultUnit(i),
                                   unit.localRows, kinds[resultKind])});
  }
  if (isUnusual)
    unusualSlicings.try_emplace(op, *std::move(slicing));
  return std::nullopt;
}

/// True if a sum is pending in an operand along some axis, and the result is
/// neither pending, as that of a linear op, nor that of a collective, which may
/// complete it.
bool MotionGraph::losesPendingSum(Operation *op, Value &pending) const {
  if (isa<MeshGroupOpInterface>(op) || op->getNumResults() == 0)
    return false;
  const MeshAxes &axes = analysis.getAxes();
  for (unsigned axis = 0; axis < axes.size(); ++axis) {
    if (analysis.getState(op->getResult(0), axis).isPartial() ||
        axes.isUnit(axis, op).value_or(false))
      continue;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (!analysis.getState(operand, axis).isPartial())
        continue;
      auto parallel = dyn_cast<DimParallelOpInterface>(op);
      if (parallel && parallel.ignoresElements(i))
        continue;
      pending = operand;
      return true;
    }
  }
  return false;
}

/// Whether a promise of the whole can be said of slices: in terms of the same
/// mesh, of which it does not use the gather's axes already. A sharding has no
/// words for cycles.
static bool canBeCut(ShardingAttr promise, const GatherKind &kind) {
  return promise.getMesh() == kind.mesh && kind.cycles == 1 &&
         llvm::none_of(kind.axes, [&](Attribute axis) {
           return llvm::is_contained(promise.getUnreduced(), axis) ||
                  llvm::any_of(promise.getDimAxes().getAsRange<ArrayAttr>(),
                               [&](ArrayAttr dim) {
                                 return llvm::is_contained(dim, axis);
                               });
         });
}

void MotionGraph::visitComputation(Operation *op) {
  SmallVector<unsigned> anchors;
  unsigned inherited = Fate::kNone;
  for (OpOperand &operand : op->getOpOperands()) {
    const Fate fate = lookUpFate(operand.get());
    if (fate.sliced != Fate::kNone)
      anchors.push_back(operand.getOperandNumber());
    else if (inherited == Fate::kNone)
      inherited = fate.refusal;
  }
  if (anchors.empty() && inherited == Fate::kNone)
    return;
  if (auto slice = dyn_cast<AllSliceOp>(op)) {
    if (slice.getExtents())
      sizes.getNumber(slice.getExtents());
    const SlicedValue *made = find(slice.getInput());
    if (made && takesBackOwnSlice(slice, made->slices))
      return;
  }
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  if (anchors.empty()) {
    // What stopped an operand stops the op, as far as it could have moved.
    if (parallel)
      refuse(op, parallel, inherited);
    return;
  }
  const unsigned kind = find(op->getOperand(anchors.front()))->slices.kind;
  if (auto promise = dyn_cast<AssertShardingOp>(op);
      promise && !canBeCut(promise.getSharding(), kinds[kind]))
    return refuse(op, parallel,
                  addRefusal({reason::kUnsupportedOp, op,
                              "promise it of the gather's operand"},
                             kind));
  if (!parallel) {
    // The parallel ops behind this one inherit its refusal, above. The next op
    // that is not parallel ends that: what is behind it has a reason of its
    // own.
    auto call = dyn_cast<CallOpInterface>(op);
    if (!op->hasTrait<OpTrait::IsTerminator>() &&
        !isa<tensor::DimOp, RegionBranchOpInterface>(op))
      refuse(op, parallel,
             addRefusal({reason::kUnsupportedOp, op,
                         call ? namedCalls.getSuggestion(call)
                              : "attach DimParallelOpInterface to the op"},
                        kind));
    return;
  }
  if (Value pending;
      losesPendingSum(op, pending) && !options.ignores(reason::kPendingSum))
    return refuse(
        op, parallel,
        addRefusal({reason::kPendingSum, pending.getDefiningOp(),
                    "sum over the axis, with dist.all_reduce or `summing`",
                    pending},
                   kind));

  std::optional<Refusal> refusal;
  for (unsigned anchor : anchors) {
    std::optional<Refusal> why = applyLaw(parallel, anchor);
    if (!why)
      return;
    refusal = refusal ? refusal : why;
  }
  refuse(op, parallel, addRefusal(*refusal, kind));
}

//===----------------------------------------------------------------------===//
// Whole functions
//===----------------------------------------------------------------------===//

void MotionGraph::visitOp(Operation *op) {
  if (auto gather = dyn_cast<AllGatherOp>(op))
    return visitGather(gather);
  if (auto call =
          calls.empty() ? CallOpInterface() : dyn_cast<CallOpInterface>(op))
    if (Operation *callee = calls.getCallee(call))
      return visitCall(call, callee);
  visitComputation(op);
  // What happens inside an op that answers for itself is its own business.
  if (op->getNumRegions() == 0 || isa<DimParallelOpInterface>(op))
    return;
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
    kindNumbers.clear();
    extentsOf.clear();
    units.clear();
    values.clear();
    operandDims.clear();
    unusualSlicings.clear();
    sources.clear();
    joinOf.clear();
    fates.assign(analysis.getNumbers().size(), Fate());
    otherFates.clear();
    refusals.clear();
    divergence.clear();
    missed.clear();
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
    for (const Unit &unit : units)
      if (unit.isJoin() && !holdsJoin(unit)) {
        rejectedJoins.insert(getValues(unit).front().value);
        isRight = false;
      }
    if (isRight && (round >= kMaxRounds || !expectLateSources())) {
      refuseThroughCalls();
      return findConsumers();
    }
  }
}

//===----------------------------------------------------------------------===//
// Uses
//===----------------------------------------------------------------------===//

DimSlicing MotionGraph::getSlicing(const Unit &op) const {
  if (auto it = unusualSlicings.find(op.op); it != unusualSlicings.end())
    return it->second;
  DimSlicing slicing;
  llvm::append_range(slicing.operandDims, getOperandDims(op));
  for (const SlicedValue &made : getValues(op))
    slicing.resultDims.push_back(made.slices.dim);
  return slicing;
}

/// True if gathers of the kind cut by extents that are equal to these; null: if
/// they cut evenly.
bool MotionGraph::isCutBy(const GatherKind &kind, Value extents) const {
  if (extents == kind.extents && !kind.ragged)
    return true;
  const unsigned cut = extents ? sizes.lookup(extents) : EqualValues::kNone;
  return cut != EqualValues::kNone && cut == kind.cut;
}

bool MotionGraph::takesBackOwnSlice(AllSliceOp user, const Slices &made) const {
  const GatherKind &kind = kinds[made.kind];
  if (kind.cycles != 1)
    return false;
  if (options.ignores(reason::kOtherUsers))
    return user.getAxes().size() <= kind.axes.size();
  if (static_cast<int64_t>(user.getDim()) != made.dim ||
      user.getMeshAttr() != kind.mesh || !isCutBy(kind, user.getExtents()))
    return false;
  if (user.getAxes() == kind.axes)
    return true;
  // Law: all_slice [A, B] (all_gather [A] (x)) = all_slice [B] (x).
  // Precondition: A comes first, so that its ranks hold whole parts, and all
  // are equally long.
  ArrayRef<Attribute> axes = user.getAxes().getValue();
  return !user.getExtents() &&
         !user.getResult().getType().isDynamicDim(made.dim) &&
         axes.size() > kind.axes.size() &&
         axes.take_front(kind.axes.size()) == kind.axes.getValue();
}

bool MotionGraph::asksForSize(tensor::DimOp user, const Slices &made) const {
  std::optional<int64_t> dim = user.getConstantIndex();
  return dim && (*dim != made.dim || kinds[made.kind].groupSize);
}

Demand MotionGraph::getDemand(OpOperand &use, const SlicedValue &made) const {
  Operation *user = use.getOwner();
  if (auto slice = dyn_cast<AllSliceOp>(user);
      slice && takesBackOwnSlice(slice, made.slices))
    return {Demand::OwnSlice};
  if (auto query = dyn_cast<tensor::DimOp>(user);
      query && asksForSize(query, made.slices))
    return {Demand::Size};
  if (auto it = joinOf.find(&use); it != joinOf.end()) {
    auto [join, kind] = it->second;
    if (kind != made.slices.kind ||
        getValues(units[join]).front().slices.dim != made.slices.dim)
      return {Demand::Whole};
    return {Demand::Slices, join};
  }
  const Unit *unit = findUnit(user);
  if (!unit || unit->isGather() || unit->kind != made.slices.kind ||
      getOperandDims(*unit)[use.getOperandNumber()] != made.slices.dim)
    return {Demand::Whole};
  return {Demand::Slices, getNumber(*unit)};
}

void MotionGraph::findConsumers() {
  consumers.clear();
  for (SlicedValue &made : values) {
    made.firstConsumer = consumers.size();
    for (OpOperand &use : made.value.getUses()) {
      Demand demand = getDemand(use, made);
      made.isNeededWhole |= demand.isForWhole();
      if (demand.isForSlices())
        consumers.push_back(demand.consumer);
    }
    made.endConsumer = consumers.size();
  }
}
