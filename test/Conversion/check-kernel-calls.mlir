// RUN: %commuter-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(commuter-check-kernel-calls{cuda-path=/nowhere})'

gpu.module @kernels {
  // expected-error@+1 {{is called by a kernel, but CUDA's library of math functions is not at /nowhere/nvvm/libdevice/libdevice.10.bc: give a CUDA toolkit with cuda-path}}
  llvm.func @__nv_expf(f32) -> f32
  llvm.func @kernel(%x: f32) -> f32 {
    %0 = llvm.call @__nv_expf(%x) : (f32) -> f32
    llvm.return %0 : f32
  }
}

// -----

gpu.module @kernels {
  // expected-error@+1 {{is called by a kernel, but no GPU has it}}
  llvm.func @elsewhere(f32) -> f32
  llvm.func @kernel(%x: f32) -> f32 {
    %0 = llvm.call @elsewhere(%x) : (f32) -> f32
    llvm.return %0 : f32
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%x: f32) -> f32 {
    // expected-error@+1 {{is in a kernel, but has no code for a GPU}}
    %0 = math.erf %x : f32
    llvm.return %0 : f32
  }
}

// -----

gpu.module @kernels {
  llvm.func @__nv_expf(f32) -> f32
  llvm.func @kernel(%x: f32) -> f32 {
    llvm.return %x : f32
  }
}
