//===- Program.cpp --------------------------------------------------------===//
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

#include "Program.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/InitAll.h"

#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::tools;

void tools::registerAll(DialectRegistry &registry) {
  commuter::registerEverything(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

static std::shared_ptr<llvm::SourceMgr>
makeSources(std::unique_ptr<llvm::MemoryBuffer> text) {
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(text), SMLoc());
  return sources;
}

Program::Program(std::unique_ptr<llvm::MemoryBuffer> text, MLIRContext *context)
    : sources(makeSources(std::move(text))), diagnostics(*sources, context),
      module(parseSourceFile<ModuleOp>(sources, context)) {}

LogicalResult tools::convertShard(ModuleOp module) {
  WalkResult found = module.walk([](Operation *op) {
    return isa_and_nonnull<shard::ShardDialect>(op->getDialect())
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  if (!found.wasInterrupted())
    return success();
  PassManager pm(module.getContext());
  pm.addPass(createConvertShardToDistPass({/*requireAll=*/true}));
  return pm.run(module);
}
