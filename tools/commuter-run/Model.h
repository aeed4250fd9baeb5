//===- Model.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Programs that can be run: compiled at once, or ahead of time.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_MODEL_H
#define COMMUTER_TOOLS_COMMUTER_RUN_MODEL_H

#include "../lib/Describe.h"
#include "../lib/Lower.h"

namespace commuter::run {

/// A description, which keeps its code; used by all ranks at once.
using Model = std::shared_ptr<const commuter_model_t>;

/// Compiles the program that `description` is of for this machine.
llvm::FailureOr<Model>
compile(mlir::ModuleOp program,
        std::shared_ptr<const tools::Description> description,
        const tools::LoweringOptions &options);

/// Whether a file's contents are those of a library.
bool isLibrary(llvm::StringRef contents);

/// Opens a library of commuter-compile, whose contents have been read.
llvm::FailureOr<Model> loadModel(llvm::StringRef path,
                                 llvm::StringRef contents);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_MODEL_H
