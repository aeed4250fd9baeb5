//===- Support.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the runner's files share: errors, files and the size of the machine.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H
#define COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <string>

namespace commuter::run {

/// Prints `commuter-run: error: <message>`, on one line: what a failed run ends
/// with. In a job of processes, `error: rank N: <message>`.
llvm::LogicalResult fail(const llvm::Twine &message);

/// From now on, messages name this process's rank.
void setReportingRank(int32_t rank);

/// The contents of a file, a pipe or, for "-", of standard input. Other
/// devices, which may have no end, are refused.
llvm::FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path);

/// Bytes that this process can use: of the machine, or of its control group.
int64_t getMemoryLimit();

/// For example "1.5 GiB".
std::string printBytes(int64_t bytes);

/// Leaves at once, without destructors: for when threads are still running.
/// Temporary files are removed.
[[noreturn]] void leave();

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_SUPPORT_H
