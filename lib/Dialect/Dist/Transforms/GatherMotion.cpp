//===- GatherMotion.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Moving ops in front of the gathers that feed them. Three steps: discover the
// regions to which the law applies, choose by a minimum cut where the gathers
// go, rewrite.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/Transforms/GatherMotion.h"

#include "commuter/Analysis/MinimumCut.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {

/// The gathers that cut a dimension alike: same axes in the same order, same
/// extents. Ragged gathers whose extents are no value are alike only with
/// themselves.
struct GatherKind {
  FlatSymbolRefAttr mesh;
  ArrayAttr axes;
  Value extents;
  AllGatherOp ragged; ///< set iff the extents are no value
  std::optional<int64_t> groupSize;
};

/// A value that can be had slice by slice: it is the gather, of kind `kind`
/// along `dim`, of parts that are `localSize` long (kDynamic if not static).
struct Slices {
  unsigned kind;
  int64_t dim;
  int64_t localSize;
};

/// Why something that a gather feeds cannot be had slice by slice.
struct Refusal {
  StringRef reason;
  Operation *blocker;
  StringRef suggestion;
};

/// A gather, or an op to which the law applies.
struct Unit {
  Operation *op;
  unsigned kind;
  DimSlicing slicing; ///< of an op
  /// Of an op: the rows of the slicing on each rank (kDynamic if not static).
  int64_t localRows = ShapedType::kDynamic;
  bool completesSum = false; ///< of a gather: its sum is done before it
  bool moves = false;        ///< decided by the cut

  /// A gather that moves across another one is an op.
  bool isGather() const { return slicing.operandDims.empty(); }
};

class GatherMotion {
public:
  GatherMotion(Block &block, const ShardingAnalysis &analysis,
               const MotionOptions &options)
      : block(block), analysis(analysis), options(options) {}

  SmallVector<MotionOutcome> run();

private:
  // Discovery.
  void visitGather(AllGatherOp gather);
  void visitOp(Operation *op);
  std::optional<Refusal> findGatherRefusal(AllGatherOp gather,
                                           bool &completesSum) const;
  Refusal refuseAcrossBlocks(Operation *op, AllGatherOp gather) const;
  std::optional<Refusal> matchLaw(DimParallelOpInterface op, unsigned anchor,
                                  Unit &unit, SmallVector<Slices> &results);
  std::optional<Refusal> findSlicing(DimParallelOpInterface op, unsigned anchor,
                                     DimSlicing &slicing) const;
  bool fitsUnits(const DimSlicing &slicing, unsigned anchor,
                 const Slices &anchorSlices) const;
  bool actsAcross(MeshGroupOpInterface op, const Slices &slicesOfInput) const;
  std::optional<Refusal> checkOperand(Operation *op, Value value,
                                      std::optional<int64_t> dim,
                                      const GatherKind &kind,
                                      unsigned kindNumber);
  bool losesPendingSum(Operation *op, Value &pending) const;
  bool movesAsOp(AllGatherOp gather);
  void addUnit(Unit unit, ArrayRef<Slices> results);
  void refuse(Operation *op, Refusal refusal);
  unsigned getKind(AllGatherOp gather);

  // Placement.
  void choosePlacement(ArrayRef<unsigned> region);
  bool takesBackOwnSlice(Operation *user, Value value) const;
  bool asksForSize(Operation *user, Value value) const;
  bool needsNoGather(Operation *user, Value value) const;
  bool needsWhole(OpOperand &use) const;
  int64_t getCost(Value value) const;
  int64_t getSavings(Operation *op) const;
  Refusal explainStay(const Unit &norm) const;

  // Rewrite.
  void rewrite(ArrayRef<unsigned> region);
  void completeSum(Unit &unit);
  Value getLocal(OpBuilder &builder, OpOperand &operand, int64_t dim,
                 const Unit &unit);
  Value findLocal(Value value, int64_t dim, const Unit &unit) const;
  OpFoldResult getLocalExtent(OpBuilder &builder, Value value, int64_t dim,
                              int64_t localSize, const Unit &unit);
  bool isRecomputable(Value value, int64_t dim, const GatherKind &kind,
                      unsigned depth = 0) const;
  Value recompute(OpBuilder &builder, Value value, int64_t dim,
                  int64_t localSize, const Unit &unit);
  void replaceSize(tensor::DimOp query, Value value);
  int64_t getLocalSize(int64_t size, int64_t unitSize, int64_t localRows,
                       const GatherKind &kind) const;
  void ensureExtents(GatherKind &kind);
  RankedTensorType getLocalType(Type type, int64_t dim,
                                int64_t localSize) const;

  std::optional<int64_t> getReceivedBytes(Value value) const;
  std::optional<int64_t> getCollectiveBytes(const Unit &unit, bool moves) const;

  Block &block;
  const ShardingAnalysis &analysis;
  const MotionOptions &options;

  SmallVector<GatherKind> kinds;
  DenseMap<std::pair<std::pair<Attribute, Attribute>, void *>, unsigned>
      kindNumbers;
  SmallVector<Unit, 0> units; // in program order
  DenseMap<Operation *, unsigned> unitOf;
  DenseMap<Value, Slices> slices;
  DenseMap<Value, Refusal> refused;
  DenseMap<Value, Value> locals;
  SmallVector<std::pair<Operation *, Refusal>> missed;
};

/// The dimensions that count the rows that `op` computes: those of its result
/// in which it is parallel. Where that is all of them, as for an elementwise
/// op, the last one is the row.
SmallVector<int64_t> getRowDims(Operation *op) {
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

std::optional<int64_t> countRows(RankedTensorType type,
                                 ArrayRef<int64_t> rowDims) {
  int64_t rows = 1;
  for (int64_t dim : rowDims) {
    if (type.isDynamicDim(dim))
      return std::nullopt;
    rows *= type.getDimSize(dim);
  }
  return rows;
}

bool hasOnlyUnitsOfOne(const DimSlicing &slicing) {
  auto isOne = [](int64_t unit) { return unit == 1; };
  return llvm::all_of(slicing.operandUnits, isOne) &&
         llvm::all_of(slicing.resultUnits, isOne);
}

bool isWorthMoving(Operation *op) {
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  return parallel && parallel.isWorthMoving();
}

//===----------------------------------------------------------------------===//
// Discovery
//===----------------------------------------------------------------------===//

unsigned GatherMotion::getKind(AllGatherOp gather) {
  bool ragged = !gather.getExtents() &&
                gather.getInput().getType().isDynamicDim(gather.getDim());
  void *cut = ragged ? static_cast<void *>(gather.getOperation())
                     : gather.getExtents().getAsOpaquePointer();
  auto [it, isNew] = kindNumbers.try_emplace(
      {{gather.getMeshAttr(), gather.getAxes()}, cut}, kinds.size());
  if (isNew)
    kinds.push_back({gather.getMeshAttr(), gather.getAxes(),
                     gather.getExtents(), ragged ? gather : AllGatherOp(),
                     commuter::dist::getGroupSize(gather)});
  return it->second;
}

/// Precondition of the law on the gather itself: it does not sum, or its sum is
/// completed before it. A sum over axes of size 1 is none.
std::optional<Refusal>
GatherMotion::findGatherRefusal(AllGatherOp gather, bool &completesSum) const {
  // Where ranks come to a gather in different ways, it may meet another one of
  // theirs, and what is replicated at one is not what is replicated at the
  // other.
  if (Operation *divergence = analysis.findDivergence(
          gather, gather.getMeshAttr(), gather.getAxes()))
    return Refusal{reason::kDivergentControlFlow, divergence,
                   "branch on a value that is replicated over the gather's "
                   "axes"};
  const MeshAxes &axes = analysis.getAxes();
  SmallVector<unsigned> summed;
  if (ArrayAttr summing = gather.getSummingAttr())
    summed = axes.find(gather.getMeshAttr(), summing);
  for (unsigned axis : summed) {
    if (axes[axis].size == 1)
      continue;
    completesSum = true;
    if (options.completeSums)
      continue;
    if (ShapedType::isDynamic(axes[axis].size))
      return Refusal{
          reason::kUnknownAxisSize, gather,
          "give the axis a size in dist.mesh, or complete-sums=true"};
    return Refusal{reason::kPendingSum, gather, "complete-sums=true"};
  }
  return std::nullopt;
}

/// A gather of a gather is looked at as a gather, unless what it feeds can be
/// cut along the dimension of the inner one only: then it is an op that may
/// move across that one, as any other collective.
bool GatherMotion::movesAsOp(AllGatherOp gather) {
  auto inner = slices.find(gather.getInput());
  if (inner == slices.end())
    return false;
  auto canBeCut = [](OpOperand &use, int64_t cut) {
    auto user = dyn_cast<DimParallelOpInterface>(use.getOwner());
    auto type = user && user->getNumResults() != 0
                    ? dyn_cast<RankedTensorType>(user->getResult(0).getType())
                    : RankedTensorType();
    for (int64_t dim = 0; type && dim < type.getRank(); ++dim) {
      DimSlicing slicing = user.getDimSlicing(0, dim);
      if (slicing.isLegal() &&
          slicing.operandDims[use.getOperandNumber()] == cut)
        return true;
    }
    return false;
  };
  return llvm::any_of(gather->getUses(), [&](OpOperand &use) {
    return canBeCut(use, inner->second.dim) && !canBeCut(use, gather.getDim());
  });
}

void GatherMotion::visitGather(AllGatherOp gather) {
  if (movesAsOp(gather)) {
    Unit unit;
    SmallVector<Slices> results;
    if (!matchLaw(cast<DimParallelOpInterface>(gather.getOperation()), 0, unit,
                  results))
      return addUnit(std::move(unit), results);
  }
  Unit unit{gather, getKind(gather), {}};
  if (std::optional<Refusal> refusal =
          findGatherRefusal(gather, unit.completesSum)) {
    refused.try_emplace(gather.getResult(), *refusal);
    return;
  }
  const auto dim = static_cast<int64_t>(gather.getDim());
  Slices parts{unit.kind, dim, gather.getInput().getType().getDimSize(dim)};
  addUnit(std::move(unit), parts);
}

void GatherMotion::addUnit(Unit unit, ArrayRef<Slices> results) {
  for (auto [result, made] : llvm::zip_equal(unit.op->getResults(), results))
    slices.try_emplace(result, made);
  unitOf.try_emplace(unit.op, units.size());
  units.push_back(std::move(unit));
}

/// `op` stands in a region below the gather's block.
Refusal GatherMotion::refuseAcrossBlocks(Operation *op,
                                         AllGatherOp gather) const {
  for (Operation *parent = op->getParentOp();
       parent && parent->getBlock() != gather->getBlock();
       parent = parent->getParentOp())
    if (!analysis.isUniform(parent, gather.getMeshAttr(), gather.getAxes()))
      return {reason::kDivergentControlFlow, parent,
              "branch on a value that is replicated over the gather's axes"};
  for (Operation *parent = op->getParentOp();
       parent && parent->getBlock() == gather->getBlock(); parent = nullptr)
    if (!analysis.isUniform(parent, gather.getMeshAttr(), gather.getAxes()))
      return {reason::kDivergentControlFlow, parent,
              "branch on a value that is replicated over the gather's axes"};
  return {reason::kUnsupportedOp, op->getParentOp(),
          "put the gather and the norm into the same region"};
}

/// Notes that `op` stays, and that what it computes cannot be had in slices. A
/// slice that a rank takes for itself is gathered no longer: what is behind it
/// is not held up by the gather.
void GatherMotion::refuse(Operation *op, Refusal refusal) {
  if (isa<AllSliceOp>(op))
    return;
  for (Value result : op->getResults())
    refused.try_emplace(result, refusal);
  if (isWorthMoving(op))
    missed.emplace_back(op, refusal);
}

/// One operand of an op that the law is to apply to, or a value that its
/// regions capture.
std::optional<Refusal> GatherMotion::checkOperand(Operation *op, Value value,
                                                  std::optional<int64_t> dim,
                                                  const GatherKind &kind,
                                                  unsigned kindNumber) {
  auto found = slices.find(value);
  if (dim && found != slices.end() && found->second.kind == kindNumber &&
      found->second.dim == *dim)
    return std::nullopt;
  if (analysis.isReplicatedOver(value, kind.mesh, kind.axes)) {
    if (!dim)
      return std::nullopt;
    // Sliced where it is used: needs to know where the slices lie.
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (type && !ShapedType::isDynamic(type.getDimSize(*dim)) &&
        !kind.extents && !kind.ragged && kind.groupSize &&
        type.getDimSize(*dim) % *kind.groupSize != 0)
      return Refusal{reason::kNotRowWise, op, ""};
    return std::nullopt;
  }
  bool isGathered = found != slices.end() || refused.contains(value) ||
                    value.getDefiningOp<AllGatherOp>();
  if (isGathered)
    return Refusal{reason::kOperandGatheredDifferently, value.getDefiningOp(),
                   "gather both operands along the same dimension, over the "
                   "same axes, with the same extents"};
  return Refusal{reason::kOperandNotReplicated,
                 value.getDefiningOp() ? value.getDefiningOp() : op,
                 "if the operand is the same on all ranks, say so with "
                 "dist.sharding or dist.assert_sharding"};
}

/// True if the parts that the anchor comes in are whole rows of the slicing,
/// and cut its results by the same extents. Where a unit is not 1, extents that
/// are a value would have to be scaled: such gathers must cut evenly.
bool GatherMotion::fitsUnits(const DimSlicing &slicing, unsigned anchor,
                             const Slices &anchorSlices) const {
  if (hasOnlyUnitsOfOne(slicing))
    return true;
  const GatherKind &kind = kinds[anchorSlices.kind];
  return !kind.extents && !kind.ragged &&
         !ShapedType::isDynamic(anchorSlices.localSize) &&
         anchorSlices.localSize % slicing.getOperandUnit(anchor) == 0;
}

/// The op's slicing that the anchor's slices make up.
std::optional<Refusal> GatherMotion::findSlicing(DimParallelOpInterface op,
                                                 unsigned anchor,
                                                 DimSlicing &slicing) const {
  const Slices anchorSlices = slices.lookup(op->getOperand(anchor));
  auto type = op->getNumResults() == 0
                  ? RankedTensorType()
                  : dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return Refusal{reason::kNotRowWise, op, ""};

  // A reduction without a result along the gathered dimension reduced it.
  StringRef why =
      isWorthMoving(op) ? reason::kGatherDimNormalized : reason::kNotRowWise;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    DimSlicing answer = op.getDimSlicing(0, dim);
    if (!answer.isLegal()) {
      if (dim == anchorSlices.dim)
        why = answer.refusal;
    } else if (answer.operandDims[anchor] == anchorSlices.dim) {
      slicing = std::move(answer);
      if (fitsUnits(slicing, anchor, anchorSlices))
        return std::nullopt;
      return Refusal{reason::kGroupCrossesGatherDim, op,
                     "make the local size a multiple of the group"};
    }
  }
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
bool GatherMotion::actsAcross(MeshGroupOpInterface op,
                              const Slices &slicesOfInput) const {
  const GatherKind &kind = kinds[slicesOfInput.kind];
  SmallVector<Attribute> axes(op.getAxesAttr().begin(), op.getAxesAttr().end());
  if (auto gather = dyn_cast<AllGatherOp>(op.getOperation()))
    if (ArrayAttr summing = gather.getSummingAttr())
      llvm::append_range(axes, summing);
  if (op.getMeshAttr() != kind.mesh || llvm::any_of(axes, [&](Attribute axis) {
        return llvm::is_contained(kind.axes, axis);
      }))
    return false;
  // Where its ranks come to it in different ways, it may meet one of theirs
  // that does not move.
  if (analysis.findDivergence(op, op.getMeshAttr(),
                              ArrayAttr::get(op->getContext(), axes)))
    return false;
  return !ShapedType::isDynamic(slicesOfInput.localSize) ||
         (kind.extents &&
          analysis.isReplicatedOver(kind.extents, kind.mesh,
                                    ArrayAttr::get(op->getContext(), axes)));
}

/// The law, for the slices that operand `anchor` comes in:
///
///   f(all_gather(x), w) = all_gather(f(x, w'))
///
/// Precondition: f is parallel in the gathered dimension, and x is cut at its
/// units; each operand that is sliced is gathered alike or replicated over the
/// gather's axes; each operand that is needed whole, and each value that f's
/// regions capture, is replicated over them; if f is a collective, it acts
/// across the gather.
std::optional<Refusal> GatherMotion::matchLaw(DimParallelOpInterface op,
                                              unsigned anchor, Unit &unit,
                                              SmallVector<Slices> &results) {
  const Slices anchorSlices = slices.lookup(op->getOperand(anchor));
  DimSlicing slicing;
  if (std::optional<Refusal> refusal = findSlicing(op, anchor, slicing))
    return refusal;
  auto group = dyn_cast<MeshGroupOpInterface>(op.getOperation());
  if (group && !actsAcross(group, anchorSlices))
    return Refusal{reason::kNotRowWise, op, ""};

  const GatherKind kind = kinds[anchorSlices.kind];
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (!slicing.isExtent(i))
      if (std::optional<Refusal> refusal = checkOperand(
              op, operand, slicing.operandDims[i], kind, anchorSlices.kind))
        return refusal;
  for (Value captured : getCapturedValues(op))
    if (std::optional<Refusal> refusal =
            checkOperand(op, captured, std::nullopt, kind, anchorSlices.kind))
      return refusal;

  int64_t localRows = anchorSlices.localSize;
  if (!ShapedType::isDynamic(localRows))
    localRows /= slicing.getOperandUnit(anchor);
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    auto resultType = dyn_cast<RankedTensorType>(result.getType());
    if (!resultType)
      return Refusal{reason::kNotRowWise, op, ""};
    int64_t dim = slicing.resultDims[i];
    results.push_back(
        {anchorSlices.kind, dim,
         getLocalSize(resultType.getDimSize(dim), slicing.getResultUnit(i),
                      localRows, kind)});
  }
  unit = {op, anchorSlices.kind, std::move(slicing), localRows};
  return std::nullopt;
}

/// True if a sum is pending in an operand along some axis, and the result is
/// neither pending, as that of a linear op, nor that of a collective, which may
/// complete it.
bool GatherMotion::losesPendingSum(Operation *op, Value &pending) const {
  if (isa<MeshGroupOpInterface>(op) || op->getNumResults() == 0)
    return false;
  for (unsigned axis = 0; axis < analysis.getAxes().size(); ++axis) {
    if (analysis.getState(op->getResult(0), axis).isPartial())
      continue;
    for (Value operand : op->getOperands())
      if (analysis.getState(operand, axis).isPartial()) {
        pending = operand;
        return true;
      }
  }
  return false;
}

void GatherMotion::visitOp(Operation *op) {
  SmallVector<unsigned> anchors;
  std::optional<Refusal> inherited;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (slices.contains(value))
      anchors.push_back(operand.getOperandNumber());
    else if (auto it = refused.find(value); it != refused.end())
      inherited = inherited ? inherited : it->second;
    else if (auto gather = value.getDefiningOp<AllGatherOp>();
             gather && gather->getBlock() != op->getBlock())
      inherited = inherited ? inherited : refuseAcrossBlocks(op, gather);
  }
  auto parallel = dyn_cast<DimParallelOpInterface>(op);
  if (anchors.empty()) {
    // What stopped an operand stops the op, as far as it could have moved.
    if (inherited && parallel)
      refuse(op, *inherited);
    return;
  }
  if (!parallel) {
    // What may follow behind an op that nothing is known of is another matter:
    // this refusal is inherited by the ops next to it only.
    if (!op->hasTrait<OpTrait::IsTerminator>() && !isa<tensor::DimOp>(op))
      refuse(op, {reason::kUnsupportedOp, op,
                  "attach DimParallelOpInterface to the op"});
    return;
  }
  if (Value pending; losesPendingSum(op, pending))
    return refuse(op, {reason::kPendingSum, pending.getDefiningOp(),
                       "sum over the axis, with dist.all_reduce or `summing`"});

  std::optional<Refusal> refusal;
  for (unsigned anchor : anchors) {
    Unit unit;
    SmallVector<Slices> results;
    std::optional<Refusal> why = matchLaw(parallel, anchor, unit, results);
    if (why) {
      refusal = refusal ? refusal : why;
      continue;
    }
    return addUnit(std::move(unit), results);
  }
  refuse(op, *refusal);
}

//===----------------------------------------------------------------------===//
// Placement
//===----------------------------------------------------------------------===//

/// all_slice(all_gather(x)) = x: `user` takes back the rank's own slice.
bool GatherMotion::takesBackOwnSlice(Operation *user, Value value) const {
  auto slice = dyn_cast<AllSliceOp>(user);
  const Slices &made = slices.find(value)->second;
  const GatherKind &kind = kinds[made.kind];
  return slice && static_cast<int64_t>(slice.getDim()) == made.dim &&
         slice.getMeshAttr() == kind.mesh && slice.getAxes() == kind.axes &&
         slice.getExtents() == kind.extents && !kind.ragged;
}

/// True if `user` asks for a size of a value that there is in slices, and the
/// slices and their extents answer it.
bool GatherMotion::asksForSize(Operation *user, Value value) const {
  auto query = dyn_cast<tensor::DimOp>(user);
  std::optional<int64_t> dim = query ? query.getConstantIndex() : std::nullopt;
  if (!dim)
    return false;
  const Slices &made = slices.find(value)->second;
  return *dim != made.dim || kinds[made.kind].groupSize;
}

bool GatherMotion::needsNoGather(Operation *user, Value value) const {
  return takesBackOwnSlice(user, value) || asksForSize(user, value);
}

/// True if the use needs all of a value that there is in slices.
bool GatherMotion::needsWhole(OpOperand &use) const {
  Operation *user = use.getOwner();
  if (needsNoGather(user, use.get()))
    return false;
  auto it = unitOf.find(user);
  if (it == unitOf.end() || units[it->second].isGather())
    return true;
  const Unit &unit = units[it->second];
  const Slices &made = slices.find(use.get())->second;
  return unit.kind != made.kind ||
         unit.slicing.operandDims[use.getOperandNumber()] != made.dim;
}

/// What gathering `value` costs: its bytes, as far as they are static (all
/// gathers of a kind have the dynamic rest in common), and a little for the
/// gather itself, so that of two ways to move the same bytes the one with fewer
/// gathers is taken.
int64_t GatherMotion::getCost(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t bits =
      type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 64;
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      elements *= std::max<int64_t>(size, 1);
  return elements * bits * 8 + 1;
}

/// What a collective that moves across the region's gathers saves of what it
/// receives, in the terms of `getCost`: both are times the share (n - 1) / n of
/// the gathers' group.
int64_t GatherMotion::getSavings(Operation *op) const {
  auto group = dyn_cast<MeshGroupOpInterface>(op);
  std::optional<int64_t> size =
      group ? commuter::dist::getGroupSize(group) : std::nullopt;
  if (!size || isa<AllSliceOp, ToPartialOp>(op))
    return 0;
  Value larger =
      isa<ReduceScatterOp>(op) ? op->getOperand(0) : Value(op->getResult(0));
  int64_t received = getCost(larger) / *size * (*size - 1);
  return isa<AllReduceOp>(op) ? 2 * received : received;
}

/// A region is a flow network: an op is on the source's side if it computes its
/// slice only. A value made there, and needed whole on the other side, is
/// gathered once, at its cost. What the sink's side computes whole can be
/// sliced for nothing. Of the cheapest cuts the one nearest to the sink moves
/// most.
void GatherMotion::choosePlacement(ArrayRef<unsigned> region) {
  MinimumCut cut;
  DenseMap<unsigned, MinimumCut::Node> nodes;
  for (unsigned u : region)
    nodes[u] = units[u].isGather() ? cut.getSource() : cut.addNode();
  for (unsigned u : region) {
    const Unit &unit = units[u];
    if (options.allowExtraGather && isWorthMoving(unit.op))
      cut.addEdge(cut.getSource(), nodes[u], MinimumCut::kInfinity);
    if (int64_t savings = unit.isGather() ? 0 : getSavings(unit.op))
      cut.addEdge(cut.getSource(), nodes[u], savings);
    for (Value value : unit.op->getResults()) {
      if (value.use_empty())
        continue;
      MinimumCut::Node gathered = cut.addNode();
      cut.addEdge(nodes[u], gathered, getCost(value));
      for (OpOperand &use : value.getUses()) {
        if (needsNoGather(use.getOwner(), value))
          continue;
        cut.addEdge(gathered,
                    needsWhole(use) ? cut.getSink()
                                    : nodes[unitOf.lookup(use.getOwner())],
                    MinimumCut::kInfinity);
      }
    }
  }
  cut.solve();
  for (unsigned u : region)
    units[u].moves = !units[u].isGather() && cut.isOnSourceSide(nodes[u]);
}

/// Why the cut left `norm` behind: another user of a value that feeds it needs
/// that value whole, or else the gather would move more bytes behind the norm.
Refusal GatherMotion::explainStay(const Unit &norm) const {
  SetVector<Operation *> feeding;
  feeding.insert(norm.op);
  for (unsigned i = 0; i < feeding.size(); ++i)
    for (Value operand : feeding[i]->getOperands()) {
      auto it = slices.find(operand);
      Operation *def = operand.getDefiningOp();
      if (it == slices.end() || it->second.kind != norm.kind ||
          feeding.contains(def))
        continue;
      for (OpOperand &use : operand.getUses()) {
        Operation *user = use.getOwner();
        if (!feeding.contains(user) && !needsNoGather(user, operand) &&
            (needsWhole(use) || isWorthMoving(user)))
          return {reason::kOtherUsers, user, "allow-extra-gather=true"};
      }
      if (!units[unitOf.lookup(def)].isGather())
        feeding.insert(def);
    }
  return {reason::kNotProfitable, norm.op, "allow-extra-gather=true"};
}

//===----------------------------------------------------------------------===//
// Rewrite
//===----------------------------------------------------------------------===//

RankedTensorType GatherMotion::getLocalType(Type type, int64_t dim,
                                            int64_t localSize) const {
  auto ranked = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(ranked.getShape());
  shape[dim] = localSize;
  return RankedTensorType::get(shape, ranked.getElementType(),
                               ranked.getEncoding());
}

/// Makes the extents of a ragged gather a value, so that others can cut alike.
/// The gather's own exchange, which lowering would insert, becomes explicit.
void GatherMotion::ensureExtents(GatherKind &kind) {
  if (!kind.ragged)
    return;
  AllGatherOp gather = kind.ragged;
  OpBuilder builder(gather);
  Location loc = gather.getLoc();
  Value extent =
      tensor::DimOp::create(builder, loc, gather.getInput(), gather.getDim());
  auto type = RankedTensorType::get(
      {kind.groupSize.value_or(ShapedType::kDynamic)}, builder.getIndexType());
  kind.extents = ExchangeExtentsOp::create(builder, loc, type, extent,
                                           kind.mesh, kind.axes);
  gather.getExtentsMutable().assign(kind.extents);
  kind.ragged = {};
}

/// all_gather(sum(x)) = all_gather(x) summing: the sum is what the summing
/// gather is defined by.
void GatherMotion::completeSum(Unit &unit) {
  auto gather = cast<AllGatherOp>(unit.op);
  if (!gather.getSummingAttr())
    return;
  OpBuilder builder(gather);
  if (unit.completesSum) {
    Value sum = AllReduceOp::create(
        builder, gather.getLoc(), gather.getInput().getType(),
        gather.getInput(),
        ReductionKindAttr::get(gather.getContext(), ReductionKind::Sum),
        gather.getMeshAttr(), gather.getSummingAttr());
    gather.getInputMutable().assign(sum);
  }
  gather.removeSummingAttr();
}

/// The size of the parts of a dimension that is `size` long and has `unitSize`
/// elements for each row of a slicing.
int64_t GatherMotion::getLocalSize(int64_t size, int64_t unitSize,
                                   int64_t localRows,
                                   const GatherKind &kind) const {
  if (!ShapedType::isDynamic(localRows))
    return localRows * unitSize;
  if (ShapedType::isDynamic(size) || kind.extents || kind.ragged ||
      !kind.groupSize || size % *kind.groupSize != 0)
    return ShapedType::kDynamic;
  return size / *kind.groupSize;
}

/// The slice of `value` along `dim`, as far as it is computed.
Value GatherMotion::findLocal(Value value, int64_t dim,
                              const Unit &unit) const {
  auto made = slices.find(value);
  return made != slices.end() && made->second.kind == unit.kind &&
                 made->second.dim == dim
             ? locals.lookup(value)
             : Value();
}

/// How long this rank's part of dimension `dim` of `value` is, an operand of
/// the unit: as long as the parts that the unit's other operands come in.
OpFoldResult GatherMotion::getLocalExtent(OpBuilder &builder, Value value,
                                          int64_t dim, int64_t localSize,
                                          const Unit &unit) {
  if (!ShapedType::isDynamic(localSize))
    return builder.getIndexAttr(localSize);
  Location loc = unit.op->getLoc();
  for (auto [other, otherDim] :
       llvm::zip_equal(unit.op->getOperands(), unit.slicing.operandDims))
    if (Value local = otherDim ? findLocal(other, *otherDim, unit) : Value())
      return tensor::getMixedSize(builder, loc, local, *otherDim);
  GatherKind &kind = kinds[unit.kind];
  ensureExtents(kind);
  Type index = builder.getIndexType();
  if (kind.extents) {
    Value rank = AxisIndexOp::create(builder, loc, index, kind.mesh, kind.axes);
    return tensor::ExtractOp::create(builder, loc, kind.extents, rank)
        .getResult();
  }
  Value whole = tensor::DimOp::create(builder, loc, value, dim);
  Value parts = AxisSizeOp::create(builder, loc, index, kind.mesh, kind.axes);
  return arith::DivUIOp::create(builder, loc, whole, parts).getResult();
}

/// True if a slice of a replicated value can be had without the whole: it is
/// known by its shape, or computed of such values and of others that are needed
/// whole, as a row that is broadcast to all rows.
bool GatherMotion::isRecomputable(Value value, int64_t dim,
                                  const GatherKind &kind,
                                  unsigned depth) const {
  constexpr unsigned kMaxDepth = 8;
  auto op = value.getDefiningOp<DimParallelOpInterface>();
  if (!op || depth == kMaxDepth)
    return false;
  if (op.isKnownByShape())
    return true;
  if (isa<MeshGroupOpInterface>(op.getOperation()) || unitOf.contains(op))
    return false;
  auto isReplicated = [&](Value input) {
    return analysis.isReplicatedOver(input, kind.mesh, kind.axes);
  };
  DimSlicing slicing =
      op.getDimSlicing(cast<OpResult>(value).getResultNumber(), dim);
  if (!slicing.isLegal() || !hasOnlyUnitsOfOne(slicing) ||
      !llvm::all_of(getCapturedValues(op), isReplicated))
    return false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    std::optional<int64_t> operandDim = slicing.operandDims[i];
    if (slicing.isExtent(i))
      continue;
    if (operandDim ? !isRecomputable(operand, *operandDim, kind, depth + 1)
                   : !isReplicated(operand))
      return false;
  }
  return llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>);
}

/// Computes that slice, `localSize` long.
Value GatherMotion::recompute(OpBuilder &builder, Value value, int64_t dim,
                              int64_t localSize, const Unit &unit) {
  auto op = value.getDefiningOp<DimParallelOpInterface>();
  if (op.isKnownByShape())
    return op.createSlice(builder,
                          getLocalType(value.getType(), dim, localSize), dim,
                          getLocalExtent(builder, value, dim, localSize, unit));
  const unsigned number = cast<OpResult>(value).getResultNumber();
  DimSlicing slicing = op.getDimSlicing(number, dim);
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    std::optional<int64_t> operandDim = slicing.operandDims[i];
    operands.push_back(
        operandDim ? recompute(builder, operand, *operandDim, localSize, unit)
                   : operand);
  }
  SmallVector<Type> types;
  for (auto [type, resultDim] :
       llvm::zip_equal(op->getResultTypes(), slicing.resultDims))
    types.push_back(getLocalType(type, resultDim, localSize));
  return op.cloneOnSlices(builder, slicing, operands, types)->getResult(number);
}

/// The slice along `dim` of an operand of a moving op.
Value GatherMotion::getLocal(OpBuilder &builder, OpOperand &operand,
                             int64_t dim, const Unit &unit) {
  Value value = operand.get();
  Location loc = unit.op->getLoc();
  GatherKind &kind = kinds[unit.kind];
  auto type = cast<RankedTensorType>(value.getType());
  int64_t localSize =
      getLocalSize(type.getDimSize(dim),
                   unit.slicing.getOperandUnit(operand.getOperandNumber()),
                   unit.localRows, kind);
  RankedTensorType localType = getLocalType(type, dim, localSize);
  if (Value local = findLocal(value, dim, unit)) {
    // Of operands gathered alike, more may be known of one's part.
    if (local.getType() != localType)
      local = tensor::CastOp::create(builder, loc, localType, local);
    return local;
  }
  // Replicated over the group (checked by matchLaw, or gathered).
  if (isRecomputable(value, dim, kind))
    return recompute(builder, value, dim, localSize, unit);
  ensureExtents(kind);
  return AllSliceOp::create(builder, loc, localType, value,
                            builder.getI64IntegerAttr(dim), kind.extents,
                            kind.mesh, kind.axes);
}

/// Answers for the size of a value whose gather is gone.
void GatherMotion::replaceSize(tensor::DimOp query, Value value) {
  const Slices &made = slices.find(value)->second;
  Value local = locals.lookup(value);
  OpBuilder builder(query);
  Location loc = query.getLoc();
  Value size;
  if (*query.getConstantIndex() != made.dim) {
    size = tensor::DimOp::create(builder, loc, local, query.getIndex());
  } else {
    GatherKind &kind = kinds[made.kind];
    ensureExtents(kind);
    for (int64_t rank = 0; rank < *kind.groupSize; ++rank) {
      Value extent;
      if (kind.extents) {
        Value index = arith::ConstantIndexOp::create(builder, loc, rank);
        extent = tensor::ExtractOp::create(builder, loc, kind.extents, index);
      } else {
        extent = tensor::DimOp::create(builder, loc, local, made.dim);
      }
      size = size ? arith::AddIOp::create(builder, loc, size, extent) : extent;
    }
  }
  query.getResult().replaceAllUsesWith(size);
  query.erase();
}

void GatherMotion::rewrite(ArrayRef<unsigned> region) {
  // The moving ops, on slices.
  for (unsigned u : region) {
    Unit &unit = units[u];
    if (unit.isGather()) {
      completeSum(unit);
      locals[unit.op->getResult(0)] = unit.op->getOperand(0);
      continue;
    }
    if (!unit.moves)
      continue;
    OpBuilder builder(unit.op);
    SmallVector<Value> operands;
    for (OpOperand &operand : unit.op->getOpOperands()) {
      std::optional<int64_t> dim =
          unit.slicing.operandDims[operand.getOperandNumber()];
      operands.push_back(dim ? getLocal(builder, operand, *dim, unit)
                             : operand.get());
    }
    SmallVector<Type> types;
    for (Value result : unit.op->getResults()) {
      const Slices &made = slices.find(result)->second;
      types.push_back(getLocalType(result.getType(), made.dim, made.localSize));
    }
    Operation *local = cast<DimParallelOpInterface>(unit.op).cloneOnSlices(
        builder, unit.slicing, operands, types);
    for (auto [result, part] :
         llvm::zip_equal(unit.op->getResults(), local->getResults()))
      locals[result] = part;
  }

  // Their users.
  for (unsigned u : region) {
    Unit &unit = units[u];
    if (!unit.isGather() && !unit.moves)
      continue;
    for (Value value : unit.op->getResults()) {
      Value local = locals.lookup(value);
      const GatherKind &kind = kinds[unit.kind];
      bool isNeededWhole = false;
      SmallVector<tensor::DimOp> sizeQueries;
      for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
        Operation *user = use.getOwner();
        if (takesBackOwnSlice(user, value)) {
          OpBuilder builder(user);
          Value own = local;
          if (own.getType() != user->getResult(0).getType())
            own = tensor::CastOp::create(builder, user->getLoc(),
                                         user->getResult(0).getType(), own);
          user->getResult(0).replaceAllUsesWith(own);
          user->erase();
          continue;
        }
        if (asksForSize(user, value)) {
          sizeQueries.push_back(cast<tensor::DimOp>(user));
          continue;
        }
        auto it = unitOf.find(user);
        isNeededWhole |=
            it == unitOf.end() || !units[it->second].moves || needsWhole(use);
      }
      if (!isNeededWhole)
        for (tensor::DimOp query : sizeQueries)
          replaceSize(query, value);
      if (unit.isGather() || !isNeededWhole)
        continue;
      OpBuilder builder(unit.op);
      Value whole = AllGatherOp::create(
          builder, unit.op->getLoc(), value.getType(), local,
          builder.getI64IntegerAttr(slices.find(value)->second.dim),
          kind.extents, kind.mesh, kind.axes, ArrayAttr());
      value.replaceAllUsesWith(whole);
    }
  }

  // What nobody needs any more, last users first.
  for (unsigned u : llvm::reverse(region))
    if ((units[u].moves || units[u].isGather()) && units[u].op->use_empty()) {
      unitOf.erase(units[u].op);
      units[u].op->erase();
      units[u].op = nullptr;
    }
}

std::optional<int64_t> GatherMotion::getReceivedBytes(Value value) const {
  auto type = cast<RankedTensorType>(value.getType());
  std::optional<int64_t> n = kinds[slices.find(value)->second.kind].groupSize;
  if (!n || !type.hasStaticShape() || !type.getElementType().isIntOrFloat())
    return std::nullopt;
  int64_t bytes = type.getNumElements() *
                  llvm::divideCeil(type.getElementTypeBitWidth(), 8);
  return bytes / *n * (*n - 1);
}

/// What each rank receives in a collective that is a unit, on the whole or, if
/// it moves, on slices. An all_reduce is a scatter and a gather.
std::optional<int64_t> GatherMotion::getCollectiveBytes(const Unit &unit,
                                                        bool moves) const {
  auto group = dyn_cast<MeshGroupOpInterface>(unit.op);
  if (!group || isa<AllSliceOp, ToPartialOp>(unit.op))
    return 0;
  Value larger = isa<ReduceScatterOp>(unit.op) ? unit.op->getOperand(0)
                                               : Value(unit.op->getResult(0));
  auto type = cast<RankedTensorType>(larger.getType());
  std::optional<int64_t> n = commuter::dist::getGroupSize(group);
  std::optional<int64_t> parts = kinds[unit.kind].groupSize;
  if (!n || !type.hasStaticShape() || !type.getElementType().isIntOrFloat() ||
      (moves && (!parts || ShapedType::isDynamic(unit.localRows))))
    return std::nullopt;
  int64_t bytes = type.getNumElements() *
                  llvm::divideCeil(type.getElementTypeBitWidth(), 8) / *n *
                  (*n - 1);
  return (isa<AllReduceOp>(unit.op) ? 2 : 1) * bytes / (moves ? *parts : 1);
}

SmallVector<MotionOutcome> GatherMotion::run() {
  for (Operation &op : block) {
    if (auto gather = dyn_cast<AllGatherOp>(op))
      visitGather(gather);
    else
      visitOp(&op);
  }

  // Regions: units that hand slices to one another.
  llvm::EquivalenceClasses<unsigned> connected;
  for (unsigned u = 0; u < units.size(); ++u) {
    connected.insert(u);
    if (units[u].isGather())
      continue;
    for (OpOperand &operand : units[u].op->getOpOperands())
      if (slices.contains(operand.get()) && !needsWhole(operand))
        connected.unionSets(u, unitOf.lookup(operand.get().getDefiningOp()));
  }
  llvm::MapVector<unsigned, SmallVector<unsigned>> regions;
  for (unsigned u = 0; u < units.size(); ++u)
    regions[connected.getLeaderValue(u)].push_back(u);

  SmallVector<MotionOutcome> outcomes;
  SmallVector<ArrayRef<unsigned>> moving;
  for (auto &[leader, region] : regions) {
    auto isNorm = [&](unsigned u) { return isWorthMoving(units[u].op); };
    if (llvm::none_of(region, isNorm))
      continue;
    choosePlacement(region);
    auto movesNorm = [&](unsigned u) { return isNorm(u) && units[u].moves; };
    bool movesAny = llvm::any_of(region, movesNorm);

    // Bytes received before and after, over the gathers of the region.
    std::optional<int64_t> before = 0, after = 0;
    auto add = [](std::optional<int64_t> &sum, std::optional<int64_t> bytes) {
      sum = sum && bytes ? std::optional(*sum + *bytes) : std::nullopt;
    };
    for (unsigned u : region) {
      if (!units[u].isGather()) {
        add(before, getCollectiveBytes(units[u], /*moves=*/false));
        add(after, getCollectiveBytes(units[u], units[u].moves));
      }
      for (Value value : units[u].op->getResults()) {
        bool staysWhole = llvm::any_of(value.getUses(), [&](OpOperand &use) {
          if (needsNoGather(use.getOwner(), value))
            return false;
          return needsWhole(use) || !units[unitOf.lookup(use.getOwner())].moves;
        });
        if (units[u].isGather())
          add(before, getReceivedBytes(value));
        if ((units[u].isGather() || units[u].moves) && staysWhole)
          add(after, getReceivedBytes(value));
      }
    }

    for (unsigned u : region) {
      if (!isNorm(u))
        continue;
      Operation *op = units[u].op;
      MotionOutcome outcome{op, op->getLoc(), {}, {}, {}, {}, {}, {}, {}};
      if (units[u].moves) {
        SmallVector<int64_t> rowDims = getRowDims(op);
        const Slices &made = slices.find(op->getResult(0))->second;
        auto type = cast<RankedTensorType>(op->getResult(0).getType());
        outcome.rowsBefore = countRows(type, rowDims);
        outcome.rowsAfter =
            countRows(llvm::is_contained(rowDims, made.dim)
                          ? getLocalType(type, made.dim, made.localSize)
                          : type,
                      rowDims);
        outcome.bytesBefore = before;
        outcome.bytesAfter = after;
      } else {
        Refusal refusal = explainStay(units[u]);
        outcome.reason = refusal.reason;
        outcome.blocker = refusal.blocker->getLoc();
        outcome.suggestion = refusal.suggestion;
      }
      outcomes.push_back(std::move(outcome));
    }
    if (movesAny)
      moving.push_back(region);
  }
  for (auto &[op, refusal] : missed) {
    MotionOutcome outcome{op, op->getLoc(), {}, {}, {}, {}, {}, {}, {}};
    outcome.reason = refusal.reason;
    if (refusal.blocker)
      outcome.blocker = refusal.blocker->getLoc();
    outcome.suggestion = refusal.suggestion;
    outcomes.push_back(std::move(outcome));
  }

  for (ArrayRef<unsigned> region : moving)
    rewrite(region);
  return outcomes;
}

} // namespace

SmallVector<MotionOutcome>
commuter::dist::moveInFrontOfGathers(Block &block,
                                     const ShardingAnalysis &analysis,
                                     const MotionOptions &options) {
  return GatherMotion(block, analysis, options).run();
}
