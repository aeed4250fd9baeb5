//===- LoweringFlags.h ------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The flags that say how to lower a program: those of every tool that does.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_LOWERINGFLAGS_H
#define COMMUTER_TOOLS_LIB_LOWERINGFLAGS_H

#include "Lower.h"

#include "llvm/Support/CommandLine.h"

namespace commuter::tools {

class LoweringFlags {
public:
  explicit LoweringFlags(llvm::cl::OptionCategory &category);

  /// For the host: the flags of devices are each tool's own.
  LoweringOptions get() const;
  /// One that was given, such as "--pipeline"; empty: none was.
  std::string findGiven() const;

private:
  llvm::cl::opt<std::string> pipeline;
  llvm::cl::opt<bool> checkAssertions, checkBounds, contractionLoops;
  llvm::cl::opt<std::string> cudaPath;
};

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_LOWERINGFLAGS_H
