//===- RowExpression.cpp -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From values to polynomials.
//
//===----------------------------------------------------------------------===//

#include "RowExpression.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace commuter::norm;
using linalg::LinalgOp;

/// Deeper than any norm, and of more values: guards for stack and time where
/// nothing but the size of the program bounds what goes into a value.
static constexpr unsigned kMaxDepth = 200, kMaxValues = 512;

//===----------------------------------------------------------------------===//
// What is seen through
//===----------------------------------------------------------------------===//

/// To the nearest, ties to even.
static bool roundsAsNorm(arith::TruncFOp op) {
  return op.getRoundingmode().value_or(arith::RoundingMode::to_nearest_even) ==
         arith::RoundingMode::to_nearest_even;
}

static bool isArithmetic(Operation *op) {
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::NegFOp, arith::ExtFOp, arith::TruncFOp, arith::MaximumFOp,
             math::AbsFOp, math::FmaOp, math::FPowIOp, math::PowFOp,
             math::RsqrtOp, math::SqrtOp>(op);
}

bool commuter::norm::isReduction(Operation *op) {
  auto structured = dyn_cast<LinalgOp>(op);
  return structured && structured.getNumReductionLoops() != 0;
}

bool commuter::norm::isRowExpressionOp(Operation *op) {
  if (auto structured = dyn_cast<LinalgOp>(op))
    return structured.hasPureTensorSemantics();
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return extract.getIndices().empty();
  return isArithmetic(op) ||
         isa<arith::ConstantOp, tensor::CastOp, tensor::ExpandShapeOp,
             tensor::CollapseShapeOp, tensor::SplatOp>(op);
}

/// True if a structured op puts elements elsewhere, and computes nothing.
static bool onlyMoves(LinalgOp op) {
  return op.getNumReductionLoops() == 0 &&
         llvm::all_of(
             op.getBlock()->getTerminator()->getOperands(),
             [](Value yielded) { return isa<BlockArgument>(yielded); });
}

/// Of a constant, or of one that is widened and rounded, as canonicalize would
/// have folded it: its rounded value is a number of the narrower type.
static std::optional<double> getSplat(Value value) {
  SmallVector<FloatType> types = {Float64Type::get(value.getContext())};
  APFloat number(0.0);
  while (!matchPattern(value, m_ConstantFloat(&number))) {
    Operation *op = value.getDefiningOp();
    auto truncate = dyn_cast_or_null<arith::TruncFOp>(op);
    if (!isa_and_nonnull<arith::ExtFOp>(op) &&
        !(truncate && roundsAsNorm(truncate)))
      return std::nullopt;
    types.push_back(cast<FloatType>(getElementTypeOrSelf(value.getType())));
    value = op->getOperand(0);
  }
  bool loses;
  for (FloatType type : llvm::reverse(types))
    number.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &loses);
  return number.convertToDouble();
}

static bool hasUnitSize(Type type, int64_t dim) {
  return cast<RankedTensorType>(type).getDimSize(dim) == 1;
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

RowExpression::RowExpression(Value input, const RowExpressionOptions &options)
    : input(input), options(options), algebra(options.tolerance) {}

Place RowExpression::getOwnPlace(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Place place;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    place.push_back(hasUnitSize(type, dim) ? kFirst : static_cast<int>(dim));
  return place;
}

std::optional<unsigned> RowExpression::getInputAtom(Value value) {
  const Polynomial element = evaluate(value, getOwnPlace(value));
  if (element.size() != 1 || element.begin()->second != 1.0)
    return std::nullopt;
  const Monomial &factors = element.begin()->first;
  if (factors.size() != 1 || factors[0].halves != 2 ||
      algebra[factors[0].atom].value != input)
    return std::nullopt;
  return factors[0].atom;
}

Polynomial RowExpression::makeLeaf(Value value, Place place) {
  if (value != input)
    leaves.insert(value);
  return Algebra::power(
      algebra.intern({Atom::Kind::Element, value, 1, std::move(place), {}}));
}

bool RowExpression::dependsOnInput(Value value, unsigned depth) {
  if (value == input)
    return true;
  auto [found, isNew] = dependences.try_emplace(value, true);
  if (!isNew)
    return found->second;
  Operation *op = value.getDefiningOp();
  const bool depends = op && isRowExpressionOp(op) &&
                       (depth == kMaxDepth ||
                        llvm::any_of(op->getOperands(), [&](Value operand) {
                          return dependsOnInput(operand, depth + 1);
                        }));
  return dependences[value] = depends;
}

Polynomial RowExpression::evaluate(Value tensor, Place place) {
  for (auto [dim, code] : llvm::enumerate(place))
    if (hasUnitSize(tensor.getType(), dim))
      code = kFirst;
  if (tensor == input)
    return makeLeaf(tensor, std::move(place));
  auto key = std::make_pair(tensor.getAsOpaquePointer(),
                            std::vector<int>(place.begin(), place.end()));
  auto found = known.find(key);
  if (found != known.end())
    return found->second;
  ++depth;
  const Obstacle outer = std::exchange(obstacle, Obstacle::None);
  Algebra::Result result;
  if (depth < kMaxDepth && known.size() < kMaxValues)
    result = takeApart(tensor, place);
  if (!result) {
    obstacles.try_emplace(tensor, obstacle);
    result = makeLeaf(tensor, std::move(place));
  } else {
    visited.insert(tensor.getDefiningOp());
  }
  obstacle = outer;
  --depth;
  return known[key] = *result;
}

/// Law: a reshape merges dimensions, or splits one, in row-major order: where
/// each of the parts is follows from the whole place and the sizes of all of
/// them but the first. What was merged and is split in the same way is itself.
std::optional<int> RowExpression::mergePlaces(ArrayRef<int> parts,
                                              ArrayRef<int64_t> sizes) {
  // Of a sum over a part, nothing is known.
  if (llvm::any_of(parts, [](int code) { return code >= kFirstVariable; }))
    return std::nullopt;
  if (llvm::all_of(parts, [](int code) { return code == kFirst; }))
    return kFirst;
  for (auto [number, known] : llvm::enumerate(merged))
    if (known.parts == parts && known.sizes == sizes)
      return known.whole.value_or(kFirstMerged + static_cast<int>(number));
  merged.push_back(
      {std::nullopt, llvm::to_vector(parts), llvm::to_vector(sizes)});
  return kFirstMerged + static_cast<int>(merged.size()) - 1;
}

std::optional<SmallVector<int>>
RowExpression::splitPlace(int whole, ArrayRef<int64_t> sizes) {
  if (whole >= kFirstVariable)
    return std::nullopt;
  const size_t count = sizes.size() + 1;
  if (whole == kFirst)
    return SmallVector<int>(count, kFirst);
  for (auto [number, known] : llvm::enumerate(merged))
    if (known.whole.value_or(kFirstMerged + static_cast<int>(number)) ==
            whole &&
        known.sizes == sizes)
      return known.parts;
  Merged split{whole, {}, llvm::to_vector(sizes)};
  for (size_t i = 0; i < count; ++i)
    split.parts.push_back(kFirstPart + static_cast<int>(numParts++));
  merged.push_back(split);
  return split.parts;
}

/// Through a reshape: the place in the source of what is at `place`. `groups`
/// are of dimensions of the larger.
std::optional<Place>
RowExpression::reshapePlace(ArrayRef<ReassociationIndices> groups,
                            RankedTensorType larger, const Place &place,
                            bool isExpansion) {
  Place source(isExpansion ? groups.size() : larger.getRank(), kFirst);
  for (auto [at, group] : llvm::enumerate(groups)) {
    SmallVector<int64_t> dims, sizes;
    for (int64_t dim : group)
      if (!hasUnitSize(larger, dim)) {
        dims.push_back(dim);
        sizes.push_back(larger.getDimSize(dim));
      }
    if (dims.empty())
      continue;
    if (dims.size() == 1) {
      source[isExpansion ? at : dims[0]] = place[isExpansion ? dims[0] : at];
      continue;
    }
    sizes.erase(sizes.begin());
    if (llvm::any_of(sizes, ShapedType::isDynamic) ||
        merged.size() > kMaxValues)
      return std::nullopt;
    if (isExpansion) {
      auto parts =
          llvm::map_to_vector(dims, [&](int64_t dim) { return place[dim]; });
      std::optional<int> whole = mergePlaces(parts, sizes);
      if (!whole)
        return std::nullopt;
      source[at] = *whole;
      continue;
    }
    auto parts = splitPlace(place[at], sizes);
    if (!parts)
      return std::nullopt;
    for (auto [dim, code] : llvm::zip_equal(dims, *parts))
      source[dim] = code;
  }
  return source;
}

Algebra::Result RowExpression::takeApart(Value tensor, const Place &place) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!isa<FloatType>(type.getElementType()))
    return std::nullopt;
  if (std::optional<double> number = getSplat(tensor))
    return Algebra::constant(*number);
  Operation *op = tensor.getDefiningOp();
  if (!op || !isRowExpressionOp(op)) {
    obstacle = Obstacle::Unsupported;
    return std::nullopt;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (!isa<RankedTensorType>(cast.getSource().getType()))
      return std::nullopt;
    return evaluate(cast.getSource(), place);
  }
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return evaluateScalar(splat.getInput(), nullptr);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    auto source = reshapePlace(expand.getReassociationIndices(), type, place,
                               /*isExpansion=*/true);
    return source ? Algebra::Result(evaluate(expand.getSrc(), *source))
                  : std::nullopt;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    auto source = reshapePlace(collapse.getReassociationIndices(),
                               collapse.getSrcType(), place,
                               /*isExpansion=*/false);
    return source ? Algebra::Result(evaluate(collapse.getSrc(), *source))
                  : std::nullopt;
  }
  auto structured = dyn_cast<LinalgOp>(op);
  const bool computes =
      structured ? !onlyMoves(structured) : !isa<arith::ExtFOp>(op);
  if (options.keepsParameters && computes && !dependsOnInput(tensor))
    return std::nullopt;
  if (structured)
    return evaluateStructured(structured,
                              cast<OpResult>(tensor).getResultNumber(), place,
                              /*isRoot=*/false);
  if (!isArithmetic(op))
    return std::nullopt;
  return evaluateArithmetic(op, [&](Value operand) -> Algebra::Result {
    if (!isa<RankedTensorType>(operand.getType()))
      return std::nullopt;
    return evaluate(operand, place);
  });
}

std::optional<Polynomial> RowExpression::evaluateRoot(Value root) {
  Operation *op = root.getDefiningOp();
  const Place place = getOwnPlace(root);
  if (getElementTypeOrSelf(root.getType()) == options.compute ||
      options.ignoresRounding) {
    Algebra::Result result = takeApart(root, place);
    if (result)
      visited.insert(op);
    return result;
  }
  Algebra::Result result;
  if (auto truncate = dyn_cast<arith::TruncFOp>(op);
      truncate && roundsAsNorm(truncate))
    result = evaluate(truncate.getIn(), place);
  else if (auto structured = dyn_cast<LinalgOp>(op))
    result = evaluateStructured(structured,
                                cast<OpResult>(root).getResultNumber(), place,
                                /*isRoot=*/true);
  if (result)
    visited.insert(op);
  return result;
}

//===----------------------------------------------------------------------===//
// Structured ops
//===----------------------------------------------------------------------===//

/// The place in an operand, by its indexing map.
static std::optional<Place> applyMap(AffineMap map, const Place &loops) {
  Place place;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      place.push_back(loops[dim.getPosition()]);
    else if (auto number = dyn_cast<AffineConstantExpr>(expr);
             number && number.getValue() == 0)
      place.push_back(kFirst);
    else
      return std::nullopt;
  }
  return place;
}

/// Law: result[map(i)] = body(operands[maps(i)]) for all i of parallel loops,
/// and the sum over i of reduction loops, from the initial value on, if the
/// body adds to it. Precondition: the result's map has each parallel loop once,
/// so that a place of the result is of one iteration of them.
Algebra::Result RowExpression::evaluateStructured(LinalgOp op, unsigned result,
                                                  const Place &place,
                                                  bool isRoot) {
  constexpr int kUnset = -3;
  if (!op.hasPureTensorSemantics())
    return std::nullopt;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  Scope scope(op, Place(ranges.size(), kUnset));
  AffineMap map = op.getIndexingMapMatchingResult(op->getResult(result));
  for (auto [expr, code] : llvm::zip_equal(map.getResults(), place)) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      int &loop = scope.loops[dim.getPosition()];
      if (loop != kUnset)
        return std::nullopt;
      loop = code;
    } else if (auto number = dyn_cast<AffineConstantExpr>(expr);
               !number || number.getValue() != 0 || code != kFirst) {
      return std::nullopt;
    }
  }
  const bool reduces = op.getNumReductionLoops() != 0;
  for (auto [loop, code] : llvm::enumerate(scope.loops)) {
    const bool isParallel = iterators[loop] == utils::IteratorType::parallel;
    if (isParallel != (code != kUnset) && ranges[loop] != 1)
      return std::nullopt;
    if (ranges[loop] == 1)
      code = kFirst;
    else if (code == kUnset)
      code = nextVariable++;
  }
  if (reduces)
    for (unsigned i = 0; i < op->getNumResults(); ++i)
      scope.partials.push_back(algebra.intern(
          {Atom::Kind::Partial, op->getResult(i), nextVariable++, {}, {}}));

  Value yielded = op.getBlock()->getTerminator()->getOperand(result);
  // The rounding of the root is the norm's own.
  if (isRoot) {
    auto truncate = yielded.getDefiningOp<arith::TruncFOp>();
    if (!truncate || !roundsAsNorm(truncate) || reduces)
      return std::nullopt;
    yielded = truncate.getIn();
  }
  Algebra::Result value = evaluateScalar(yielded, &scope);
  if (!value || !reduces)
    return value;
  return sumUp(op, scope, result, *value);
}

/// `yielded` = the sum so far + a term, which is summed over all reduction
/// loops.
Algebra::Result RowExpression::sumUp(LinalgOp op, Scope &scope, unsigned result,
                                     const Polynomial &yielded) {
  Polynomial term = yielded;
  auto partial = term.find({{scope.partials[result], 2}});
  if (partial == term.end() || partial->second != 1.0)
    return std::nullopt;
  term.erase(partial);
  if (algebra.mentions(term, [](const Atom &atom) {
        return atom.kind == Atom::Kind::Partial;
      }))
    return std::nullopt;
  // A parallel loop may be the variable of a sum further out.
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  for (auto [loop, code] : llvm::enumerate(scope.loops)) {
    if (iterators[loop] != utils::IteratorType::reduction || code == kFirst)
      continue;
    Algebra::Result mean = algebra.mean(term, code);
    if (!mean)
      return std::nullopt;
    term = std::move(*mean);
    Algebra::Result extent = getExtent(op, loop);
    if (!extent)
      return std::nullopt;
    if (term.empty())
      continue;
    Algebra::Result sum = algebra.multiply(term, *extent);
    if (!sum)
      return std::nullopt;
    term = std::move(*sum);
  }
  OpOperand *init = op.getDpsInitOperand(result);
  std::optional<Place> place =
      applyMap(op.getMatchingIndexingMap(init), scope.loops);
  if (!place)
    return std::nullopt;
  return algebra.add(evaluate(init->get(), *place), term);
}

Algebra::Result RowExpression::evaluateArgument(BlockArgument argument,
                                                Scope &scope) {
  const unsigned number = argument.getArgNumber();
  const unsigned inputs = scope.op.getNumDpsInputs();
  if (number >= inputs && !scope.partials.empty())
    return Algebra::power(scope.partials[number - inputs]);
  OpOperand *operand = scope.op.getMatchingOpOperand(argument);
  if (!isa<RankedTensorType>(operand->get().getType()))
    return evaluateScalar(operand->get(), nullptr);
  std::optional<Place> place =
      applyMap(scope.op.getMatchingIndexingMap(operand), scope.loops);
  if (!place)
    return std::nullopt;
  return evaluate(operand->get(), *place);
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Algebra::Result RowExpression::evaluateScalar(Value scalar, Scope *scope) {
  if (!isa<FloatType>(scalar.getType()))
    return std::nullopt;
  if (std::optional<double> number = getSplat(scalar))
    return Algebra::constant(*number);
  const bool isInside =
      scope && scalar.getParentBlock() == scope->op.getBlock();
  if (isInside) {
    auto found = scope->known.find(scalar);
    if (found != scope->known.end())
      return found->second;
    Algebra::Result result;
    if (auto argument = dyn_cast<BlockArgument>(scalar))
      result = evaluateArgument(argument, *scope);
    else
      result = evaluateArithmetic(scalar.getDefiningOp(), [&](Value operand) {
        return evaluateScalar(operand, scope);
      });
    scope->known[scalar] = result;
    return result;
  }
  Operation *op = scalar.getDefiningOp();
  if (auto extract = dyn_cast_or_null<tensor::ExtractOp>(op);
      extract && extract.getIndices().empty())
    return evaluate(extract.getTensor(), {});
  if (op && (isArithmetic(op) || isa<arith::SIToFPOp, arith::UIToFPOp>(op))) {
    Algebra::Result result = evaluateArithmetic(
        op, [&](Value operand) { return evaluateScalar(operand, nullptr); });
    if (result)
      return result;
  }
  return makeLeaf(scalar, {});
}

/// Laws of the real numbers, one an op; the algebra keeps to what is right of
/// floating-point numbers up to rounding. Precondition: the op rounds to the
/// type of the arithmetic, or not at all.
Algebra::Result RowExpression::evaluateArithmetic(Operation *op,
                                                  Operands operand) {
  if (op->getNumResults() != 1)
    return std::nullopt;
  Type type = getElementTypeOrSelf(op->getResult(0).getType());
  auto evaluateAll = [&](auto combine) -> Algebra::Result {
    SmallVector<Polynomial, 3> values;
    for (Value value : op->getOperands()) {
      Algebra::Result result = operand(value);
      if (!result)
        return std::nullopt;
      values.push_back(std::move(*result));
    }
    return combine(values);
  };
  // Exact.
  if (auto extend = dyn_cast<arith::ExtFOp>(op))
    return operand(extend.getIn());
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op) && type == options.compute)
    return evaluateInteger(op->getOperand(0));
  auto truncation = dyn_cast<arith::TruncFOp>(op);
  const bool isRounded = truncation || (type != options.compute &&
                                        !isa<arith::NegFOp, math::AbsFOp>(op));
  const bool mayIgnore =
      options.ignoresRounding && (!truncation || roundsAsNorm(truncation)) &&
      isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
  if (isRounded && !mayIgnore) {
    obstacle = Obstacle::Rounding;
    return std::nullopt;
  }
  using Values = ArrayRef<Polynomial>;
  return llvm::TypeSwitch<Operation *, Algebra::Result>(op)
      .Case([&](arith::TruncFOp truncate) { return operand(truncate.getIn()); })
      .Case([&](arith::AddFOp) {
        return evaluateAll([&](Values v) { return algebra.add(v[0], v[1]); });
      })
      .Case([&](arith::SubFOp) {
        return evaluateAll(
            [&](Values v) { return algebra.add(v[0], *algebra.negate(v[1])); });
      })
      .Case([&](arith::MulFOp) {
        return evaluateAll(
            [&](Values v) { return algebra.multiply(v[0], v[1]); });
      })
      .Case([&](arith::DivFOp) {
        return evaluateAll(
            [&](Values v) { return algebra.divide(v[0], v[1]); });
      })
      .Case([&](arith::NegFOp) {
        return evaluateAll([&](Values v) { return algebra.negate(v[0]); });
      })
      .Case([&](math::FmaOp) {
        return evaluateAll([&](Values v) -> Algebra::Result {
          Algebra::Result product = algebra.multiply(v[0], v[1]);
          return product ? algebra.add(*product, v[2]) : std::nullopt;
        });
      })
      .Case([&](math::AbsFOp) {
        return evaluateAll([&](Values v) { return algebra.magnitude(v[0]); });
      })
      .Case([&](math::SqrtOp) {
        return evaluateAll([&](Values v) { return algebra.raise(v[0], 1); });
      })
      .Case([&](math::RsqrtOp) {
        return evaluateAll([&](Values v) { return algebra.raise(v[0], -1); });
      })
      .Case([&](math::PowFOp) {
        return evaluateAll([&](Values v) -> Algebra::Result {
          std::optional<double> exponent = Algebra::getConstant(v[1]);
          for (int halves : {-2, -1, 1, 2, 4})
            if (exponent && *exponent * 2 == halves)
              return algebra.raise(v[0], halves);
          return std::nullopt;
        });
      })
      .Case([&](math::FPowIOp power) -> Algebra::Result {
        IntegerAttr exponent;
        Algebra::Result base = operand(power.getLhs());
        if (!base || !matchPattern(power.getRhs(), m_Constant(&exponent)))
          return std::nullopt;
        const int64_t number = exponent.getInt();
        if (number != -1 && number != 1 && number != 2)
          return std::nullopt;
        return algebra.raise(*base, static_cast<int>(2 * number));
      })
      .Case([&](arith::MaximumFOp) {
        return evaluateAll([&](Values v) -> Algebra::Result {
          // max(v, 0) = v of what is not negative; NaN stays NaN.
          for (int i : {0, 1}) {
            std::optional<double> bound = Algebra::getConstant(v[i]);
            if (bound && *bound <= 0.0 && algebra.isVarianceOrSquare(v[1 - i]))
              return v[1 - i];
          }
          return std::nullopt;
        });
      })
      .Default([&](Operation *) -> Algebra::Result {
        obstacle = Obstacle::Unsupported;
        return std::nullopt;
      });
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// A count, which is the same signed or not: nothing if it may be another one
/// in the integer's type.
Algebra::Result RowExpression::evaluateInteger(Value integer) {
  APInt number;
  if (matchPattern(integer, m_ConstantInt(&number))) {
    if (number.isNegative() || number.getBitWidth() == 1)
      return std::nullopt;
    return Algebra::constant(static_cast<double>(number.getSExtValue()));
  }
  Operation *op = integer.getDefiningOp();
  const Type type = integer.getType();
  if (!op || (type.isInteger() && type.getIntOrFloatBitWidth() < 32))
    return std::nullopt;
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp>(op))
    return evaluateInteger(op->getOperand(0));
  if (isa<arith::MulIOp>(op)) {
    Algebra::Result lhs = evaluateInteger(op->getOperand(0)),
                    rhs = evaluateInteger(op->getOperand(1));
    Algebra::Result product =
        lhs && rhs ? algebra.multiply(*lhs, *rhs) : std::nullopt;
    std::optional<double> count =
        product ? Algebra::getConstant(*product) : std::nullopt;
    return count && *count > INT32_MAX ? std::nullopt : product;
  }
  auto size = dyn_cast<tensor::DimOp>(op);
  std::optional<int64_t> dim = size ? size.getConstantIndex() : std::nullopt;
  if (!dim || !isa<RankedTensorType>(size.getSource().getType()))
    return std::nullopt;
  return evaluateSize(size.getSource(), *dim);
}

/// Law: an elementwise op has the sizes of its operands, a structured op those
/// of its loops. Ends at the input, where it is met.
Algebra::Result RowExpression::evaluateSize(Value tensor, int64_t dim,
                                            unsigned depth) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (dim < 0 || dim >= type.getRank())
    return std::nullopt;
  if (!type.isDynamicDim(dim))
    return Algebra::constant(static_cast<double>(type.getDimSize(dim)));
  Operation *op = tensor.getDefiningOp();
  if (tensor != input && op && depth < kMaxDepth) {
    if (isArithmetic(op) || isa<tensor::CastOp>(op)) {
      Value source = op->getOperand(0);
      if (isa<RankedTensorType>(source.getType()))
        return evaluateSize(source, dim, depth + 1);
    }
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return evaluateInteger(empty.getDynamicSize(dim));
    if (auto structured = dyn_cast<LinalgOp>(op);
        structured && structured.hasPureTensorSemantics()) {
      OpOperand *init = structured.getDpsInitOperand(
          cast<OpResult>(tensor).getResultNumber());
      auto loop = dyn_cast<AffineDimExpr>(
          structured.getMatchingIndexingMap(init).getResult(dim));
      for (OpOperand *operand : structured.getDpsInputOperands()) {
        if (!loop || !isa<RankedTensorType>(operand->get().getType()))
          continue;
        AffineMap map = structured.getMatchingIndexingMap(operand);
        if (std::optional<unsigned> at = map.getResultPosition(loop))
          return evaluateSize(operand->get(), *at, depth + 1);
      }
      return evaluateSize(init->get(), dim, depth + 1);
    }
  }
  return Algebra::power(algebra.intern(
      {Atom::Kind::Extent, tensor, static_cast<int>(dim), {}, {}}));
}

Algebra::Result RowExpression::getExtent(LinalgOp op, unsigned loop) {
  Algebra::Result found;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    std::optional<unsigned> at =
        op.getMatchingIndexingMap(&operand).getResultPosition(
            getAffineDimExpr(loop, op->getContext()));
    if (!at)
      continue;
    Algebra::Result extent = evaluateSize(operand.get(), *at);
    if (!extent)
      continue;
    // A number, or the input's size, rather than that of something else.
    const bool isKnown = !algebra.mentions(
        *extent, [&](const Atom &atom) { return atom.value != input; });
    if (!found || isKnown)
      found = extent;
    if (isKnown)
      break;
  }
  return found;
}
