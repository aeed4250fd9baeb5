//===- Array.h --------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Dense host arrays, and the parts that ranks hold of them.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_ARRAY_H
#define COMMUTER_TOOLS_COMMUTER_RUN_ARRAY_H

#include "../lib/Support.h"

#include "llvm/ADT/ArrayRef.h"

#include <vector>

namespace commuter::run {

/// A dense row-major array of elements of a width that its owner knows. Copies
/// share the elements.
struct Array {
  std::vector<int64_t> shape;
  std::shared_ptr<char> data;
  int64_t size = 0; // in bytes

  llvm::StringRef getBytes() const { return {data.get(), size_t(size)}; }
};

/// Elements are not set. Fails, naming `what`, if there is no memory.
llvm::FailureOr<Array> allocateArray(llvm::ArrayRef<int64_t> shape,
                                     unsigned width, const llvm::Twine &what);

/// "4x?x8"; a negative size is open.
std::string printShape(llvm::ArrayRef<int64_t> shape);

/// Calls `body(globalLinear, localLinear, count)` for each run of elements that
/// are adjacent both in an array of `globalShape` and in its part of
/// `localShape` at `offsets`.
template <typename Body>
void forEachRun(llvm::ArrayRef<int64_t> globalShape,
                llvm::ArrayRef<int64_t> offsets,
                llvm::ArrayRef<int64_t> localShape, Body body) {
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

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_ARRAY_H
