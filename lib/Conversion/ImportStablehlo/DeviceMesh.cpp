//===- DeviceMesh.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Groups of ranks as axes of a mesh.
//
//===----------------------------------------------------------------------===//

#include "DeviceMesh.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::stablehlo;

DeviceMesh::DeviceMesh(FlatSymbolRefAttr symbol, SmallVector<MeshAxis> meshAxes)
    : symbol(symbol), axes(std::move(meshAxes)), strides(axes.size(), 1) {
  numRanks = 1;
  for (size_t axis = axes.size(); axis-- > 0;) {
    strides[axis] = numRanks;
    numRanks *= axes[axis].size;
  }
}

ArrayAttr DeviceMesh::getAllAxes() const {
  SmallVector<Attribute> names;
  for (const MeshAxis &axis : axes)
    names.push_back(axis.name);
  return ArrayAttr::get(symbol.getContext(), names);
}

const MeshAxis *DeviceMesh::findAxis(StringRef name) const {
  const MeshAxis *axis = llvm::find_if(
      axes, [&](const MeshAxis &axis) { return axis.name == name; });
  return axis == axes.end() ? nullptr : axis;
}

int64_t DeviceMesh::getIndex(int64_t rank, ArrayRef<unsigned> group) const {
  int64_t index = 0;
  for (unsigned axis : group)
    index = index * axes[axis].size + rank / strides[axis] % axes[axis].size;
  return index;
}

SmallVector<MeshAxis> DeviceMesh::getAxes(ArrayRef<unsigned> numbers) const {
  return llvm::map_to_vector(numbers,
                             [&](unsigned number) { return axes[number]; });
}

/// The axes of a group that lists rank 0 first: the member at 1 is its
/// neighbour along the fastest axis, the one behind a whole turn of that axis
/// along the next, and so on.
std::optional<SmallVector<unsigned>>
DeviceMesh::findOrder(ArrayRef<int64_t> group) const {
  SmallVector<unsigned> order;
  int64_t size = 1;
  while (size < static_cast<int64_t>(group.size())) {
    auto isNext = [&](unsigned axis) {
      return axes[axis].size > 1 && strides[axis] == group[size];
    };
    auto range = llvm::seq<unsigned>(0, axes.size());
    auto next = llvm::find_if(range, isNext);
    if (next == range.end() || llvm::is_contained(order, *next))
      return std::nullopt;
    size *= axes[*next].size;
    order.insert(order.begin(), *next);
  }
  if (size != static_cast<int64_t>(group.size()))
    return std::nullopt;
  return order;
}

std::optional<SmallVector<MeshAxis>>
DeviceMesh::findAxesOfGroups(DenseIntElementsAttr groups) const {
  ShapedType type = groups.getType();
  if (type.getRank() != 2 || type.getNumElements() != numRanks)
    return std::nullopt;
  SmallVector<int64_t> ranks;
  for (const APInt &rank : groups.getValues<APInt>())
    ranks.push_back(rank.getSExtValue());
  const int64_t size = type.getDimSize(1);
  const int64_t *zero = llvm::find(ranks, 0);
  if (zero == ranks.end() || (zero - ranks.begin()) % size != 0)
    return std::nullopt;
  std::optional<SmallVector<unsigned>> order =
      findOrder(ArrayRef(zero, static_cast<size_t>(size)));
  if (!order)
    return std::nullopt;
  // All members of a group differ along these axes alone, and stand in order;
  // so each rank is in one group.
  SmallVector<bool> isListed(numRanks);
  for (auto [i, rank] : llvm::enumerate(ranks)) {
    if (rank < 0 || rank >= numRanks || isListed[rank])
      return std::nullopt;
    isListed[rank] = true;
    const int64_t first = ranks[i - i % size];
    int64_t expected = first;
    int64_t index = i % size;
    for (unsigned axis : llvm::reverse(*order)) {
      expected += index % axes[axis].size * strides[axis];
      index /= axes[axis].size;
    }
    if (rank != expected || getIndex(rank, *order) != int64_t(i) % size)
      return std::nullopt;
  }
  return getAxes(*order);
}

std::optional<SmallVector<MeshAxis>>
DeviceMesh::findAxesOfIndices(ArrayRef<int64_t> indices) const {
  // The index counts 1 for a step along the fastest axis, the axis' size for
  // one along the next.
  SmallVector<unsigned> order;
  int64_t size = 1;
  while (true) {
    auto isNext = [&](unsigned axis) {
      return axes[axis].size > 1 && indices[strides[axis]] == size &&
             !llvm::is_contained(order, axis);
    };
    auto range = llvm::seq<unsigned>(0, axes.size());
    auto next = llvm::find_if(range, isNext);
    if (next == range.end())
      break;
    size *= axes[*next].size;
    order.insert(order.begin(), *next);
  }
  for (auto [rank, index] : llvm::enumerate(indices))
    if (index != getIndex(rank, order))
      return std::nullopt;
  if (order.empty())
    return std::nullopt;
  return getAxes(order);
}
