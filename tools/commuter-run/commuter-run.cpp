//===- commuter-run.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles a distributed tensor program and runs it on all ranks of its mesh.
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "Compile.h"
#include "Execute.h"
#include "Npy.h"
#include "Report.h"

#include "commuter/InitAll.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

#include <chrono>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;
namespace cl = llvm::cl;

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

namespace {
struct CommandLine {
  cl::OptionCategory category{"commuter-run options"};
  cl::opt<std::string> file{cl::Positional, cl::desc("FILE.mlir"), cl::Required,
                            cl::cat(category)};
  cl::opt<std::string> entry{
      "entry", cl::desc("Function to run (default: main, or the only one)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> device{"device", cl::desc("cpu"), cl::init("cpu"),
                              cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> transport{"transport", cl::desc("threads"),
                                 cl::init("threads"), cl::value_desc("name"),
                                 cl::cat(category)};
  cl::list<std::string> axes{
      "axis", cl::desc("Size of an axis that the mesh leaves open"),
      cl::value_desc("name=size"), cl::cat(category)};
  cl::list<std::string> extents{
      "extent",
      cl::desc(
          "Local extents of a `?` dimension, one per rank (or one for all)"),
      cl::value_desc("arg.dim=n,n,..."), cl::cat(category)};
  cl::opt<std::string> pipeline{
      "pipeline",
      cl::desc("none, commute, optimize or a textual pass pipeline"),
      cl::init("optimize"), cl::value_desc("pipeline"), cl::cat(category)};
  cl::opt<bool> compare{
      "compare",
      cl::desc("Run the program as written, too, and compare every result"),
      cl::cat(category)};
  cl::list<std::string> inputs{
      "input", cl::desc("Global array of an argument, in .npy format"),
      cl::value_desc("arg=file.npy"), cl::cat(category)};
  cl::opt<std::string> outputDir{
      "output-dir", cl::desc("Folder for the results: result<N>.npy"),
      cl::value_desc("dir"), cl::cat(category)};
  cl::opt<uint64_t> seed{"seed", cl::desc("Seed of arguments without a file"),
                         cl::init(0), cl::cat(category)};
  cl::opt<int64_t> iterations{
      "iterations",
      cl::desc("Measured runs (default 1; with --compare 5, after a warm-up)"),
      cl::init(0), cl::cat(category)};
  cl::opt<bool> checkAssertions{
      "check-assertions",
      cl::desc("Check at run time what dist.assert_sharding promises"),
      cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print the figures as JSON"),
                     cl::cat(category)};
  cl::opt<std::string> trace{"trace",
                             cl::desc("Timeline of the ranks, for Perfetto"),
                             cl::value_desc("file.json"), cl::cat(category)};
};
} // namespace

static LogicalResult badOption(StringRef option, StringRef value,
                               StringRef expected) {
  return fail("--" + option + " " + value + ": expected " + expected);
}

static FailureOr<std::map<std::string, int64_t>>
readAxes(ArrayRef<std::string> options) {
  std::map<std::string, int64_t> axes;
  for (StringRef option : options) {
    auto [name, text] = option.split('=');
    int64_t size;
    if (name.empty() || text.getAsInteger(10, size) || size < 1)
      return badOption("axis", option, "name=size, with a size of 1 or more");
    axes[name.str()] = size;
  }
  return axes;
}

static LogicalResult readArgumentOptions(const CommandLine &line, int64_t ranks,
                                         ArgumentOptions &options) {
  options.seed = line.seed;
  for (StringRef option : line.inputs) {
    auto [number, file] = option.split('=');
    unsigned argument;
    if (number.getAsInteger(10, argument) || file.empty())
      return badOption("input", option, "argument=FILE.npy, such as 0=x.npy");
    options.files[argument] = file.str();
  }
  for (StringRef option : line.extents) {
    StringRef expected = "argument.dimension=n,n,..., such as 0.0=4,0,7,2";
    auto [place, list] = option.split('=');
    auto [number, dimension] = place.split('.');
    unsigned argument, dim;
    if (number.getAsInteger(10, argument) || dimension.getAsInteger(10, dim))
      return badOption("extent", option, expected);
    std::vector<int64_t> extents;
    SmallVector<StringRef> texts;
    list.split(texts, ',');
    for (StringRef text : texts) {
      int64_t extent;
      if (text.trim().getAsInteger(10, extent) || extent < 0)
        return badOption("extent", option, expected);
      extents.push_back(extent);
    }
    if (extents.size() == 1)
      extents.resize(ranks, extents[0]);
    options.extents[{argument, dim}] = std::move(extents);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

namespace {
/// Files that get their final names together, once all of them are complete.
class OutputFiles {
public:
  ~OutputFiles() {
    for (auto &[temporary, path] : files)
      llvm::sys::fs::remove(temporary);
  }

  /// Where to write what will be `path`. Fails if it cannot be written.
  FailureOr<std::string> add(const Twine &path) {
    std::string name = path.str();
    SmallString<128> temporary;
    int descriptor;
    if (std::error_code error = llvm::sys::fs::createUniqueFile(
            name + ".%%%%%%.tmp", descriptor, temporary))
      return fail(name + ": " + error.message());
    llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true);
    files.emplace_back(temporary.str().str(), name);
    return files.back().first;
  }

  LogicalResult commit() {
    for (auto &[temporary, path] : files)
      if (std::error_code error = llvm::sys::fs::rename(temporary, path))
        return fail(path + ": " + error.message());
    files.clear();
    return success();
  }

private:
  std::vector<std::pair<std::string, std::string>> files;
};
} // namespace

/// A folder that cannot be written is found before the run.
static LogicalResult prepareFolder(StringRef folder) {
  if (std::error_code error = llvm::sys::fs::create_directories(folder))
    return fail(folder + ": " + error.message());
  OutputFiles probe;
  return probe.add(folder + "/result");
}

static LogicalResult writeResults(const Signature &signature,
                                  const std::vector<JoinedResult> &joined,
                                  StringRef folder, OutputFiles &files) {
  for (auto [i, result] : llvm::enumerate(joined))
    for (auto [part, array] : llvm::enumerate(result.arrays)) {
      std::string name = "result" + std::to_string(i);
      if (result.arrays.size() > 1)
        name += ".rank" + std::to_string(part);
      FailureOr<std::string> path = files.add(folder + "/" + name + ".npy");
      if (failed(path) ||
          failed(writeNpy(*path, array, signature.results[i].element)))
        return failure();
    }
  return success();
}

static LogicalResult writeTrace(const Report &report, StringRef path,
                                OutputFiles &files) {
  FailureOr<std::string> temporary = files.add(path);
  if (failed(temporary))
    return failure();
  std::error_code error;
  llvm::raw_fd_ostream os(*temporary, error);
  if (!error) {
    report.printTrace(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  return error ? fail(path + ": " + error.message()) : success();
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

static SmallVector<ArrayRef<Array>> getResults(const Version &version) {
  return llvm::map_to_vector(version.ranks, [](const RankRun &rank) {
    return ArrayRef<Array>(rank.results);
  });
}

static LogicalResult runProgram(const CommandLine &line, MLIRContext &context) {
  if (line.device != "cpu")
    return fail("--device " + line.device + ": this build has: cpu");
  if (line.transport != "threads")
    return fail("--transport " + line.transport + ": this build has: threads");
  if (line.iterations.getNumOccurrences() && line.iterations < 1)
    return badOption("iterations", std::to_string(line.iterations),
                     "1 or more");
  if (!line.outputDir.empty() && failed(prepareFolder(line.outputDir)))
    return failure();

  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(line.file);
  if (!buffer)
    return fail(line.file + ": " + buffer.getError().message());
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*buffer), SMLoc());
  SourceMgrDiagnosticHandler diagnostics(*sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return fail(line.file + " is no valid program");

  auto axes = readAxes(line.axes);
  if (failed(axes))
    return failure();
  auto signature = readSignature(*module, line.entry, *axes);
  if (failed(signature))
    return failure();
  ArgumentOptions argumentOptions;
  if (failed(readArgumentOptions(line, (*signature)->ranks, argumentOptions)))
    return failure();
  auto arguments = makeArguments(**signature, argumentOptions);
  if (failed(arguments))
    return failure();

  Report report{**signature, {}, {}};
  std::vector<CompiledProgram> programs;
  auto add = [&](StringRef name, StringRef pipeline) -> LogicalResult {
    auto start = std::chrono::steady_clock::now();
    OwningOpRef<ModuleOp> copy = module->clone();
    auto program = compile(*copy, getPipelineText(pipeline),
                           (*signature)->entry, line.checkAssertions);
    if (failed(program))
      return failure();
    programs.push_back(std::move(*program));
    auto time = std::chrono::steady_clock::now() - start;
    report.versions.push_back(
        {name.str(), {}, time / std::chrono::nanoseconds(1)});
    return success();
  };
  if (line.compare && failed(add("as written", "none")))
    return failure();
  StringRef pipeline = line.pipeline.getValue();
  if (failed(add(pipeline == "none" && !line.compare ? "as written" : pipeline,
                 pipeline)))
    return failure();

  ExecuteOptions options;
  options.iterations = line.iterations ? line.iterations : line.compare ? 5 : 1;
  options.warmups = line.compare ? 1 : 0;
  options.trace = !line.trace.empty();
  auto runs = execute(**signature, programs, *arguments, options);
  if (failed(runs))
    return failure();
  for (auto [version, ranks] : llvm::zip_equal(report.versions, *runs))
    version.ranks = std::move(ranks);

  // A result's annotation is a promise; every version is held to it.
  std::vector<JoinedResult> joined;
  for (const Version &version : report.versions) {
    auto results = joinResults(**signature, getResults(version));
    if (failed(results))
      return failure();
    joined = std::move(*results);
  }
  if (line.compare)
    report.comparison = compareResults(**signature, report.versions.front(),
                                       report.versions.back());
  OutputFiles files;
  if (!line.outputDir.empty() &&
      failed(writeResults(**signature, joined, line.outputDir, files)))
    return failure();
  if (!line.trace.empty() && failed(writeTrace(report, line.trace, files)))
    return failure();
  if (line.json)
    report.printJSON(llvm::outs());
  else
    report.printTable(llvm::outs());
  llvm::outs().flush();
  if (!report.agrees())
    return fail("the results of the two versions differ");
  return files.commit();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  commuter::registerAllDialects(registry);
  commuter::registerAllPasses();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);

  CommandLine line;
  cl::HideUnrelatedOptions(line.category);
  cl::ParseCommandLineOptions(
      argc, argv,
      "Compiles a distributed tensor program and runs it on all ranks of its "
      "mesh\n");
  MLIRContext context(registry);
  return succeeded(runProgram(line, context)) ? 0 : 1;
}
