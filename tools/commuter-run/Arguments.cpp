//===- Arguments.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ranks' arguments, from files or at random, and the global arrays that
// their results make up.
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "Npy.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::run;

//===----------------------------------------------------------------------===//
// Regions of arrays
//===----------------------------------------------------------------------===//

/// Calls `body(globalLinear, localLinear, count)` for each run of elements that
/// are adjacent in both arrays.
template <typename Body>
static void forEachRun(ArrayRef<int64_t> globalShape, ArrayRef<int64_t> offsets,
                       ArrayRef<int64_t> localShape, Body body) {
  int64_t rank = localShape.size();
  for (int64_t size : localShape)
    if (size == 0)
      return;
  if (rank == 0)
    return body(0, 0, 1);
  std::vector<int64_t> index(rank, 0);
  int64_t local = 0, row = localShape[rank - 1];
  while (true) {
    int64_t global = 0;
    for (int64_t d = 0; d < rank; ++d)
      global = global * globalShape[d] + offsets[d] + index[d];
    body(global, local, row);
    local += row;
    int64_t d = rank - 2;
    for (; d >= 0; --d) {
      if (++index[d] < localShape[d])
        break;
      index[d] = 0;
    }
    if (d < 0)
      return;
  }
}

//===----------------------------------------------------------------------===//
// Pseudo-random bits
//===----------------------------------------------------------------------===//

/// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
/// generators, OOPSLA 2014).
static uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

namespace {
/// Makes elements of a type from hashes, without arithmetic in that type.
class RandomElements {
public:
  explicit RandomElements(Type type) : isBool(type.isInteger(1)) {
    auto floating = dyn_cast<FloatType>(type);
    if (!floating)
      return;
    isFloat = true;
    mantissa = floating.getFPMantissaWidth() - 1;
    exponentBits = floating.getWidth() - 1 - mantissa;
    bias = -APFloat::semanticsMinExponent(floating.getFloatSemantics()) + 1;
  }

  uint64_t operator()(uint64_t hash) const {
    if (isBool)
      return hash & 1;
    if (!isFloat)
      return static_cast<uint64_t>(static_cast<int64_t>(hash >> 60) - 8);
    uint64_t fraction = hash >> 8 & ((uint64_t(1) << mantissa) - 1);
    uint64_t exponent = bias - 3 + (hash & 3);
    uint64_t sign = hash >> 2 & 1;
    return sign << (mantissa + exponentBits) | exponent << mantissa | fraction;
  }

private:
  bool isFloat = false, isBool;
  unsigned mantissa = 0, exponentBits = 0;
  int64_t bias = 0;
};
} // namespace

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

namespace {
class ArgumentMaker {
public:
  ArgumentMaker(const Signature &signature, const ArgumentOptions &options)
      : signature(signature), options(options), ranks(signature.ranks) {}

  FailureOr<std::vector<std::vector<Array>>> make() {
    if (failed(checkOptions()))
      return failure();
    std::vector<std::vector<Array>> result(ranks);
    for (auto [i, info] : llvm::enumerate(signature.arguments)) {
      auto parts = makeArgument(i, info);
      if (failed(parts))
        return failure();
      for (int64_t r = 0; r < ranks; ++r)
        result[r].push_back(std::move((*parts)[r]));
    }
    return result;
  }

private:
  std::string name(unsigned i) const { return "argument " + std::to_string(i); }

  LogicalResult checkOptions() const {
    size_t count = signature.arguments.size();
    for (auto &[i, file] : options.files)
      if (i >= count)
        return fail("--input " + Twine(i) + "=" + file + ": @" +
                    signature.entry + " has " + Twine(count) + " arguments");
    for (auto &[key, extents] : options.extents) {
      auto [i, dim] = key;
      std::string option =
          "--extent " + std::to_string(i) + "." + std::to_string(dim) + ": ";
      if (i >= count || dim >= signature.arguments[i].shape.size())
        return fail(option + "@" + signature.entry + " has no such dimension");
      int64_t size = signature.arguments[i].shape[dim];
      if (!ShapedType::isDynamic(size))
        return fail(option + "the dimension's size is " + Twine(size) +
                    ", not `?`");
      if (static_cast<int64_t>(extents.size()) != ranks)
        return fail(option + "expected one extent per rank, " + Twine(ranks) +
                    " of them, found " + Twine(extents.size()));
    }
    return success();
  }

  /// The local shapes by rank; `file` gives open sizes that --extent does not.
  FailureOr<std::vector<std::vector<int64_t>>>
  getShapes(unsigned i, const ValueInfo &info, const Array *file) const {
    std::vector<std::vector<int64_t>> shapes(ranks, info.shape);
    int64_t lead = info.placement ? 0 : 1;
    for (auto [dim, size] : llvm::enumerate(info.shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      auto given = options.extents.find({i, dim});
      if (given != options.extents.end()) {
        for (int64_t r = 0; r < ranks; ++r)
          shapes[r][dim] = given->second[r];
        continue;
      }
      if (!file)
        return fail(name(i) + ": the size of dimension " + Twine(dim) +
                    " is `?`: give the ranks' extents with --extent " +
                    Twine(i) + "." + Twine(dim) + "=n,n,...");
      int64_t parts =
          info.placement
              ? info.placement->mesh->getSize(info.placement->dimAxes[dim])
              : 1;
      int64_t global = file->shape[lead + dim];
      if (global % parts != 0)
        return fail(name(i) + ": dimension " + Twine(dim) +
                    " of its file has " + Twine(global) + " elements, which " +
                    Twine(parts) +
                    " ranks cannot share evenly; give --extent " + Twine(i) +
                    "." + Twine(dim) + "=n,n,...");
      for (int64_t r = 0; r < ranks; ++r)
        shapes[r][dim] = global / parts;
    }
    return shapes;
  }

  FailureOr<std::vector<Array>> makeArgument(unsigned i,
                                             const ValueInfo &info) {
    auto file = options.files.find(i);
    if (file == options.files.end() && isExtents(i, info))
      return makeExtents(i, info);
    Array global;
    if (file != options.files.end()) {
      FailureOr<Array> read = readNpy(file->second, info.element);
      if (failed(read))
        return failure();
      global = std::move(*read);
      size_t expected = info.shape.size() + (info.placement ? 0 : 1);
      if (global.shape.size() != expected)
        return fail(file->second + ": has " + Twine(global.shape.size()) +
                    " dimensions (" + printShape(global.shape) +
                    "), expected " + Twine(expected) + " for " + name(i) +
                    (info.placement
                         ? ""
                         : ", which has no dist.sharding: the ranks, "
                           "then the local array"));
    }
    const Array *source = file == options.files.end() ? nullptr : &global;
    auto shapes = getShapes(i, info, source);
    if (failed(shapes))
      return failure();

    // Where each rank's part lies. A varying argument's parts are apart: its
    // global array has the ranks in front.
    std::vector<std::vector<int64_t>> offsets(ranks), extents = *shapes;
    std::vector<int64_t> globalShape;
    if (info.placement) {
      FailureOr<Layout> layout =
          computeLayout(*info.placement, *shapes, name(i));
      if (failed(layout))
        return failure();
      globalShape = layout->globalShape;
      offsets = layout->offsets;
    } else {
      globalShape = (*shapes)[0];
      globalShape.insert(globalShape.begin(), ranks);
      for (int64_t r = 0; r < ranks; ++r) {
        if ((*shapes)[r] != (*shapes)[0] && source)
          return fail(name(i) +
                      " has no dist.sharding and differs in shape from "
                      "rank to rank; a file cannot give it");
        offsets[r].assign(info.shape.size() + 1, 0);
        offsets[r][0] = r;
        extents[r].insert(extents[r].begin(), 1);
      }
    }
    if (source && source->shape != globalShape)
      return fail(file->second + ": has shape " + printShape(source->shape) +
                  ", expected " + printShape(globalShape) + " for " + name(i));

    std::vector<Array> parts(ranks);
    RandomElements random(info.element);
    for (int64_t r = 0; r < ranks; ++r) {
      Array &part = parts[r];
      part.shape = (*shapes)[r];
      part.data.resize(part.getNumElements() * info.width);
      // Which summand of a pending sum the rank holds.
      int64_t summand =
          info.placement
              ? info.placement->mesh->getIndex(r, info.placement->unreduced)
              : 0;
      uint64_t salt = mix(mix(mix(options.seed) + i) + summand);
      // Numbers are alike on all ranks.
      if (!info.isTensor && !source)
        offsets[r].assign(offsets[r].size(), 0);
      forEachRun(globalShape, offsets[r], extents[r],
                 [&](int64_t from, int64_t to, int64_t count) {
                   char *target = part.data.data() + to * info.width;
                   if (source && summand == 0) {
                     std::memcpy(target,
                                 source->data.data() + from * info.width,
                                 count * info.width);
                     return;
                   }
                   for (int64_t k = 0; k < count; ++k) {
                     uint64_t bits = source ? zeroSummand(info)
                                            : random(mix(salt + from + k));
                     std::memcpy(target + k * info.width, &bits, info.width);
                   }
                 });
    }
    return parts;
  }

  /// The identity of the sum: -0.0 for floating point.
  static uint64_t zeroSummand(const ValueInfo &info) {
    return isa<FloatType>(info.element) ? uint64_t(1) << (info.width * 8 - 1)
                                        : 0;
  }

  //===--------------------------------------------------------------------===//
  // Extents
  //===--------------------------------------------------------------------===//

  static bool isExtents(unsigned i, const ValueInfo &info,
                        const Signature &signature) {
    if (!info.isTensor || !info.element.isIndex() || info.shape.size() != 1)
      return false;
    Value argument = Block::BlockArgListType(
        const_cast<Signature &>(signature).function.getArguments())[i];
    return llvm::any_of(argument.getUses(), isUseAsExtents);
  }
  bool isExtents(unsigned i, const ValueInfo &info) const {
    return isExtents(i, info, signature);
  }
  static bool isUseAsExtents(OpOperand &use) {
    if (auto gather = dyn_cast<dist::AllGatherOp>(use.getOwner()))
      return gather.getExtents() == use.get();
    if (auto slice = dyn_cast<dist::AllSliceOp>(use.getOwner()))
      return slice.getExtents() == use.get();
    return false;
  }

  /// An argument that gives a gather's extents is what --extent says of the
  /// gathered dimension: the extents of the ranks in the gather's group.
  FailureOr<std::vector<Array>> makeExtents(unsigned i, const ValueInfo &info) {
    Value argument = const_cast<Signature &>(signature).function.getArgument(i);
    auto use = llvm::find_if(argument.getUses(), isUseAsExtents);
    auto group = cast<dist::MeshGroupOpInterface>(use->getOwner());
    int64_t dim = cast<IntegerAttr>(use->getOwner()->getAttr("dim")).getInt();
    const std::vector<int64_t> *extents = nullptr;
    for (auto &[key, list] : options.extents) {
      if (key.second != dim)
        continue;
      if (extents && *extents != list)
        return fail(name(i) +
                    " gives the extents of a gather, but --extent "
                    "gives several lists for dimension " +
                    Twine(dim) + ": give it with --input " + Twine(i) +
                    "=FILE.npy");
      extents = &list;
    }
    if (!extents)
      return fail(name(i) +
                  " gives the extents of a gather: give them with "
                  "--extent, or the argument with --input " +
                  Twine(i) + "=FILE.npy");
    auto mesh = llvm::find_if(signature.meshes, [&](const Mesh &mesh) {
      return mesh.name == group.getMeshAttr().getValue();
    });
    std::vector<unsigned> axes, others;
    for (StringRef axis : group.getAxesAttr().getAsValueRange<StringAttr>())
      axes.push_back(llvm::find(mesh->axes, axis) - mesh->axes.begin());
    for (unsigned axis = 0; axis < mesh->axes.size(); ++axis)
      if (!llvm::is_contained(axes, axis))
        others.push_back(axis);
    int64_t size = mesh->getSize(axes);
    if (!ShapedType::isDynamic(info.shape[0]) && info.shape[0] != size)
      return fail(name(i) + " has " + Twine(info.shape[0]) +
                  " extents, expected " + Twine(size) +
                  ", one per rank of its "
                  "group");
    std::vector<Array> parts(ranks);
    for (int64_t r = 0; r < ranks; ++r) {
      parts[r].shape = {size};
      parts[r].data.resize(size * 8);
      for (int64_t m = 0; m < ranks; ++m)
        if (mesh->getIndex(m, others) == mesh->getIndex(r, others))
          std::memcpy(parts[r].data.data() + 8 * mesh->getIndex(m, axes),
                      &(*extents)[m], 8);
    }
    return parts;
  }

  const Signature &signature;
  const ArgumentOptions &options;
  int64_t ranks;
};
} // namespace

FailureOr<std::vector<std::vector<Array>>>
run::makeArguments(const Signature &signature, const ArgumentOptions &options) {
  return ArgumentMaker(signature, options).make();
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

static FailureOr<Array> joinPlaced(const ValueInfo &info,
                                   ArrayRef<const Array *> parts,
                                   const Twine &what) {
  const Placement &placement = *info.placement;
  const Mesh &mesh = *placement.mesh;
  std::vector<std::vector<int64_t>> shapes;
  for (const Array *part : parts)
    shapes.push_back(part->shape);
  FailureOr<Layout> layout = computeLayout(placement, shapes, what);
  if (failed(layout))
    return failure();

  // Ranks that differ in replicated axes only must hold the same bits.
  std::vector<unsigned> others;
  for (unsigned axis = 0; axis < mesh.axes.size(); ++axis)
    if (!llvm::is_contained(placement.replicated, axis))
      others.push_back(axis);
  std::map<int64_t, size_t> owners;
  for (size_t r = 0; r < parts.size(); ++r) {
    size_t owner =
        owners.try_emplace(mesh.getIndex(r, others), r).first->second;
    if (parts[r]->data != parts[owner]->data)
      return fail(what + " contradicts its dist.sharding: ranks " +
                  Twine(owner) + " and " + Twine(r) +
                  " should hold the same bits");
  }

  Array global;
  global.shape = layout->globalShape;
  global.data.resize(global.getNumElements() * info.width);
  std::vector<double> sums;
  if (!placement.unreduced.empty())
    sums.assign(global.getNumElements(), 0);
  for (auto &[key, r] : owners)
    forEachRun(global.shape, layout->offsets[r], shapes[r],
               [&](int64_t to, int64_t from, int64_t count) {
                 const char *source = parts[r]->data.data() + from * info.width;
                 if (sums.empty())
                   std::memcpy(global.data.data() + to * info.width, source,
                               count * info.width);
                 else
                   for (int64_t k = 0; k < count; ++k)
                     sums[to + k] +=
                         decode(source + k * info.width, info.element);
               });
  for (size_t k = 0; k < sums.size(); ++k)
    encode(sums[k], info.element, global.data.data() + k * info.width);
  return global;
}

FailureOr<std::vector<JoinedResult>>
run::joinResults(const Signature &signature,
                 ArrayRef<ArrayRef<Array>> results) {
  std::vector<JoinedResult> joined;
  for (auto [i, info] : llvm::enumerate(signature.results)) {
    SmallVector<const Array *> parts;
    bool alike = true;
    for (ArrayRef<Array> rank : results) {
      parts.push_back(&rank[i]);
      alike &= rank[i].shape == results[0][i].shape;
    }
    JoinedResult result;
    if (info.placement) {
      FailureOr<Array> global = joinPlaced(info, parts, "result " + Twine(i));
      if (failed(global))
        return failure();
      result.arrays.push_back(std::move(*global));
    } else if (alike) {
      Array global;
      global.shape = parts[0]->shape;
      global.shape.insert(global.shape.begin(), parts.size());
      for (const Array *part : parts)
        global.data.insert(global.data.end(), part->data.begin(),
                           part->data.end());
      result.arrays.push_back(std::move(global));
    } else {
      for (const Array *part : parts)
        result.arrays.push_back(*part);
    }
    joined.push_back(std::move(result));
  }
  return joined;
}
