//===- NormMatch.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The normal forms of norms.
//
//===----------------------------------------------------------------------===//

#include "NormMatch.h"

#include "commuter/Dialect/Norm/IR/Norm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

#include <charconv>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace commuter::norm;
using Kind = Atom::Kind;

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// The type of the statistics of a norm of `element`.
static Type getComputeType(Type element) {
  return element.isF64() ? element : Float32Type::get(element.getContext());
}

/// Relative difference of coefficients that are equal but for rounding: each is
/// of a few operations.
static double getTolerance(Type compute) {
  return compute.isF64() ? 0x1p-50 : 0x1p-21;
}

/// x * (1 / sqrt(var) + eps) has a term eps * x; larger ones are of a residual.
static constexpr double kLargestEps = 1e-2;
/// What is added to a variance.
static constexpr double kLargestRootEps = 1.0;

/// The shortest decimal number that rounds to `value` in the type.
static double getShortest(double value, Type type) {
  if (type.isF64())
    return value;
  char text[32];
  const char *end =
      std::to_chars(std::begin(text), std::end(text), static_cast<float>(value),
                    std::chars_format::scientific)
          .ptr;
  double shortest = value;
  std::from_chars(text, end, shortest);
  return shortest;
}

//===----------------------------------------------------------------------===//
// Matching
//===----------------------------------------------------------------------===//

namespace {

class Matcher {
public:
  Matcher(Value root, Value input, Value source,
          const RowExpressionOptions &options, NormMismatch &mismatch)
      : root(root), input(input), source(source), mismatch(mismatch),
        type(cast<RankedTensorType>(root.getType())),
        sourceType(cast<RankedTensorType>(source.getType())),
        expression(source, options), algebra(expression.getAlgebra()),
        compute(options.compute) {}

  std::optional<NormMatch> match();

private:
  std::nullopt_t fail(StringLiteral reason, unsigned rank);
  bool findRoot(const Polynomial &result);
  bool readAxis();
  bool readBase();
  bool readResult(const Polynomial &result);
  bool isParameter(unsigned atom) const;
  /// The same number for all elements, which only a run tells.
  bool isOneNumber(unsigned atom) const {
    return at(atom).kind == Kind::Element &&
           llvm::all_of(at(atom).place,
                        [](int code) { return code == kFirst; });
  }
  bool readLeaves();
  bool placeParameters();
  /// `reason`, unless a rounding kept the program from being looked through.
  StringLiteral orRounding(StringLiteral reason) const;

  const Atom &at(unsigned atom) const { return algebra[atom]; }
  bool isUnit(int64_t dim) const { return type.getDimSize(dim) == 1; }
  bool isUnitOfSource(int64_t dim) const {
    return sourceType.getDimSize(dim) == 1;
  }

  Value root, input, source;
  NormMismatch &mismatch;
  RankedTensorType type, sourceType;
  RowExpression expression;
  Algebra &algebra;
  Type compute;

  /// The element of the source at the root's place.
  unsigned x = 0;
  /// 1 / sqrt(base) is in the result; its mean of squares.
  unsigned factor = 0;
  std::optional<unsigned> square;
  std::optional<unsigned> scaleAtom, biasAtom;
  NormMatch found;
};

} // namespace

std::nullopt_t Matcher::fail(StringLiteral reason, unsigned rank) {
  if (rank >= mismatch.rank) {
    mismatch.rank = rank;
    mismatch.reason = reason;
  }
  return std::nullopt;
}

StringLiteral Matcher::orRounding(StringLiteral reason) const {
  const bool isRounded = llvm::any_of(expression.getLeaves(), [&](Value leaf) {
    return expression.getObstacle(leaf) == Obstacle::Rounding;
  });
  return isRounded ? StringLiteral("rounding-between") : reason;
}

/// The one root that the result is divided by, of a mean of squares.
bool Matcher::findRoot(const Polynomial &result) {
  std::optional<unsigned> rootAtom;
  for (auto &[monomial, coefficient] : result)
    for (const Factor &f : monomial) {
      if (at(f.atom).kind != Kind::Root)
        continue;
      auto isRoot = [](const Atom &atom) { return atom.kind == Kind::Root; };
      auto isSquare = [](const Atom &atom) {
        return atom.kind == Kind::Mean && atom.degree == 2;
      };
      if (f.halves == -2 && algebra.mentions(at(f.atom).base, isRoot) &&
          algebra.mentions(at(f.atom).base, isSquare))
        return fail("eps-outside-root", 3), false;
      const bool isOfSquares =
          llvm::any_of(at(f.atom).base, [&](const auto &term) {
            return llvm::any_of(term.first, [&](const Factor &inner) {
              return isSquare(at(inner.atom));
            });
          });
      if (f.halves == -1 && isOfSquares && !rootAtom)
        rootAtom = f.atom;
    }
  if (!rootAtom)
    return fail(orRounding("not-a-norm"), 1), false;
  factor = *rootAtom;
  return true;
}

/// The means are of the trailing dimensions of the row that the result's
/// element is in.
bool Matcher::readAxis() {
  const Place place = at(*square).place, own = at(x).place;
  SmallVector<int> means, trailing;
  for (auto [dim, code] : llvm::enumerate(place)) {
    if (isUnitOfSource(dim))
      continue;
    if (code == kMean)
      means.push_back(own[dim]);
    else if (code != own[dim] || !means.empty())
      return false;
  }
  if (means.empty() || means[0] < 0)
    return false;
  for (int64_t dim = means[0]; dim < type.getRank(); ++dim)
    if (!isUnit(dim))
      trailing.push_back(static_cast<int>(dim));
  found.axis = means[0];
  return means == trailing;
}

/// base = mean(x^2) + eps, or mean(x^2) - mean(x)^2 + eps: what comes out of a
/// variance in either form. The dimensions of the means are the normalised
/// ones.
bool Matcher::readBase() {
  const Polynomial base = at(factor).base;
  for (auto &[monomial, coefficient] : base)
    for (const Factor &f : monomial)
      if (const Atom &atom = at(f.atom);
          atom.kind == Kind::Mean && atom.degree == 2 && atom.value == source)
        square = f.atom;
  if (!square)
    return fail(orRounding("statistics-of-another-tensor"), 2), false;

  if (!readAxis())
    return fail("axis-mismatch", 4), false;
  // What n and n - 1 differ by is never within the tolerance.
  double length = 1;
  for (int64_t dim = found.axis; dim < type.getRank(); ++dim)
    length *= std::max<int64_t>(type.getDimSize(dim), 1);
  algebra.setTolerance(std::min(getTolerance(compute), 0.125 / length));

  const unsigned mean =
      algebra.intern({Kind::Mean, source, 1, at(*square).place, {}});
  auto hasSize = [&](const Monomial &monomial) {
    return llvm::any_of(monomial, [&](const Factor &f) {
      return at(f.atom).kind == Kind::Extent;
    });
  };
  double squares = 0, means = 0;
  for (auto &[monomial, coefficient] : base) {
    if (monomial.empty())
      found.eps = coefficient;
    else if (monomial == Monomial{{*square, 2}})
      squares = coefficient;
    else if (monomial == Monomial{{mean, 4}})
      means = coefficient;
    else if (hasSize(monomial) || (monomial.size() > 1 &&
                                   llvm::any_of(monomial, [&](const Factor &f) {
                                     return f.atom == *square || f.atom == mean;
                                   })))
      return fail("count-mismatch", 5), false;
    else if (monomial.size() == 1 && isOneNumber(monomial[0].atom))
      return fail(orRounding("eps-not-constant"), 5), false;
    else
      return fail(orRounding("not-a-norm"), 5), false;
  }
  found.isLayerNorm = means != 0;
  // The mean is in it squared, as -2 c + c^2: what is wrong by c - 1 shows as
  // the square of that.
  constexpr double kMeansTolerance = 1e-9;
  if (!algebra.isNear(squares, 1.0) ||
      (found.isLayerNorm && !(std::fabs(means + 1.0) <= kMeansTolerance)))
    return fail("count-mismatch", 5), false;
  // Of a row that is scaled to keep its squares in range eps is out of it.
  if (!(found.eps >= 0 && found.eps <= kLargestRootEps) ||
      (found.eps > 0 && found.eps < std::numeric_limits<float>::min()))
    return fail("not-a-norm", 5), false;
  found.eps = getShortest(found.eps, compute);
  return true;
}

/// An element of something that is indexed by the normalised dimensions.
bool Matcher::isParameter(unsigned atom) const {
  const Atom &a = at(atom);
  if (a.kind != Kind::Element || !a.value || a.value == source)
    return false;
  // Of the types that the op takes, or narrower.
  auto type = dyn_cast<RankedTensorType>(a.value.getType());
  if (!type || type.getElementTypeBitWidth() > 64)
    return false;
  Place expected, actual;
  for (int64_t dim = found.axis; dim < this->type.getRank(); ++dim)
    if (!isUnit(dim))
      expected.push_back(static_cast<int>(dim));
  for (auto [dim, code] : llvm::enumerate(a.place))
    if (type.getDimSize(dim) != 1)
      actual.push_back(code);
  return expected == actual;
}

/// An RMS norm has the terms x * factor and x * factor * scale, of which the
/// coefficient of the first is the offset; a layer norm one of them, the same
/// with -mean for x, and the bias.
bool Matcher::readResult(const Polynomial &result) {
  const unsigned mean =
      algebra.intern({Kind::Mean, source, 1, at(*square).place, {}});
  double ofInput = 0, ofMean = 0, scaledInput = 0, scaledMean = 0;
  bool usesOther = false;
  auto refuse = [&] {
    const bool hasNoInput = usesOther && ofInput == 0 && scaledInput == 0;
    fail(orRounding(hasNoInput ? StringLiteral("statistics-of-another-tensor")
                               : StringLiteral("not-a-norm")),
         6);
    return false;
  };
  bool isRefused = false;
  for (auto &[monomial, coefficient] : result) {
    Monomial rest = monomial;
    const auto normalizing = llvm::find(rest, Factor{factor, -1});
    if (normalizing == rest.end()) {
      // What is added to the normalised row.
      if (rest == Monomial{{x, 2}} && std::fabs(coefficient) < kLargestEps)
        return fail("eps-outside-root", 6), false;
      if (rest.size() != 1 || rest[0].halves != 2 || coefficient != 1.0 ||
          biasAtom || !isParameter(rest[0].atom))
        isRefused = true;
      else
        biasAtom = rest[0].atom;
      continue;
    }
    rest.erase(normalizing);
    const auto centre = llvm::find_if(rest, [&](const Factor &f) {
      return f == Factor{x, 2} || f == Factor{mean, 2};
    });
    if (centre == rest.end()) {
      usesOther |= llvm::none_of(
          rest, [&](const Factor &f) { return at(f.atom).value == source; });
      isRefused = true;
      continue;
    }
    const bool isInput = centre->atom == x;
    rest.erase(centre);
    if (rest.empty()) {
      (isInput ? ofInput : ofMean) = coefficient;
      continue;
    }
    if (rest.size() != 1 || rest[0].halves != 2 || !isParameter(rest[0].atom) ||
        (scaleAtom && *scaleAtom != rest[0].atom)) {
      isRefused = true;
      continue;
    }
    scaleAtom = rest[0].atom;
    (isInput ? scaledInput : scaledMean) = coefficient;
  }
  if (isRefused)
    return refuse();
  const double main = scaleAtom ? scaledInput : ofInput;
  const double centred = scaleAtom ? scaledMean : ofMean;
  if (!algebra.isNear(main, 1.0))
    return fail("count-mismatch", 7), false;
  if (!found.isLayerNorm) {
    if (!(std::fabs(ofInput) <= std::numeric_limits<float>::max()))
      return refuse();
    found.offset = scaleAtom ? getShortest(ofInput, compute) : 0.0;
    return ofMean == 0 && scaledMean == 0 && !biasAtom ? true : refuse();
  }
  const bool isCentred = algebra.isNear(centred, -1.0) &&
                         (!scaleAtom || (ofInput == 0 && ofMean == 0));
  return isCentred ? true : refuse();
}

/// What cancelled must be in the norm all the same, or its NaN would be lost.
bool Matcher::readLeaves() {
  // Other rows' numbers may have cancelled, too.
  const Place &row = at(*square).place;
  for (const Atom &atom : algebra.getAtoms()) {
    if (atom.value != source ||
        (atom.kind != Kind::Element && atom.kind != Kind::Mean))
      continue;
    for (auto [dim, code] : llvm::enumerate(atom.place))
      if (!isUnitOfSource(dim) && row[dim] != kMean && code != row[dim])
        return fail("not-a-norm", 6), false;
  }
  for (std::optional<unsigned> atom : {scaleAtom, biasAtom})
    if (atom)
      (atom == scaleAtom ? found.scale : found.bias) = at(*atom).value;
  if (scaleAtom && scaleAtom == biasAtom)
    found.bias = found.scale;
  for (Value leaf : expression.getLeaves())
    if (leaf != found.scale && leaf != found.bias)
      return fail("not-a-norm", 6), false;
  return true;
}

/// How a parameter becomes one of the shape that the op takes, by dimensions of
/// size 1 alone: nothing if it cannot.
static std::optional<SmallVector<ReassociationIndices>>
getReshape(RankedTensorType parameter, RankedTensorType wanted) {
  if (parameter.getRank() == wanted.getRank()) {
    // A `?` of the one must not be the 1 of the other.
    auto isOne = [](auto sizes) {
      return (std::get<0>(sizes) == 1) == (std::get<1>(sizes) == 1);
    };
    if (llvm::all_of(llvm::zip_equal(parameter.getShape(), wanted.getShape()),
                     isOne) &&
        succeeded(
            verifyCompatibleShape(parameter.getShape(), wanted.getShape())))
      return SmallVector<ReassociationIndices>();
    return std::nullopt;
  }
  return getReassociationIndicesForReshape(
      parameter, wanted.clone(parameter.getElementType()));
}

/// Among the axes that differ by dimensions of size 1 only, the one for which
/// the parameters have the right shape already.
bool Matcher::placeParameters() {
  int64_t first = found.axis;
  while (first > 0 && isUnit(first - 1))
    --first;
  SmallVector<RankedTensorType> parameters;
  for (Value parameter : {found.scale, found.bias})
    if (parameter)
      parameters.push_back(cast<RankedTensorType>(parameter.getType()));
  for (RankedTensorType parameter : parameters)
    for (int64_t axis = first; axis <= found.axis; ++axis)
      if (type.getShape().drop_front(axis) == parameter.getShape())
        found.axis = axis;
  auto fits = [&](RankedTensorType parameter) {
    return getReshape(parameter,
                      type.clone(type.getShape().drop_front(found.axis)))
        .has_value();
  };
  if (!llvm::all_of(parameters, fits))
    return fail("not-a-norm", 8), false;
  return true;
}

std::optional<NormMatch> Matcher::match() {
  std::optional<Polynomial> result = expression.evaluateRoot(root);
  mismatch.ops = expression.getVisited();
  if (!result)
    return fail("rounding-between", 0);
  std::optional<unsigned> element = expression.getInputAtom(input);
  if (!element)
    return fail("not-a-norm", 0);
  x = *element;
  if (!findRoot(*result) || !readBase() || !readResult(*result) ||
      !readLeaves() || !placeParameters())
    return std::nullopt;
  found.input = input;
  found.ops = expression.getVisited();
  return std::move(found);
}

/// Widening and reshaping are exact: an element of the input is one of what was
/// widened, and of what was reshaped.
static SmallVector<Value, 2> getSources(Value input) {
  auto skipWidening = [](Value value) {
    while (auto extend = value.getDefiningOp<arith::ExtFOp>())
      value = extend.getIn();
    return value;
  };
  Value source = skipWidening(input), whole = source;
  while (Operation *op = whole.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      break;
    whole = skipWidening(op->getOperand(0));
  }
  if (whole == source)
    return {source};
  return {source, whole};
}

std::optional<NormMatch> commuter::norm::matchNorm(Value root, Value input,
                                                   bool ignoresRounding,
                                                   NormMismatch &mismatch) {
  RowExpressionOptions options;
  options.compute = getComputeType(getElementTypeOrSelf(root.getType()));
  options.ignoresRounding = ignoresRounding;
  options.tolerance = getTolerance(options.compute);
  // What the input was reshaped from has its statistics, or has not; (offset +
  // scale) is taken apart, or a scale of its own.
  for (Value source : getSources(input))
    for (bool keepsParameters : {false, true}) {
      options.keepsParameters = keepsParameters;
      Matcher matcher(root, input, source, options, mismatch);
      if (std::optional<NormMatch> match = matcher.match())
        return match;
    }
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

/// `parameter` with the shape and an element type that the op takes.
static Value createParameter(RewriterBase &rewriter, Location loc,
                             Value parameter, RankedTensorType input,
                             int64_t axis) {
  if (!parameter)
    return {};
  auto type = cast<RankedTensorType>(parameter.getType());
  auto groups =
      getReshape(type, input.clone(input.getShape().drop_front(axis)));
  if (groups && !groups->empty()) {
    auto shaped = type.clone(input.getShape().drop_front(axis));
    if (type.getRank() > shaped.getRank())
      parameter = tensor::CollapseShapeOp::create(rewriter, loc, shaped,
                                                  parameter, *groups);
    else
      parameter = tensor::ExpandShapeOp::create(rewriter, loc, shaped,
                                                parameter, *groups);
    type = shaped;
  }
  Type element = type.getElementType(), wanted = input.getElementType();
  if (element == wanted ||
      element.getIntOrFloatBitWidth() > wanted.getIntOrFloatBitWidth())
    return parameter;
  // f16 beside bf16: both are numbers of f32.
  return arith::ExtFOp::create(rewriter, loc,
                               type.clone(getComputeType(wanted)), parameter);
}

Value NormMatch::create(RewriterBase &rewriter, Value root,
                        Operation *&op) const {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(root.getDefiningOp());
  Location loc = root.getLoc();
  auto type = cast<RankedTensorType>(root.getType());
  // A rounding of the root to another type than the input's stays one.
  Type element = getElementTypeOrSelf(input.getType());
  const bool isRounded = element == type.getElementType();
  auto computed = isRounded ? type : type.clone(getComputeType(element));
  Value x = input;
  if (x.getType() != computed)
    x = arith::ExtFOp::create(rewriter, loc, computed, x);
  Value scale = createParameter(rewriter, loc, this->scale, computed, axis);
  Value bias = createParameter(rewriter, loc, this->bias, computed, axis);
  IntegerAttr axisAttr;
  if (axis != type.getRank() - 1)
    axisAttr = rewriter.getI64IntegerAttr(axis);
  FloatAttr epsAttr = rewriter.getF64FloatAttr(eps);
  Value norm;
  if (isLayerNorm)
    norm = LayerNormOp::create(rewriter, loc, computed, x, scale, bias,
                               axisAttr, epsAttr);
  else
    norm =
        RMSNormOp::create(rewriter, loc, computed, x, scale,
                          rewriter.getF64FloatAttr(offset), axisAttr, epsAttr);
  op = norm.getDefiningOp();
  if (computed != type)
    return arith::TruncFOp::create(rewriter, loc, type, norm);
  return norm;
}
