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
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
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
/// Precondition: f is elementwise, or a norm of dimensions behind those that
/// the group of rows becomes; y has these dimensions, too. (It needs no gather:
/// it is of use where the group would straddle ranks.)
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
  static bool isNorm(Operation *op) {
    return isa<norm::LayerNormOp, norm::RMSNormOp, norm::AddLayerNormOp,
               norm::AddRMSNormOp>(op);
  }

  /// How many operands of a norm, from the first one on, have rows.
  static unsigned getNumRowOperands(Operation *op) {
    return isNorm(op) ? op->getNumResults() : op->getNumOperands();
  }

  bool isOfRows(Type other) const {
    auto tensor = dyn_cast<RankedTensorType>(other);
    return tensor && tensor.getShape() == type.getShape() &&
           !tensor.getEncoding();
  }

  bool computesRows(Operation *op) const {
    const bool isRowWise =
        llvm::TypeSwitch<Operation *, bool>(op)
            .Case<norm::LayerNormOp, norm::RMSNormOp, norm::AddLayerNormOp,
                  norm::AddRMSNormOp>(
                [&](auto normOp) { return normOp.getNormAxis() > rows.back(); })
            .Default([](Operation *other) {
              return OpTrait::hasElementwiseMappableTraits(other) &&
                     other->getNumRegions() == 0;
            });
    return isRowWise && llvm::all_of(op->getResultTypes(), [&](Type result) {
             return isOfRows(result);
           });
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
      if (!computesRows(user) ||
          use.getOperandNumber() >= getNumRowOperands(user))
        continue;
      if (visited.insert(user).second &&
          (findUsers(user, found, depth + 1) | isNorm(user)))
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
    IRMapping merged;
    for (Value operand : op->getOperands().take_front(getNumRowOperands(op)))
      if (isOfRows(operand.getType()) && !merged.contains(operand))
        merged.map(operand, merge(builder, loc, operand));
    Operation *ofRows = builder.clone(*op, merged);
    for (Value result : ofRows->getResults())
      result.setType(getMergedType(result.getType()));
    shiftAxis(ofRows);
    for (auto [result, ofResult] :
         llvm::zip_equal(op->getResults(), ofRows->getResults()))
      result.replaceAllUsesWith(tensor::ExpandShapeOp::create(
          builder, loc, cast<RankedTensorType>(result.getType()), ofResult,
          merging, expand.getMixedOutputShape()));
    if (listener)
      listener->notifyMoved(op, ofRows);
  }

  void shiftAxis(Operation *op) const {
    llvm::TypeSwitch<Operation *>(op)
        .Case<norm::LayerNormOp, norm::RMSNormOp, norm::AddLayerNormOp,
              norm::AddRMSNormOp>([&](auto normOp) {
          if (std::optional<uint64_t> axis = normOp.getAxis())
            normOp.setAxis(*axis - (rows.size() - 1));
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
