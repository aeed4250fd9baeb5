//===- commuter-plugin.cpp -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Commuter's dialects, extensions and passes for the stock mlir-opt:
// --load-dialect-plugin and --load-pass-plugin.
//
//===----------------------------------------------------------------------===//

#include "commuter/Conversion/ShardyText.h"
#include "commuter/InitAll.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Commuter", "0.1",
          [](mlir::DialectRegistry *registry) {
            commuter::registerAllDialects(*registry);
            commuter::registerAllExtensions(*registry);
            commuter::registerShardyText(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_WEAK mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Commuter", "0.1",
          []() { commuter::registerAllPasses(); }};
}
