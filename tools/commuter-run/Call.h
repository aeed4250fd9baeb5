//===- Call.h ---------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One rank's call of a compiled entry: MLIR's packed calling convention.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_COMMUTER_RUN_CALL_H
#define COMMUTER_TOOLS_COMMUTER_RUN_CALL_H

#include "Array.h"
#include "Compile.h"
#include "Signature.h"

#include "commuter_rt.h"

namespace commuter::run {

/// MLIR's memref descriptor: allocated, aligned, offset, sizes, strides.
class Descriptor {
public:
  static int64_t getWords(size_t rank) { return 3 + 2 * rank; }

  explicit Descriptor(const Array &array);
  void *data() { return words.data(); }

private:
  std::vector<int64_t> words;
};

/// The packed arguments of a call, and the memory of what it returns.
class Call {
public:
  /// The arguments must outlive the call.
  Call(const Signature &signature, const CompiledProgram &program,
       const std::vector<Array> &arguments);
  Call(const Call &) = delete;

  commuter_status_t run(commuter_context_t *context);

  /// The results of the last run. They own the runtime's buffers, of which
  /// there are `buffers`. Fails where a size is negative or too large.
  llvm::LogicalResult takeResults(std::vector<Array> &results, int64_t &buffers,
                                  std::string &error);

private:
  const Signature &signature;
  const CompiledProgram &program;
  std::vector<int64_t> offsets; // of the results in `memory`
  std::vector<uint64_t> memory;
  void *resultPointer;
  std::vector<Descriptor> descriptors;
  std::vector<void *> pointers;
  std::vector<void *> packed;
};

} // namespace commuter::run

#endif // COMMUTER_TOOLS_COMMUTER_RUN_CALL_H
