//===- MergeRows.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gathered rows that an expand_shape puts into groups of which ranks have
// parts, and what is computed of the rows alone, whatever group they are in.
//
//===----------------------------------------------------------------------===//

#include "MotionRewrite.h"

#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {
/// Law, for f that computes each row of its own:
///
///   f(expand_shape(x), y) = expand_shape(f(x, collapse_shape(y)))
///
/// Precondition: f is parallel in each dimension that the rows become, and y
/// has these, too, or f needs it whole. (It needs no gather: it is of use where
/// the group would straddle ranks.)
class RowsOfGroups {
public:
  /// Adds to `expands` what may have no users afterwards.
  RowsOfGroups(tensor::ExpandShapeOp expand, int64_t gatheredDim,
               SetVector<Operation *> &expands)
      : expand(expand), type(expand.getResultType()),
        rows(expand.getReassociationIndices()[gatheredDim]), expands(expands) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (merging.empty() || dim <= rows.front() || dim > rows.back())
        merging.emplace_back();
      merging.back().push_back(dim);
    }
  }

  /// Takes the op behind what is worth moving, and all that is between. Returns
  /// false if there is nothing.
  bool merge(MotionListener *listener) {
    SetVector<Operation *> between;
    if (!findUsers(expand, between))
      return false;
    // Each was found after its users were.
    SmallVector<Operation *> ops = between.takeVector();
    for (Operation *op : llvm::reverse(ops))
      merge(op, listener);
    for (Operation *op : ops) {
      if (listener)
        listener->notifyErased(op);
      op->erase();
    }
    return true;
  }

private:
  /// True if the value has the rows, in the dimensions that they are cut into.
  bool hasRows(Value value) const {
    auto other = dyn_cast<RankedTensorType>(value.getType());
    return other && other.getRank() == type.getRank() && !other.getEncoding() &&
           llvm::all_of(rows, [&](int64_t dim) {
             return other.getDimSize(dim) == type.getDimSize(dim);
           });
  }

  /// The operands of an op that have rows, if it computes each of its own:
  /// whatever dimension they are sliced along, it is parallel in that.
  SmallVector<OpOperand *> getRowOperands(Operation *op) const {
    auto parallel = dyn_cast<DimParallelOpInterface>(op);
    // Ops on numbers, of which none but a norm says which dimension is which.
    if (!parallel || op->getNumRegions() != 0 ||
        !isa_and_nonnull<arith::ArithDialect, math::MathDialect,
                         norm::NormDialect>(op->getDialect()) ||
        !llvm::all_of(op->getResults(), [&](Value v) { return hasRows(v); }))
      return {};
    SmallVector<OpOperand *> operands;
    for (int64_t dim : rows) {
      DimSlicing slicing = parallel.getDimSlicing(0, dim);
      if (!slicing.isLegal() || !hasOnlyUnitsOfOne(slicing) ||
          llvm::any_of(slicing.resultDims, [&](int64_t d) { return d != dim; }))
        return {};
      SmallVector<OpOperand *> sliced;
      for (OpOperand &operand : op->getOpOperands()) {
        std::optional<int64_t> d =
            slicing.operandDims[operand.getOperandNumber()];
        if (!d)
          continue;
        if (*d != dim || !hasRows(operand.get()))
          return {};
        sliced.push_back(&operand);
      }
      if (dim != rows.front() && sliced != operands)
        return {};
      operands = std::move(sliced);
    }
    return operands;
  }

  /// Adds the users that compute rows, of which something is worth moving or
  /// leads to what is.
  bool findUsers(Operation *op, SetVector<Operation *> &found,
                 unsigned depth = 0) {
    constexpr unsigned kMostOps = 64;
    if (depth == kMostOps)
      return false;
    bool findsAny = false;
    for (OpOperand &use : op->getUses()) {
      Operation *user = use.getOwner();
      if (!llvm::is_contained(getRowOperands(user), &use))
        continue;
      const bool isWorthMoving =
          cast<DimParallelOpInterface>(user).isWorthMoving();
      if (visited.insert(user).second &&
          (findUsers(user, found, depth + 1) | isWorthMoving))
        found.insert(user);
      findsAny |= found.contains(user);
    }
    return findsAny;
  }

  RankedTensorType getMergedType(Type ofRows) const {
    return tensor::CollapseShapeOp::inferCollapsedType(
        cast<RankedTensorType>(ofRows), merging);
  }

  /// The value with its rows in one dimension.
  Value merge(OpBuilder &builder, Location loc, Value value) {
    const RankedTensorType merged = getMergedType(value.getType());
    DenseElementsAttr constant;
    if (merged.hasStaticShape() && matchPattern(value, m_Constant(&constant)))
      return arith::ConstantOp::create(builder, loc, constant.reshape(merged));
    auto other = value.getDefiningOp<tensor::ExpandShapeOp>();
    if (other && llvm::is_contained(other.getReassociationIndices(), rows)) {
      expands.insert(other);
      return mergeExpanded(builder, other, merged);
    }
    return tensor::CollapseShapeOp::create(builder, loc, value, merging);
  }

  /// What is expanded, but for its rows.
  Value mergeExpanded(OpBuilder &builder, tensor::ExpandShapeOp other,
                      RankedTensorType merged) const {
    if (other.getSrcType() == merged)
      return other.getSrc();
    Location loc = other.getLoc();
    SmallVector<ReassociationIndices> groups;
    SmallVector<OpFoldResult> sizes = other.getMixedOutputShape(), left;
    int64_t next = 0;
    for (auto [dim, group] : llvm::enumerate(other.getReassociationIndices())) {
      ReassociationIndices &shifted = groups.emplace_back();
      if (group == rows) {
        left.push_back(tensor::getMixedSize(builder, loc, other.getSrc(), dim));
        shifted.push_back(next++);
        continue;
      }
      for (int64_t expanded : group) {
        left.push_back(sizes[expanded]);
        shifted.push_back(next++);
      }
    }
    return tensor::ExpandShapeOp::create(builder, loc, merged, other.getSrc(),
                                         groups, left);
  }

  void merge(Operation *op, MotionListener *listener) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    Operation *merged = op->clone();
    for (OpOperand *operand : getRowOperands(op))
      merged->setOperand(operand->getOperandNumber(),
                         merge(builder, loc, operand->get()));
    for (Value result : merged->getResults())
      result.setType(getMergedType(result.getType()));
    shiftAxis(merged);
    builder.insert(merged);
    for (auto [result, ofRows] :
         llvm::zip_equal(op->getResults(), merged->getResults()))
      result.replaceAllUsesWith(tensor::ExpandShapeOp::create(
          builder, loc, cast<RankedTensorType>(result.getType()), ofRows,
          merging, getSizes(builder, loc, ofRows)));
    if (listener)
      listener->notifyMoved(op, merged);
  }

  /// The sizes of a result of rows, cut as they were.
  SmallVector<OpFoldResult> getSizes(OpBuilder &builder, Location loc,
                                     Value ofRows) {
    SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
    for (auto [dim, group] : llvm::enumerate(merging))
      if (group != rows)
        sizes[group.front()] = tensor::getMixedSize(builder, loc, ofRows, dim);
    return sizes;
  }

  void shiftAxis(Operation *op) const {
    llvm::TypeSwitch<Operation *>(op)
        .Case<norm::LayerNormOp, norm::RMSNormOp, norm::AddLayerNormOp,
              norm::AddRMSNormOp, norm::NormQuantizeOp>([&](auto normOp) {
          if (IntegerAttr axis = normOp.getAxisAttr())
            normOp.setAxis(axis.getInt() -
                           static_cast<int64_t>(rows.size() - 1));
        });
  }

  tensor::ExpandShapeOp expand;
  RankedTensorType type;
  ReassociationIndices rows; ///< the dimensions of the group
  SmallVector<ReassociationIndices> merging;
  SetVector<Operation *> &expands;
  DenseSet<Operation *> visited;
};
} // namespace

bool commuter::dist::mergeRows(MotionGraph &graph) {
  MotionListener *listener = graph.options.listener;
  SetVector<Operation *> expands;
  bool mergesAny = false;
  for (auto [expand, gatheredDim] : graph.straddling)
    mergesAny |= RowsOfGroups(expand, gatheredDim, expands).merge(listener);
  for (Operation *expand : llvm::reverse(expands.getArrayRef()))
    if (expand->use_empty()) {
      if (listener)
        listener->notifyErased(expand);
      expand->erase();
    }
  return mergesAny;
}
