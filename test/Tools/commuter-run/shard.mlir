// A program in upstream's shard dialect is converted as a whole, or refused.

// RUN: rm -rf %t && split-file %s %t
// RUN: %commuter-run %t/open.mlir --axis axis1=2 --pipeline none | FileCheck %s
// RUN: %fails %commuter-run %t/open.mlir > %t/err
// RUN: %fails %commuter-run %t/stays.mlir >> %t/err
// RUN: %fails %commuter-run %t/promises.mlir --entry between --check-assertions >> %t/err
// RUN: %fails %commuter-run %t/promises.mlir --entry returned >> %t/err
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/err -DDIR=%t

// CHECK: @main on 4 ranks, @grid(axis0 = 2, axis1 = 2), cpu, threads

// ERROR: commuter-run: error: @grid leaves the size of axis 'axis1' open: give it with --axis axis1=N
// ERROR-NEXT: [[DIR]]/stays.mlir:3:8: error: 'shard.shift' op cannot be converted to dist: no-counterpart
// ERROR: commuter-run: error: [[DIR]]/stays.mlir: cannot be converted from shard to dist
// An annotation is a promise that can be checked.
// ERROR: commuter-run: error: rank 0: [[DIR]]/promises.mlir:{{[0-9]+}}:{{[0-9]+}}: f32[2] is not replicated over grid[axis0]
// ERROR-NEXT: commuter-run: error: result 0 contradicts its dist.sharding: ranks 0 and 1 should hold the same bits
// ERROR-NOT: {{.}}

//--- open.mlir
shard.grid @grid(shape = 2x?)
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = shard.all_reduce %x on @grid grid_axes = [1] : tensor<2xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

//--- stays.mlir
shard.grid @grid(shape = 2)
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = shard.shift %x on @grid grid_axes = [0] shift_axis = 0 offset = 1 rotate : tensor<2xf32> -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

//--- promises.mlir
shard.grid @grid(shape = 2)
func.func @between(%x: tensor<2xf32>) -> tensor<4xf32> {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %n = arith.negf %x : tensor<2xf32>
  %0 = shard.shard %n to %whole : tensor<2xf32>
  %1 = shard.all_gather %0 on @grid grid_axes = [0] gather_axis = 0 : tensor<2xf32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
func.func @returned(%x: tensor<2xf32>) -> tensor<2xf32> {
  %whole = shard.sharding @grid split_axes = [[]] : !shard.sharding
  %i = shard.process_linear_index on @grid : index
  %n = arith.negf %x : tensor<2xf32>
  %0 = shard.shard %n to %whole : tensor<2xf32>
  return %0 : tensor<2xf32>
}
