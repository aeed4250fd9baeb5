//===- Passes.h ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes on norms and quantisations.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_H
#define COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_H

#include "commuter/Dialect/Norm/IR/Norm.h"
#include "mlir/Pass/Pass.h"

namespace commuter::norm {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "commuter/Dialect/Norm/Transforms/Passes.h.inc"

} // namespace commuter::norm

#endif // COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_H
