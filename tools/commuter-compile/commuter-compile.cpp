//===- commuter-compile.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a distributed tensor program ahead of time, to a library or an
// object that describes itself (commuter_model.h).
//
//===----------------------------------------------------------------------===//

#include "../lib/CommandLine.h"
#include "../lib/Describe.h"
#include "../lib/Devices.h"
#include "../lib/LoweringFlags.h"
#include "../lib/Outputs.h"
#include "../lib/Program.h"
#include "../lib/Target.h"
#include "Header.h"
#include "Link.h"
#include "Object.h"

#include "commuter/Pipelines/GPUChips.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::compile;
using namespace commuter::tools;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

namespace {
struct CommandLine {
  cl::OptionCategory category{"commuter-compile options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir"), cl::Required,
                            cl::cat(category)};
  cl::opt<std::string> output{
      "o", cl::desc("What to write: a library (.so) or an object (.o)"),
      cl::value_desc("file"), cl::cat(category)};
  cl::opt<std::string> header{"header",
                              cl::desc("The C header (default: as -o, but .h)"),
                              cl::value_desc("file.h"), cl::cat(category)};
  cl::opt<std::string> entry{
      "entry", cl::desc("Function to compile (default: main, or the only one)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> name{
      "name",
      cl::desc("The model's symbol is commuter_model_<name> (default: the "
               "entry's name)"),
      cl::value_desc("name"), cl::cat(category)};
  LoweringFlags lowering{category};
  cl::opt<std::string> triple{
      "target-triple",
      cl::desc("Machine to compile for (default: this one; others: .o only)"),
      cl::value_desc("triple"), cl::cat(category)};
  cl::opt<std::string> cpu{
      "target-cpu",
      cl::desc("Processor to compile for (default: this one's), such as "
               "x86-64-v3"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> features{
      "mattr", cl::desc("Features of the processor to use or not to use"),
      cl::value_desc("+a,-b,..."), cl::cat(category)};
  cl::opt<std::string> device{
      "device", cl::desc("cpu, cuda, or cuda-emulated, which needs no GPU"),
      cl::init("cpu"), cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> chip{
      "gpu-chip",
      cl::desc("The oldest GPU that a program for cuda is to run on (default: "
               "sm_80)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> cc{"cc", cl::desc("Compiler driver that links a .so"),
                          cl::init("cc"), cl::value_desc("program"),
                          cl::cat(category)};
};

struct Options {
  std::string file, output, header, entry, name, driver;
  LoweringOptions lowering;
  tools::TargetOptions target;
  bool isLibrary;
};
} // namespace

static bool isName(StringRef name) {
  return !name.empty() && llvm::all_of(name, [](char c) {
    return llvm::isAlnum(c) || c == '_';
  });
}

static LogicalResult readOutput(const CommandLine &line, Options &options) {
  if (line.output.empty())
    return fail("give the file to write with -o: a library, .so, or an "
                "object, .o");
  options.output = line.output;
  StringRef suffix = llvm::sys::path::extension(line.output);
  options.isLibrary = suffix == ".so";
  if (!options.isLibrary && suffix != ".o")
    return fail("-o " + line.output + ": expected a name in .so or .o");
  if (options.isLibrary && !line.triple.empty() &&
      llvm::Triple::normalize(line.triple) != llvm::sys::getProcessTriple())
    return fail("--target-triple " + line.triple +
                ": a .so is linked for this machine, " +
                llvm::sys::getProcessTriple() + "; write a .o");
  llvm::SmallString<128> header(line.header);
  if (header.empty()) {
    header = line.output;
    llvm::sys::path::replace_extension(header, ".h");
  }
  options.header = header.str().str();
  return success();
}

static FailureOr<Options> readOptions(int argc, char **argv) {
  CommandLine line;
  Options options;
  if (failed(parseCommandLine(
          argc, argv, line.category,
          "Compiles a distributed tensor program ahead of time\n")) ||
      failed(readOutput(line, options)) ||
      failed(checkDevice(line.device, /*takesNumber=*/false)))
    return failure();
  if (line.name.getNumOccurrences() && !isName(line.name))
    return badOption("name", line.name, "letters, digits and underscores");
  if (line.chip.getNumOccurrences() && !isGPUChip(line.chip))
    return badOption("gpu-chip", line.chip,
                     "a GPU that LLVM knows, such as sm_90");
  if (options.isLibrary) {
    FailureOr<std::string> driver = findDriver(line.cc);
    if (failed(driver))
      return failure();
    options.driver = *driver;
  }
  options.file = line.file;
  options.entry = line.entry;
  options.name = line.name;
  options.lowering = line.lowering.get();
  options.lowering.device = line.device;
  options.lowering.chip = line.chip;
  options.target = {line.triple, line.cpu, line.features};
  return options;
}

//===----------------------------------------------------------------------===//
// The compilation
//===----------------------------------------------------------------------===//

/// "commuter_model_" and the model's name, by default the entry's, of which
/// other characters become underscores.
static std::string nameSymbol(const Options &options, StringRef entry) {
  std::string name = options.name.empty() ? entry.str() : options.name;
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  return "commuter_model_" + name;
}

/// Links to `file`, which becomes the output, by way of `scratch` if it is a
/// device or a pipe.
static LogicalResult writeLibrary(const Options &options, StringRef object,
                                  StringRef file, OutputFiles &scratch) {
  if (llvm::sys::fs::is_regular_file(file))
    return linkLibrary(options.driver, object, file, options.output);
  FailureOr<std::string> linked = scratch.add(options.output + ".so");
  if (failed(linked) ||
      failed(linkLibrary(options.driver, object, *linked, options.output)))
    return failure();
  auto library = readFile(*linked);
  if (failed(library))
    return failure();
  return writeFile(file, options.output, [&](llvm::raw_fd_ostream &os) {
    os << (*library)->getBuffer();
  });
}

static LogicalResult writeFiles(const Options &options,
                                const LoweredProgram &program,
                                const commuter_model_t &model,
                                llvm::TargetMachine &machine) {
  // Those that get no name go with `scratch`.
  OutputFiles files, scratch;
  files.keep(options.file);
  std::string symbol = nameSymbol(options, model.entry);
  FailureOr<std::string> output, header, object;
  if (failed(checkHeader(options.header)) ||
      failed(output = files.add(options.output)) ||
      failed(header = files.add(options.header)) ||
      failed(object = options.isLibrary ? scratch.add(options.output + ".o")
                                        : output) ||
      failed(writeHeader(*header, options.header, model, symbol)) ||
      failed(writeObject(program, model, symbol, machine, *object)))
    return failure();
  if (options.isLibrary &&
      failed(writeLibrary(options, *object, *output, scratch)))
    return failure();
  return files.commit();
}

static LogicalResult compileFile(const Options &options) {
  auto text = readFile(options.file);
  FailureOr<std::unique_ptr<llvm::TargetMachine>> machine;
  if (failed(text) || failed(machine = createTargetMachine(options.target)))
    return failure();
  DialectRegistry registry;
  registerAll(registry);
  MLIRContext context(registry);
  Program program(std::move(*text), &context);
  if (!program.getModule())
    return fail(options.file + ": is no valid program");
  if (failed(convertShard(program.getModule())))
    return fail(options.file + ": cannot be converted from shard to dist");
  auto description = describe(program.getModule(), options.entry);
  if (failed(description))
    return failure();
  commuter_model_t &model = (*description)->model;
  model.pipeline = options.lowering.pipeline.c_str();
  model.device = options.lowering.device.c_str();
  model.target = (*description)
                     ->keep((*machine)->getTargetTriple().str() + " " +
                            (*machine)->getTargetCPU());
  auto lowered = lower(program.getModule(), model.entry, options.lowering);
  if (failed(lowered))
    return failure();
  return writeFiles(options, *lowered, model, **machine);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  startTool("commuter-compile");
  FailureOr<Options> options = readOptions(argc, argv);
  return failed(options) || failed(compileFile(*options));
}
