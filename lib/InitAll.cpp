//===- InitAll.cpp -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Registers everything that Commuter adds to an MLIR tool.
//
//===----------------------------------------------------------------------===//

#include "commuter/InitAll.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Conversion/ShardyText.h"
#include "commuter/Dialect/Dist/IR/Dist.h"
#include "commuter/Dialect/Dist/TransformOps/DistTransformOps.h"
#include "commuter/Dialect/Dist/Transforms/BufferizableOpInterfaceImpl.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"
#include "commuter/Dialect/Norm/IR/Norm.h"
#include "commuter/Dialect/Norm/Transforms/BufferizableOpInterfaceImpl.h"
#include "commuter/Dialect/Norm/Transforms/Passes.h"
#include "commuter/Interfaces/DimParallelOpInterface.h"
#include "commuter/Interfaces/RuntimeVerification.h"
#include "commuter/Pipelines/Pipelines.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

void commuter::registerAllDialects(mlir::DialectRegistry &registry) {
  registry.insert<dist::DistDialect, norm::NormDialect>();
  registerDimParallelExternalModels(registry);
  dist::registerBufferizableOpInterfaceExternalModels(registry);
  norm::registerBufferizableOpInterfaceExternalModels(registry);
  registerRuntimeVerifiableOpInterfaceExternalModels(registry);
}

void commuter::registerAllExtensions(mlir::DialectRegistry &registry) {
  dist::registerTransformDialectExtension(registry);
}

void commuter::registerAllPasses() {
  dist::registerDistPasses();
  norm::registerNormPasses();
  registerCommuterConversionPasses();
  registerPipelines();
}

void commuter::registerEverything(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllGPUToLLVMIRTranslations(registry); // for PTX
  mlir::registerAllPasses();
  commuter::registerAllDialects(registry);
  commuter::registerAllExtensions(registry);
  commuter::registerAllPasses();
  registerShardyText(registry);
}
