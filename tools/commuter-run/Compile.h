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

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/IR/BuiltinOps.h"

namespace commuter::run {

/// Machine code of one version of the program; used by all ranks at once.
struct CompiledProgram {
  std::unique_ptr<mlir::ExecutionEngine> engine;
  void (*entry)(void **) = nullptr;
};

/// The pass pipeline behind `--pipeline`: none, commute, optimize, or its text.
std::string getPipelineText(llvm::StringRef option);

/// Runs `pipeline`, then the lowering, on `module` and compiles it for the
/// host.
llvm::FailureOr<CompiledProgram> compile(mlir::ModuleOp module,
                                         llvm::StringRef pipeline,
                                         llvm::StringRef entry,
                                         bool checkAssertions);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_COMPILE_H
