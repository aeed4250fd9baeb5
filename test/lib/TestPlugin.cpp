//===- TestPlugin.cpp ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of another compiler and its model, for --load-dialect-plugin.
//
//===----------------------------------------------------------------------===//

#include "OtherDialect.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"

extern "C" LLVM_ATTRIBUTE_WEAK mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CommuterTest", "0.1",
          [](mlir::DialectRegistry *registry) {
            registry->insert<other::OtherDialect>();
            other::registerDimParallelModels(*registry);
          }};
}
