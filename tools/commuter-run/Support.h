//===- Support.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the runner's files share: errors and dense host arrays.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H
#define COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"

#include <cstdint>
#include <vector>

namespace commuter::run {

/// Prints `commuter-run: error: <message>`: the one line that a failed run ends
/// with.
llvm::LogicalResult fail(const llvm::Twine &message);

/// A dense row-major array of elements of a width that its owner knows.
struct Array {
  std::vector<int64_t> shape;
  std::vector<char> data;

  int64_t getNumElements() const {
    int64_t count = 1;
    for (int64_t size : shape)
      count *= size;
    return count;
  }
};

/// "4x?x8"; a negative size is open.
std::string printShape(llvm::ArrayRef<int64_t> shape);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H
