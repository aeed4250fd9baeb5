// Collectives that move across a gather, and ops of tensor that keep rows
// together: on every rank the results keep their bits.

// RUN: %commuter-opt %s --dist-check-shardings --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-run %s --entry all_reduce --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry all_reduce_ragged --extent 0.0=3,3,0,0,5,5,1,1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry scatter_and_exchange --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry rows_then_columns --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry reshapes --compare | FileCheck %s --check-prefix=EXACT

// REMARK-NOT: [Missed]
// EXACT: bit-exact on 8/8 ranks

dist.mesh @mesh(dp = 4, tp = 2)

func.func @all_reduce(%h: tensor<4x8xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<16x8xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<16x8xbf16>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xbf16>
  return %n : tensor<16x8xbf16>
}

// Ragged; that the ranks of tp hold equally many rows is promised.
func.func @all_reduce_ragged(%h: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %h, %c0 : tensor<?x8xf32>
  %c = dist.exchange_extents %d over @mesh[dp] : tensor<4xindex>
  %x = dist.assert_sharding %c <@mesh, [{}]> : tensor<4xindex>
  %g = dist.all_gather %h dim 0 extents %x over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<?x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

func.func @scatter_and_exchange(%h: tensor<4x2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}, {}]>})
    -> (tensor<16x1x4xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {tp}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
  %p = dist.to_partial %g over @mesh[tp] : tensor<16x2x8xf32>
  %s = dist.reduce_scatter %p sum dim 2 over @mesh[tp] : tensor<16x2x8xf32> -> tensor<16x2x4xf32>
  %a = dist.all_to_all %s split 1 concat 2 over @mesh[tp] : tensor<16x2x4xf32> -> tensor<16x1x8xf32>
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x1x8xf32>
  %l = dist.all_slice %n dim 2 over @mesh[tp] : tensor<16x1x8xf32> -> tensor<16x1x4xf32>
  return %l : tensor<16x1x4xf32>
}

// REMARK: Function=rows_then_columns {{.*}} bytes-after=448, bytes-before=448
func.func @rows_then_columns(%h: tensor<4x4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {tp}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %r = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %g = dist.all_gather %r dim 1 over @mesh[tp] : tensor<16x4xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

func.func @reshapes(%h: tensor<4x3xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<16x3xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %z = arith.constant 2.0 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x3xf32> -> tensor<16x3xf32>
  %p = tensor.pad %g low[0, 2] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<16x3xf32> to tensor<16x6xf32>
  %e = tensor.expand_shape %p [[0], [1, 2]] output_shape [16, 2, 3] : tensor<16x6xf32> into tensor<16x2x3xf32>
  %c = tensor.collapse_shape %e [[0, 1], [2]] : tensor<16x2x3xf32> into tensor<32x3xf32>
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<32x3xf32>
  %t = tensor.expand_shape %n [[0, 1], [2]] output_shape [16, 2, 3] : tensor<32x3xf32> into tensor<16x2x3xf32>
  %s = tensor.extract_slice %t[0, 1, 0] [16, 1, 3] [1, 1, 1] : tensor<16x2x3xf32> to tensor<16x3xf32>
  %u = tensor.insert_slice %s into %t[0, 0, 0] [16, 1, 3] [1, 1, 1] : tensor<16x3xf32> into tensor<16x2x3xf32>
  %f = tensor.extract_slice %u[0, 0, 0] [16, 1, 3] [1, 1, 1] : tensor<16x2x3xf32> to tensor<16x3xf32>
  %a = arith.subf %f, %s : tensor<16x3xf32>
  %b = tensor.extract_slice %t[0, 0, 0] [16, 1, 3] [1, 1, 1] : tensor<16x2x3xf32> to tensor<16x3xf32>
  %c0 = tensor.concat dim(1) %a, %b : (tensor<16x3xf32>, tensor<16x3xf32>) -> tensor<16x6xf32>
  %r = tensor.extract_slice %c0[0, 2] [16, 3] [1, 1] : tensor<16x6xf32> to tensor<16x3xf32>
  return %r : tensor<16x3xf32>
}
