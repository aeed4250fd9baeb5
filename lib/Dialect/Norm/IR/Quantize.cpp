//===- Quantize.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Verification and slicing of quantisations.
//
//===----------------------------------------------------------------------===//

#include "commuter/Dialect/Norm/IR/Norm.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::norm;

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

static LogicalResult verifyShape(Operation *op, StringRef name, Type found,
                                 RankedTensorType expected,
                                 StringRef explanation) {
  auto type = cast<RankedTensorType>(found);
  if (succeeded(verifyCompatibleShape(type.getShape(), expected.getShape())))
    return success();
  return op->emitOpError() << "expects " << name << " of " << explanation
                           << expected << ", found " << type;
}

/// The scales that `mode` computes for `input`.
static RankedTensorType getScalesType(RankedTensorType input, QuantizeMode mode,
                                      int64_t groupSize) {
  Type f32 = Float32Type::get(input.getContext());
  if (mode == QuantizeMode::Static || mode == QuantizeMode::PerTensor)
    return RankedTensorType::get({}, f32);
  SmallVector<int64_t> shape(input.getShape());
  if (mode == QuantizeMode::PerRow)
    shape.back() = 1;
  else if (!ShapedType::isDynamic(shape.back()))
    shape.back() /= groupSize;
  return RankedTensorType::get(shape, f32);
}

/// What QuantizeOp and NormQuantizeOp have in common.
template <typename OpTy>
static LogicalResult verifyQuantization(OpTy op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  const QuantizeMode mode = op.getMode();
  const StringRef modeName = stringifyQuantizeMode(mode);
  if (input.getRank() == 0)
    return op.emitOpError()
           << "expects an input of rank 1 or more, found " << input;
  if (failed(verifyShape(
          op, "an output", op.getOutput().getType(),
          input.clone(getElementTypeOrSelf(op.getOutput().getType())),
          "the input's shape, ")))
    return failure();

  const bool isStatic = mode == QuantizeMode::Static;
  if (isStatic != static_cast<bool>(op.getStaticScale()))
    return op.emitOpError() << "expects a given scale for `static` and no other"
                            << " mode, found " << modeName
                            << (isStatic ? " without one" : " with one");
  if (isStatic == static_cast<bool>(op.getScales()))
    return op.emitOpError() << "expects scales as a result unless `static`, "
                            << "found " << modeName
                            << (isStatic ? " with them" : " without them");
  const std::optional<int64_t> groupSize = op.getGroupSize();
  if ((mode == QuantizeMode::PerGroup) != groupSize.has_value())
    return op.emitOpError() << "expects a group size for `per_group` and no "
                            << "other mode, found " << modeName
                            << (groupSize ? " with one" : " without one");
  if (groupSize) {
    int64_t length = input.getShape().back();
    if (*groupSize < 1)
      return op.emitOpError()
             << "expects a positive group size, found " << *groupSize;
    if (!ShapedType::isDynamic(length) && length % *groupSize != 0)
      return op.emitOpError()
             << "expects a group size that divides the last dimension's size, "
             << length << ", found " << *groupSize;
  }
  RankedTensorType expected = getScalesType(input, mode, groupSize.value_or(1));
  if (isStatic)
    return verifyShape(op, "a given scale", op.getStaticScale().getType(),
                       expected, "type ");
  return verifyShape(op, "scales", op.getScales().getType(), expected, "type ");
}

LogicalResult QuantizeOp::verify() { return verifyQuantization(*this); }

LogicalResult NormQuantizeOp::verifyQuantization() {
  if (getMode() == QuantizeMode::PerTensor)
    return emitOpError() << "expects scales of rows or parts of them, found "
                         << stringifyQuantizeMode(getMode());
  return ::verifyQuantization(*this);
}

LogicalResult DequantizeOp::verify() {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  if (input.getRank() == 0)
    return emitOpError() << "expects an input of rank 1 or more, found "
                         << input;
  if (failed(
          verifyShape(*this, "an output", getOutput().getType(),
                      input.clone(getElementTypeOrSelf(getOutput().getType())),
                      "the input's shape, ")))
    return failure();
  if (scales.getRank() == 0)
    return success();
  auto hasSameRows = [&] {
    return scales.getRank() == input.getRank() &&
           succeeded(verifyCompatibleShape(scales.getShape().drop_back(),
                                           input.getShape().drop_back()));
  };
  auto divides = [](int64_t groups, int64_t length) {
    if (ShapedType::isDynamic(groups) || ShapedType::isDynamic(length))
      return true;
    return groups == 0 ? length == 0 : length % groups == 0;
  };
  if (!hasSameRows() ||
      !divides(scales.getShape().back(), input.getShape().back()))
    return emitOpError()
           << "expects one scale, or scales of the input's shape up to a last "
           << "dimension that divides the input's, for " << input << ", found "
           << scales;
  return success();
}

//===----------------------------------------------------------------------===//
// Slicing
//===----------------------------------------------------------------------===//

/// Law: quantize(concat(x_i)) = concat(quantize(x_i)), with the scales
/// likewise, along every dimension that no scale's elements are spread over:
/// with a given scale any, with scales of rows any but the last. Scales of
/// groups are spread over the last dimension, but no further than their group:
/// along it the law holds for slices of whole groups. A scale of the tensor is
/// spread over all.
DimSlicing QuantizeOp::getDimSlicing(unsigned, int64_t dim) {
  const bool isLast =
      dim == cast<RankedTensorType>(getInput().getType()).getRank() - 1;
  if (getMode() == QuantizeMode::PerTensor)
    return DimSlicing::refuse("not-row-wise");
  if (getMode() == QuantizeMode::PerRow && isLast)
    return DimSlicing::refuse("gather-dim-normalized");
  DimSlicing slicing;
  slicing.operandDims.push_back(dim);
  if (getStaticScale())
    slicing.operandDims.push_back(std::nullopt);
  slicing.resultDims.assign(getNumResults(), dim);
  // A row of the slicing is then a group, and its scale.
  if (getMode() == QuantizeMode::PerGroup && isLast) {
    const auto group = static_cast<int64_t>(*getGroupSize());
    slicing.operandUnits = {group};
    slicing.resultUnits = {group, 1};
  }
  return slicing;
}

bool QuantizeOp::isWorthMoving() { return true; }

/// Law: dequantize(concat(q_i), concat(s_i)) = concat(dequantize(q_i, s_i)); a
/// scale that all elements of the dimension share is needed whole. Along the
/// last dimension, if it has several scales, for slices of whole groups.
DimSlicing DequantizeOp::getDimSlicing(unsigned, int64_t dim) {
  auto input = cast<RankedTensorType>(getInput().getType());
  auto scales = cast<RankedTensorType>(getScales().getType());
  DimSlicing slicing;
  slicing.operandDims = {dim, dim};
  slicing.resultDims = {dim};
  if (scales.getRank() == 0) {
    slicing.operandDims[1] = std::nullopt;
  } else if (dim == input.getRank() - 1) {
    int64_t groups = scales.getShape().back(), length = input.getShape().back();
    if (groups == 1)
      slicing.operandDims[1] = std::nullopt;
    else if (ShapedType::isDynamic(groups) || ShapedType::isDynamic(length) ||
             groups == 0)
      return DimSlicing::refuse("group-crosses-gather-dim");
    else {
      slicing.operandUnits = {length / groups, 1};
      slicing.resultUnits = {length / groups};
    }
  }
  return slicing;
}

/// Law: the norm's and the quantisation's: both hold along every dimension that
/// is not normalised, as the last one is.
DimSlicing NormQuantizeOp::getDimSlicing(unsigned, int64_t dim) {
  if (dim >= getNormAxis())
    return DimSlicing::refuse("gather-dim-normalized");
  DimSlicing slicing;
  slicing.operandDims.assign(getNumOperands(), std::nullopt);
  slicing.operandDims[0] = dim;
  if (getResidual())
    slicing.operandDims[1] = dim;
  slicing.resultDims.assign(getNumResults(), dim);
  return slicing;
}

bool NormQuantizeOp::isWorthMoving() { return true; }
