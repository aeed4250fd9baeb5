//===- RuntimeTypes.h -------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element types as the runtime codes them.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_CONVERSION_RUNTIMETYPES_H
#define COMMUTER_CONVERSION_RUNTIMETYPES_H

#include "mlir/IR/Types.h"

#include <cstdint>
#include <optional>

namespace commuter {

/// The commuter_dtype_t of a type, of integers of either sign; none if the
/// runtime has no such elements.
std::optional<int32_t> getRuntimeDtype(mlir::Type type);

/// The same of elements that are moved, and not computed with: of those that
/// the runtime lacks, that of integers which take as much memory.
std::optional<int32_t> getMovedDtype(mlir::Type type);

} // namespace commuter

#endif // COMMUTER_CONVERSION_RUNTIMETYPES_H
