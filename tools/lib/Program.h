//===- Program.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading a program.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_PROGRAM_H
#define COMMUTER_TOOLS_LIB_PROGRAM_H

#include "Support.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/SourceMgr.h"

namespace commuter::tools {

/// All dialects, passes and translations that a tool that compiles needs.
void registerAll(mlir::DialectRegistry &registry);

/// A program. While there is one, errors show its lines.
class Program {
public:
  Program(std::unique_ptr<llvm::MemoryBuffer> text, mlir::MLIRContext *context);
  Program(const Program &) = delete;

  /// Null if the text is no valid program: the errors have been printed.
  mlir::ModuleOp getModule() { return module.get(); }

private:
  std::shared_ptr<llvm::SourceMgr> sources;
  mlir::SourceMgrDiagnosticHandler diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// The ranks, and which parts of a global array are theirs, are read off a
/// program in dist: one that holds ops of upstream's shard dialect is converted
/// as a whole, or errors say why not.
llvm::LogicalResult convertShard(mlir::ModuleOp module);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_PROGRAM_H
