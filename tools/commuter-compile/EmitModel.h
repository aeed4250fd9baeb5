//===- EmitModel.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model's description as constants of an LLVM module.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_COMPILE_EMITMODEL_H
#define COMMUTER_TOOLS_COMMUTER_COMPILE_EMITMODEL_H

#include "commuter_model.h"

#include "llvm/IR/Module.h"

namespace commuter::compile {

/// Defines `symbol`, and the weak name commuter_model for it. `run` is the
/// model's code, a function of the module.
void emitModel(llvm::Module &module, const commuter_model_t &model,
               llvm::StringRef run, llvm::StringRef symbol);

} // namespace commuter::compile

#endif // COMMUTER_TOOLS_COMMUTER_COMPILE_EMITMODEL_H
