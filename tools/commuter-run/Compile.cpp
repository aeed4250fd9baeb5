//===- Compile.cpp --------------------------------------------------------===//
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

#include "Compile.h"
#include "Support.h"

#include "commuter/Pipelines/Pipelines.h"
#include "commuter_program.h"

#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

std::string run::getPipelineText(StringRef option) {
  if (option == "none")
    return "";
  if (option == "commute")
    return "dist-commute-norms";
  if (option == "optimize")
    return "commuter-optimize";
  // As --pass-pipeline takes it, with the anchor.
  if (option.consume_front("builtin.module(") && option.consume_back(")"))
    return option.str();
  return option.str();
}

static LogicalResult runPasses(ModuleOp module, StringRef pipeline,
                               bool checkAssertions) {
  PassManager pm(module.getContext());
  std::string error;
  llvm::raw_string_ostream os(error);
  if (!pipeline.empty() && failed(parsePassPipeline(pipeline, pm, os)))
    return fail("--pipeline: " + StringRef(error).rtrim());
  LowerToLLVMOptions options;
  options.checkAssertions = checkAssertions;
  buildLowerToLLVMPipeline(pm, options);
  if (failed(pm.run(module)))
    return fail("the program was not compiled");
  return success();
}

FailureOr<CompiledProgram> run::compile(ModuleOp module, StringRef pipeline,
                                        StringRef entry, bool checkAssertions) {
  if (failed(runPasses(module, pipeline, checkAssertions)))
    return failure();

  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  auto report = [](llvm::Error error) {
    return fail("no machine code: " + llvm::toString(std::move(error)));
  };
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return report(builder.takeError());
  auto machine = builder->createTargetMachine();
  if (!machine)
    return report(machine.takeError());

  ExecutionEngineOptions options;
  auto optimize = makeOptimizingTransformer(/*optLevel=*/2, /*sizeLevel=*/0,
                                            machine->get());
  options.transformer = optimize;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (!engine)
    return report(engine.takeError());
  (*engine)->registerSymbols([](llvm::orc::MangleAndInterner intern) {
    llvm::orc::SymbolMap symbols;
    for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
      symbols[intern(s->name)] = {llvm::orc::ExecutorAddr::fromPtr(s->address),
                                  llvm::JITSymbolFlags::Exported};
    return symbols;
  });
  (*engine)->initialize();
  auto function = (*engine)->lookupPacked(("_mlir_ciface_" + entry).str());
  if (!function)
    return report(function.takeError());
  return CompiledProgram{std::move(*engine), *function};
}
