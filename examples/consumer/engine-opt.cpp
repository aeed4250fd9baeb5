//===- engine-opt.cpp -----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An opt tool of yours, with a dialect of yours, and Commuter's passes.
//
//===----------------------------------------------------------------------===//

#include "EngineDialect.h"
#include "commuter/InitAll.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  registry.insert<engine::EngineDialect, mlir::func::FuncDialect>();
  commuter::registerAllDialects(registry);
  commuter::registerAllPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "Engine optimizer driver\n", registry));
}
