//===- NormsF16.cu ---------------------------------------------*- CUDA -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The kernels for rows of f16. The emulation compiles this file as C++.
//
//===----------------------------------------------------------------------===//

#include "Instances.h"

const commuter::rt::cuda::Family &commuter::rt::cuda::f16Family() {
  return familyOf<F16>();
}
