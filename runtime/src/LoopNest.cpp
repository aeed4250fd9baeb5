//===- LoopNest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"

#include <algorithm>

using namespace commuter::rt;

/// Makes one loop of two neighbours where all views move evenly.
static void append(std::vector<Loop> &loops, const Loop &loop) {
  if (!loops.empty()) {
    Loop &last = loops.back();
    if (last.a == loop.size * loop.a && last.b == loop.size * loop.b &&
        last.c == loop.size * loop.c) {
      last = {last.size * loop.size, loop.a, loop.b, loop.c};
      return;
    }
  }
  loops.push_back(loop);
}

/// Moves the largest loop out of `loops`.
static Loop takeLargest(std::vector<Loop> &loops) {
  auto largest = std::max_element(
      loops.begin(), loops.end(),
      [](const Loop &x, const Loop &y) { return x.size < y.size; });
  if (largest == loops.end())
    return {};
  Loop taken = *largest;
  loops.erase(largest);
  return taken;
}

LoopNest::LoopNest(const ContractCall &call) {
  std::vector<Loop> rowLoops, columnLoops;
  for (int32_t d = 0; d < call.c.rank; ++d) {
    if (call.c.sizes[d] == 1)
      continue;
    Loop loop{call.c.sizes[d], call.a.strides[d], call.b.strides[d],
              call.c.strides[d]};
    if (loop.c == 0)
      append(sums, loop);
    else if (loop.a != 0 && loop.b == 0)
      append(rowLoops, loop);
    else if (loop.a == 0 && loop.b != 0)
      append(columnLoops, loop);
    else
      append(outer, loop);
  }
  rows = takeLargest(rowLoops);
  columns = takeLargest(columnLoops);
  outer.insert(outer.end(), rowLoops.begin(), rowLoops.end());
  outer.insert(outer.end(), columnLoops.begin(), columnLoops.end());
  if (!sums.empty()) {
    depth = sums.back();
    sums.pop_back();
  }
}
