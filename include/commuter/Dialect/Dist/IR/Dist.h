//===- Dist.h ------------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dist dialect: meshes, collectives and shardings.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_IR_DIST_H
#define COMMUTER_DIALECT_DIST_IR_DIST_H

#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace commuter::dist {

/// What every collective reads: it orders nothing, but keeps collectives from
/// being moved into or out of control flow.
struct CommunicationResource
    : public mlir::SideEffects::Resource::Base<CommunicationResource> {
  llvm::StringRef getName() final { return "Communication"; }
};

} // namespace commuter::dist

#include "commuter/Dialect/Dist/IR/DistDialect.h.inc"
#include "commuter/Dialect/Dist/IR/DistEnums.h.inc"
#include "commuter/Dialect/Dist/IR/DistInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "commuter/Dialect/Dist/IR/DistAttrs.h.inc"

#define GET_OP_CLASSES
#include "commuter/Dialect/Dist/IR/DistOps.h.inc"

namespace commuter::dist {

/// The mesh that `symbol` names, seen from `from`; null if there is none.
MeshOp lookupMesh(mlir::Operation *from, mlir::FlatSymbolRefAttr symbol);

/// Checks a sharding of a value of `type` that `op` holds: the mesh and its
/// axes exist, and there is one axis list per dimension.
mlir::LogicalResult verifySharding(mlir::Operation *op, ShardingAttr sharding,
                                   mlir::Type type);

/// The bytes of memory that an element takes: as LLVM lays out arrays, powers
/// of two. 8 for what has no width, such as `index`.
int64_t getElementBytes(mlir::Type element);

/// The product of the axes' sizes; nullopt if one is open (`?`) or unknown.
std::optional<int64_t> getGroupSize(MeshOp mesh, mlir::ArrayAttr axes);

/// The size of the op's group, as above.
std::optional<int64_t> getGroupSize(MeshGroupOpInterface op);

/// All axes over which ranks meet in a collective, those that a gather sums
/// over included.
mlir::ArrayAttr getAllAxes(MeshGroupOpInterface op);

/// True if the ranks that meet in `op` have the same index along `axes`: both
/// are of one mesh, and no axis is in both.
bool isAcross(MeshGroupOpInterface op, mlir::FlatSymbolRefAttr mesh,
              mlir::ArrayAttr axes);

/// The axes behind `first`; none if these are all of them, or not the first.
llvm::ArrayRef<mlir::Attribute> getAxesBehind(mlir::ArrayAttr first,
                                              mlir::ArrayAttr axes);

/// The axes in front of `last`; none if these are all of them, or not the last.
llvm::ArrayRef<mlir::Attribute> getAxesBefore(mlir::ArrayAttr last,
                                              mlir::ArrayAttr axes);

/// Law, along a dimension of which all ranks have equally many elements:
///
///   all_gather {A} (all_gather {B} (x)) = all_gather {A, B} (x)
///
/// and a sum that the inner one makes is that of the other side. Precondition:
/// static sizes, one dimension and mesh, no common axis, no extents; the outer
/// gather, which does not sum, is all that uses the inner one, in one block.
bool canMergeGathers(AllGatherOp outer, AllGatherOp inner);

/// Makes the outer gather that of the law. The inner one is left without users.
void mergeGathers(AllGatherOp outer, AllGatherOp inner);

/// True if what is exchanged are the extents that the gather has by definition:
/// its operand's, of its group.
bool isExtentsOf(ExchangeExtentsOp exchange, AllGatherOp gather);

/// Law:
///
///   all_gather(x) = all_gather(x, extents(x))
///
/// by definition: the extents of a gather without them, if the program has them
/// exchanged elsewhere, by an op that is fit for it; else null. They are equal
/// wherever that is.
mlir::Value findOwnExtents(
    AllGatherOp gather, llvm::function_ref<bool(ExchangeExtentsOp)> isFit =
                            [](ExchangeExtentsOp) { return true; });

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_IR_DIST_H
