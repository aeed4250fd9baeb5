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

#include "Compile.h"
#include "Execute.h"
#include "Npy.h"
#include "Options.h"
#include "Outputs.h"
#include "Report.h"
#include "Results.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/InitAll.h"

#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

#include <chrono>
#include <csignal>
#include <new>

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

//===----------------------------------------------------------------------===//
// Programs of upstream
//===----------------------------------------------------------------------===//

/// The ranks, and which parts of a global array are theirs, are read off a
/// program in dist: one that holds ops of shard is converted as a whole.
static LogicalResult convertShard(ModuleOp module) {
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

//===----------------------------------------------------------------------===//
// Versions
//===----------------------------------------------------------------------===//

/// Compiles the versions that are to run: the names of `versions`.
static FailureOr<std::vector<CompiledProgram>>
compileAll(ModuleOp module, const Signature &signature, const Options &options,
           std::vector<Version> &versions) {
  bool isAsWritten = options.pipeline == "none" && !options.compare;
  std::vector<std::pair<std::string, std::string>> wanted; // name, pipeline
  if (options.compare)
    wanted.emplace_back("as written", "none");
  wanted.emplace_back(isAsWritten ? "as written" : options.pipeline,
                      options.pipeline);
  std::vector<CompiledProgram> programs;
  for (auto &[name, pipeline] : wanted) {
    auto start = std::chrono::steady_clock::now();
    auto program =
        compile(module, pipeline, signature, options.checkAssertions);
    if (failed(program))
      return failure();
    programs.push_back(std::move(*program));
    auto time = std::chrono::steady_clock::now() - start;
    versions.push_back({name, {}, time / std::chrono::nanoseconds(1)});
  }
  return programs;
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
      std::string path = (folder + "/result" + Twine(i)).str();
      if (arrays->size() > 1)
        path += ".rank" + std::to_string(part);
      path += ".npy";
      FailureOr<std::string> file = files.add(path);
      if (failed(file) || failed(writeNpy(*file, path, array, info.element)))
        return failure();
    }
  }
  return success();
}

static LogicalResult writeTrace(const Report &report, StringRef file,
                                StringRef path) {
  std::error_code error;
  llvm::raw_fd_ostream os(file, error);
  if (!error) {
    report.printTrace(os);
    os.close();
    error = os.error();
    os.clear_error();
  }
  return error ? fail(path + ": " + error.message()) : success();
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

static LogicalResult runProgram(Job &job, const Options &options,
                                MLIRContext &context) {
  auto buffer = readFile(options.file);
  if (failed(buffer))
    return failure();
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(*buffer), SMLoc());
  SourceMgrDiagnosticHandler diagnostics(*sources, &context);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, &context);
  if (!module)
    return fail(options.file + ": is no valid program");
  if (failed(convertShard(*module)))
    return fail(options.file + ": cannot be converted from shard to dist");

  auto signature = readSignature(*module, options.entry, options.axes);
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
  FailureOr<std::string> traceFile = std::string();
  if (job.isLeader()) {
    if (!options.outputDir.empty() &&
        failed(files.addFolder(options.outputDir)))
      return failure();
    if (!options.trace.empty() && failed(traceFile = files.add(options.trace)))
      return failure();
  }

  Report report{**signature, job.getTransportName(), {}, std::nullopt};
  auto programs = compileAll(*module, **signature, options, report.versions);
  // The ranks start together, or none does.
  if (failed(job.agree(programs)))
    return failure();
  ExecuteOptions execution;
  execution.iterations = options.iterations;
  execution.warmups = options.warmups;
  execution.timeoutMs = options.timeoutMs;
  execution.trace = !options.trace.empty();
  auto runs = execute(job, **signature, *programs, *arguments, execution);
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

/// Errors of the libraries end like all others.
static void installErrorHandlers() {
  std::set_new_handler([] {
    (void)fail("out of memory");
    leave();
  });
  llvm::install_fatal_error_handler(
      [](void *, const char *reason, bool) {
        (void)fail(reason);
        leave();
      },
      nullptr);
  // Too large a file is an error of the write.
  std::signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  installErrorHandlers();
  DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  commuter::registerAllDialects(registry);
  commuter::registerAllExtensions(registry);
  commuter::registerAllPasses();
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);

  FailureOr<Options> options = readOptions(argc, argv);
  if (failed(options))
    return 1;
  FailureOr<std::unique_ptr<Job>> job =
      Job::start(options->transport, options->timeoutMs);
  if (failed(job))
    return 1;
  MLIRContext context(registry);
  return (*job)->end(runProgram(**job, *options, context));
}
