// Where a slice does not lie in its tensor, or shapes do not fit, upstream's ops do
// anything; --check-bounds makes errors of that, with their places, where upstream
// has checks for them.

// RUN: %npy make %t.in.npy i64 2 --values=12,12
// RUN: %npy make %t.out.npy i64 2 --values=12,14
// RUN: %commuter-run %s --entry slice --check-bounds --compare --input 1=%t.in.npy | FileCheck %s --check-prefix=SLICE
// RUN: not %commuter-run %s --entry slice --check-bounds --input 1=%t.out.npy 2>&1 | FileCheck %s --check-prefix=OUTSIDE
// RUN: %commuter-run %s --entry product --check-bounds --extent 0.1=8 | FileCheck %s --check-prefix=PRODUCT
// RUN: not %commuter-run %s --entry product --check-bounds --extent 0.1=9 2>&1 | FileCheck %s --check-prefix=UNFIT

// RUN: %commuter-run %s --entry insert --check-bounds --compare --input 1=%t.in.npy | FileCheck %s --check-prefix=SLICE
// RUN: %commuter-run %s --entry insert --device cuda-emulated --check-bounds --compare --input 1=%t.in.npy | FileCheck %s --check-prefix=SLICE
// RUN: not %commuter-run %s --entry insert --check-bounds --input 1=%t.out.npy 2>&1 | FileCheck %s --check-prefix=INSERTED

// RUN: %commuter-run %s --entry sum --check-bounds --compare --extent 0.0=3 --extent 1.0=3 | FileCheck %s --check-prefix=SLICE
// RUN: not %commuter-run %s --entry sum --check-bounds --extent 0.0=3 --extent 1.0=2 2>&1 | FileCheck %s --check-prefix=UNEQUAL
// In a kernel there is no way out of the program: what is looked up there is not checked.
// RUN: %commuter-run %s --entry lookup --check-bounds --compare | FileCheck %s --check-prefix=SLICE
// RUN: %commuter-run %s --entry lookup --check-bounds --compare --device cuda-emulated | FileCheck %s --check-prefix=SLICE

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

// INSERTED: commuter-run: error: rank 1: {{.*}}check-bounds.mlir:[[#@LINE+9]]:8: assertion failed: {{.*}}insert_slice runs out-of-bounds along dimension 0; Location: loc({{.*}})
// INSERTED-NOT: {{.}}

// A cache, with the new rows at each rank's own position.
func.func @insert(%cache: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                  %positions: tensor<1xindex> {dist.sharding = #dist.sharding<@mesh, [{dp}]>},
                  %new: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<32x8xf32> {
  %c0 = arith.constant 0 : index
  %position = tensor.extract %positions[%c0] : tensor<1xindex>
  %s = tensor.insert_slice %new into %cache[%position, 0] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<16x8xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<32x8xf32>
  return %g : tensor<32x8xf32>
}

// UNEQUAL: commuter-run: error: rank {{[01]}}: {{.*}}check-bounds.mlir:[[#@LINE+4]]:8: assertion failed: {{.*}}dimension #0 of input/output operand #1 is incompatible with inferred dimension size; Location: loc({{.*}})
// UNEQUAL-NOT: {{.}}

func.func @sum(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %s = arith.addf %x, %y : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

#row = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @lookup(%table: tensor<16x8xf32>, %tokens: tensor<4xi32>) -> tensor<4x8xf32> {
  %mask = arith.constant 15 : i32
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<4xi32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%token: i32, %out: f32):
    %known = arith.andi %token, %mask : i32
    %row = arith.index_cast %known : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %table[%row, %column] : tensor<16x8xf32>
    linalg.yield %v : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
