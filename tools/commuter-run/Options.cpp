//===- Options.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The command line.
//
//===----------------------------------------------------------------------===//

#include "Options.h"
#include "../lib/CommandLine.h"
#include "../lib/Devices.h"
#include "../lib/LoweringFlags.h"

#include "llvm/ADT/StringSwitch.h"

#include <cstdlib>

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;
namespace cl = llvm::cl;

static constexpr int64_t kMaxIterations = 1000000;

namespace {
// Numbers are text here: the library reports a malformed one in its own words.
struct CommandLine {
  cl::OptionCategory category{"commuter-run options"};
  cl::opt<std::string> file{
      cl::Positional, cl::desc("FILE.mlir, or a library of commuter-compile"),
      cl::Required, cl::cat(category)};
  cl::opt<std::string> entry{
      "entry", cl::desc("Function to run (default: main, or the only one)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> device{
      "device",
      cl::desc("cpu, cuda (or cuda:N), or cuda-emulated, which needs no GPU "
               "(default: cuda for the transport nccl, else what a library is "
               "compiled for, or cpu)"),
      cl::value_desc("name"), cl::cat(category)};
  cl::opt<std::string> transport{
      "transport",
      cl::desc(
          "threads; or one rank a process: mpi, started by mpirun, or tcp, "
          "started by any launcher, or nccl, likewise, between GPUs"),
      cl::init("threads"), cl::value_desc("name"), cl::cat(category)};
  cl::list<std::string> axes{
      "axis", cl::desc("Size of an axis that the mesh leaves open"),
      cl::value_desc("name=size"), cl::cat(category)};
  cl::list<std::string> extents{
      "extent",
      cl::desc(
          "Local extents of a `?` dimension, one per rank (or one for all)"),
      cl::value_desc("arg.dim=n,n,..."), cl::cat(category)};
  LoweringFlags lowering{category};
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
  cl::opt<std::string> seed{
      "seed", cl::desc("Seed of arguments without a file"), cl::init("0"),
      cl::value_desc("number"), cl::cat(category)};
  cl::opt<std::string> iterations{
      "iterations",
      cl::desc("Measured runs (default 1; with --compare 5, after a warm-up)"),
      cl::value_desc("number"), cl::cat(category)};
  cl::opt<bool> json{"json", cl::desc("Print the figures as JSON"),
                     cl::cat(category)};
  cl::opt<std::string> trace{"trace",
                             cl::desc("Timeline of the ranks, for Perfetto"),
                             cl::value_desc("file.json"), cl::cat(category)};
};
} // namespace

static LogicalResult readAxes(ArrayRef<std::string> texts,
                              std::map<std::string, int64_t> &axes) {
  for (StringRef text : texts) {
    auto [name, number] = text.split('=');
    int64_t size;
    if (name.empty() || number.getAsInteger(10, size) || size < 1)
      return badOption("axis", text, "name=size, with a size of 1 or more");
    auto [known, isNew] = axes.try_emplace(name.str(), size);
    if (!isNew && known->second != size)
      return fail("--axis " + text + ": the size is " + Twine(known->second) +
                  " already");
  }
  return success();
}

static LogicalResult readInputs(ArrayRef<std::string> texts,
                                ArgumentOptions &options) {
  for (StringRef text : texts) {
    auto [number, file] = text.split('=');
    unsigned argument;
    if (number.getAsInteger(10, argument) || file.empty())
      return badOption("input", text, "argument=FILE.npy, such as 0=x.npy");
    auto [known, isNew] = options.files.try_emplace(argument, file.str());
    if (!isNew)
      return fail("--input " + text + ": argument " + Twine(argument) +
                  " has the file " + known->second + " already");
  }
  return success();
}

static LogicalResult readExtents(ArrayRef<std::string> texts,
                                 ArgumentOptions &options) {
  for (StringRef text : texts) {
    auto bad = [&] {
      return badOption("extent", text,
                       "argument.dimension=n,n,..., such as 0.0=4,0,7,2");
    };
    auto [place, list] = text.split('=');
    auto [number, dimension] = place.split('.');
    unsigned argument, dim;
    if (number.getAsInteger(10, argument) || dimension.getAsInteger(10, dim))
      return bad();
    std::vector<int64_t> extents;
    SmallVector<StringRef> entries;
    list.split(entries, ',');
    for (StringRef entry : entries) {
      int64_t extent;
      if (entry.trim().getAsInteger(10, extent) || extent < 0)
        return bad();
      extents.push_back(extent);
    }
    if (!options.extents.try_emplace({argument, dim}, std::move(extents))
             .second)
      return fail("--extent " + text + ": dimension " + Twine(dim) +
                  " of argument " + Twine(argument) + " has extents already");
  }
  return success();
}

static LogicalResult readNumbers(const CommandLine &line, Options &options) {
  if (StringRef(line.seed).getAsInteger(10, options.arguments.seed))
    return badOption("seed", line.seed, "a number from 0 to 2^64 - 1");
  options.iterations = line.compare ? 5 : 1;
  options.warmups = line.compare ? 1 : 0;
  if (line.iterations.getNumOccurrences() &&
      (StringRef(line.iterations).getAsInteger(10, options.iterations) ||
       options.iterations < 1 || options.iterations > kMaxIterations))
    return badOption("iterations", line.iterations,
                     "1 to " + Twine(kMaxIterations));
  options.timeoutMs = 60000;
  const char *timeout = std::getenv("COMMUTER_TIMEOUT_MS");
  if (timeout && *timeout &&
      (StringRef(timeout).getAsInteger(10, options.timeoutMs) ||
       options.timeoutMs < 1))
    return fail("COMMUTER_TIMEOUT_MS=" + Twine(timeout) +
                ": expected milliseconds, 1 or more");
  return success();
}

FailureOr<Options> run::readOptions(int argc, char **argv) {
  CommandLine line;
  if (failed(parseCommandLine(
          argc, argv, line.category,
          "Runs a distributed tensor program on all ranks of its mesh\n")))
    return failure();
  if (line.device.getNumOccurrences() &&
      failed(checkDevice(line.device, /*takesNumber=*/true)))
    return failure();
  auto transport = llvm::StringSwitch<std::optional<Transport>>(line.transport)
                       .Case("threads", Transport::Threads)
                       .Case("mpi", Transport::Mpi)
                       .Case("tcp", Transport::Tcp)
                       .Case("nccl", Transport::Nccl)
                       .Default(std::nullopt);
  if (!transport)
    return fail("--transport " + line.transport +
                ": there is: threads, mpi, tcp, nccl");
  if (*transport == Transport::Nccl && line.device == "cpu")
    return fail("--transport nccl moves the memory of GPUs, and --device cpu "
                "has none: use threads, mpi or tcp");
  Options options;
  if (failed(readAxes(line.axes, options.axes)) ||
      failed(readInputs(line.inputs, options.arguments)) ||
      failed(readExtents(line.extents, options.arguments)) ||
      failed(readNumbers(line, options)))
    return failure();
  options.file = line.file;
  options.entry = line.entry;
  options.device = line.device;
  if (options.device.empty() && *transport == Transport::Nccl)
    options.device = "cuda";
  options.lowering = line.lowering.get();
  options.outputDir = line.outputDir;
  options.trace = line.trace;
  options.transport = *transport;
  options.compare = line.compare;
  options.compilation = line.lowering.findGiven();
  if (options.compilation.empty() && line.compare)
    options.compilation = "--compare";
  options.json = line.json;
  return options;
}
