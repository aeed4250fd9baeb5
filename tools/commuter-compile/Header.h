//===- Header.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C header of a model.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_COMPILE_HEADER_H
#define COMMUTER_TOOLS_COMMUTER_COMPILE_HEADER_H

#include "../lib/Support.h"

#include "commuter_model.h"

namespace commuter::compile {

/// Fails if there is a file at `path` that is no header of this tool.
llvm::LogicalResult checkHeader(llvm::StringRef path);

/// Writes to `file`, which becomes `path`: `symbol` for compilers, and the
/// description for people.
llvm::LogicalResult writeHeader(llvm::StringRef file, llvm::StringRef path,
                                const commuter_model_t &model,
                                llvm::StringRef symbol);

} // namespace commuter::compile

#endif // COMMUTER_TOOLS_COMMUTER_COMPILE_HEADER_H
