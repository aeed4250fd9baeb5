//===- Pipelines.cpp ------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The named pipelines: commuter-optimize and commuter-lower-to-llvm.
//
//===----------------------------------------------------------------------===//

#include "commuter/Pipelines/Pipelines.h"

#include "commuter/Conversion/Passes.h"
#include "commuter/Dialect/Dist/Transforms/Passes.h"
#include "commuter/Dialect/Norm/Transforms/Passes.h"
#include "commuter/Pipelines/GPUChips.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/MathToFuncs/MathToFuncs.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/TensorToLinalg/TensorToLinalgPass.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

#include <cstdlib>

using namespace mlir;
using namespace commuter;

void commuter::buildOptimizePipeline(OpPassManager &pm,
                                     const OptimizeOptions &options) {
  if (options.raiseNorms)
    pm.addPass(norm::createRaiseNormsPass());
  pm.addPass(dist::createCheckShardingsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // A norm that gathers and sums feed is split while the sums do, before its
  // gathers move; one with a gather between it and the sum, when that has
  // moved. Which gathers are extra is seen then.
  auto splitAllReduce = [&](bool allowExtraGather) {
    if (options.splitAllReduce)
      pm.addPass(dist::createSplitAllReducePass(
          {options.minRows, options.padRows, allowExtraGather}));
  };
  splitAllReduce(/*allowExtraGather=*/false);
  pm.addPass(dist::createCommuteNormsPass(
      {options.completeSums, options.guard, options.allowExtraGather}));
  splitAllReduce(options.allowExtraGather);
  if (options.localizePerTensor)
    pm.addPass(dist::createLocalizePerTensorQuantizePass());
  if (options.placeCollectives)
    pm.addPass(dist::createPlaceCollectivesPass({options.completeSums}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(norm::createFuseNormsPass());
}

/// Tensors to owned buffers. Destination-passing ops reuse the buffers of dead
/// values; collectives and norms write into new ones, never through a copy.
static void bufferize(OpPassManager &pm, bool isForHost) {
  // Loops and branches of affine can be on tensors, too.
  pm.addPass(createLowerAffinePass());
  pm.addPass(createStructureBlocksPass());
  pm.addPass(createDecomposeAggregatesPass());
  pm.addPass(createNestSwitchesPass());
  pm.addPass(createBranchOnSelectsPass());
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addPass(createKeepUnwrittenPass());
  pm.addPass(createLinalgElementwiseOpFusionPass());
  pm.addPass(createConvertTensorToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  if (!isForHost)
    pm.addPass(createFillConstantsPass());
  pm.addPass(createBoundReusePass());
  pm.addPass(createIsolateResultsPass());
  pm.addPass(createBoundReadsPass());
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  // A loop may carry a tensor that a collective makes anew in each iteration.
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(dist::createGatherInPlacePass());
  pm.addPass(dist::createCoalesceGathersPass());
}

/// Who frees a buffer, and when.
static void insertDeallocations(OpPassManager &pm) {
  pm.addPass(memref::createExpandReallocPass({/*emitDeallocs=*/false}));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createFreeAfterLastUsePass());
  pm.addPass(bufferization::createOwnershipBasedBufferDeallocationPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(bufferization::createBufferDeallocationSimplificationPass());
}
static void lowerDeallocations(OpPassManager &pm) {
  pm.addPass(bufferization::createLowerDeallocationsPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createConvertBufferizationToMemRefPass());
}

/// Scalar code of floats of 8 and 16 bits computes in f32 and rounds after each
/// op, which is what IEEE arithmetic of these types gives, on every target and
/// without help of a compiler's library.
static void legalizeScalars(OpPassManager &pm) {
  pm.addPass(createExpandScalarsPass());
  math::MathExtendToSupportedTypesOptions extend;
  pm.addPass(math::createMathExtendToSupportedTypes(extend));
  pm.addPass(createConvertMathToFuncs());
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs = {"bf16", "f16", "f8E4M3FN", "f8E5M2"};
  emulate.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  pm.addPass(createDropFastMathPass());
  pm.addPass(createExpandFloat8Pass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
}

/// The folder that is given, or where CUDA says that its toolkit is.
static std::string findCUDAToolkit(StringRef given) {
  if (!given.empty())
    return given.str();
  for (const char *variable : {"CUDA_HOME", "CUDA_PATH"})
    if (const char *folder = std::getenv(variable))
      return folder;
  return "/usr/local/cuda";
}

/// PTX 8.1 has arguments of kernels beyond 4 KiB. Of GPUs that it does not
/// know, LLVM takes the first version that does.
static std::string getPTXFeatures(StringRef chip) {
  unsigned number;
  chip.consume_front("sm_");
  return chip.getAsInteger(10, number) || number > 90 ? "" : "+ptx81";
}

/// The kernels to PTX, which any later GPU than the chip takes, too. Nothing is
/// fused that the program does not fuse.
static void lowerKernels(OpPassManager &pm,
                         const commuter::LowerToLLVMOptions &options) {
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createSCFToCFPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  kernels.addPass(createConvertGpuOpsToNVVMOps());
  kernels.addPass(createConvertMathToLLVMPass()); // what has an instruction
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createRoundRootsPass());
  const std::string toolkit = findCUDAToolkit(options.toolkit);
  pm.addPass(createCheckKernelCallsPass({toolkit}));
  GpuNVVMAttachTargetOptions target;
  target.chip = options.chip;
  target.features = getPTXFeatures(options.chip);
  target.optLevel = 3;
  pm.addPass(createGpuNVVMAttachTarget(target));
  GpuModuleToBinaryPassOptions binary;
  binary.toolkitPath = toolkit;
  binary.compilationTarget = "isa";
  pm.addPass(createGpuModuleToBinaryPass(binary));
}

/// What there is on memrefs, to kernels and calls of the runtime.
static void lowerForDevice(OpPassManager &pm,
                           const commuter::LowerToLLVMOptions &options) {
  // In the ops' bodies, so that kernels and host have the same code.
  legalizeScalars(pm);
  pm.addPass(createConvertLinalgToKernelsPass());
  if (options.device == Device::CUDA)
    lowerKernels(pm, options);
  // Before kernels for an emulation are functions like any other.
  pm.addPass(createConvertDeviceMemoryToRuntimePass());
  pm.addPass(createConvertLaunchesToRuntimePass());
}

void commuter::buildLowerToLLVMPipeline(OpPassManager &pm,
                                        const LowerToLLVMOptions &options) {
  const bool isForHost = options.device == Device::CPU;
  if (options.checkBounds) {
    // Of shapes that differ, linalg's ops are asked, not those of arith.
    pm.addPass(createConvertElementwiseToLinalgPass());
    pm.addPass(createGenerateRuntimeVerificationPass());
  }
  pm.addPass(createDropFastMathPass());
  pm.addPass(createSetEntryABIPass());
  pm.addPass(dist::createExpandCollectivesPass({options.checkAssertions}));
  pm.addPass(createCSEPass());
  if (!options.contractionLoops)
    pm.addPass(createNameContractionsPass());
  bufferize(pm, isForHost);
  insertDeallocations(pm);
  if (isForHost)
    lowerDeallocations(pm);

  if (!options.contractionLoops)
    pm.addPass(createConvertContractionsToRuntimePass());
  if (!isForHost) {
    lowerForDevice(pm, options);
    lowerDeallocations(pm);
  }
  pm.addPass(createConvertLinalgToLoopsPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToCFPass());
  legalizeScalars(pm);
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());

  pm.addPass(createConvertGlobalsToRuntimePass());
  pm.addPass(createConvertDistToRuntimePass());
  pm.addPass(createFinalizeToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
  pm.addPass(createBFloat16ToBitsPass());
}

/// As PassPipelineRegistration has them, but the options can be refused.
static LogicalResult
parseLowerToLLVM(OpPassManager &pm, StringRef text,
                 function_ref<LogicalResult(const Twine &)> fail) {
  commuter::LowerToLLVMOptions options;
  if (failed(options.parseFromString(text)))
    return failure();
  if (options.device == Device::CUDA && !isGPUChip(options.chip))
    return fail("chip=" + options.chip +
                ": expected a GPU that LLVM knows, such as sm_90");
  buildLowerToLLVMPipeline(pm, options);
  return success();
}

void commuter::registerPipelines() {
  PassPipelineRegistration<OptimizeOptions>(
      "commuter-optimize",
      "Checks a distributed tensor program, moves what may move, then fuses",
      buildOptimizePipeline);
  registerPassPipeline(
      "commuter-lower-to-llvm",
      "Tensors to the LLVM dialect with calls of Commuter's runtime",
      parseLowerToLLVM,
      [](function_ref<void(const mlir::detail::PassOptions &)> show) {
        show(commuter::LowerToLLVMOptions());
      });
}
