//===- MotionLaw.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The law of motion and its preconditions, for an op that takes what a gather
// makes: whether its results can be had in slices, or why not.
//
//===----------------------------------------------------------------------===//

#include "MotionGraph.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// What to do about a value that is not replicated over the axes of a gather:
/// to promise that it is, unless that was done, or cannot be so.
static StringRef suggestPromise(Value value, const ShardingAnalysis &analysis,
                                const GatherKind &kind) {
  const MeshAxes &axes = analysis.getAxes();
  SmallVector<unsigned> own = axes.find(kind.mesh, kind.axes);
  auto promise = value.getDefiningOp<AssertShardingOp>();
  if (promise &&
      llvm::all_of(
          own, [promised = getAnnotatedState(axes, promise.getSharding())](
                   unsigned axis) { return promised[axis].isReplicated(); }))
    return "the operand's state is known, and is not what dist.assert_sharding "
           "says: see dist-check-shardings";
  const ValueState found = analysis.getState(value);
  if (llvm::any_of(own, [&](unsigned axis) {
        return found[axis].isSharded() || found[axis].isPartial();
      }))
    return "";
  return "if the operand is the same on all ranks, say so with dist.sharding "
         "or dist.assert_sharding";
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
  return Refusal{reason::kOperandNotReplicated,
                 value.getDefiningOp() ? value.getDefiningOp() : op,
                 suggestPromise(value, analysis, kind), value};
}

/// As below, where cycles are not counted: the results' pieces are whole
/// elements.
static bool fitsCycles(Operation *op, const DimSlicing &slicing,
                       unsigned anchor, GatherKind kind) {
  if (kind.isRagged() || !kind.groupSize)
    return false;
  if (!slicing.resultCycles)
    return hasOnlyUnitsOfOne(slicing);
  for (auto [i, dim] : llvm::enumerate(slicing.operandDims))
    if (dim && slicing.getOperandUnit(i) != slicing.getOperandUnit(anchor))
      return false;
  if (!llvm::all_equal(slicing.resultUnits))
    return false;
  if (!slicing.resultCycles->areCounted())
    return slicing.resultCycles->size % *kind.groupSize == 0;
  kind.cycles = *slicing.resultCycles;
  return llvm::all_of(llvm::zip_equal(op->getResultTypes(), slicing.resultDims),
                      [&](auto result) {
                        auto [type, dim] = result;
                        int64_t size =
                            cast<RankedTensorType>(type).getDimSize(dim);
                        return !ShapedType::isDynamic(size) && kind.cuts(size);
                      });
}

/// How many times as long as what the extents are multiples of a piece is that
/// has `to` elements for each row, dealt in `toCycles`; those of the anchor
/// have `from` elements, and are dealt in the kind's cycles. nullopt: they are
/// no multiple, or more than can be counted.
static std::optional<int64_t> scaleTimes(const GatherKind &kind, int64_t from,
                                         int64_t to, const Cycles &toCycles) {
  std::optional<int64_t> parts = llvm::checkedMul(from, toCycles.number);
  std::optional<int64_t> times = llvm::checkedMul(to, kind.cycles.number);
  times = times ? llvm::checkedMul(kind.times, *times) : std::nullopt;
  if (!parts || !times || *times % *parts != 0 || *times / *parts > kMostTimes)
    return std::nullopt;
  return *times / *parts;
}

/// The kind of what has `to` elements for each row, as above.
unsigned MotionGraph::getScaledKind(unsigned kind, int64_t from, int64_t to,
                                    const Cycles &cycles) {
  std::optional<int64_t> times = scaleTimes(kinds[kind], from, to, cycles);
  return kinds.getNumber(kind, cycles, times.value_or(kinds[kind].times));
}

/// As below, of ragged pieces: of `number` cycles at a time, they are whole
/// rows if they are so many times as long as something.
static bool fitsExtents(const DimSlicing &slicing, unsigned anchor,
                        const GatherKind &kind, const Cycles &cycles,
                        int64_t number) {
  const int64_t unit = slicing.getOperandUnit(anchor);
  std::optional<int64_t> times =
      llvm::checkedMul(kind.times, kind.cycles.number / number);
  if (!times || *times % unit != 0)
    return false;
  for (auto [i, dim] : llvm::enumerate(slicing.operandDims))
    if (dim && !scaleTimes(kind, unit, slicing.getOperandUnit(i), kind.cycles))
      return false;
  for (unsigned i = 0; i < slicing.resultDims.size(); ++i)
    if (!scaleTimes(kind, unit, slicing.getResultUnit(i), cycles))
      return false;
  return true;
}

/// True if the parts that the anchor comes in are whole rows of the slicing. A
/// unit of what is dealt in other cycles than its result holds all of the
/// pieces that become one. Extents that are a value are scaled where units
/// differ: they are then whole rows if they are multiples of as many. Where one
/// piece makes one that is as long, extents stay as they are. Cycles that are
/// not counted are of an even cut, and one unit of an operand is that of the
/// others, as of the results.
bool MotionGraph::fitsUnits(Operation *op, const DimSlicing &slicing,
                            unsigned anchor, const Slices &anchorSlices) const {
  const GatherKind &kind = kinds[anchorSlices.kind];
  if (!kind.cycles.areCounted() ||
      (slicing.resultCycles && !slicing.resultCycles->areCounted()))
    return fitsCycles(op, slicing, anchor, kind);
  if (hasOnlyUnitsOfOne(slicing) ||
      options.ignores(reason::kGroupCrossesGatherDim))
    return true;
  const int64_t unit = slicing.getOperandUnit(anchor);
  const Cycles cycles = slicing.resultCycles.value_or(kind.cycles);
  if (slicing.resultCycles && slicing.resultUnits.size() == 1) {
    std::optional<int64_t> sizeOfPiece =
        llvm::checkedMul(slicing.getResultUnit(0), kind.cycles.number);
    if (sizeOfPiece && sizeOfPiece == llvm::checkedMul(unit, cycles.number))
      return true;
  }
  const int64_t number = std::min(kind.cycles.number, cycles.number);
  if (kind.isRagged())
    return fitsExtents(slicing, anchor, kind, cycles, number);
  return !ShapedType::isDynamic(anchorSlices.localSize) &&
         anchorSlices.localSize % number == 0 &&
         anchorSlices.localSize / number % unit == 0;
}

/// The slicing in which what the anchor comes in is dealt out in other cycles.
std::optional<DimSlicing>
MotionGraph::findCyclicSlicing(DimParallelOpInterface op, unsigned anchor,
                               const Slices &anchorSlices) const {
  DimSlicing slicing = op.getCyclicSlicing(anchor, anchorSlices.dim,
                                           kinds[anchorSlices.kind].cycles);
  if (!slicing.isLegal() || !fitsUnits(op, slicing, anchor, anchorSlices))
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
                   kinds[anchorSlices.kind].isRagged()
                       ? "gather by extents that are a multiple of the group, "
                         "arith.muli of others by a constant, or put the norm "
                         "in front of the reshape"
                       : "make the local size a multiple of the group"};
  if (op->getNumResults() == 0 ||
      !llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>))
    return Refusal{reason::kNotRowWise, op, ""};
  DimSlicing answer;
  if (anchorSlices.dim <
      cast<RankedTensorType>(op->getResult(0).getType()).getRank())
    answer = op.getDimSlicing(0, anchorSlices.dim);
  // A reduction without a result along the gathered dimension reduced it.
  if (answer.isLegal())
    return Refusal{op.isWorthMoving() ? reason::kGatherDimNormalized
                                      : reason::kNotRowWise,
                   op, ""};
  return Refusal{answer.refusal, op, answer.suggestion};
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
/// local extent is static, or is one of extents that these ranks share, or all
/// cycles are equally long, as many as the whole, which c combines, has. The
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
         !kind.cycles.areCounted() ||
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
/// What units of some operands or results are cut by are multiples of the
/// anchor's extents.
///
/// Looks at the slicing, which may be none, and finds one in other cycles
/// instead. Says why the law does not hold; nullopt if it does.
std::optional<Refusal> MotionGraph::matchLaw(DimParallelOpInterface op,
                                             unsigned anchor,
                                             const Slices &anchorSlices,
                                             LawMatch &match) {
  std::optional<DimSlicing> &slicing = match.slicing;
  if (!slicing || !fitsUnits(op, *slicing, anchor, anchorSlices)) {
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

  match.isScaled =
      kinds[anchorSlices.kind].isRagged() && !hasOnlyUnitsOfOne(*slicing);
  const Cycles cycles = kinds[anchorSlices.kind].cycles;
  if (match.isScaled)
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      match.operandKinds.push_back(
          getScaledKind(anchorSlices.kind, slicing->getOperandUnit(anchor),
                        slicing->getOperandUnit(i), cycles));

  const GatherKind &kind = kinds[anchorSlices.kind];
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    if (slicing->isExtent(i))
      continue;
    const unsigned ofOperand =
        match.isScaled ? match.operandKinds[i] : anchorSlices.kind;
    if (std::optional<Refusal> refusal = checkOperand(
            op, operand, slicing->operandDims[i], kinds[ofOperand], ofOperand);
        refusal && !op.ignoresElements(i))
      return refusal;
  }
  for (Value captured : getCapturedValues(op))
    if (std::optional<Refusal> refusal =
            checkOperand(op, captured, std::nullopt, kind, anchorSlices.kind))
      return refusal;
  return std::nullopt;
}

/// Adds a unit, or says why there is none.
std::optional<Refusal> MotionGraph::applyLaw(DimParallelOpInterface op,
                                             unsigned anchor) {
  const SlicedValue &anchored = *find(op->getOperand(anchor));
  const Slices anchorSlices = anchored.slices;
  auto ignores = [&](StringRef refusal) { return options.ignores(refusal); };
  LawMatch match{findSlicing(op, anchor, anchorSlices.dim, ignores)};
  if (std::optional<Refusal> refusal =
          matchLaw(op, anchor, anchorSlices, match)) {
    noteFirstAxes(anchored, [&](const Slices &slices) {
      LawMatch ofFirst{findSlicing(op, anchor, slices.dim, ignores)};
      return !matchLaw(op, anchor, slices, ofFirst);
    });
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op.getOperation());
        expand && refusal->reason == reason::kGroupCrossesGatherDim)
      straddling.insert({expand, anchorSlices.dim});
    return refusal;
  }
  DimSlicing &slicing = *match.slicing;
  if (kinds.size() > 1)
    for (auto [operand, dim] :
         llvm::zip_equal(op->getOperands(), slicing.operandDims))
      if (const SlicedValue *other = dim ? find(operand) : nullptr;
          other && other->slices.dim == *dim)
        noteCommonAxes(anchored, *other);

  Unit unit(Unit::Op, op, anchorSlices.kind);
  unit.isWorthMoving = op.isWorthMoving();
  unit.isCollective = isa<MeshGroupOpInterface>(op.getOperation());
  unit.isScaled = match.isScaled;
  unit.details = operandDims.size();
  llvm::append_range(operandDims, slicing.operandDims);
  const bool isUnusual = !slicing.extentOperands.empty() ||
                         !slicing.operandUnits.empty() ||
                         !slicing.resultUnits.empty();
  unit.localRows = anchorSlices.localSize;
  if (ShapedType::isDynamic(slicing.getOperandUnit(anchor)))
    unit.localRows = ShapedType::kDynamic;
  else if (!ShapedType::isDynamic(unit.localRows))
    unit.localRows /= slicing.getOperandUnit(anchor);
  addUnit(unit);
  const Cycles resultCycles =
      slicing.resultCycles.value_or(kinds[unit.kind].cycles);
  unsigned resultKind = unit.kind;
  if (slicing.resultCycles && !match.isScaled)
    resultKind =
        kinds.getNumber(unit.kind, resultCycles, kinds[unit.kind].times);
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    if (match.isScaled)
      resultKind = getScaledKind(unit.kind, slicing.getOperandUnit(anchor),
                                 slicing.getResultUnit(i), resultCycles);
    int64_t dim = slicing.resultDims[i];
    int64_t size = cast<RankedTensorType>(result.getType()).getDimSize(dim);
    addValue(result, {resultKind, dim,
                      getLocalSize(size, slicing.getResultUnit(i),
                                   unit.localRows, kinds[resultKind])});
  }
  if (isUnusual)
    unusualSlicings.try_emplace(
        op, UnusualSlicing{std::move(slicing), std::move(match.operandKinds)});
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
  return promise.getMesh() == kind.mesh && kind.cycles.isOne() &&
         llvm::none_of(kind.axes,
                       [&](Attribute axis) { return promise.namesAxis(axis); });
}

/// An op of which no operand comes in slices, but what its regions capture:
/// they need all of that.
void MotionGraph::refuseCaptured(Operation *op) {
  if (op->getNumRegions() == 0 || op->getNumResults() == 0)
    return;
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  if (!parallel && isa<RegionBranchOpInterface>(op))
    return;
  for (Value captured : getCapturedValues(op)) {
    const SlicedValue *made = find(captured);
    if (!made)
      continue;
    const Refusal refusal =
        parallel ? Refusal{reason::kNotRowWise, op, ""}
                 : Refusal{reason::kUnsupportedOp, op,
                           "attach DimParallelOpInterface to the op"};
    return refuse(op, parallel, addRefusal(refusal, made->slices.kind));
  }
}

void MotionGraph::visitOperands(Operation *op) {
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
    return refuseCaptured(op);
  visitUser(op, anchors, inherited);
  for (unsigned anchor : anchors)
    noteDemand(op->getOpOperand(anchor));
}

/// Decides on an op of which the operands `anchors` come in slices.
/// `inherited`: why another operand does not.
void MotionGraph::visitUser(Operation *op, ArrayRef<unsigned> anchors,
                            unsigned inherited) {
  if (auto slice = dyn_cast<AllSliceOp>(op)) {
    if (slice.getExtents())
      kinds.note(slice.getExtents());
    const SlicedValue *made = find(slice.getInput());
    if (made && takesBackOwnSlice(slice, made->slices))
      return;
    if (made && !slice.getExtents() &&
        slice.getMeshAttr() == kinds[made->slices.kind].mesh &&
        static_cast<int64_t>(slice.getDim()) == made->slices.dim)
      noteCommonAxes(*made, slice.getAxes());
  }
  const unsigned kind =
      anchors.empty() ? refusals[inherited].kind
                      : find(op->getOperand(anchors.front()))->slices.kind;
  // What follows own rows is not held up by the gather.
  if (makesOwnRows(op, kinds[kind]) && !options.ignores(reason::kNotRowWise))
    return;
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  if (anchors.empty()) {
    // What stopped an operand stops the op, as far as it could have moved.
    if (parallel)
      refuse(op, parallel, inherited);
    return;
  }
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
