// A transform script drives the passes, with their options. (It may not change the
// module that it stands in.)
// RUN: %commuter-opt %s --transform-interpreter | FileCheck %s

module attributes {transform.with_named_sequence} {

// CHECK: module @payload
// CHECK-LABEL: func @f(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>, %[[R:.*]]: tensor<4x8xf32>
// CHECK: %[[C:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp]
// CHECK: %[[S:.*]], %[[L:.*]] = norm.add_rms_norm %[[C]], %[[R]] {{.*}} : tensor<4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp]
// CHECK: return %[[G]]
module @payload {
  dist.mesh @mesh(dp = 4, tp = 2)
  func.func @f(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %w = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %s = arith.addf %g, %w : tensor<16x8xf32>
    %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
    return %n : tensor<16x8xf32>
  }
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %m = transform.structured.match ops{["builtin.module"]} attributes {sym_name = "payload"} in %root : (!transform.any_op) -> !transform.any_op
  %c = transform.apply_registered_pass "dist-commute-norms" with options = {"complete-sums" = true} to %m : (!transform.any_op) -> !transform.any_op
  %f = transform.apply_registered_pass "norm-fuse" to %c : (!transform.any_op) -> !transform.any_op
  transform.yield
}
}
