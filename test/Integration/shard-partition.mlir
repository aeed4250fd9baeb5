// A sequential program with a few annotations goes through upstream's propagation
// and partitioner, which normalise every row on every rank, then through ours. On
// any number of ranks it computes what it does on one.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-opt %s --pass-pipeline="builtin.module(func.func(sharding-propagation),commuter-record-shardings,func.func(shard-partition))" -o %t/4.mlir
// RUN: FileCheck %s --check-prefix=PARTITIONED < %t/4.mlir
// RUN: %commuter-opt %t/4.mlir --convert-shard-to-dist --canonicalize --dist-commute-norms --canonicalize | FileCheck %s

// RUN: for n in 1 2 8; do sed "s/shape = 4/shape = $n/" %s | %commuter-opt --pass-pipeline="builtin.module(func.func(sharding-propagation),commuter-record-shardings,func.func(shard-partition))" -o %t/$n.mlir || exit 1; done
// RUN: for n in 1 2 4 8; do %commuter-run %t/$n.mlir --compare --output-dir %t/$n || exit 1; done | FileCheck %s --check-prefix=EXACT
// RUN: cmp %t/1/result0.npy %t/2/result0.npy
// RUN: cmp %t/1/result0.npy %t/4/result0.npy
// RUN: cmp %t/1/result0.npy %t/8/result0.npy

// EXACT: bit-exact on 1/1 ranks
// EXACT: bit-exact on 2/2 ranks
// EXACT: bit-exact on 4/4 ranks
// EXACT: bit-exact on 8/8 ranks

// PARTITIONED-LABEL: func.func @block(
// PARTITIONED: %[[G:.*]] = shard.all_gather
// PARTITIONED: %[[C:.*]] = tensor.cast %[[G]]
// PARTITIONED: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]} ins(%[[C]] : tensor<32x64xf32>)

// CHECK-LABEL: func.func @block(
// CHECK-SAME: %[[H:[^:]*]]: tensor<8x64xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{axis0}, {}]>},
// CHECK-SAME: %[[R:[^:]*]]: tensor<8x64xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{axis0}, {}]>},
// CHECK-SAME: %[[W:[^:]*]]: tensor<64xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}]>})
// CHECK-SAME: -> (tensor<32x64xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{}, {}]>})
// CHECK: %[[A:.*]] = linalg.add ins(%[[H]], %[[R]] :
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[A]] : tensor<8x64xf32>)
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[A]], %[[S]], %[[W]] : tensor<8x64xf32>, tensor<8xf32>, tensor<64xf32>)
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 over @grid_mesh[axis0] : tensor<8x64xf32> -> tensor<32x64xf32>
// CHECK: return %[[G]]

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

shard.grid @grid(shape = 4)

func.func @block(%h: tensor<32x64xf32>, %r: tensor<32x64xf32>, %w: tensor<64xf32>) -> tensor<32x64xf32> {
  %rows = shard.sharding @grid split_axes = [[0]] : !shard.sharding
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %h0 = shard.shard %h to %rows : tensor<32x64xf32>
  %w0 = shard.shard %w to %whole : tensor<64xf32>
  %o = tensor.empty() : tensor<32x64xf32>
  %sum = linalg.add ins(%h0, %r : tensor<32x64xf32>, tensor<32x64xf32>) outs(%o : tensor<32x64xf32>) -> tensor<32x64xf32>
  %local = shard.shard %sum to %rows : tensor<32x64xf32>
  %all = shard.shard %local to %whole annotate_for_users : tensor<32x64xf32>
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 64.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<32xf32>) -> tensor<32xf32>
  %sq = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%all : tensor<32x64xf32>) outs(%z : tensor<32xf32>) {
  ^bb0(%x: f32, %a: f32):
    %0 = arith.mulf %x, %x : f32
    %1 = arith.addf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<32xf32>
  %o2 = tensor.empty() : tensor<32x64xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%all, %sq, %w0 : tensor<32x64xf32>, tensor<32xf32>, tensor<64xf32>) outs(%o2 : tensor<32x64xf32>) {
  ^bb0(%x: f32, %s: f32, %c: f32, %a: f32):
    %0 = arith.divf %s, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %x, %2 : f32
    %4 = arith.mulf %3, %c : f32
    linalg.yield %4 : f32
  } -> tensor<32x64xf32>
  %y0 = shard.shard %y to %whole : tensor<32x64xf32>
  return %y0 : tensor<32x64xf32>
}
