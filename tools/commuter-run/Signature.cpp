//===- Signature.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the entry function takes and returns, and on which ranks it runs.
//
//===----------------------------------------------------------------------===//

#include "Signature.h"
#include "Elements.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallSet.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

//===----------------------------------------------------------------------===//
// Meshes
//===----------------------------------------------------------------------===//

int64_t Mesh::getCoordinate(int64_t rank, unsigned axis) const {
  for (unsigned i = sizes.size() - 1; i > axis; --i)
    rank /= sizes[i];
  return rank % sizes[axis];
}

int64_t Mesh::getIndex(int64_t rank, ArrayRef<unsigned> axes) const {
  int64_t index = 0;
  for (unsigned axis : axes)
    index = index * sizes[axis] + getCoordinate(rank, axis);
  return index;
}

int64_t Mesh::getSize(ArrayRef<unsigned> axes) const {
  int64_t size = 1;
  for (unsigned axis : axes)
    size *= sizes[axis];
  return size;
}

static FailureOr<std::vector<Mesh>>
readMeshes(ModuleOp module, const std::map<std::string, int64_t> &given) {
  std::vector<Mesh> meshes;
  std::map<std::string, bool> used;
  for (auto op : module.getOps<dist::MeshOp>()) {
    Mesh mesh;
    mesh.name = op.getSymName().str();
    for (unsigned i = 0; i < op.getNumAxes(); ++i) {
      std::string axis = op.getAxisName(i).str();
      int64_t size = op.getAxisSize(i);
      auto found = given.find(axis);
      if (found != given.end()) {
        used[axis] = true;
        if (!ShapedType::isDynamic(size) && size != found->second)
          return fail("--axis " + axis + "=" + Twine(found->second) +
                      ": axis '" + axis + "' of @" + mesh.name + " has size " +
                      Twine(size) + " already");
        size = found->second;
      }
      if (ShapedType::isDynamic(size))
        return fail("@" + mesh.name + " leaves the size of axis '" + axis +
                    "' open: give it with --axis " + axis + "=N");
      mesh.axes.push_back(axis);
      mesh.sizes.push_back(size);
    }
    meshes.push_back(std::move(mesh));
  }
  for (auto &[axis, size] : given)
    if (!used[axis])
      return fail("--axis " + axis + "=" + Twine(size) +
                  ": no mesh of the program has an axis '" + axis + "'");
  return meshes;
}

//===----------------------------------------------------------------------===//
// The entry
//===----------------------------------------------------------------------===//

static FailureOr<func::FuncOp> findEntry(ModuleOp module, StringRef name) {
  SmallVector<func::FuncOp> candidates;
  std::string names;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isPrivate() || function.isDeclaration())
      continue;
    candidates.push_back(function);
    names += (names.empty() ? "@" : ", @") + function.getName().str();
  }
  std::string known = "; it has " + (names.empty() ? "none" : names);
  if (!name.empty()) {
    auto function = module.lookupSymbol<func::FuncOp>(name);
    if (!function)
      return fail("the program has no function @" + name + known);
    if (function.isDeclaration())
      return fail("@" + name +
                  " is a declaration; expected a function with a "
                  "body");
    if (function.isPrivate())
      return fail("@" + name + " is private; expected a public function");
    return function;
  }
  for (func::FuncOp function : candidates)
    if (function.getName() == "main")
      return function;
  if (candidates.size() == 1)
    return candidates[0];
  return fail("no entry: name one of the program's public functions with "
              "--entry" +
              known);
}

static FailureOr<ValueInfo> readValue(Type type, Attribute attribute,
                                      ArrayRef<Mesh> meshes,
                                      const Twine &what) {
  ValueInfo value;
  value.type = type;
  value.element = type;
  auto tensor = dyn_cast<RankedTensorType>(type);
  value.isTensor = tensor != nullptr;
  if (tensor) {
    value.element = tensor.getElementType();
    value.shape = tensor.getShape().vec();
  }
  value.width = getElementWidth(value.element);
  if (value.width == 0 || (tensor && tensor.getEncoding())) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return fail(what + " has type " + text +
                "; expected a number or a ranked tensor without encoding, of "
                "index, i1, i8, i16, i32, i64, f16, bf16, f32, f64, f8E4M3FN "
                "or f8E5M2");
  }
  auto sharding = dyn_cast_or_null<dist::ShardingAttr>(attribute);
  if (!sharding)
    return value;
  Placement placement;
  placement.mesh = llvm::find_if(meshes, [&](const Mesh &mesh) {
    return mesh.name == sharding.getMesh().getValue();
  });
  assert(placement.mesh != meshes.end() && "verified");
  llvm::SmallDenseSet<unsigned> named;
  auto numbers = [&](ArrayAttr axes) {
    std::vector<unsigned> result;
    for (StringRef axis : axes.getAsValueRange<StringAttr>()) {
      result.push_back(llvm::find(placement.mesh->axes, axis) -
                       placement.mesh->axes.begin());
      named.insert(result.back());
    }
    return result;
  };
  for (ArrayAttr axes : sharding.getDimAxes().getAsRange<ArrayAttr>())
    placement.dimAxes.push_back(numbers(axes));
  placement.unreduced = numbers(sharding.getUnreduced());
  for (unsigned axis = 0; axis < placement.mesh->axes.size(); ++axis)
    if (!named.contains(axis))
      placement.replicated.push_back(axis);
  value.placement = std::move(placement);
  return value;
}

FailureOr<std::unique_ptr<Signature>>
run::readSignature(ModuleOp module, StringRef name,
                   const std::map<std::string, int64_t> &axes) {
  auto signature = std::make_unique<Signature>();
  FailureOr<std::vector<Mesh>> meshes = readMeshes(module, axes);
  FailureOr<func::FuncOp> entry;
  if (failed(meshes) || failed(entry = findEntry(module, name)))
    return failure();
  signature->meshes = std::move(*meshes);
  signature->entry = entry->getName().str();
  signature->function = *entry;

  for (const Mesh &mesh : signature->meshes) {
    int64_t ranks = 1;
    for (int64_t size : mesh.sizes)
      if (llvm::MulOverflow(ranks, size, ranks) || ranks > 1024)
        return fail("@" + mesh.name +
                    " has more than 1024 ranks; the threads "
                    "transport runs at most 1024");
    const Mesh &first = signature->meshes.front();
    if (&mesh != &first && ranks != signature->ranks)
      return fail("@" + mesh.name + " has " + Twine(ranks) + " ranks, @" +
                  first.name + " has " + Twine(signature->ranks) +
                  "; the meshes of a program must have equally many");
    signature->ranks = ranks;
  }

  auto read = [&](std::vector<ValueInfo> &values, Type type, Attribute sharding,
                  StringRef what) -> LogicalResult {
    FailureOr<ValueInfo> value = readValue(type, sharding, signature->meshes,
                                           what + " " + Twine(values.size()) +
                                               " of @" + entry->getName());
    if (succeeded(value))
      values.push_back(std::move(*value));
    return value;
  };
  StringRef attribute = dist::ShardingAttr::kAttrName;
  for (auto [i, type] : llvm::enumerate(entry->getArgumentTypes()))
    if (failed(read(signature->arguments, type, entry->getArgAttr(i, attribute),
                    "argument")))
      return failure();
  for (auto [i, type] : llvm::enumerate(entry->getResultTypes()))
    if (failed(read(signature->results, type,
                    entry->getResultAttr(i, attribute), "result")))
      return failure();
  return signature;
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

FailureOr<Layout> run::computeLayout(const Placement &placement,
                                     ArrayRef<std::vector<int64_t>> shapes,
                                     const Twine &what) {
  const Mesh &mesh = *placement.mesh;
  const int64_t ranks = shapes.size();
  const size_t rank = placement.dimAxes.size();
  Layout layout;
  layout.globalShape.resize(rank);
  layout.offsets.assign(ranks, std::vector<int64_t>(rank));
  for (size_t dim = 0; dim < rank; ++dim) {
    ArrayRef<unsigned> axes = placement.dimAxes[dim];
    std::vector<int64_t> extents(mesh.getSize(axes), -1), owner(extents.size());
    int64_t &global = layout.globalShape[dim];
    for (int64_t r = 0; r < ranks; ++r) {
      int64_t index = mesh.getIndex(r, axes);
      if (extents[index] < 0) {
        extents[index] = shapes[r][dim];
        owner[index] = r;
      } else if (extents[index] != shapes[r][dim]) {
        return fail(what + ": ranks " + Twine(owner[index]) + " and " +
                    Twine(r) + " hold the same part of dimension " +
                    Twine(dim) + ", but with " + Twine(extents[index]) +
                    " and " + Twine(shapes[r][dim]) + " elements");
      }
    }
    for (int64_t extent : extents)
      if (llvm::AddOverflow(global, extent, global))
        return fail(what + ": the extents of dimension " + Twine(dim) +
                    " are too large");
    for (int64_t r = 0; r < ranks; ++r)
      for (int64_t i = 0; i < mesh.getIndex(r, axes); ++i)
        layout.offsets[r][dim] += extents[i];
  }
  return layout;
}
