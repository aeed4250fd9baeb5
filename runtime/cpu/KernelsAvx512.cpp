//===- KernelsAvx512.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for AVX-512 F, BW, VL and DQ. CMake gives this file, and no other,
// the flags: its code runs only where the processor has them.
//
//===----------------------------------------------------------------------===//

#define COMMUTER_VECTOR_BYTES 64
#define COMMUTER_HAS_F16C
#include "Kernels.h"

#include "ContractKernels.h"

const commuter::rt::KernelTable &commuter::rt::avx512Kernels() {
  static constexpr KernelTable table = makeTable("avx512");
  return table;
}

const commuter::rt::ContractTable &commuter::rt::avx512ContractTable() {
  static constexpr ContractTable table = makeContractTable();
  return table;
}
