//===- KernelsAvx512Bf16.cpp ------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for AVX-512 with BF16 conversion. CMake gives this file, and no
// other, the flags: its code runs only where the processor has them.
//
//===----------------------------------------------------------------------===//

#define COMMUTER_VECTOR_BYTES 64
#define COMMUTER_HAS_F16C
#define COMMUTER_HAS_AVX512BF16
#include "Kernels.h"

const commuter::rt::KernelTable &commuter::rt::avx512bf16Kernels() {
  static constexpr KernelTable table = makeTable("avx512bf16");
  return table;
}
