//===- Results.cpp --------------------------------------------------------===//
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

#include "Results.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

template <typename Part>
static std::vector<std::vector<int64_t>> getShapes(ArrayRef<Part> parts) {
  std::vector<std::vector<int64_t>> shapes;
  for (const Part &part : parts)
    shapes.push_back(part.shape);
  return shapes;
}

/// The ranks by their index over the axes of which `isWanted(axis)` is true.
static std::map<int64_t, SmallVector<size_t>>
groupRanks(const Placement &placement, size_t ranks,
           function_ref<bool(unsigned)> isWanted) {
  std::vector<unsigned> axes;
  for (unsigned axis = 0; axis < placement.mesh->axes.size(); ++axis)
    if (isWanted(axis))
      axes.push_back(axis);
  std::map<int64_t, SmallVector<size_t>> groups;
  for (size_t r = 0; r < ranks; ++r)
    groups[placement.mesh->getIndex(r, axes)].push_back(r);
  return groups;
}

PartSummary run::summarizePart(const ValueInfo &info, const Array &part) {
  PartSummary summary{part.shape, {}};
  if (info.placement && !info.placement->replicated.empty()) {
    auto digest = llvm::BLAKE3::hash<16>(
        llvm::arrayRefFromStringRef<uint8_t>(part.getBytes()));
    summary.digest.assign(digest.begin(), digest.end());
  }
  return summary;
}

LogicalResult run::checkParts(const ValueInfo &info,
                              ArrayRef<PartSummary> parts, const Twine &what) {
  if (!info.placement)
    return success();
  const Placement &placement = *info.placement;
  if (failed(computeLayout(placement, getShapes(parts), what)))
    return failure();
  auto replicas = groupRanks(placement, parts.size(), [&](unsigned axis) {
    return !llvm::is_contained(placement.replicated, axis);
  });
  for (auto &[place, ranks] : replicas)
    for (size_t r : ranks)
      if (parts[r].digest != parts[ranks[0]].digest)
        return fail(what + " contradicts its dist.sharding: ranks " +
                    Twine(ranks[0]) + " and " + Twine(r) +
                    " should hold the same bits");
  return success();
}

static FailureOr<Array> joinPlaced(const ValueInfo &info, ArrayRef<Array> parts,
                                   const Twine &what) {
  const Placement &placement = *info.placement;
  FailureOr<Layout> layout = computeLayout(placement, getShapes(parts), what);
  if (failed(layout))
    return failure();
  // A place in the global array, and the ranks that hold its summands, in group
  // order; of replicas the first.
  auto isDim = [&](unsigned axis) {
    return llvm::any_of(placement.dimAxes, [&](ArrayRef<unsigned> axes) {
      return llvm::is_contained(axes, axis);
    });
  };
  auto places = groupRanks(placement, parts.size(), isDim);
  for (auto &[place, ranks] : places)
    llvm::erase_if(ranks, [&](size_t r) {
      return llvm::any_of(placement.replicated, [&](unsigned axis) {
        return placement.mesh->getCoordinate(r, axis) != 0;
      });
    });
  // One part that is all there is: nothing is copied.
  if (places.size() == 1 && places.begin()->second.size() == 1)
    return parts[places.begin()->second[0]];

  FailureOr<Array> global =
      allocateArray(layout->globalShape, info.width, what);
  if (failed(global))
    return failure();
  for (auto &[place, ranks] : places)
    forEachRun(global->shape, layout->offsets[ranks[0]], parts[ranks[0]].shape,
               [&](int64_t to, int64_t from, int64_t count) {
                 auto summands =
                     llvm::map_to_vector(ranks, [&](size_t r) -> const char * {
                       return parts[r].data.get() + from * info.width;
                     });
                 char *target = global->data.get() + to * info.width;
                 if (summands.size() == 1)
                   std::memcpy(target, summands[0], count * info.width);
                 else
                   addElements(summands, count, info.element, target);
               });
  return global;
}

FailureOr<Parts> run::joinParts(const ValueInfo &info, ArrayRef<Array> parts,
                                const Twine &what) {
  if (info.placement) {
    FailureOr<Array> global = joinPlaced(info, parts, what);
    if (failed(global))
      return failure();
    return Parts{*global};
  }
  bool isAlike = llvm::all_of(
      parts, [&](const Array &part) { return part.shape == parts[0].shape; });
  if (!isAlike)
    return Parts(parts);
  std::vector<int64_t> shape = parts[0].shape;
  shape.insert(shape.begin(), parts.size());
  FailureOr<Array> global = allocateArray(shape, info.width, what);
  if (failed(global))
    return failure();
  char *target = global->data.get();
  for (const Array &part : parts) {
    std::memcpy(target, part.data.get(), part.size);
    target += part.size;
  }
  return Parts{*global};
}
