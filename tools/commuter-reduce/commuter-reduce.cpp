//===- commuter-reduce.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir-reduce with Commuter's dialects and passes, and the upstream ones: makes
// a program smaller that a script finds interesting.
//
//===----------------------------------------------------------------------===//

#include "commuter/InitAll.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace llvm;

/// Of an input that is not interesting one of upstream's passes says so in a
/// warning, which nothing prints, the other in words of its own. They fail.
static LogicalResult explainUninteresting(Diagnostic &diagnostic) {
  std::string text = diagnostic.str();
  if (!StringRef(text).contains("uninterested module") &&
      !StringRef(text).contains("input is not interested"))
    return failure(); // for others to handle
  llvm::errs() << "commuter-reduce: error: the input is not interesting: its "
                  "test exits with 0\n";
  return success();
}

/// The file that `-o` names; empty: none. Upstream's option lives no longer
/// than its main function.
static StringRef findOutput(ArrayRef<const char *> args) {
  for (auto [i, arg] : enumerate(args)) {
    StringRef option(arg);
    if (!option.consume_front("--") && !option.consume_front("-"))
      continue;
    if (option == "o" && i + 1 < args.size())
      return args[i + 1];
    if (option.consume_front("o="))
      return option;
  }
  return {};
}

/// Nor does upstream say of an output that it cannot open it.
static void explainOutput(StringRef name) {
  if (name.empty())
    return;
  StringRef folder = sys::path::parent_path(name);
  StringRef written = sys::fs::exists(name) ? name
                      : folder.empty()      ? StringRef(".")
                                            : folder;
  if (std::error_code error =
          sys::fs::access(written, sys::fs::AccessMode::Write))
    errs() << "commuter-reduce: error: cannot open output file '" << name
           << "': " << error.message() << '\n';
}

int main(int argc, char **argv) {
  DialectRegistry registry;
  commuter::registerEverything(registry);
  MLIRContext context(registry);
  ScopedDiagnosticHandler handler(&context, explainUninteresting);
  if (succeeded(mlirReduceMain(argc, argv, context)))
    return 0;
  explainOutput(findOutput(ArrayRef(argv, argc)));
  return 1;
}
