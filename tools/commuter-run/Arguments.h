//===- Arguments.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ranks' arguments: from files, from --extent, or pseudo-random.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_ARGUMENTS_H
#define COMMUTER_TOOLS_COMMUTER_RUN_ARGUMENTS_H

#include "Array.h"
#include "Signature.h"

#include "llvm/ADT/Sequence.h"

namespace commuter::run {

struct ArgumentOptions {
  std::map<unsigned, std::string> files; // by argument
  /// Local extents by (argument, dimension): one per rank, or one for all.
  std::map<std::pair<unsigned, unsigned>, std::vector<int64_t>> extents;
  uint64_t seed = 0;
};

/// [rank][argument], for the ranks given; none for others. Files hold global
/// arrays and are split by the placements; that of a varying argument has one
/// dimension more in front, the ranks. Without a file, the bits are
/// pseudo-random: a replicated element is the same on all ranks, floating-point
/// magnitudes lie in [1/8, 2), integers in [-8, 8). Numbers (no tensors) are
/// the same on all ranks unless a file varies them.
llvm::FailureOr<std::vector<std::vector<Array>>>
makeArguments(const Signature &signature, const ArgumentOptions &options,
              llvm::iota_range<int64_t> localRanks);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_ARGUMENTS_H
