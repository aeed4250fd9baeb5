//===- RecordShardings.cpp ------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// commuter-record-shardings: keeps the shardings of arguments and results
// beyond upstream's shard-partition.
//
//===----------------------------------------------------------------------===//

#include "ShardToDist.h"

#include "commuter/Conversion/Passes.h"

namespace commuter {
#define GEN_PASS_DEF_RECORDSHARDINGSPASS
#include "commuter/Conversion/Passes.h.inc"
} // namespace commuter

using namespace mlir;
using namespace commuter;

namespace {

struct RecordShardings
    : public commuter::impl::RecordShardingsPassBase<RecordShardings> {
  void runOnOperation() override {
    SymbolTableCollection symbols;
    std::vector<std::pair<FunctionOpInterface, SignaturePlan>> functions;
    SetVector<Operation *> grids;
    getOperation()->walk([&](FunctionOpInterface function) {
      auto &[_, plan] =
          functions.emplace_back(function, planPartition(function, symbols));
      plan.forEachClaim([&](const Claim &claim) { grids.insert(claim.grid); });
    });
    DenseMap<Operation *, Mesh> meshes;
    for (Operation *grid : grids)
      meshes.try_emplace(grid, createMesh(cast<shard::GridOp>(grid),
                                          /*replaces=*/false));
    for (auto &[function, plan] : functions)
      plan.apply(function, meshes);
  }
};

} // namespace
