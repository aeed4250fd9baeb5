//===- Signature.h ----------------------------------------------*- C++ -*-===//
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

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_SIGNATURE_H
#define COMMUTER_TOOLS_COMMUTER_RUN_SIGNATURE_H

#include "../lib/Support.h"
#include "Elements.h"

#include <map>
#include <optional>
#include <string>

namespace commuter::run {

struct Mesh {
  std::string name;
  std::vector<std::string> axes;
  std::vector<int64_t> sizes;

  /// This rank's place along axis `axis`; the last axis is the fastest.
  int64_t getCoordinate(int64_t rank, unsigned axis) const;
  /// This rank's index in the group over `axes`, the last one fastest.
  int64_t getIndex(int64_t rank, llvm::ArrayRef<unsigned> axes) const;
  int64_t getSize(llvm::ArrayRef<unsigned> axes) const;
};

/// A sharding, with axes by number.
struct Placement {
  const Mesh *mesh;
  std::vector<std::vector<unsigned>> dimAxes;
  std::vector<unsigned> unreduced;
  std::vector<unsigned> replicated;
};

/// Whose extents an argument gives: of dimension `dim` in the groups over
/// `axes`.
struct ExtentsInfo {
  const Mesh *mesh;
  std::vector<unsigned> axes;
  int64_t dim;
};

/// An argument or a result.
struct ValueInfo {
  ElementType element;
  bool isTensor;
  std::vector<int64_t> shape;         // local; -1 if open
  unsigned width;                     // bytes of an element in memory
  std::optional<Placement> placement; // none: varying
  std::optional<ExtentsInfo> extents;
};

struct Signature {
  std::string entry;
  std::vector<Mesh> meshes;
  int64_t ranks = 1;
  std::vector<ValueInfo> arguments, results;
};

/// `axes` gives the sizes that meshes leave open. The model must outlive the
/// signature.
llvm::FailureOr<std::unique_ptr<Signature>>
readSignature(const commuter_model_t &model,
              const std::map<std::string, int64_t> &axes);

/// Where the ranks' parts of a value lie in the global array.
struct Layout {
  std::vector<int64_t> globalShape;
  std::vector<std::vector<int64_t>> offsets; // [rank][dim]
};

/// `shapes` are the local shapes by rank. Fails, naming `what`, where they
/// cannot be parts of one array.
llvm::FailureOr<Layout>
computeLayout(const Placement &placement,
              llvm::ArrayRef<std::vector<int64_t>> shapes,
              const llvm::Twine &what);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_SIGNATURE_H
