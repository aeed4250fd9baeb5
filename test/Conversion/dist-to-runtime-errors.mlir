// RUN: %commuter-opt %s --convert-dist-to-runtime --split-input-file --verify-diagnostics

func.func @tensors(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-error @+1 {{'norm.rms_norm' op is on tensors; expected buffers: run dist-expand-collectives and one-shot-bufferize before convert-dist-to-runtime}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}

// -----

// One error, and not that the op is illegal as well.
dist.mesh @mesh(dp = 2)
func.func @elements(%x: memref<4xi128>, %y: memref<8xi128>) {
  // expected-error @+1 {{'dist.all_gather_into' op has an operand of type 'memref<4xi128>', whose elements the runtime lacks}}
  dist.all_gather_into %x, %y dim 0 over @mesh[dp] : memref<4xi128>, memref<8xi128>
  return
}
