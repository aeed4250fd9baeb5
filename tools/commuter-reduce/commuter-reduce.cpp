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
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

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

int main(int argc, char **argv) {
  DialectRegistry registry;
  commuter::registerEverything(registry);
  MLIRContext context(registry);
  ScopedDiagnosticHandler handler(&context, explainUninteresting);
  return failed(mlirReduceMain(argc, argv, context));
}
