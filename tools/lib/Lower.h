//===- Lower.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a program to the LLVM dialect.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_LOWER_H
#define COMMUTER_TOOLS_LIB_LOWER_H

#include "Support.h"

#include "mlir/IR/BuiltinOps.h"

namespace commuter::tools {

struct LoweringOptions {
  std::string pipeline; // none, commute, optimize, or its text
  bool checkAssertions = false, checkBounds = false, contractionLoops = false;
  std::string device = "cpu"; // without a number
  /// For a GPU; empty: as the lowering has them.
  std::string chip, cudaPath;
};

struct LoweredProgram {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// The function that is commuter_model_t::run.
  std::string run;
};

/// Runs the pipeline, then the lowering, on a copy of the program.
llvm::FailureOr<LoweredProgram> lower(mlir::ModuleOp program,
                                      llvm::StringRef entry,
                                      const LoweringOptions &options);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_LOWER_H
