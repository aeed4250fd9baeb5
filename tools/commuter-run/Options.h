//===- Options.h ------------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_OPTIONS_H
#define COMMUTER_TOOLS_COMMUTER_RUN_OPTIONS_H

#include "../lib/Lower.h"
#include "Arguments.h"
#include "Job.h"

namespace commuter::run {

struct Options {
  std::string file, entry, outputDir, trace;
  std::string device; // empty: what a library is compiled for, else the host
  tools::LoweringOptions lowering;
  std::map<std::string, int64_t> axes;
  ArgumentOptions arguments;
  int64_t iterations, warmups;
  /// Deadline of a collective: COMMUTER_TIMEOUT_MS, as the runtime has it.
  int64_t timeoutMs;
  Transport transport;
  bool compare, json;
  /// A flag that was given, and says how to compile; empty: none was.
  std::string compilation;
};

/// Leaves the process after --help and --version.
llvm::FailureOr<Options> readOptions(int argc, char **argv);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_OPTIONS_H
