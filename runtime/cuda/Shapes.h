//===- Shapes.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The table of shapes, for tests and timings.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CUDA_SHAPES_H
#define COMMUTER_RUNTIME_CUDA_SHAPES_H

#include "Arguments.h"

#include <span>

namespace commuter::rt::cuda {

/// In order of preference; launchNorm takes the first that fits.
std::span<const NormShape> normShapes();

} // namespace commuter::rt::cuda

#endif // COMMUTER_RUNTIME_CUDA_SHAPES_H
