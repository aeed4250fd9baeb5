//===- Describe.h -----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a program's entry takes and returns, and on which meshes it runs, as the
// runtime describes it (commuter_model.h).
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_DESCRIBE_H
#define COMMUTER_TOOLS_LIB_DESCRIBE_H

#include "Support.h"

#include "commuter_model.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Allocator.h"
#include "llvm/Support/StringSaver.h"

namespace commuter::tools {

/// A model with all that it points to, but for its code.
class Description {
public:
  Description() = default;
  Description(const Description &) = delete;

  commuter_model_t model{};

  /// Copies, which live as long as the description.
  template <typename T>
  llvm::ArrayRef<T> keep(llvm::ArrayRef<T> list) {
    return list.copy(memory);
  }
  const char *keep(const llvm::Twine &text) {
    return llvm::StringSaver(memory).save(text).data();
  }

private:
  llvm::BumpPtrAllocator memory;
};

/// Describes the function `entry`; if it is empty, @main or the only public
/// one, for the device cpu. What is said of the compilation is left to the
/// caller. Fails where the runtime has no such type.
llvm::FailureOr<std::unique_ptr<Description>> describe(mlir::ModuleOp module,
                                                       llvm::StringRef entry);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_DESCRIBE_H
