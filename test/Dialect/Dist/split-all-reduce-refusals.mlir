// RUN: %commuter-opt %s --dist-split-all-reduce=min-rows=4 --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s --implicit-check-not=dist.reduce_scatter --implicit-check-not=dist.all_slice

dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @odd_rows(
// CHECK: %[[S:.*]] = dist.all_reduce
// CHECK: norm.rms_norm %[[S]]
func.func @odd_rows(%h: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<5x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise, Suggestion=pad-rows=true, blocked-by}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<5x8xf32>
  return %n : tensor<5x8xf32>
}

// -----

// 12 rows in all, but 3 on each rank.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @odd_rows_of_gather(
// CHECK: %[[G:.*]] = dist.all_gather {{.*}} summing [tp]
// CHECK: norm.rms_norm %[[G]]
func.func @odd_rows_of_gather(%h: tensor<3x8xf32>) -> tensor<12x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<3x8xf32> -> tensor<12x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise, Suggestion=pad-rows=true, blocked-by}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<12x8xf32>
  return %n : tensor<12x8xf32>
}

// -----

dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @dynamic_rows(
// CHECK: dist.all_reduce
func.func @dynamic_rows(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise, Suggestion="give the rows a static size"}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

dist.mesh @mesh(tp = ?)
// CHECK-LABEL: func @unknown_axis_size(
// CHECK: dist.all_reduce
func.func @unknown_axis_size(%h: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=unknown-axis-size, Suggestion="give the axis a size in dist.mesh"}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @few_rows(
// CHECK: dist.all_reduce
func.func @few_rows(%h: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<2x8xf32>
  // expected-remark @+1 {{Reason=not-profitable, Suggestion="lower min-rows"}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<2x8xf32>
  return %n : tensor<2x8xf32>
}

// -----

// Every dimension is normalised.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @no_rows(
// CHECK: dist.all_reduce
func.func @no_rows(%h: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %n = norm.layer_norm %s axis 0 eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// Some ranks of a group may come to another collective meanwhile.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @divergent_control_flow(
// CHECK: dist.all_reduce
func.func @divergent_control_flow(%h: tensor<8x8xf32>, %c: i1) -> tensor<8x8xf32> {
  %0 = scf.if %c -> tensor<8x8xf32> {
    %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
    // expected-remark @+1 {{Reason=divergent-control-flow}}
    %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
    scf.yield %n : tensor<8x8xf32>
  } else {
    scf.yield %h : tensor<8x8xf32>
  }
  return %0 : tensor<8x8xf32>
}

// -----

// What did not pay is as it was, attributes included.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @other_users(
// CHECK: %[[S:.*]] = dist.all_reduce %{{.*}} sum over @mesh[tp] {my.attribute}
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK-NEXT: return %[[N]], %[[S]]
func.func @other_users(%h: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %s = dist.all_reduce %h sum over @mesh[tp] {my.attribute} : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n, %s : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @other_users_of_gather(
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %{{.*}} summing [tp] {my.attribute}
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[G]]
// CHECK-NEXT: return %[[N]], %[[G]]
func.func @other_users_of_gather(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] {my.attribute} : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n, %g : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @operand_not_replicated(
// CHECK: dist.all_reduce
// CHECK-NEXT: norm.rms_norm
func.func @operand_not_replicated(%h: tensor<8x8xf32>, %w: tensor<8xf32>) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %s scale %w eps 1.0e-06 : tensor<8x8xf32>, tensor<8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// A sum is pending in the residual: the norm is wrong as it stands.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @residual_pending(
// CHECK: dist.all_reduce
// CHECK-NEXT: arith.addf
func.func @residual_pending(%h: tensor<8x8xf32>, %p: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
  %a = arith.addf %s, %p : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// Behind the widening cast the gather would move twice the bytes.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @not_profitable(
// CHECK: dist.all_reduce
func.func @not_profitable(%h: tensor<8x8xbf16>) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xbf16>
  %e = arith.extf %s : tensor<8x8xbf16> to tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-profitable, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// A sum over one rank, a scale that is agreed upon, a sum that feeds no norm: no
// candidates, and no remarks.
dist.mesh @mesh(tp = 1, dp = 2)
// CHECK-LABEL: func @no_candidates(
// CHECK-COUNT-3: dist.all_reduce
func.func @no_candidates(%h: tensor<8x8xf32>, %q: tensor<f32>) -> (tensor<8x8xf32>, tensor<8x8xi8>, tensor<8x8xf32>) {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  %m = dist.all_reduce %q max over @mesh[dp] : tensor<f32>
  %i = norm.quantize %h static %m : tensor<8x8xf32>, tensor<f32> -> tensor<8x8xi8>
  %r = dist.all_reduce %h sum over @mesh[dp] : tensor<8x8xf32>
  return %n, %i, %r : tensor<8x8xf32>, tensor<8x8xi8>, tensor<8x8xf32>
}
