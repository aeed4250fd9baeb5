//===- SplitGathers.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gathers over several axes, of which the first ones fit better what is behind:
// something that is gathered or sliced over these, or varies over the others.
//
//===----------------------------------------------------------------------===//

#include "../GatherForms.h"
#include "MotionRewrite.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

bool MotionGraph::canBeSplit(const SlicedValue &made) const {
  const GatherKind &kind = kinds[made.slices.kind];
  return kind.axes.size() > 1 && !kind.isRagged() && kind.groupSize &&
         kind.cycles.isOne() && !ShapedType::isDynamic(made.slices.localSize);
}

/// Notes that the value is to go with what is gathered or sliced over `axes`,
/// as far as both begin with the same ones.
void MotionGraph::noteCommonAxes(const SlicedValue &made, ArrayAttr axes) {
  const ArrayAttr own = kinds[made.slices.kind].axes;
  unsigned number = 0;
  while (number < std::min(own.size(), axes.size()) &&
         own[number] == axes[number])
    ++number;
  if (number != 0 && number != own.size() && canBeSplit(made))
    partialFits.push_back({made.value, number});
}

/// And that two values are to go together, which are cut along one dimension.
void MotionGraph::noteCommonAxes(const SlicedValue &a, const SlicedValue &b) {
  const unsigned kind = a.slices.kind, other = b.slices.kind;
  if (kind == other || kinds[kind].mesh != kinds[other].mesh)
    return;
  noteCommonAxes(a, kinds[other].axes);
  noteCommonAxes(b, kinds[kind].axes);
}

/// Notes the most axes, but not all, slices over which fit where `made` does
/// not.
void MotionGraph::noteFirstAxes(const SlicedValue &made,
                                function_ref<bool(const Slices &)> fits) {
  if (!canBeSplit(made))
    return;
  const Value value = made.value;
  const Slices slices = made.slices;
  GatherKind kind = kinds[slices.kind];
  MeshOp mesh = lookupMesh(made.block->getParentOp(), kind.mesh);
  const int64_t size = slices.localSize * *kind.groupSize;
  for (unsigned number = kind.axes.size() - 1; number != 0; --number) {
    kind.axes = ArrayAttr::get(kind.axes.getContext(),
                               kind.axes.getValue().take_front(number));
    kind.groupSize = commuter::dist::getGroupSize(mesh, kind.axes);
    if (fits({kinds.getNumber(kind), slices.dim, size / *kind.groupSize}))
      return partialFits.push_back({value, number});
  }
}

bool commuter::dist::splitGathers(MotionGraph &graph) {
  if (graph.partialFits.empty())
    return false;
  // What goes together stays alike: all gathers of a kind in a region.
  MotionRegions regions(graph);
  SmallVector<unsigned> regionOf(graph.units.size());
  for (unsigned i = 0; i < regions.size(); ++i)
    for (unsigned u : regions[i])
      regionOf[u] = i;
  DenseMap<std::pair<unsigned, unsigned>, unsigned> numAxes;
  for (const PartialFit &fit : graph.partialFits) {
    const SlicedValue &made = *graph.find(fit.value);
    unsigned &most = numAxes[{regionOf[made.unit], made.slices.kind}];
    most = std::max(most, fit.numAxes);
  }
  bool splitsAny = false;
  for (auto [u, unit] : llvm::enumerate(graph.units)) {
    auto gather = dyn_cast<AllGatherOp>(unit.op);
    auto split = numAxes.find({regionOf[u], unit.kind});
    if (!unit.isGather() || split == numAxes.end())
      continue;
    AllGatherOp inner = splitGather(gather, split->second);
    if (MotionListener *listener = graph.options.listener)
      listener->notifySplit(gather, inner);
    splitsAny = true;
  }
  return splitsAny;
}
