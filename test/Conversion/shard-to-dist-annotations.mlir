// RUN: %commuter-opt %s --convert-shard-to-dist=require-all --split-input-file | FileCheck %s

shard.grid @grid(shape = 2x4)

// A sharding with fewer dimensions than the tensor; axes major to minor.
// CHECK-LABEL: func @arguments(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis1, axis0}, {}]>},
// CHECK-SAME: %[[W:.*]]: tensor<8xf32> {dist.sharding = #dist.sharding<@grid, [{}]>},
// CHECK-SAME: %[[S:.*]]: tensor<f32> {dist.sharding = #dist.sharding<@grid, []>},
// CHECK-SAME: %[[U:.*]]: tensor<8xf32>) -> (tensor<32x8xf32>, tensor<8xf32>, tensor<f32>, tensor<8xf32>) {
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[X]] dim 0
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[W]]
// CHECK-NEXT: %[[T:.*]] = arith.negf %[[S]]
// CHECK-NEXT: return %[[G]], %[[N]], %[[T]], %[[U]]
func.func @arguments(%x: tensor<4x8xf32>, %w: tensor<8xf32>, %s: tensor<f32>, %u: tensor<8xf32>) -> (tensor<32x8xf32>, tensor<8xf32>, tensor<f32>, tensor<8xf32>) {
  %rows = shard.sharding @grid split_axes = [[1, 0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  %1 = shard.shard %w to %whole : tensor<8xf32>
  %2 = shard.shard %s to %whole : tensor<f32>
  %g = shard.all_gather %0 on @grid grid_axes = [1, 0] gather_axis = 0 : tensor<4x8xf32> -> tensor<32x8xf32>
  %n = arith.negf %1 : tensor<8xf32>
  %t = arith.negf %2 : tensor<f32>
  return %g, %n, %t, %u : tensor<32x8xf32>, tensor<8xf32>, tensor<f32>, tensor<8xf32>
}

// What sharding-propagation leaves: one annotation of the value, one for its user,
// alike. Or one for each user, and no other.
// CHECK-LABEL: func @for_users(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>},
// CHECK-SAME: %[[Y:.*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>})
// CHECK: arith.addf %[[X]], %[[Y]]
// CHECK: arith.subf %[[X]], %[[Y]]
func.func @for_users(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x8xf32>) {
  %s = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %t = shard.sharding @grid split_axes = [[0], []] : !shard.sharding
  %0 = shard.shard %x to %s : tensor<4x8xf32>
  %1 = shard.shard %0 to %t annotate_for_users : tensor<4x8xf32>
  %2 = shard.shard %y to %s annotate_for_users : tensor<4x8xf32>
  %3 = shard.shard %y to %s annotate_for_users : tensor<4x8xf32>
  %a = arith.addf %1, %2 : tensor<4x8xf32>
  %b = arith.subf %0, %3 : tensor<4x8xf32>
  %g = shard.all_gather %a on @grid grid_axes = [0] gather_axis = 0 : tensor<4x8xf32> -> tensor<8x8xf32>
  return %g, %b : tensor<8x8xf32>, tensor<4x8xf32>
}

// A result has the sharding that every return gives it. What only results come of
// is not asserted as well: dist-check-shardings holds the result to what is known.
// CHECK-LABEL: func @results(
// CHECK-SAME: -> (tensor<8x8xf32> {dist.sharding = #dist.sharding<@grid, [{}, {}]>},
// CHECK-SAME: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>}, tensor<4x8xf32>)
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK-NEXT: cf.cond_br
// CHECK: %[[N:.*]] = arith.negf
// CHECK-NEXT: return %[[G]], %[[N]], %[[N]]
// CHECK: %[[M:.*]] = arith.mulf
// CHECK-NEXT: return %[[G]], %[[M]], %[[M]]
func.func @results(%x: tensor<4x8xf32>, %c: i1) -> (tensor<8x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %g = shard.all_gather %x on @grid grid_axes = [0] gather_axis = 0 : tensor<4x8xf32> -> tensor<8x8xf32>
  %0 = shard.shard %g to %whole : tensor<8x8xf32>
  %1 = shard.shard %0 to %whole annotate_for_users : tensor<8x8xf32>
  cf.cond_br %c, ^a, ^b
^a:
  %n = arith.negf %x : tensor<4x8xf32>
  %2 = shard.shard %n to %rows annotate_for_users : tensor<4x8xf32>
  return %1, %2, %n : tensor<8x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
^b:
  %m = arith.mulf %x, %x : tensor<4x8xf32>
  %3 = shard.shard %m to %rows annotate_for_users : tensor<4x8xf32>
  return %1, %3, %m : tensor<8x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// In between, what is said of a value is asserted of it.
// CHECK-LABEL: func @between(
// CHECK: %[[L:.*]] = call @load()
// CHECK-NEXT: %[[A:.*]] = dist.assert_sharding %[[L]] <@grid, [{}, {axis1}]> : tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[A]] dim 1
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[A]]
// CHECK-NEXT: %[[M:.*]] = arith.negf %[[L]]
// CHECK-NEXT: return %[[G]], %[[N]], %[[M]], %[[L]]
func.func private @load() -> tensor<4x8xf32>
func.func @between() -> (tensor<4x32xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %columns = shard.sharding @grid split_axes = [[], [1]] : !shard.sharding
  %l = func.call @load() : () -> tensor<4x8xf32>
  %0 = shard.shard %l to %columns : tensor<4x8xf32>
  %1 = shard.shard %0 to %columns annotate_for_users : tensor<4x8xf32>
  %2 = shard.shard %l to %columns annotate_for_users : tensor<4x8xf32>
  %g = shard.all_gather %1 on @grid grid_axes = [1] gather_axis = 1 : tensor<4x8xf32> -> tensor<4x32xf32>
  %n = arith.negf %0 : tensor<4x8xf32>
  %m = arith.negf %2 : tensor<4x8xf32>
  return %g, %n, %m, %l : tensor<4x32xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// An argument of a loop, and an argument of the function under a branch, where the
// annotation holds if the branch is taken.
// CHECK-LABEL: func @regions(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[C:.*]]: i1)
// CHECK: scf.for {{.*}} iter_args(%[[I:.*]] = %[[X]])
// CHECK-NEXT: %[[A:.*]] = dist.assert_sharding %[[I]] <@grid, [{}, {}]>
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[A]]
// CHECK-NEXT: scf.yield %[[N]]
// CHECK: scf.if %[[C]]
// CHECK-NEXT: %[[B:.*]] = dist.assert_sharding %[[X]] <@grid, [{}, {}]>
// CHECK-NEXT: scf.yield %[[B]]
func.func @regions(%x: tensor<4x8xf32>, %c: i1) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%y = %x) -> tensor<4x8xf32> {
    %0 = shard.shard %y to %whole : tensor<4x8xf32>
    %n = arith.negf %0 : tensor<4x8xf32>
    scf.yield %n : tensor<4x8xf32>
  }
  %s = scf.if %c -> tensor<4x8xf32> {
    %0 = shard.shard %x to %whole : tensor<4x8xf32>
    scf.yield %0 : tensor<4x8xf32>
  } else {
    scf.yield %r : tensor<4x8xf32>
  }
  return %r, %s : tensor<4x8xf32>, tensor<4x8xf32>
}

// Halos of no size are none; offsets of equal shards are those that there are
// without.
// CHECK-LABEL: func @defaults(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>},
// CHECK-SAME: %[[Y:.*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {axis1}]>})
// CHECK-NOT: shard.
func.func @defaults(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %halo = shard.sharding @grid split_axes = [[0]] halo_sizes = [0, 0] : !shard.sharding
  %offsets = shard.sharding @grid split_axes = [[0], [1]] sharded_dims_offsets = [0, 4, 8, 0, 8, 16, 24, 32] : !shard.sharding
  %0 = shard.shard %x to %halo : tensor<4x8xf32>
  %1 = shard.shard %y to %offsets : tensor<4x8xf32>
  %g = shard.all_gather %0 on @grid grid_axes = [0] gather_axis = 0 : tensor<4x8xf32> -> tensor<8x8xf32>
  return %g : tensor<8x8xf32>
}

// Of what is replicated the local value is the global one, collectives or not.
// CHECK-LABEL: func @replicated(
// CHECK-SAME: %[[W:.*]]: tensor<8xf32> {dist.sharding = #dist.sharding<@grid, [{}]>}) -> tensor<8xf32> {
// CHECK-NEXT: arith.negf %[[W]]
func.func @replicated(%w: tensor<8xf32>) -> tensor<8xf32> {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %0 = shard.shard %w to %whole : tensor<8xf32>
  %n = arith.negf %0 : tensor<8xf32>
  return %n : tensor<8xf32>
}

// An annotation need not be used.
// CHECK-LABEL: func @unused(
// CHECK-SAME: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>})
// CHECK-NEXT: dist.axis_index
// CHECK-NEXT: return
func.func @unused(%x: tensor<4x8xf32>) -> index {
  %s = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %0 = shard.shard %x to %s : tensor<4x8xf32>
  %i = shard.process_linear_index on @grid : index
  return %i : index
}
