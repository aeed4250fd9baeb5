//===- Reductions.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reductions over dimensions, and products of tensors.
//
//===----------------------------------------------------------------------===//

#include "AttributeText.h"
#include "SourceOp.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

static Value createFilled(ImplicitLocOpBuilder &builder, RankedTensorType type,
                          Value scalar) {
  Value empty =
      tensor::EmptyOp::create(builder, type.getShape(), type.getElementType());
  return linalg::FillOp::create(builder, scalar, empty).getResult(0);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// In the type of the elements, from the initial value on, in the order of the
/// elements.
static LogicalResult importReduce(SourceOp &source) {
  Operation *op = source.op;
  if (op->getNumRegions() != 1 || op->getNumOperands() == 0)
    return source.malformed();
  if (!source.hasShape(2, 1))
    return source.lack("of several tensors");
  RankedTensorType from = source.getOperandType(0), to = source.resultTypes[0];
  auto dims = source.getDims("dimensions", from.getRank());
  Type element = getElementTypeOrSelf(op->getOperand(0).getType());
  if (!dims || source.getOperandType(1).getRank() != 0 ||
      element != getElementTypeOrSelf(op->getOperand(1).getType()))
    return source.malformed();
  if (dims->empty())
    return source.lack("over no dimension");
  llvm::sort(*dims);
  SmallVector<int64_t> shape;
  for (int64_t dim = 0; dim < from.getRank(); ++dim)
    if (!llvm::is_contained(*dims, dim))
      shape.push_back(from.getDimSize(dim));
  if (to != from.clone(shape) ||
      element != getElementTypeOrSelf(op->getResult(0).getType()))
    return source.malformed();
  Elementwise combine = findCombination(getCombiner(op->getRegion(0), element),
                                        source.getOperandClass(0));
  if (!combine)
    return source.lack("whose body is not one known op");
  ImplicitLocOpBuilder &builder = source.builder;
  Value init =
      createFilled(builder, to, createScalar(builder, source.operands[1]));
  auto reduce = linalg::ReduceOp::create(
      builder, source.operands[0], init, *dims,
      [&](OpBuilder &nested, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, nested);
        linalg::YieldOp::create(inner, combine(inner, arguments));
      });
  return source.finish(reduce->getResult(0));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Sums of f16 and bf16 are of f32, and rounded once, as XLA has it.
static Type getSumType(Type result) {
  if (isa<Float16Type, BFloat16Type>(result))
    return Float32Type::get(result.getContext());
  return result;
}

/// An operand's element in the type of the sum; null if it does not fit in.
static Value widen(OpBuilder &builder, Location loc, Value value, Type type,
                   bool isUnsigned) {
  if (value.getType() == type)
    return value;
  if (isa<FloatType>(type))
    return arith::ExtFOp::create(builder, loc, type, value);
  if (isUnsigned)
    return arith::ExtUIOp::create(builder, loc, type, value);
  return arith::ExtSIOp::create(builder, loc, type, value);
}

static bool canWiden(Type from, Type to) {
  return from == to ||
         (isa<FloatType>(from) == isa<FloatType>(to) &&
          from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth());
}

namespace {
/// The loops of a product: first those of the result, then those that are
/// summed over; and which of them goes along each dimension of an operand.
struct ProductLoops {
  SmallVector<int64_t> sizes;
  unsigned numResultDims = 0;
  SmallVector<int64_t> ofLhs, ofRhs;

  bool isMatmul() const {
    return llvm::equal(ofLhs, ArrayRef<int64_t>{0, 2}) &&
           llvm::equal(ofRhs, ArrayRef<int64_t>{2, 1});
  }
  bool isBatchMatmul() const {
    return llvm::equal(ofLhs, ArrayRef<int64_t>{0, 1, 3}) &&
           llvm::equal(ofRhs, ArrayRef<int64_t>{0, 3, 2});
  }
};
} // namespace

/// True if the numbers are different dimensions of the tensor.
static bool areDims(ArrayRef<int64_t> a, ArrayRef<int64_t> b, int64_t rank) {
  SmallVector<bool> isListed(rank);
  for (ArrayRef<int64_t> dims : {a, b})
    for (int64_t dim : dims) {
      if (dim < 0 || dim >= rank || isListed[dim])
        return false;
      isListed[dim] = true;
    }
  return true;
}

/// Result dimensions: the batch, what is left of the left, of the right side.
static std::optional<ProductLoops> getProductLoops(const DotText &dot,
                                                   ArrayRef<int64_t> lhs,
                                                   ArrayRef<int64_t> rhs) {
  if (!areDims(dot.lhsBatch, dot.lhsContracting, lhs.size()) ||
      !areDims(dot.rhsBatch, dot.rhsContracting, rhs.size()) ||
      dot.lhsBatch.size() != dot.rhsBatch.size() ||
      dot.lhsContracting.size() != dot.rhsContracting.size())
    return std::nullopt;
  ProductLoops loops;
  loops.ofLhs.assign(lhs.size(), -1);
  loops.ofRhs.assign(rhs.size(), -1);
  bool isValid = true;
  auto addPairs = [&](ArrayRef<int64_t> ofLhs, ArrayRef<int64_t> ofRhs) {
    for (auto [l, r] : llvm::zip_equal(ofLhs, ofRhs)) {
      isValid &= lhs[l] == rhs[r];
      loops.ofLhs[l] = loops.ofRhs[r] = loops.sizes.size();
      loops.sizes.push_back(lhs[l]);
    }
  };
  auto addRest = [&](SmallVector<int64_t> &numbers, ArrayRef<int64_t> sizes,
                     ArrayRef<int64_t> contracting) {
    for (auto [dim, number] : llvm::enumerate(numbers))
      if (number < 0 && !llvm::is_contained(contracting, int64_t(dim))) {
        number = loops.sizes.size();
        loops.sizes.push_back(sizes[dim]);
      }
  };
  addPairs(dot.lhsBatch, dot.rhsBatch);
  addRest(loops.ofLhs, lhs, dot.lhsContracting);
  addRest(loops.ofRhs, rhs, dot.rhsContracting);
  loops.numResultDims = loops.sizes.size();
  addPairs(dot.lhsContracting, dot.rhsContracting);
  return isValid ? std::make_optional(loops) : std::nullopt;
}

static LogicalResult importDotGeneral(SourceOp &source) {
  Operation *op = source.op;
  if (!source.hasShape(2, 1))
    return source.malformed();
  if (op->getAttr("algorithm"))
    return source.lack("with an algorithm");
  RankedTensorType lhs = source.getOperandType(0),
                   rhs = source.getOperandType(1), to = source.resultTypes[0];
  std::optional<DotText> dot = readDot(op->getAttr("dot_dimension_numbers"));
  std::optional<ProductLoops> loops =
      dot ? getProductLoops(*dot, lhs.getShape(), rhs.getShape())
          : std::nullopt;
  if (!loops ||
      to.getShape() != ArrayRef(loops->sizes).take_front(loops->numResultDims))
    return source.malformed();
  Type sum = getSumType(to.getElementType());
  if (source.getResultClass(0) == ElementClass::Bool ||
      source.getOperandClass(0) == ElementClass::Bool ||
      source.getOperandClass(1) == ElementClass::Bool ||
      !canWiden(lhs.getElementType(), sum) ||
      !canWiden(rhs.getElementType(), sum))
    return source.lack("of elements that the result's type does not hold");

  ImplicitLocOpBuilder &builder = source.builder;
  auto getMap = [&](ArrayRef<int64_t> numbers) {
    SmallVector<AffineExpr> exprs;
    for (int64_t number : numbers)
      exprs.push_back(builder.getAffineDimExpr(number));
    return AffineMap::get(loops->sizes.size(), 0, exprs, builder.getContext());
  };
  SmallVector<AffineMap> maps = {
      getMap(loops->ofLhs), getMap(loops->ofRhs),
      getMap(llvm::to_vector(llvm::seq<int64_t>(0, loops->numResultDims)))};
  SmallVector<utils::IteratorType> iterators(loops->numResultDims,
                                             utils::IteratorType::parallel);
  iterators.resize(loops->sizes.size(), utils::IteratorType::reduction);
  const bool isFloat = isa<FloatType>(sum);
  const bool isUnsigned[] = {
      source.getOperandClass(0) == ElementClass::Unsigned,
      source.getOperandClass(1) == ElementClass::Unsigned};
  auto body = [&](OpBuilder &nested, Location loc, ValueRange arguments) {
    SmallVector<Value> factors;
    for (int i : {0, 1})
      factors.push_back(widen(nested, loc, arguments[i], sum, isUnsigned[i]));
    Value result;
    if (isFloat)
      result = arith::AddFOp::create(
          nested, loc, arguments[2],
          arith::MulFOp::create(nested, loc, factors[0], factors[1]));
    else
      result = arith::AddIOp::create(
          nested, loc, arguments[2],
          arith::MulIOp::create(nested, loc, factors[0], factors[1]));
    linalg::YieldOp::create(nested, loc, result);
  };
  RankedTensorType sums = to.clone(sum);
  Value zeros = createFilled(builder, sums, createConstant(builder, sum, 0));
  Operation *product;
  // What has a name gets it.
  if (isFloat && loops->isMatmul())
    product = linalg::MatmulOp::create(builder, TypeRange(sums),
                                       source.operands, ValueRange(zeros));
  else if (isFloat && loops->isBatchMatmul())
    product = linalg::BatchMatmulOp::create(builder, TypeRange(sums),
                                            source.operands, ValueRange(zeros));
  else
    product =
        linalg::GenericOp::create(builder, TypeRange(sums), source.operands,
                                  ValueRange(zeros), maps, iterators, body);
  Value result = product->getResult(0);
  if (sums != to)
    result = arith::TruncFOp::create(builder, to, result);
  return source.finish(result);
}

Handler stablehlo::findReduction(StringRef name) {
  if (name == "stablehlo.reduce")
    return importReduce;
  if (name == "stablehlo.dot_general")
    return importDotGeneral;
  return nullptr;
}
