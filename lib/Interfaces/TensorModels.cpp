//===- TensorModels.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DimParallelOpInterface for tensor: reshapes, slices, padding and
// concatenation that keep rows together, and tensors known by their shape.
//
//===----------------------------------------------------------------------===//

#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "commuter/Interfaces/GatheredDims.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace commuter;

namespace {

DimSlicing refuse() { return DimSlicing::refuse("not-row-wise"); }

/// Law: each element is an element of the operand at the same place; `cast`
/// changes what is known of the shape, `bitcast` the element type.
/// Precondition: both ranks are known. The local op is between the local types.
template <typename OpTy>
struct CastModel
    : public DimParallelOpInterface::ExternalModel<CastModel<OpTy>, OpTy> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    if (!isa<RankedTensorType>(op->getOperand(0).getType()) ||
        !isa<RankedTensorType>(op->getResult(0).getType()))
      return refuse();
    return getElementwiseSlicing(op, dim);
  }
};

//===----------------------------------------------------------------------===//
// Reshapes
//===----------------------------------------------------------------------===//

/// The product of sizes; kDynamic if one is not static.
std::optional<int64_t> multiplySizes(int64_t a, int64_t b) {
  if (ShapedType::isDynamic(a) || ShapedType::isDynamic(b))
    return ShapedType::kDynamic;
  return llvm::checkedMul(a, b);
}

/// How many elements of the group's merged dimension there are outside of its
/// dimension `sliced`, or in it, for one of that: kDynamic if a size outside is
/// not static; nullopt if one inside is not, or another one is 0.
struct GroupSizes {
  int64_t outer = 1, inner = 1;
  int64_t knownOuter = 1; ///< of the static sizes outside
};
std::optional<GroupSizes> getGroupSizes(ArrayRef<int64_t> dims, int64_t sliced,
                                        RankedTensorType type) {
  GroupSizes sizes;
  for (int64_t dim : dims) {
    if (dim == sliced)
      continue;
    int64_t &size = dim < sliced ? sizes.outer : sizes.inner;
    std::optional<int64_t> product = multiplySizes(size, type.getDimSize(dim));
    if (!product || *product == 0 || type.getDimSize(dim) == 0)
      return std::nullopt;
    size = *product;
    if (dim < sliced && !type.isDynamicDim(dim) &&
        llvm::MulOverflow(sizes.knownOuter, type.getDimSize(dim),
                          sizes.knownOuter))
      return std::nullopt;
  }
  if (ShapedType::isDynamic(sizes.inner))
    return std::nullopt;
  return sizes;
}

/// A group of dimensions [1, .., 1, n, k..] that a reshape merges or splits:
/// row-major, a slice along `outer` is a run of `unit` elements per row.
struct DimGroup {
  int64_t outer;
  int64_t unit;
};

/// nullopt if an inner size is not static, or is 0: that makes no rows out of
/// any number of elements.
std::optional<DimGroup> getGroup(ArrayRef<int64_t> dims,
                                 RankedTensorType type) {
  if (dims.empty())
    return std::nullopt;
  const int64_t *outer = llvm::find_if(
      dims, [&](int64_t dim) { return type.getDimSize(dim) != 1; });
  if (outer == dims.end())
    outer = dims.begin();
  std::optional<GroupSizes> sizes = getGroupSizes(dims, *outer, type);
  return sizes ? std::optional(DimGroup{*outer, sizes->inner}) : std::nullopt;
}

/// Law: row-major, the slices of [n, k] along n are the slices of [n * k] at
/// multiples of k; and the slices of [m, n, k] along n are those of [m * n * k]
/// in m times as many cycles, of n * k elements each if n was one cycle.
/// Precondition: the inner sizes are static, and the sliced dimension is the
/// outermost of its group but for dimensions of size 1; or the outer sizes are
/// static, too, or that of a cycle is.
struct CollapseModel
    : public DimParallelOpInterface::ExternalModel<CollapseModel,
                                                   tensor::CollapseShapeOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    std::optional<DimGroup> group = getGroup(
        collapse.getReassociationIndices()[dim], collapse.getSrcType());
    if (!group)
      return refuse();
    DimSlicing slicing;
    slicing.operandDims = {group->outer};
    slicing.operandUnits = {1};
    slicing.resultDims = {dim};
    slicing.resultUnits = {group->unit};
    return slicing;
  }

  /// Those of the merged dimension.
  static std::optional<Cycles> mergeCycles(Cycles cycles, int64_t size,
                                           const GroupSizes &sizes) {
    if (cycles.areCounted() && ShapedType::isDynamic(sizes.outer)) {
      if (ShapedType::isDynamic(size) || size % cycles.number != 0)
        return std::nullopt;
      cycles.size = size / cycles.number;
    }
    if (!cycles.areCounted()) {
      std::optional<int64_t> merged = multiplySizes(cycles.size, sizes.inner);
      if (!merged || *merged == 0)
        return std::nullopt;
      cycles.size = *merged;
    }
    std::optional<int64_t> number =
        llvm::checkedMul(cycles.number, sizes.knownOuter);
    if (!number)
      return std::nullopt;
    cycles.number = *number;
    return cycles;
  }

  DimSlicing getCyclicSlicing(Operation *op, unsigned, int64_t dim,
                              Cycles cycles) const {
    auto collapse = cast<tensor::CollapseShapeOp>(op);
    for (auto [merged, dims] :
         llvm::enumerate(collapse.getReassociationIndices())) {
      if (!llvm::is_contained(dims, dim))
        continue;
      std::optional<GroupSizes> sizes =
          getGroupSizes(dims, dim, collapse.getSrcType());
      if (!sizes)
        break;
      std::optional<int64_t> unit = multiplySizes(sizes->outer, sizes->inner);
      std::optional<Cycles> resultCycles =
          mergeCycles(cycles, collapse.getSrcType().getDimSize(dim), *sizes);
      if (!unit || !resultCycles)
        break;
      DimSlicing slicing;
      slicing.operandDims = {dim};
      slicing.operandUnits = {1};
      slicing.resultDims = {static_cast<int64_t>(merged)};
      slicing.resultUnits = {*unit};
      slicing.resultCycles = resultCycles;
      return slicing;
    }
    return refuse();
  }
};

/// The operand that is the size of the result's dimension `dim`, as an extent.
void noteExtent(tensor::ExpandShapeOp expand, int64_t dim,
                DimSlicing &slicing) {
  ArrayRef<int64_t> sizes = expand.getStaticOutputShape();
  if (ShapedType::isDynamic(sizes[dim]))
    slicing.extentOperands = {
        1 + static_cast<unsigned>(
                llvm::count(sizes.take_front(dim), ShapedType::kDynamic))};
}

/// Law and precondition: as for collapse_shape, read from right to left.
struct ExpandModel
    : public DimParallelOpInterface::ExternalModel<ExpandModel,
                                                   tensor::ExpandShapeOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    if (expand.getSrcType().getRank() == 0)
      return refuse();
    const int64_t source = expand.getCorrespondingSourceDim(dim);
    std::optional<DimGroup> group = getGroup(
        expand.getReassociationIndices()[source], expand.getResultType());
    if (!group || group->outer != dim)
      return refuse();
    DimSlicing slicing;
    slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
    slicing.operandDims[0] = source;
    slicing.operandUnits.assign(op->getNumOperands(), 1);
    slicing.operandUnits[0] = group->unit;
    slicing.resultDims = {dim};
    slicing.resultUnits = {1};
    noteExtent(expand, dim, slicing);
    return slicing;
  }

  /// Those of a dimension that is `size` long, of which each element is
  /// sizes.inner of the source; nullopt if outside of it there are no whole
  /// cycles.
  static std::optional<Cycles> splitCycles(const Cycles &cycles, int64_t size,
                                           const GroupSizes &sizes) {
    std::optional<int64_t> inside = multiplySizes(size, sizes.inner);
    if (!cycles.areCounted() && inside && *inside > 0 &&
        *inside % cycles.size == 0)
      return Cycles{*inside / cycles.size};
    if (ShapedType::isDynamic(sizes.outer) ||
        cycles.number % sizes.outer != 0 ||
        (!cycles.areCounted() && cycles.size % sizes.inner != 0))
      return std::nullopt;
    return Cycles{cycles.number / sizes.outer, cycles.areCounted()
                                                   ? cycles.size
                                                   : cycles.size / sizes.inner};
  }

  /// Notes as extents the sizes of the group, if one of them alone is open: the
  /// source's size says it.
  static void noteSizes(tensor::ExpandShapeOp expand, ArrayRef<int64_t> dims,
                        DimSlicing &slicing) {
    auto isOpen = [&](int64_t dim) {
      return expand.getResultType().isDynamicDim(dim);
    };
    if (llvm::count_if(dims, isOpen) == 1)
      noteExtent(expand, *llvm::find_if(dims, isOpen), slicing);
  }

  /// The sliced dimension is the innermost that has whole cycles outside of it,
  /// or inside, if they are not counted.
  DimSlicing getCyclicSlicing(Operation *op, unsigned, int64_t source,
                              Cycles cycles) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    SmallVector<int64_t, 2> dims = expand.getReassociationIndices()[source];
    for (int64_t dim : llvm::reverse(dims)) {
      std::optional<GroupSizes> sizes =
          getGroupSizes(dims, dim, expand.getResultType());
      if (!sizes)
        continue;
      std::optional<int64_t> unit = multiplySizes(sizes->outer, sizes->inner);
      std::optional<Cycles> resultCycles =
          splitCycles(cycles, expand.getResultType().getDimSize(dim), *sizes);
      if (!unit || !resultCycles)
        continue;
      DimSlicing slicing;
      slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
      slicing.operandDims[0] = source;
      slicing.operandUnits.assign(op->getNumOperands(), 1);
      slicing.operandUnits[0] = *unit;
      slicing.resultDims = {dim};
      slicing.resultUnits = {1};
      slicing.resultCycles = resultCycles;
      noteExtent(expand, dim, slicing);
      noteSizes(expand, dims, slicing);
      return slicing;
    }
    return refuse();
  }

  Operation *cloneOnSlices(Operation *op, OpBuilder &builder,
                           const DimSlicing &slicing, ValueRange operands,
                           TypeRange resultTypes) const {
    auto expand = cast<tensor::ExpandShapeOp>(op);
    auto type = cast<RankedTensorType>(resultTypes.front());
    const int64_t dim = slicing.resultDims.front();
    Value source = operands.front();
    SmallVector<OpFoldResult> shape = expand.getMixedOutputShape();
    if (type.isDynamicDim(dim)) {
      Value size = tensor::DimOp::create(builder, op->getLoc(), source,
                                         *slicing.operandDims.front());
      if (const int64_t unit = slicing.getOperandUnit(0); unit != 1)
        size = arith::DivUIOp::create(
            builder, op->getLoc(), size,
            arith::ConstantIndexOp::create(builder, op->getLoc(), unit));
      shape[dim] = size;
    } else {
      shape[dim] = builder.getIndexAttr(type.getDimSize(dim));
    }
    return tensor::ExpandShapeOp::create(builder, op->getLoc(), type, source,
                                         expand.getReassociationIndices(),
                                         shape);
  }
};

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

/// True if a slice takes dimension `dim` of `whole` from begin to end.
bool takesWholeDim(OffsetSizeAndStrideOpInterface op, Value whole,
                   int64_t dim) {
  if (!isConstantIntValue(op.getMixedOffsets()[dim], 0) ||
      !isConstantIntValue(op.getMixedStrides()[dim], 1))
    return false;
  OpFoldResult size = op.getMixedSizes()[dim];
  auto type = cast<RankedTensorType>(whole.getType());
  if (!type.isDynamicDim(dim))
    return isConstantIntValue(size, type.getDimSize(dim));
  using Variable = ValueBoundsConstraintSet::Variable;
  FailureOr<bool> equal =
      ValueBoundsConstraintSet::areEqual(Variable(size), Variable(whole, dim));
  return succeeded(equal) && *equal;
}

/// The dimension of the small tensor of a slice op that is dimension `dim` of
/// the large one; nullopt if it was dropped.
std::optional<int64_t> getSmallDim(const llvm::SmallBitVector &dropped,
                                   int64_t dim) {
  if (dropped.test(dim))
    return std::nullopt;
  int64_t small = dim;
  for (int64_t i = 0; i < dim; ++i)
    small -= dropped.test(i);
  return small;
}

/// Which dimensions a slice op drops is only ambiguous among those of size 1:
/// these are not cut.
bool isAmbiguous(const llvm::SmallBitVector &dropped, RankedTensorType large,
                 int64_t dim) {
  return dropped.any() && large.getDimSize(dim) == 1;
}

/// The operand that is the slice's size along `dim`, as an extent.
void noteExtent(OffsetSizeAndStrideOpInterface op, int64_t dim,
                DimSlicing &slicing) {
  if (op.isDynamicSize(dim))
    slicing.extentOperands = {op.getIndexOfDynamicSize(dim)};
}

/// The sizes of a slice op on slices.
SmallVector<OpFoldResult> getLocalSizes(OpBuilder &builder,
                                        OffsetSizeAndStrideOpInterface op,
                                        int64_t dim, Value localWhole) {
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  sizes[dim] = tensor::getMixedSize(builder, op->getLoc(), localWhole, dim);
  return sizes;
}

/// Law: taking a part of every row, and cutting rows, commute.
/// Precondition: the slice takes the cut dimension whole: offset 0, stride 1,
/// the source's size.
struct ExtractSliceModel
    : public DimParallelOpInterface::ExternalModel<ExtractSliceModel,
                                                   tensor::ExtractSliceOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (int64_t large = 0; large < slice.getSourceType().getRank(); ++large) {
      if (getSmallDim(dropped, large) != dim)
        continue;
      if (isAmbiguous(dropped, slice.getSourceType(), large) ||
          !takesWholeDim(slice, slice.getSource(), large))
        return refuse();
      DimSlicing slicing;
      slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
      slicing.operandDims[0] = large;
      slicing.resultDims = {dim};
      noteExtent(slice, large, slicing);
      return slicing;
    }
    return refuse();
  }

  Operation *cloneOnSlices(Operation *op, OpBuilder &builder,
                           const DimSlicing &slicing, ValueRange operands,
                           TypeRange resultTypes) const {
    auto slice = cast<tensor::ExtractSliceOp>(op);
    Value source = operands.front();
    return tensor::ExtractSliceOp::create(
        builder, op->getLoc(), cast<RankedTensorType>(resultTypes.front()),
        source, slice.getMixedOffsets(),
        getLocalSizes(builder, slice, *slicing.operandDims[0], source),
        slice.getMixedStrides());
  }
};

/// Law and precondition: as for extract_slice. The dimension of the inserted
/// tensor is the destination's, whole.
struct InsertSliceModel
    : public DimParallelOpInterface::ExternalModel<InsertSliceModel,
                                                   tensor::InsertSliceOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto slice = cast<tensor::InsertSliceOp>(op);
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    std::optional<int64_t> small = getSmallDim(dropped, dim);
    if (!small || isAmbiguous(dropped, slice.getDestType(), dim) ||
        !takesWholeDim(slice, slice.getDest(), dim))
      return refuse();
    DimSlicing slicing;
    slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
    slicing.operandDims[0] = *small;
    slicing.operandDims[1] = dim;
    slicing.resultDims = {dim};
    noteExtent(slice, dim, slicing);
    return slicing;
  }

  Operation *cloneOnSlices(Operation *op, OpBuilder &builder,
                           const DimSlicing &slicing, ValueRange operands,
                           TypeRange) const {
    auto slice = cast<tensor::InsertSliceOp>(op);
    Value dest = operands[1];
    return tensor::InsertSliceOp::create(
        builder, op->getLoc(), operands[0], dest, slice.getMixedOffsets(),
        getLocalSizes(builder, slice, slicing.resultDims[0], dest),
        slice.getMixedStrides());
  }
};

//===----------------------------------------------------------------------===//
// Padding and concatenation
//===----------------------------------------------------------------------===//

/// Law: padding every row alike, and cutting rows, commute.
/// Precondition: the cut dimension is not padded, and the padding value does
/// not depend on the index along it.
struct PadModel
    : public DimParallelOpInterface::ExternalModel<PadModel, tensor::PadOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto pad = cast<tensor::PadOp>(op);
    if (!isConstantIntValue(pad.getMixedLowPad()[dim], 0) ||
        !isConstantIntValue(pad.getMixedHighPad()[dim], 0) ||
        !pad.getRegion().getArgument(dim).use_empty() ||
        !dependsOnInputsAlone(op))
      return refuse();
    DimSlicing slicing;
    slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
    slicing.operandDims[0] = dim;
    slicing.resultDims = {dim};
    return slicing;
  }
};

/// Law: concatenating along one dimension, and cutting another, commute.
struct ConcatModel
    : public DimParallelOpInterface::ExternalModel<ConcatModel,
                                                   tensor::ConcatOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    if (static_cast<int64_t>(cast<tensor::ConcatOp>(op).getDim()) == dim)
      return refuse();
    return getElementwiseSlicing(op, dim);
  }
};

/// Law: what is gathered by some of the indices is some of what is gathered, as
/// is what is gathered from part of the source along another dimension.
struct GatherModel
    : public DimParallelOpInterface::ExternalModel<GatherModel,
                                                   tensor::GatherOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    auto gather = cast<tensor::GatherOp>(op);
    DimSlicing slicing;
    slicing.operandDims = {std::nullopt, std::nullopt};
    slicing.resultDims = {dim};
    if (dim < getNumBatchDims(gather))
      slicing.operandDims[1] = dim;
    else if (std::optional<int64_t> sourceDim = getSourceDims(gather)[dim])
      slicing.operandDims[0] = sourceDim;
    else
      return refuse();
    return slicing;
  }
};

//===----------------------------------------------------------------------===//
// Tensors known by their shape
//===----------------------------------------------------------------------===//

/// The slicing of an op that makes a tensor out of scalars and sizes, these
/// from operand `firstSize` on.
DimSlicing getShapedSlicing(Operation *op, int64_t dim, unsigned firstSize) {
  DimSlicing slicing;
  slicing.operandDims.assign(op->getNumOperands(), std::nullopt);
  slicing.resultDims = {dim};
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.isDynamicDim(dim))
    slicing.extentOperands = {firstSize + type.getDynamicDimIndex(dim)};
  return slicing;
}

/// `sizes` with `size` in place `dim`, the dynamic ones only.
SmallVector<Value> getDynamicSizes(SmallVector<OpFoldResult> sizes, int64_t dim,
                                   OpFoldResult size) {
  sizes[dim] = size;
  SmallVector<Value> dynamic;
  SmallVector<int64_t> statics;
  dispatchIndexOpFoldResults(sizes, dynamic, statics);
  return dynamic;
}

/// Law: what is undefined everywhere is undefined in a slice.
struct EmptyModel
    : public DimParallelOpInterface::ExternalModel<EmptyModel,
                                                   tensor::EmptyOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    return getShapedSlicing(op, dim, /*firstSize=*/0);
  }
  bool isKnownByShape(Operation *) const { return true; }
  Value createSlice(Operation *op, OpBuilder &builder, RankedTensorType type,
                    int64_t dim, OpFoldResult size) const {
    return tensor::EmptyOp::create(
        builder, op->getLoc(), type,
        getDynamicSizes(cast<tensor::EmptyOp>(op).getMixedSizes(), dim, size));
  }
};

/// Law: a slice of a splat is a splat.
struct SplatModel
    : public DimParallelOpInterface::ExternalModel<SplatModel,
                                                   tensor::SplatOp> {
  DimSlicing getDimSlicing(Operation *op, unsigned, int64_t dim) const {
    return getShapedSlicing(op, dim, /*firstSize=*/1);
  }
  bool isKnownByShape(Operation *) const { return true; }
  Value createSlice(Operation *op, OpBuilder &builder, RankedTensorType type,
                    int64_t dim, OpFoldResult size) const {
    auto splat = cast<tensor::SplatOp>(op);
    SmallVector<OpFoldResult> sizes = getMixedValues(
        splat.getType().getShape(), splat.getDynamicSizes(), builder);
    return tensor::SplatOp::create(builder, op->getLoc(), splat.getInput(),
                                   type, getDynamicSizes(sizes, dim, size));
  }
};

} // namespace

void commuter::registerTensorModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, tensor::TensorDialect *) {
    tensor::BitcastOp::attachInterface<CastModel<tensor::BitcastOp>>(*context);
    tensor::CastOp::attachInterface<CastModel<tensor::CastOp>>(*context);
    tensor::CollapseShapeOp::attachInterface<CollapseModel>(*context);
    tensor::ConcatOp::attachInterface<ConcatModel>(*context);
    tensor::EmptyOp::attachInterface<EmptyModel>(*context);
    tensor::ExpandShapeOp::attachInterface<ExpandModel>(*context);
    tensor::ExtractSliceOp::attachInterface<ExtractSliceModel>(*context);
    tensor::GatherOp::attachInterface<GatherModel>(*context);
    tensor::InsertSliceOp::attachInterface<InsertSliceModel>(*context);
    tensor::PadOp::attachInterface<PadModel>(*context);
    tensor::SplatOp::attachInterface<SplatModel>(*context);
  });
}
