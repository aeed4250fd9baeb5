//===- Passes.h ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes on distributed tensor programs.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_H
#define COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_H

#include "commuter/Dialect/Dist/IR/Dist.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace commuter::dist {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "commuter/Dialect/Dist/Transforms/Passes.h.inc"

} // namespace commuter::dist

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_H
