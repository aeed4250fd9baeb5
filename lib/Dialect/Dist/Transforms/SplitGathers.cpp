//===- SplitGathers.cpp ---------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Gathers over several axes, behind which something fits the first of them
// alone: as it is gathered over these, or varies over the last ones.
//
//===----------------------------------------------------------------------===//

#include "GatherForms.h"
#include "MotionGraph.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

/// The gathers that the slices of a kind come from that feed `user`.
static SmallVector<AllGatherOp> findGathers(const MotionGraph &graph,
                                            Operation *user, unsigned kind) {
  SmallVector<AllGatherOp> gathers;
  SetVector<unsigned> feeding;
  auto look = [&](Value value) {
    const SlicedValue *made = graph.find(value);
    if (made && made->slices.kind == kind)
      feeding.insert(made->unit);
  };
  llvm::for_each(user->getOperands(), look);
  for (unsigned i = 0; i < feeding.size(); ++i) {
    const Unit &unit = graph.units[feeding[i]];
    if (unit.isGather())
      gathers.push_back(cast<AllGatherOp>(unit.op));
    else if (unit.isOp())
      llvm::for_each(unit.op->getOperands(), look);
    else
      for (OpOperand *source : graph.getSources(unit))
        look(source->get());
  }
  return gathers;
}

bool commuter::dist::splitGathers(MotionGraph &graph) {
  llvm::MapVector<AllGatherOp, unsigned> cuts;
  for (const PartialFit &fit : graph.partialFits)
    for (AllGatherOp gather : findGathers(graph, fit.user, fit.kind))
      if (!gather.getSummingAttr())
        cuts.try_emplace(gather, fit.numAxes);
  for (auto [gather, numAxes] : cuts) {
    AllGatherOp inner = splitGather(gather, numAxes);
    if (MotionListener *listener = graph.options.listener)
      listener->notifySplit(inner);
  }
  return !cuts.empty();
}
