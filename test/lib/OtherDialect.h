//===- OtherDialect.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of another compiler, and the model that makes its op movable.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TEST_LIB_OTHERDIALECT_H
#define COMMUTER_TEST_LIB_OTHERDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "OtherDialect.h.inc"

#define GET_OP_CLASSES
#include "OtherOps.h.inc"

namespace other {

/// Makes other.rowwise movable.
void registerDimParallelModels(mlir::DialectRegistry &registry);

} // namespace other

#endif // COMMUTER_TEST_LIB_OTHERDIALECT_H
