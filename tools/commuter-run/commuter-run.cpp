//===- commuter-run.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs a distributed tensor program, compiled here or ahead of time, on all
// ranks of its mesh.
//
//===----------------------------------------------------------------------===//

#include "../lib/Devices.h"
#include "../lib/Outputs.h"
#include "../lib/Program.h"
#include "Execute.h"
#include "Model.h"
#include "Npy.h"
#include "Options.h"
#include "Report.h"
#include "Results.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/InitLLVM.h"

#include <chrono>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

static std::string nameVersion(StringRef pipeline, bool isOnlyOne) {
  return pipeline == "none" && isOnlyOne ? "as written" : pipeline.str();
}

/// Compiles the versions that are to run: the names of `versions`.
static FailureOr<std::vector<Model>>
compileAll(ModuleOp module, std::shared_ptr<const Description> description,
           const Options &options, std::vector<Version> &versions) {
  std::vector<std::pair<std::string, std::string>> wanted; // name, pipeline
  if (options.compare)
    wanted.emplace_back("as written", "none");
  LoweringOptions lowering = options.lowering;
  lowering.device = description->model.device;
  wanted.emplace_back(nameVersion(lowering.pipeline, !options.compare),
                      lowering.pipeline);
  std::vector<Model> models;
  for (auto &[name, pipeline] : wanted) {
    auto start = std::chrono::steady_clock::now();
    lowering.pipeline = pipeline;
    auto model = compile(module, description, lowering);
    if (failed(model))
      return failure();
    models.push_back(std::move(*model));
    auto time = std::chrono::steady_clock::now() - start;
    versions.push_back({name, {}, time / std::chrono::nanoseconds(1)});
  }
  return models;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

static std::string nameResult(unsigned i) {
  return "result " + std::to_string(i);
}

/// A result's annotation is a promise; every version is held to it.
static LogicalResult checkResults(const Signature &signature,
                                  ArrayRef<Version> versions) {
  for (const Version &version : versions)
    for (auto [i, info] : llvm::enumerate(signature.results))
      if (failed(checkParts(info,
                            llvm::map_to_vector(version.ranks,
                                                [&](const RankRun &rank) {
                                                  return rank.summaries[i];
                                                }),
                            nameResult(i))))
        return failure();
  return success();
}

/// Where a result goes, or, where each rank's is written apart, that of `rank`.
static std::string nameResultFile(StringRef folder, unsigned i,
                                  std::optional<size_t> rank = std::nullopt) {
  std::string path = (folder + "/result" + Twine(i)).str();
  if (rank)
    path += ".rank" + std::to_string(*rank);
  return path + ".npy";
}

/// What the ranks hold of a result; nothing but on the leader.
static FailureOr<Parts> gatherParts(Job &job, const Version &version,
                                    unsigned result) {
  if (!job.isDistributed())
    return llvm::map_to_vector(version.ranks, [&](const RankRun &rank) {
      return rank.results[result];
    });
  int64_t own = *job.getLocalRanks(version.ranks.size()).begin();
  auto all = job.gather(version.ranks[own].results[result].getBytes(),
                        /*onLeader=*/true);
  if (failed(all))
    return failure();
  Parts parts;
  if (job.isLeader())
    for (auto [rank, bytes] : llvm::zip_equal(version.ranks, *all)) {
      auto memory = std::make_shared<std::string>(std::move(bytes));
      parts.push_back({rank.summaries[result].shape,
                       std::shared_ptr<char>(memory, memory->data()),
                       int64_t(memory->size())});
    }
  return parts;
}

static LogicalResult writeResults(Job &job, const Signature &signature,
                                  const Version &version, StringRef folder,
                                  OutputFiles &files) {
  for (auto [i, info] : llvm::enumerate(signature.results)) {
    FailureOr<Parts> parts = gatherParts(job, version, i);
    if (failed(parts))
      return failure();
    if (!job.isLeader())
      continue;
    FailureOr<Parts> arrays = joinParts(info, *parts, nameResult(i));
    if (failed(arrays))
      return failure();
    for (auto [part, array] : llvm::enumerate(*arrays)) {
      std::optional<size_t> rank;
      if (arrays->size() > 1)
        rank = part;
      std::string path = nameResultFile(folder, i, rank);
      FailureOr<std::string> file = files.add(path);
      if (failed(file) || failed(writeNpy(*file, path, array, info.element)))
        return failure();
    }
  }
  return success();
}

static LogicalResult writeTrace(const Report &report, StringRef file,
                                StringRef path) {
  return writeFile(file, path,
                   [&](llvm::raw_fd_ostream &os) { report.printTrace(os); });
}

static LogicalResult print(const Report &report, bool asJSON) {
  llvm::raw_fd_ostream &os = llvm::outs();
  if (asJSON)
    report.printJSON(os);
  else
    report.printTable(os);
  os.flush();
  std::error_code error = os.error();
  os.clear_error();
  return error ? fail("standard output: " + error.message()) : success();
}

//===----------------------------------------------------------------------===//
// The run
//===----------------------------------------------------------------------===//

/// Runs what `makeModels` gives, once the arguments are there: only the leader
/// writes. `description` must outlive the run.
static LogicalResult
runModels(Job &job, const Options &options, const commuter_model_t &description,
          function_ref<FailureOr<std::vector<Model>>(std::vector<Version> &)>
              makeModels) {
  auto signature = readSignature(description, options.axes);
  if (failed(signature))
    return failure();
  if (failed(job.checkRanks((*signature)->ranks)))
    return failure();
  auto arguments = makeArguments(**signature, options.arguments,
                                 job.getLocalRanks((*signature)->ranks));
  if (failed(arguments))
    return failure();

  // What cannot be written is found before the run.
  OutputFiles files;
  files.keep(options.file);
  for (auto &[argument, file] : options.arguments.files)
    files.keep(file);
  FailureOr<std::string> traceFile = std::string();
  if (job.isLeader()) {
    if (!options.outputDir.empty() &&
        failed(files.addFolder(options.outputDir)))
      return failure();
    if (!options.trace.empty() && failed(traceFile = files.add(options.trace)))
      return failure();
    for (size_t i = 0; i < (*signature)->results.size(); ++i)
      if (!options.outputDir.empty() &&
          failed(files.check(nameResultFile(options.outputDir, i))))
        return failure();
  }

  // Of the model's kind.
  std::string device =
      options.device.empty() ? description.device : options.device;
  Report report{**signature, device, job.getTransportName(), {}, std::nullopt};
  auto models = makeModels(report.versions);
  // The ranks start together, or none does.
  if (failed(job.agree(models)))
    return failure();
  ExecuteOptions execution;
  execution.iterations = options.iterations;
  execution.warmups = options.warmups;
  execution.timeoutMs = options.timeoutMs;
  execution.trace = !options.trace.empty();
  execution.device = device;
  auto runs = execute(job, **signature, *models, *arguments, execution);
  if (failed(runs))
    return failure();
  for (auto [version, ranks] : llvm::zip_equal(report.versions, *runs))
    version.ranks = std::move(ranks);

  if (options.compare)
    report.comparison = compareResults(**signature, report.versions.front(),
                                       report.versions.back());
  if (failed(report.gather(job)) ||
      failed(checkResults(**signature, report.versions)))
    return failure();
  if (!options.outputDir.empty() &&
      failed(writeResults(job, **signature, report.versions.back(),
                          options.outputDir, files)))
    return failure();
  if (job.isLeader()) {
    if (!options.trace.empty() &&
        failed(writeTrace(report, *traceFile, options.trace)))
      return failure();
    if (failed(print(report, options.json)))
      return failure();
  }
  if (!report.agrees())
    return fail("the results of the two versions differ");
  // Files get their names once all is well on every process.
  if (failed(job.agree(success())))
    return failure();
  return job.agree(files.commit());
}

static LogicalResult runProgram(Job &job, const Options &options,
                                std::unique_ptr<llvm::MemoryBuffer> text) {
  DialectRegistry registry;
  registerAll(registry);
  MLIRContext context(registry);
  Program program(std::move(text), &context);
  if (!program.getModule())
    return fail(options.file + ": is no valid program");
  if (failed(convertShard(program.getModule())))
    return fail(options.file + ": cannot be converted from shard to dist");
  auto described = describe(program.getModule(), options.entry);
  if (failed(described))
    return failure();
  if (!options.device.empty())
    (*described)->model.device =
        (*described)->keep(getDeviceKind(options.device));
  std::shared_ptr<const Description> description = std::move(*described);
  return runModels(
      job, options, description->model, [&](std::vector<Version> &versions) {
        return compileAll(program.getModule(), description, options, versions);
      });
}

/// What was decided when the model was compiled cannot be chosen any more.
static LogicalResult checkOptions(const Options &options,
                                  const commuter_model_t &model) {
  if (!options.compilation.empty())
    return fail(options.compilation + ": " + options.file +
                " is compiled already (pipeline '" + model.pipeline +
                "'); give the program itself, or compile it again");
  if (!options.device.empty() && getDeviceKind(options.device) != model.device)
    return fail("--device " + options.device + ": " + options.file +
                " is compiled for " + model.device);
  if (!options.entry.empty() && options.entry != model.entry)
    return fail("--entry " + options.entry + ": " + options.file +
                " has the entry @" + model.entry);
  return success();
}

static LogicalResult runLibrary(Job &job, const Options &options,
                                StringRef contents) {
  auto start = std::chrono::steady_clock::now();
  FailureOr<Model> model = loadModel(options.file, contents);
  if (failed(model) || failed(checkOptions(options, **model)))
    return failure();
  auto time = std::chrono::steady_clock::now() - start;
  return runModels(job, options, **model, [&](std::vector<Version> &versions) {
    versions.push_back({nameVersion((*model)->pipeline, /*isOnlyOne=*/true),
                        {},
                        time / std::chrono::nanoseconds(1)});
    return FailureOr<std::vector<Model>>({*model});
  });
}

static LogicalResult runFile(Job &job, const Options &options) {
  auto contents = readFile(options.file);
  if (failed(contents))
    return failure();
  if (isLibrary((*contents)->getBuffer()))
    return runLibrary(job, options, (*contents)->getBuffer());
  return runProgram(job, options, std::move(*contents));
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  startTool("commuter-run");
  FailureOr<Options> options = readOptions(argc, argv);
  if (failed(options))
    return 1;
  FailureOr<Job *> job = Job::start(options->transport, options->timeoutMs);
  if (failed(job))
    return 1;
  return (*job)->end(runFile(**job, *options));
}
