//===- Signature.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the ranks take and return, and which ranks there are: a model's
// description, with all axes' sizes.
//
//===----------------------------------------------------------------------===//

#include "Signature.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

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
readMeshes(const commuter_model_t &model,
           const std::map<std::string, int64_t> &given) {
  std::vector<Mesh> meshes;
  std::map<std::string, bool> used;
  for (const commuter_model_mesh_t &described :
       ArrayRef(model.meshes, model.mesh_count)) {
    Mesh mesh;
    mesh.name = described.name;
    for (const commuter_model_axis_t &axis :
         ArrayRef(described.axes, described.axis_count)) {
      std::string name = axis.name;
      int64_t size = axis.size;
      auto found = given.find(name);
      if (found != given.end()) {
        used[name] = true;
        if (size >= 0 && size != found->second)
          return fail("--axis " + name + "=" + Twine(found->second) +
                      ": axis '" + name + "' of @" + mesh.name + " has size " +
                      Twine(size) + " already");
        size = found->second;
      }
      if (size < 0)
        return fail("@" + mesh.name + " leaves the size of axis '" + name +
                    "' open: give it with --axis " + name + "=N");
      mesh.axes.push_back(name);
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

static LogicalResult setRanks(Signature &signature) {
  for (const Mesh &mesh : signature.meshes) {
    int64_t ranks = 1;
    for (int64_t size : mesh.sizes)
      if (MulOverflow(ranks, size, ranks) || ranks > INT32_MAX)
        return fail("@" + mesh.name + " has more than " + Twine(INT32_MAX) +
                    " ranks");
    const Mesh &first = signature.meshes.front();
    if (&mesh != &first && ranks != signature.ranks)
      return fail("@" + mesh.name + " has " + Twine(ranks) + " ranks, @" +
                  first.name + " has " + Twine(signature.ranks) +
                  "; the meshes of a program must have equally many");
    signature.ranks = ranks;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

static std::vector<unsigned> readAxes(const commuter_model_axes_t &axes) {
  return {axes.numbers, axes.numbers + axes.count};
}

static ValueInfo readValue(const commuter_model_value_t &value,
                           ArrayRef<Mesh> meshes) {
  ValueInfo info{ElementType(value),
                 !value.is_number,
                 {value.sizes, value.sizes + value.rank},
                 0,
                 std::nullopt,
                 std::nullopt};
  info.width = info.element.getWidth();
  if (const commuter_model_sharding_t *sharding = value.sharding) {
    Placement placement;
    placement.mesh = &meshes[sharding->mesh];
    for (int32_t dim = 0; dim < value.rank; ++dim)
      placement.dimAxes.push_back(readAxes(sharding->dims[dim]));
    placement.unreduced = readAxes(sharding->unreduced);
    placement.replicated = readAxes(sharding->replicated);
    info.placement = std::move(placement);
  }
  if (const commuter_model_extents_t *extents = value.extents)
    info.extents = {&meshes[extents->mesh], readAxes(extents->axes),
                    extents->dim};
  return info;
}

FailureOr<std::unique_ptr<Signature>>
run::readSignature(const commuter_model_t &model,
                   const std::map<std::string, int64_t> &axes) {
  auto signature = std::make_unique<Signature>();
  FailureOr<std::vector<Mesh>> meshes = readMeshes(model, axes);
  if (failed(meshes))
    return failure();
  signature->meshes = std::move(*meshes);
  signature->entry = model.entry;
  if (failed(setRanks(*signature)))
    return failure();
  for (auto &value : ArrayRef(model.arguments, model.argument_count))
    signature->arguments.push_back(readValue(value, signature->meshes));
  for (auto &value : ArrayRef(model.results, model.result_count))
    signature->results.push_back(readValue(value, signature->meshes));
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
      if (AddOverflow(global, extent, global))
        return fail(what + ": the extents of dimension " + Twine(dim) +
                    " are too large");
    for (int64_t r = 0; r < ranks; ++r)
      for (int64_t i = 0; i < mesh.getIndex(r, axes); ++i)
        layout.offsets[r][dim] += extents[i];
  }
  return layout;
}
