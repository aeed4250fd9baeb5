//===- SplitCandidates.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sums that feed norms, and why one of them is left as it is.
//
//===----------------------------------------------------------------------===//

#include "SplitCandidates.h"

#include "GatherForms.h"
#include "PassedValues.h"

#include "llvm/Support/CheckedArithmetic.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// Follows slices from the places on, those that are new since `begin`. An
/// overestimate: what is true of the operands' states, and pays, is found out
/// by the motion itself.
static FedNorms followSlices(SetVector<Place> &places, size_t begin,
                             const SplitCandidate &from, bool stopAtFirst) {
  FedNorms fed;
  for (size_t i = begin; i < places.size(); ++i) {
    auto [slice, sliceDim, cycles] = places[i];
    for (OpOperand &use : slice.getUses()) {
      Operation *user = use.getOwner();
      for (Value passed : getPassedOn(use, from.calls))
        places.insert({passed, sliceDim, cycles});
      auto group = dyn_cast<MeshGroupOpInterface>(user);
      if (group && !isAcross(group, from.mesh, from.axes))
        continue;
      std::optional<DimSlicing> slicing;
      if (auto parallel = dyn_cast<DimParallelOpInterface>(user)) {
        const unsigned operand = use.getOperandNumber();
        slicing = findSlicing(parallel, operand, sliceDim);
        if (!slicing || cycles != 1)
          if (DimSlicing cyclic =
                  parallel.getCyclicSlicing(operand, sliceDim, {cycles});
              cyclic.isLegal() &&
              (!cyclic.resultCycles || cyclic.resultCycles->areCounted()))
            slicing = std::move(cyclic);
      }
      if (!slicing) {
        if (isWorthMoving(user) && user->getNumResults() != 0 &&
            succeeded(verifyCompatibleShape(slice.getType(),
                                            user->getResult(0).getType())))
          fed.others.insert(user);
        continue;
      }
      if (isWorthMoving(user))
        fed.sliced.insert(user);
      for (auto [result, resultDim] :
           llvm::zip_equal(user->getResults(), slicing->resultDims))
        places.insert({result, resultDim,
                       slicing->resultCycles.value_or(Cycles{cycles}).number});
    }
    if (stopAtFirst && !fed.sliced.empty())
      break;
  }
  return fed;
}

std::optional<int64_t> SplitCandidate::getGroupSize() const {
  return commuter::dist::getGroupSize(lookupMesh(op, mesh), axes);
}

FedNorms SplitCandidate::findNorms(int64_t dim) const {
  SetVector<Place> places;
  places.insert({getResult(), dim, /*cycles=*/1});
  return followSlices(places, 0, *this, /*stopAtFirst=*/true);
}

FedNorms SplitCandidate::collectNorms(SetVector<Place> &seen) const {
  const size_t begin = seen.size();
  for (int64_t dim = 0; dim < getType().getRank(); ++dim)
    seen.insert({getResult(), dim, /*cycles=*/1});
  return followSlices(seen, begin, *this, /*stopAtFirst=*/false);
}

std::optional<int64_t> SplitCandidate::findSplitDim(bool padRows) const {
  std::optional<int64_t> size = getGroupSize();
  std::optional<int64_t> padded;
  for (int64_t dim = 0; size && dim < getType().getRank(); ++dim) {
    int64_t rows = getType().getDimSize(dim);
    if (ShapedType::isDynamic(rows) || findNorms(dim).sliced.empty())
      continue;
    if (rows % *size == 0)
      return dim;
    if (padRows && !padded && rows > 1 && llvm::checkedAdd(rows, *size))
      padded = dim;
  }
  return padded;
}

ReasonToStay commuter::dist::findRefusal(const SplitCandidate &candidate,
                                         bool feedsSliced,
                                         const ShardingAnalysis &analysis,
                                         uint64_t minRows, bool padRows) {
  std::optional<int64_t> size = candidate.getGroupSize();
  if (!size)
    return {reason::kUnknownAxisSize, "give the axis a size in dist.mesh"};
  if (Operation *divergent = analysis.findDivergence(
          candidate.op, candidate.mesh,
          getAllAxes(cast<MeshGroupOpInterface>(candidate.op))))
    return explainDivergence(
        divergent,
        "branch on a value that is replicated over the collective's axes");
  if (!feedsSliced)
    return {reason::kGatherDimNormalized, ""};
  auto whole = cast<RankedTensorType>(candidate.getResult().getType());
  if (!whole.hasStaticShape())
    return {reason::kNotRowWise, "give the rows a static size"};
  if (llvm::is_contained(whole.getShape(), 0))
    return {reason::kNotProfitable, ""};
  if (!candidate.findSplitDim(padRows))
    return {reason::kNotRowWise, padRows ? "" : "pad-rows=true"};
  uint64_t rows = 1;
  for (int64_t size : whole.getShape().drop_back())
    rows = llvm::SaturatingMultiply(rows, static_cast<uint64_t>(size));
  if (rows < minRows)
    return {reason::kNotProfitable, "lower min-rows"};
  return {};
}
