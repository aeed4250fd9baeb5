// What stays, and why. Everything else goes: the module stays valid.
// RUN: %commuter-opt %s --convert-shard-to-dist --allow-unregistered-dialect --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// The grid stays with what refers to it; the mesh has a name of its own.
// CHECK: dist.mesh @grid_mesh_0(axis0 = 2, axis1 = 2)
// CHECK-NEXT: shard.grid @grid(shape = 2x2)
shard.grid @grid(shape = 2x2)
func.func private @grid_mesh()

// CHECK-LABEL: func @no_counterpart(
// CHECK-SAME: %[[X:.*]]: tensor<2x2xf32>
// CHECK: %[[B:.*]] = shard.broadcast %[[X]] on @grid
// CHECK: %[[G:.*]] = dist.all_gather %[[B]] dim 0 over @grid_mesh_0[axis0]
// CHECK: shard.gather %[[G]]
// CHECK: shard.scatter
// CHECK: shard.reduce
// CHECK: shard.shift
// CHECK: shard.send
// CHECK: shard.recv
// CHECK: shard.update_halo
// CHECK: shard.neighbors_linear_indices
func.func @no_counterpart(%x: tensor<2x2xf32>) {
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.broadcast}}
  %b = shard.broadcast %x on @grid grid_axes = [0] root = [1] : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %g = shard.all_gather %b on @grid grid_axes = [0] gather_axis = 0 : tensor<2x2xf32> -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.gather}}
  %0 = shard.gather %g on @grid grid_axes = [0] gather_axis = 0 root = [1] : (tensor<4x2xf32>) -> tensor<8x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.scatter}}
  %1 = shard.scatter %0 on @grid grid_axes = [0] scatter_axis = 0 root = [1] : (tensor<8x2xf32>) -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.reduce}}
  %2 = shard.reduce %1 on @grid grid_axes = [0] root = [0] : (tensor<4x2xf32>) -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.shift}}
  %3 = shard.shift %2 on @grid grid_axes = [0] shift_axis = 0 offset = 1 rotate : tensor<4x2xf32> -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.send}}
  %4 = shard.send %3 on @grid grid_axes = [0] destination = [1] : (tensor<4x2xf32>) -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.recv}}
  %5 = shard.recv %4 on @grid grid_axes = [0] source = [1] : (tensor<4x2xf32>) -> tensor<4x2xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.update_halo}}
  %6 = shard.update_halo %5 on @grid split_axes = [[0]] halo_sizes = [1, 1] : tensor<4x2xf32>
  %i:2 = shard.process_multi_index on @grid : index, index
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.neighbors_linear_indices}}
  %d, %u = shard.neighbors_linear_indices on @grid[%i#0, %i#1] split_axes = [0] : index, index
  return
}

// CHECK-LABEL: func @reductions(
// CHECK: shard.all_reduce {{.*}} reduction = product
// CHECK: shard.reduce_scatter {{.*}} reduction = average
// CHECK: shard.all_reduce {{.*}} tensor<4xf32> -> tensor<4xf64>
// CHECK: shard.reduce_scatter {{.*}} tensor<4xbf16> -> tensor<2xf32>
// CHECK: shard.all_reduce {{.*}} : tensor<4xf32> -> tensor<4xf64>
// CHECK: shard.all_reduce {{.*}} tensor<4xf8E5M2> -> tensor<4xf8E5M2>
// CHECK: shard.all_reduce {{.*}} tensor<4xui8> -> tensor<4xui8>
func.func @reductions(%x: tensor<4xf32>, %b: tensor<4xbf16>, %q: tensor<4xf8E5M2>, %u: tensor<4xui8>) {
  // expected-remark @+1 {{Reason=reduction-kind, op=shard.all_reduce}}
  %0 = shard.all_reduce %x on @grid grid_axes = [0] reduction = product : tensor<4xf32> -> tensor<4xf32>
  // expected-remark @+1 {{Reason=reduction-kind, op=shard.reduce_scatter}}
  %1 = shard.reduce_scatter %x on @grid grid_axes = [0] reduction = average scatter_axis = 0 : tensor<4xf32> -> tensor<2xf32>
  // expected-remark @+1 {{Reason=element-type, op=shard.all_reduce}}
  %2 = shard.all_reduce %x on @grid grid_axes = [0] : tensor<4xf32> -> tensor<4xf64>
  // expected-remark @+1 {{Reason=element-type, op=shard.reduce_scatter}}
  %3 = shard.reduce_scatter %b on @grid grid_axes = [0] scatter_axis = 0 : tensor<4xbf16> -> tensor<2xf32>
  // expected-remark @+1 {{Reason=element-type, op=shard.all_reduce}}
  %4 = shard.all_reduce %x on @grid : tensor<4xf32> -> tensor<4xf64>
  // expected-remark @+1 {{Reason=element-type, op=shard.all_reduce}}
  %5 = shard.all_reduce %q on @grid grid_axes = [0] : tensor<4xf8E5M2> -> tensor<4xf8E5M2>
  // expected-remark @+1 {{Reason=element-type, op=shard.all_reduce}}
  %6 = shard.all_reduce %u on @grid grid_axes = [0] reduction = max : tensor<4xui8> -> tensor<4xui8>
  return
}

// Bufferised programs.
// CHECK-LABEL: func @buffers(
// CHECK: shard.all_reduce
// CHECK: shard.update_halo
func.func @buffers(%x: memref<4xf32>) {
  // expected-remark @+1 {{Reason=buffers, op=shard.all_reduce}}
  %0 = shard.all_reduce %x on @grid grid_axes = [0] : memref<4xf32> -> memref<4xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.update_halo}}
  %1 = shard.update_halo %x on @grid split_axes = [[0]] halo_sizes = [1, 1] : memref<4xf32>
  return
}

// The pieces of one rank are larger than those of another, or of unknown size in
// one dimension.
// CHECK-LABEL: func @uneven(
// CHECK-COUNT-3: shard.all_to_all
func.func @uneven(%x: tensor<3x4xf32>, %d: tensor<?xf32>) {
  // expected-remark @+1 {{Reason=uneven-split, op=shard.all_to_all}}
  %0 = shard.all_to_all %x on @grid grid_axes = [0] split_axis = 0 concat_axis = 1 : tensor<3x4xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{Reason=uneven-split, op=shard.all_to_all}}
  %1 = shard.all_to_all %x on @grid grid_axes = [0] split_axis = 0 concat_axis = 0 : tensor<3x4xf32> -> tensor<3x4xf32>
  // expected-remark @+1 {{Reason=uneven-split, op=shard.all_to_all}}
  %2 = shard.all_to_all %d on @grid grid_axes = [0] split_axis = 0 concat_axis = 0 : tensor<?xf32> -> tensor<?xf32>
  return
}

// Upstream's verifier lets these pass.
// CHECK-LABEL: func @out_of_range(
// CHECK-SAME: %{{.*}}: tensor<4x4xf32>)
// CHECK: shard.all_to_all
// CHECK-COUNT-2: shard.shard
func.func @out_of_range(%x: tensor<4x4xf32>) {
  // expected-remark @+1 {{Reason=out-of-range, op=shard.all_to_all}}
  %0 = shard.all_to_all %x on @grid grid_axes = [0] split_axis = 2 concat_axis = 2 : tensor<4x4xf32> -> tensor<4x4xf32>
  %s = shard.sharding @grid split_axes = [[2]] : !shard.sharding
  %t = shard.sharding @grid split_axes = [[], [], [0]] : !shard.sharding
  // expected-remark @+1 {{Reason=out-of-range, op=shard.shard}}
  %1 = shard.shard %x to %s : tensor<4x4xf32>
  %n = arith.negf %0 : tensor<4x4xf32>
  // expected-remark @+1 {{Reason=out-of-range, op=shard.shard}}
  %2 = shard.shard %n to %t : tensor<4x4xf32>
  return
}

// -----

// No mesh has an axis of size 0, nor so many ranks.
// CHECK-NOT: dist
// expected-remark @+1 {{Reason=grid-size, op=shard.grid}}
shard.grid @empty(shape = 2x0)
// expected-remark @+1 {{Reason=grid-size, op=shard.grid}}
shard.grid @large(shape = 65536x65536)
// CHECK-LABEL: func @grids(
func.func @grids(%x: tensor<4xf32>) -> index {
  // expected-remark @+1 {{Reason=grid-size, op=shard.all_reduce}}
  %0 = shard.all_reduce %x on @large grid_axes = [0] : tensor<4xf32> -> tensor<4xf32>
  // expected-remark @+1 {{Reason=grid-size, op=shard.process_linear_index}}
  %1 = shard.process_linear_index on @empty : index
  %s = shard.sharding @large split_axes = [[]] : !shard.sharding
  // expected-remark @+1 {{Reason=grid-size, op=shard.shard}}
  %2 = shard.shard %x to %s : tensor<4xf32>
  return %1 : index
}

// -----

// A program of global tensors, to be partitioned: a mesh is not needed.
// CHECK-NOT: dist
// CHECK: shard.grid @grid(shape = 2)
shard.grid @grid(shape = 2)
// CHECK-LABEL: func @global(
// CHECK-COUNT-2: shard.shard
func.func @global(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %1 = shard.shard %y to %whole : tensor<4x8xf32>
  %2 = arith.addf %0, %1 : tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// A collective of what is annotated as replicated may stand among global tensors.
// CHECK: dist.mesh @grid_mesh
shard.grid @grid(shape = 2)
// CHECK-LABEL: func @global_collective(
// CHECK-SAME: tensor<4x8xf32>, %{{[^:]*}}: tensor<8xf32>) -> tensor<4x8xf32> {
// CHECK: dist.all_reduce
func.func @global_collective(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<4x8xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %1 = shard.shard %w to %whole annotate_for_users : tensor<8xf32>
  %2 = shard.all_reduce %1 on @grid grid_axes = [0] : tensor<8xf32> -> tensor<8xf32>
  %3 = arith.negf %0 : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

// One that is not read is not taken for replicated.
shard.grid @grid(shape = 2)
// CHECK-LABEL: func @global_halo(
// CHECK-NOT: dist
func.func @global_halo(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %halo = shard.sharding @grid split_axes = [[0]] halo_sizes = [1, 1] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  // expected-remark @+1 {{Reason=halo, op=shard.shard}}
  %0 = shard.shard %x to %halo : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %1 = shard.shard %y to %whole : tensor<4x8xf32>
  %2 = arith.addf %0, %1 : tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// What one op makes sharded another takes replicated: the exchange between them is
// yet to come, so the tensors are global, although there are collectives.
// CHECK: dist.mesh @grid_mesh
shard.grid @grid(shape = 2)
// CHECK-LABEL: func @resharding(
// CHECK: dist.all_reduce
// CHECK-COUNT-3: shard.shard
func.func @resharding(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<4x8xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %s = shard.all_reduce %w on @grid grid_axes = [0] : tensor<8xf32> -> tensor<8xf32>
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=resharding, op=shard.shard}}
  %1 = shard.shard %0 to %whole annotate_for_users : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %2 = shard.shard %s to %whole : tensor<8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// The halo of one sharding and not of the other is an exchange, too.
shard.grid @grid(shape = 2)
func.func @other_halo(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %halo = shard.sharding @grid split_axes = [[0]] halo_sizes = [1, 1] : !shard.sharding
  %i = shard.process_linear_index on @grid : index
  // expected-remark @+1 {{Reason=global-view, op=shard.shard}}
  %0 = shard.shard %x to %rows : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=halo, op=shard.shard}}
  %1 = shard.shard %0 to %halo annotate_for_users : tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// -----

// How some users take a value says nothing of the value.
shard.grid @grid(shape = 2)
// CHECK-LABEL: func @for_users(
// CHECK-SAME: tensor<4x8xf32>, %{{.*}}: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x8xf32>) {
// CHECK-COUNT-2: shard.shard
func.func @for_users(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<8x8xf32>, tensor<4x8xf32>) {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  // expected-remark @+1 {{Reason=for-users, op=shard.shard}}
  %0 = shard.shard %x to %rows annotate_for_users : tensor<4x8xf32>
  %n = arith.addf %0, %x : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=for-users, op=shard.shard}}
  %1 = shard.shard %n to %rows annotate_for_users : tensor<4x8xf32>
  %m = arith.mulf %1, %n : tensor<4x8xf32>
  %g = shard.all_gather %m on @grid grid_axes = [0] gather_axis = 0 : tensor<4x8xf32> -> tensor<8x8xf32>
  return %g, %m : tensor<8x8xf32>, tensor<4x8xf32>
}

// -----

// Local tensors that are not equal parts, or hold rows of their neighbours; or of
// which the sizes are those of the whole.
shard.grid @grid(shape = 2x2)
// CHECK-LABEL: func @parts(
// CHECK-NOT: dist.sharding
// CHECK-NOT: dist.assert_sharding
func.func @parts(%h: i64, %0: tensor<4x8xf32>, %1: tensor<4x8xf32>, %2: tensor<4x8xf32>, %3: tensor<8x8xf32>, %4: tensor<?x8xf32>, %5: tensor<4x8xf32>, %6: !shard.sharding) -> index {
  %i = shard.process_linear_index on @grid : index
  %s0 = shard.sharding @grid split_axes = [[0]] halo_sizes = [1, 2] : !shard.sharding
  %s1 = shard.sharding @grid split_axes = [[0]] halo_sizes = [%h, 0] : !shard.sharding
  %s2 = shard.sharding @grid split_axes = [[0]] sharded_dims_offsets = [0, 4, 7] : !shard.sharding
  %s3 = shard.sharding @grid split_axes = [[0]] sharded_dims_offsets = [0, 4, 8] : !shard.sharding
  %s4 = shard.sharding @grid split_axes = [[0]] sharded_dims_offsets = [0, %h, 8] : !shard.sharding
  %s5 = shard.sharding @grid split_axes = [[0, 1]] sharded_dims_offsets = [0, 4, 8, 12, 16] : !shard.sharding
  // expected-remark @+1 {{Reason=halo, op=shard.shard}}
  %7 = shard.shard %0 to %s0 : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=halo, op=shard.shard}}
  %8 = shard.shard %1 to %s1 : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=uneven-offsets, op=shard.shard}}
  %9 = shard.shard %2 to %s2 : tensor<4x8xf32>
  // expected-remark @+1 {{Reason=uneven-offsets, op=shard.shard}}
  %10 = shard.shard %3 to %s3 : tensor<8x8xf32>
  // expected-remark @+1 {{Reason=uneven-offsets, op=shard.shard}}
  %11 = shard.shard %4 to %s4 : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=uneven-offsets, op=shard.shard}}
  %12 = shard.shard %5 to %s5 : tensor<4x8xf32>
  return %i : index
}

// -----

// CHECK: dist.mesh @g(axis0 = 2)
// CHECK: shard.grid @grid(shape = 2)
dist.mesh @mesh(dp = 2)
shard.grid @g(shape = 2)
shard.grid @grid(shape = 2)

// A sharding that comes from elsewhere; a value that has one already.
// CHECK-LABEL: func @others(
// CHECK-SAME: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}
// CHECK-COUNT-2: shard.shard
// CHECK: shard.get_sharding
// CHECK: shard.shard_shape
func.func @others(%x: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}, %s: !shard.sharding, %y: tensor<4xf32>) -> index {
  %i = shard.process_linear_index on @g : index
  %t = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  // expected-remark @+1 {{Reason=annotated-already, op=shard.shard}}
  %0 = shard.shard %x to %t : tensor<4xf32>
  // expected-remark @+1 {{Reason=unknown-sharding, op=shard.shard}}
  %1 = shard.shard %y to %s : tensor<4xf32>
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.get_sharding}}
  %2 = shard.get_sharding %1 : tensor<4xf32> -> !shard.sharding
  // expected-remark @+1 {{Reason=no-counterpart, op=shard.shard_shape}}
  %3 = shard.shard_shape dims = [8] sharding = %t device = [%i] : index
  return %3 : index
}

// A result that has a sharding keeps it, and the value's is asserted.
// CHECK-LABEL: func @result(
// CHECK-SAME: -> (tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>})
// CHECK: %[[A:.*]] = dist.assert_sharding %{{.*}} <@g, [{axis0}]>
// CHECK: return %[[A]]
func.func @result(%x: tensor<4xf32>) -> (tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  %r = shard.all_reduce %x on @g grid_axes = [] : tensor<4xf32> -> tensor<4xf32>
  %n = arith.negf %r : tensor<4xf32>
  %0 = shard.shard %n to %s : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// An annotation of itself, which a region without dominance may hold.
shard.grid @grid(shape = 2)
func.func @cycle() {
  %s = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  "other.graph"() ({
    // expected-remark @+1 {{Reason=unknown-sharding, op=shard.shard}}
    %0 = shard.shard %1 to %s : tensor<4xf32>
    // expected-remark @+1 {{Reason=unknown-sharding, op=shard.shard}}
    %1 = shard.shard %0 to %s : tensor<4xf32>
    // expected-remark @+1 {{Reason=unknown-sharding, op=shard.shard}}
    %2 = shard.shard %1 to %s : tensor<4xf32>
  }) : () -> ()
  return
}
