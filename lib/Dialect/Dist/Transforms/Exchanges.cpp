//===- Exchanges.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Extents that are exchanged as a product, raised to a product of extents.
//
//===----------------------------------------------------------------------===//

#include "Motion/Multiples.h"
#include "Raising.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// The size that a dimension which `tensor.collapse_shape` merges is a product
/// of, with the constant factor; none unless just one of these is not static.
static std::optional<std::pair<Value, int64_t>> splitMerged(OpBuilder &builder,
                                                            Value size) {
  auto query = size.getDefiningOp<tensor::DimOp>();
  auto collapse =
      query ? query.getSource().getDefiningOp<tensor::CollapseShapeOp>()
            : tensor::CollapseShapeOp();
  if (!collapse || !query.getConstantIndex())
    return std::nullopt;
  RankedTensorType type = collapse.getSrcType();
  std::optional<int64_t> open;
  int64_t factor = 1;
  for (int64_t dim :
       collapse.getReassociationIndices()[*query.getConstantIndex()]) {
    if (type.isDynamicDim(dim) && open)
      return std::nullopt;
    if (type.isDynamicDim(dim))
      open = dim;
    else if (llvm::MulOverflow(factor, type.getDimSize(dim), factor))
      return std::nullopt;
  }
  if (!open || factor < 2)
    return std::nullopt;
  Value part =
      tensor::DimOp::create(builder, size.getLoc(), collapse.getSrc(), *open);
  return std::pair(part, factor);
}

/// True if there is a gather that has these extents by definition, and says so
/// by nothing else.
static bool areImplied(ExchangeExtentsOp exchange) {
  auto query = exchange.getExtent().getDefiningOp<tensor::DimOp>();
  return query &&
         llvm::any_of(query.getSource().getUsers(), [&](Operation *op) {
           auto gather = dyn_cast<AllGatherOp>(op);
           return gather && !gather.getExtents() &&
                  isExtentsOf(exchange, gather);
         });
}

/// Law, for a constant k:
///
///   exchange_extents(n * k) = exchange_extents(n) * k
///
/// As all ranks multiply by the same. Sizes do not wrap around.
static Value raise(ExchangeExtentsOp exchange) {
  OpBuilder builder(exchange);
  Value extent = exchange.getExtent();
  int64_t times = 1;
  while (true) {
    auto product = splitProduct(extent);
    if (!product)
      product = splitMerged(builder, extent);
    if (!product || product->second < 1 || product->second > kMostTimes / times)
      break;
    extent = product->first;
    times *= product->second;
  }
  if (times == 1)
    return {};
  auto raised = ExchangeExtentsOp::create(
      builder, exchange.getLoc(), exchange.getType(), extent,
      exchange.getMeshAttr(), exchange.getAxesAttr());
  return createMultiple(raised, times);
}

bool commuter::dist::raiseExchanges(ArrayRef<FunctionOpInterface> functions,
                                    const ShardingAnalysis &analysis) {
  if (!analysis.hasExchange())
    return false;
  SmallVector<ExchangeExtentsOp> exchanges;
  for (FunctionOpInterface function : functions)
    function->walk([&](ExchangeExtentsOp op) { exchanges.push_back(op); });
  bool raisesAny = false;
  for (ExchangeExtentsOp op : exchanges) {
    Value raised = areImplied(op) ? Value() : raise(op);
    if (!raised)
      continue;
    op.getResult().replaceAllUsesWith(raised);
    op.erase();
    raisesAny = true;
  }
  return raisesAny;
}
