//===- EqualGathers.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Equal gathers of a block, which lowering would make one of: if motion told
// them apart, there would be one more.
//
//===----------------------------------------------------------------------===//

#include "MotionRewrite.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// True if two gathers of one value make the same: over the same axes, by the
/// same extents or by those that are exchanged of its size.
bool MotionGraph::isEqual(const Unit &a, const Unit &b) const {
  auto gather = cast<AllGatherOp>(a.op), other = cast<AllGatherOp>(b.op);
  const GatherKind &kind = kinds[a.kind], &otherKind = kinds[b.kind];
  auto getSummed = [](const Unit &unit) {
    return unit.completesSum ? cast<AllGatherOp>(unit.op).getSummingAttr()
                             : ArrayAttr();
  };
  return gather.getType() == other.getType() &&
         gather.getDim() == other.getDim() && kind.mesh == otherKind.mesh &&
         kind.axes == otherKind.axes && getSummed(a) == getSummed(b) &&
         ((kind.cut == otherKind.cut && kind.times == otherKind.times) ||
          (!gather.getExtents() && !other.getExtents()));
}

/// Notes that there is an equal gather in front of this one, the first of them
/// in its region. (In front of a loop or a branch there may be users of its own
/// that it would wait for.)
void MotionGraph::noteEqual(const Unit &gather) {
  Operation *first = nullptr;
  for (Operation *user : gather.op->getOperand(0).getUsers()) {
    if (!isa<AllGatherOp>(user) ||
        user->getParentRegion() != gather.op->getParentRegion() ||
        !dominance.properlyDominates(user, gather.op) ||
        (first && !dominance.properlyDominates(user, first)))
      continue;
    const Unit *unit = findUnit(user);
    if (unit && unit->isGather() && isEqual(*unit, gather))
      first = user;
  }
  if (first)
    equalGathers.emplace_back(cast<AllGatherOp>(first),
                              cast<AllGatherOp>(gather.op));
}

bool commuter::dist::mergeEqualGathers(MotionGraph &graph) {
  SmallPtrSet<Operation *, 8> merged;
  for (auto [first, gather] : graph.equalGathers) {
    if (merged.contains(first))
      continue;
    merged.insert(gather);
    gather.getResult().replaceAllUsesWith(first.getResult());
    if (MotionListener *listener = graph.options.listener)
      listener->notifyErased(gather);
    gather.erase();
  }
  return !graph.equalGathers.empty();
}
