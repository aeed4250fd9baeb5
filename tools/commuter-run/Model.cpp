//===- Model.cpp ----------------------------------------------------------===//
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

#include "Model.h"
#include "../lib/Target.h"

#include "commuter_program.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/ELF.h"
#include "llvm/Support/FileSystem.h"

#include <dlfcn.h>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// Compiled at once
//===----------------------------------------------------------------------===//

namespace {
struct CompiledModel {
  std::shared_ptr<const Description> description;
  std::unique_ptr<ExecutionEngine> engine;
  commuter_model_t model;
};
} // namespace

static llvm::orc::SymbolMap
getRuntimeSymbols(llvm::orc::MangleAndInterner intern) {
  llvm::orc::SymbolMap symbols;
  for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
    symbols[intern(s->name)] = {llvm::orc::ExecutorAddr::fromPtr(s->address),
                                llvm::JITSymbolFlags::Exported};
  return symbols;
}

static FailureOr<std::unique_ptr<ExecutionEngine>> makeCode(ModuleOp module) {
  tools::TargetOptions target;
  target.isJIT = true;
  auto machine = createTargetMachine(target);
  if (failed(machine))
    return failure();
  ExecutionEngineOptions options;
  auto optimize = makeOptimizer(**machine);
  options.transformer = optimize;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  options.enableGDBNotificationListener = false;
  options.enablePerfNotificationListener = false;
  auto engine = ExecutionEngine::create(module, options, std::move(*machine));
  if (!engine)
    return fail("no machine code: " + llvm::toString(engine.takeError()));
  (*engine)->registerSymbols(getRuntimeSymbols);
  (*engine)->initialize();
  return std::move(*engine);
}

FailureOr<Model> run::compile(ModuleOp program,
                              std::shared_ptr<const Description> description,
                              const LoweringOptions &options) {
  auto lowered = lower(program, description->model.entry, options);
  if (failed(lowered))
    return failure();
  auto engine = makeCode(*lowered->module);
  if (failed(engine))
    return failure();
  auto run = (*engine)->lookup(lowered->run);
  if (!run)
    return fail("no machine code: " + llvm::toString(run.takeError()));
  auto compiled = std::make_shared<CompiledModel>(
      description, std::move(*engine), description->model);
  compiled->model.run = reinterpret_cast<void (*)(void **)>(*run);
  return Model(compiled, &compiled->model);
}

//===----------------------------------------------------------------------===//
// Compiled ahead of time
//===----------------------------------------------------------------------===//

bool run::isLibrary(StringRef contents) {
  switch (llvm::identify_magic(contents)) {
  case llvm::file_magic::elf:
  case llvm::file_magic::elf_relocatable:
  case llvm::file_magic::elf_executable:
  case llvm::file_magic::elf_shared_object:
  case llvm::file_magic::elf_core:
    return true;
  default:
    return false;
  }
}

/// Of a library that is cut off, dlopen maps pages that are not there.
static LogicalResult checkSegments(StringRef path, StringRef contents) {
  auto bad = [&](const Twine &why) {
    return fail(path + ": is no library that can be loaded: " + why);
  };
  auto file = llvm::object::ELF64LEFile::create(contents);
  if (!file)
    return bad(llvm::toString(file.takeError()));
  auto segments = file->program_headers();
  if (!segments)
    return bad(llvm::toString(segments.takeError()));
  for (const auto &segment : *segments)
    if (segment.p_offset > contents.size() ||
        segment.p_filesz > contents.size() - segment.p_offset)
      return bad("it is cut off");
  return success();
}

FailureOr<Model> run::loadModel(StringRef path, StringRef contents) {
  if (failed(checkSegments(path, contents)))
    return failure();
  // Without a slash, dlopen would search the system's folders.
  SmallString<128> absolute(path);
  llvm::sys::fs::make_absolute(absolute);
  std::shared_ptr<void> library(dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL),
                                [](void *handle) {
                                  if (handle)
                                    dlclose(handle);
                                });
  if (!library)
    return fail(path + ": is no library that can be loaded: " + dlerror());
  auto *model = static_cast<const commuter_model_t *>(
      dlsym(library.get(), "commuter_model"));
  if (!model)
    return fail(path + ": is no model of commuter-compile: it has no symbol "
                       "'commuter_model'");
  if (commuter_model_check(model) != COMMUTER_OK)
    return fail(path + ": " + commuter_last_error());
  return Model(library, model);
}
