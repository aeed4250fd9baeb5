//===- Report.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a run ends with: the comparison, the table, JSON and the trace.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_REPORT_H
#define COMMUTER_TOOLS_COMMUTER_RUN_REPORT_H

#include "Execute.h"

namespace commuter::run {

/// One version of the program, and what its ranks did.
struct Version {
  std::string name; // "as written", or the pipeline
  std::vector<RankRun> ranks;
  /// Of compiling, or of loading.
  int64_t compileNs;
};

/// How a result of two versions compares.
struct ResultComparison {
  int64_t exactRanks = 0;
  double largestError = 0; // infinity if the shapes differ
};

/// Bit for bit, on every rank of this process.
std::vector<ResultComparison>
compareResults(const Signature &signature, const Version &a, const Version &b);

struct Report {
  const Signature &signature;
  std::string device;
  const char *transport;
  std::vector<Version> versions;
  /// By result; none without --compare.
  std::optional<std::vector<ResultComparison>> comparison;

  /// Adds what the ranks of other processes did, on every process, so that all
  /// judge alike.
  llvm::LogicalResult gather(Job &job);

  bool agrees() const;
  void printTable(llvm::raw_ostream &os) const;
  void printJSON(llvm::raw_ostream &os) const;
  /// In the Trace Event Format: a process for each version, a thread for each
  /// rank.
  void printTrace(llvm::raw_ostream &os) const;
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_REPORT_H
