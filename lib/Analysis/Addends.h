//===- Addends.h ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What each rank may add to its part of a pending sum though all have the same.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_ANALYSIS_ADDENDS_H
#define COMMUTER_ANALYSIS_ADDENDS_H

#include "commuter/Analysis/ShardingAnalysis.h"

namespace commuter {

/// True of a constant, or a tensor filled with one, or a copy, a view or an
/// element of that;
/// `ShardingAnalysis::isAlwaysZero` goes further back.
bool isZero(mlir::Value value);

/// The ranks whose parts make up a pending sum.
struct Summands {
  unsigned axis; ///< one that they lie along
  double count;  ///< of all; of an axis of open size it is not known
};

/// True if the value is one that is divided by the number of ranks: then
/// x / n + ... + x / n is x.
bool isShare(mlir::Value value, const MeshAxes &axes, const Summands &summands);

} // namespace commuter

#endif // COMMUTER_ANALYSIS_ADDENDS_H
