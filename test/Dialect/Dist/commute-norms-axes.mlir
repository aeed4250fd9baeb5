// Gathers over several axes of which not all fit what is behind: the first ones cut as
// those of a gather of its own would.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// The residual is gathered over the first axis alone: a rank cuts its part further.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @gathered_over_the_first
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8xf32>, %[[R:[^:]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.all_slice %[[R]] dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
// CHECK-NEXT: %[[Y:.*]], %[[N:.*]] = norm.add_rms_norm %[[S]], %[[X]] {{.*}} : tensor<2x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @gathered_over_the_first(%x: tensor<2x8xf32>, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<8x8xf32> {
  %h = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{rows-after=2, rows-before=8}}
  %y, %n = norm.add_rms_norm %h, %g eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// The sum is needed, too: two gathers over both axes would receive more than one of
// these and one over the first. Two over the first do not.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @both_are_needed
// CHECK: %[[I:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: norm.add_rms_norm %{{.*}}, %[[I]] {{.*}} : tensor<4x8xf32>
// CHECK-COUNT-2: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: return
func.func @both_are_needed(%x: tensor<2x8xf32>, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %h = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{bytes-after=256, bytes-before=256, rows-after=4, rows-before=8}}
  %y, %n = norm.add_rms_norm %h, %g eps 1.0e-06 : tensor<8x8xf32>
  return %y, %n : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// It varies along the last axis: the norm moves in front of a gather over the first.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @varies_along_the_last
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8xf32>, %[[R:[^:]*]]: tensor<8x8xf32>
// CHECK-NEXT: %[[I:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.all_slice %[[R]] dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: %[[Y:.*]], %[[N:.*]] = norm.add_rms_norm %[[I]], %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @varies_along_the_last(%x: tensor<2x8xf32>, %r: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>}) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{bytes-after=128, bytes-before=128, rows-after=4, rows-before=8}}
  %y, %n = norm.add_rms_norm %g, %r eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// So does one whose parameter varies along the last of three axes, and a norm of what
// varies, gathered over the first two.
dist.mesh @mesh(a = 2, b = 2, c = 2)
// CHECK-LABEL: func @of_three
// CHECK: %[[I:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[c] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: norm.rms_norm %[[I]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[a, b] : tensor<4x8xf32> -> tensor<16x8xf32>
func.func @of_three(%x: tensor<2x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{c}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[a, b, c] : tensor<2x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A slice over the first axis takes back what was gathered over the last.
dist.mesh @mesh(dp = 2, tp = 2)
func.func private @use(tensor<4x8xf32>)
// CHECK-LABEL: func @slice_over_the_first
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]] {{.*}} : tensor<2x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: call @use(%[[G]])
func.func @slice_over_the_first(%x: tensor<2x8xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{rows-after=2, rows-before=8}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  %s = dist.all_slice %n dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<4x8xf32>
  func.call @use(%s) : (tensor<4x8xf32>) -> ()
  return
}

// -----

// The first axis cannot be told from the others: there is no gather over the last.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @varies_along_the_first
// CHECK-NEXT: dist.all_gather %{{.*}} dim 0 over @mesh[dp, tp]
// CHECK-NEXT: norm.add_rms_norm
func.func @varies_along_the_first(%x: tensor<2x8xf32>, %r: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}]>}) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %y, %n = norm.add_rms_norm %g, %r eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// What fits the first axis is held up by another user: the gather is one again.
dist.mesh @mesh(dp = 2, tp = 2)
func.func private @use(tensor<8x8xf32>)
// CHECK-LABEL: func @split_in_vain
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: call @use(%[[G]])
// CHECK-NEXT: norm.add_rms_norm %[[G]]
func.func @split_in_vain(%x: tensor<2x8xf32>, %r: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>}) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  func.call @use(%g) : (tensor<8x8xf32>) -> ()
  // expected-remark @+1 {{Reason=other-users}}
  %y, %n = norm.add_rms_norm %g, %r eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// Ragged parts of several axes are no parts of the first one's.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @ragged
// CHECK: dist.all_gather %{{.*}} over @mesh[dp, tp]
// CHECK: norm.add_rms_norm {{.*}} : tensor<?x8xf32>
// CHECK-NOT: dist.all_gather
func.func @ragged(%x: tensor<?x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<?x8xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %y, %n = norm.add_rms_norm %g, %r eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// A sum over one rank is none; another one is completed first, if at all.
dist.mesh @mesh(dp = 2, tp = 2, unit = 1, more = 2)
// CHECK-LABEL: func @sums
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[tp]
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp, tp] summing [more]
// CHECK: norm.rms_norm {{.*}} : tensor<8x8xf32>
func.func @sums(%x: tensor<2x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}]>}) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] summing [unit] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=8}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<8x8xf32>, tensor<8xf32>
  %h = dist.all_gather %x dim 0 over @mesh[dp, tp] summing [more] : tensor<2x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %m = norm.rms_norm %h scale %w eps 1.0e-06 : tensor<8x8xf32>, tensor<8xf32>
  return %n, %m : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// Ranks part along the last axis alone: those of the first take one way.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @parts_along_the_last
// CHECK: %[[I:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: %[[R:.*]] = scf.if
// CHECK: norm.rms_norm %[[I]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[R]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
func.func @parts_along_the_last(%x: tensor<2x8xf32>) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %i = dist.axis_index @mesh[tp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %c -> tensor<8x8xf32> {
    // expected-remark @+1 {{rows-after=4, rows-before=8}}
    %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
    scf.yield %n : tensor<8x8xf32>
  } else {
    scf.yield %g : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// -----

// What acts along the last axis acts across the first; what puts more rows together than
// a rank has may not need more than those of the last.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @acts_along_the_last
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: dist.all_reduce %{{.*}} max over @mesh[tp] : tensor<4x8xf32>
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-LABEL: func @rows_of_four
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: norm.rms_norm {{.*}} : tensor<1x4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<1x4x8xf32> -> tensor<2x4x8xf32>
func.func @acts_along_the_last(%x: tensor<2x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %m = dist.all_reduce %g max over @mesh[tp] : tensor<8x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=8}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}
func.func @rows_of_four(%x: tensor<2x8xf32>) -> tensor<2x4x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 4, 8] : tensor<8x8xf32> into tensor<2x4x8xf32>
  // expected-remark @+1 {{rows-after=1, rows-before=2}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<2x4x8xf32>
  return %n : tensor<2x4x8xf32>
}

// -----

// Ways of a branch that gather over both axes, and over the first.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @ways_of_both
// CHECK: %[[R:.*]] = scf.if
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
// CHECK: norm.rms_norm %[[R]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
func.func @ways_of_both(%x: tensor<2x8xf32>, %y: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8x8xf32> {
  %r = scf.if %c -> tensor<8x8xf32> {
    %g = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<8x8xf32>
    scf.yield %g : tensor<8x8xf32>
  } else {
    %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
    scf.yield %g : tensor<8x8xf32>
  }
  // expected-remark @+1 {{rows-after=4, rows-before=8}}
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}
