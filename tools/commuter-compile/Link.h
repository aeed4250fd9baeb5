//===- Link.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From an object file to a shared library, by the system's compiler driver.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_COMPILE_LINK_H
#define COMMUTER_TOOLS_COMMUTER_COMPILE_LINK_H

#include "../lib/Support.h"

namespace commuter::compile {

/// The path of the driver `name`; fails if there is none.
llvm::FailureOr<std::string> findDriver(llvm::StringRef name);

/// Links `object` to `file`, which becomes `path`; as drivers remove what they
/// cannot write, it must be a file of the tool's own. The library needs the
/// runtime by its name, not by a place: a host has it loaded, since it cannot
/// run a model without.
llvm::LogicalResult linkLibrary(llvm::StringRef driver, llvm::StringRef object,
                                llvm::StringRef file, llvm::StringRef path);

} // namespace commuter::compile

#endif // COMMUTER_TOOLS_COMMUTER_COMPILE_LINK_H
