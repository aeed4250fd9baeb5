//===- LinalgModels.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DimParallelOpInterface for linalg: indexing maps and iterator types decide,
// for named ops and linalg.generic alike.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "commuter/Interfaces/WrittenElements.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter;

namespace {

/// How a map uses a loop: not at all, as one of its results, or in a way that
/// is no slicing (a window, a diagonal).
struct LoopUse {
  bool isSlicing = true;
  std::optional<int64_t> position;
};

LoopUse findLoop(AffineMap map, unsigned loop) {
  LoopUse use;
  for (auto [position, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (!isa<AffineDimExpr>(expr) || use.position)
      return {false, std::nullopt};
    use.position = position;
  }
  return use;
}

/// True if the body asks at which index of `loop` it runs: on a slice the
/// answer would be another one.
bool usesIndexOf(linalg::LinalgOp op, unsigned loop) {
  return op
      ->walk([&](linalg::IndexOp index) {
        return index.getDim() == loop ? WalkResult::interrupt()
                                      : WalkResult::advance();
      })
      .wasInterrupted();
}

/// True if fast-math flags let a compiler add up in any order, and so in
/// another one when there are fewer rows.
bool mayReassociate(linalg::LinalgOp op) {
  return op
      ->walk([](arith::ArithFastMathInterface inner) {
        arith::FastMathFlagsAttr flags = inner.getFastMathFlagsAttr();
        bool reassociates =
            flags && arith::bitEnumContainsAny(flags.getValue(),
                                               arith::FastMathFlags::reassoc);
        return reassociates ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Law: a structured op is the loop nest `for all i, j..: out[..] =
/// body(in[..], out[..])`. Let i be a parallel loop that each map either leaves
/// out or has as one of its results, plain, and once. Then the iterations at
/// one i touch the slices at i of the operands that have i, and no other slice;
/// so slices of the results are the op on slices.
///
/// Precondition: i is in the map of every result; the body depends on its
/// arguments and on what it captures alone, and not on the index i.
///
/// Bit for bit also where other loops reduce: the iterations at one i are the
/// same, in the same order, whatever the extent of i is, if loops are run in
/// the order in which they stand, as convert-linalg-to-loops does. A lowering
/// that picks the order of a sum by the number of rows (a split-K product
/// chosen by shape) breaks the contract. `reassoc` allows a lowering to do so:
/// a reduction with that flag is refused.
DimSlicing getStructuredSlicing(linalg::LinalgOp op, unsigned resultNumber,
                                int64_t dim) {
  DimSlicing refusal = DimSlicing::refuse("not-row-wise");
  if (!op.hasPureTensorSemantics() || !dependsOnInputsAlone(op))
    return refusal;
  AffineMap resultMap =
      op.getIndexingMapMatchingResult(op->getResult(resultNumber));
  auto dimExpr = dyn_cast<AffineDimExpr>(resultMap.getResult(dim));
  if (!dimExpr)
    return refusal;
  const unsigned loop = dimExpr.getPosition();
  if (op.getIteratorTypesArray()[loop] != utils::IteratorType::parallel)
    return DimSlicing::refuse("gather-dim-normalized");
  if (usesIndexOf(op, loop))
    return DimSlicing::refuse(
        "not-row-wise",
        "make a tensor of the rows' numbers in front of the op, "
        "and let it read that");
  if (op.getNumReductionLoops() != 0 && mayReassociate(op))
    return refusal;

  DimSlicing slicing;
  for (OpOperand &operand : op->getOpOperands()) {
    LoopUse use = findLoop(op.getMatchingIndexingMap(&operand), loop);
    if (!use.isSlicing)
      return refusal;
    slicing.operandDims.push_back(use.position);
  }
  for (OpResult result : op->getResults()) {
    LoopUse use = findLoop(op.getIndexingMapMatchingResult(result), loop);
    if (!use.position)
      return refusal;
    slicing.resultDims.push_back(*use.position);
  }
  return slicing;
}

/// Law: what an op overwrites, and does not read, it ignores. Precondition: the
/// loops do not take their extents from it, which are static.
bool ignoresElementsOf(linalg::LinalgOp op, unsigned operand) {
  OpOperand &init = op->getOpOperand(operand);
  auto type = dyn_cast<RankedTensorType>(init.get().getType());
  return type && type.hasStaticShape() && op.isDpsInit(&init) &&
         op.hasPureTensorSemantics() && isOverwritten(op, init);
}

/// Reductions are the statistics of norms that are spelled out; each is worth
/// running on fewer rows. Products of matrices and convolutions are not what
/// gathers are moved for (they only move along), but a contraction without
/// other free dimensions than those that both operands have is a row's dot
/// product, such as a sum of squares.
bool reducesRows(linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0 || linalg::isaConvolutionOpInterface(op))
    return false;
  if (!linalg::isaContractionOpInterface(op))
    return true;
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  return succeeded(dims) && dims->m.empty() && dims->n.empty();
}

template <typename OpTy>
struct StructuredModel
    : public DimParallelOpInterface::ExternalModel<StructuredModel<OpTy>,
                                                   OpTy> {
  DimSlicing getDimSlicing(Operation *op, unsigned resultNumber,
                           int64_t dim) const {
    return getStructuredSlicing(cast<linalg::LinalgOp>(op), resultNumber, dim);
  }
  bool isWorthMoving(Operation *op) const {
    return reducesRows(cast<linalg::LinalgOp>(op));
  }
  bool ignoresElements(Operation *op, unsigned operand) const {
    return ignoresElementsOf(cast<linalg::LinalgOp>(op), operand);
  }
};

/// Law: a slice of a fill is a fill; what it fills is never read.
struct FillModel
    : public DimParallelOpInterface::ExternalModel<FillModel, linalg::FillOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned resultNumber,
                           int64_t dim) const {
    return getStructuredSlicing(cast<linalg::LinalgOp>(op), resultNumber, dim);
  }
  bool ignoresElements(Operation *op, unsigned operand) const {
    return ignoresElementsOf(cast<linalg::LinalgOp>(op), operand);
  }
  bool isKnownByShape(Operation *op) const {
    return cast<linalg::FillOp>(op).hasPureTensorSemantics();
  }
  Value createSlice(Operation *op, OpBuilder &builder, RankedTensorType type,
                    int64_t dim, OpFoldResult size) const {
    auto fill = cast<linalg::FillOp>(op);
    Location loc = op->getLoc();
    Value whole = fill.getOutputs().front();
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0; i < type.getRank(); ++i)
      sizes.push_back(i == dim ? size
                               : tensor::getMixedSize(builder, loc, whole, i));
    Value empty = tensor::EmptyOp::create(
        builder, loc, sizes, type.getElementType(), type.getEncoding());
    return linalg::FillOp::create(builder, loc, fill.getInputs(), empty)
        .getResult(0);
  }
};

/// Law: softmax normalises along one dimension and is parallel in the others.
struct SoftmaxModel
    : public DimParallelOpInterface::ExternalModel<SoftmaxModel,
                                                   linalg::SoftmaxOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    if (static_cast<int64_t>(cast<linalg::SoftmaxOp>(op).getDimension()) == dim)
      return DimSlicing::refuse("gather-dim-normalized");
    return getElementwiseSlicing(op, dim);
  }
  bool isWorthMoving(Operation *) const { return true; }
};

template <typename OpTy>
void attachStructured(MLIRContext *context) {
  if constexpr (std::is_same_v<OpTy, linalg::FillOp>)
    OpTy::template attachInterface<FillModel>(*context);
  else
    OpTy::template attachInterface<StructuredModel<OpTy>>(*context);
}

template <typename... OpTys>
void attachAllStructured(MLIRContext *context) {
  (attachStructured<OpTys>(context), ...);
}

} // namespace

void commuter::registerLinalgModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, linalg::LinalgDialect *) {
    attachAllStructured<
#define GET_OP_LIST
#include "mlir/Dialect/Linalg/IR/LinalgStructuredOps.cpp.inc"
        >(context);
    linalg::SoftmaxOp::attachInterface<SoftmaxModel>(*context);
  });
}
