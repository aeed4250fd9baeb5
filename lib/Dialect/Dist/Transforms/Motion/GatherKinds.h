//===- GatherKinds.h ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which gathers cut a dimension alike.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_GATHERKINDS_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_GATHERKINDS_H

#include "EqualValues.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Interfaces/DimParallelOpInterface.h"

namespace commuter::dist {

/// The gathers that cut a dimension alike: same axes in the same order, equal
/// extents, equal cycles. Cycles that are not counted are equally long, and of
/// an even cut. Ragged gathers whose extents are no value are alike only with
/// themselves. Behind a reshape of ragged rows extents are `times` what they
/// were.
struct GatherKind {
  mlir::FlatSymbolRefAttr mesh;
  mlir::ArrayAttr axes;
  /// The extents, or such as they are a multiple of (see Multiple); known
  /// wherever there are such gathers.
  mlir::Value extents;
  AllGatherOp ragged; ///< set iff the extents are no value
  std::optional<int64_t> groupSize;
  /// The number of what the extents are `times` as large as; kNone: it cuts
  /// evenly.
  unsigned cut = EqualValues::kNone;
  int64_t times = 1;
  /// The same, of an unknown size that all kinds of a region have in common, a
  /// caller's and a function's, too: what rows of unknown number cost.
  int64_t openRows = 1;
  Cycles cycles; ///< more than one only behind a reshape

  bool isRagged() const { return extents || ragged; }
  /// True if a dimension of this static size is cut into whole elements.
  bool cuts(int64_t size) const {
    if (!cycles.areCounted())
      return size % cycles.size == 0;
    return size % cycles.number == 0 &&
           (isRagged() ||
            (groupSize && size / cycles.number % *groupSize == 0));
  }
};

/// The kinds of the gathers that were met, by number.
class GatherKinds {
public:
  GatherKind &operator[](unsigned number) { return kinds[number]; }
  const GatherKind &operator[](unsigned number) const { return kinds[number]; }
  auto begin() const { return kinds.begin(); }
  auto end() const { return kinds.end(); }
  unsigned size() const { return kinds.size(); }

  unsigned getNumber(AllGatherOp gather);
  unsigned getNumber(const GatherKind &like);
  /// The kind of gathers over the axes of another kind, by `times` the extents
  /// that `user` passes or is passed. nullopt: that is more than can be
  /// counted.
  std::optional<unsigned> getNumber(unsigned like, mlir::Value extents,
                                    int64_t times, mlir::Operation *user);
  /// And of what is dealt out in other cycles, in pieces `times` as long as
  /// what the extents are multiples of.
  unsigned getNumber(unsigned like, const Cycles &cycles, int64_t times);

  /// How many times the extents of a kind are as large as these; nullopt: they
  /// are no multiple.
  std::optional<int64_t> getTimes(const GatherKind &kind, mlir::Value extents);
  /// Makes extents known to `isCutBy`.
  void note(mlir::Value extents) { sizes.getNumber(splitMultiple(extents)); }
  /// True if gathers of the kind cut by extents that are equal to these; null:
  /// if they cut evenly.
  bool isCutBy(const GatherKind &kind, mlir::Value extents) const;

  /// For a value that is to be erased.
  void forget(mlir::Value value) { sizes.forget(value); }
  /// Which values are equal stays known.
  void clear();

private:
  void setExtents(GatherKind &kind, const Multiple &extents,
                  mlir::Operation *user);

  llvm::SmallVector<GatherKind> kinds;
  llvm::DenseMap<std::tuple<mlir::Attribute, mlir::Attribute, void *, int64_t,
                            int64_t, int64_t>,
                 unsigned>
      numbers;
  EqualValues sizes;
  /// By number: the extents that stand for equal ones.
  llvm::DenseMap<unsigned, llvm::SmallVector<mlir::Value, 1>> extentsOf;
};

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_MOTION_GATHERKINDS_H
