//===- Compile.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a program to machine code.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_COMPILE_H
#define COMMUTER_TOOLS_COMMUTER_RUN_COMPILE_H

#include "Signature.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

namespace commuter::run {

/// Machine code of one version of the program; used by all ranks at once.
struct CompiledProgram {
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
};

/// Runs `pipeline` (none, commute, optimize, or its text), then the lowering,
/// on a copy of the program and compiles it for the host.
llvm::FailureOr<CompiledProgram> compile(mlir::ModuleOp program,
                                         llvm::StringRef pipeline,
                                         const Signature &signature,
                                         bool checkAssertions);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_COMPILE_H
