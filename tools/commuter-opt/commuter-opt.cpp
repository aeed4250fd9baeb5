//===- commuter-opt.cpp --------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir-opt with Commuter's dialects and passes, and the upstream ones.
//
//===----------------------------------------------------------------------===//

#include "commuter/InitAll.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

#if defined(COMMUTER_INCLUDE_TESTS)
#include "TestPasses.h"
#endif

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  commuter::registerEverything(registry);
#if defined(COMMUTER_INCLUDE_TESTS)
  commuter::registerTestPasses();
#endif
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Commuter optimizer driver\n", registry));
}
