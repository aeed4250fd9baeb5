//===- GPUChips.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names of GPUs.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_PIPELINES_GPUCHIPS_H
#define COMMUTER_PIPELINES_GPUCHIPS_H

#include "llvm/ADT/StringRef.h"

namespace commuter {

/// Whether LLVM can make code for GPUs of this name, such as "sm_90".
bool isGPUChip(llvm::StringRef name);

} // namespace commuter

#endif // COMMUTER_PIPELINES_GPUCHIPS_H
