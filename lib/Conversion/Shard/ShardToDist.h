//===- ShardToDist.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What convert-shard-to-dist decides before it changes anything: the reasons
// for which an op stays, and what becomes of the annotations of a function.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_SHARDTODIST_H
#define COMMUTER_LIB_CONVERSION_SHARDTODIST_H

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/MapVector.h"

namespace commuter {

/// Why an op of `shard` stays: the reasons of its remark. docs/shard.md
/// explains each.
namespace stays {
inline constexpr llvm::StringRef kNoCounterpart = "no-counterpart";
inline constexpr llvm::StringRef kReductionKind = "reduction-kind";
inline constexpr llvm::StringRef kElementType = "element-type";
inline constexpr llvm::StringRef kBuffers = "buffers";
inline constexpr llvm::StringRef kUnevenSplit = "uneven-split";
inline constexpr llvm::StringRef kOutOfRange = "out-of-range";
inline constexpr llvm::StringRef kGridSize = "grid-size";
inline constexpr llvm::StringRef kGlobalView = "global-view";
inline constexpr llvm::StringRef kResharding = "resharding";
inline constexpr llvm::StringRef kForUsers = "for-users";
inline constexpr llvm::StringRef kHalo = "halo";
inline constexpr llvm::StringRef kUnevenOffsets = "uneven-offsets";
inline constexpr llvm::StringRef kUnknownSharding = "unknown-sharding";
inline constexpr llvm::StringRef kAnnotated = "annotated-already";
} // namespace stays

/// True if a `dist.mesh` can have the grid's sizes: each 1 or more, and not too
/// many ranks.
bool isMesh(mlir::shard::GridOp grid);

/// The sharding of a value, for each of its dimensions the grid's axes that
/// split it, major to minor. Along all others the value is replicated.
struct Claim {
  mlir::shard::GridOp grid;
  llvm::SmallVector<llvm::SmallVector<mlir::shard::GridAxis, 2>> dimAxes;

  bool isReplicated() const;
  bool operator==(const Claim &) const = default;
};

/// The `dist.mesh` that stands for a grid.
struct Mesh {
  mlir::FlatSymbolRefAttr symbol;
  mlir::ArrayAttr axes; ///< names

  mlir::ArrayAttr getAxes(llvm::ArrayRef<mlir::shard::GridAxis> numbers) const;
  dist::ShardingAttr getSharding(const Claim &claim) const;
};

/// The mesh of a grid that stays beside it, `<grid>_mesh`, if there is one.
std::optional<Mesh> findMesh(mlir::shard::GridOp grid);

/// That mesh, or a new one: of the grid's name if it `replaces` the grid, which
/// the caller then erases.
Mesh createMesh(mlir::shard::GridOp grid, bool replaces);

/// Shardings of arguments and results, by number.
struct SignaturePlan {
  std::vector<std::pair<unsigned, Claim>> arguments, results;

  template <typename Callback>
  void forEachClaim(Callback callback) const {
    for (const auto *claims : {&arguments, &results})
      for (const auto &[number, claim] : *claims)
        callback(claim);
  }
  /// Writes them as `dist.sharding`.
  void apply(mlir::FunctionOpInterface function,
             const llvm::DenseMap<mlir::Operation *, Mesh> &meshes) const;
};

/// What becomes of the `shard.shard` ops of a function.
struct AnnotationPlan {
  SignaturePlan signature;
  /// Become `dist.assert_sharding`.
  std::vector<std::pair<mlir::shard::ShardOp, Claim>> assertions;
  /// Say nothing that is not said elsewhere.
  std::vector<mlir::shard::ShardOp> redundant;
  /// Stay, with the reason.
  std::vector<std::pair<mlir::shard::ShardOp, llvm::StringRef>> staying;
};

/// Decides for the ops of the function itself, not of functions in it.
AnnotationPlan planAnnotations(mlir::FunctionOpInterface function,
                               mlir::SymbolTableCollection &symbols);

/// The shardings that `shard-partition` gives a function in global view; none
/// if it is in local view.
SignaturePlan planPartition(mlir::FunctionOpInterface function,
                            mlir::SymbolTableCollection &symbols);

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_SHARDTODIST_H
