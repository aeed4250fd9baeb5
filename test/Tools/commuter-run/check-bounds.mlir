// Where a slice does not lie in its tensor, or shapes do not fit, upstream's ops do
// anything; --check-bounds makes errors of that, with their places, where upstream
// has checks for them.

// RUN: %npy make %t.in.npy i64 2 --values=12,12
// RUN: %npy make %t.out.npy i64 2 --values=12,14
// RUN: %commuter-run %s --entry slice --check-bounds --compare --input 1=%t.in.npy | FileCheck %s --check-prefix=SLICE
// RUN: not %commuter-run %s --entry slice --check-bounds --input 1=%t.out.npy 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: %commuter-run %s --entry product --check-bounds --extent 0.1=8 | FileCheck %s --check-prefix=PRODUCT
// RUN: not %commuter-run %s --entry product --check-bounds --extent 0.1=9 2>&1 | FileCheck %s --check-prefix=UNFIT

// SLICE: 1 result: bit-exact on 2/2 ranks
// OUTSIDE: commuter-run: error: rank 1: {{.*}}check-bounds.mlir:[[#@LINE+12]]:8: assertion failed: {{.*}}out-of-bounds along dimension 0; Location: loc({{.*}})
// OUTSIDE-NOT: {{.}}
// PRODUCT: @product on 2 ranks
// UNFIT: commuter-run: error: rank {{[01]}}: {{.*}}check-bounds.mlir:[[#@LINE+19]]:8: assertion failed: {{.*}}size mismatch of dim 1; Location: loc({{.*}})
// UNFIT-NOT: {{.}}

dist.mesh @mesh(dp = 2)

func.func @slice(%table: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                 %positions: tensor<1xindex> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %position = tensor.extract %positions[%c0] : tensor<1xindex>
  %s = tensor.extract_slice %table[%position, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

func.func @product(%x: tensor<4x?xf32>, %w: tensor<8x8xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x?xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %m : tensor<4x8xf32>
}
