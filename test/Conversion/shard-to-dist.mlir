// The input holds no op of dist: the pass loads what it makes.
// RUN: %commuter-opt %s --convert-shard-to-dist --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --convert-shard-to-dist=require-all --split-input-file | FileCheck %s

// CHECK: dist.mesh @grid(axis0 = 2, axis1 = 3, axis2 = ?)
// CHECK-NOT: shard.
shard.grid @grid(shape = 2x3x?)
shard.grid @one(shape = 1)

// The order of the axes is that of the group, outer to inner.
// CHECK-LABEL: func @all_gather(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>, %[[D:.*]]: tensor<?x6xf32>
// CHECK: %[[A:.*]] = dist.all_gather %[[X]] dim 0 over @grid[axis0] : tensor<2x6xf32> -> tensor<4x6xf32>
// CHECK: %[[B:.*]] = dist.all_gather %[[X]] dim 1 over @grid[axis1, axis0] : tensor<2x6xf32> -> tensor<2x36xf32>
// CHECK: %[[C:.*]] = dist.all_gather %[[X]] dim 0 over @grid[axis2] : tensor<2x6xf32> -> tensor<?x6xf32>
// CHECK: %[[E:.*]] = dist.all_gather %[[D]] dim 0 over @grid[axis0] : tensor<?x6xf32> -> tensor<?x6xf32>
// CHECK: return %[[A]], %[[B]], %[[C]], %[[E]]
func.func @all_gather(%x: tensor<2x6xf32>, %d: tensor<?x6xf32>) -> (tensor<4x6xf32>, tensor<2x36xf32>, tensor<?x6xf32>, tensor<?x6xf32>) {
  %a = shard.all_gather %x on @grid grid_axes = [0] gather_axis = 0 : tensor<2x6xf32> -> tensor<4x6xf32>
  %b = shard.all_gather %x on @grid grid_axes = [1, 0] gather_axis = 1 : tensor<2x6xf32> -> tensor<2x36xf32>
  %c = shard.all_gather %x on @grid grid_axes = [2] gather_axis = 0 : tensor<2x6xf32> -> tensor<?x6xf32>
  %e = shard.all_gather %d on @grid grid_axes = [0] gather_axis = 0 : tensor<?x6xf32> -> tensor<?x6xf32>
  return %a, %b, %c, %e : tensor<4x6xf32>, tensor<2x36xf32>, tensor<?x6xf32>, tensor<?x6xf32>
}

// CHECK-LABEL: func @all_reduce(
// CHECK-SAME: %[[X:.*]]: tensor<f32>, %[[B:.*]]: tensor<4xbf16>, %[[I:.*]]: tensor<4xui8>
// CHECK: %[[S:.*]] = dist.all_reduce %[[X]] sum over @grid[axis0, axis2] : tensor<f32>
// CHECK: %[[M:.*]] = dist.all_reduce %[[B]] max over @grid[axis1] : tensor<4xbf16>
// CHECK: %[[N:.*]] = dist.all_reduce %[[B]] min over @grid[axis1] : tensor<4xbf16>
// CHECK: %[[C:.*]] = tensor.cast %[[N]] : tensor<4xbf16> to tensor<?xbf16>
// CHECK: %[[U:.*]] = dist.all_reduce %[[I]] sum over @grid[axis1] : tensor<4xui8>
// CHECK: return %[[S]], %[[M]], %[[C]], %[[U]]
func.func @all_reduce(%x: tensor<f32>, %b: tensor<4xbf16>, %i: tensor<4xui8>) -> (tensor<f32>, tensor<4xbf16>, tensor<?xbf16>, tensor<4xui8>) {
  %s = shard.all_reduce %x on @grid grid_axes = [0, 2] : tensor<f32> -> tensor<f32>
  %m = shard.all_reduce %b on @grid grid_axes = [1] reduction = max : tensor<4xbf16> -> tensor<4xbf16>
  %n = shard.all_reduce %b on @grid grid_axes = [1] reduction = min : tensor<4xbf16> -> tensor<?xbf16>
  %u = shard.all_reduce %i on @grid grid_axes = [1] reduction = sum : tensor<4xui8> -> tensor<4xui8>
  return %s, %m, %n, %u : tensor<f32>, tensor<4xbf16>, tensor<?xbf16>, tensor<4xui8>
}

// CHECK-LABEL: func @reduce_scatter(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>
// CHECK: %[[S:.*]] = dist.reduce_scatter %[[X]] sum dim 1 over @grid[axis0, axis1] : tensor<2x6xf32> -> tensor<2x1xf32>
// CHECK: %[[M:.*]] = dist.reduce_scatter %[[X]] max dim 0 over @grid[axis0] : tensor<2x6xf32> -> tensor<?x6xf32>
// CHECK: return %[[S]], %[[M]]
func.func @reduce_scatter(%x: tensor<2x6xf32>) -> (tensor<2x1xf32>, tensor<?x6xf32>) {
  %s = shard.reduce_scatter %x on @grid grid_axes = [0, 1] scatter_axis = 1 : tensor<2x6xf32> -> tensor<2x1xf32>
  %m = shard.reduce_scatter %x on @grid grid_axes = [0] reduction = max scatter_axis = 0 : tensor<2x6xf32> -> tensor<?x6xf32>
  return %s, %m : tensor<2x1xf32>, tensor<?x6xf32>
}

// CHECK-LABEL: func @all_slice(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[X]] dim 1 over @grid[axis1, axis0] : tensor<2x6xf32> -> tensor<2x1xf32>
// CHECK: %[[T:.*]] = dist.all_slice %[[X]] dim 0 over @grid[axis2] : tensor<2x6xf32> -> tensor<?x6xf32>
// CHECK: return %[[S]], %[[T]]
func.func @all_slice(%x: tensor<2x6xf32>) -> (tensor<2x1xf32>, tensor<?x6xf32>) {
  %s = shard.all_slice %x on @grid grid_axes = [1, 0] slice_axis = 1 : tensor<2x6xf32> -> tensor<2x1xf32>
  %t = shard.all_slice %x on @grid grid_axes = [2] slice_axis = 0 : tensor<2x6xf32> -> tensor<?x6xf32>
  return %s, %t : tensor<2x1xf32>, tensor<?x6xf32>
}

// CHECK-LABEL: func @all_to_all(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>, %[[E:.*]]: tensor<0x6xf32>
// CHECK: %[[A:.*]] = dist.all_to_all %[[X]] split 1 concat 0 over @grid[axis0, axis1] : tensor<2x6xf32> -> tensor<12x1xf32>
// CHECK: %[[B:.*]] = dist.all_to_all %[[X]] split 1 concat 0 over @grid[axis2] : tensor<2x6xf32> -> tensor<?x?xf32>
// CHECK: %[[C:.*]] = dist.all_to_all %[[E]] split 0 concat 1 over @grid[axis1] : tensor<0x6xf32> -> tensor<0x18xf32>
// CHECK: return %[[A]], %[[B]], %[[C]]
func.func @all_to_all(%x: tensor<2x6xf32>, %e: tensor<0x6xf32>) -> (tensor<12x1xf32>, tensor<?x?xf32>, tensor<0x18xf32>) {
  %a = shard.all_to_all %x on @grid grid_axes = [0, 1] split_axis = 1 concat_axis = 0 : tensor<2x6xf32> -> tensor<12x1xf32>
  %b = shard.all_to_all %x on @grid grid_axes = [2] split_axis = 1 concat_axis = 0 : tensor<2x6xf32> -> tensor<?x?xf32>
  %c = shard.all_to_all %e on @grid grid_axes = [1] split_axis = 0 concat_axis = 1 : tensor<0x6xf32> -> tensor<0x18xf32>
  return %a, %b, %c : tensor<12x1xf32>, tensor<?x?xf32>, tensor<0x18xf32>
}

// The ranks' pieces of one dimension are one of two.
// CHECK-LABEL: func @exchange_within(
// CHECK-SAME: %[[X:.*]]: tensor<?x6xf32>
// CHECK: %[[P:.*]] = tensor.expand_shape %[[X]] {{\[\[}}0], [1, 2]] output_shape [{{.*}}, 3, 2] : tensor<?x6xf32> into tensor<?x3x2xf32>
// CHECK: %[[E:.*]] = dist.all_to_all %[[P]] split 1 concat 2 over @grid[axis1] : tensor<?x3x2xf32> -> tensor<?x1x6xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[E]] {{\[\[}}0], [1, 2]] : tensor<?x1x6xf32> into tensor<?x6xf32>
// CHECK: %[[D:.*]] = tensor.cast %[[C]] : tensor<?x6xf32> to tensor<?x?xf32>
// CHECK: return %[[D]]
func.func @exchange_within(%x: tensor<?x6xf32>) -> tensor<?x?xf32> {
  %0 = shard.all_to_all %x on @grid grid_axes = [1] split_axis = 1 concat_axis = 1 : tensor<?x6xf32> -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// Without axes, or along axes of size 1, a group is one rank, whatever it would
// reduce.
// CHECK-LABEL: func @alone(
// CHECK-SAME: %[[X:.*]]: tensor<2x6xf32>
// CHECK: %[[C:.*]] = tensor.cast %[[X]] : tensor<2x6xf32> to tensor<2x?xf32>
// CHECK: return %[[X]], %[[C]], %[[X]], %[[X]], %[[X]], %[[X]]
func.func @alone(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x?xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>) {
  %a = shard.all_gather %x on @grid gather_axis = 0 : tensor<2x6xf32> -> tensor<2x6xf32>
  %b = shard.reduce_scatter %x on @grid reduction = product scatter_axis = 1 : tensor<2x6xf32> -> tensor<2x?xf32>
  %c = shard.all_reduce %x on @grid reduction = generic : tensor<2x6xf32> -> tensor<2x6xf32>
  %d = shard.all_slice %x on @grid grid_axes = [] slice_axis = 0 : tensor<2x6xf32> -> tensor<2x6xf32>
  %e = shard.all_to_all %x on @grid split_axis = 1 concat_axis = 1 : tensor<2x6xf32> -> tensor<2x6xf32>
  %f = shard.all_reduce %x on @one grid_axes = [0] reduction = product : tensor<2x6xf32> -> tensor<2x6xf32>
  return %a, %b, %c, %d, %e, %f : tensor<2x6xf32>, tensor<2x?xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>
}

// CHECK-LABEL: func @place(
// CHECK: %[[L:.*]] = dist.axis_index @grid[axis0, axis1, axis2] : index
// CHECK: %[[I0:.*]] = dist.axis_index @grid[axis0] : index
// CHECK: %[[I1:.*]] = dist.axis_index @grid[axis1] : index
// CHECK: %[[I2:.*]] = dist.axis_index @grid[axis2] : index
// CHECK: %[[J2:.*]] = dist.axis_index @grid[axis2] : index
// CHECK: %[[J1:.*]] = dist.axis_index @grid[axis1] : index
// CHECK: %[[S0:.*]] = dist.axis_size @grid[axis0] : index
// CHECK: %[[S1:.*]] = dist.axis_size @grid[axis1] : index
// CHECK: %[[S2:.*]] = dist.axis_size @grid[axis2] : index
// CHECK: %[[T2:.*]] = dist.axis_size @grid[axis2] : index
// CHECK: return %[[L]], %[[I0]], %[[I1]], %[[I2]], %[[J2]], %[[J1]], %[[S0]], %[[S1]], %[[S2]], %[[T2]]
func.func @place() -> (index, index, index, index, index, index, index, index, index, index) {
  %l = shard.process_linear_index on @grid : index
  %i:3 = shard.process_multi_index on @grid : index, index, index
  %j:2 = shard.process_multi_index on @grid axes = [2, 1] : index, index
  %s:3 = shard.grid_shape @grid : index, index, index
  %t = shard.grid_shape @grid axes = [2] : index
  return %l, %i#0, %i#1, %i#2, %j#0, %j#1, %s#0, %s#1, %s#2, %t : index, index, index, index, index, index, index, index, index, index
}

// -----

// A grid is seen where it stands; its visibility stays.
// CHECK: dist.mesh @g(axis0 = 2)
// CHECK: module @inner
// CHECK: dist.mesh @g(axis0 = 3) {sym_visibility = "private"}
// CHECK: dist.all_gather {{.*}} over @g[axis0] : tensor<1xf32> -> tensor<3xf32>
// CHECK: dist.all_gather {{.*}} over @g[axis0] : tensor<1xf32> -> tensor<2xf32>
shard.grid @g(shape = 2)
module @inner {
  shard.grid @g(shape = 3) {sym_visibility = "private"}
  func.func @f(%x: tensor<1xf32>) -> tensor<3xf32> {
    %0 = shard.all_gather %x on @g grid_axes = [0] gather_axis = 0 : tensor<1xf32> -> tensor<3xf32>
    return %0 : tensor<3xf32>
  }
}
func.func @f(%x: tensor<1xf32>) -> tensor<2xf32> {
  %0 = shard.all_gather %x on @g grid_axes = [0] gather_axis = 0 : tensor<1xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

// A grid that nothing refers to, and a sharding that nothing has.
// CHECK: dist.mesh @g(axis0 = 1)
// CHECK-LABEL: func @nothing(
// CHECK-NEXT: return
shard.grid @g(shape = 1)
func.func @nothing() {
  %s = shard.sharding @g split_axes = [[0]] : !shard.sharding
  return
}

// -----

// What stayed before, with the mesh that was made then.
// CHECK: shard.grid @grid(shape = 2)
// CHECK-NOT: dist.mesh @grid_mesh_
// CHECK: dist.mesh @grid_mesh(axis0 = 2)
// CHECK-LABEL: func @again(
// CHECK: dist.all_reduce {{.*}} over @grid_mesh[axis0]
shard.grid @grid(shape = 2)
dist.mesh @grid_mesh(axis0 = 2)
func.func @again(%x: tensor<2xf32>) -> tensor<2xf32> attributes {of = @grid} {
  %0 = shard.all_reduce %x on @grid grid_axes = [0] : tensor<2xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
