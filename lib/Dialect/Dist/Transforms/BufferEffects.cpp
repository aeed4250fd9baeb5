//===- BufferEffects.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ops on buffers do besides computing.
//
//===----------------------------------------------------------------------===//

#include "BufferEffects.h"

#include "commuter/Dialect/Dist/IR/Dist.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace commuter::dist;

bool commuter::dist::mayCommunicate(Operation *op) {
  return !getEffectsRecursively(op) ||
         op->walk([](MeshGroupOpInterface inner) {
             return hasEffect<MemoryEffects::Write>(inner)
                        ? WalkResult::interrupt()
                        : WalkResult::advance();
           }).wasInterrupted();
}
