//===- CommandLine.h --------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reading a command line, with errors like all others.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_COMMANDLINE_H
#define COMMUTER_TOOLS_LIB_COMMANDLINE_H

#include "Support.h"

#include "llvm/Support/CommandLine.h"

namespace commuter::tools {

/// Reads into the options of `category`, the only ones that --help shows.
/// Leaves the process after --help and --version.
llvm::LogicalResult parseCommandLine(int argc, char **argv,
                                     llvm::cl::OptionCategory &category,
                                     llvm::StringRef overview);

/// "--<option> <value>: expected <expected>".
llvm::LogicalResult badOption(llvm::StringRef option, llvm::StringRef value,
                              const llvm::Twine &expected);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_COMMANDLINE_H
