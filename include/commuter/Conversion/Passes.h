//===- Passes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes that come from other dialects to Commuter's, or leave them.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_CONVERSION_PASSES_H
#define COMMUTER_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir {
class LLVMTypeConverter;
namespace LLVM {
class LLVMDialect;
} // namespace LLVM
} // namespace mlir

namespace commuter {
namespace dist {
class DistDialect;
} // namespace dist

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "commuter/Conversion/Passes.h.inc"

} // namespace commuter

#endif // COMMUTER_CONVERSION_PASSES_H
