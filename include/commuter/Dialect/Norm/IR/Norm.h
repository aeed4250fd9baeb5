//===- Norm.h ------------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The norm dialect: row-wise normalisations and quantisations.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_IR_NORM_H
#define COMMUTER_DIALECT_NORM_IR_NORM_H

#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "commuter/Dialect/Norm/IR/NormDialect.h.inc"
#include "commuter/Dialect/Norm/IR/NormEnums.h.inc"

#define GET_OP_CLASSES
#include "commuter/Dialect/Norm/IR/NormOps.h.inc"

#endif // COMMUTER_DIALECT_NORM_IR_NORM_H
