// No way of a run gathers more than before: through branches, loops and calls.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --dist-commute-norms=allow-extra-gather=true 2>/dev/null | FileCheck %s --check-prefix=EXTRA

// On the other way nothing was gathered.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @one_way_gathers
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
// EXTRA-LABEL: func @one_way_gathers
// EXTRA: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @one_way_gathers(%x: tensor<4x8xf32>, %y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  } else {
    scf.yield %y : tensor<16x8xf32>
  }
  // expected-remark @+1 {{Reason=not-profitable, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// One gather instead of two is no more on the average, but more on the other way.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @one_way_gathers_twice
// CHECK: %[[R:.*]] = scf.if
// CHECK: %[[S:.*]] = arith.addf {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[S]]
// CHECK-NEXT: scf.yield %[[G]]
// CHECK: norm.rms_norm %[[R]] {{.*}} : tensor<16x8xf32>
// EXTRA-LABEL: func @one_way_gathers_twice
// EXTRA: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @one_way_gathers_twice(%x: tensor<4x8xf32>, %z: tensor<4x8xf32>, %y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %r = scf.if %c -> tensor<16x8xf32> {
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %h = dist.all_gather %z dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    // The norm is worth moving, and does within its way.
    // expected-remark @+1 {{bytes-after=384, bytes-before=768}}
    %t = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
    %s = arith.addf %g, %t : tensor<16x8xf32>
    scf.yield %s : tensor<16x8xf32>
  } else {
    scf.yield %y : tensor<16x8xf32>
  }
  // expected-remark @+1 {{Reason=not-profitable, Suggestion=allow-extra-gather=true}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Each way gathers once, where it is needed: so did all of them.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @needed_on_each_way
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK: scf.if
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NEXT: func.call @use(%[[G]])
// CHECK: else
// CHECK-NEXT: %[[M:.*]] = norm.layer_norm %[[X]]
// CHECK-NEXT: %[[H:.*]] = dist.all_gather %[[M]]
// CHECK-NEXT: func.call @use(%[[H]])
func.func @needed_on_each_way(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.layer_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// One way normalises and the other one needs all: each gathers what it needs. Sizes
// are known without.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>, index) -> tensor<8xf32>
// CHECK-LABEL: func @one_way_needs_all
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NOT: dist.all_gather
// CHECK: scf.if
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NEXT: func.call @use(%[[G]]
// CHECK: else
// CHECK-NEXT: %[[H:.*]] = dist.all_gather %[[X]]
// CHECK-NEXT: func.call @use(%[[H]]
func.func @one_way_needs_all(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %i = arith.constant 1 : index
  %d = tensor.dim %g, %i : tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n, %d) : (tensor<16x8xf32>, index) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    %u = func.call @use(%g, %d) : (tensor<16x8xf32>, index) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// So do the ways of a way, and of blocks, of what is computed in front of them.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @ways_of_a_way
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[E:.*]] = math.exp %[[X]] : tensor<4x8xf32>
// CHECK-NEXT: cf.cond_br
// CHECK: scf.index_switch
// CHECK: case 1 {
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[E]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NEXT: func.call @use(%[[G]])
// CHECK: case 2 {
// CHECK-NEXT: %[[H:.*]] = dist.all_gather %[[E]]
// CHECK-NEXT: func.call @use(%[[H]])
// CHECK: default {
// CHECK-NEXT: scf.yield
// CHECK: ^bb2:
// CHECK-NEXT: %[[M:.*]] = norm.rms_norm %[[E]]
// CHECK-NEXT: %[[I:.*]] = dist.all_gather %[[M]]
// CHECK-NEXT: call @use(%[[I]])
func.func @ways_of_a_way(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %i: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = math.exp %g : tensor<16x8xf32>
  cf.cond_br %c, ^a, ^b
^a:
  %r = scf.index_switch %i -> tensor<8xf32>
  case 1 {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  case 2 {
    %u = func.call @use(%e) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  default {
    scf.yield %y : tensor<8xf32>
  }
  return %r : tensor<8xf32>
^b:
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  %v = func.call @use(%m) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %v : tensor<8xf32>
}

// -----

// Branches that follow one another are no ways of one.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @one_after_the_other
// CHECK: dist.all_gather
// CHECK: scf.if
// CHECK-NOT: dist.all_gather
func.func @one_after_the_other(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<8xf32>, tensor<8xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  %s = scf.if %c -> tensor<8xf32> {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  return %r, %s : tensor<8xf32>, tensor<8xf32>
}

// -----

// A loop's turns would gather each time; and what is needed behind a branch is gathered
// in front of it.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @in_a_loop
// CHECK: dist.all_gather
// CHECK: scf.for
// CHECK-NOT: dist.all_gather
// CHECK-LABEL: func @needed_behind
// CHECK: dist.all_gather
// CHECK: scf.if
// CHECK-NOT: dist.all_gather
func.func @in_a_loop(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %k: index {dist.sharding = #dist.sharding<@mesh, []>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %k step %c1 iter_args(%a = %y) -> tensor<8xf32> {
    %s = scf.if %c -> tensor<8xf32> {
      // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
      %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
      %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
      scf.yield %u : tensor<8xf32>
    } else {
      %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
      scf.yield %u : tensor<8xf32>
    }
    scf.yield %s : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}
func.func @needed_behind(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<8xf32>, tensor<8xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %r, %u : tensor<8xf32>, tensor<8xf32>
}

// -----

// Ranks that take different ways would not meet in their gathers.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @ranks_part
// CHECK: dist.all_gather
// CHECK: scf.if
// CHECK-NOT: dist.all_gather
func.func @ranks_part(%x: tensor<4x8xf32>, %c: i1) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{Reason=divergent-control-flow}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  } else {
    %u = func.call @use(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// Two on one way are more than one in front of it.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func @needed_twice_on_a_way
// CHECK: dist.all_gather
// CHECK: scf.if
// CHECK-NOT: dist.all_gather
func.func @needed_twice_on_a_way(%x: tensor<4x8xf32>, %y: tensor<8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.if %c -> tensor<8xf32> {
    // expected-remark @+1 {{Suggestion=allow-extra-gather=true}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
    // expected-remark @+1 {{Suggestion=allow-extra-gather=true}}
    %m = norm.rms_norm %g eps 2.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
    %v = func.call @use(%m) : (tensor<16x8xf32>) -> tensor<8xf32>
    %s = arith.addf %u, %v : tensor<8xf32>
    scf.yield %s : tensor<8xf32>
  } else {
    scf.yield %y : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// Calls on ways that exclude one another are one call.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func private @called
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]]
// CHECK-NEXT: dist.all_gather %[[N]]
func.func private @called(%x: tensor<16x8xf32>) -> tensor<8xf32> {
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  %u = call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %u : tensor<8xf32>
}
func.func @called_on_each_way(%x: tensor<4x8xf32>, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.index_switch %k -> tensor<8xf32>
  case 0 {
    %u = func.call @called(%g) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  case 1 {
    %e = math.exp %g : tensor<16x8xf32>
    %u = func.call @called(%e) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  default {
    %e = math.absf %g : tensor<16x8xf32>
    %u = func.call @called(%e) : (tensor<16x8xf32>) -> tensor<8xf32>
    scf.yield %u : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// -----

// The caller that gathers nothing would gather, in what it calls.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<8xf32>
// CHECK-LABEL: func private @called(
// CHECK-SAME: tensor<16x8xf32>
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func private @called(%x: tensor<16x8xf32>) -> tensor<8xf32> {
  // expected-remark @+1 {{Reason=not-profitable}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  %u = call @use(%n) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %u : tensor<8xf32>
}
func.func @gathers(%x: tensor<4x8xf32>, %z: tensor<4x8xf32>) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %h = dist.all_gather %z dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = arith.addf %g, %h : tensor<16x8xf32>
  %u = call @called(%s) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %u : tensor<8xf32>
}
func.func @gathers_nothing(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<8xf32> {
  %u = call @called(%y) : (tensor<16x8xf32>) -> tensor<8xf32>
  return %u : tensor<8xf32>
}

// -----

// The gather behind a loop of two turns is paid for by those in it; where the loop
// may take no turn, by none.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @takes_two_turns
// CHECK: scf.for {{.*}} -> (tensor<4x8xf32>)
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @takes_two_turns(%x: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %g) -> tensor<16x8xf32> {
    // expected-remark @+1 {{bytes-after=768, bytes-before=768}}
    %n = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %s = arith.addf %o, %n : tensor<16x8xf32>
    scf.yield %s : tensor<16x8xf32>
  }
  return %g, %r : tensor<16x8xf32>, tensor<16x8xf32>
}
// CHECK-LABEL: func @may_take_none
// CHECK: scf.for {{.*}} -> (tensor<16x8xf32>)
// EXTRA-LABEL: func @may_take_none
// EXTRA: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @may_take_none(%x: tensor<4x8xf32>, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %k step %c1 iter_args(%h = %g) -> tensor<16x8xf32> {
    // expected-remark @+1 {{bytes-after=768, bytes-before=768}}
    %n = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %s = arith.addf %o, %n : tensor<16x8xf32>
    scf.yield %s : tensor<16x8xf32>
  }
  return %g, %r : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// Blocks that branch to one another, one of which needs what is gathered.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @blocks
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK: cf.cond_br
// CHECK: ^bb1:
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]]
// CHECK-NEXT: dist.all_gather %[[N]]
func.func @blocks(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %z = arith.constant dense<0.0> : tensor<16x8xf32>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
^bb2:
  return %z : tensor<16x8xf32>
}

// -----

// A gather in a function is made at each call of it, as are those that move out
// of it.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func private @layer
// CHECK-NOT: dist.all_gather
func.func private @layer(%h: tensor<8x16xf32>, %b: tensor<2x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %g = dist.all_gather %b dim 0 over @mesh[tp] : tensor<2x16xf32> -> tensor<8x16xf32>
  // expected-remark @+1 {{bytes-after=768, bytes-before=768, rows-after=2, rows-before=8}}
  %s, %n = norm.add_rms_norm %h, %g eps 1.0e-06 : tensor<8x16xf32>
  return %s, %n : tensor<8x16xf32>, tensor<8x16xf32>
}
// CHECK-LABEL: func @two_layers
// CHECK-COUNT-2: dist.all_gather
func.func @two_layers(%x: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %y: tensor<2x16xf32>, %z: tensor<2x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>) {
  %a:2 = call @layer(%x, %y) : (tensor<8x16xf32>, tensor<2x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  %b:2 = call @layer(%a#0, %z) : (tensor<8x16xf32>, tensor<2x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
  return %a#1, %b#1 : tensor<8x16xf32>, tensor<8x16xf32>
}
