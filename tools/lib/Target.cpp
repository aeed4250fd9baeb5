//===- Target.cpp ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The machine that programs are compiled for.
//
//===----------------------------------------------------------------------===//

#include "Target.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::tools;

static std::string getHostFeatures() {
  std::vector<std::string> features;
  for (const auto &[name, isThere] : sys::getHostCPUFeatures())
    features.push_back((isThere ? "+" : "-") + name.str());
  return join(features, ",");
}

/// LLVM itself says no more of a wrong name than a warning.
static LogicalResult checkNames(const tools::TargetOptions &options,
                                const MCSubtargetInfo &known) {
  if (!options.cpu.empty() && !known.isCPUStringValid(options.cpu))
    return fail("--target-cpu " + options.cpu + ": " +
                known.getTargetTriple().str() + " has no such processor");
  SmallVector<StringRef> features;
  StringRef(options.features).split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef feature : features) {
    StringRef name = feature;
    bool hasSign = name.consume_front("+") || name.consume_front("-");
    if (!hasSign || none_of(known.getAllProcessorFeatures(),
                            [&](const SubtargetFeatureKV &entry) {
                              return name == entry.Key;
                            }))
      return fail("--mattr " + feature + ": expected +NAME or -NAME, with a " +
                  "feature of " + known.getTargetTriple().str());
  }
  return success();
}

FailureOr<std::unique_ptr<TargetMachine>>
tools::createTargetMachine(const tools::TargetOptions &options) {
  InitializeAllTargetInfos();
  InitializeAllTargets();
  InitializeAllTargetMCs();
  InitializeAllAsmPrinters();
  bool isHost = options.triple.empty();
  Triple triple(isHost ? sys::getProcessTriple()
                       : Triple::normalize(options.triple));
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target || !target->hasTargetMachine())
    return fail("--target-triple " + triple.str() +
                ": this LLVM has no such target");
  std::unique_ptr<MCSubtargetInfo> known(
      target->createMCSubtargetInfo(triple, "", ""));
  if (!known || failed(checkNames(options, *known)))
    return failure();
  std::string cpu = options.cpu, features = options.features;
  if (isHost && cpu.empty()) {
    cpu = sys::getHostCPUName().str();
    // Those given come last, and count.
    features = getHostFeatures() + (features.empty() ? "" : "," + features);
  }
  std::optional<Reloc::Model> relocation;
  if (!options.isJIT)
    relocation = Reloc::PIC_;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, cpu, features, llvm::TargetOptions(), relocation, std::nullopt,
      CodeGenOptLevel::Default, options.isJIT));
}

static void optimize(Module &module, TargetMachine &machine) {
  // Loops are vectorised. What is left is mostly the arguments of calls:
  // hundreds of ops would cost the vectoriser of straight code seconds, for
  // nothing.
  PipelineTuningOptions tuning;
  tuning.SLPVectorization = false;
  PassBuilder builder(&machine, tuning);
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
      .run(module, modules);
}

LogicalResult tools::emitObject(Module &module, TargetMachine &machine,
                                raw_pwrite_stream &os) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  optimize(module, machine);
  legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr,
                                  CodeGenFileType::ObjectFile))
    return fail(machine.getTargetTriple().str() +
                ": there are no object files for this target");
  passes.run(module);
  return success();
}
