//===- ShardMeshes.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The meshes that stand for grids of upstream's shard dialect, and shardings on
// them.
//
//===----------------------------------------------------------------------===//

#include "ShardToDist.h"

using namespace mlir;
using namespace commuter;

bool commuter::isMesh(shard::GridOp grid) {
  int64_t ranks = 1;
  return llvm::all_of(grid.getShape(), [&](int64_t size) {
    return ShapedType::isDynamic(size) ||
           (size > 0 && !llvm::MulOverflow(ranks, size, ranks) &&
            ranks <= INT32_MAX);
  });
}

ArrayAttr Mesh::getAxes(ArrayRef<shard::GridAxis> numbers) const {
  return ArrayAttr::get(axes.getContext(),
                        llvm::map_to_vector(numbers, [&](int64_t number) {
                          return axes[number];
                        }));
}

dist::ShardingAttr Mesh::getSharding(const Claim &claim) const {
  MLIRContext *context = axes.getContext();
  auto dimAxes = llvm::map_to_vector(
      claim.dimAxes, [&](ArrayRef<shard::GridAxis> numbers) -> Attribute {
        return getAxes(numbers);
      });
  return dist::ShardingAttr::get(context, symbol,
                                 ArrayAttr::get(context, dimAxes),
                                 ArrayAttr::get(context, {}));
}

static std::string getNameBeside(shard::GridOp grid) {
  return (grid.getSymName() + "_mesh").str();
}

static ArrayAttr nameAxes(shard::GridOp grid) {
  Builder builder(grid.getContext());
  return builder.getArrayAttr(llvm::map_to_vector(
      llvm::seq<int64_t>(0, grid.getRank()), [&](int64_t axis) -> Attribute {
        return builder.getStringAttr("axis" + Twine(axis));
      }));
}

std::optional<Mesh> commuter::findMesh(shard::GridOp grid) {
  auto mesh = dyn_cast_or_null<dist::MeshOp>(SymbolTable::lookupSymbolIn(
      grid->getParentOp(),
      StringAttr::get(grid.getContext(), getNameBeside(grid))));
  ArrayAttr axes = nameAxes(grid);
  if (!mesh || mesh.getAxisNames() != axes ||
      mesh.getAxisSizes() != grid.getShape())
    return std::nullopt;
  return Mesh{FlatSymbolRefAttr::get(mesh.getSymNameAttr()), axes};
}

Mesh commuter::createMesh(shard::GridOp grid, bool replaces) {
  if (std::optional<Mesh> mesh = findMesh(grid))
    return *mesh;
  SymbolTable table(grid->getParentOp());
  if (replaces)
    table.remove(grid);
  OpBuilder builder(grid);
  ArrayAttr axes = nameAxes(grid);
  auto mesh = dist::MeshOp::create(builder, grid.getLoc(),
                                   replaces ? grid.getSymName().str()
                                            : getNameBeside(grid),
                                   axes, grid.getShape());
  SymbolTable::setSymbolVisibility(mesh,
                                   SymbolTable::getSymbolVisibility(grid));
  table.insert(mesh);
  return {FlatSymbolRefAttr::get(mesh.getSymNameAttr()), axes};
}

void SignaturePlan::apply(FunctionOpInterface function,
                          const DenseMap<Operation *, Mesh> &meshes) const {
  StringRef name = dist::ShardingAttr::kAttrName;
  for (const auto &[number, claim] : arguments)
    function.setArgAttr(number, name, meshes.at(claim.grid).getSharding(claim));
  for (const auto &[number, claim] : results)
    function.setResultAttr(number, name,
                           meshes.at(claim.grid).getSharding(claim));
}
