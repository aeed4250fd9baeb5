//===- Pipelines.h ----------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The named pipelines.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_PIPELINES_PIPELINES_H
#define COMMUTER_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace commuter {

struct OptimizeOptions : public mlir::PassPipelineOptions<OptimizeOptions> {
  Option<bool> raiseNorms{*this, "raise-norms",
                          llvm::cl::desc("Runs norm-raise first"),
                          llvm::cl::init(false)};
  Option<bool> completeSums{*this, "complete-sums",
                            llvm::cl::desc("See dist-commute-norms"),
                            llvm::cl::init(false)};
  Option<bool> guard{*this, "guard", llvm::cl::desc("See dist-commute-norms"),
                     llvm::cl::init(false)};
  Option<bool> allowExtraGather{*this, "allow-extra-gather",
                                llvm::cl::desc("See dist-commute-norms"),
                                llvm::cl::init(false)};
  Option<bool> placeCollectives{*this, "place-collectives",
                                llvm::cl::desc("Runs dist-place-collectives"),
                                llvm::cl::init(false)};
  Option<bool> splitAllReduce{
      *this, "split-all-reduce",
      llvm::cl::desc("Runs dist-split-all-reduce, before "
                     "and after dist-commute-norms"),
      llvm::cl::init(false)};
  Option<uint64_t> minRows{*this, "min-rows",
                           llvm::cl::desc("See dist-split-all-reduce"),
                           llvm::cl::init(0)};
  Option<bool> padRows{*this, "pad-rows",
                       llvm::cl::desc("See dist-split-all-reduce"),
                       llvm::cl::init(false)};
  Option<bool> localizePerTensor{
      *this, "localize-per-tensor",
      llvm::cl::desc("Runs dist-localize-per-tensor-quantize"),
      llvm::cl::init(false)};
};

/// `commuter-optimize`: checks the program, moves what may move, then fuses.
void buildOptimizePipeline(mlir::OpPassManager &pm,
                           const OptimizeOptions &options);

/// CUDAEmulated: as CUDA, but the kernels are functions of the host, for tests
/// on machines without a GPU.
enum class Device { CPU, CUDA, CUDAEmulated };

struct LowerToLLVMOptions
    : public mlir::PassPipelineOptions<LowerToLLVMOptions> {
  Option<Device> device{
      *this, "device", llvm::cl::desc("The device that the program runs on"),
      llvm::cl::values(
          clEnumValN(Device::CPU, "cpu", "the host's cores"),
          clEnumValN(Device::CUDA, "cuda", "a GPU, of which PTX is made"),
          clEnumValN(Device::CUDAEmulated, "cuda-emulated",
                     "as cuda, with kernels that the host can run")),
      llvm::cl::init(Device::CPU)};
  Option<std::string> chip{
      *this, "chip",
      llvm::cl::desc("The oldest GPU that a program for cuda is to run on"),
      llvm::cl::init("sm_80")};
  Option<std::string> toolkit{
      *this, "cuda-path",
      llvm::cl::desc("The CUDA toolkit, for its library of math functions "
                     "(default: CUDA_HOME, CUDA_PATH, or /usr/local/cuda)"),
      llvm::cl::init("")};
  Option<bool> checkAssertions{*this, "check-assertions",
                               llvm::cl::desc("See dist-expand-collectives"),
                               llvm::cl::init(false)};
  Option<bool> checkBounds{
      *this, "check-bounds",
      llvm::cl::desc("Check at run time that the shapes of linalg's and "
                     "tensor's ops fit: see generate-runtime-verification"),
      llvm::cl::init(false)};
  Option<bool> contractionLoops{
      *this, "contraction-loops",
      llvm::cl::desc("Matrix products as loops, not as calls of the runtime"),
      llvm::cl::init(false)};
};

/// `commuter-lower-to-llvm`: tensors to the LLVM dialect, with calls of the
/// runtime. Every buffer is the runtime's; a function's results belong to its
/// caller, who frees them with `commuter_buffer_free`. For CUDA, the chip must
/// be one (isGPUChip): for another LLVM makes code of some default.
void buildLowerToLLVMPipeline(mlir::OpPassManager &pm,
                              const LowerToLLVMOptions &options);

void registerPipelines();

} // namespace commuter

#endif // COMMUTER_PIPELINES_PIPELINES_H
