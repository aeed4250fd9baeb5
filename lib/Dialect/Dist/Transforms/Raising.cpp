//===- Raising.cpp --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ops that the motion does not know, raised to those that it does, before it
// begins.
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

using namespace mlir;
using namespace commuter;
using namespace commuter::dist;

bool commuter::dist::raiseAndMove(
    Operation *top, ArrayRef<FunctionOpInterface> functions,
    const ShardingAnalysis &asWritten,
    function_ref<bool(const ShardingAnalysis &)> move) {
  bool isRaised = raiseOwnSlices(functions, asWritten);
  isRaised |= raiseReshapes(functions, asWritten);
  isRaised |= raiseExchanges(functions, asWritten);
  if (!isRaised)
    return move(asWritten);
  (void)move(ShardingAnalysis(top));
  return true;
}
