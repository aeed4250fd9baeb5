// RUN: %commuter-opt %s --commuter-finalize-to-llvm --split-input-file --verify-diagnostics

// What a pass before should have expanded.
func.func @strided(%m: memref<4x4xf32>, %i: index) -> memref<2x2xf32, strided<[4, 1], offset: ?>> {
  // expected-error @+1 {{failed to legalize operation 'memref.subview' that was explicitly marked illegal}}
  %s = memref.subview %m[%i, 0] [2, 2] [1, 1] : memref<4x4xf32> to memref<2x2xf32, strided<[4, 1], offset: ?>>
  return %s : memref<2x2xf32, strided<[4, 1], offset: ?>>
}

// -----

// LLVM has no arithmetic of floats of 8 bits.
func.func @float8(%x: f8E4M3FN) -> f32 {
  // expected-error @+1 {{failed to legalize operation 'arith.extf' that was explicitly marked illegal}}
  %y = arith.extf %x : f8E4M3FN to f32
  return %y : f32
}
