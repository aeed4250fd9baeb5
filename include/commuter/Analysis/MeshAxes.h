//===- MeshAxes.h ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The axes of a program's meshes, and where they have one rank only.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_MESHAXES_H
#define COMMUTER_ANALYSIS_MESHAXES_H

#include "commuter/Dialect/Dist/IR/Dist.h"

namespace commuter {

/// The axes of all meshes of a module, numbered.
class MeshAxes {
public:
  explicit MeshAxes(mlir::Operation *top);
  struct Axis {
    mlir::StringAttr mesh, name;
    int64_t size; ///< ShapedType::kDynamic if open
  };
  unsigned size() const { return axes.size(); }
  const Axis &operator[](unsigned axis) const { return axes[axis]; }
  /// Numbers of the named axes of a mesh; unknown names are skipped (the
  /// verifier has refused them).
  llvm::SmallVector<unsigned> find(mlir::FlatSymbolRefAttr mesh,
                                   mlir::ArrayAttr names) const;
  /// True if there are several meshes, each of which can name all ranks: they
  /// are not known to have different numbers of them.
  bool haveSameRanks() const { return severalMeshes && ranks != kDiffer; }

  /// True if the axis has one rank wherever `op` runs, false if it has several,
  /// nullopt if that is not known: by its size or, where that is open, by the
  /// branches around `op`, or to its block, that compare `dist.axis_size` with
  /// a constant.
  std::optional<bool> isUnit(unsigned axis, mlir::Operation *op) const;

private:
  static constexpr int64_t kUnknown = 0, kDiffer = -1;
  bool severalMeshes = false;
  int64_t ranks = kUnknown; ///< of each mesh whose sizes are known
  llvm::SmallVector<Axis> axes;
  llvm::DenseMap<std::pair<mlir::StringAttr, mlir::StringAttr>, unsigned>
      numbers;
};

} // namespace commuter

#endif // COMMUTER_ANALYSIS_MESHAXES_H
