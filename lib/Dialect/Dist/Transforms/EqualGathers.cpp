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

/// Notes that there is an equal gather in front of this one.
void MotionGraph::noteEqual(const Unit &gather) {
  AllGatherOp first;
  for (Operation *user : gather.op->getOperand(0).getUsers()) {
    auto other = dyn_cast<AllGatherOp>(user);
    if (!other || other == gather.op ||
        other->getBlock() != gather.op->getBlock() ||
        !other->isBeforeInBlock(gather.op) ||
        (first && first->isBeforeInBlock(other)))
      continue;
    const Unit *unit = findUnit(other);
    if (unit && unit->isGather() && isEqual(*unit, gather))
      first = other;
  }
  if (first)
    equalGathers.emplace_back(first, cast<AllGatherOp>(gather.op));
}

bool commuter::dist::mergeEqualGathers(MotionGraph &graph) {
  for (auto [first, gather] : graph.equalGathers) {
    gather.getResult().replaceAllUsesWith(first.getResult());
    if (MotionListener *listener = graph.options.listener)
      listener->notifyErased(gather);
    gather.erase();
  }
  return !graph.equalGathers.empty();
}
