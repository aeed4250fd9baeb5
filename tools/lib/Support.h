//===- Support.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the tools share: errors, files, sizes and the size of the machine.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_SUPPORT_H
#define COMMUTER_TOOLS_LIB_SUPPORT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace commuter::tools {

/// The first thing a tool does: names it in its messages, and makes what goes
/// wrong in the libraries end like all other errors.
void startTool(llvm::StringLiteral name);

/// Prints `<tool>: error: <message>`, on one line: what a failed run ends with.
/// In a job of processes, `error: rank N: <message>`.
llvm::LogicalResult fail(const llvm::Twine &message);

/// From now on, messages name this process's rank.
void setReportingRank(int32_t rank);

/// The contents of a file, a pipe or, for "-", of standard input. Other
/// devices, which may have no end, are refused.
llvm::FailureOr<std::unique_ptr<llvm::MemoryBuffer>>
readFile(llvm::StringRef path);

/// The size of a dense array; none if it does not fit an int64_t.
std::optional<int64_t> getNumBytes(llvm::ArrayRef<int64_t> shape,
                                   unsigned width);

/// Bytes that this process can use: of the machine, or of its control group.
int64_t getMemoryLimit();

/// For example "1.5 GiB".
std::string printBytes(int64_t bytes);

/// Leaves at once, without destructors: for when threads are still running.
/// Temporary files are removed.
[[noreturn]] void leave();

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_SUPPORT_H
