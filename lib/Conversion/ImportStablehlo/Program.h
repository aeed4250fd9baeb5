//===- Program.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A StableHLO program, the module that it is imported to, and the import of
// functions.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_PROGRAM_H
#define COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_PROGRAM_H

#include "SourceOp.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

namespace commuter::stablehlo {

struct Program {
  explicit Program(mlir::ModuleOp source)
      : source(source), functions(source),
        target(mlir::ModuleOp::create(source.getLoc())) {}

  /// The function that a `func.call` or a `stablehlo.composite` calls; null for
  /// other ops.
  mlir::func::FuncOp getCallee(mlir::Operation *op);

  /// A copy, which is changed.
  mlir::ModuleOp source;
  mlir::SymbolTable functions;
  mlir::OwningOpRef<mlir::ModuleOp> target;
  std::optional<DeviceMesh> mesh;
  Lacks lacks;
};

/// Imports the ops of a block, one after the other.
class BlockImporter {
public:
  /// `mesh` is null where there are no ranks to communicate with.
  BlockImporter(Program &program, mlir::Operation *owner, mlir::Block *target,
                const DeviceMesh *mesh)
      : program(program), builder(owner->getLoc(), owner->getContext()),
        mesh(mesh) {
    builder.setInsertionPointToEnd(target);
  }

  void map(mlir::Value from, mlir::Value to) { mapping.map(from, to); }
  /// What `user` takes as an operand. MLIR lets an op of a region that it knows
  /// nothing of use what is outside of it, or comes later; that is refused.
  mlir::Value lookup(mlir::Operation *user, mlir::Value value);
  mlir::ImplicitLocOpBuilder &getBuilder() { return builder; }

  void importOp(mlir::Operation *op);
  /// All but the terminator.
  void importOps(mlir::Block &block);
  /// Where an import failed others go on, so as to find all that is lacking.
  void mapToPlaceholders(mlir::Operation *op);

private:
  void importCall(mlir::Operation *op, mlir::func::FuncOp callee);
  void importHandled(mlir::Operation *op, Handler handler);
  void importWhile(mlir::Operation *op);

  Program &program;
  mlir::ImplicitLocOpBuilder builder;
  const DeviceMesh *mesh;
  mlir::IRMapping mapping;
};

/// `type`, or itself if that is not imported.
mlir::Type importTypeOrSame(mlir::Type type);

/// What `jax.shard_map` becomes: a program that each rank runs on its parts.
bool isBoundary(mlir::Operation *op);

/// Reads the mesh of the program, and makes it one of the target.
void importMesh(Program &program);

/// A function of whole tensors: its manual computations are what each rank
/// runs, and with them it becomes a function of a rank's parts.
void importGlobalFunction(Program &program, mlir::func::FuncOp function);

/// A private function that others call.
void importLocalFunction(Program &program, mlir::func::FuncOp function,
                         const DeviceMesh *mesh);

/// Drops what tells the partitioner, inside of manual computations, that a
/// value need not be sharded over the axes that it has charge of: nothing is.
void dropConstraints(Program &program);

/// Calls of functions that have manual computations become these functions'
/// bodies. False if there are too many.
bool inlineBoundaries(Program &program);

} // namespace commuter::stablehlo

#endif // COMMUTER_LIB_CONVERSION_IMPORTSTABLEHLO_PROGRAM_H
