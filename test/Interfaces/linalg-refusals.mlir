// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Structured ops that would compute something else on slices.

// The value depends on the place of the row: rank 1's first row is row 4.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @index_of_gathered_loop(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @index_of_gathered_loop(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %0 = arith.index_cast %i : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    %2 = arith.addf %a, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise, Suggestion="make a tensor of the rows' numbers in front of the op, and let it read that"}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A window reaches over the border of a slice.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @window(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @window(%h: tensor<4x8xf32>, %z: tensor<15x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<15x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %k = tensor.empty() : tensor<2xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i + k, j)>, affine_map<(i, j, k) -> (k)>, affine_map<(i, j, k) -> (i, j)>], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%g, %k : tensor<16x8xf32>, tensor<2xf32>) outs(%z : tensor<15x8xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.maximumf %a, %o : f32
    linalg.yield %0 : f32
  } -> tensor<15x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<15x8xf32>
  return %n : tensor<15x8xf32>
}

// -----

// Strided rows: rank 1's slice does not begin at twice its result's first row.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @strided(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @strided(%h: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i * 2, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// The diagonal of a slice is not the slice of the diagonal.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @diagonal(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @diagonal(%h: tensor<4x16x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16x8xf32> -> tensor<16x16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// What the region captures may differ from rank to rank, though no operand does.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @varying_capture(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @varying_capture(%h: tensor<4x8xf32>, %s: f32) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The rank's own index, asked for inside: every rank's rows would differ.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @asks_for_rank(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @asks_for_rank(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = dist.axis_index @mesh[dp] : index
    %0 = arith.index_cast %r : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    %2 = arith.addf %a, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Memory is read inside: nothing is known of what is there.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @reads_memory(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @reads_memory(%h: tensor<4x8xf32>, %b: memref<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = memref.load %b[] : memref<f32>
    %0 = arith.mulf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The flag lets a compiler add in another order when there are fewer rows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @reassociated_sum(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.reduce ins(%[[G]]
func.func @reassociated_sum(%h: tensor<4x8xf32>) -> tensor<16xf32> {
  %z = arith.constant dense<0.0> : tensor<16xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %r = linalg.reduce ins(%g : tensor<16x8xf32>) outs(%z : tensor<16xf32>) dimensions = [1]
    (%a: f32, %b: f32) {
      %0 = arith.addf %a, %b fastmath<reassoc> : f32
      linalg.yield %0 : f32
    }
  return %r : tensor<16xf32>
}

// -----

// The sum runs over the gathered rows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @reduced_gather_dim(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.reduce {{.*}} ins(%[[G]]
func.func @reduced_gather_dim(%h: tensor<4x8xf32>) -> tensor<8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %r = linalg.reduce { arith.addf } ins(%g : tensor<16x8xf32>) outs(%z : tensor<8xf32>) dimensions = [0]
  return %r : tensor<8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @softmax_of_gather_dim(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.softmax {{.*}} ins(%[[G]]
func.func @softmax_of_gather_dim(%h: tensor<8x4xf32>) -> tensor<8x16xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<8x4xf32> -> tensor<8x16xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %s = linalg.softmax dimension(1) ins(%g : tensor<8x16xf32>) outs(%e : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %s : tensor<8x16xf32>
}

// -----

// Gathered along the dimension that the product sums over.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @matmul_inner_dim(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.matmul ins(%[[G]]
func.func @matmul_inner_dim(%h: tensor<16x2xf32>, %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %z: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<16x2xf32> -> tensor<16x8xf32>
  %m = linalg.matmul ins(%g, %w : tensor<16x8xf32>, tensor<8x8xf32>) outs(%z : tensor<16x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Weights that differ from rank to rank are needed whole.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @varying_weights(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.matmul ins(%[[G]]
func.func @varying_weights(%h: tensor<4x8xf32>, %w: tensor<8x8xf32>, %z: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = linalg.matmul ins(%g, %w : tensor<16x8xf32>, tensor<8x8xf32>) outs(%z : tensor<16x8xf32>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// What the op accumulates into is an operand like any other.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @varying_init(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.reduce {{.*}} ins(%[[G]]
func.func @varying_init(%h: tensor<4x8xf32>, %z: tensor<16xf32>) -> tensor<16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %r = linalg.reduce { arith.addf } ins(%g : tensor<16x8xf32>) outs(%z : tensor<16xf32>) dimensions = [1]
  return %r : tensor<16xf32>
}

// -----

// The region looks up any row of the gathered value: the gather stays for it.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @captures_gathered(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
// CHECK: tensor.extract %[[G]]
func.func @captures_gathered(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %b = tensor.extract %g[%c0, %c0] : tensor<16x8xf32>
    %0 = arith.subf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Parallel over the rows, but the result's rows are all the same place: the last
// row wins, on a slice another one.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @not_in_result(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @not_in_result(%h: tensor<4x8xf32>) -> tensor<8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<8xf32>
  return %n : tensor<8xf32>
}

// -----

// A value that a loop carries is replicated at first, and then it is not.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @loop_carried_capture(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.generic {{.*}} ins(%[[G]]
func.func @loop_carried_capture(%h: tensor<4x8xf32>, %v: f32 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %z = arith.constant dense<0.0> : tensor<16x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %i32 = arith.index_cast %i : index to i32
  %fi = arith.sitofp %i32 : i32 to f32
  %r:2 = scf.for %k = %c0 to %c2 step %c1 iter_args(%s = %v, %t = %z) -> (f32, tensor<16x8xf32>) {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    %e = tensor.empty() : tensor<16x8xf32>
    %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
    ^bb0(%x: f32, %o: f32):
      %0 = arith.subf %x, %s : f32
      linalg.yield %0 : f32
    } -> tensor<16x8xf32>
    // expected-remark @+1 {{Reason=operand-not-replicated}}
    %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
    %u = arith.addf %s, %fi : f32
    scf.yield %u, %n : f32, tensor<16x8xf32>
  }
  return %r#1 : tensor<16x8xf32>
}

// -----

// The old value is read.
dist.mesh @mesh(dp = 4)
func.func @added_to(%h: tensor<4x8xf32>, %v: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%v : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %s = arith.addf %a, %o : f32
    linalg.yield %s : f32
  } -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Not read, and it may stay: a loop of no round puts nothing into the result.
dist.mesh @mesh(dp = 4)
func.func @may_stay(%h: tensor<4x8xf32>, %t: tensor<?xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %v: tensor<8xf32>) -> tensor<16x8xf32> {
  %w = linalg.generic {indexing_maps = [affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
    ins(%t : tensor<?xf32>) outs(%v : tensor<8xf32>) {
  ^bb0(%a: f32, %o: f32):
    linalg.yield %a : f32
  } -> tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// How long the result is, it decides.
dist.mesh @mesh(dp = 4)
func.func @gives_extent(%h: tensor<4x8xf32>, %v: tensor<?xf32>) -> tensor<16x8xf32> {
  %c2 = arith.constant 2.0 : f32
  %f = linalg.fill ins(%c2 : f32) outs(%v : tensor<?xf32>) -> tensor<?xf32>
  %w = tensor.cast %f : tensor<?xf32> to tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}
