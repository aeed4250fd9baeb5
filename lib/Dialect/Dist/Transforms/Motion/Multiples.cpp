//===- Multiples.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extents that are multiples of others: those of ragged rows in another shape.
//
//===----------------------------------------------------------------------===//

#include "Multiples.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;
using namespace commuter::dist;

/// The one number that a value holds everywhere; nullopt if that is not known.
static std::optional<int64_t> getSplat(Value value) {
  if (auto splat = value.getDefiningOp<tensor::SplatOp>())
    value = splat.getInput();
  APInt number;
  if (!matchPattern(value, m_ConstantInt(&number)))
    return std::nullopt;
  return number.trySExtValue();
}

std::optional<std::pair<Value, int64_t>>
commuter::dist::splitProduct(Value value) {
  auto product = value.getDefiningOp<arith::MulIOp>();
  if (!product)
    return std::nullopt;
  if (std::optional<int64_t> factor = getSplat(product.getRhs()))
    return std::pair(product.getLhs(), *factor);
  if (std::optional<int64_t> factor = getSplat(product.getLhs()))
    return std::pair(product.getRhs(), *factor);
  return std::nullopt;
}

static DenseIntElementsAttr mapSizes(DenseIntElementsAttr sizes,
                                     function_ref<int64_t(int64_t)> map) {
  return cast<DenseIntElementsAttr>(
      sizes.mapValues(sizes.getElementType(), [&](const APInt &size) {
        return APInt(size.getBitWidth(), map(size.getSExtValue()),
                     /*isSigned=*/true, /*implicitTrunc=*/true);
      }));
}

/// 0 if there is nothing to divide, as of zeros.
static int64_t getCommonDivisor(DenseIntElementsAttr sizes) {
  int64_t divisor = 0;
  for (const APInt &size : sizes.getValues<APInt>()) {
    if (size.isNegative())
      return 0;
    divisor = std::gcd(divisor, size.getSExtValue());
  }
  return divisor;
}

Multiple commuter::dist::splitMultiple(Value extents) {
  Multiple split;
  split.of = extents;
  Value value = extents;
  // What nothing leads to may go round in circles.
  constexpr unsigned kMostSteps = 64;
  for (unsigned step = 0; step < kMostSteps; ++step) {
    if (auto cast = value.getDefiningOp<tensor::CastOp>()) {
      value = cast.getSource();
      continue;
    }
    auto product = splitProduct(value);
    if (!product || product->second < 1 ||
        product->second > kMostTimes / split.times)
      break;
    value = split.of = product->first;
    split.times *= product->second;
  }
  DenseIntElementsAttr sizes;
  if (!matchPattern(split.of, m_Constant(&sizes)))
    return split;
  int64_t divisor = getCommonDivisor(sizes);
  if (divisor < 1 || divisor > kMostTimes / split.times)
    divisor = 1;
  split.times *= divisor;
  split.constant =
      mapSizes(sizes, [&](int64_t size) { return size / divisor; });
  return split;
}

/// `factor` wherever `like` has an element.
static Value createSplat(OpBuilder &builder, Value like, int64_t factor) {
  Location loc = like.getLoc();
  auto type = cast<RankedTensorType>(like.getType());
  if (type.hasStaticShape())
    return arith::ConstantOp::create(
        builder, loc,
        DenseElementsAttr::get(type, builder.getIndexAttr(factor).getValue()));
  Value number = arith::ConstantIndexOp::create(builder, loc, factor);
  Value size = tensor::DimOp::create(builder, loc, like, 0);
  return tensor::SplatOp::create(builder, loc, number, type, size);
}

Value commuter::dist::createMultiple(Value of, int64_t times) {
  Multiple split = splitMultiple(of);
  if (split.times == times)
    return of;
  OpBuilder builder(of.getContext());
  builder.setInsertionPointAfterValue(of);
  if (split.constant)
    return arith::ConstantOp::create(
        builder, of.getLoc(),
        mapSizes(split.constant, [&](int64_t size) { return size * times; }));
  return arith::MulIOp::create(builder, of.getLoc(), of,
                               createSplat(builder, of, times));
}
