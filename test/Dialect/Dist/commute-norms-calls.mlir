// Slices go into private functions, and come out of them: their types change, and
// what they were annotated with is said no more.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --dist-check-shardings --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// The norm is in the function that is called, from two places.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func private @normalize(
// CHECK-SAME: %[[X:[^ ]*]]: tensor<4x8xf32>, %[[W:[^ ]*]]: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]] scale %[[W]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: return %[[N]]
func.func private @normalize(%x: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %x scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @into(
// CHECK-SAME: %[[H:[^:]*]]: tensor<4x8xf32>
// CHECK: %[[A:.*]] = call @normalize(%[[H]], %{{.*}}) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[A]], %[[H]] : tensor<4x8xf32>
// CHECK-NEXT: %[[B:.*]] = call @normalize(%[[S]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[B]]
// CHECK-NEXT: return %[[G]]
func.func @into(%h: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = call @normalize(%g, %w) : (tensor<16x8xf32>, tensor<8xf32>) -> tensor<16x8xf32>
  %s = arith.addf %a, %g : tensor<16x8xf32>
  %b = call @normalize(%s, %w) : (tensor<16x8xf32>, tensor<8xf32>) -> tensor<16x8xf32>
  return %b : tensor<16x8xf32>
}

// -----

// The gather is in it, behind another call.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func private @gather(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: return %[[X]]
func.func private @gather(%x: tensor<4x8xf32>) -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %g : tensor<16x8xf32>
}
// CHECK-LABEL: func private @pass_on(
// CHECK-SAME: -> tensor<4x8xf32>
func.func private @pass_on(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = call @gather(%x) : (tensor<4x8xf32>) -> tensor<16x8xf32>
  return %g : tensor<16x8xf32>
}
// CHECK-LABEL: func @out_of(
// CHECK: %[[L:.*]] = call @pass_on
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[L]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: dist.all_gather %[[N]]
func.func @out_of(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = call @pass_on(%h) : (tensor<4x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// One gather in front of the calls would be three behind them.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func private @twice(
// CHECK-SAME: tensor<16x8xf32>) -> tensor<16x8xf32>
func.func private @twice(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=not-profitable}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @more_gathers(
// CHECK-NEXT: dist.all_gather
// CHECK-NOT: dist.all_gather
func.func @more_gathers(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = call @twice(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %b = call @twice(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  return %a, %b : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// Another call passes what is not gathered, or there may be calls elsewhere: each
// norm that a gather feeds is told of, and how its function could take slices.
dist.mesh @mesh(dp = 4)
func.func private @other_operand(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
func.func @public(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="make the function private, or inline the call", blocked-by}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
func.func private @address(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="inline the call", blocked-by}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
func.func private @recursive(%x: tensor<16x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %r = scf.if %c -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=unsupported-op, Suggestion="write the recursion as a loop", blocked-by}}
    %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
    %y = func.call @recursive(%n, %c) : (tensor<16x8xf32>, i1) -> tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    scf.yield %x : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}
// CHECK-LABEL: func @refused(
// CHECK-COUNT-5: call {{.*}} -> tensor<16x8xf32>
func.func @refused(%h: tensor<4x8xf32>, %v: tensor<16x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = call @other_operand(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %b = call @other_operand(%v) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %p = call @public(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %f = func.constant @address : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %d = call @address(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %e = call @recursive(%g, %c) : (tensor<16x8xf32>, i1) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="inline the call"}}
  %n = norm.rms_norm %d eps 1.0e-06 : tensor<16x8xf32>
  %s = arith.addf %b, %n : tensor<16x8xf32>
  %t = arith.addf %s, %p : tensor<16x8xf32>
  %u = arith.addf %t, %e : tensor<16x8xf32>
  return %u : tensor<16x8xf32>
}

// -----

// What such a function passes on, through branches, blocks and other calls, has the
// reason that comes first; what no gather feeds, and own rows again, have none.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @passes_on(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<16x8xf32>, %[[P:[a-z0-9]*]]: tensor<16x8xf32>,
// CHECK: norm.rms_norm %[[P]] {{.*}} : tensor<16x8xf32>
// CHECK: dist.all_slice %[[X]]
func.func @passes_on(%x: tensor<16x8xf32>, %p: tensor<16x8xf32>, %u: tensor<16x8xf32>, %c: i1) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %t = arith.addf %x, %x : tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%t : tensor<16x8xf32>), ^bb1(%u : tensor<16x8xf32>)
^bb1(%b: tensor<16x8xf32>):
  %r = scf.if %c -> tensor<16x8xf32> {
    %y = func.call @deeper(%b) : (tensor<16x8xf32>) -> tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    scf.yield %u : tensor<16x8xf32>
  }
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="make the function private, or inline the call"}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
  %s = norm.rms_norm %p eps 1.0e-06 : tensor<16x8xf32>
  %k = norm.rms_norm %u eps 1.0e-06 : tensor<16x8xf32>
  %own = dist.all_slice %x dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %l = norm.rms_norm %own eps 1.0e-06 : tensor<4x8xf32>
  %e = tensor.insert_slice %l into %n[0, 0] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<16x8xf32>
  %f = arith.addf %e, %k : tensor<16x8xf32>
  return %f, %s : tensor<16x8xf32>, tensor<16x8xf32>
}
func.func private @deeper(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="make the function private, or inline the call"}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
func.func @gathers(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %g : tensor<16x8xf32>
}
func.func private @external(tensor<16x8xf32>) -> tensor<16x8xf32>
// CHECK-LABEL: func @calls(
// CHECK-COUNT-2: dist.all_gather
// CHECK-NOT: dist.all_gather
func.func @calls(%h: tensor<4x8xf32>, %u: tensor<16x8xf32>, %c: i1, %a: (tensor<16x8xf32>) -> tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %q = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %p:2 = call @passes_on(%g, %q, %u, %c) : (tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, i1) -> (tensor<16x8xf32>, tensor<16x8xf32>)
  %w = call @gathers(%h) : (tensor<4x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="make the function private, or inline the call", blocked-by}}
  %n = norm.rms_norm %w eps 1.0e-06 : tensor<16x8xf32>
  %e = call @external(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="call it in front of the gather, or give the function a body"}}
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  %i = call_indirect %a(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="call the function by its name, or inline the call"}}
  %o = norm.rms_norm %i eps 1.0e-06 : tensor<16x8xf32>
  return %p#0, %p#1, %n, %m, %o : tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// Some ranks may not call it; extents that are exchanged are no value yet.
dist.mesh @mesh(dp = 4)
func.func private @called_by_some(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @divergent(
func.func @divergent(%h: tensor<4x8xf32>, %v: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %v -> tensor<16x8xf32> {
    // CHECK: call {{.*}} -> tensor<16x8xf32>
    %a = func.call @called_by_some(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
    scf.yield %a : tensor<16x8xf32>
  } else {
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}
func.func private @ragged(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="inline the call"}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
func.func @with_extents(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %a = func.call @ragged(%g) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a : tensor<?x8xf32>
}

// -----

// Extents that each call passes with what it gathered by them are, in the function,
// its argument; the calls may pass others. Sizes are their sums.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func private @normalize_ragged(
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<2xindex>, %[[X:[a-z0-9]*]]: tensor<?x8xf32>) -> (tensor<?x8xf32>, index)
// CHECK: %[[N:.*]] = norm.rms_norm %[[X]] {{.*}} : tensor<?x8xf32>
// CHECK: %[[A:.*]] = tensor.extract %[[C]][
// CHECK: %[[B:.*]] = tensor.extract %[[C]][
// CHECK: %[[SUM:.*]] = arith.addi %[[A]], %[[B]]
// CHECK: return %[[N]], %[[SUM]]
func.func private @normalize_ragged(%c: tensor<2xindex>, %x: tensor<?x8xf32>) -> (tensor<?x8xf32>, index) {
  %c0 = arith.constant 0 : index
  // expected-remark @+1 {{rows-after=?, rows-before=?}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  return %n, %d : tensor<?x8xf32>, index
}
// CHECK-LABEL: func @ragged_twice(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>, %[[D:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[A:.*]]:2 = call @normalize_ragged(%[[C]], %[[H]])
// CHECK-NEXT: %[[GA:.*]] = dist.all_gather %[[A]]#0 dim 0 extents %[[C]] over @mesh[dp]
// CHECK-NEXT: %[[B:.*]]:2 = call @normalize_ragged(%[[D]], %[[R]])
// CHECK-NEXT: %[[GB:.*]] = dist.all_gather %[[B]]#0 dim 0 extents %[[D]] over @mesh[dp]
// CHECK-NEXT: return %[[GA]], %[[GB]], %[[A]]#1
func.func @ragged_twice(%h: tensor<?x8xf32>, %r: tensor<?x8xf32>, %c: tensor<2xindex>, %d: tensor<2xindex>) -> (tensor<?x8xf32>, tensor<?x8xf32>, index) {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %a, %n = call @normalize_ragged(%c, %g) : (tensor<2xindex>, tensor<?x8xf32>) -> (tensor<?x8xf32>, index)
  %q = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %b, %m = call @normalize_ragged(%d, %q) : (tensor<2xindex>, tensor<?x8xf32>) -> (tensor<?x8xf32>, index)
  return %a, %b, %n : tensor<?x8xf32>, tensor<?x8xf32>, index
}

// -----

// The other way: what a function gathers by an argument is gathered by what was
// passed, also behind a call in between.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func private @gather_ragged(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>, %{{.*}}) -> tensor<?x8xf32>
// CHECK-NEXT: return %[[X]]
func.func private @gather_ragged(%x: tensor<?x8xf32>, %c: tensor<2xindex>) -> tensor<?x8xf32> {
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %g : tensor<?x8xf32>
}
func.func private @pass_ragged_on(%d: tensor<2xindex>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = call @gather_ragged(%x, %d) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x8xf32>
  return %g : tensor<?x8xf32>
}
// CHECK-LABEL: func @out_of_ragged(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[L:.*]] = call @pass_ragged_on(%[[C]], %[[H]])
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[L]]
// CHECK-NEXT: dist.all_gather %[[N]] dim 0 extents %[[C]]
func.func @out_of_ragged(%h: tensor<?x8xf32>, %c: tensor<2xindex>) -> tensor<?x8xf32> {
  %g = call @pass_ragged_on(%c, %h) : (tensor<2xindex>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=?, rows-before=?}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// The function is not passed them, or not by each call; it is passed what is not
// gathered, of which nobody knows how those would split it.
dist.mesh @mesh(dp = 2)
func.func private @not_passed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="pass the gather's extents to the function, or inline the call"}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
func.func private @passed_once(%x: tensor<?x8xf32>, %c: tensor<2xindex>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
func.func private @passed_replicated(%x: tensor<4x8xf32>, %c: tensor<2xindex>) -> tensor<4x8xf32> {
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}
// Its own extents are not the caller's.
func.func private @own_extents(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant dense<[3, 1]> : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %g : tensor<?x8xf32>
}
// CHECK-LABEL: func @refused_ragged(
// CHECK: dist.all_gather
// CHECK: call @not_passed
func.func @refused_ragged(%h: tensor<?x8xf32>, %c: tensor<2xindex>, %d: tensor<2xindex>,
    %z: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %p = call @not_passed(%g) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = call @passed_once(%g, %c) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x8xf32>
  %b = call @passed_once(%g, %d) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x8xf32>
  %w = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<4x8xf32>
  %e = call @passed_replicated(%w, %c) : (tensor<4x8xf32>, tensor<2xindex>) -> tensor<4x8xf32>
  %f = call @passed_replicated(%z, %c) : (tensor<4x8xf32>, tensor<2xindex>) -> tensor<4x8xf32>
  %o = call @own_extents(%h) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op}}
  %n = norm.rms_norm %o eps 1.0e-06 : tensor<?x8xf32>
  return %p, %a, %b, %e, %f, %n : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>
}
