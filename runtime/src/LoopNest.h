//===- LoopNest.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops of a contraction by what they do: which of them every device tiles
// as a matrix product, and which stand around it.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_LOOP_NEST_H
#define COMMUTER_RUNTIME_LOOP_NEST_H

#include "Device.h"

#include <vector>

namespace commuter::rt {

/// A loop, and how far each view moves in one step; in elements.
struct Loop {
  int64_t size = 1;
  int64_t a = 0, b = 0, c = 0;
};

/// For each index of `outer`, for each of `sums`: a matrix product, which is
/// added to c. Neighbouring loops that all views walk evenly are one; loops of
/// one step are none.
struct LoopNest {
  /// Elements of c are independent: these may run in any order.
  std::vector<Loop> outer;
  /// The sum of an element has one order: these, and then the depth.
  std::vector<Loop> sums;
  /// The rows are a's, the columns b's.
  Loop rows, columns, depth;

  explicit LoopNest(const ContractCall &call);
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_LOOP_NEST_H
