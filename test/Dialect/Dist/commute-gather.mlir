// RUN: %commuter-opt %s --split-input-file --transform-interpreter --canonicalize --verify-diagnostics | FileCheck %s

// Of two gathers alike, the one that is matched. The handle to the norm that moved is
// empty then; the results are what there is now.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

// CHECK-LABEL: func @one_of_two(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>, %[[K:.*]]: tensor<4x8xf32>
// CHECK-DAG: %[[G:.*]] = dist.all_gather %[[H]] dim 0 over @mesh[dp]
// CHECK-DAG: %[[N:.*]] = norm.rms_norm %[[G]] {{.*}} : tensor<16x8xf32>
// CHECK-DAG: %[[L:.*]] = norm.rms_norm %[[K]] {{.*}} : tensor<4x8xf32>
// CHECK-DAG: %[[M:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp]
// CHECK: return %[[N]], %[[M]]
func.func @one_of_two(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @below {{a norm that is tracked}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %e = dist.all_gather %k dim 0 over @mesh[dp] {this} : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @below {{a norm that moved}}
  // expected-remark @below {{its gather}}
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m : tensor<16x8xf32>, tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} attributes {this} in %root : (!transform.any_op) -> !transform.any_op
  %n = transform.structured.match ops{["norm.rms_norm"]} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.debug.emit_remark_at %n, "a norm that is tracked" : !transform.any_op
  transform.debug.emit_remark_at %moved, "a norm that moved" : !transform.any_op
  transform.debug.emit_remark_at %gathers, "its gather" : !transform.any_op
  transform.yield
}
}

// -----

// What another gather gathers stays gathered, and is sliced: its gather stays for
// whoever else needs it. (Canonicalized, a slice of a gather is its input.)

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

// CHECK-LABEL: func @residual_of_another(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>, %[[R:.*]]: tensor<4x8xf32>
// CHECK-DAG: %[[W:.*]] = dist.all_gather %[[R]] dim 0 over @mesh[dp]
// CHECK-DAG: %[[S:.*]] = arith.addf %[[H]], %[[R]] : tensor<4x8xf32>
// CHECK-DAG: %[[L:.*]] = norm.rms_norm %[[S]]
// CHECK-DAG: %[[N:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp]
// CHECK: return %[[N]], %[[W]]
func.func @residual_of_another(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] {this} : tensor<4x8xf32> -> tensor<16x8xf32>
  %w = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @below {{moved}}
  %s = arith.addf %g, %w : tensor<16x8xf32>
  // expected-remark @below {{moved}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n, %w : tensor<16x8xf32>, tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} attributes {this} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.debug.emit_remark_at %moved, "moved" : !transform.any_op
  transform.yield
}
}

// -----

// Another gather is passed, as any collective.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4, tp = 2)

// CHECK-LABEL: func @across_another(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: %[[C:.*]] = dist.all_gather %[[H]] dim 1 over @mesh[tp] : tensor<4x8xf32> -> tensor<4x16xf32>
// CHECK: %[[L:.*]] = norm.rms_norm %[[C]] {{.*}} : tensor<4x16xf32>
// CHECK: %[[N:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
// CHECK: return %[[N]]
func.func @across_another(%h: tensor<4x8xf32>) -> tensor<16x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] {this} : tensor<4x8xf32> -> tensor<16x8xf32>
  %w = dist.all_gather %g dim 1 over @mesh[tp] : tensor<16x8xf32> -> tensor<16x16xf32>
  // expected-remark @below {{the gather of what moved}}
  %n = norm.rms_norm %w eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} attributes {this} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.debug.emit_remark_at %gathers, "the gather of what moved" : !transform.any_op
  transform.yield
}
}

// -----

// The pass's options. A handle to several gathers commutes them together.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4, tp = 2)

// CHECK-LABEL: func @options(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>, %[[K:.*]]: tensor<4x8xf32>
// CHECK-DAG: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp]
// CHECK-DAG: %[[L:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK-DAG: %[[N:.*]] = dist.all_gather %[[L]]
// CHECK-DAG: %[[E:.*]] = dist.all_gather %[[K]]
// CHECK-DAG: %[[P:.*]] = norm.rms_norm %[[K]] {{.*}} : tensor<4x8xf32>
// CHECK-DAG: %[[M:.*]] = dist.all_gather %[[P]]
// CHECK: return %[[N]], %[[E]], %[[M]]
func.func @options(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %e = dist.all_gather %k dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  return %n, %e, %m : tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g {complete_sums, allow_extra_gather} : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

// Through the call of a private function, whose type changes. The gather is in it.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

// CHECK-LABEL: func private @callee(
// CHECK-SAME: -> tensor<4x8xf32>
func.func private @callee(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %g : tensor<16x8xf32>
}

// CHECK-LABEL: func @caller(
// CHECK: %[[H:.*]] = call @callee(%{{.*}}) : (tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[L:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: dist.all_gather %[[L]]
func.func @caller(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = call @callee(%h) : (tensor<4x8xf32>) -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

// Handles lose what is erased, inside of it, too: the reduction's adder goes with the
// reduction that moved.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

// CHECK-LABEL: func @nested(
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x8xf32>)
func.func @nested(%h: tensor<4x8xf32>) -> tensor<16xf32> {
  %zero = arith.constant dense<0.0> : tensor<16xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%g : tensor<16x8xf32>) outs(%zero : tensor<16xf32>) {
  ^bb0(%a: f32, %sum: f32):
    %s = arith.addf %a, %sum : f32
    linalg.yield %s : f32
  } -> tensor<16xf32>
  return %n : tensor<16xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  %adder = transform.structured.match ops{["arith.addf"]} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.debug.emit_remark_at %adder, "not said: it is gone" : !transform.any_op
  transform.yield
}
}

// -----

// An empty handle gives empty ones.

module attributes {transform.with_named_sequence} {
transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.debug.emit_remark_at %moved, "not said" : !transform.any_op
  transform.yield
}
}
