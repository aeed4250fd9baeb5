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

/// The product of the axes' sizes; nullopt if one is open (`?`) or unknown.
std::optional<int64_t> getGroupSize(MeshOp mesh, mlir::ArrayAttr axes);

/// The size of the op's group, as above.
std::optional<int64_t> getGroupSize(MeshGroupOpInterface op);

/// The axes behind `first`; none if these are all of them, or not the first.
llvm::ArrayRef<mlir::Attribute> getAxesBehind(mlir::ArrayAttr first,
                                              mlir::ArrayAttr axes);

/// Law:
///
///   all_gather(x) = all_gather(x, extents(x))
///
/// by definition: the extents of a gather without them, if the program has them
/// exchanged elsewhere; else null.
mlir::Value findOwnExtents(AllGatherOp gather);

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_IR_DIST_H
