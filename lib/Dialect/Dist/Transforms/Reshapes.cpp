//===- Reshapes.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tensor.reshape, raised to the ops that say which dimensions it merges.
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

namespace {
/// Which dimensions of two shapes of as many elements hold the same elements,
/// in as small groups as there are.
struct CommonGroups {
  SmallVector<ReassociationIndices> ofSource, ofResult;
  SmallVector<int64_t> sizes;
};
} // namespace

/// nullopt if there are no elements, by which to tell, or there is no
/// dimension.
static std::optional<CommonGroups> findGroups(ArrayRef<int64_t> source,
                                              ArrayRef<int64_t> result) {
  auto isZero = [](int64_t size) { return size == 0; };
  if (source.empty() || result.empty() || llvm::any_of(source, isZero) ||
      llvm::any_of(result, isZero))
    return std::nullopt;
  CommonGroups groups;
  size_t i = 0, j = 0;
  auto take = [](ArrayRef<int64_t> shape, size_t &next,
                 ReassociationIndices &group) {
    group.push_back(next);
    return shape[next++];
  };
  while (i < source.size() && j < result.size()) {
    ReassociationIndices &from = groups.ofSource.emplace_back();
    ReassociationIndices &to = groups.ofResult.emplace_back();
    int64_t inSource = take(source, i, from);
    int64_t inResult = take(result, j, to);
    while (inSource != inResult) {
      if (inSource < inResult && i < source.size())
        inSource *= take(source, i, from);
      else if (inResult < inSource && j < result.size())
        inResult *= take(result, j, to);
      else
        return std::nullopt;
    }
    groups.sizes.push_back(inSource);
  }
  // What is left is of size 1.
  while (i < source.size())
    if (take(source, i, groups.ofSource.back()) != 1)
      return std::nullopt;
  while (j < result.size())
    if (take(result, j, groups.ofResult.back()) != 1)
      return std::nullopt;
  return groups;
}

/// Law, of x in row-major order:
///
///   reshape(x) = expand_shape(collapse_shape(x))
///
/// Precondition: both shapes are static; the operand that is the shape says no
/// more.
static Value raise(tensor::ReshapeOp op) {
  auto source = dyn_cast<RankedTensorType>(op.getSource().getType());
  auto result = dyn_cast<RankedTensorType>(op.getResult().getType());
  if (!source || !result || !source.hasStaticShape() ||
      !result.hasStaticShape() || source.getEncoding() || result.getEncoding())
    return {};
  std::optional<CommonGroups> groups =
      findGroups(source.getShape(), result.getShape());
  if (!groups)
    return {};
  OpBuilder builder(op);
  Value value = op.getSource();
  auto merged = RankedTensorType::get(groups->sizes, source.getElementType());
  if (merged != source)
    value = tensor::CollapseShapeOp::create(builder, op.getLoc(), merged, value,
                                            groups->ofSource);
  if (merged != result)
    value = tensor::ExpandShapeOp::create(builder, op.getLoc(), result, value,
                                          groups->ofResult);
  return value;
}

bool commuter::dist::raiseReshapes(ArrayRef<FunctionOpInterface> functions,
                                   const ShardingAnalysis &analysis) {
  if (!analysis.hasReshape())
    return false;
  SmallVector<tensor::ReshapeOp> reshapes;
  for (FunctionOpInterface function : functions)
    function->walk([&](tensor::ReshapeOp op) { reshapes.push_back(op); });
  bool raisesAny = false;
  for (tensor::ReshapeOp op : reshapes) {
    Value raised = raise(op);
    if (!raised)
      continue;
    op.replaceAllUsesWith(raised);
    op.erase();
    raisesAny = true;
  }
  return raisesAny;
}
