//===- AxisState.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The states of values, and what an annotation says of them.
//
//===----------------------------------------------------------------------===//

#include "commuter/Analysis/ShardingAnalysis.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

raw_ostream &commuter::operator<<(raw_ostream &os, AxisState state) {
  switch (state.kind) {
  case AxisState::None:
    return os << '-';
  case AxisState::Replicated:
    return os << 'R';
  case AxisState::Sharded:
    return os << "S(" << state.dim << ')';
  case AxisState::Partial:
    return os << 'P';
  case AxisState::Varying:
    return os << 'V';
  }
  return os;
}

void commuter::printState(raw_ostream &os, const MeshAxes &axes,
                          ArrayRef<AxisState> state) {
  llvm::interleaveComma(
      llvm::seq<unsigned>(0, axes.size()), os, [&](unsigned axis) {
        os << '@' << axes[axis].mesh.getValue() << '['
           << axes[axis].name.getValue() << "]: " << state[axis];
      });
}

ValueState commuter::getAnnotatedState(const MeshAxes &axes,
                                       ShardingAttr sharding) {
  ValueState state(axes.size(), AxisState::varying());
  for (unsigned axis = 0; axis < axes.size(); ++axis)
    if (axes[axis].mesh == sharding.getMesh().getAttr())
      state[axis] = AxisState::replicated();
  for (int64_t dim = 0; dim < sharding.getRank(); ++dim) {
    int64_t level = 0;
    for (unsigned axis :
         axes.find(sharding.getMesh(), sharding.getAxesOfDim(dim)))
      if (axes[axis].size != 1)
        state[axis] = AxisState::sharded(dim, level++);
  }
  for (unsigned axis : axes.find(sharding.getMesh(), sharding.getUnreduced()))
    state[axis] = AxisState::partial();
  return state;
}

bool commuter::contradicts(AxisState found, AxisState promised) {
  if (found.isVarying() || promised.isVarying())
    return false;
  if (found.isReplicated())
    return promised.isPartial();
  return !(found == promised);
}

AxisState commuter::getTrusted(AxisState found, AxisState promised) {
  if (found.kind == AxisState::None || !contradicts(found, promised))
    return promised;
  return found.isPartial() || promised.isPartial() ? AxisState::partial()
                                                   : AxisState::varying();
}
