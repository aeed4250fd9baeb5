//===- SplitAllReduce.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// dist-split-all-reduce: splits the sums that feed norms into a reduce_scatter
// and a gather, lets the norms move between the two, and joins again what did
// not pay.
//
//===----------------------------------------------------------------------===//

#include "CollectiveBytes.h"
#include "GatherForms.h"
#include "PassedValues.h"

#include "commuter/Dialect/Dist/Transforms/MotionRemarks.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace commuter::dist {
#define GEN_PASS_DEF_SPLITALLREDUCEPASS
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"
} // namespace commuter::dist

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

//===----------------------------------------------------------------------===//
// What a collective feeds
//===----------------------------------------------------------------------===//

/// The ops worth moving that a value feeds through ops that may move as well,
/// and through branches, loops and calls.
struct FedNorms {
  SetVector<Operation *> sliced; ///< parallel along the value's dimension
  SetVector<Operation *> others; ///< of the value's shape, but not parallel
};

/// A dimension of a value along which there would be slices of it, and in how
/// many cycles they would be dealt: these are counted.
using Place = std::tuple<Value, int64_t, int64_t>;

/// Follows slices from the places on, those that are new since `begin`. An
/// overestimate: what is true of the operands' states, and pays, is found out
/// by the motion itself.
FedNorms collectNorms(SetVector<Place> &places, size_t begin,
                      FlatSymbolRefAttr mesh, ArrayAttr axes,
                      const KnownCalls &calls, bool stopAtFirst) {
  FedNorms fed;
  for (size_t i = begin; i < places.size(); ++i) {
    auto [slice, sliceDim, cycles] = places[i];
    for (OpOperand &use : slice.getUses()) {
      Operation *user = use.getOwner();
      for (Value passed : getPassedOn(use, calls))
        places.insert({passed, sliceDim, cycles});
      auto group = dyn_cast<MeshGroupOpInterface>(user);
      if (group && !isAcross(group, mesh, axes))
        continue;
      std::optional<DimSlicing> slicing;
      if (auto parallel = dyn_cast<DimParallelOpInterface>(user)) {
        const unsigned operand = use.getOperandNumber();
        slicing = findSlicing(parallel, operand, sliceDim);
        if (!slicing || cycles != 1)
          if (DimSlicing cyclic =
                  parallel.getCyclicSlicing(operand, sliceDim, {cycles});
              cyclic.isLegal() &&
              (!cyclic.resultCycles || cyclic.resultCycles->areCounted()))
            slicing = std::move(cyclic);
      }
      if (!slicing) {
        if (isWorthMoving(user) && user->getNumResults() != 0 &&
            succeeded(verifyCompatibleShape(slice.getType(),
                                            user->getResult(0).getType())))
          fed.others.insert(user);
        continue;
      }
      if (isWorthMoving(user))
        fed.sliced.insert(user);
      for (auto [result, resultDim] :
           llvm::zip_equal(user->getResults(), slicing->resultDims))
        places.insert({result, resultDim,
                       slicing->resultCycles.value_or(Cycles{cycles}).number});
    }
    if (stopAtFirst && !fed.sliced.empty())
      break;
  }
  return fed;
}

//===----------------------------------------------------------------------===//
// Candidates
//===----------------------------------------------------------------------===//

/// An all_reduce, or the sum of a summing gather.
struct Candidate {
  Operation *op;
  FlatSymbolRefAttr mesh;
  ArrayAttr axes; ///< that are summed over
  Value summed;   ///< of the type of the sum
  const KnownCalls &calls;

  Candidate(AllReduceOp op, const KnownCalls &calls)
      : op(op), mesh(op.getMeshAttr()), axes(op.getAxesAttr()),
        summed(op.getInput()), calls(calls) {}
  Candidate(AllGatherOp op, const KnownCalls &calls)
      : op(op), mesh(op.getMeshAttr()), axes(op.getSummingAttr()),
        summed(op.getInput()), calls(calls) {}

  Value getResult() const { return op->getResult(0); }
  RankedTensorType getType() const {
    return cast<RankedTensorType>(summed.getType());
  }
  std::optional<int64_t> getGroupSize() const {
    return commuter::dist::getGroupSize(lookupMesh(op, mesh), axes);
  }
  /// The nearest norms that are parallel in the dimension; all others if there
  /// is none.
  FedNorms findNorms(int64_t dim) const {
    SetVector<Place> places;
    places.insert({getResult(), dim, /*cycles=*/1});
    return collectNorms(places, 0, mesh, axes, calls, /*stopAtFirst=*/true);
  }
  /// The first dimension that splits evenly and in which a norm is parallel;
  /// else, if rows may be padded, the first one that splits at all.
  std::optional<int64_t> findSplitDim(bool padRows) const {
    std::optional<int64_t> size = getGroupSize();
    std::optional<int64_t> padded;
    for (int64_t dim = 0; size && dim < getType().getRank(); ++dim) {
      int64_t rows = getType().getDimSize(dim);
      if (ShapedType::isDynamic(rows) || findNorms(dim).sliced.empty())
        continue;
      if (rows % *size == 0)
        return dim;
      if (padRows && !padded && rows > 1 && llvm::checkedAdd(rows, *size))
        padded = dim;
    }
    return padded;
  }
};

/// Why a candidate is left as it is; an empty reason: it is not.
struct Refusal {
  StringRef reason;
  StringRef suggestion;
};

/// Preconditions of the split: the ranks come to the collective alike, and its
/// shape and its group are known and fit.
Refusal findRefusal(const Candidate &candidate, bool feedsSliced,
                    const ShardingAnalysis &analysis, uint64_t minRows,
                    bool padRows) {
  std::optional<int64_t> size = candidate.getGroupSize();
  if (!size)
    return {reason::kUnknownAxisSize, "give the axis a size in dist.mesh"};
  if (Operation *divergent = analysis.findDivergence(
          candidate.op, candidate.mesh,
          getAllAxes(cast<MeshGroupOpInterface>(candidate.op)))) {
    if (hasUnknownOrder(divergent))
      return {reason::kUnsupportedOp, kDescribeRegions};
    return {reason::kDivergentControlFlow,
            "branch on a value that is replicated over the collective's axes"};
  }
  if (!feedsSliced)
    return {reason::kGatherDimNormalized, ""};
  auto whole = cast<RankedTensorType>(candidate.getResult().getType());
  if (!whole.hasStaticShape())
    return {reason::kNotRowWise, "give the rows a static size"};
  if (llvm::is_contained(whole.getShape(), 0))
    return {reason::kNotProfitable, ""};
  if (!candidate.findSplitDim(padRows))
    return {reason::kNotRowWise, padRows ? "" : "pad-rows=true"};
  uint64_t rows = 1;
  for (int64_t size : whole.getShape().drop_back())
    rows = llvm::SaturatingMultiply(rows, static_cast<uint64_t>(size));
  if (rows < minRows)
    return {reason::kNotProfitable, "lower min-rows"};
  return {};
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Erases an op that nobody uses, and what only it used, except for `kept`.
void eraseDead(Operation *op, Value kept) {
  if (!op->use_empty() || llvm::is_contained(op->getResults(), kept))
    return;
  SetVector<Operation *> makers;
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (Operation *maker = operand.getDefiningOp();
          maker && !op->isAncestor(maker))
        makers.insert(maker);
  });
  op->erase();
  for (Operation *maker : makers)
    if (isOpTriviallyDead(maker))
      eraseDead(maker, kept);
}

/// A norm that a candidate feeds, and what became of it.
struct Norm {
  Norm(Location loc, unsigned group) : loc(loc), group(group) {}

  Location loc;
  unsigned group;
  bool isFedBySplit = false;
  std::optional<MotionOutcome> refusal, motion;

  bool hasMoved() const { return motion && motion->reason.empty(); }
};

/// A sum that is split, or was.
struct Sum {
  bool isOfGather = false;
  llvm::SmallDenseSet<int64_t, 2> triedDims = {};
};

/// Functions that slices may go between, by calls; most are alone.
struct CalledGroup {
  SmallVector<FunctionOpInterface, 1> functions;
  std::optional<int64_t> bytesBefore, bytesAfter;
  bool isSplit = false; ///< a candidate in it is
};

struct SplitAllReduce
    : public commuter::dist::impl::SplitAllReducePassBase<SplitAllReduce> {
  using SplitAllReducePassBase::SplitAllReducePassBase;

  void runOnOperation() override;

private:
  void visitCandidate(const Candidate &candidate,
                      const ShardingAnalysis &analysis);
  FedNorms collectNewNorms(const Candidate &candidate, bool isSplit);
  void noteRefusal(const Candidate &candidate,
                   const SetVector<Operation *> &ops, const Refusal &refusal,
                   const ShardingAnalysis &analysis);
  void findCalls();
  std::optional<int64_t> getReceivedBytes(const CalledGroup &group);
  unsigned getGroup(Operation *op);
  Norm &getNorm(Operation *op);

  void hideSum(AllReduceOp sum);
  Value getExtents(Operation *op, int64_t rows, int64_t groupSize);
  Value addPadding(OpBuilder &builder, AllReduceOp reduce, int64_t dim,
                   int64_t rows);
  Value dropPadding(OpBuilder &builder, ReduceScatterOp scatter, Value extents);
  tensor::ExtractSliceOp findPart(ReduceScatterOp scatter) const;
  void mark(AllReduceOp reduce, bool isOfGather);
  Sum &getSum(Operation *op);
  bool isWorthAnotherTry(AllReduceOp reduce);
  void splitSums();
  void split(AllReduceOp reduce);
  void join(ReduceScatterOp scatter);
  void moveNorms();
  void noteOutcome(MotionOutcome outcome);
  void mergeNestedGathers();
  SetVector<Norm *> sortNorms();
  void emitRemark(Norm &norm, const MeshAxes &axes);

  /// Goes through the groups' functions.
  template <typename Visit>
  void walk(Visit visit) {
    for (CalledGroup &group : groups)
      for (FunctionOpInterface function : group.functions)
        function->walk(visit);
  }
  template <typename OpTy>
  SmallVector<OpTy> collectMarked();

  /// The ops that are to be found again: `norms` and, from `kFirstSum` on,
  /// `sums`, as what they are split into is marked too.
  NumbersOfOps marks;
  static constexpr unsigned kFirstSum = 1u << 31;

  SmallVector<CalledGroup, 0> groups;
  DenseMap<Operation *, unsigned> groupNumbers; ///< of functions
  /// Of the program as it is now.
  std::optional<KnownCalls> calls;
  /// By mesh and axes: where slices could come, of what is left as it is, and
  /// of what is split.
  DenseMap<std::pair<Attribute, Attribute>, std::array<SetVector<Place>, 2>>
      places;
  /// By function, rows and ranks.
  llvm::MapVector<std::pair<Operation *, std::pair<int64_t, int64_t>>, Value>
      extentsOf;
  SmallVector<Norm, 0> norms;
  SmallVector<Sum, 0> sums;
  SmallVector<AllReduceOp> reduces;
  SmallVector<AllGatherOp> gathers;
};

void SplitAllReduce::findCalls() {
  calls.emplace(getFunctions(getOperation()));
}

/// What each rank receives in the collectives of the group, as often as they
/// are called.
std::optional<int64_t>
SplitAllReduce::getReceivedBytes(const CalledGroup &group) {
  std::optional<int64_t> sum = 0;
  auto add = [&](std::optional<int64_t> bytes) {
    sum = sum && bytes ? llvm::checkedAdd(*sum, *bytes) : std::nullopt;
  };
  for (FunctionOpInterface function : group.functions) {
    const int64_t numCalls = calls->countCalls(function);
    function->walk([&](MeshGroupOpInterface op) {
      std::optional<int64_t> bytes = commuter::dist::getReceivedBytes(op);
      add(bytes ? llvm::checkedMul(*bytes, numCalls) : std::nullopt);
    });
  }
  return sum;
}

/// The number of the op's group.
unsigned SplitAllReduce::getGroup(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  auto [it, isNew] = groupNumbers.try_emplace(function, groups.size());
  if (!isNew)
    return it->second;
  const unsigned number = it->second;
  CalledGroup group;
  group.functions = calls->getConnected(function);
  for (FunctionOpInterface member : group.functions)
    groupNumbers[member] = number;
  group.bytesBefore = getReceivedBytes(group);
  groups.push_back(std::move(group));
  return number;
}

Norm &SplitAllReduce::getNorm(Operation *op) {
  auto [it, isNew] = marks.numbers.try_emplace(op, norms.size());
  if (isNew)
    norms.emplace_back(op->getLoc(), getGroup(op));
  return norms[it->second];
}

void SplitAllReduce::mark(AllReduceOp reduce, bool isOfGather) {
  marks.numbers[reduce] = kFirstSum + sums.size();
  sums.push_back({isOfGather});
}

Sum &SplitAllReduce::getSum(Operation *op) {
  return sums[marks.numbers.at(op) - kFirstSum];
}

void SplitAllReduce::visitCandidate(const Candidate &candidate,
                                    const ShardingAnalysis &analysis) {
  if (!candidate.op->getParentOfType<FunctionOpInterface>() ||
      candidate.getGroupSize() == 1)
    return;
  bool feedsSliced = false, feedsOthers = false;
  for (int64_t dim = 0; dim < candidate.getType().getRank(); ++dim) {
    FedNorms fed = candidate.findNorms(dim);
    feedsSliced |= !fed.sliced.empty();
    feedsOthers |= !fed.others.empty();
  }
  if (!feedsSliced && !feedsOthers)
    return;
  Refusal refusal =
      findRefusal(candidate, feedsSliced, analysis, minRows, padRows);
  bool isSplit = refusal.reason.empty();
  FedNorms fed = collectNewNorms(candidate, isSplit);
  if (!isSplit)
    return noteRefusal(candidate, feedsSliced ? fed.sliced : fed.others,
                       refusal, analysis);
  for (Operation *op : fed.sliced)
    getNorm(op).isFedBySplit = true;
  groups[getGroup(candidate.op)].isSplit = true;
  if (auto reduce = dyn_cast<AllReduceOp>(candidate.op))
    reduces.push_back(reduce);
  else
    gathers.push_back(cast<AllGatherOp>(candidate.op));
}

/// The norms that this candidate feeds, minus those already attributed to an
/// earlier candidate over the same axes with the same decision. Along a
/// residual stream every candidate reaches all later norms.
FedNorms SplitAllReduce::collectNewNorms(const Candidate &candidate,
                                         bool isSplit) {
  SetVector<Place> &seen = places[{candidate.mesh, candidate.axes}][isSplit];
  size_t begin = seen.size();
  for (int64_t dim = 0; dim < candidate.getType().getRank(); ++dim)
    seen.insert({candidate.getResult(), dim, /*cycles=*/1});
  return collectNorms(seen, begin, candidate.mesh, candidate.axes, *calls,
                      /*stopAtFirst=*/false);
}

void SplitAllReduce::noteRefusal(const Candidate &candidate,
                                 const SetVector<Operation *> &ops,
                                 const Refusal &refusal,
                                 const ShardingAnalysis &analysis) {
  for (Operation *op : ops) {
    Norm &norm = getNorm(op);
    if (norm.refusal)
      continue;
    norm.refusal = MotionOutcome{op, op->getParentOfType<FunctionOpInterface>(),
                                 norm.loc, refusal.reason};
    norm.refusal->value = candidate.op->getOperand(0);
    norm.refusal->blocker = candidate.op->getLoc();
    norm.refusal->suggestion = refusal.suggestion;
    norm.refusal->state = analysis.getState(norm.refusal->value);
  }
}

/// The law of exposeSum, backwards. Precondition: nothing else needs the sum.
void SplitAllReduce::hideSum(AllReduceOp sum) {
  if (!sum->hasOneUse())
    return;
  auto gather = dyn_cast<AllGatherOp>(*sum->user_begin());
  if (!gather || gather.getSummingAttr() || gather.getInput() != sum ||
      gather->getBlock() != sum->getBlock() ||
      !isAcross(sum, gather.getMeshAttr(), gather.getAxes()))
    return;
  gather.getInputMutable().assign(sum.getInput());
  gather.setSummingAttr(sum.getAxesAttr());
  marks.notifyErased(sum);
  sum.erase();
}

/// The rows that each rank has of padded ones, as extents of gathers and
/// slices. One value for a function, by which they are known to be cut alike.
Value SplitAllReduce::getExtents(Operation *op, int64_t rows,
                                 int64_t groupSize) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  Value &extents = extentsOf[{function, {rows, groupSize}}];
  if (extents)
    return extents;
  const int64_t most = llvm::divideCeil(rows, groupSize);
  SmallVector<int64_t> parts;
  for (int64_t rank = 0; rank < groupSize; ++rank)
    parts.push_back(std::clamp<int64_t>(rows - rank * most, 0, most));
  auto builder = OpBuilder::atBlockBegin(&function.getFunctionBody().front());
  return extents = arith::ConstantOp::create(builder, function.getLoc(),
                                             builder.getIndexTensorAttr(parts));
}

/// What is reduced, with zeros behind its rows.
Value SplitAllReduce::addPadding(OpBuilder &builder, AllReduceOp reduce,
                                 int64_t dim, int64_t rows) {
  Location loc = reduce.getLoc();
  auto type = cast<RankedTensorType>(reduce.getInput().getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = rows;
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(type.getElementType()));
  SmallVector<OpFoldResult> low(type.getRank(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> high = low;
  high[dim] = builder.getIndexAttr(rows - type.getDimSize(dim));
  return tensor::PadOp::create(builder, loc, type.clone(shape),
                               reduce.getInput(), low, high, zero);
}

/// This rank's rows without those that were padded.
Value SplitAllReduce::dropPadding(OpBuilder &builder, ReduceScatterOp scatter,
                                  Value extents) {
  Location loc = scatter.getLoc();
  const auto dim = static_cast<int64_t>(scatter.getDim());
  Value rank =
      AxisIndexOp::create(builder, loc, builder.getIndexType(),
                          scatter.getMeshAttr(), scatter.getAxesAttr());
  Value rows = tensor::ExtractOp::create(builder, loc, extents, rank);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, loc, scatter);
  sizes[dim] = rows;
  SmallVector<OpFoldResult> offsets(sizes.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), builder.getIndexAttr(1));
  auto part = tensor::ExtractSliceOp::create(builder, loc, scatter, offsets,
                                             sizes, strides);
  marks.numbers[part] = marks.numbers.at(scatter);
  return part;
}

/// The rows of a reduce_scatter that dropPadding made.
tensor::ExtractSliceOp SplitAllReduce::findPart(ReduceScatterOp scatter) const {
  for (Operation *user : scatter->getUsers())
    if (auto part = dyn_cast<tensor::ExtractSliceOp>(user))
      if (marks.numbers.contains(part))
        return part;
  return {};
}

/// Law, for any dimension d:
///
///   all_reduce_B(x) = all_gather_{d,B}(reduce_scatter_{d,B}(x))
///
/// bit for bit: the ranks' values are combined in group order in both.
/// Precondition: d is static and divisible by the group's size. All ranks of
/// the group come to the op alike and rewrite alike, so none meets another in
/// half of it. If the size does not divide d, zeros are reduced behind x, and
/// each rank drops what it has of them:
///
///   reduce_scatter_{d,B}(pad(x)), cut = all_slice_{d,B}(all_reduce_B(x))
///
/// where both cut by the same extents. Only the padding costs bytes.
void SplitAllReduce::split(AllReduceOp reduce) {
  Candidate candidate(reduce, *calls);
  std::optional<int64_t> dim = candidate.findSplitDim(padRows);
  if (!dim || !getSum(reduce).triedDims.insert(*dim).second)
    return;
  RankedTensorType type = candidate.getType();
  const int64_t rows = type.getDimSize(*dim);
  const int64_t groupSize = *candidate.getGroupSize();
  SmallVector<int64_t> shape(type.getShape());
  shape[*dim] = llvm::divideCeil(rows, groupSize);
  OpBuilder builder(reduce);
  IntegerAttr dimAttr = builder.getI64IntegerAttr(*dim);
  const bool isPadded = rows % groupSize != 0;
  Value extents = isPadded ? getExtents(reduce, rows, groupSize) : Value();
  Value summed =
      isPadded ? addPadding(builder, reduce, *dim, shape[*dim] * groupSize)
               : reduce.getInput();
  auto scatter = ReduceScatterOp::create(
      builder, reduce.getLoc(), type.clone(shape), summed, reduce.getKindAttr(),
      dimAttr, reduce.getMeshAttr(), reduce.getAxesAttr());
  scatter->setDiscardableAttrs(reduce->getDiscardableAttrDictionary());
  marks.notifyMoved(reduce, scatter);
  Value part = isPadded ? dropPadding(builder, scatter, extents) : scatter;
  Value whole = AllGatherOp::create(builder, reduce.getLoc(), type, part,
                                    dimAttr, extents, reduce.getMeshAttr(),
                                    reduce.getAxesAttr(), ArrayAttr());
  reduce.getResult().replaceAllUsesWith(whole);
  reduce.erase();
}

/// The same law, backwards, where the sum is gathered as it is. What else its
/// slices feed takes them from the whole:
///
///   reduce_scatter(x) = all_slice(all_reduce(x))
void SplitAllReduce::join(ReduceScatterOp scatter) {
  Value part = scatter, summed = scatter.getInput(), extents;
  auto rows = findPart(scatter);
  if (rows) {
    part = rows;
    summed = summed.getDefiningOp<tensor::PadOp>().getSource();
    extents =
        getExtents(scatter,
                   cast<RankedTensorType>(summed.getType())
                       .getDimSize(static_cast<int64_t>(scatter.getDim())),
                   *getGroupSize(scatter));
  }
  SmallVector<AllGatherOp> wholes;
  for (Operation *user : part.getUsers()) {
    auto gather = dyn_cast<AllGatherOp>(user);
    if (gather && gather.getDim() == scatter.getDim() &&
        gather.getMeshAttr() == scatter.getMeshAttr() &&
        gather.getAxes() == scatter.getAxesAttr() && !gather.getSummingAttr() &&
        gather.getExtents() == extents && gather.getType() == summed.getType())
      wholes.push_back(gather);
  }
  if (wholes.empty())
    return;
  OpBuilder builder(scatter);
  auto reduce = AllReduceOp::create(
      builder, scatter.getLoc(), summed.getType(), summed,
      scatter.getKindAttr(), scatter.getMeshAttr(), scatter.getAxesAttr());
  reduce->setDiscardableAttrs(scatter->getDiscardableAttrDictionary());
  marks.notifyMoved(scatter, reduce);
  for (AllGatherOp gather : wholes) {
    gather.getResult().replaceAllUsesWith(reduce.getResult());
    gather.erase();
  }
  if (!part.use_empty()) {
    Value slice = AllSliceOp::create(
        builder, scatter.getLoc(), part.getType(), reduce, scatter.getDimAttr(),
        extents, scatter.getMeshAttr(), scatter.getAxesAttr());
    part.replaceAllUsesWith(slice);
  }
  if (rows)
    marks.notifyErased(rows);
  eraseDead(part.getDefiningOp(), extents);
}

template <typename OpTy>
SmallVector<OpTy> SplitAllReduce::collectMarked() {
  SmallVector<OpTy> ops;
  walk([&](OpTy op) {
    if (marks.numbers.contains(op))
      ops.push_back(op);
  });
  return ops;
}

/// True if the sum would now be split along a dimension along which it was not
/// yet: others are split between it and its norms.
bool SplitAllReduce::isWorthAnotherTry(AllReduceOp reduce) {
  std::optional<int64_t> dim = Candidate(reduce, *calls).findSplitDim(padRows);
  return dim && !getSum(reduce).triedDims.contains(*dim);
}

/// Splits the sums, lets norms move, and joins what did not pay; again, as long
/// as there are other dimensions for what was joined.
void SplitAllReduce::splitSums() {
  SmallVector<AllReduceOp> whole = collectMarked<AllReduceOp>();
  do {
    for (AllReduceOp reduce : whole)
      split(reduce);
    moveNorms();
    for (ReduceScatterOp scatter : collectMarked<ReduceScatterOp>())
      join(scatter);
    whole = collectMarked<AllReduceOp>();
  } while (llvm::any_of(
      whole, [&](AllReduceOp reduce) { return isWorthAnotherTry(reduce); }));
  numSplit += collectMarked<ReduceScatterOp>().size();
}

/// Moves norms in front of the gathers that there are now. The states are those
/// of the program as it is now.
void SplitAllReduce::moveNorms() {
  ShardingAnalysis analysis(getOperation());
  MotionOptions options;
  options.allowExtraGather = allowExtraGather;
  options.listener = &marks;
  SmallVector<FunctionOpInterface> split;
  for (const CalledGroup &group : groups)
    if (group.isSplit)
      llvm::append_range(split, group.functions);
  moveInFrontOfGathers(split, analysis, options,
                       [&](MotionOutcome &outcome, DescribeOutcome describe) {
                         describe(outcome);
                         noteOutcome(std::move(outcome));
                       });
  findCalls();
}

/// A norm may move twice, in front of a gather that summed, then in front of
/// the gather that the sum was split into.
void SplitAllReduce::noteOutcome(MotionOutcome outcome) {
  auto mark = marks.numbers.find(outcome.op);
  bool moves = outcome.reason.empty();
  if (mark == marks.numbers.end()) {
    // dist-commute-norms has told of those that stay.
    if (moves) {
      norms.emplace_back(outcome.loc, groupNumbers.at(outcome.function));
      norms.back().motion = std::move(outcome);
    }
    return;
  }
  Norm &norm = norms[mark->second];
  if (norm.hasMoved()) {
    if (moves)
      norm.motion->rowsAfter = outcome.rowsAfter;
    return;
  }
  norm.motion = std::move(outcome);
}

/// A gather over A of a gather over B is one over A and B: the dialect's own
/// canonicalisation.
void SplitAllReduce::mergeNestedGathers() {
  SetVector<Operation *> nested;
  walk([&](AllGatherOp gather) {
    auto inner = gather.getInput().getDefiningOp<AllGatherOp>();
    if (inner)
      nested.insert_range(ArrayRef<Operation *>{inner, gather});
  });
  RewritePatternSet patterns(&getContext());
  AllGatherOp::getCanonicalizationPatterns(patterns, &getContext());
  GreedyRewriteConfig config;
  config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
  if (failed(applyOpPatternsGreedily(nested.getArrayRef(), std::move(patterns),
                                     config)))
    signalPassFailure();
}

/// The norms in program order.
SetVector<Norm *> SplitAllReduce::sortNorms() {
  SetVector<Norm *> order;
  walk([&](Operation *op) {
    auto mark = marks.numbers.find(op);
    if (mark != marks.numbers.end() && mark->second < kFirstSum)
      order.insert(&norms[mark->second]);
  });
  for (Norm &norm : norms)
    order.insert(&norm);
  return order;
}

void SplitAllReduce::emitRemark(Norm &norm, const MeshAxes &axes) {
  const CalledGroup &group = groups[norm.group];
  if (norm.refusal && !norm.isFedBySplit && !norm.hasMoved())
    norm.motion = norm.refusal;
  if (!norm.motion)
    return;
  norm.motion->bytesBefore = group.bytesBefore;
  norm.motion->bytesAfter = group.bytesAfter;
  emitMotionRemark("dist-split-all-reduce", *norm.motion, axes);
  ++(norm.hasMoved() ? numMoved : numMissed);
}

void SplitAllReduce::runOnOperation() {
  groups.clear();
  groupNumbers.clear();
  places.clear();
  extentsOf.clear();
  norms.clear();
  sums.clear();
  marks.numbers.clear();
  reduces.clear();
  gathers.clear();
  const auto &analysis = getAnalysis<ShardingAnalysis>();
  findCalls();
  getOperation()->walk([&](Operation *op) {
    if (auto reduce = dyn_cast<AllReduceOp>(op))
      visitCandidate(Candidate(reduce, *calls), analysis);
    else if (auto gather = dyn_cast<AllGatherOp>(op);
             gather && gather.getSummingAttr())
      visitCandidate(Candidate(gather, *calls), analysis);
  });

  if (!reduces.empty() || !gathers.empty()) {
    for (AllReduceOp reduce : reduces)
      mark(reduce, /*isOfGather=*/false);
    for (AllGatherOp gather : gathers)
      mark(exposeSum(gather), /*isOfGather=*/true);
    if (!gathers.empty())
      moveNorms();
    splitSums();
    for (AllReduceOp reduce : collectMarked<AllReduceOp>())
      if (getSum(reduce).isOfGather)
        hideSum(reduce);
    if (!gathers.empty())
      mergeNestedGathers();
    for (auto &[key, extents] : extentsOf)
      eraseDead(extents.getDefiningOp(), /*kept=*/Value());
    for (CalledGroup &group : groups)
      group.bytesAfter = getReceivedBytes(group);
  } else {
    markAllAnalysesPreserved();
  }
  for (Norm *norm : sortNorms())
    emitRemark(*norm, analysis.getAxes());
}

} // namespace
