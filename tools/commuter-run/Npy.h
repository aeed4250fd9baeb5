//===- Npy.h ----------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Arrays in NumPy's .npy format: versions 1 to 3 are read, 1.0 is written.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_NPY_H
#define COMMUTER_TOOLS_COMMUTER_RUN_NPY_H

#include "Array.h"
#include "Elements.h"

namespace commuter::run {

/// Reads an array of `element`s, in C or Fortran order. bf16 and the 8-bit
/// floating-point types, which NumPy lacks, are raw (V2, V1) or unsigned
/// integers of their width. What the shape says must be what the file has.
llvm::FailureOr<Array> readNpy(llvm::StringRef path, ElementType element);

/// Writes to `file`, which becomes `path`.
llvm::LogicalResult writeNpy(llvm::StringRef file, llvm::StringRef path,
                             const Array &array, ElementType element);

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_NPY_H
