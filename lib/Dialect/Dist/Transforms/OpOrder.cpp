//===- OpOrder.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The order of the ops of blocks from which ops are moved.
//
//===----------------------------------------------------------------------===//

#include "OpOrder.h"

using namespace mlir;
using namespace commuter::dist;

/// Numbers the op, with those without a number around it.
void OpOrder::number(Operation *op) {
  if (numbers.contains(op))
    return;
  Block::iterator first(op), end = std::next(first);
  Block *block = op->getBlock();
  while (first != block->begin() && !numbers.contains(&*std::prev(first)))
    --first;
  while (end != block->end() && !numbers.contains(&*end))
    ++end;
  if (!spread(first, end))
    (void)spread(block->begin(), block->end());
}

/// Gives numbers to the ops from `first` to `end`, at equal distances between
/// those of the ops around them; false if there is no room.
bool OpOrder::spread(Block::iterator first, Block::iterator end) {
  Block *block = first->getBlock();
  uint64_t low = first == block->begin() ? 0 : numbers.at(&*std::prev(first));
  uint64_t high = end == block->end() ? UINT64_MAX : numbers.at(&*end);
  uint64_t distance = (high - low) / (std::distance(first, end) + 1);
  if (distance == 0)
    return false;
  for (Operation &op : llvm::make_range(first, end))
    numbers[&op] = low += distance;
  return true;
}
