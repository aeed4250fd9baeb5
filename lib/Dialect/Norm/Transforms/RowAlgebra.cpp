//===- RowAlgebra.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arithmetic on the normal form.
//
//===----------------------------------------------------------------------===//

#include "RowAlgebra.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace commuter::norm;
using Kind = Atom::Kind;

/// A norm has at most four terms; what grows beyond this is none. Nor has it
/// roots of roots of roots.
static constexpr size_t kMaxTerms = 64;
static constexpr unsigned kMaxDepth = 4;

/// What may cancel is the mean that a row is centred by, or the sum, once or
/// squared: of larger numbers than these times it the row would lose its bits.
static constexpr double kMostCancelled = 4;

/// How many elements the mean is of, as far as that is static.
static double getLength(const Atom &mean) {
  double length = 1;
  auto type = llvm::cast<mlir::RankedTensorType>(mean.value.getType());
  for (auto [size, code] : llvm::zip_equal(type.getShape(), mean.place))
    if (code == kMean && !mlir::ShapedType::isDynamic(size))
      length *= std::max<int64_t>(size, 1);
  return length;
}

//===----------------------------------------------------------------------===//
// Atoms
//===----------------------------------------------------------------------===//

/// Coefficients that come from the same ops are equal to the last bit.
static bool isSame(const Polynomial &a, const Polynomial &b) { return a == b; }

unsigned Algebra::intern(Atom atom) {
  auto isEqual = [&](const Atom &known) {
    return known.kind == atom.kind && known.value == atom.value &&
           known.degree == atom.degree && known.place == atom.place &&
           isSame(known.base, atom.base);
  };
  auto found = llvm::find_if(atoms, isEqual);
  if (found != atoms.end())
    return found - atoms.begin();
  for (auto &[monomial, coefficient] : atom.base)
    for (const Factor &factor : monomial)
      atom.depth = std::max(atom.depth, atoms[factor.atom].depth + 1);
  atoms.push_back(std::move(atom));
  return atoms.size() - 1;
}

bool Algebra::mentions(const Polynomial &p,
                       llvm::function_ref<bool(const Atom &)> isWanted) const {
  return llvm::any_of(p, [&](const auto &term) {
    return llvm::any_of(term.first, [&](const Factor &factor) {
      const Atom &atom = atoms[factor.atom];
      return isWanted(atom) || mentions(atom.base, isWanted);
    });
  });
}

bool Algebra::dependsOn(unsigned atom, int variable) const {
  auto hasVariable = [&](const Atom &a) {
    return llvm::is_contained(a.place, variable);
  };
  return hasVariable(atoms[atom]) || mentions(atoms[atom].base, hasVariable);
}

bool Algebra::isMadeOf(const Monomial &m, llvm::ArrayRef<Kind> kinds) const {
  return llvm::all_of(m, [&](const Factor &factor) {
    return llvm::is_contained(kinds, atoms[factor.atom].kind);
  });
}

//===----------------------------------------------------------------------===//
// Sums and products
//===----------------------------------------------------------------------===//

bool Algebra::isNear(double a, double b) const {
  return std::isfinite(a) && std::isfinite(b) &&
         std::fabs(a - b) <= tolerance * std::max(std::fabs(a), std::fabs(b));
}

Polynomial Algebra::constant(double value) {
  if (value == 0.0)
    return {};
  return {{{}, value}};
}

std::optional<double> Algebra::getConstant(const Polynomial &p) {
  if (p.empty())
    return 0.0;
  if (p.size() == 1 && p.begin()->first.empty())
    return p.begin()->second;
  return std::nullopt;
}

Algebra::Result Algebra::add(const Polynomial &a, const Polynomial &b) const {
  Polynomial sum = a;
  for (auto &[monomial, coefficient] : b) {
    auto [known, isNew] = sum.try_emplace(monomial, coefficient);
    if (isNew)
      continue;
    const double before = known->second;
    known->second += coefficient;
    if ((before > 0) == (coefficient > 0))
      continue;
    // Terms cancel: only a mean may, and never numbers.
    unsigned means = 0;
    double most = kMostCancelled;
    const bool isOfMean = llvm::all_of(monomial, [&](const Factor &factor) {
      const Atom &atom = atoms[factor.atom];
      if (atom.kind == Kind::Mean) {
        ++means;
        most *= std::pow(getLength(atom), factor.halves / 2);
      }
      return atom.kind == Kind::Extent ||
             (atom.kind == Kind::Mean && atom.degree == 1 &&
              (factor.halves == 2 || factor.halves == 4));
    });
    if (!isOfMean || means != 1 || !(std::fabs(before) <= most))
      return std::nullopt;
    if (isNear(before, -coefficient))
      sum.erase(known);
  }
  if (sum.size() > kMaxTerms)
    return std::nullopt;
  return sum;
}

Algebra::Result Algebra::negate(const Polynomial &a) const {
  Polynomial result = a;
  for (auto &term : result)
    term.second = -term.second;
  return result;
}

Algebra::Result Algebra::multiply(const Monomial &a, const Monomial &b) const {
  Monomial product = a;
  for (const Factor &factor : b) {
    auto known = llvm::find_if(product, [&](const Factor &other) {
      return other.atom == factor.atom;
    });
    if (known == product.end()) {
      product.push_back(factor);
      continue;
    }
    const bool isSize = atoms[factor.atom].kind == Kind::Extent;
    if ((known->halves > 0) != (factor.halves > 0) && !isSize)
      return std::nullopt;
    known->halves += factor.halves;
    if (known->halves == 0)
      product.erase(known);
  }
  llvm::sort(product);
  // |p|^2 = p^2
  auto square = llvm::find_if(product, [&](const Factor &factor) {
    return atoms[factor.atom].kind == Kind::Magnitude && factor.halves == 4;
  });
  if (square == product.end())
    return Polynomial{{product, 1.0}};
  const Polynomial &base = atoms[square->atom].base;
  product.erase(square);
  Result result = multiply(base, base);
  return result ? multiply(*result, {{product, 1.0}}) : std::nullopt;
}

Algebra::Result Algebra::multiply(const Polynomial &a,
                                  const Polynomial &b) const {
  if (a.empty() != b.empty())
    return std::nullopt;
  Polynomial sum;
  for (auto &[left, x] : a)
    for (auto &[right, y] : b) {
      Result product = multiply(left, right);
      if (!product)
        return std::nullopt;
      for (auto &term : *product) {
        term.second *= x * y;
        // n * (1 / n) of a mean, rounded: in its square the error would be like
        // that of a wrong count.
        if (term.first.size() == 1 && term.first[0].halves == 2 &&
            atoms[term.first[0].atom].kind == Kind::Mean &&
            isNear(std::fabs(term.second), 1.0))
          term.second = std::copysign(1.0, term.second);
      }
      Result next = add(sum, *product);
      if (!next)
        return std::nullopt;
      sum = std::move(*next);
    }
  return sum;
}

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

std::optional<Algebra::Scaled> Algebra::scale(const Polynomial &p) const {
  // The mean of squares leads a variance.
  auto leads = [&](const auto &term) {
    return llvm::any_of(term.first, [&](const Factor &factor) {
      const Atom &atom = atoms[factor.atom];
      return atom.kind == Kind::Mean && atom.degree == 2;
    });
  };
  auto leading = llvm::find_if(p, leads);
  if (leading == p.end())
    leading = p.begin();
  if (leading == p.end() || leading->second <= 0)
    return std::nullopt;
  Monomial sizes, inverse;
  for (const Factor &factor : leading->first)
    if (atoms[factor.atom].kind == Kind::Extent) {
      sizes.push_back(factor);
      inverse.push_back({factor.atom, -factor.halves});
    }
  Result unit = multiply(p, {{inverse, 1.0 / leading->second}});
  if (!unit)
    return std::nullopt;
  return Scaled{{{sizes, leading->second}}, *unit};
}

/// Laws, for a number c > 0, a size n and p > 0:
///   (c * n * p)^r = c^r * n^r * p^r, and (p^q)^r = p^(q * r) if q is one of
///   1/2, -1/2, 1, -1 (of an even q the root would be |p|).
/// Where p is 0, infinite or NaN, both sides are so, or the norm is NaN anyway.
Algebra::Result Algebra::raise(const Polynomial &p, int halves) {
  if (halves > 0 && halves % 2 == 0 && halves <= 6) {
    Result product = p;
    for (int i = 2; i < halves && product; i += 2)
      product = multiply(*product, p);
    return product;
  }
  if (p.empty())
    return std::nullopt;
  std::optional<Scaled> scaled = scale(p);
  if (!scaled)
    return std::nullopt;
  Polynomial factor;
  for (auto &[monomial, coefficient] : scaled->factor) {
    Monomial sizes;
    for (const Factor &size : monomial) {
      if (size.halves * halves % 2 != 0)
        return std::nullopt;
      sizes.push_back({size.atom, size.halves * halves / 2});
    }
    factor[sizes] = std::pow(coefficient, halves / 2.0);
  }
  if (getConstant(scaled->unit))
    return factor;
  if (scaled->unit.size() == 1) {
    const Monomial &monomial = scaled->unit.begin()->first;
    if (monomial.size() == 1 && atoms[monomial[0].atom].kind == Kind::Root &&
        std::abs(monomial[0].halves) <= 2 &&
        monomial[0].halves * halves % 2 == 0)
      return multiply(factor,
                      power(monomial[0].atom, monomial[0].halves * halves / 2));
  }
  const unsigned root = intern({Kind::Root, {}, 1, {}, scaled->unit});
  if (atoms[root].depth > kMaxDepth)
    return std::nullopt;
  return multiply(factor, power(root, halves));
}

Algebra::Result Algebra::divide(const Polynomial &a, const Polynomial &b) {
  if (a.empty()) {
    // 0 / n, of a sum that came to nothing.
    std::optional<double> number = getConstant(b);
    if ((number && *number != 0.0) ||
        (b.size() == 1 && isMadeOf(b.begin()->first, {Kind::Extent})))
      return a;
    return std::nullopt;
  }
  if (b.size() == 1) {
    auto &[monomial, coefficient] = *b.begin();
    if (isMadeOf(monomial, {Kind::Root, Kind::Extent})) {
      Monomial inverse = monomial;
      for (Factor &factor : inverse)
        factor.halves = -factor.halves;
      return multiply(a, {{inverse, 1.0 / coefficient}});
    }
  }
  Result inverse = raise(b, -2);
  return inverse ? multiply(a, *inverse) : std::nullopt;
}

Algebra::Result Algebra::magnitude(const Polynomial &p) {
  if (std::optional<double> number = getConstant(p))
    return constant(std::fabs(*number));
  const unsigned atom = intern({Kind::Magnitude, {}, 1, {}, p});
  if (atoms[atom].depth > kMaxDepth)
    return std::nullopt;
  return power(atom);
}

//===----------------------------------------------------------------------===//
// Means
//===----------------------------------------------------------------------===//

/// Laws: the mean is linear; what does not depend on the variable comes out of
/// it; a mean of means along another dimension is the mean along both.
Algebra::Result Algebra::mean(const Polynomial &p, int variable) {
  Polynomial sum;
  for (auto &[monomial, coefficient] : p) {
    Monomial rest;
    std::optional<Factor> inner;
    for (const Factor &factor : monomial) {
      if (!dependsOn(factor.atom, variable))
        rest.push_back(factor);
      else if (inner)
        return std::nullopt;
      else
        inner = factor;
    }
    Polynomial term = {{rest, coefficient}};
    if (inner) {
      Atom atom = atoms[inner->atom];
      const bool isElement = atom.kind == Kind::Element && inner->halves > 0 &&
                             inner->halves % 2 == 0;
      const bool isMean = atom.kind == Kind::Mean && inner->halves == 2;
      if ((!isElement && !isMean) || llvm::count(atom.place, variable) != 1)
        return std::nullopt;
      if (isElement)
        atom.degree = inner->halves / 2;
      atom.kind = Kind::Mean;
      *llvm::find(atom.place, variable) = kMean;
      Result product = multiply(term, power(intern(std::move(atom))));
      if (!product)
        return std::nullopt;
      term = std::move(*product);
    }
    Result next = add(sum, term);
    if (!next)
      return std::nullopt;
    sum = std::move(*next);
  }
  return sum;
}

bool Algebra::isVarianceOrSquare(const Polynomial &p) const {
  if (p.empty())
    return false;
  std::optional<Scaled> scaled = scale(p);
  if (!scaled || scaled->unit.size() > 2)
    return false;
  const Atom *square = nullptr;
  for (auto &[monomial, coefficient] : scaled->unit) {
    if (monomial.size() != 1)
      return false;
    const Atom &atom = atoms[monomial[0].atom];
    if (atom.kind == Kind::Mean && atom.degree == 2 &&
        monomial[0].halves == 2 && coefficient > 0)
      square = &atom;
  }
  if (!square)
    return false;
  return llvm::all_of(scaled->unit, [&](const auto &term) {
    const Factor &factor = term.first[0];
    const Atom &atom = atoms[factor.atom];
    if (&atom == square)
      return true;
    return atom.kind == Kind::Mean && atom.degree == 1 && factor.halves == 4 &&
           atom.value == square->value && atom.place == square->place &&
           isNear(term.second, -1.0);
  });
}
