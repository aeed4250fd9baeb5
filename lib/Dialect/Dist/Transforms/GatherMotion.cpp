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
  DimSlicing slicing;        ///< of an op
  bool completesSum = false; ///< of a gather: its sum is done before it
  bool moves = false;        ///< decided by the cut

  bool isGather() const { return isa<AllGatherOp>(op); }
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
  std::optional<Refusal> checkOperand(Operation *op, OpOperand &operand,
                                      std::optional<int64_t> dim,
                                      const GatherKind &kind,
                                      unsigned kindNumber);
  void refuse(Operation *op, Refusal refusal);
  unsigned getKind(AllGatherOp gather);

  // Placement.
  void choosePlacement(ArrayRef<unsigned> region);
  bool takesBackOwnSlice(Operation *user, Value value) const;
  bool needsWhole(OpOperand &use) const;
  int64_t getCost(Value value) const;
  Refusal explainStay(const Unit &norm) const;

  // Rewrite.
  void rewrite(ArrayRef<unsigned> region);
  void completeSum(Unit &unit);
  Value getLocal(OpBuilder &builder, Operation *op, OpOperand &operand,
                 int64_t dim, const Unit &unit);
  void ensureExtents(GatherKind &kind);
  RankedTensorType getLocalType(Type type, int64_t dim,
                                int64_t localSize) const;

  std::optional<int64_t> getReceivedBytes(Value value) const;

  Block &block;
  const ShardingAnalysis &analysis;
  const MotionOptions &options;

  SmallVector<GatherKind> kinds;
  DenseMap<std::pair<std::pair<Attribute, Attribute>, void *>, unsigned>
      kindNumbers;
  SmallVector<Unit> units; // in program order
  DenseMap<Operation *, unsigned> unitOf;
  DenseMap<Value, Slices> slices;
  DenseMap<Value, Refusal> refused;
  DenseMap<Value, Value> locals;
  SmallVector<std::pair<Operation *, Refusal>> missed;
};

/// The rows that `op` computes: the product of the sizes of the dimensions in
/// which it is parallel.
std::optional<int64_t> countRows(Operation *op) {
  auto parallel = cast<DimParallelOpInterface>(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t rows = 1;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!parallel.getDimSlicing(0, dim).isLegal())
      continue;
    if (type.isDynamicDim(dim))
      return std::nullopt;
    rows *= type.getDimSize(dim);
  }
  return rows;
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

/// Precondition of the law on the gather itself: no sum is pending in what it
/// concatenates. A sum over axes of size 1 is none.
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
  for (unsigned axis = 0; axis < axes.size(); ++axis)
    if (analysis.getState(gather.getInput(), axis).isPartial() &&
        !llvm::is_contained(summed, axis))
      return Refusal{reason::kPendingSum, gather,
                     "sum over the axis, with dist.all_reduce or `summing`"};
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

void GatherMotion::visitGather(AllGatherOp gather) {
  Unit unit{gather, getKind(gather), {}};
  if (std::optional<Refusal> refusal =
          findGatherRefusal(gather, unit.completesSum)) {
    refused.try_emplace(gather.getResult(), *refusal);
    return;
  }
  slices.try_emplace(
      gather.getResult(),
      Slices{unit.kind, static_cast<int64_t>(gather.getDim()),
             gather.getInput().getType().getDimSize(gather.getDim())});
  unitOf.try_emplace(gather, units.size());
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

/// Notes that `op` stays, and that what it computes cannot be had in slices.
void GatherMotion::refuse(Operation *op, Refusal refusal) {
  for (Value result : op->getResults())
    refused.try_emplace(result, refusal);
  if (isWorthMoving(op))
    missed.emplace_back(op, refusal);
}

/// One operand of an op that the law is to apply to.
std::optional<Refusal> GatherMotion::checkOperand(Operation *op,
                                                  OpOperand &operand,
                                                  std::optional<int64_t> dim,
                                                  const GatherKind &kind,
                                                  unsigned kindNumber) {
  Value value = operand.get();
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

/// The law, for the slices that operand `anchor` comes in:
///
///   f(all_gather(x), w) = all_gather(f(x, w'))
///
/// Precondition: f is parallel in the gathered dimension; each operand that is
/// sliced is gathered alike or replicated over the gather's axes; each operand
/// that is needed whole is replicated over them.
std::optional<Refusal> GatherMotion::matchLaw(DimParallelOpInterface op,
                                              unsigned anchor, Unit &unit,
                                              SmallVector<Slices> &results) {
  const Slices anchorSlices = slices.lookup(op->getOperand(anchor));
  auto anchorType = cast<RankedTensorType>(op->getOperand(anchor).getType());
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type)
    return Refusal{reason::kNotRowWise, op, ""};

  // The dimension of the result that the anchor's slices make up.
  std::optional<DimSlicing> slicing;
  StringRef why = reason::kNotRowWise;
  for (int64_t dim = 0; dim < type.getRank() && !slicing; ++dim) {
    DimSlicing answer = op.getDimSlicing(0, dim);
    if (!answer.isLegal()) {
      if (dim == anchorSlices.dim)
        why = answer.refusal;
    } else if (answer.operandDims[anchor] == anchorSlices.dim) {
      slicing = std::move(answer);
    }
  }
  if (!slicing)
    return Refusal{why, op, ""};

  const GatherKind kind = kinds[anchorSlices.kind];
  for (OpOperand &operand : op->getOpOperands())
    if (std::optional<Refusal> refusal = checkOperand(
            op, operand, slicing->operandDims[operand.getOperandNumber()], kind,
            anchorSlices.kind))
      return refusal;

  const int64_t whole = anchorType.getDimSize(anchorSlices.dim);
  for (OpResult result : op->getResults()) {
    auto resultType = dyn_cast<RankedTensorType>(result.getType());
    if (!resultType)
      return Refusal{reason::kNotRowWise, op, ""};
    int64_t dim = slicing->resultDims[result.getResultNumber()];
    int64_t size = resultType.getDimSize(dim);
    int64_t localSize = ShapedType::kDynamic;
    if (size == whole)
      localSize = anchorSlices.localSize;
    else if (!ShapedType::isDynamic(size) && kind.groupSize && !kind.extents &&
             !kind.ragged && size % *kind.groupSize == 0)
      localSize = size / *kind.groupSize;
    results.push_back({anchorSlices.kind, dim, localSize});
  }
  unit = {op, anchorSlices.kind, std::move(*slicing)};
  return std::nullopt;
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
    if (!op->hasTrait<OpTrait::IsTerminator>() && !isa<AllSliceOp>(op))
      refuse(op, {reason::kUnsupportedOp, op,
                  "attach DimParallelOpInterface to the op"});
    return;
  }
  if (std::optional<StateMisuse> misuse = analysis.findMisuse(op))
    return refuse(op, {reason::kPendingSum, misuse->operand.getDefiningOp(),
                       "sum over the axis with dist.all_reduce first"});

  std::optional<Refusal> refusal;
  for (unsigned anchor : anchors) {
    Unit unit;
    SmallVector<Slices> results;
    std::optional<Refusal> why = matchLaw(parallel, anchor, unit, results);
    if (why) {
      refusal = refusal ? refusal : why;
      continue;
    }
    for (auto [result, made] : llvm::zip_equal(op->getResults(), results))
      slices.try_emplace(result, made);
    unitOf.try_emplace(op, units.size());
    units.push_back(std::move(unit));
    return;
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

/// True if the use needs all of a value that there is in slices.
bool GatherMotion::needsWhole(OpOperand &use) const {
  Operation *user = use.getOwner();
  if (takesBackOwnSlice(user, use.get()))
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
    for (Value value : unit.op->getResults()) {
      if (value.use_empty())
        continue;
      MinimumCut::Node gathered = cut.addNode();
      cut.addEdge(nodes[u], gathered, getCost(value));
      for (OpOperand &use : value.getUses()) {
        if (takesBackOwnSlice(use.getOwner(), value))
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
        if (!feeding.contains(user) && !takesBackOwnSlice(user, operand) &&
            (needsWhole(use) || isWorthMoving(user)))
          return {reason::kOtherUsers, user, "allow-extra-gather=true"};
      }
      if (!isa<AllGatherOp>(def))
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

/// The slice along `dim` of an operand of a moving op.
Value GatherMotion::getLocal(OpBuilder &builder, Operation *op,
                             OpOperand &operand, int64_t dim,
                             const Unit &unit) {
  Value value = operand.get();
  auto made = slices.find(value);
  if (made != slices.end() && made->second.kind == unit.kind &&
      made->second.dim == dim)
    if (Value local = locals.lookup(value))
      return local;
  // Replicated over the group (checked by matchLaw, or gathered): slice it.
  GatherKind &kind = kinds[unit.kind];
  ensureExtents(kind);
  auto type = cast<RankedTensorType>(value.getType());
  int64_t localSize = ShapedType::kDynamic;
  for (auto [result, resultDim] :
       llvm::zip_equal(op->getResults(), unit.slicing.resultDims))
    if (cast<RankedTensorType>(result.getType()).getDimSize(resultDim) ==
        type.getDimSize(dim))
      localSize = slices.find(result)->second.localSize;
  if (ShapedType::isDynamic(localSize) && !type.isDynamicDim(dim) &&
      kind.groupSize && !kind.extents)
    localSize = type.getDimSize(dim) / *kind.groupSize;
  return AllSliceOp::create(
      builder, op->getLoc(), getLocalType(type, dim, localSize), value,
      builder.getI64IntegerAttr(dim), kind.extents, kind.mesh, kind.axes);
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
      operands.push_back(dim ? getLocal(builder, unit.op, operand, *dim, unit)
                             : operand.get());
    }
    SmallVector<Type> types;
    for (Value result : unit.op->getResults()) {
      const Slices &made = slices.find(result)->second;
      types.push_back(getLocalType(result.getType(), made.dim, made.localSize));
    }
    Operation *local = cast<DimParallelOpInterface>(unit.op).cloneOnSlices(
        builder, operands, types);
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
        auto it = unitOf.find(user);
        isNeededWhole |=
            it == unitOf.end() || !units[it->second].moves || needsWhole(use);
      }
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
    for (unsigned u : region)
      for (Value value : units[u].op->getResults()) {
        bool staysWhole = llvm::any_of(value.getUses(), [&](OpOperand &use) {
          if (takesBackOwnSlice(use.getOwner(), value))
            return false;
          return needsWhole(use) || !units[unitOf.lookup(use.getOwner())].moves;
        });
        if (units[u].isGather())
          add(before, getReceivedBytes(value));
        if ((units[u].isGather() || units[u].moves) && staysWhole)
          add(after, getReceivedBytes(value));
      }

    for (unsigned u : region) {
      if (!isNorm(u))
        continue;
      Operation *op = units[u].op;
      MotionOutcome outcome{op, op->getLoc(), {}, {}, {}, {}, {}, {}, {}};
      if (units[u].moves) {
        outcome.rowsBefore = countRows(op);
        const Slices &made = slices.find(op->getResult(0))->second;
        int64_t whole = cast<RankedTensorType>(op->getResult(0).getType())
                            .getDimSize(made.dim);
        if (outcome.rowsBefore && !ShapedType::isDynamic(made.localSize) &&
            whole > 0)
          outcome.rowsAfter = *outcome.rowsBefore / whole * made.localSize;
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
