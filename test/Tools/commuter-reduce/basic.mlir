// What keeps a norm behind its gather is left, of a function with more in it.
// RUN: %commuter-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" | FileCheck %s
// Its passes are there: the norm that can move does, and the program stays
// interesting.
// RUN: %commuter-reduce %s --opt-reduction-pass="opt-pass=dist-commute-norms test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" | FileCheck %s --check-prefix=PASS

dist.mesh @mesh(dp = 4, tp = 2)

// CHECK: func.func @stays(
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %{{.*}} summing [tp]
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[G]]
// CHECK-NEXT: return %[[N]]
// PASS: func.func @stays(
// PASS: norm.rms_norm {{.*}} : tensor<4x8xf32>
// PASS: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @stays(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %s = dist.all_reduce %k sum over @mesh[tp] : tensor<4x8xf32>
  %e = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %a = arith.negf %m : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
