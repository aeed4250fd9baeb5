//===- EngineDialect.h ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of an engine of yours.
//
//===----------------------------------------------------------------------===//

#ifndef ENGINEDIALECT_H
#define ENGINEDIALECT_H

#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "EngineDialect.h.inc"

#define GET_OP_CLASSES
#include "EngineOps.h.inc"

#endif // ENGINEDIALECT_H
