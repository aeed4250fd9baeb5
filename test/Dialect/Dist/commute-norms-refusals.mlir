// RUN: %commuter-opt %s --dist-commute-norms --allow-unregistered-dialect --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// A pending sum: DP != TP.
dist.mesh @mesh(dp = 4, attn_tp = 2)
// CHECK-LABEL: func @pending_sum(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @pending_sum(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [attn_tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The sum is pending past the gather: the norm is wrong as it stands.
dist.mesh @mesh(dp = 4, attn_tp = 2)
// CHECK-LABEL: func @still_pending(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @still_pending(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, attn_tp = ?)
// CHECK-LABEL: func @unknown_axis_size(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @unknown_axis_size(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [attn_tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unknown-axis-size}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @gather_dim_normalized(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @gather_dim_normalized(%h: tensor<4x8xf32>) -> tensor<4x32xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x8xf32> -> tensor<4x32xf32>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<4x32xf32>
  return %n : tensor<4x32xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @middle_dim_normalized(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.layer_norm %[[G]]
func.func @middle_dim_normalized(%h: tensor<2x4x8xf32>) -> tensor<2x16x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %n = norm.layer_norm %g axis 1 eps 1.0e-06 : tensor<2x16x8xf32>
  return %n : tensor<2x16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @operand_not_replicated(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @operand_not_replicated(%h: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The residual may differ from rank to rank, row by row.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @residual_not_replicated(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: arith.addf %[[G]]
func.func @residual_not_replicated(%h: tensor<4x8xf32>, %r: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = arith.addf %g, %r : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(a = 2, b = 2)
// CHECK-LABEL: func @operand_gathered_differently(
// CHECK: arith.addf
// CHECK: norm.rms_norm %{{.*}} : tensor<8x8xf32>
func.func @operand_gathered_differently(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[a] : tensor<4x8xf32> -> tensor<8x8xf32>
  %q = dist.all_gather %r dim 0 over @mesh[b] : tensor<4x8xf32> -> tensor<8x8xf32>
  %s = arith.addf %g, %q : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @other_users(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[N:.*]] = norm.rms_norm %[[G]]
// CHECK: return %[[G]], %[[N]]
func.func @other_users(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %g, %n : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// Behind the widening cast the gather would move twice the bytes.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @not_profitable(
// CHECK: dist.all_gather {{.*}} : tensor<4x8xbf16> -> tensor<16x8xbf16>
// CHECK: norm.rms_norm %{{.*}} : tensor<16x8xf32>
func.func @not_profitable(%h: tensor<4x8xbf16>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  %e = arith.extf %g : tensor<16x8xbf16> to tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-profitable, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The gather would be reached by some ranks only.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @divergent_control_flow(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: scf.if
// CHECK: norm.rms_norm %[[G]]
func.func @divergent_control_flow(%h: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %0 = scf.if %c -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=divergent-control-flow}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %n : tensor<16x8xf32>
  } else {
    scf.yield %g : tensor<16x8xf32>
  }
  return %0 : tensor<16x8xf32>
}

// -----

// Ragged rows, of which a rank takes an even part: that need not be its own.
dist.mesh @mesh(dp = ?)
// CHECK-LABEL: func @even_part(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_slice %[[G]]
func.func @even_part(%h: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion="give the gather and the slice the same extents, so that the slice is the rank's own"}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %n, %own : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Nothing is known of the op in between.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @unsupported_op(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.reshape %[[G]]
func.func @unsupported_op(%h: tensor<4x8xf32>, %s: tensor<2xindex>) -> tensor<?x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %p = tensor.reshape %g(%s) : (tensor<16x8xf32>, tensor<2xindex>) -> tensor<?x16xf32>
  // expected-remark @+1 {{Reason=unsupported-op}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<?x16xf32>
  return %n : tensor<?x16xf32>
}

// -----

// Nothing says when, or whether, the op runs its region.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @unknown_region(
// CHECK: dist.all_gather
// CHECK: "test.region"
// CHECK-NEXT: norm.rms_norm %{{.*}} : tensor<16x8xf32>
func.func @unknown_region(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = "test.region"() ({
    // expected-remark @+1 {{Reason=unsupported-op, Suggestion="implement RegionBranchOpInterface for the op"}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    "test.yield"(%n) : (tensor<16x8xf32>) -> ()
  }) : () -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// -----

// Ranks may take the iterations of a parallel loop in other orders: no gather goes
// into it.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @parallel_loop(
// CHECK: scf.forall
// CHECK-NEXT: norm.rms_norm %{{.*}} : tensor<8x8xf32>
func.func @parallel_loop(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %r = scf.forall (%i) in (8) shared_outs(%o = %g) -> tensor<8x8xf32> {
    // expected-remark @+1 {{Reason=divergent-control-flow, Suggestion="run it outside of what ranks run in no common order, or in a sequential loop"}}
    %n = norm.rms_norm %o eps 1.0e-6 : tensor<8x8xf32>
    %e = tensor.extract_slice %n[%i, 0] [1, 8] [1, 1] : tensor<8x8xf32> to tensor<1x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %e into %o[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<8x8xf32>
    }
  }
  return %r : tensor<8x8xf32>
}

// -----

// What another thread runs comes to its gathers whenever it does.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @task(
// CHECK: dist.all_gather
// CHECK: async.execute
// CHECK-NEXT: norm.rms_norm %{{.*}} : tensor<8x8xf32>
func.func @task(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %token, %later = async.execute -> !async.value<tensor<8x8xf32>> {
    // expected-remark @+1 {{Reason=divergent-control-flow}}
    %n = norm.rms_norm %g eps 1.0e-6 : tensor<8x8xf32>
    async.yield %n : tensor<8x8xf32>
  }
  %r = async.await %later : !async.value<tensor<8x8xf32>>
  return %r : tensor<8x8xf32>
}

// -----

// What is summed over the gather's ranks and scattered over them is their own rows
// again: the norm behind it is no candidate. Over other ranks it is.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @scattered(
func.func @scattered(%h: tensor<4x8xf32>, %w: tensor<8xf32>) -> (tensor<4x8xf32>, tensor<8x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  %own = dist.reduce_scatter %n sum dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %m = norm.rms_norm %own eps 1.0e-06 : tensor<4x8xf32>
  %other = dist.reduce_scatter %n sum dim 0 over @mesh[tp] : tensor<16x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %o = norm.rms_norm %other eps 1.0e-06 : tensor<8x8xf32>
  return %m, %o : tensor<4x8xf32>, tensor<8x8xf32>
}

// -----

// A mesh of two ranks cannot name the four that the gather is over: what it says
// of its own says nothing of them.
dist.mesh @mesh(dp = 4)
dist.mesh @half(a = 2)
// CHECK-LABEL: func @mesh_of_other_ranks(
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @mesh_of_other_ranks(%x: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@half, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A region that reads what is gathered needs all of it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @captured
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @captured(%x: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %c15 = arith.constant 15 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x8xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.subi %c15, %i : index
    %v = tensor.extract %g[%k, %j] : tensor<16x8xf32>
    linalg.yield %v : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<16x8xf32>
  %t = tensor.generate {
  ^bb0(%i: index, %j: index):
    %k = arith.subi %c15, %i : index
    %v = tensor.extract %g[%k, %j] : tensor<16x8xf32>
    tensor.yield %v : f32
  } : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op}}
  %m = norm.rms_norm %t eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// The residual's gather alone would let the norm move, for another gather; with the sum
// completed, that of what it is added to would.
dist.mesh @mesh(dp = 4, tp = 2, ep = ?)
// CHECK-LABEL: func @sum_and_residual
// CHECK: norm.add_rms_norm {{.*}} : tensor<8x8xf32>
// CHECK: norm.add_rms_norm {{.*}} : tensor<8x8xf32>
func.func @sum_and_residual(%h: tensor<2x8xf32>, %r: tensor<2x8xf32>, %r2: tensor<2x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %gr = dist.all_gather %r dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
  %s, %n = norm.add_rms_norm %g, %gr eps 1.0e-06 : tensor<8x8xf32>
  %g2 = dist.all_gather %h dim 0 over @mesh[dp] summing [ep] : tensor<2x8xf32> -> tensor<8x8xf32>
  %gr2 = dist.all_gather %r2 dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=unknown-axis-size}}
  %s2, %n2 = norm.add_rms_norm %g2, %gr2 eps 1.0e-06 : tensor<8x8xf32>
  return %s, %n, %s2, %n2 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// What needs all of it is in the way, not the other norm, which stays for that as well.
dist.mesh @mesh(dp = 4)
func.func @who_needs_all(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>, f32) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %x = tensor.extract %g[%c0, %c0] : tensor<16x8xf32> loc("needs_all")
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true, blocked-by=loc("needs_all")}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true, blocked-by=loc("needs_all")}}
  %m = norm.layer_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m, %x : tensor<16x8xf32>, tensor<16x8xf32>, f32
}
