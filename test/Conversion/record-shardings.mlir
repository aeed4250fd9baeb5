// RUN: %commuter-opt %s --commuter-record-shardings | FileCheck %s
// RUN: %commuter-opt %s --commuter-record-shardings --convert-shard-to-dist | FileCheck %s --check-prefix=AFTER

// CHECK: dist.mesh @grid_mesh(axis0 = 2, axis1 = 2)
// CHECK-NEXT: shard.grid @grid(shape = 2x2)
// CHECK-NOT: @other_mesh
// AFTER: dist.mesh @grid_mesh(
// AFTER-NOT: dist.mesh @grid
// AFTER-NOT: dist.mesh @other
shard.grid @grid(shape = 2x2)
shard.grid @other(shape = 4)

// The annotations stay for the partitioner.
// CHECK-LABEL: func @global(
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{axis1, axis0}, {}]>},
// CHECK-SAME: %[[Y:[^:]*]]: tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{axis0}, {}]>})
// CHECK-SAME: -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}, {}]>}, tensor<4x8xf32>)
// CHECK: shard.shard %[[X]]
// CHECK: shard.shard %[[Y]]
func.func @global(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %both = shard.sharding @grid split_axes = [[1, 0]] : !shard.sharding
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %0 = shard.shard %x to %both : tensor<4x8xf32>
  %1 = shard.shard %y to %rows annotate_for_users : tensor<4x8xf32>
  %2 = arith.addf %0, %1 : tensor<4x8xf32>
  %3 = shard.shard %2 to %rows : tensor<4x8xf32>
  %4 = shard.shard %3 to %whole annotate_for_users : tensor<4x8xf32>
  return %4, %2 : tensor<4x8xf32>, tensor<4x8xf32>
}

// An argument that is used otherwise, or has a halo, which is no local tensor of
// its own rows alone; and one that has a sharding.
// CHECK-LABEL: func @none(
// CHECK-SAME: %{{[^:]*}}: tensor<4x8xf32>, %{{[^:]*}}: tensor<4x8xf32>, %{{[^:]*}}: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>}, %{{[^:]*}}: tensor<4x8xf32>) -> tensor<4x8xf32> {
func.func @none(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %z: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>}, %u: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %rows = shard.sharding @other split_axes = [[0]] : !shard.sharding
  %halo = shard.sharding @grid split_axes = [[0]] halo_sizes = [1, 1] : !shard.sharding
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  %1 = shard.shard %y to %halo : tensor<4x8xf32>
  %2 = shard.shard %z to %rows : tensor<4x8xf32>
  return %x : tensor<4x8xf32>
}
dist.mesh @mesh(a = 4)

// A function in local view is left to convert-shard-to-dist.
// CHECK-LABEL: func @local(
// CHECK-SAME: %{{[^:]*}}: tensor<4x8xf32>) -> index {
func.func @local(%x: tensor<4x8xf32>) -> index {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  %i = shard.process_linear_index on @grid : index
  return %i : index
}

// What is recorded says no less than the annotation, and says it already.
// CHECK-LABEL: func @replicated(
// CHECK-SAME: %[[W:[^:]*]]: tensor<8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}]>}) -> (tensor<8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}]>})
// CHECK: shard.shard %[[W]]
// AFTER-LABEL: func @replicated(
// AFTER-SAME: %[[W:[^:]*]]: tensor<8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}]>}) -> (tensor<8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}]>})
// AFTER-NEXT: return %[[W]]
func.func @replicated(%w: tensor<8xf32>) -> tensor<8xf32> {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %0 = shard.shard %w to %whole : tensor<8xf32>
  return %0 : tensor<8xf32>
}

func.func private @declared(tensor<4x8xf32>)
