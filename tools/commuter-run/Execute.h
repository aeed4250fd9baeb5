//===- Execute.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs models on all ranks.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_EXECUTE_H
#define COMMUTER_TOOLS_COMMUTER_RUN_EXECUTE_H

#include "Array.h"
#include "Job.h"
#include "Model.h"
#include "Results.h"
#include "Signature.h"

#include "commuter_rt.h"

namespace commuter::run {

struct ExecuteOptions {
  int64_t iterations = 1;
  int64_t warmups = 0;   // not in the figures
  int64_t timeoutMs = 0; // deadline of a collective
  bool trace = false;
  std::string device = "cpu"; // as the runtime names it
};

/// One finished runtime call.
struct TraceEvent {
  std::string name, group, location; // no location: empty
  bool isNorm;
  int64_t startNs, endNs, bytes, rows;
};

/// What one rank did with one version of the program. Of a rank of another
/// process it has no results.
struct RankRun {
  std::vector<Array> results;          // of the last iteration
  std::vector<PartSummary> summaries;  // of the results
  std::vector<commuter_stats_t> stats; // by iteration
  std::vector<int64_t> totalNs;        // elapsed, by iteration
  std::vector<int64_t> cpuNs;          // of the rank's thread, by iteration
  std::vector<TraceEvent> trace;
};

/// Runs each of `models` `iterations` times, in turns, on every rank of this
/// process (a thread) with the arguments [rank][argument]. Returns
/// [model][rank], empty for ranks of other processes. Fails with the message
/// of the rank that failed first, or if a run leaves a buffer behind. Leaves
/// the process if a rank does not stop within the deadline (and a grace period)
/// after another has failed.
llvm::FailureOr<std::vector<std::vector<RankRun>>>
execute(Job &job, const Signature &signature, llvm::ArrayRef<Model> models,
        const std::vector<std::vector<Array>> &arguments,
        const ExecuteOptions &options);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_EXECUTE_H
