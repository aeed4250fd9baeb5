// RUN: %commuter-opt %s --dist-check-shardings=print-states -o /dev/null 2>&1 | FileCheck %s

// The states of values made by ops with regions, by reshapes and slices, and by
// ops that ask for the rank.

dist.mesh @mesh(dp = 4, tp = 2)
#map = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

func.func @regions(
    %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
    %s: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %p: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {dp}>},
    %u: f32 {dist.sharding = #dist.sharding<@mesh, []>}, %v: f32,
    %b: memref<f32> {dist.sharding = #dist.sharding<@mesh, []>}) {
  %e = tensor.empty() : tensor<4x8xf32>
  // A function of replicated values, captured ones among them.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: R
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.mulf %a, %u : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %2 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = arith.mulf %a, %v : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  // The index of the row is the same on all ranks, and so is the result.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: R
  %3 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %1 = arith.index_cast %i : index to i32
    %4 = arith.sitofp %1 : i32 to f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %5 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = dist.axis_index @mesh[dp] : index
    %1 = arith.index_cast %i : index to i32
    %4 = arith.sitofp %1 : i32 to f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %6 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %1 = memref.load %b[] : memref<f32>
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %c = arith.constant dense<0.0> : tensor<4xf32>
  // Rows keep their slices, also when each is summed up.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: R
  %7 = linalg.reduce { arith.addf } ins(%s : tensor<4x8xf32>) outs(%c : tensor<4xf32>) dimensions = [1]
  %d = arith.constant dense<0.0> : tensor<8xf32>
  // A sum over the slices is another value on each rank. It may be all that is
  // wanted: nothing says that a sum is pending.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %8 = linalg.reduce { arith.addf } ins(%s : tensor<4x8xf32>) outs(%d : tensor<8xf32>) dimensions = [0]
  // A pending sum of rows is one of their sums.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: P, @mesh[tp]: R
  %9 = linalg.reduce { arith.addf } ins(%p : tensor<4x8xf32>) outs(%c : tensor<4xf32>) dimensions = [1]
  %t = tensor.empty() : tensor<8x4xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(1), @mesh[tp]: R
  %10 = linalg.transpose ins(%s : tensor<4x8xf32>) outs(%t : tensor<8x4xf32>) permutation = [1, 0]
  return
}

func.func @shapes(
    %s: tensor<4x2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}, {}]>},
    %t: tensor<4x2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {tp}, {}]>},
    %x: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %y: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %one: tensor<1x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  // Slices of slices of rows stay in one piece.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: S(0)
  %0 = tensor.collapse_shape %s [[0, 1], [2]] : tensor<4x2x8xf32> into tensor<8x8xf32>
  // The minor axis first: what is left is a slice. The major one first: it isn't.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: R
  %1 = dist.all_gather %0 dim 0 over @mesh[tp] : tensor<8x8xf32> -> tensor<16x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: V
  %2 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  // Slices of the inner dimension interleave.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: V
  %3 = tensor.collapse_shape %t [[0, 1], [2]] : tensor<4x2x8xf32> into tensor<8x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: R
  %4 = tensor.expand_shape %x [[0, 1], [2]] output_shape [4, 2, 8] : tensor<8x8xf32> into tensor<4x2x8xf32>
  // One row of [4, 8, 8], or a part of [1, 32, 8]? Nobody says.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %5 = tensor.expand_shape %x [[0, 1], [2]] output_shape [1, 8, 8] : tensor<8x8xf32> into tensor<1x8x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %6 = tensor.collapse_shape %one [[0, 1]] : tensor<1x8xf32> into tensor<8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: R
  %7 = tensor.extract_slice %x[0, 2] [8, 4] [1, 1] : tensor<8x8xf32> to tensor<8x4xf32>
  // Two of each rank's rows are no slice of anything that the whole has.
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %8 = tensor.extract_slice %x[0, 0] [2, 8] [1, 1] : tensor<8x8xf32> to tensor<2x8xf32>
  // The rank's own number of rows varies, but says no more than the rows do.
  %c0 = arith.constant 0 : index
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %n = tensor.dim %y, %c0 : tensor<?x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: S(0), @mesh[tp]: R
  %9 = tensor.extract_slice %y[0, 2] [%n, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: R
  %10 = tensor.extract_slice %y[0, %n] [4, 4] [1, 1] : tensor<?x8xf32> to tensor<4x4xf32>
  return
}

// Upstream's dialects have pure ops that ask for the rank.
shard.grid @grid(shape = 4)
func.func @ranks(%r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %0 = shard.process_linear_index on @grid : index
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %1 = shard.all_slice %r on @grid grid_axes = [0] slice_axis = 0 : tensor<4x8xf32> -> tensor<1x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: V, @mesh[tp]: V
  %2 = gpu.block_id x
  return
}

// What is linear in a pending sum is one.
func.func @pending(%p: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>}, %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %e = tensor.empty() : tensor<4x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: P
  %0 = linalg.matmul ins(%p, %w : tensor<4x8xf32>, tensor<8x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: P
  %1 = tensor.concat dim(1) %p, %p : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x16xf32>
  // CHECK: :[[@LINE+1]]:{{.*}} result #0: @mesh[dp]: R, @mesh[tp]: R
  %2 = dist.all_reduce %p sum over @mesh[tp] : tensor<4x8xf32>
  return
}
