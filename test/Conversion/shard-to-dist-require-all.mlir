// With require-all the pass converts the whole program or none of it.
// RUN: %commuter-opt %s --convert-shard-to-dist=require-all --verify-diagnostics
// RUN: not %commuter-opt %s --convert-shard-to-dist=require-all --mlir-print-ir-after-failure 2>&1 | FileCheck %s

// CHECK-NOT: dist.
// CHECK: shard.all_gather
// CHECK-NOT: dist.
shard.grid @grid(shape = 2)
func.func @f(%x: tensor<2xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'shard.broadcast' op cannot be converted to dist: no-counterpart}}
  %b = shard.broadcast %x on @grid grid_axes = [0] root = [0] : (tensor<2xf32>) -> tensor<2xf32>
  %g = shard.all_gather %b on @grid grid_axes = [0] gather_axis = 0 : tensor<2xf32> -> tensor<4xf32>
  // expected-note @+1 {{neither can 'shard.all_reduce': reduction-kind}}
  %p = shard.all_reduce %g on @grid grid_axes = [0] reduction = product : tensor<4xf32> -> tensor<4xf32>
  return %p : tensor<4xf32>
}
