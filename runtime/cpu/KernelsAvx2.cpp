//===- KernelsAvx2.cpp ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for AVX2 and F16C. CMake gives this file, and no other, the flags:
// its code runs only where the processor has them.
//
//===----------------------------------------------------------------------===//

#define COMMUTER_VECTOR_BYTES 32
#define COMMUTER_HAS_F16C
#include "Kernels.h"

#include "ContractKernels.h"

const commuter::rt::KernelTable &commuter::rt::avx2Kernels() {
  static constexpr KernelTable table = makeTable("avx2");
  return table;
}

const commuter::rt::ContractTable &commuter::rt::avx2ContractTable() {
  static constexpr ContractTable table = makeContractTable();
  return table;
}
