//===- RowAlgebra.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The normal form of what norms are made of: polynomials over elements of
// tensors, their means along dimensions, and roots of polynomials.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWALGEBRA_H
#define COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWALGEBRA_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <map>
#include <optional>
#include <vector>

namespace commuter::norm {

/// Where an element is, a code for each dimension of its tensor: the dimension
/// of the result whose index it has, or one of those below.
using Place = llvm::SmallVector<int, 4>;
/// The first place, the only one of a dimension of size 1.
constexpr int kFirst = -1;
/// All places, of which the mean is taken.
constexpr int kMean = -2;
/// Places of dimensions that are merged, and parts of one that is split, are
/// numbered from here.
constexpr int kFirstMerged = 1 << 14, kFirstPart = 1 << 15;
/// Variables of sums are numbered from here.
constexpr int kFirstVariable = 1 << 16;

/// A factor: the number `atom` of an Algebra, to the power of halves / 2.
struct Factor {
  unsigned atom;
  int halves;
  auto operator<=>(const Factor &) const = default;
};
/// A product of factors of different atoms, in their order.
using Monomial = std::vector<Factor>;
/// A sum of products, each with its coefficient, which is not 0.
using Polynomial = std::map<Monomial, double>;

/// What is not taken apart.
struct Atom {
  enum class Kind {
    Element,   ///< the element of `value` at `place`; of a scalar, itself
    Mean,      ///< the mean of the elements to the power `degree`
    Root,      ///< `base`, of which powers are taken
    Magnitude, ///< |base|
    Extent,    ///< the size of dimension `degree` of `value`
    Partial    ///< what a sum has come to so far; number `degree`
  };
  Kind kind;
  mlir::Value value;
  int degree = 1;
  Place place;
  Polynomial base;
  unsigned depth = 0; ///< of bases in one another
};

/// Arithmetic on polynomials, in the real numbers, under three restrictions
/// that keep from a proof what floating-point numbers do otherwise on a scale
/// other than that of rounding:
///
/// - terms cancel only if they are of a mean, of the order of 1: x + z - z is
/// not
///   x;
/// - factors cancel only if they are sizes: x * z / z is not x;
/// - 0 times something is not 0, which would hide a NaN.
///
/// What a restriction forbids has no normal form: nullopt. Coefficients come
/// from constants that were rounded to the type of the arithmetic; `tolerance`
/// is the relative difference of those that count as equal.
class Algebra {
public:
  using Result = std::optional<Polynomial>;

  explicit Algebra(double tolerance) : tolerance(tolerance) {}
  void setTolerance(double value) { tolerance = value; }

  unsigned intern(Atom atom);
  const Atom &operator[](unsigned atom) const { return atoms[atom]; }
  llvm::ArrayRef<Atom> getAtoms() const { return atoms; }

  static Polynomial constant(double value);
  static Polynomial power(unsigned atom, int halves = 2) {
    return {{{{atom, halves}}, 1.0}};
  }
  /// The value of a polynomial without factors.
  static std::optional<double> getConstant(const Polynomial &p);

  Result add(const Polynomial &a, const Polynomial &b) const;
  Result multiply(const Polynomial &a, const Polynomial &b) const;
  Result negate(const Polynomial &a) const;
  /// p to the power of halves / 2.
  Result raise(const Polynomial &p, int halves);
  Result divide(const Polynomial &a, const Polynomial &b);
  Result magnitude(const Polynomial &p);
  /// The mean over the places of `variable`.
  Result mean(const Polynomial &p, int variable);

  /// p = factor * unit, where the square of the highest mean, or else the first
  /// term, has the coefficient 1 in `unit`. The factor is one term.
  struct Scaled {
    Polynomial factor, unit;
  };
  std::optional<Scaled> scale(const Polynomial &p) const;

  bool isNear(double a, double b) const;
  /// True for the mean of squares of one tensor, and that less the square of
  /// its mean, times a positive number.
  bool isVarianceOrSquare(const Polynomial &p) const;
  bool mentions(const Polynomial &p,
                llvm::function_ref<bool(const Atom &)> isWanted) const;

private:
  bool isMadeOf(const Monomial &m, llvm::ArrayRef<Atom::Kind> kinds) const;
  Result multiply(const Monomial &a, const Monomial &b) const;
  bool dependsOn(unsigned atom, int variable) const;

  double tolerance;
  std::vector<Atom> atoms;
};

} // namespace commuter::norm

#endif // COMMUTER_LIB_DIALECT_NORM_TRANSFORMS_ROWALGEBRA_H
