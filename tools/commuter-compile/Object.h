//===- Object.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a lowered program to an object file.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_COMPILE_OBJECT_H
#define COMMUTER_TOOLS_COMMUTER_COMPILE_OBJECT_H

#include "../lib/Lower.h"

#include "commuter_model.h"

#include "llvm/Target/TargetMachine.h"

namespace commuter::compile {

/// Writes an object to `file` whose only public names are the model's.
llvm::LogicalResult writeObject(const tools::LoweredProgram &program,
                                const commuter_model_t &model,
                                llvm::StringRef symbol,
                                llvm::TargetMachine &machine,
                                llvm::StringRef file);

} // namespace commuter::compile

#endif // COMMUTER_TOOLS_COMMUTER_COMPILE_OBJECT_H
