// The kernels of a program for a GPU are PTX; those for an emulation of one are
// functions of the host. In neither does the host access the device's memory.

// RUN: %commuter-opt %s --pass-pipeline='builtin.module(commuter-lower-to-llvm{device=cuda})' | FileCheck %s --check-prefixes=BOTH,CUDA
// RUN: %commuter-opt %s --pass-pipeline='builtin.module(commuter-lower-to-llvm{device=cuda-emulated})' | FileCheck %s --check-prefixes=BOTH,EMULATED

// BOTH-NOT: gpu.
// CUDA: @commuter.image.text("{{.*}}.target sm_80
// Rounded one by one, and not joined, which ptxas would do without the suffix.
// CUDA-NOT: fma
// CUDA: mul.rn.f32
// CUDA-NOT: fma
// CUDA: add.rn.f32
// CUDA-NOT: fma
// CUDA: sqrt.rn.f32
// CUDA-NOT: fma
// CUDA: rcp.rn.f32
// CUDA-NOT: fma
// BOTH: llvm.func @main
// BOTH: llvm.call @commuter_program_device_alloc
// BOTH: llvm.call @commuter_program_launch
// EMULATED: llvm.func internal @commuter.kernel.host.main
func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = arith.mulf %x, %y : tensor<?xf32>
  %1 = arith.addf %0, %x : tensor<?xf32>
  %2 = math.rsqrt %1 : tensor<?xf32>
  return %2 : tensor<?xf32>
}
