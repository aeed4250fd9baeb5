// Two versions of a boundary under one test of an axis's size, and all else once.

// RUN: %commuter-opt %s --split-input-file --dist-check-shardings --dist-commute-norms=guard=true --dist-check-shardings --canonicalize --cse --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// A pending sum is none on one rank: the module passes its check afterwards.
dist.mesh @mesh(dp = 4, b = ?, c = ?)
// CHECK-LABEL: func @layers(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: %[[C1:.*]] = arith.constant 1
// CHECK: %[[B:.*]] = dist.axis_size @mesh[b]
// CHECK: %[[DP:.*]] = arith.cmpi eq, %[[B]], %[[C1]]
// CHECK: %[[R:.*]]:2 = scf.if %[[DP]]
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] :
// CHECK-NEXT: scf.yield %[[G]], %[[H]]
// CHECK: else
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[H]] dim 0 over @mesh[dp] summing [b]
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[G]] {{.*}} : tensor<16x8xf32>
// CHECK-NEXT: %[[O:.*]] = dist.all_slice %[[G]]
// CHECK-NEXT: scf.yield %[[N]], %[[O]]
// CHECK: %[[T:.*]] = dist.reduce_scatter %[[R]]#0
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[R]]#1, %[[T]]
// CHECK-NEXT: %[[BC:.*]] = dist.axis_size @mesh[b, c]
// CHECK-NEXT: arith.cmpi eq, %[[BC]], %[[C1]]
// CHECK-NEXT: scf.if
// CHECK-NEXT: %[[N:.*]] = norm.layer_norm %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] :
// CHECK: else
// CHECK-NEXT: dist.all_gather %[[S]] dim 0 over @mesh[dp] summing [b, c]
// CHECK-NOT: scf.if
func.func @layers(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> (tensor<16x8xf32>, tensor<4x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+2 {{rows-after=4, rows-before=16, state="{@mesh[dp]: R, @mesh[b]: R, @mesh[c]: R}"}}
  // expected-remark @+1 {{state="{@mesh[dp]: S(0), @mesh[b]: P, @mesh[c]: R}"}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %o = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %t = dist.reduce_scatter %n sum dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %s = arith.addf %o, %t : tensor<4x8xf32>
  %g1 = dist.all_gather %s dim 0 over @mesh[dp] summing [b, c] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+2 {{rows-after=4, rows-before=16}}
  // expected-remark @+1 {{Reason=}}
  %n1 = norm.layer_norm %g1 eps 1.0e-06 : tensor<16x8xf32>
  %o1 = dist.all_slice %g1 dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  return %n1, %o1 : tensor<16x8xf32>, tensor<4x8xf32>
}

// -----

// What is between the boundary's ops comes before or after it, effects in order.
dist.mesh @mesh(dp = 4, b = ?)
func.func private @use(tensor<16x8xf32>)
func.func private @other()
// CHECK-LABEL: func @effects(
// CHECK: call @other()
// CHECK: scf.if
// CHECK: else
// CHECK: }
// CHECK-NEXT: call @use(
// CHECK-NEXT: call @other()
// CHECK-NEXT: return
func.func @effects(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<4x8xf32>, index) {
  %c0 = arith.constant 0 : index
  func.call @other() : () -> ()
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  func.call @use(%n) : (tensor<16x8xf32>) -> ()
  func.call @other() : () -> ()
  %o = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %d = tensor.dim %g, %c0 : tensor<16x8xf32>
  return %n, %o, %d : tensor<16x8xf32>, tensor<4x8xf32>, index
}

// -----

// What depends on the rank's own rows and feeds the norm is in both versions with
// them: its effect still comes once.
dist.mesh @mesh(dp = 4, b = ?)
func.func private @next(tensor<4x8xf32>) -> (tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
// CHECK-LABEL: func @between(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: scf.if
// CHECK-NEXT: %[[W:.*]] = func.call @next(%[[H]])
// CHECK-NEXT: norm.rms_norm %[[H]] scale %[[W]] {{.*}} : tensor<4x8xf32>
// CHECK: else
// CHECK: func.call @next
// CHECK: }
// CHECK-NOT: call @next
func.func @between(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  %o = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %w = func.call @next(%o) : (tensor<4x8xf32>) -> tensor<8xf32>
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// In a loop; and a loop that carries what is gathered in front of it.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @loops(
// CHECK: scf.for
// CHECK: scf.if
// CHECK-NEXT: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK: else
// CHECK: dist.reduce_scatter
// CHECK-NEXT: scf.yield
// CHECK-NEXT: }
// CHECK: scf.if
// CHECK-NEXT: scf.for
// CHECK-NEXT: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK: else
// CHECK: scf.for
// CHECK-NEXT: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @loops(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %l = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %h) -> tensor<4x8xf32> {
    %g = dist.all_gather %x dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+2 {{rows-after=4}}
    // expected-remark @+1 {{Reason=pending-sum}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %t = dist.reduce_scatter %n sum dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  }
  %g = dist.all_gather %l dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%x = %g) -> tensor<16x8xf32> {
    // expected-remark @+2 {{rows-after=4}}
    // expected-remark @+1 {{Reason=pending-sum}}
    %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %n : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// Nothing to choose: something else is in the way, or the size is known.
dist.mesh @mesh(dp = 4, b = ?, c = 2)
// CHECK-LABEL: func @refused(
// CHECK-NOT: scf.if
func.func @refused(%h: tensor<4x8xf32>, %w: tensor<8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unknown-axis-size}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  %k = dist.all_gather %h dim 0 over @mesh[dp] summing [c] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %m = norm.rms_norm %k eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// Written by hand, the other way round: understood alike.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @by_hand(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: else
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: dist.all_gather %[[N]]
func.func @by_hand(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %c1 = arith.constant 1 : index
  %c = arith.cmpi ne, %n, %c1 : index
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{Reason=pending-sum}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{rows-after=4}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// One rank makes a slice of a pending sum whole: promises hold, also in a function
// that is called there.
dist.mesh @mesh(dp = 2, b = ?)
func.func private @normalize(%x: tensor<8x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<8x24xf32> {
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<8x24xf32>
  return %n : tensor<8x24xf32>
}
// CHECK-LABEL: func @promises(
// CHECK: scf.if
// CHECK: else
func.func @promises(%h: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> (tensor<8x24xf32>, tensor<4x24xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x24xf32> -> tensor<8x24xf32>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<8x24xf32> -> tensor<4x24xf32>
  %a = dist.assert_sharding %own <@mesh, [{dp}, {}]> : tensor<4x24xf32>
  %g2 = dist.all_gather %a dim 0 over @mesh[dp] : tensor<4x24xf32> -> tensor<8x24xf32>
  %x = arith.addf %g, %g2 : tensor<8x24xf32>
  // The other version takes slices of the sum, and moves across the other gather.
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<8x24xf32>
  return %n, %own : tensor<8x24xf32>, tensor<4x24xf32>
}
func.func @called(%h: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<8x24xf32> {
  %s = dist.axis_size @mesh[b] : index
  %c1 = arith.constant 1 : index
  %c = arith.cmpi eq, %s, %c1 : index
  %r = scf.if %c -> tensor<8x24xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x24xf32> -> tensor<8x24xf32>
    %m = func.call @normalize(%g) : (tensor<8x24xf32>) -> tensor<8x24xf32>
    scf.yield %m : tensor<8x24xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x24xf32> -> tensor<8x24xf32>
    scf.yield %g : tensor<8x24xf32>
  }
  return %r : tensor<8x24xf32>
}

// -----

// A branch that contradicts the one around it never runs.
dist.mesh @mesh(dp = 2, b = ?)
// CHECK-LABEL: func @contradiction(
func.func @contradiction(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<4x8xf32> {
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<8x8xf32>
  %s = dist.axis_size @mesh[b] : index
  %c = arith.cmpi ne, %s, %c1 : index
  %r = scf.if %c -> tensor<4x8xf32> {
    // expected-remark @+2 {{rows-after=4}}
    // expected-remark @+1 {{Reason=}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
    %t = dist.all_slice %n dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  } else {
    %t = dist.all_slice %g dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  }
  return %r : tensor<4x8xf32>
}

// -----

// Boundaries that lie across one another: the first is guarded.
dist.mesh @mesh(dp = 2, b = ?)
// CHECK-LABEL: func @across(
// CHECK-COUNT-1: scf.if
// CHECK-NOT: scf.if
func.func @across(%h0: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<4x8xf32> {
  %g0 = dist.all_gather %h0 dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<8x8xf32>
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=}}
  %n0 = norm.rms_norm %g0 eps 1.0e-06 : tensor<8x8xf32>
  %t0 = dist.all_slice %n0 dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
  %h1 = dist.to_partial %t0 over @mesh[b] : tensor<4x8xf32>
  %g1 = dist.all_gather %h1 dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<8x8xf32>
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=}}
  %n1 = norm.rms_norm %g1 eps 1.0e-06 : tensor<8x8xf32>
  %t1 = dist.all_slice %n1 dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
  %e1 = tensor.extract_slice %t1[0, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
  %w1 = dist.all_reduce %e1 sum over @mesh[dp] : tensor<8xf32>
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=}}
  %m0 = norm.rms_norm %g0 scale %w1 eps 1.0e-06 : tensor<8x8xf32>, tensor<8xf32>
  %q0 = dist.all_slice %m0 dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
  %s0 = arith.addf %t1, %q0 : tensor<4x8xf32>
  return %s0 : tensor<4x8xf32>
}

// -----

// Gather and norm in different regions: what is around both is in two versions, and
// what is beside them once.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @into_branch(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[C:[a-z0-9]*]]: i1
// CHECK: %[[R:.*]]:2 = scf.if %{{.*}} -> (tensor<4x8xf32>, tensor<16x8xf32>) {
// CHECK-NEXT: %[[L:.*]] = scf.if %[[C]] -> (tensor<4x8xf32>) {
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]] {{.*}} : tensor<4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp] :
// CHECK-NEXT: scf.yield %[[H]], %[[G]]
// CHECK: else
// CHECK-NEXT: dist.all_gather %[[H]] dim 0 over @mesh[dp] summing [b]
// CHECK: %[[E:.*]] = arith.addf %[[R]]#0, %[[R]]#0
// CHECK-NEXT: return %[[R]]#1, %[[E]]
func.func @into_branch(%h: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<16x8xf32>, tensor<4x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  %o = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %e = arith.addf %o, %o : tensor<4x8xf32>
  %r = scf.if %c -> tensor<16x8xf32> {
    // expected-remark @+2 {{rows-after=4}}
    // expected-remark @+1 {{Reason=pending-sum}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %n : tensor<16x8xf32>
  } else {
    scf.yield %g : tensor<16x8xf32>
  }
  return %r, %e : tensor<16x8xf32>, tensor<4x8xf32>
}
// CHECK-LABEL: func @out_of_branch(
// CHECK: scf.if
// CHECK: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<4x8xf32>
// CHECK-NEXT: dist.all_gather %[[N]] dim 0 over @mesh[dp] :
// CHECK: else
// CHECK-COUNT-2: dist.all_gather {{.*}} summing [b]
// CHECK: norm.rms_norm %{{.*}} : tensor<16x8xf32>
func.func @out_of_branch(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  } else {
    %g = dist.all_gather %k dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  // expected-remark @+2 {{rows-after=4}}
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// There is no one place for a branch around two blocks, or around a call and what is
// called. A guard is not suggested where it was not made.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @cfg(
// CHECK-NOT: scf.if
func.func @cfg(%h: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  // expected-remark @+1 {{Reason=unknown-axis-size, Suggestion="complete-sums=true, or give the axis a size in dist.mesh"}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
^bb2:
  return %g : tensor<16x8xf32>
}
func.func private @callee(%g: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{Reason=unknown-axis-size, Suggestion="complete-sums=true, or give the axis a size in dist.mesh"}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @call(
// CHECK-NOT: scf.if
func.func @call(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = call @callee(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// However the size is compared.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @more_than_one(
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @more_than_one(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %k = arith.constant 1 : index
  %c = arith.cmpi ugt, %n, %k : index
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{Reason=pending-sum}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{rows-after=4}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @two_or_more(
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @two_or_more(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %k = arith.constant 2 : index
  %c = arith.cmpi sle, %k, %n : index
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{Reason=pending-sum}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{rows-after=4}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @less_than_two(
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @less_than_two(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %k = arith.constant 2 : index
  %c = arith.cmpi slt, %n, %k : index
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{rows-after=4}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+1 {{Reason=pending-sum}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// In blocks.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @blocks(
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @blocks(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %k = arith.constant 1 : index
  %c = arith.cmpi eq, %n, %k : index
  cf.cond_br %c, ^one, ^several
^one:
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=4}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %y : tensor<16x8xf32>
^several:
  %g2 = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %y2 = norm.rms_norm %g2 eps 1.0e-06 : tensor<16x8xf32>
  return %y2 : tensor<16x8xf32>
}

// -----

// A branch that is always taken tells nothing: the guard's own does.
dist.mesh @mesh(dp = 4, b = ?)
// CHECK-LABEL: func @not_told(
// CHECK: scf.if
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather {{.*}} summing [b]
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @not_told(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {b}>}) -> tensor<16x8xf32> {
  %n = dist.axis_size @mesh[b] : index
  %k = arith.constant 1 : index
  %c = arith.cmpi uge, %n, %k : index
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [b] : tensor<4x8xf32> -> tensor<16x8xf32>
    // expected-remark @+2 {{rows-after=4}}
    // expected-remark @+1 {{Reason=}}
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %y : tensor<16x8xf32>
  } else {
    %e = tensor.empty() : tensor<16x8xf32>
    scf.yield %e : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}
