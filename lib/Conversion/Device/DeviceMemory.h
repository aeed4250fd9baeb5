//===- DeviceMemory.h -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where memory lives in a program for a device that has its own: memrefs of
// `index` elements, which are extents, are the host's; all others the device's.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_LIB_CONVERSION_DEVICEMEMORY_H
#define COMMUTER_LIB_CONVERSION_DEVICEMEMORY_H

#include "mlir/IR/BuiltinTypes.h"

namespace commuter {

inline bool isHostMemref(mlir::Type type) {
  auto memref = llvm::dyn_cast<mlir::BaseMemRefType>(type);
  return memref && memref.getElementType().isIndex();
}

inline bool isDeviceMemref(mlir::Type type) {
  return llvm::isa<mlir::BaseMemRefType>(type) && !isHostMemref(type);
}

} // namespace commuter

#endif // COMMUTER_LIB_CONVERSION_DEVICEMEMORY_H
