//===- Outputs.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Files that appear under their names only when they are complete.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TOOLS_LIB_OUTPUTS_H
#define COMMUTER_TOOLS_LIB_OUTPUTS_H

#include "Support.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace commuter::tools {

/// Files that get their final names together, once all of them are complete.
/// Until then they, and folders made for them, go when this goes or when the
/// process is interrupted (folders stay then).
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  ~OutputFiles();

  /// A file that is read, which none of these may replace.
  void keep(llvm::StringRef path);

  /// Makes sure that there is such a folder, and that it can be written.
  llvm::LogicalResult addFolder(llvm::StringRef path);

  /// Where to write what will be `path`. Devices and pipes are written to
  /// directly: they must not be replaced, nor must links. Fails if it leads to
  /// another one's file, or to one that is kept.
  llvm::FailureOr<std::string> add(const llvm::Twine &path);

  /// Fails if `add` would, before there is what to write.
  llvm::LogicalResult check(const llvm::Twine &path) const;

  llvm::LogicalResult commit();

private:
  struct File {
    std::string temporary, path;
  };
  std::vector<File> files;
  std::vector<std::string> kept;
  std::vector<std::string> folders; // made here, the outermost first
};

/// Writes `file`, by the name of `path` in messages.
llvm::LogicalResult
writeFile(llvm::StringRef file, const llvm::Twine &path,
          llvm::function_ref<void(llvm::raw_fd_ostream &)> write);

} // namespace commuter::tools

#endif // COMMUTER_TOOLS_LIB_OUTPUTS_H
