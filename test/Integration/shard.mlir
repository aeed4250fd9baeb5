// Norms behind collectives of upstream's shard dialect: bit by bit as written, on
// meshes of several ranks and dimensions. shard-reference.test has what the
// collectives mean.

// RUN: rm -rf %t && split-file %s %t

// The norm of gathered rows; the gather's group is ordered by its axes.
// RUN: %commuter-run %t/norms.mlir --entry layer_norm --compare --axis axis1=2 --pipeline dist-commute-norms | FileCheck %s
// RUN: %commuter-run %t/norms.mlir --entry layer_norm --compare --axis axis1=1 --pipeline dist-commute-norms | FileCheck %s --check-prefix=FEWER
// RUN: %commuter-run %t/norms.mlir --entry layer_norm --compare --axis axis1=2 | FileCheck %s
// RUN: %commuter-run %t/norms.mlir --entry both_axes --compare --axis axis1=2 --pipeline inline,resolve-ranked-shaped-type-result-dims,dist-commute-norms | FileCheck %s
// RUN: %commuter-run %t/norms.mlir --entry summed --compare --axis axis1=2 | FileCheck %s
// RUN: %commuter-run %t/norms.mlir --entry summed --compare --axis axis1=1 | FileCheck %s --check-prefix=FEWER

// Rows of other numbers on each rank, and none.
// RUN: %commuter-run %t/norms.mlir --entry ragged --compare --axis axis1=2 --extent 0.0=3,3,0,0,5,5 --pipeline inline,resolve-ranked-shaped-type-result-dims,dist-commute-norms | FileCheck %s

// What is moved is on fewer rows.
// RUN: %commuter-opt %t/norms.mlir --convert-shard-to-dist --inline --resolve-ranked-shaped-type-result-dims --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=MOVED

// A norm that is raised and moved; the sum's order is the norm's own.
// RUN: not %commuter-run %t/norms.mlir --entry layer_norm --compare --axis axis1=2 --pipeline norm-raise,dist-commute-norms 2>&1 | FileCheck %s --check-prefix=RAISED

// CHECK: bit-exact on 6/6 ranks
// FEWER: bit-exact on 3/3 ranks
// RAISED: norm rows per rank {{ *}}0 {{ *}}4
// RAISED: largest error {{[0-9.]+e-0[6-9]$}}

// MOVED-DAG: [Passed] dist-commute-norms | {{.*}} Function=layer_norm | {{.*}} rows-after=4, rows-before=12
// MOVED-DAG: [Passed] dist-commute-norms | {{.*}} Function=both_axes | {{.*}} rows-after=2, rows-before=?
// MOVED-DAG: [Passed] dist-commute-norms | {{.*}} Function=summed | {{.*}} rows-after=4, rows-before=12
// MOVED-DAG: [Passed] dist-commute-norms | {{.*}} Function=ragged | {{.*}} rows-after=?, rows-before=?

//--- norms.mlir
shard.grid @grid(shape = 3x?)

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// Variance as E[(x - m)^2], scale and bias.
func.func @layer_norm(%h: tensor<4x24xf32>, %w: tensor<24xf32>, %b: tensor<24xf32>) -> (tensor<12x24xf32>, tensor<4x24xf32>) {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %h0 = shard.shard %h to %rows : tensor<4x24xf32>
  %w0 = shard.shard %w to %whole : tensor<24xf32>
  %b0 = shard.shard %b to %whole annotate_for_users : tensor<24xf32>
  %g = shard.all_gather %h0 on @grid grid_axes = [0] gather_axis = 0 : tensor<4x24xf32> -> tensor<12x24xf32>
  %own = shard.all_slice %g on @grid grid_axes = [0] slice_axis = 0 : tensor<12x24xf32> -> tensor<4x24xf32>
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 24.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %e = tensor.empty() : tensor<12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<12xf32>) -> tensor<12xf32>
  %sum = linalg.reduce { arith.addf } ins(%g : tensor<12x24xf32>) outs(%z : tensor<12xf32>) dimensions = [1]
  %sq = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%g, %sum : tensor<12x24xf32>, tensor<12xf32>) outs(%z : tensor<12xf32>) {
  ^bb0(%x: f32, %s: f32, %a: f32):
    %m = arith.divf %s, %n : f32
    %c = arith.subf %x, %m : f32
    %0 = arith.mulf %c, %c : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<12xf32>
  %o = tensor.empty() : tensor<12x24xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #column, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %sum, %sq, %w0, %b0 : tensor<12x24xf32>, tensor<12xf32>, tensor<12xf32>, tensor<24xf32>, tensor<24xf32>) outs(%o : tensor<12x24xf32>) {
  ^bb0(%x: f32, %s: f32, %v: f32, %c: f32, %d: f32, %a: f32):
    %m = arith.divf %s, %n : f32
    %0 = arith.subf %x, %m : f32
    %1 = arith.divf %v, %n : f32
    %2 = arith.addf %1, %eps : f32
    %3 = math.rsqrt %2 : f32
    %4 = arith.mulf %0, %3 : f32
    %5 = arith.mulf %4, %c : f32
    %6 = arith.addf %5, %d : f32
    linalg.yield %6 : f32
  } -> tensor<12x24xf32>
  %y0 = shard.shard %y to %whole : tensor<12x24xf32>
  %own0 = shard.shard %own to %rows : tensor<4x24xf32>
  return %y0, %own0 : tensor<12x24xf32>, tensor<4x24xf32>
}

// Gathered over both axes, the second the major one.
func.func @both_axes(%h: tensor<2x24xf32>) -> tensor<?x24xf32> {
  %rows = shard.sharding @grid split_axes = [[1, 0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %h0 = shard.shard %h to %rows : tensor<2x24xf32>
  %g = shard.all_gather %h0 on @grid grid_axes = [1, 0] gather_axis = 0 : tensor<2x24xf32> -> tensor<?x24xf32>
  %y = func.call @normalise(%g) : (tensor<?x24xf32>) -> tensor<?x24xf32>
  %y0 = shard.shard %y to %whole : tensor<?x24xf32>
  return %y0 : tensor<?x24xf32>
}

// A sum over the other axis is finished before the gather.
func.func @summed(%h: tensor<4x24xf32>) -> tensor<12x24xf32> {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %r = shard.all_reduce %h on @grid grid_axes = [1] : tensor<4x24xf32> -> tensor<4x24xf32>
  %g = shard.all_gather %r on @grid grid_axes = [0] gather_axis = 0 : tensor<4x24xf32> -> tensor<12x24xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<12xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<12xf32>) -> tensor<12xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%g : tensor<12x24xf32>) outs(%z : tensor<12xf32>) {
  ^bb0(%x: f32, %a: f32):
    %0 = arith.mulf %x, %x : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<12xf32>
  %o = tensor.empty() : tensor<12x24xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %sum : tensor<12x24xf32>, tensor<12xf32>) outs(%o : tensor<12x24xf32>) {
  ^bb0(%x: f32, %s: f32, %a: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %x, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<12x24xf32>
  %y0 = shard.shard %y to %whole : tensor<12x24xf32>
  return %y0 : tensor<12x24xf32>
}

// Rows of which the number is not known, behind a call.
func.func @ragged(%h: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %h0 = shard.shard %h to %rows : tensor<?x24xf32>
  %g = shard.all_gather %h0 on @grid grid_axes = [0] gather_axis = 0 : tensor<?x24xf32> -> tensor<?x24xf32>
  %y = func.call @normalise(%g) : (tensor<?x24xf32>) -> tensor<?x24xf32>
  %y0 = shard.shard %y to %whole : tensor<?x24xf32>
  return %y0 : tensor<?x24xf32>
}

func.func private @normalise(%g: tensor<?x24xf32>) -> tensor<?x24xf32> {
  %c0 = arith.constant 0 : index
  %count = tensor.dim %g, %c0 : tensor<?x24xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%count) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%g : tensor<?x24xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%x: f32, %a: f32):
    %0 = arith.mulf %x, %x : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %o = tensor.empty(%count) : tensor<?x24xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %sum : tensor<?x24xf32>, tensor<?xf32>) outs(%o : tensor<?x24xf32>) {
  ^bb0(%x: f32, %s: f32, %a: f32):
    %0 = math.rsqrt %s : f32
    %1 = arith.mulf %x, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}
