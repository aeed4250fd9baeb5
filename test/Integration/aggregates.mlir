// Ops that stand for several, executed: each gives what is written out beside it.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry embedding --compare --pipeline='commuter-optimize{allow-extra-gather=true}' --output-dir %t/embedding | FileCheck %s --check-prefix=EMBEDDING
// RUN: cmp %t/embedding/result0.npy %t/embedding/result1.npy
// RUN: %commuter-run %s --entry coordinates --output-dir %t/coordinates | FileCheck %s --check-prefix=RAN
// RUN: cmp %t/coordinates/result0.npy %t/coordinates/result1.npy
// RUN: %commuter-run %s --entry packed --output-dir %t/packed | FileCheck %s --check-prefix=RAN
// RUN: cmp %t/packed/result0.npy %t/packed/result1.npy
// RUN: %commuter-run %s --entry embedding --device cuda-emulated --output-dir %t/emulated | FileCheck %s --check-prefix=RAN
// RUN: diff -r %t/embedding %t/emulated

// EMBEDDING: norm rows per rank 32 20 0.625
// EMBEDDING: 2 results: bit-exact on 4/4 ranks
// RAN: on {{[1-4]}} ranks

dist.mesh @mesh(dp = 4)
#id = affine_map<(d0, d1) -> (d0, d1)>

// Each rank looks up its own tokens, though the ids are fewer bytes to gather.
func.func @embedding(%x: tensor<4x1xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                     %table: tensor<10x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  // Ids from 0 to 9.
  %ten = arith.constant dense<10> : tensor<4x1xi32>
  %bits = arith.bitcast %x : tensor<4x1xf32> to tensor<4x1xi32>
  %own = arith.remui %bits, %ten : tensor<4x1xi32>
  %ids = dist.all_gather %own dim 0 over @mesh[dp] : tensor<4x1xi32> -> tensor<16x1xi32>
  %e = tensor.gather %table[%ids] gather_dims([0]) : (tensor<10x8xf32>, tensor<16x1xi32>) -> tensor<16x8xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  %empty = tensor.empty() : tensor<16x8xf32>
  %f = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%empty : tensor<16x8xf32>) {
  ^bb0(%o: f32):
    %c0 = arith.constant 0 : index
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %id = tensor.extract %ids[%i, %c0] : tensor<16x1xi32>
    %row = arith.index_cast %id : i32 to index
    %v = tensor.extract %table[%row, %j] : tensor<10x8xf32>
    linalg.yield %v : f32
  } -> tensor<16x8xf32>
  %m = norm.rms_norm %f eps 1.0e-06 : tensor<16x8xf32>
  return %n, %m : tensor<16x8xf32>, tensor<16x8xf32>
}

// Two dimensions are gathered, one stays: what one coordinate names is a column.
func.func @coordinates(%x: tensor<3x4x5xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %at = arith.constant dense<[[2, 0], [1, 4]]> : tensor<2x2xindex>
  %y = tensor.gather %x[%at] gather_dims([0, 2]) : (tensor<3x4x5xf32>, tensor<2x2xindex>) -> tensor<2x1x4x1xf32>
  %z = tensor.collapse_shape %y [[0], [1, 2, 3]] : tensor<2x1x4x1xf32> into tensor<2x4xf32>
  %first = tensor.extract_slice %x[2, 0, 0] [1, 4, 1] [1, 1, 1] : tensor<3x4x5xf32> to tensor<4xf32>
  %second = tensor.extract_slice %x[1, 0, 4] [1, 4, 1] [1, 1, 1] : tensor<3x4x5xf32> to tensor<4xf32>
  %a = tensor.expand_shape %first [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  %b = tensor.expand_shape %second [[0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
  %w = tensor.concat dim(0) %a, %b : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
  return %z, %w : tensor<2x4xf32>, tensor<2x4xf32>
}

// Tiles of two rows and four columns, the last row of them padded.
func.func @packed(%x: tensor<5x8xf32>) -> (tensor<3x2x2x4xf32>, tensor<3x2x2x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x2x2x4xf32>
  %p = linalg.pack %x padding_value(%zero : f32) inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %e : tensor<5x8xf32> -> tensor<3x2x2x4xf32>
  %o = tensor.empty() : tensor<5x8xf32>
  %u = linalg.unpack %p inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %o : tensor<3x2x2x4xf32> -> tensor<5x8xf32>
  %q = tensor.pad %u low[0, 0] high[1, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<5x8xf32> to tensor<6x8xf32>
  %t = tensor.expand_shape %q [[0, 1], [2, 3]] output_shape [3, 2, 2, 4] : tensor<6x8xf32> into tensor<3x2x2x4xf32>
  %s = linalg.transpose ins(%t : tensor<3x2x2x4xf32>) outs(%e : tensor<3x2x2x4xf32>) permutation = [0, 2, 1, 3]
  return %p, %s : tensor<3x2x2x4xf32>, tensor<3x2x2x4xf32>
}
