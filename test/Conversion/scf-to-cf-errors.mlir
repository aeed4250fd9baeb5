// RUN: %commuter-opt %s --commuter-scf-to-cf --verify-diagnostics

// Upstream has no pattern for a loop whose threads share tensors.
func.func @forall(%t: tensor<4xf32>) -> tensor<4xf32> {
  %c4 = arith.constant 4 : index
  // expected-error @+1 {{'scf.forall' op cannot be converted to branches}}
  %r = scf.forall (%i) in (%c4) shared_outs(%o = %t) -> tensor<4xf32> {
    %s = tensor.extract_slice %o[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}
