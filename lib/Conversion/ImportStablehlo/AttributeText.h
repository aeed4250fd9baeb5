//===- AttributeText.h ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the text of StableHLO's and Shardy's attributes says. Their dialects are
// not part of this build: an attribute of theirs is an OpaqueAttr that holds
// its text.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_ATTRIBUTETEXT_H
#define COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_ATTRIBUTETEXT_H

#include "mlir/IR/Attributes.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace commuter::stablehlo {

/// `#sdy.mesh<["dp"=4, "tp"=2], device_ids=[..]>`.
struct MeshText {
  llvm::SmallVector<std::string> axes;
  llvm::SmallVector<int64_t> sizes;
  /// Empty if the devices are in the order of their numbers.
  llvm::SmallVector<int64_t> deviceIds;
};

/// `<@mesh, [{"dp"}, {?}]>`.
struct ShardingText {
  std::string mesh;
  llvm::SmallVector<llvm::SmallVector<std::string>> dimAxes;
  /// Dimensions that the partitioner may split further.
  llvm::SmallVector<bool> isOpen;
};

/// `#stablehlo.dot<lhs_batching_dimensions = [0], ..>`.
struct DotText {
  llvm::SmallVector<int64_t> lhsBatch, rhsBatch, lhsContracting, rhsContracting;
};

/// `#stablehlo.gather<offset_dims = [1], .., index_vector_dim = 1>`.
struct GatherText {
  llvm::SmallVector<int64_t> offsetDims, collapsedDims, batchingDims, indexMap;
  int64_t indexVectorDim = 0;
};

// Each is nothing if the attribute is another one, or says something that this
// project has no form for: parts of an axis, pending sums, meshes in place.

std::optional<MeshText> readMesh(mlir::Attribute attribute);
std::optional<ShardingText> readSharding(mlir::Attribute attribute);
std::optional<llvm::SmallVector<ShardingText>>
readShardingPerValue(mlir::Attribute attribute);
std::optional<llvm::SmallVector<std::string>>
readManualAxes(mlir::Attribute attribute);
std::optional<DotText> readDot(mlir::Attribute attribute);
std::optional<GatherText> readGather(mlir::Attribute attribute);

/// The number of a `#stablehlo.channel_handle<handle = 1, type = 1>`.
std::optional<int64_t> readChannel(mlir::Attribute attribute);

/// `EQ` of a `#stablehlo<comparison_direction EQ>`.
std::optional<llvm::StringRef> readEnum(mlir::Attribute attribute,
                                        llvm::StringRef name);

} // namespace commuter::stablehlo

#endif // COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_ATTRIBUTETEXT_H
