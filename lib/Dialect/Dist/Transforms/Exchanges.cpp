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

namespace {
/// A size that is a product with a constant: a value, or a dimension of one.
struct Product {
  Value of;
  std::optional<int64_t> dim;
  int64_t factor;
};
} // namespace

/// What the size is that `tensor.collapse_shape` makes of a dimension, of which
/// just one size is not static.
static std::optional<Product> splitMerged(Value size) {
  auto query = size.getDefiningOp<tensor::DimOp>();
  auto collapse =
      query ? query.getSource().getDefiningOp<tensor::CollapseShapeOp>()
            : tensor::CollapseShapeOp();
  if (!collapse || !query.getConstantIndex())
    return std::nullopt;
  RankedTensorType type = collapse.getSrcType();
  const ReassociationIndices merged =
      collapse.getReassociationIndices()[*query.getConstantIndex()];
  Product product{collapse.getSrc(), std::nullopt, 1};
  for (int64_t dim : merged) {
    if (type.isDynamicDim(dim) && product.dim)
      return std::nullopt;
    if (type.isDynamicDim(dim))
      product.dim = dim;
    else if (llvm::MulOverflow(product.factor, type.getDimSize(dim),
                               product.factor))
      return std::nullopt;
  }
  return product.dim ? std::optional(product) : std::nullopt;
}

static std::optional<Product> splitSize(Value size) {
  if (auto product = splitProduct(size))
    return Product{product->first, std::nullopt, product->second};
  return splitMerged(size);
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
/// As all ranks multiply by the same: precondition: all ranks of the group come
/// to this exchange, and not some to another one. Sizes do not wrap around.
static Value raise(ExchangeExtentsOp exchange) {
  OpBuilder builder(exchange);
  Value extent = exchange.getExtent();
  int64_t times = 1;
  // What nothing leads to may go round in circles; 1 ends it, too.
  while (std::optional<Product> product = splitSize(extent)) {
    if (product->factor < 2 || product->factor > kMostTimes / times)
      break;
    times *= product->factor;
    extent = product->dim ? tensor::DimOp::create(builder, exchange.getLoc(),
                                                  product->of, *product->dim)
                          : product->of;
  }
  if (extent == exchange.getExtent())
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
    if (areImplied(op) ||
        analysis.findDivergence(op, op.getMeshAttr(), op.getAxes()))
      continue;
    Value raised = raise(op);
    if (!raised)
      continue;
    op.getResult().replaceAllUsesWith(raised);
    op.erase();
    raisesAny = true;
  }
  return raisesAny;
}
