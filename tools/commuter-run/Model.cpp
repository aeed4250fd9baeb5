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

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/RTDyldObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/SectionMemoryManager.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELF.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

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
  std::unique_ptr<llvm::orc::LLJIT> code;
  commuter_model_t model;
};
} // namespace

static FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
makeObject(ModuleOp module) {
  tools::TargetOptions target;
  target.isJIT = true;
  auto machine = createTargetMachine(target);
  if (failed(machine))
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context, "program");
  if (!translated)
    return fail("the program cannot be lowered to LLVM IR");
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream os(bytes);
  if (failed(emitObject(*translated, **machine, os)))
    return failure();
  return std::unique_ptr<llvm::MemoryBuffer>(
      std::make_unique<llvm::SmallVectorMemoryBuffer>(
          std::move(bytes), /*RequiresNullTerminator=*/false));
}

/// LLVM makes calls of a compiler's library for what a processor lacks, which
/// may be one that this process has not.
static LogicalResult checkSymbols(llvm::MemoryBufferRef object) {
  llvm::StringSet<> runtime;
  for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
    runtime.insert(s->name);
  auto file = llvm::object::ObjectFile::createObjectFile(object);
  if (!file)
    return fail("no machine code: " + llvm::toString(file.takeError()));
  for (const llvm::object::SymbolRef &symbol : (*file)->symbols()) {
    auto flags = symbol.getFlags();
    auto name = symbol.getName();
    if (!flags || !name)
      return fail("no machine code: " +
                  llvm::toString(
                      llvm::joinErrors(flags.takeError(), name.takeError())));
    if ((*flags & llvm::object::SymbolRef::SF_Undefined) && !name->empty() &&
        !runtime.contains(*name) && !dlsym(RTLD_DEFAULT, name->str().c_str()))
      return fail("no machine code: it refers to '" + *name +
                  "', which nothing defines");
  }
  return success();
}

static llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>>
link(std::unique_ptr<llvm::MemoryBuffer> object) {
  using namespace llvm::orc;
  auto jit = LLJITBuilder()
                 .setObjectLinkingLayerCreator([](ExecutionSession &session) {
                   return std::make_unique<RTDyldObjectLinkingLayer>(
                       session, [](const llvm::MemoryBuffer &) {
                         return std::make_unique<llvm::SectionMemoryManager>();
                       });
                 })
                 .create();
  if (!jit)
    return jit.takeError();
  SymbolMap symbols;
  for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
    symbols[(*jit)->mangleAndIntern(s->name)] = {
        ExecutorAddr::fromPtr(s->address), llvm::JITSymbolFlags::Exported};
  if (llvm::Error error =
          (*jit)->getMainJITDylib().define(absoluteSymbols(std::move(symbols))))
    return error;
  if (llvm::Error error = (*jit)->addObjectFile(std::move(object)))
    return error;
  return jit;
}

FailureOr<Model> run::compile(ModuleOp program,
                              std::shared_ptr<const Description> description,
                              const LoweringOptions &options) {
  auto lowered = lower(program, description->model.entry, options);
  if (failed(lowered))
    return failure();
  auto object = makeObject(*lowered->module);
  if (failed(object) || failed(checkSymbols(**object)))
    return failure();
  auto code = link(std::move(*object));
  if (!code)
    return fail("no machine code: " + llvm::toString(code.takeError()));
  auto run = (*code)->lookup(lowered->run);
  if (!run)
    return fail("no machine code: " + llvm::toString(run.takeError()));
  auto compiled = std::make_shared<CompiledModel>(description, std::move(*code),
                                                  description->model);
  compiled->model.run = run->toPtr<void (*)(void **)>();
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
