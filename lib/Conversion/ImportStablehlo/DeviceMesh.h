//===- DeviceMesh.h ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The mesh that a program runs on, and the groups of ranks that collectives
// list.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_DEVICEMESH_H
#define COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_DEVICEMESH_H

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace commuter::stablehlo {

struct MeshAxis {
  mlir::StringAttr name;
  int64_t size;
};

/// A mesh whose axes have known sizes. Rank r has the mixed-radix coordinates
/// of r, the last axis fastest.
class DeviceMesh {
public:
  DeviceMesh(mlir::FlatSymbolRefAttr symbol, llvm::SmallVector<MeshAxis> axes);

  mlir::FlatSymbolRefAttr getSymbol() const { return symbol; }
  llvm::ArrayRef<MeshAxis> getAxes() const { return axes; }
  int64_t getNumRanks() const { return numRanks; }
  /// The names of all axes, major to minor.
  mlir::ArrayAttr getAllAxes() const;

  const MeshAxis *findAxis(llvm::StringRef name) const;

  /// The axes, major to minor, of which `groups`, a row of ranks for each
  /// group, are the groups in their order. Axes of size 1 are none of them, so
  /// that groups of one rank have no axes. Nothing if the groups are of no
  /// axes.
  std::optional<llvm::SmallVector<MeshAxis>>
  findAxesOfGroups(mlir::DenseIntElementsAttr groups) const;

  /// The axes along which a rank's index is `indices[rank]`, major to minor;
  /// nothing if there are none.
  std::optional<llvm::SmallVector<MeshAxis>>
  findAxesOfIndices(llvm::ArrayRef<int64_t> indices) const;

private:
  /// A rank's index in its group over `axes`, and how far apart in rank number
  /// the neighbours along an axis are.
  int64_t getIndex(int64_t rank, llvm::ArrayRef<unsigned> axes) const;
  std::optional<llvm::SmallVector<unsigned>>
  findOrder(llvm::ArrayRef<int64_t> group) const;
  llvm::SmallVector<MeshAxis> getAxes(llvm::ArrayRef<unsigned> axes) const;

  mlir::FlatSymbolRefAttr symbol;
  llvm::SmallVector<MeshAxis> axes;
  llvm::SmallVector<int64_t> strides;
  int64_t numRanks;
};

} // namespace commuter::stablehlo

#endif // COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_DEVICEMESH_H
