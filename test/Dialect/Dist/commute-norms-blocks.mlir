// Through the arguments of blocks, and past branches whose ways have met again.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// What each way passes to a block is gathered alike.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @passed_on
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>, %[[Y:[^:]*]]: tensor<4x8xf32>
// CHECK: ^bb1:
// CHECK-NEXT: cf.br ^bb3(%[[X]] : tensor<4x8xf32>)
// CHECK: ^bb2:
// CHECK-NEXT: %[[E:.*]] = math.exp %[[Y]] : tensor<4x8xf32>
// CHECK-NEXT: cf.br ^bb3(%[[E]] : tensor<4x8xf32>)
// CHECK: ^bb3(%[[A:.*]]: tensor<4x8xf32>):
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[A]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NEXT: return %[[G]]
func.func @passed_on(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.br ^bb3(%g : tensor<16x8xf32>)
^bb2:
  %h = dist.all_gather %y dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = math.exp %h : tensor<16x8xf32>
  cf.br ^bb3(%e : tensor<16x8xf32>)
^bb3(%a: tensor<16x8xf32>):
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// One terminator passes slices both ways, one of them of what is replicated; and a
// block may stand in front of those that come to it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @both_ways
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>, %[[R:[^:]*]]: tensor<16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[R]] dim 0 over @mesh[dp]
// CHECK: cf.cond_br %{{.*}}, ^bb2(%[[X]], %[[S]] : tensor<4x8xf32>, tensor<4x8xf32>), ^bb2(%[[X]], %[[X]] : tensor<4x8xf32>, tensor<4x8xf32>)
// CHECK: ^bb1(%[[N:.*]]: tensor<4x8xf32>):
// CHECK: dist.all_gather %{{.*}} : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK: ^bb2(%[[A:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<4x8xf32>):
// CHECK: arith.addf %[[A]], %[[B]] : tensor<4x8xf32>
func.func @both_ways(%x: tensor<4x8xf32>, %r: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%g, %r : tensor<16x8xf32>, tensor<16x8xf32>), ^bb1(%g, %g : tensor<16x8xf32>, tensor<16x8xf32>)
^bb2(%s: tensor<16x8xf32>):
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
^bb1(%a: tensor<16x8xf32>, %b: tensor<16x8xf32>):
  %t = arith.addf %a, %b : tensor<16x8xf32>
  cf.br ^bb2(%t : tensor<16x8xf32>)
}

// -----

// A loop of blocks carries slices, as one of scf does.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @carried
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK: cf.br ^bb1(%{{.*}}, %[[X]] : index, tensor<4x8xf32>)
// CHECK: ^bb1(%{{.*}}: index, %[[A:.*]]: tensor<4x8xf32>):
// CHECK: %[[N:.*]] = norm.rms_norm %[[A]] {{.*}} : tensor<4x8xf32>
// CHECK: cf.cond_br %{{.*}}, ^bb1(%{{.*}}, %[[N]] : index, tensor<4x8xf32>), ^bb2(%[[N]] : tensor<4x8xf32>)
// CHECK: ^bb2(%[[R:.*]]: tensor<4x8xf32>):
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[R]]
// CHECK-NEXT: return %[[G]]
func.func @carried(%x: tensor<4x8xf32>, %k: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.br ^bb1(%c0, %g : index, tensor<16x8xf32>)
^bb1(%i: index, %a: tensor<16x8xf32>):
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %k : index
  cf.cond_br %more, ^bb1(%j, %n : index, tensor<16x8xf32>), ^bb2(%n : tensor<16x8xf32>)
^bb2(%r: tensor<16x8xf32>):
  return %r : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 4)
// CHECK-LABEL: func @gathered_differently
// CHECK: ^bb1(%[[A:.*]]: tensor<16x16xf32>):
// CHECK: norm.rms_norm %[[A]]
func.func @gathered_differently(%x: tensor<4x16xf32>, %y: tensor<4x16xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x16xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %h = dist.all_gather %y dim 0 over @mesh[tp] : tensor<4x16xf32> -> tensor<16x16xf32>
  cf.cond_br %c, ^bb1(%g : tensor<16x16xf32>), ^bb1(%h : tensor<16x16xf32>)
^bb1(%a: tensor<16x16xf32>):
  // expected-remark @+1 {{Reason=operand-gathered-differently, Suggestion="gather what each way passes on alike"}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @one_way_varies
// CHECK: ^bb1(%[[A:.*]]: tensor<16x8xf32>):
// CHECK: norm.rms_norm %[[A]]
func.func @one_way_varies(%x: tensor<4x8xf32>, %y: tensor<16x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%g : tensor<16x8xf32>), ^bb1(%y : tensor<16x8xf32>)
^bb1(%a: tensor<16x8xf32>):
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// What the end of a round passes back to the loop is not gathered.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @round_varies
// CHECK: ^bb1(%[[A:.*]]: tensor<16x8xf32>):
// CHECK: norm.rms_norm %[[A]]
func.func @round_varies(%x: tensor<4x8xf32>, %y: tensor<16x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.br ^bb1(%g : tensor<16x8xf32>)
^bb1(%a: tensor<16x8xf32>):
  // expected-remark @+1 {{Reason=operand-gathered-differently}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%y : tensor<16x8xf32>), ^bb2
^bb2:
  return %n : tensor<16x8xf32>
}

// -----

// The ranks come to the block from different ones.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @ranks_part
// CHECK: ^bb1(%[[A:.*]]: tensor<16x8xf32>):
// CHECK: norm.rms_norm %[[A]]
func.func @ranks_part(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %h = dist.all_gather %y dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%g : tensor<16x8xf32>), ^bb1(%h : tensor<16x8xf32>)
^bb1(%a: tensor<16x8xf32>):
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The extents of one way are not known on the other.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extents_of_one_way
// CHECK: ^bb3(%[[A:.*]]: tensor<?x8xf32>):
// CHECK: norm.rms_norm %[[A]]
func.func @extents_of_one_way(%x: tensor<?x8xf32>, %y: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %k: index, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x8xf32> {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %e = dist.exchange_extents %k over @mesh[dp] : tensor<4xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  cf.br ^bb3(%g : tensor<?x8xf32>)
^bb2:
  %d = tensor.cast %y : tensor<16x8xf32> to tensor<?x8xf32>
  cf.br ^bb3(%d : tensor<?x8xf32>)
^bb3(%a: tensor<?x8xf32>):
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="compute the gather's extents in the first block"}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Where ranks that parted have met again, all of them come alike.
dist.mesh @mesh(dp = 4)
func.func private @log(index)
// CHECK-LABEL: func @met_again
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK-NOT: dist.all_gather
// CHECK: cf.br ^bb3
// CHECK: ^bb3
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]]
// CHECK-NEXT: dist.all_gather %[[N]]
func.func @met_again(%x: tensor<4x8xf32>, %c: i1, %d: i1) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb3
^bb1:
  call @log(%c0) : (index) -> ()
  cf.cond_br %d, ^bb2, ^bb3
^bb2:
  call @log(%c1) : (index) -> ()
  cf.br ^bb3
^bb3:
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A parameter that they bring along is not the same on all of them.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @brought_along
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @brought_along(%x: tensor<4x8xf32>, %u: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %v: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1(%u : tensor<8xf32>), ^bb1(%v : tensor<8xf32>)
^bb1(%w: tensor<8xf32>):
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// One way is the norm's own.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @before_they_meet
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @before_they_meet(%x: tensor<4x8xf32>, %z: tensor<16x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb2(%z : tensor<16x8xf32>)
^bb1:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  cf.br ^bb2(%n : tensor<16x8xf32>)
^bb2(%a: tensor<16x8xf32>):
  return %a : tensor<16x8xf32>
}

// -----

// Some ranks return early.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @early_return
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @early_return(%x: tensor<4x8xf32>, %z: tensor<16x8xf32>, %c: i1, %d: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb3
^bb1:
  cf.cond_br %d, ^bb2, ^bb3
^bb2:
  return %z : tensor<16x8xf32>
^bb3:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Some ranks never come.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @endless
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @endless(%x: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  cf.br ^bb1
^bb2:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @unreachable
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @unreachable(%x: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  ub.unreachable
^bb2:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Nor out of an op, or of a call.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @endless_inside
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @endless_inside(%x: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  scf.execute_region {
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    cf.br ^bb1
  ^bb2:
    scf.yield
  }
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
func.func private @stay(%c: i1) {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  cf.br ^bb1
^bb2:
  return
}
func.func private @pass_on(%c: i1) {
  call @stay(%c) : (i1) -> ()
  return
}
// CHECK-LABEL: func @endless_call
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @endless_call(%x: tensor<4x8xf32>, %c: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  call @pass_on(%c) : (i1) -> ()
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Where all ranks stay, none waits for the others. A way through an op that ends is
// of no matter behind it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @endless_alike
// CHECK-NOT: dist.all_gather
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @endless_alike(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %d: i1) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  scf.execute_region {
    cf.cond_br %c, ^bb1, ^bb2
  ^bb1:
    cf.br ^bb1
  ^bb2:
    cf.cond_br %d, ^bb3, ^bb4
  ^bb3:
    cf.br ^bb4
  ^bb4:
    scf.yield
  }
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Behind a loop that ranks leave in rounds of their own, what is made in it is of
// different rounds.
dist.mesh @mesh(dp = 4)
func.func private @next() -> i1
// CHECK-LABEL: func @rounds_of_their_own
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @rounds_of_their_own(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  cf.br ^bb1
^bb1:
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %more = func.call @next() : () -> i1
  cf.cond_br %more, ^bb1, ^bb2
^bb2:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The first round's gather, or the second one's: ranks meet in the middle of a loop
// of which some go half another time round.
dist.mesh @mesh(dp = 4)
func.func private @next() -> i1
// CHECK-LABEL: func @half_a_round
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @half_a_round(%x: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  cf.br ^bb1
^bb1:
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  cf.br ^bb2
^bb2:
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  cf.cond_br %c, ^bb3, ^bb4
^bb3:
  %v = func.call @next() : () -> i1
  cf.cond_br %v, ^bb1, ^bb2
^bb4:
  return %n : tensor<16x8xf32>
}

// -----

// What a block takes has to be there, even if no run comes to the block.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @user_in_dead_block
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[N:.*]] = norm.rms_norm %[[G]]
// CHECK: return %[[N]]
// CHECK: ^bb1:
// CHECK-NEXT: return %[[G]]
func.func @user_in_dead_block(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
^bb1:
  return %g : tensor<16x8xf32>
}
