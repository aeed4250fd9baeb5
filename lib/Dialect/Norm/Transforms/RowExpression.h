//===- RowExpression.h -----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a value computes, as a polynomial over the elements of one input and of
// what else goes into it: arith and math on tensors, structured ops of linalg
// and their bodies, and reshapes, all in one view.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWEXPRESSION_H
#define COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWEXPRESSION_H

#include "RowAlgebra.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"

namespace commuter::norm {

/// Why a value was not taken apart.
enum class Obstacle {
  None,
  Rounding,   ///< it is rounded, or computed in another type
  Unsupported ///< nothing is known of the op
};

/// How far a value is taken apart.
struct RowExpressionOptions {
  /// The type of the arithmetic; what is computed in another one is an element.
  mlir::Type compute;
  /// Look through roundings and arithmetic of any float type.
  bool ignoresRounding = false;
  /// What is computed of parameters alone, on tensors, is an element.
  bool keepsParameters = false;
  double tolerance = 0;
};

/// True for ops that RowExpression sees through: the slice of a program that a
/// norm can be made of consists of these.
bool isRowExpressionOp(mlir::Operation *op);

/// The sum over reduction loops, if `op` has any.
bool isReduction(mlir::Operation *op);

/// Evaluates values to polynomials. An element of `input` is an atom, and so is
/// an element of whatever is not taken apart.
class RowExpression {
public:
  RowExpression(mlir::Value input, const RowExpressionOptions &options);

  /// The element of `root` at its own place, before the rounding to its type if
  /// that is narrower than the type of the arithmetic. Nothing if `root` itself
  /// is not taken apart.
  std::optional<Polynomial> evaluateRoot(mlir::Value root);

  Algebra &getAlgebra() { return algebra; }
  /// The atom of an element of the input, which is that of `value` at its own
  /// place: a value that the input was widened or reshaped to, or itself.
  std::optional<unsigned> getInputAtom(mlir::Value value);
  /// A place with the indices of the root, of the size of `value`'s rank.
  static Place getOwnPlace(mlir::Value value);

  /// All tensors and scalars of which an element was met, but for the input.
  const llvm::SetVector<mlir::Value> &getLeaves() const { return leaves; }
  Obstacle getObstacle(mlir::Value leaf) const {
    return obstacles.lookup(leaf);
  }
  /// Ops on tensors that were taken apart.
  const llvm::DenseSet<mlir::Operation *> &getVisited() const {
    return visited;
  }

private:
  /// The loops of a structured op whose body is being evaluated.
  struct Scope {
    Scope(mlir::linalg::LinalgOp op, Place loops)
        : op(op), loops(std::move(loops)) {}

    mlir::linalg::LinalgOp op;
    Place loops;
    /// What the outputs' arguments are in a reduction.
    llvm::SmallVector<unsigned> partials;
    llvm::DenseMap<mlir::Value, Algebra::Result> known;
  };
  using Operands = llvm::function_ref<Algebra::Result(mlir::Value)>;
  /// One place of a dimension, and the places in the dimensions that it is
  /// merged of; `sizes` are of these but for the first. The code of the whole,
  /// if there is none, is kFirstMerged and the number in the list.
  struct Merged {
    std::optional<int> whole;
    llvm::SmallVector<int> parts;
    llvm::SmallVector<int64_t> sizes;
  };

  Polynomial evaluate(mlir::Value tensor, Place place);
  Algebra::Result takeApart(mlir::Value tensor, const Place &place);
  Algebra::Result evaluateStructured(mlir::linalg::LinalgOp op, unsigned result,
                                     const Place &place, bool isRoot);
  Algebra::Result evaluateScalar(mlir::Value scalar, Scope *scope);
  Algebra::Result evaluateArgument(mlir::BlockArgument argument, Scope &scope);
  Algebra::Result evaluateArithmetic(mlir::Operation *op, Operands operand);
  Algebra::Result sumUp(mlir::linalg::LinalgOp op, Scope &scope,
                        unsigned result, const Polynomial &yielded);
  Algebra::Result evaluateInteger(mlir::Value integer);
  Algebra::Result evaluateSize(mlir::Value tensor, int64_t dim,
                               unsigned depth = 0);
  Algebra::Result getExtent(mlir::linalg::LinalgOp op, unsigned loop);
  Polynomial makeLeaf(mlir::Value value, Place place);
  bool dependsOnInput(mlir::Value value, unsigned depth = 0);
  std::optional<int> mergePlaces(llvm::ArrayRef<int> parts,
                                 llvm::ArrayRef<int64_t> sizes);
  std::optional<llvm::SmallVector<int>>
  splitPlace(int whole, llvm::ArrayRef<int64_t> sizes);
  std::optional<Place>
  reshapePlace(llvm::ArrayRef<mlir::ReassociationIndices> groups,
               mlir::RankedTensorType larger, const Place &place,
               bool isExpansion);

  mlir::Value input;
  RowExpressionOptions options;
  Algebra algebra;
  std::map<std::pair<void *, std::vector<int>>, Polynomial> known;
  llvm::SetVector<mlir::Value> leaves;
  llvm::DenseMap<mlir::Value, Obstacle> obstacles;
  llvm::DenseMap<mlir::Value, bool> dependences;
  llvm::DenseSet<mlir::Operation *> visited;
  Obstacle obstacle = Obstacle::None;
  std::vector<Merged> merged;
  unsigned numParts = 0;
  int nextVariable = kFirstVariable;
  unsigned depth = 0;
};

} // namespace commuter::norm

#endif // COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWEXPRESSION_H
