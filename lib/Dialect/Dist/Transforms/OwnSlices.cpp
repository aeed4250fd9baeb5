//===- OwnSlices.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rank's own slice, spelled out, raised to dist.all_slice.
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

namespace {

/// A number that a rank computes of its place in the mesh: a constant, and
/// multiples of its indices along axes of several ranks. Nothing in it is
/// negative, and it is at most `most` on all ranks.
struct RankSum {
  struct Term {
    Attribute axis;
    int64_t size; ///< of the axis
    int64_t factor;
  };

  int64_t constant = 0;
  int64_t most = 0;
  FlatSymbolRefAttr mesh; ///< null: there are no terms
  SmallVector<Term, 2> terms;
};

using MaybeSum = std::optional<RankSum>;

} // namespace

static MaybeSum getConstant(int64_t constant) {
  if (constant < 0)
    return std::nullopt;
  RankSum sum;
  sum.constant = sum.most = constant;
  return sum;
}

static MaybeSum add(const MaybeSum &a, const MaybeSum &b) {
  if (!a || !b || (a->mesh && b->mesh && a->mesh != b->mesh))
    return std::nullopt;
  // No part is larger than what is the most of all.
  std::optional<int64_t> most = llvm::checkedAdd(a->most, b->most);
  if (!most)
    return std::nullopt;
  RankSum sum = *a;
  sum.constant += b->constant;
  sum.most = *most;
  sum.mesh = a->mesh ? a->mesh : b->mesh;
  for (const RankSum::Term &term : b->terms) {
    auto *same = llvm::find_if(sum.terms, [&](const RankSum::Term &other) {
      return other.axis == term.axis;
    });
    if (same != sum.terms.end())
      same->factor += term.factor;
    else
      sum.terms.push_back(term);
  }
  return sum;
}

static MaybeSum multiply(const MaybeSum &a, const MaybeSum &b) {
  if (!a || !b || (!a->terms.empty() && !b->terms.empty()))
    return std::nullopt;
  const int64_t factor = a->terms.empty() ? a->constant : b->constant;
  RankSum product = a->terms.empty() ? *b : *a;
  std::optional<int64_t> most = llvm::checkedMul(product.most, factor);
  if (!most)
    return std::nullopt;
  product.constant *= factor;
  product.most = *most;
  for (RankSum::Term &term : product.terms)
    term.factor *= factor;
  return product;
}

/// The rank's place in its group: the index along the last axis is the fastest.
static MaybeSum getAxisIndex(AxisIndexOp op) {
  MeshOp mesh = lookupMesh(op, op.getMeshAttr());
  std::optional<int64_t> groupSize = commuter::dist::getGroupSize(op);
  if (!mesh || !groupSize)
    return std::nullopt;
  RankSum sum;
  sum.mesh = op.getMeshAttr();
  sum.most = *groupSize - 1;
  int64_t factor = 1;
  for (StringAttr axis : llvm::reverse(op.getAxes().getAsRange<StringAttr>())) {
    const int64_t size = mesh.getAxisSize(*mesh.findAxis(axis));
    if (size != 1)
      sum.terms.push_back({axis, size, factor});
    factor *= size;
  }
  return sum;
}

static MaybeSum getSum(Value value, unsigned depth);

static MaybeSum getSum(AffineExpr expr, affine::AffineApplyOp op,
                       unsigned depth) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return getConstant(constant.getValue());
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return getSum(op.getMapOperands()[dim.getPosition()], depth);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return getSum(
        op.getMapOperands()[op.getMap().getNumDims() + symbol.getPosition()],
        depth);
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary || (expr.getKind() != AffineExprKind::Add &&
                  expr.getKind() != AffineExprKind::Mul))
    return std::nullopt;
  MaybeSum a = getSum(binary.getLHS(), op, depth);
  MaybeSum b = getSum(binary.getRHS(), op, depth);
  return expr.getKind() == AffineExprKind::Add ? add(a, b) : multiply(a, b);
}

/// What the op that makes the value computes, of what it is in exact numbers.
static MaybeSum getExactSum(Value value, unsigned depth) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)))
    return constant.isSignedIntN(64) ? getConstant(constant.getSExtValue())
                                     : std::nullopt;
  Operation *op = value.getDefiningOp();
  if (!op || depth == 0)
    return std::nullopt;
  if (auto index = dyn_cast<AxisIndexOp>(op))
    return getAxisIndex(index);
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return getSum(apply.getMap().getResult(0), apply, depth - 1);
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return getSum(op->getOperand(0), depth - 1);
  if (!isa<arith::AddIOp, arith::MulIOp>(op))
    return std::nullopt;
  MaybeSum a = getSum(op->getOperand(0), depth - 1);
  MaybeSum b = getSum(op->getOperand(1), depth - 1);
  return isa<arith::AddIOp>(op) ? add(a, b) : multiply(a, b);
}

/// The same, if the value's type holds that on all ranks, as a positive number.
static MaybeSum getSum(Value value, unsigned depth) {
  MaybeSum sum = getExactSum(value, depth);
  auto type = dyn_cast<IntegerType>(value.getType());
  if (sum && type && !APInt(64, sum->most).isIntN(type.getWidth() - 1))
    return std::nullopt;
  return sum;
}

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

namespace {
struct OwnSlice {
  int64_t dim;
  FlatSymbolRefAttr mesh;
  ArrayAttr axes;
};
} // namespace

/// The group whose ranks, in its order, begin at the multiples of `size` below
/// `whole` that the sum is. Its axes are those of the terms, the one with the
/// largest steps first.
static std::optional<OwnSlice> findGroup(RankSum sum, int64_t dim, int64_t size,
                                         int64_t whole) {
  if (sum.terms.empty() || sum.constant != 0 || size == 0)
    return std::nullopt;
  llvm::sort(sum.terms, [](const RankSum::Term &a, const RankSum::Term &b) {
    return a.factor > b.factor;
  });
  std::optional<int64_t> step = size;
  for (const RankSum::Term &term : llvm::reverse(sum.terms)) {
    if (term.factor != step)
      return std::nullopt;
    step = llvm::checkedMul(*step, term.size);
  }
  if (step != whole)
    return std::nullopt;
  SmallVector<Attribute> axes;
  for (const RankSum::Term &term : sum.terms)
    axes.push_back(term.axis);
  return OwnSlice{dim, sum.mesh, ArrayAttr::get(sum.mesh.getContext(), axes)};
}

/// Law, for a group of N ranks, of which this one is the r-th, and x that is
/// N * t long in dimension d:
///
///   extract_slice_d(x)[r * t][t] = all_slice_d(x)
///
/// by definition. Precondition: all other dimensions are taken whole; all sizes
/// are static; no step is larger than 1. (Without N * t the slice could be one
/// of a part of x, or of ranks that hold unequal parts.)
static std::optional<OwnSlice> findOwnSlice(tensor::ExtractSliceOp op) {
  constexpr unsigned kMaxDepth = 16;
  RankedTensorType whole = op.getSourceType();
  if (!whole.hasStaticShape() ||
      ShapedType::isDynamicShape(op.getStaticSizes()) || !op.hasUnitStride())
    return std::nullopt;
  std::optional<OwnSlice> found;
  for (auto [dim, offset] : llvm::enumerate(op.getMixedOffsets())) {
    const int64_t size = op.getStaticSizes()[dim], all = whole.getDimSize(dim);
    if (isConstantIntValue(offset, 0)) {
      if (size != all)
        return std::nullopt;
      continue;
    }
    auto value = dyn_cast<Value>(offset);
    MaybeSum sum = value && !found ? getSum(value, kMaxDepth) : std::nullopt;
    if (!sum)
      return std::nullopt;
    found = findGroup(*sum, dim, size, all);
    if (!found)
      return std::nullopt;
  }
  return found;
}

bool commuter::dist::raiseOwnSlices(ArrayRef<FunctionOpInterface> functions,
                                    const ShardingAnalysis &analysis) {
  // Most programs need not be gone through: without an index of a rank there is
  // no offset that is one.
  if (!analysis.hasAxisIndex())
    return false;
  SmallVector<std::pair<tensor::ExtractSliceOp, OwnSlice>> slices;
  for (FunctionOpInterface function : functions)
    function->walk([&](tensor::ExtractSliceOp op) {
      std::optional<OwnSlice> own = findOwnSlice(op);
      // What is not the same on all ranks has no slices that are its parts.
      if (own &&
          analysis.isReplicatedOver(op.getSource(), own->mesh, own->axes))
        slices.emplace_back(op, *own);
    });
  for (auto &[op, own] : slices) {
    OpBuilder builder(op);
    RankedTensorType type = op.getSourceType().clone(op.getStaticSizes());
    Value slice = AllSliceOp::create(builder, op.getLoc(), type, op.getSource(),
                                     builder.getI64IntegerAttr(own.dim),
                                     /*extents=*/Value(), own.mesh, own.axes);
    // It may be without dimensions of size 1.
    if (type != op.getType())
      slice = tensor::createCanonicalRankReducingExtractSliceOp(
          builder, op.getLoc(), slice, op.getType());
    op.replaceAllUsesWith(slice);
    op.erase();
  }
  return !slices.empty();
}
