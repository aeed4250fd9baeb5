//===- Object.cpp ---------------------------------------------------------===//
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

#include "Object.h"
#include "../lib/Outputs.h"
#include "../lib/Target.h"
#include "EmitModel.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;

/// A program's own names, such as @main, are not for the program that it is
/// linked into, and do not take a model's.
static void hideDefinitions(Module &module) {
  for (GlobalValue &value : module.global_values()) {
    // LLVM's own, such as llvm.used, have the linkage that they need.
    if (value.isDeclaration() || value.getName().starts_with("llvm."))
      continue;
    if (auto *object = dyn_cast<GlobalObject>(&value))
      object->setComdat(nullptr);
    value.setLinkage(GlobalValue::InternalLinkage);
    if (value.getName().starts_with("commuter_model"))
      value.setName("program." + value.getName());
  }
}

LogicalResult compile::writeObject(const LoweredProgram &program,
                                   const commuter_model_t &model,
                                   StringRef symbol, TargetMachine &machine,
                                   StringRef file) {
  LLVMContext context;
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(*program.module, context, "model");
  if (!module)
    return fail("the program cannot be lowered to LLVM IR");
  hideDefinitions(*module);
  emitModel(*module, model, program.run, symbol);

  LogicalResult emitted = failure();
  if (failed(writeFile(file, file, [&](raw_fd_ostream &os) {
        emitted = emitObject(*module, machine, os);
      })))
    return failure();
  return emitted;
}
