//===- Contract.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contractions on the CPU.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_CPU_CONTRACT_H
#define COMMUTER_RUNTIME_CPU_CONTRACT_H

#include "../src/Device.h"
#include "ContractTable.h"

namespace commuter::rt {

/// On the calling thread alone: ranks share the cores already.
Status contract(const ContractTable &kernels, const ContractCall &call);

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_CPU_CONTRACT_H
