//===- Target.h -------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The machine that programs are compiled for.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_TARGET_H
#define COMMUTER_TOOLS_LIB_TARGET_H

#include "Support.h"

#include "llvm/Target/TargetMachine.h"

namespace commuter::tools {

/// As llc has them. Empty: the host's; the host's features go with its
/// processor.
struct TargetOptions {
  std::string triple, cpu, features;
  bool isJIT = false; // the code runs in this process, far from what it calls
};

llvm::FailureOr<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetOptions &options);

/// Makes machine code of a program, whether that is run at once or kept: the
/// bits of its results are the same.
llvm::LogicalResult emitObject(llvm::Module &module,
                               llvm::TargetMachine &machine,
                               llvm::raw_pwrite_stream &os);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_TARGET_H
