// Loops that gather only what they pass back: what they begin with is no slice.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --dist-commute-norms=allow-extra-gather=true 2>/dev/null | FileCheck %s --check-prefix=EXTRA

// What is replicated is sliced in front of the loop, which carries slices.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @carried
// CHECK-SAME: %[[Y:[^:]*]]: tensor<16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[Y]] dim 0 over @mesh[dp]
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%[[A:.*]] = %[[S]]) -> (tensor<4x8xf32>)
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[A]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: %[[E:.*]] = math.exp %[[N]] : tensor<4x8xf32>
// CHECK-NEXT: scf.yield %[[E]]
// CHECK: %[[G:.*]] = dist.all_gather %[[R]]
// CHECK-NEXT: return %[[G]]
func.func @carried(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
    %e = math.exp %o : tensor<4x8xf32>
    %g = dist.all_gather %e dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// However often it goes round: nobody needs the whole behind it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @carried_by_while
// CHECK: %[[S:.*]] = dist.all_slice %{{.*}} dim 0 over @mesh[dp]
// CHECK: scf.while (%{{.*}} = %{{.*}}, %{{.*}} = %[[S]]) : (index, tensor<4x8xf32>) -> (index, tensor<4x8xf32>)
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK-NOT: dist.all_gather
func.func @carried_by_while(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<4x8xf32>, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n, %r = scf.while (%i = %c0, %a = %y) : (index, tensor<16x8xf32>) -> (index, tensor<16x8xf32>) {
    %more = arith.cmpi slt, %i, %k : index
    scf.condition(%more) %i, %a : index, tensor<16x8xf32>
  } do {
  ^bb0(%i: index, %a: tensor<16x8xf32>):
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %s = arith.addf %a, %g : tensor<16x8xf32>
    // expected-remark @+1 {{bytes-after=0, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
    %j = arith.addi %i, %c1 : index
    scf.yield %j, %n : index, tensor<16x8xf32>
  }
  %o = dist.all_slice %r dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  return %o : tensor<4x8xf32>
}

// -----

// A loop of blocks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @carried_by_blocks
// CHECK: %[[S:.*]] = dist.all_slice %{{.*}} dim 0 over @mesh[dp]
// CHECK: cf.br ^bb1(%{{.*}}, %[[S]] : index, tensor<4x8xf32>)
// CHECK: ^bb1(%{{.*}}: index, %[[A:.*]]: tensor<4x8xf32>):
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[A]] {{.*}} : tensor<4x8xf32>
// CHECK-NOT: dist.all_gather
// CHECK: cf.cond_br %{{.*}}, ^bb1(%{{.*}}, %[[N]] : index, tensor<4x8xf32>), ^bb2(%[[N]] : tensor<4x8xf32>)
// CHECK: ^bb2(%[[R:.*]]: tensor<4x8xf32>):
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[R]]
// CHECK-NEXT: return %[[G]]
func.func @carried_by_blocks(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  cf.br ^bb1(%c0, %y : index, tensor<16x8xf32>)
^bb1(%i: index, %a: tensor<16x8xf32>):
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %g = dist.all_gather %o dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %k : index
  cf.cond_br %more, ^bb1(%j, %g : index, tensor<16x8xf32>), ^bb2(%g : tensor<16x8xf32>)
^bb2(%r: tensor<16x8xf32>):
  return %r : tensor<16x8xf32>
}

// -----

// The inner loop begins with what the outer one carries, and is all that gathers.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @nested
// CHECK: %[[S:.*]] = dist.all_slice %{{.*}} dim 0 over @mesh[dp]
// CHECK: %[[R:.*]] = scf.for {{.*}} iter_args(%[[A:.*]] = %[[S]]) -> (tensor<4x8xf32>)
// CHECK-NEXT: %[[M:.*]] = norm.rms_norm %[[A]]
// CHECK-NEXT: scf.for {{.*}} iter_args(%[[B:.*]] = %[[M]]) -> (tensor<4x8xf32>)
// CHECK-NEXT: norm.rms_norm %[[B]]
// CHECK: dist.all_gather %[[R]]
func.func @nested(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{rows-after=4}}
    %m = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %q = scf.for %j = %c0 to %c3 step %c1 iter_args(%b = %m) -> tensor<16x8xf32> {
      // expected-remark @+1 {{rows-after=4}}
      %n = norm.rms_norm %b eps 1.0e-06 : tensor<16x8xf32>
      %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
      %g = dist.all_gather %o dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
      scf.yield %g : tensor<16x8xf32>
    }
    scf.yield %q : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// Unequal parts of a length that is known, cut by extents from outside the loop.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @ragged
// CHECK-SAME: %[[Y:[^:]*]]: tensor<16x8xf32> {{.*}}, %[[X:[^:]*]]: tensor<?x8xf32>, %[[C:[^:]*]]: tensor<4xindex>
// CHECK: %[[S:.*]] = dist.all_slice %[[Y]] dim 0 extents %[[C]] over @mesh[dp] : tensor<16x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[S]]) -> (tensor<?x8xf32>)
// CHECK: norm.rms_norm {{.*}} : tensor<?x8xf32>
func.func @ragged(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<?x8xf32>, %c: tensor<4xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<16x8xf32>
    %s = arith.addf %a, %g : tensor<16x8xf32>
    // expected-remark @+1 {{Passed}}
    %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %n : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// A function whose first call passes what is replicated.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func private @norm
// CHECK-SAME: tensor<4x8xf32>
func.func private @norm(%a: tensor<16x8xf32>) -> tensor<16x8xf32> {
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @called
// CHECK: %[[S:.*]] = dist.all_slice %{{.*}} dim 0 over @mesh[dp]
// CHECK: call @norm(%[[S]]) : (tensor<4x8xf32>) -> tensor<4x8xf32>
func.func @called(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<16x8xf32>) {
  %m = call @norm(%y) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  %o = dist.all_slice %m dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = call @norm(%g) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  return %o, %n : tensor<4x8xf32>, tensor<16x8xf32>
}

// -----

// What it begins with may differ between ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @begins_with_what_varies
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @begins_with_what_varies(%y: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=operand-gathered-differently, Suggestion="gather what each way passes on alike"}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
    %g = dist.all_gather %o dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// So may one of two values that change places.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @changes_places_with_what_varies
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @changes_places_with_what_varies(%x: tensor<4x8xf32>, %y: tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r:2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %g, %b = %y) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
    // expected-remark @+1 {{Reason=operand-gathered-differently, Suggestion="gather what each way passes on alike"}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %b, %n : tensor<16x8xf32>, tensor<16x8xf32>
  }
  return %r#0, %r#1 : tensor<16x8xf32>, tensor<16x8xf32>
}

// -----

// What stops a round stops the loop: the reason is the round's.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @weight_may_vary
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @weight_may_vary(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %g) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=operand-not-replicated, Suggestion="if the operand is the same on all ranks, say so}}
    %n = norm.rms_norm %a scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
    scf.yield %n : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// It is as long as what is gathered, but not known to be.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @begins_with_some_rows
// CHECK: norm.rms_norm {{.*}} : tensor<?x8xf32>
func.func @begins_with_some_rows(%y: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: tensor<4xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<?x8xf32> {
    // expected-remark @+1 {{Reason=operand-gathered-differently}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<?x8xf32>
    %o = dist.all_slice %n dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
    %g = dist.all_gather %o dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
    scf.yield %g : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// -----

// Two rounds' ends gather in two ways.
dist.mesh @mesh(dp = 4, tp = 4)
// CHECK-LABEL: func @gathered_differently
// CHECK: norm.rms_norm {{.*}} : tensor<16x16xf32>
func.func @gathered_differently(%y: tensor<16x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<4x16xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %d: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x16xf32> {
  cf.br ^bb1(%y : tensor<16x16xf32>)
^bb1(%a: tensor<16x16xf32>):
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x16xf32>
  cf.cond_br %c, ^bb2, ^bb3
^bb2:
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  cf.cond_br %d, ^bb1(%g : tensor<16x16xf32>), ^bb4
^bb3:
  %h = dist.all_gather %x dim 0 over @mesh[tp] : tensor<4x16xf32> -> tensor<16x16xf32>
  cf.cond_br %d, ^bb1(%h : tensor<16x16xf32>), ^bb4
^bb4:
  return %n : tensor<16x16xf32>
}

// -----

// Ranks go round as often as each likes.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @rounds_of_their_own
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @rounds_of_their_own(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<4x8xf32>, %k: index) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %r = scf.for %i = %c0 to %k step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=divergent-control-flow}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extents_of_a_round
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @extents_of_a_round(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<?x8xf32>, %m: index) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=unsupported-op, Suggestion="compute the gather's extents in front of the branch"}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %e = dist.exchange_extents %m over @mesh[dp] : tensor<4xindex>
    %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// What is passed back cannot be had in slices, and that is why.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @sum_pending
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @sum_pending(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
    %p = arith.addf %o, %x : tensor<4x8xf32>
    %g = dist.all_gather %p dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// The loop may take no turn, and then nothing was gathered: it carries the whole, and
// the norm takes its slice.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @may_take_none
// CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}) -> (tensor<16x8xf32>)
// CHECK-NEXT: %[[S:.*]] = dist.all_slice %[[A]] dim 0 over @mesh[dp]
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK-NEXT: dist.all_gather %[[N]]
// EXTRA-LABEL: func @may_take_none
// EXTRA: scf.for {{.*}} -> (tensor<4x8xf32>)
func.func @may_take_none(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %k step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %o = dist.all_slice %n dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
    %g = dist.all_gather %o dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %g : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// Each round needs the norm whole, and what follows the last round's result: that
// would be one gather more than there are rounds. The norm of the branch moves.
dist.mesh @mesh(dp = 4)
func.func private @use(tensor<16x8xf32>) -> tensor<4x8xf32>
// CHECK-LABEL: func @one_more
// CHECK: scf.for {{.*}} -> (tensor<16x8xf32>)
// CHECK-NEXT: norm.rms_norm {{.*}} : tensor<16x8xf32>
// CHECK: scf.if {{.*}} -> (tensor<4x8xf32>)
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
// EXTRA-LABEL: func @one_more
// EXTRA: scf.for {{.*}} -> (tensor<4x8xf32>)
func.func @one_more(%y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> tensor<16x8xf32> {
    // expected-remark @+1 {{Reason=not-profitable, Suggestion=allow-extra-gather=true}}
    %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
    %u = func.call @use(%n) : (tensor<16x8xf32>) -> tensor<4x8xf32>
    %h = dist.all_gather %u dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %s = scf.if %c -> tensor<16x8xf32> {
      scf.yield %h : tensor<16x8xf32>
    } else {
      scf.yield %y : tensor<16x8xf32>
    }
    %t = arith.addf %s, %h : tensor<16x8xf32>
    // expected-remark @+1 {{rows-after=4}}
    %m = norm.rms_norm %t eps 1.0e-06 : tensor<16x8xf32>
    scf.yield %m : tensor<16x8xf32>
  }
  return %r : tensor<16x8xf32>
}

// -----

// Each round reads rows of others in what it carries: what is gathered is needed
// whole, though nothing but the loop uses it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @reads_what_it_carries
// CHECK: dist.all_gather
// CHECK: scf.for {{.*}} -> (tensor<16x8xf32>)
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @reads_what_it_carries(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c15 = arith.constant 15 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = scf.for %i = %c0 to %c15 step %c1 iter_args(%y = %g) -> tensor<16x8xf32> {
    %a = tensor.extract_slice %y[%i, 0] [1, 8] [1, 1] : tensor<16x8xf32> to tensor<1x8xf32>
    %j = arith.addi %i, %c1 : index
    %z = tensor.insert_slice %a into %y[%j, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<16x8xf32>
    scf.yield %z : tensor<16x8xf32>
  }
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true, blocked-by=}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
