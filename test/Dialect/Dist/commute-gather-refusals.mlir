// RUN: %commuter-opt %s --split-input-file --transform-interpreter --verify-diagnostics | FileCheck %s

// The law refuses: the pass's reason, and nothing changes. The other gather, for
// which it holds, is not looked at.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4, tp = 2)

func.func @pending(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  // expected-note @below {{blocked by this}}
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] {this} : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-note @below {{stays: pending-sum; suggestion: complete-sums=true}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %e = dist.all_gather %k dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m : tensor<16x8xf32>, tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} attributes {this} in %root : (!transform.any_op) -> !transform.any_op
  // expected-error @below {{moves nothing: pending-sum}}
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

func.func @normalized(%h: tensor<16x2xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<16x2xf32> -> tensor<16x8xf32>
  // expected-note @below {{stays: gather-dim-normalized}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  // expected-error @below {{moves nothing: gather-dim-normalized}}
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

func.func @no_norm(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  // expected-note @below {{the gather}}
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = arith.negf %g : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  // expected-error @below {{moves nothing: the gather feeds no norm or reduction}}
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

module attributes {transform.with_named_sequence} {
func.func @no_gather(%h: tensor<4x8xf32>) -> tensor<4x8xf32> {
  // expected-note @below {{this is norm.rms_norm}}
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %n = transform.structured.match ops{["norm.rms_norm"]} in %root : (!transform.any_op) -> !transform.any_op
  // expected-error @below {{expects a handle to dist.all_gather}}
  %gathers, %moved = transform.dist.commute_gather %n : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  transform.yield
}
}

// -----

// The handle is consumed.

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

func.func @consumed(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  // expected-note @below {{payload op}}
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  // expected-note @below {{handle to invalidated ops}}
  %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
  // expected-note @below {{invalidated by this transform op}}
  %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  // expected-error @below {{uses a handle invalidated by a previously executed transform op}}
  transform.debug.emit_remark_at %g, "gone" : !transform.any_op
  transform.yield
}
}

// -----

// The failure is silenceable: a script can complete sums only where it must. (The
// scope of alternatives is cloned, and is to have the mesh in it.)

module attributes {transform.with_named_sequence} {
// CHECK-LABEL: func @silenced(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp]
// CHECK: %[[L:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[L]]
module @scope {
  dist.mesh @mesh(dp = 4, tp = 2)
  func.func @silenced(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    return %n : tensor<16x8xf32>
  }
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %m = transform.structured.match ops{["builtin.module"]} attributes {sym_name = "scope"} in %root : (!transform.any_op) -> !transform.any_op
  transform.alternatives %m : !transform.any_op {
  ^bb0(%module: !transform.any_op):
    %g = transform.structured.match ops{["dist.all_gather"]} in %module : (!transform.any_op) -> !transform.any_op
    %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  }, {
  ^bb0(%module: !transform.any_op):
    %g = transform.structured.match ops{["dist.all_gather"]} in %module : (!transform.any_op) -> !transform.any_op
    %gathers, %moved = transform.dist.commute_gather %g {complete_sums} : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  }
  transform.yield
}
}

// -----

module attributes {transform.with_named_sequence} {
dist.mesh @mesh(dp = 4)

func.func @detached(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

transform.named_sequence @__transform_main(%root: !transform.any_op) {
  %f = transform.structured.match ops{["func.func"]} in %root : (!transform.any_op) -> !transform.any_op
  // expected-error @below {{all alternatives failed}}
  transform.alternatives %f : !transform.any_op {
  ^bb0(%function: !transform.any_op):
    %g = transform.structured.match ops{["dist.all_gather"]} in %function : (!transform.any_op) -> !transform.any_op
    %gathers, %moved = transform.dist.commute_gather %g : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
  }
  transform.yield
}
}
