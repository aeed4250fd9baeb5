//===- GatherKinds.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which gathers cut a dimension alike.
//
//===----------------------------------------------------------------------===//

#include "GatherKinds.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// True if `user` may use the value. Of the blocks of a region, only the first
/// one is known to be in front of others.
static bool isKnownAt(Value value, Operation *user) {
  Block *block = value.getParentBlock();
  Operation *op = user;
  while (op->getParentRegion() != block->getParent()) {
    op = op->getParentOp();
    if (!op || op->hasTrait<OpTrait::IsIsolatedFromAbove>())
      return false;
  }
  Operation *maker = value.getDefiningOp();
  return op->getBlock() == block ? !maker || maker->isBeforeInBlock(op)
                                 : block->isEntryBlock();
}

/// Of values that are multiples of equal ones, and known where `user` is, the
/// first that was met stands for its extents.
void GatherKinds::setExtents(GatherKind &kind, const Multiple &extents,
                             Operation *user) {
  kind.cut = sizes.getNumber(extents);
  SmallVector<Value, 1> &equal = extentsOf[kind.cut];
  auto *known = llvm::find_if(equal, [&](Value other) {
    return other == extents.of || isKnownAt(other, user);
  });
  if (known != equal.end()) {
    kind.extents = *known;
    return;
  }
  kind.extents = extents.of;
  equal.push_back(extents.of);
}

unsigned GatherKinds::getNumber(AllGatherOp gather) {
  GatherKind kind;
  kind.mesh = gather.getMeshAttr();
  kind.axes = gather.getAxes();
  if (gather.getExtents()) {
    const Multiple extents = splitMultiple(gather.getExtents());
    setExtents(kind, extents, gather);
    kind.times = kind.openRows = extents.times;
  } else if (gather.getInput().getType().isDynamicDim(gather.getDim())) {
    kind.ragged = gather;
    Value own = findOwnExtents(gather);
    kind.cut = own ? sizes.getNumber(own) : sizes.createNumber();
  }
  const unsigned numKinds = kinds.size(), number = getNumber(kind);
  if (number == numKinds)
    kinds.back().groupSize = commuter::dist::getGroupSize(gather);
  return number;
}

unsigned GatherKinds::getNumber(const GatherKind &like) {
  void *cut = like.ragged ? static_cast<void *>(AllGatherOp(like.ragged))
                          : like.extents.getAsOpaquePointer();
  auto [it, isNew] = numbers.try_emplace({like.mesh, like.axes, cut, like.times,
                                          like.cycles.number, like.cycles.size},
                                         kinds.size());
  if (isNew)
    kinds.push_back(like);
  return it->second;
}

std::optional<unsigned> GatherKinds::getNumber(unsigned like, Value extents,
                                               int64_t times, Operation *user) {
  const Multiple split = splitMultiple(extents);
  GatherKind kind = kinds[like];
  setExtents(kind, split, user);
  kind.ragged = {};
  kind.times = times * split.times;
  return kind.times > kMostTimes ? std::nullopt
                                 : std::optional(getNumber(kind));
}

unsigned GatherKinds::getNumber(unsigned like, const Cycles &cycles,
                                int64_t times) {
  GatherKind kind = kinds[like];
  kind.cycles = cycles;
  kind.openRows = multiplySaturating(kind.openRows, times) / kind.times;
  kind.times = times;
  return getNumber(kind);
}

std::optional<int64_t> GatherKinds::getTimes(const GatherKind &kind,
                                             Value extents) {
  const Multiple split = splitMultiple(extents);
  if (sizes.getNumber(split) != kind.cut || kind.times % split.times != 0)
    return std::nullopt;
  return kind.times / split.times;
}

bool GatherKinds::isCutBy(const GatherKind &kind, Value extents) const {
  if (!extents)
    return !kind.isRagged();
  const Multiple split = splitMultiple(extents);
  const unsigned cut = sizes.lookup(split);
  return cut != EqualValues::kNone && cut == kind.cut &&
         split.times == kind.times;
}

void GatherKinds::clear() {
  kinds.clear();
  numbers.clear();
  extentsOf.clear();
}
