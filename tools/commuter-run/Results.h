//===- Results.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The global arrays that the ranks' results make up.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_RESULTS_H
#define COMMUTER_TOOLS_COMMUTER_RUN_RESULTS_H

#include "Array.h"
#include "Signature.h"

namespace commuter::run {

/// A value of all ranks: one array each.
using Parts = llvm::SmallVector<Array>;

/// What the check of a part needs to know of it, wherever its elements are.
struct PartSummary {
  std::vector<int64_t> shape;
  std::string digest; // of the elements, if the value has replicas; else empty
};
PartSummary summarizePart(const ValueInfo &info, const Array &part);

/// Fails, naming `what`, where the ranks contradict the value's annotation:
/// parts that make up no array, or replicated ones that differ in a bit.
llvm::LogicalResult checkParts(const ValueInfo &info,
                               llvm::ArrayRef<PartSummary> parts,
                               const llvm::Twine &what);

/// Joins checked parts to the global array: as the annotation says, or, for a
/// varying value, with the ranks in front. One array for each rank if it varies
/// in shape.
llvm::FailureOr<Parts> joinParts(const ValueInfo &info,
                                 llvm::ArrayRef<Array> parts,
                                 const llvm::Twine &what);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_RESULTS_H
