//===- Arguments.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ranks' arguments: from files, from --extent, or pseudo-random.
//
//===----------------------------------------------------------------------===//

#include "Arguments.h"
#include "Npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace commuter;
using namespace commuter::run;
using namespace commuter::tools;

namespace {

/// How the ranks share an argument: what each one's part is of the global
/// array. The global array of a varying argument has the ranks in front.
struct Split {
  std::optional<Array> file;
  std::vector<std::vector<int64_t>> shapes; // [rank][dim]: local
  std::vector<int64_t> globalShape;
  std::vector<std::vector<int64_t>> offsets, extents; // [rank][global dim]
};

class ArgumentMaker {
public:
  ArgumentMaker(const Signature &signature, const ArgumentOptions &options,
                iota_range<int64_t> localRanks)
      : signature(signature), options(options), ranks(signature.ranks),
        localRanks(localRanks) {}

  FailureOr<std::vector<std::vector<Array>>> make();

private:
  std::string name(unsigned i) const { return "argument " + std::to_string(i); }
  static std::string nameExtent(unsigned i, unsigned dim) {
    return "--extent " + std::to_string(i) + "." + std::to_string(dim);
  }
  std::string nameMissing() const;
  const ValueInfo &info(unsigned i) const { return signature.arguments[i]; }

  LogicalResult readExtents();
  FailureOr<Array> readFile(unsigned i, StringRef path) const;
  FailureOr<int64_t> getExtentOfFile(unsigned i, unsigned dim,
                                     const Array &file) const;
  LogicalResult setShapes(unsigned i, Split &split) const;
  void placeVarying(unsigned i, Split &split) const;
  FailureOr<Split> makeSplit(unsigned i) const;
  LogicalResult checkMemory(ArrayRef<Split> splits) const;
  FailureOr<Array> makePart(unsigned i, const Split &split, int64_t rank) const;

  FailureOr<Split> makeExtents(unsigned i) const;

  const Signature &signature;
  const ArgumentOptions &options;
  const int64_t ranks;
  const iota_range<int64_t> localRanks;
  /// Those of the options, one per rank.
  std::map<std::pair<unsigned, unsigned>, std::vector<int64_t>> extents;
};

} // namespace

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

static std::string printCount(size_t number, StringRef what) {
  return (Twine(number) + " " + what + (number == 1 ? "" : "s")).str();
}

LogicalResult ArgumentMaker::readExtents() {
  for (auto &[key, list] : options.extents) {
    auto [i, dim] = key;
    std::string option = nameExtent(i, dim) + ": ";
    if (i >= signature.arguments.size())
      return fail(option + "@" + signature.entry + " has " +
                  printCount(signature.arguments.size(), "argument"));
    if (dim >= info(i).shape.size())
      return fail(option + name(i) + " has " +
                  printCount(info(i).shape.size(), "dimension"));
    int64_t size = info(i).shape[dim];
    if (size >= 0)
      return fail(option + "the dimension's size is " + Twine(size) +
                  ", not `?`");
    std::vector<int64_t> all = list;
    if (all.size() == 1)
      all.resize(ranks, all[0]);
    if (static_cast<int64_t>(all.size()) != ranks)
      return fail(option + "expected one extent per rank, " + Twine(ranks) +
                  " of them, found " + Twine(all.size()));
    extents[key] = std::move(all);
  }
  return success();
}

FailureOr<Array> ArgumentMaker::readFile(unsigned i, StringRef path) const {
  FailureOr<Array> array = readNpy(path, info(i).element);
  if (failed(array))
    return failure();
  size_t expected = info(i).shape.size() + (info(i).placement ? 0 : 1);
  if (array->shape.size() != expected)
    return fail(path + ": has " + Twine(array->shape.size()) + " dimensions (" +
                printShape(array->shape) + "), expected " + Twine(expected) +
                " for " + name(i) +
                (info(i).placement
                     ? ""
                     : ", which has no dist.sharding: the ranks, then the "
                       "local array"));
  return array;
}

//===----------------------------------------------------------------------===//
// Splitting
//===----------------------------------------------------------------------===//

/// An even share of what the file has.
FailureOr<int64_t> ArgumentMaker::getExtentOfFile(unsigned i, unsigned dim,
                                                  const Array &file) const {
  const std::optional<Placement> &placement = info(i).placement;
  if (!placement)
    return file.shape[1 + dim];
  int64_t parts = placement->mesh->getSize(placement->dimAxes[dim]);
  int64_t global = file.shape[dim];
  if (global % parts != 0)
    return fail(name(i) + ": dimension " + Twine(dim) + " of its file has " +
                Twine(global) + " elements, which " + Twine(parts) +
                " ranks cannot share evenly; give " + nameExtent(i, dim) +
                "=n,n,...");
  return global / parts;
}

/// Options for all sizes that neither an extent nor a file gives.
std::string ArgumentMaker::nameMissing() const {
  std::string text;
  for (unsigned i = 0; i < signature.arguments.size(); ++i)
    for (auto [dim, size] : enumerate(info(i).shape))
      if (size < 0 && !info(i).extents && !options.files.count(i) &&
          !extents.count({i, dim}))
        text += (text.empty() ? "" : " ") + nameExtent(i, dim) + "=n,n,...";
  return text;
}

LogicalResult ArgumentMaker::setShapes(unsigned i, Split &split) const {
  split.shapes.assign(ranks, info(i).shape);
  for (auto [dim, size] : enumerate(info(i).shape)) {
    if (size >= 0)
      continue;
    auto given = extents.find({i, dim});
    if (given == extents.end() && !split.file)
      return fail(name(i) + ": the size of dimension " + Twine(dim) +
                  " is `?`: give the ranks' extents with " + nameMissing());
    FailureOr<int64_t> even = 0;
    if (given == extents.end() &&
        failed(even = getExtentOfFile(i, dim, *split.file)))
      return failure();
    for (int64_t r = 0; r < ranks; ++r)
      split.shapes[r][dim] = given == extents.end() ? *even : given->second[r];
  }
  return success();
}

void ArgumentMaker::placeVarying(unsigned i, Split &split) const {
  split.globalShape = split.shapes[0];
  split.globalShape.insert(split.globalShape.begin(), ranks);
  split.extents = split.shapes;
  split.offsets.assign(ranks, std::vector<int64_t>(info(i).shape.size() + 1));
  for (int64_t r = 0; r < ranks; ++r) {
    split.extents[r].insert(split.extents[r].begin(), 1);
    // Numbers are alike on all ranks unless a file says otherwise.
    if (info(i).isTensor || split.file)
      split.offsets[r][0] = r;
  }
}

FailureOr<Split> ArgumentMaker::makeSplit(unsigned i) const {
  Split split;
  auto file = options.files.find(i);
  if (file != options.files.end()) {
    FailureOr<Array> array = readFile(i, file->second);
    if (failed(array))
      return failure();
    split.file = std::move(*array);
  } else if (info(i).extents) {
    return makeExtents(i);
  }
  if (failed(setShapes(i, split)))
    return failure();

  if (info(i).placement) {
    FailureOr<Layout> layout =
        computeLayout(*info(i).placement, split.shapes, name(i));
    if (failed(layout))
      return failure();
    split.globalShape = std::move(layout->globalShape);
    split.offsets = std::move(layout->offsets);
    split.extents = split.shapes;
  } else {
    placeVarying(i, split);
    if (split.file && !all_equal(split.shapes))
      return fail(name(i) + " has no dist.sharding and differs in shape from "
                            "rank to rank; a file cannot give it");
  }
  if (split.file && split.file->shape != split.globalShape)
    return fail(file->second + ": has shape " + printShape(split.file->shape) +
                ", expected " + printShape(split.globalShape) + " for " +
                name(i));
  return split;
}

//===----------------------------------------------------------------------===//
// Extents as an argument
//===----------------------------------------------------------------------===//

/// An argument that gives a gather's extents is what --extent says of the
/// gathered dimension: the extents of the ranks in the gather's group.
FailureOr<Split> ArgumentMaker::makeExtents(unsigned i) const {
  const auto &[mesh, axes, dim] = *info(i).extents;
  const std::vector<int64_t> *list = nullptr;
  for (auto &[key, given] : extents) {
    if (key.second != dim)
      continue;
    if (list && *list != given)
      return fail(name(i) +
                  " gives the extents of a gather, but --extent "
                  "gives several lists for dimension " +
                  Twine(dim) + ": give it with --input " + Twine(i) +
                  "=FILE.npy");
    list = &given;
  }
  if (!list)
    return fail(name(i) +
                " gives the extents of a gather: give them with "
                "--extent, or the argument with --input " +
                Twine(i) + "=FILE.npy");
  std::vector<unsigned> others;
  for (unsigned axis = 0; axis < mesh->axes.size(); ++axis)
    if (!is_contained(axes, axis))
      others.push_back(axis);
  int64_t size = mesh->getSize(axes);
  if (info(i).shape[0] >= 0 && info(i).shape[0] != size)
    return fail(name(i) + " has " + Twine(info(i).shape[0]) +
                " extents, expected " + Twine(size) +
                ", one per rank of its group");

  // As a file would give it: a row for each rank.
  Split split;
  FailureOr<Array> table = allocateArray({ranks, size}, info(i).width, name(i));
  if (failed(table))
    return failure();
  auto *rows = reinterpret_cast<int64_t *>(table->data.get());
  for (int64_t r = 0; r < ranks; ++r)
    for (int64_t m = 0; m < ranks; ++m)
      if (mesh->getIndex(m, others) == mesh->getIndex(r, others))
        rows[r * size + mesh->getIndex(m, axes)] = (*list)[m];
  split.file = std::move(*table);
  split.shapes.assign(ranks, {size});
  placeVarying(i, split);
  return split;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

/// Memory that is not there would be found by the system, which ends the
/// process without a word.
LogicalResult ArgumentMaker::checkMemory(ArrayRef<Split> splits) const {
  int64_t total = 0, limit = getMemoryLimit();
  for (auto [i, split] : enumerate(splits))
    for (int64_t r : localRanks) {
      const std::vector<int64_t> &shape = split.shapes[r];
      std::optional<int64_t> bytes = getNumBytes(shape, info(i).width);
      if (!bytes || AddOverflow(total, *bytes, total))
        return fail(name(i) + ": a part of " + printShape(shape) +
                    " elements is too large");
    }
  if (total > limit)
    return fail("the arguments of all ranks need " + printBytes(total) +
                "; there are " + printBytes(limit) + " of memory");
  return success();
}

FailureOr<Array> ArgumentMaker::makePart(unsigned i, const Split &split,
                                         int64_t rank) const {
  const ValueInfo &info = this->info(i);
  FailureOr<Array> part =
      allocateArray(split.shapes[rank], info.width, name(i));
  if (failed(part))
    return failure();
  // Which summand of a pending sum the rank holds.
  int64_t summand =
      info.placement
          ? info.placement->mesh->getIndex(rank, info.placement->unreduced)
          : 0;
  uint64_t salt = mix(mix(mix(options.seed) + i) + summand);
  RandomElements random(info.element);
  uint64_t zero = getZeroSummand(info.element);
  forEachRun(split.globalShape, split.offsets[rank], split.extents[rank],
             [&](int64_t from, int64_t to, int64_t count) {
               char *target = part->data.get() + to * info.width;
               // The first summand is the whole sum.
               if (split.file && summand == 0) {
                 std::memcpy(target, split.file->data.get() + from * info.width,
                             count * info.width);
                 return;
               }
               for (int64_t k = 0; k < count; ++k) {
                 uint64_t bits =
                     split.file ? zero : random(mix(salt + from + k));
                 std::memcpy(target + k * info.width, &bits, info.width);
               }
             });
  return part;
}

FailureOr<std::vector<std::vector<Array>>> ArgumentMaker::make() {
  size_t count = signature.arguments.size();
  for (auto &[i, file] : options.files)
    if (i >= count)
      return fail("--input " + Twine(i) + "=" + file + ": @" + signature.entry +
                  " has " + Twine(count) + " arguments");
  if (failed(readExtents()))
    return failure();
  std::vector<Split> splits;
  for (unsigned i = 0; i < count; ++i) {
    FailureOr<Split> split = makeSplit(i);
    if (failed(split))
      return failure();
    splits.push_back(std::move(*split));
  }
  if (failed(checkMemory(splits)))
    return failure();
  std::vector<std::vector<Array>> result(ranks);
  for (unsigned i = 0; i < count; ++i) {
    for (int64_t r : localRanks) {
      FailureOr<Array> part = makePart(i, splits[i], r);
      if (failed(part))
        return failure();
      result[r].push_back(std::move(*part));
    }
    splits[i].file.reset();
  }
  return result;
}

FailureOr<std::vector<std::vector<Array>>>
run::makeArguments(const Signature &signature, const ArgumentOptions &options,
                   iota_range<int64_t> localRanks) {
  return ArgumentMaker(signature, options, localRanks).make();
}
