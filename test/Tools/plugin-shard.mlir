// Programs of upstream's dialects alone, in the stock mlir-opt with our plugin.
// The stock tool comes without a sanitizer's runtime.
// UNSUPPORTED: sanitizer
// RUN: %mlir-opt %s --load-dialect-plugin=%commuter-plugin --load-pass-plugin=%commuter-plugin --pass-pipeline="builtin.module(convert-shard-to-dist,dist-commute-norms,canonicalize)" --remark-format=emitRemark --remarks-filter=dist > %t.out 2> %t.err
// RUN: FileCheck %s < %t.out
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// RUN: %mlir-opt %s --load-dialect-plugin=%commuter-plugin --load-pass-plugin=%commuter-plugin --pass-pipeline="builtin.module(convert-shard-to-dist,norm-raise,dist-commute-norms,canonicalize)" | FileCheck %s --check-prefix=RAISED

// The conversion alone needs the pass's plugin alone: it loads the dialect.
// RUN: %mlir-opt %s --load-pass-plugin=%commuter-plugin --pass-pipeline="builtin.module(convert-shard-to-dist)" | FileCheck %s --check-prefix=CONVERTED

// CONVERTED: dist.mesh @grid(axis0 = 4)
// CONVERTED: dist.all_gather

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

shard.grid @grid(shape = 4)

// An RMS norm of gathered rows, and the rank's own rows taken back.
//
// REMARK: [Passed] dist-commute-norms | {{.*}} Function=rms_norm | {{.*}} rows-after=8, rows-before=32
//
// CHECK-LABEL: func.func @rms_norm(
// CHECK-SAME: %[[H:.*]]: tensor<8x64xf32> {dist.sharding = #dist.sharding<@grid, [{axis0}, {}]>},
// CHECK-SAME: %[[W:.*]]: tensor<64xf32> {dist.sharding = #dist.sharding<@grid, [{}]>})
// CHECK-SAME: -> (tensor<32x64xf32> {dist.sharding = #dist.sharding<@grid, [{}, {}]>}, tensor<8x64xf32>)
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[H]] : tensor<8x64xf32>)
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[H]], %[[SUM]], %[[W]] : tensor<8x64xf32>, tensor<8xf32>, tensor<64xf32>)
// CHECK: math.rsqrt
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 over @grid[axis0] : tensor<8x64xf32> -> tensor<32x64xf32>
// CHECK: return %[[G]], %[[H]]
//
// RAISED-LABEL: func.func @rms_norm(
// RAISED-SAME: %[[H:.*]]: tensor<8x64xf32> {{{[^}]*}}}
// RAISED-SAME: %[[W:.*]]: tensor<64xf32> {
// RAISED: %[[Y:.*]] = norm.rms_norm %[[H]] scale %[[W]] eps {{.*}} : tensor<8x64xf32>, tensor<64xf32>
// RAISED: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 over @grid[axis0]
// RAISED: return %[[G]], %[[H]]
func.func @rms_norm(%h: tensor<8x64xf32>, %w: tensor<64xf32>) -> (tensor<32x64xf32>, tensor<8x64xf32>) {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %h0 = shard.shard %h to %rows : tensor<8x64xf32>
  %w0 = shard.shard %w to %whole : tensor<64xf32>
  %g = shard.all_gather %h0 on @grid grid_axes = [0] gather_axis = 0 : tensor<8x64xf32> -> tensor<32x64xf32>
  %own = shard.all_slice %g on @grid grid_axes = [0] slice_axis = 0 : tensor<32x64xf32> -> tensor<8x64xf32>
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 64.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%g : tensor<32x64xf32>) outs(%z : tensor<32xf32>) {
  ^bb0(%x: f32, %a: f32):
    %0 = arith.mulf %x, %x : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<32xf32>
  %o = tensor.empty() : tensor<32x64xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%g, %sum, %w0 : tensor<32x64xf32>, tensor<32xf32>, tensor<64xf32>) outs(%o : tensor<32x64xf32>) {
  ^bb0(%x: f32, %s: f32, %c: f32, %a: f32):
    %0 = arith.divf %s, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %x, %2 : f32
    %4 = arith.mulf %3, %c : f32
    linalg.yield %4 : f32
  } -> tensor<32x64xf32>
  %y0 = shard.shard %y to %whole annotate_for_users : tensor<32x64xf32>
  return %y0, %own : tensor<32x64xf32>, tensor<8x64xf32>
}

// The statistics of a layer norm over the gathered dimension: it stays.
// REMARK: [Missed] dist-commute-norms | {{.*}} Function=columns | Reason=gather-dim-normalized
// CHECK-LABEL: func.func @columns(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: linalg.reduce {{.*}} ins(%[[G]]
func.func @columns(%x: tensor<8x16xf32>, %z: tensor<8xf32>) -> tensor<8xf32> {
  %g = shard.all_gather %x on @grid grid_axes = [0] gather_axis = 1 : tensor<8x16xf32> -> tensor<8x64xf32>
  %s = linalg.reduce { arith.addf } ins(%g : tensor<8x64xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  return %s : tensor<8xf32>
}
