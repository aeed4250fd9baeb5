//===- RowGeneric.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// linalg.generic over the rows of a tensor.
//
//===----------------------------------------------------------------------===//

#include "RowGeneric.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace commuter::norm;

RowGeneric::RowGeneric(OpBuilder &builder, Location loc, Value shape)
    : builder(loc, builder), shape(shape),
      rank(cast<RankedTensorType>(shape.getType()).getRank()) {}

RowGeneric::Dims RowGeneric::dims(unsigned begin, unsigned end) const {
  return llvm::to_vector(llvm::seq(begin, end));
}

Value RowGeneric::createEmpty(const Dims &dims, Type element) {
  SmallVector<OpFoldResult> sizes;
  for (unsigned dim : dims)
    sizes.push_back(
        tensor::getMixedSize(builder, builder.getLoc(), shape, dim));
  return tensor::EmptyOp::create(builder, sizes, element);
}

SmallVector<Value> RowGeneric::create(ArrayRef<Operand> operands,
                                      const Dims &dims, ValueRange results,
                                      const Dims &loops, bool takesResults,
                                      Body body) {
  MLIRContext *context = builder.getContext();
  auto mapOf = [&](const Dims &dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned dim : dims)
      exprs.push_back(
          builder.getAffineDimExpr(llvm::find(loops, dim) - loops.begin()));
    return AffineMap::get(loops.size(), 0, exprs, context);
  };
  SmallVector<AffineMap> maps;
  SmallVector<Value> inputs;
  for (auto &[value, dims] : operands) {
    inputs.push_back(value);
    maps.push_back(mapOf(dims));
  }
  maps.append(results.size(), mapOf(dims));
  auto iterators = llvm::map_to_vector(loops, [&](unsigned loop) {
    return llvm::is_contained(dims, loop) ? utils::IteratorType::parallel
                                          : utils::IteratorType::reduction;
  });
  auto generic = linalg::GenericOp::create(
      builder, TypeRange(results), inputs, results, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        if (!takesResults)
          arguments = arguments.take_front(inputs.size());
        linalg::YieldOp::create(inner, body(inner, arguments));
      });
  return llvm::to_vector(ValueRange(generic.getResults()));
}

SmallVector<Value> RowGeneric::map(ArrayRef<Operand> operands, const Dims &dims,
                                   ArrayRef<Type> elements, Body body) {
  SmallVector<Value> results;
  for (Type element : elements)
    results.push_back(createEmpty(dims, element));
  return create(operands, dims, results, dims, /*takesResults=*/false, body);
}

SmallVector<Value> RowGeneric::reduce(ArrayRef<Operand> operands,
                                      const Dims &dims, ArrayRef<Type> elements,
                                      Body body) {
  SmallVector<Value> results;
  for (Type element : elements) {
    Value zero = createConstant(builder, element, 0.0);
    results.push_back(
        linalg::FillOp::create(builder, zero, createEmpty(dims, element))
            .getResult(0));
  }
  return create(operands, dims, results, allDims(), /*takesResults=*/true,
                body);
}

Value RowGeneric::count(const Dims &dims, Type type) {
  auto tensor = cast<RankedTensorType>(shape.getType());
  int64_t known = 1;
  Value unknown;
  for (unsigned dim : dims) {
    if (!tensor.isDynamicDim(dim)) {
      known *= tensor.getDimSize(dim);
      continue;
    }
    Value size = tensor::DimOp::create(builder, shape, dim);
    unknown = unknown ? arith::MulIOp::create(builder, unknown, size) : size;
  }
  if (!unknown)
    return createConstant(builder, type, static_cast<double>(known));
  if (known != 1)
    unknown = arith::MulIOp::create(
        builder, unknown, arith::ConstantIndexOp::create(builder, known));
  Value integer =
      arith::IndexCastOp::create(builder, builder.getI64Type(), unknown);
  return arith::SIToFPOp::create(builder, type, integer);
}

Value commuter::norm::createConstant(ImplicitLocOpBuilder &builder, Type type,
                                     double value) {
  return arith::ConstantOp::create(builder, builder.getFloatAttr(type, value));
}

Value commuter::norm::convertFloat(ImplicitLocOpBuilder &builder, Value value,
                                   Type type) {
  const unsigned from = value.getType().getIntOrFloatBitWidth(),
                 to = type.getIntOrFloatBitWidth();
  if (from < to)
    return arith::ExtFOp::create(builder, type, value);
  if (from > to)
    return arith::TruncFOp::create(builder, type, value);
  return value;
}
