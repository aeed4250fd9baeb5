//===- Lower.cpp ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From a program to the LLVM dialect.
//
//===----------------------------------------------------------------------===//

#include "Lower.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Pipelines/Pipelines.h"
#include "commuter_program.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"

#include <dlfcn.h>

using namespace mlir;
using namespace commuter;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// The pipeline
//===----------------------------------------------------------------------===//

/// What the parser says, without where and the echo of the text.
static StringRef getParseError(StringRef text) {
  StringRef message = text.split('\n').first;
  size_t at = message.find("error: ");
  return at == StringRef::npos ? message : message.drop_front(at + 7);
}

static FailureOr<OpPassManager> parsePipeline(StringRef text) {
  std::string error;
  llvm::raw_string_ostream os(error);
  FailureOr<OpPassManager> pm = failure();
  if (text == "none") {
    pm = OpPassManager(ModuleOp::getOperationName());
  } else if (text.starts_with("builtin.module(")) {
    pm = parsePassPipeline(text, os);
  } else {
    // Passes on functions need no anchor.
    pm = OpPassManager(ModuleOp::getOperationName(),
                       OpPassManager::Nesting::Implicit);
    if (text == "commute")
      text = "dist-commute-norms";
    if (text == "optimize")
      text = "commuter-optimize";
    if (text.trim().empty())
      os << "expected none, commute, optimize or a pass pipeline";
    else if (failed(parsePassPipeline(text, *pm, os)) && error.empty())
      os << "is no pass pipeline";
  }
  if (!error.empty() || failed(pm)) {
    // Of an option's value the parser of options tells by itself.
    StringRef message = getParseError(error);
    return fail("--pipeline " + text + ": " +
                (message.empty() ? "has an option of no such value" : message));
  }
  return pm;
}

static LogicalResult runPipeline(ModuleOp module, StringRef text) {
  FailureOr<OpPassManager> parsed = parsePipeline(text);
  if (failed(parsed))
    return failure();
  // Without fast-math flags, of which folds would make use: the lowering drops
  // them, too, and what is compared must be one program.
  PassManager strict(module.getContext());
  strict.addPass(createDropFastMathPass());
  PassManager pm(module.getContext());
  static_cast<OpPassManager &>(pm) = std::move(*parsed);
  if (failed(strict.run(module)) || failed(pm.run(module)))
    return fail("--pipeline " + text + " failed");
  return success();
}

/// The ranks' arguments and results are those of the program as written.
static LogicalResult checkEntry(ModuleOp module, ModuleOp original,
                                StringRef entry, StringRef pipeline) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function)
    return fail("--pipeline " + pipeline + " leaves no function @" + entry);
  if (function.getFunctionType() !=
      original.lookupSymbol<func::FuncOp>(entry).getFunctionType())
    return fail("--pipeline " + pipeline + " changes the type of @" + entry);
  return success();
}

//===----------------------------------------------------------------------===//
// The lowering
//===----------------------------------------------------------------------===//

/// What an error says; where it does not name the op, the note that prints it
/// does, in the generic form.
static std::string describeError(Diagnostic &diagnostic) {
  std::string message = diagnostic.str();
  if (StringRef(message).starts_with("'"))
    return message;
  for (Diagnostic &note : diagnostic.getNotes()) {
    std::string text = note.str();
    if (StringRef(text).starts_with("see current operation: "))
      return ("'" + StringRef(text).split('"').second.split('"').first + "' " +
              message)
          .str();
  }
  return message;
}

namespace {
/// Keeps the first error that is reported, and lets it pass.
class FirstError {
public:
  explicit FirstError(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
              message.empty())
            message = describeError(diagnostic);
          return failure();
        }) {}
  std::string message;

private:
  ScopedDiagnosticHandler handler;
};
} // namespace

/// Compiled code is that of one module, whose meshes name the same ranks.
static LogicalResult checkModule(ModuleOp module) {
  FirstError error(module.getContext());
  for (auto nested : module.getOps<ModuleOp>()) {
    nested.emitOpError("is in another module: what is compiled must be in the "
                       "outermost one");
    return fail("the program cannot be lowered: " + error.message);
  }
  // A mesh names all ranks. Open sizes are known, and checked, at a run's
  // start.
  dist::MeshOp first;
  int64_t ranks = 0;
  for (auto mesh : module.getOps<dist::MeshOp>()) {
    std::optional<int64_t> size = dist::getGroupSize(mesh, mesh.getAxisNames());
    if (first && size && *size != ranks) {
      mesh.emitOpError() << "has " << *size << " ranks, @" << first.getSymName()
                         << " has " << ranks
                         << "; the meshes of a program must have equally many";
      return fail("the program cannot be lowered: " + error.message);
    }
    if (size) {
      first = mesh;
      ranks = *size;
    }
  }
  return success();
}

static bool isTooLarge(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  return !getNumBytes(tensor.getShape(), /*width=*/8);
}

/// Sizes in bytes must not overflow in compiled code.
static LogicalResult checkSizes(ModuleOp module) {
  FirstError error(module.getContext());
  WalkResult result = module.walk([](Operation *op) {
    for (Type type : op->getResultTypes())
      if (isTooLarge(type)) {
        op->emitOpError() << "has a result of type " << type
                          << ", which is too large";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return fail("the program cannot be lowered: " + error.message);
  return success();
}

/// Arguments are for reading: every iteration and every version gets the same.
static void setReadOnly(ModuleOp module, StringRef entry) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    function.removeArgAttr(
        i, bufferization::BufferizationDialect::kWritableAttrName);
}

/// Passes leave what they do not know, and casts around it: it is the op, not
/// a cast, that is to be named.
static LogicalResult checkLowered(ModuleOp module) {
  Operation *left = nullptr;
  module.walk([&](Operation *op) {
    if (isa<ModuleOp>(op) || isa<LLVM::LLVMDialect>(op->getDialect()))
      return;
    if (!left || (isa<UnrealizedConversionCastOp>(left) &&
                  !isa<UnrealizedConversionCastOp>(op)))
      left = op;
  });
  return left ? left->emitOpError("has no lowering to machine code")
              : success();
}

/// What is declared must be the runtime's, or a library's of this process.
static LogicalResult checkDefined(ModuleOp module) {
  llvm::StringSet<> runtime;
  for (const commuter_symbol_t *s = commuter_program_symbols(); s->name; ++s)
    runtime.insert(s->name);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    StringRef name = function.getName();
    if (!function.isExternal() || runtime.contains(name) ||
        SymbolTable::symbolKnownUseEmpty(function, module) ||
        dlsym(RTLD_DEFAULT, name.str().c_str()))
      continue;
    return emitError(function.getLoc())
           << "'" << name << "' is called, but not defined";
  }
  return success();
}

static LogicalResult runLowering(ModuleOp module,
                                 const LoweringOptions &given) {
  PassManager pm(module.getContext());
  LowerToLLVMOptions options;
  options.checkAssertions = given.checkAssertions;
  options.checkBounds = given.checkBounds;
  options.contractionLoops = given.contractionLoops;
  options.device = llvm::StringSwitch<Device>(given.device)
                       .Case("cuda", Device::CUDA)
                       .Case("cuda-emulated", Device::CUDAEmulated)
                       .Default(Device::CPU);
  if (!given.chip.empty())
    options.chip = given.chip;
  options.toolkit = given.cudaPath;
  buildLowerToLLVMPipeline(pm, options);
  FirstError error(module.getContext());
  if (failed(pm.run(module)) || failed(checkLowered(module)) ||
      failed(checkDefined(module)))
    return fail("the program cannot be lowered: " + error.message);
  return success();
}

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

/// Adds commuter_model_t::run, a call of the entry's C wrapper by MLIR's packed
/// convention: entry i of the list points to parameter i, the entry after them
/// to the result.
static std::string addRun(ModuleOp module, StringRef entry) {
  auto wrapper =
      module.lookupSymbol<LLVM::LLVMFuncOp>(("_mlir_ciface_" + entry).str());
  Location loc = wrapper.getLoc();
  OpBuilder builder(module.getContext());
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto run = LLVM::LLVMFuncOp::create(
      builder, loc, "commuter_run",
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                  {pointer}));
  SymbolTable(module).insert(run); // by another name if it is taken
  builder.setInsertionPointToStart(run.addEntryBlock(builder));
  auto loadPointer = [&](size_t i) -> Value {
    Value at =
        LLVM::GEPOp::create(builder, loc, pointer, pointer, run.getArgument(0),
                            ArrayRef<LLVM::GEPArg>{int32_t(i)});
    return LLVM::LoadOp::create(builder, loc, pointer, at);
  };
  SmallVector<Value> arguments;
  for (auto [i, type] : llvm::enumerate(wrapper.getArgumentTypes()))
    arguments.push_back(
        LLVM::LoadOp::create(builder, loc, type, loadPointer(i)));
  auto call = LLVM::CallOp::create(builder, loc, wrapper, arguments);
  if (call.getNumResults())
    LLVM::StoreOp::create(builder, loc, call.getResult(),
                          loadPointer(arguments.size()));
  LLVM::ReturnOp::create(builder, loc, ValueRange());
  return run.getName().str();
}

FailureOr<LoweredProgram> tools::lower(ModuleOp program, StringRef entry,
                                       const LoweringOptions &options) {
  OwningOpRef<ModuleOp> module = program.clone();
  if (failed(runPipeline(*module, options.pipeline)) ||
      failed(checkEntry(*module, program, entry, options.pipeline)) ||
      failed(checkModule(*module)) || failed(checkSizes(*module)))
    return failure();
  setReadOnly(*module, entry);
  if (failed(runLowering(*module, options)))
    return failure();
  std::string run = addRun(*module, entry);
  return LoweredProgram{std::move(module), std::move(run)};
}
