//===- DistFolds.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folders and canonicalisers of the dist ops. Each goes one way, holds bit for
// bit, and needs no cost: what does belongs in a pass.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace commuter::dist;

//===----------------------------------------------------------------------===//
// What is known without the analysis
//===----------------------------------------------------------------------===//

static bool containsAll(ArrayAttr axes, ArrayAttr wanted) {
  return llvm::all_of(wanted,
                      [&](Attribute a) { return llvm::is_contained(axes, a); });
}

/// True if `value` is the same on all ranks of the group, by its producer or by
/// its annotation alone. The state analysis knows more; a folder must be cheap.
static bool isReplicated(Value value, FlatSymbolRefAttr mesh, ArrayAttr axes) {
  if (matchPattern(value, m_Constant()))
    return true;
  auto isSaidBy = [&](ShardingAttr sharding) {
    return sharding.getMesh() == mesh &&
           llvm::none_of(
               axes, [&](Attribute axis) { return sharding.namesAxis(axis); });
  };
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto function =
        dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp());
    if (!function || !argument.getOwner()->isEntryBlock())
      return false;
    auto sharding = function.getArgAttrOfType<ShardingAttr>(
        argument.getArgNumber(), ShardingAttr::kAttrName);
    return sharding && isSaidBy(sharding);
  }
  Operation *op = value.getDefiningOp();
  if (auto gather = dyn_cast<AllGatherOp>(op))
    return gather.getMeshAttr() == mesh && containsAll(gather.getAxes(), axes);
  if (auto reduce = dyn_cast<AllReduceOp>(op))
    return reduce.getMeshAttr() == mesh && containsAll(reduce.getAxes(), axes);
  if (auto promise = dyn_cast<AssertShardingOp>(op))
    return isSaidBy(promise.getSharding());
  return false;
}

static bool isUnitGroup(MeshGroupOpInterface op) {
  return getGroupSize(op) == 1;
}

/// True if a gather along `dim` with these extents makes slices of known
/// places: the dimension is static (then equal on all ranks), or the extents
/// are a value. Otherwise a gather may be ragged where a slice splits evenly.
static bool hasKnownPlaces(Value slice, int64_t dim, Value extents) {
  return extents || !cast<RankedTensorType>(slice.getType()).isDynamicDim(dim);
}

/// x, if this all_slice undoes the all_gather of x: same dimension, same axes
/// in the same order, same extents, and nothing summed.
static Value getGatheredInput(AllSliceOp slice) {
  auto gather = slice.getInput().getDefiningOp<AllGatherOp>();
  if (!gather || gather.getDim() != slice.getDim() ||
      gather.getMeshAttr() != slice.getMeshAttr() ||
      gather.getAxes() != slice.getAxes() ||
      gather.getExtents() != slice.getExtents() || gather.getSummingAttr() ||
      !hasKnownPlaces(gather.getInput(), slice.getDim(), slice.getExtents()))
    return {};
  return gather.getInput();
}

/// x, if this all_gather undoes the all_slice of a replicated x.
static Value getSlicedInput(AllGatherOp gather) {
  auto slice = gather.getInput().getDefiningOp<AllSliceOp>();
  if (!slice || gather.getDim() != slice.getDim() ||
      gather.getMeshAttr() != slice.getMeshAttr() ||
      gather.getAxes() != slice.getAxes() ||
      gather.getExtents() != slice.getExtents() || gather.getSummingAttr() ||
      !isReplicated(slice.getInput(), slice.getMeshAttr(), slice.getAxes()))
    return {};
  return slice.getInput();
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

/// A collective over a group of one is the identity.
static OpFoldResult foldUnitGroup(MeshGroupOpInterface op) {
  Value input = op->getOperand(0);
  if (input.getType() == op->getResult(0).getType() &&
      input != op->getResult(0) && isUnitGroup(op))
    return input;
  return {};
}

OpFoldResult AllGatherOp::fold(FoldAdaptor) {
  if (getSummingAttr())
    return {};
  // all_gather(all_slice(x)) = x, x replicated over the group.
  if (Value x = getSlicedInput(*this);
      x && x.getType() == getType() && x != getResult())
    return x;
  return foldUnitGroup(*this);
}

OpFoldResult AllSliceOp::fold(FoldAdaptor adaptor) {
  // all_slice(all_gather(x)) = x.
  if (Value x = getGatheredInput(*this);
      x && x.getType() == getType() && x != getResult())
    return x;
  // A slice of a splat is a splat.
  if (auto splat = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput()))
    if (getType().hasStaticShape())
      return splat.resizeSplat(getType());
  return foldUnitGroup(*this);
}

OpFoldResult AllReduceOp::fold(FoldAdaptor) {
  // all_reduce(to_partial(r)) = r, r replicated over the group: the other
  // summands are the identity of the sum.
  if (auto partial = getInput().getDefiningOp<ToPartialOp>())
    if (getKind() == ReductionKind::Sum &&
        partial.getMeshAttr() == getMeshAttr() &&
        partial.getAxes().size() == getAxes().size() &&
        containsAll(partial.getAxes(), getAxes()) &&
        isReplicated(partial.getInput(), getMeshAttr(), getAxes()))
      return partial.getInput();
  return foldUnitGroup(*this);
}

OpFoldResult ReduceScatterOp::fold(FoldAdaptor) { return foldUnitGroup(*this); }
OpFoldResult AllToAllOp::fold(FoldAdaptor) { return foldUnitGroup(*this); }
OpFoldResult ToPartialOp::fold(FoldAdaptor) { return foldUnitGroup(*this); }

OpFoldResult AxisIndexOp::fold(FoldAdaptor) {
  if (isUnitGroup(*this))
    return IntegerAttr::get(getType(), 0);
  return {};
}

OpFoldResult AxisSizeOp::fold(FoldAdaptor) {
  if (std::optional<int64_t> size = commuter::dist::getGroupSize(*this))
    return IntegerAttr::get(getType(), *size);
  return {};
}

//===----------------------------------------------------------------------===//
// Canonicalisation patterns
//===----------------------------------------------------------------------===//

namespace {

/// The axes that are not of size 1.
ArrayAttr dropUnitAxes(MeshOp mesh, ArrayAttr axes) {
  SmallVector<Attribute> kept;
  for (StringAttr name : axes.getAsRange<StringAttr>()) {
    std::optional<unsigned> axis = mesh.findAxis(name);
    if (!axis || mesh.getAxisSize(*axis) != 1)
      kept.push_back(name);
  }
  return ArrayAttr::get(axes.getContext(), kept);
}

/// An axis of size 1 changes neither a group nor its order.
template <typename OpTy>
struct DropUnitAxes : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    MeshOp mesh = lookupMesh(op, op.getMeshAttr());
    if (!mesh)
      return failure();
    ArrayAttr kept = dropUnitAxes(mesh, op.getAxes());
    if (kept.empty() || kept == op.getAxes())
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.setAxesAttr(kept); });
    return success();
  }
};

/// A group of one, where the types differ in what is known of the shape.
template <typename OpTy>
struct CastUnitGroup : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if constexpr (std::is_same_v<OpTy, AllGatherOp>)
      if (op.getSummingAttr())
        return failure();
    if (op.getInput().getType() == op.getType() || !isUnitGroup(op))
      return failure();
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(),
                                                op.getInput());
    return success();
  }
};

/// A sum over axes of size 1 is none; a gather over axes of size 1 that sums is
/// an all_reduce.
struct SimplifySumming : public OpRewritePattern<AllGatherOp> {
  using OpRewritePattern<AllGatherOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(AllGatherOp op,
                                PatternRewriter &rewriter) const override {
    MeshOp mesh = lookupMesh(op, op.getMeshAttr());
    if (!mesh || !op.getSummingAttr())
      return failure();
    ArrayAttr summing = dropUnitAxes(mesh, op.getSummingAttr());
    if (!summing.empty() && isUnitGroup(op) &&
        op.getInput().getType() == op.getType()) {
      rewriter.replaceOpWithNewOp<AllReduceOp>(
          op, op.getType(), op.getInput(),
          ReductionKindAttr::get(op.getContext(), ReductionKind::Sum),
          op.getMeshAttr(), summing);
      return success();
    }
    if (summing == op.getSummingAttr())
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.setSummingAttr(summing.empty() ? ArrayAttr() : summing);
    });
    return success();
  }
};

/// See `canMergeGathers`.
struct MergeNestedGathers : public OpRewritePattern<AllGatherOp> {
  using OpRewritePattern<AllGatherOp>::OpRewritePattern;
  LogicalResult matchAndRewrite(AllGatherOp outer,
                                PatternRewriter &rewriter) const override {
    auto inner = outer.getInput().getDefiningOp<AllGatherOp>();
    if (!inner || !canMergeGathers(outer, inner))
      return failure();
    rewriter.modifyOpInPlace(outer, [&] { mergeGathers(outer, inner); });
    rewriter.eraseOp(inner);
    return success();
  }
};

/// True if both cut the same dimension, of a static size, evenly, nothing is
/// summed, and what is known of the other dimensions does not differ.
bool cutAlike(AllGatherOp gather, AllSliceOp slice) {
  const uint64_t dim = gather.getDim();
  RankedTensorType like = gather.getType();
  auto fits = [&](RankedTensorType type) {
    return !type.isDynamicDim(dim) &&
           type.getShape().take_front(dim) == like.getShape().take_front(dim) &&
           type.getShape().drop_front(dim + 1) ==
               like.getShape().drop_front(dim + 1);
  };
  return slice.getDim() == dim && slice.getMeshAttr() == gather.getMeshAttr() &&
         !gather.getExtents() && !slice.getExtents() &&
         !gather.getSummingAttr() && fits(like) &&
         fits(gather.getInput().getType()) &&
         fits(slice.getInput().getType()) && fits(slice.getType());
}

/// all_slice{A, B}(all_gather{A}(x)) = all_slice{B}(x): the first axes choose
/// what the rank itself has.
///
/// all_slice{A}(all_gather{A, B}(x)) = all_gather{B}(x): they choose what it
/// has together with its neighbours along the last ones. Precondition: there
/// would be no gather more: this one has no other user, nor has x another
/// gather, which may be equal; one block with it.
struct SliceGathered : public OpRewritePattern<AllSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AllSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto gather = slice.getInput().getDefiningOp<AllGatherOp>();
    if (!gather || !cutAlike(gather, slice))
      return failure();
    ArrayRef<Attribute> rest = getAxesBehind(gather.getAxes(), slice.getAxes());
    if (!rest.empty()) {
      rewriter.replaceOpWithNewOp<AllSliceOp>(
          slice, slice.getType(), gather.getInput(), slice.getDimAttr(),
          /*extents=*/Value(), slice.getMeshAttr(),
          rewriter.getArrayAttr(rest));
      return success();
    }
    rest = getAxesBehind(slice.getAxes(), gather.getAxes());
    auto isOther = [&](Operation *user) {
      return user != gather && isa<AllGatherOp>(user);
    };
    if (rest.empty() || !gather->hasOneUse() ||
        gather->getBlock() != slice->getBlock() ||
        llvm::any_of(gather.getInput().getUsers(), isOther))
      return failure();
    rewriter.setInsertionPoint(gather);
    rewriter.replaceOpWithNewOp<AllGatherOp>(
        slice, slice.getType(), gather.getInput(), gather.getDimAttr(),
        /*extents=*/Value(), gather.getMeshAttr(), rewriter.getArrayAttr(rest),
        /*summing=*/ArrayAttr());
    rewriter.eraseOp(gather);
    return success();
  }
};

/// all_gather{A, B}(all_slice{B}(x)) = all_gather{A}(x) and
/// all_gather{B}(all_slice{A, B}(x)) = all_slice{A}(x): the last axes put
/// together again what they have cut. Precondition: x is replicated over B.
struct GatherSliced : public OpRewritePattern<AllGatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AllGatherOp gather,
                                PatternRewriter &rewriter) const override {
    auto slice = gather.getInput().getDefiningOp<AllSliceOp>();
    if (!slice || !cutAlike(gather, slice))
      return failure();
    Value x = slice.getInput();
    auto isReplicatedOver = [&](ArrayAttr axes) {
      return isReplicated(x, gather.getMeshAttr(), axes);
    };
    ArrayRef<Attribute> rest = getAxesBefore(slice.getAxes(), gather.getAxes());
    if (!rest.empty() && isReplicatedOver(slice.getAxes())) {
      rewriter.replaceOpWithNewOp<AllGatherOp>(
          gather, gather.getType(), x, gather.getDimAttr(), /*extents=*/Value(),
          gather.getMeshAttr(), rewriter.getArrayAttr(rest),
          /*summing=*/ArrayAttr());
      return success();
    }
    rest = getAxesBefore(gather.getAxes(), slice.getAxes());
    if (!rest.empty() && isReplicatedOver(gather.getAxes())) {
      rewriter.replaceOpWithNewOp<AllSliceOp>(
          gather, gather.getType(), x, gather.getDimAttr(), /*extents=*/Value(),
          gather.getMeshAttr(), rewriter.getArrayAttr(rest));
      return success();
    }
    return failure();
  }
};

/// all_slice(all_gather(x)) = x and all_gather(all_slice(x)) = x, where the
/// types differ in what is known of the shape.
template <typename OpTy, Value (*getOriginal)(OpTy)>
struct CastRoundTrip : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Value x = getOriginal(op);
    if (!x || x.getType() == op.getType())
      return failure();
    rewriter.replaceOpWithNewOp<tensor::CastOp>(op, op.getType(), x);
    return success();
  }
};

/// all_slice{B}(all_reduce{B}(x)) = reduce_scatter{B}(x), by definition, where
/// the sum was. Precondition: no other user of the sum; no extents; the axes in
/// one order, which is that of the summands, too; one block, as what does not
/// split evenly is an error where it is sliced.
struct ScatterSlicedSum : public OpRewritePattern<AllSliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AllSliceOp slice,
                                PatternRewriter &rewriter) const override {
    auto sum = slice.getInput().getDefiningOp<AllReduceOp>();
    if (!sum || !sum->hasOneUse() || sum->getBlock() != slice->getBlock() ||
        slice.getExtents() || slice.getMeshAttr() != sum.getMeshAttr() ||
        slice.getAxes() != sum.getAxes())
      return failure();
    rewriter.setInsertionPoint(sum);
    rewriter.replaceOpWithNewOp<ReduceScatterOp>(
        slice, slice.getType(), sum.getInput(), sum.getKindAttr(),
        slice.getDimAttr(), slice.getMeshAttr(), slice.getAxes());
    rewriter.eraseOp(sum);
    return success();
  }
};

/// True if every run to `op` has come through `other`, as is seen at once: the
/// latter is in front, in its block, in one around it, or where the region of
/// one of these begins.
bool isInFront(Operation *other, Operation *op) {
  Operation *around = other->getParentRegion()->findAncestorOpInRegion(*op);
  if (!around)
    return false;
  return around->getBlock() == other->getBlock()
             ? other->isBeforeInBlock(around)
             : other->getBlock()->isEntryBlock();
}

/// all_gather(x) = all_gather(x, extents(x)), if these are exchanged in front
/// of it: equal gathers look alike then, and there is one exchange.
struct UseOwnExtents : public OpRewritePattern<AllGatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AllGatherOp gather,
                                PatternRewriter &rewriter) const override {
    if (gather.getExtents() ||
        !gather.getInput().getType().isDynamicDim(gather.getDim()))
      return failure();
    Value extents = findOwnExtents(gather, [&](ExchangeExtentsOp exchange) {
      return isInFront(exchange, gather);
    });
    if (!extents)
      return failure();
    rewriter.modifyOpInPlace(
        gather, [&] { gather.getExtentsMutable().assign(extents); });
    return success();
  }
};

/// True if the gather has the extents that it would have without.
bool hasOwnExtents(AllGatherOp gather) {
  auto exchange = dyn_cast_if_present<ExchangeExtentsOp>(
      gather.getExtents() ? gather.getExtents().getDefiningOp() : nullptr);
  return exchange && isExtentsOf(exchange, gather);
}

/// all_gather(x) = g, for an equal gather g, also if g has no extents and this
/// one has its own. Precondition: every run comes through g first. (`cse` knows
/// so within a block alone.)
struct UseEqualGather : public OpRewritePattern<AllGatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AllGatherOp gather,
                                PatternRewriter &rewriter) const override {
    // Of a value that is gathered in very many places few may be in front.
    constexpr unsigned kMostUsers = 32;
    unsigned numUsers = 0;
    for (Operation *user : gather.getInput().getUsers()) {
      if (++numUsers > kMostUsers)
        break;
      auto other = dyn_cast<AllGatherOp>(user);
      if (!other || other == gather || other.getInput() != gather.getInput() ||
          other.getType() != gather.getType() ||
          (other.getExtents() != gather.getExtents() &&
           (other.getExtents() || !hasOwnExtents(gather))) ||
          other.getProperties() != gather.getProperties() ||
          !isInFront(other, gather))
        continue;
      rewriter.replaceOp(gather, other);
      return success();
    }
    return failure();
  }
};

/// One rank's extents are its own.
struct ReplaceUnitExchange : public OpRewritePattern<ExchangeExtentsOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ExchangeExtentsOp op,
                                PatternRewriter &rewriter) const override {
    if (!isUnitGroup(op))
      return failure();
    Value extents =
        tensor::FromElementsOp::create(rewriter, op.getLoc(), op.getExtent());
    if (extents.getType() != op.getType())
      extents =
          tensor::CastOp::create(rewriter, op.getLoc(), op.getType(), extents);
    rewriter.replaceOp(op, extents);
    return success();
  }
};

} // namespace

void AllGatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<UseEqualGather, DropUnitAxes<AllGatherOp>,
               CastUnitGroup<AllGatherOp>, SimplifySumming, MergeNestedGathers,
               GatherSliced, UseOwnExtents,
               CastRoundTrip<AllGatherOp, getSlicedInput>>(context);
}
void AllSliceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<DropUnitAxes<AllSliceOp>, CastUnitGroup<AllSliceOp>,
               CastRoundTrip<AllSliceOp, getGatheredInput>, SliceGathered,
               ScatterSlicedSum>(context);
}
void AllReduceOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropUnitAxes<AllReduceOp>>(context);
}
void ReduceScatterOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                  MLIRContext *context) {
  patterns.add<DropUnitAxes<ReduceScatterOp>, CastUnitGroup<ReduceScatterOp>>(
      context);
}
void AllToAllOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<DropUnitAxes<AllToAllOp>, CastUnitGroup<AllToAllOp>>(context);
}
void ToPartialOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropUnitAxes<ToPartialOp>>(context);
}
void ExchangeExtentsOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                                    MLIRContext *context) {
  patterns.add<DropUnitAxes<ExchangeExtentsOp>, ReplaceUnitExchange>(context);
}
