//===- KernelsPortable.cpp --------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for any processor: vectors of 16 bytes, which the compiler maps to
// what the target has, or to scalars.
//
//===----------------------------------------------------------------------===//

#define COMMUTER_VECTOR_BYTES 16
#include "Kernels.h"

#include "ContractKernels.h"

const commuter::rt::KernelTable &commuter::rt::portableKernels() {
  static constexpr KernelTable table = makeTable("portable");
  return table;
}

const commuter::rt::ContractTable &commuter::rt::portableContractTable() {
  static constexpr ContractTable table = makeContractTable();
  return table;
}
