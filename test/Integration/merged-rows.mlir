// Norms in front of reshapes that cut the rows of several ranks into sequences, executed:
// static rows, ragged ones, and on a device.

// RUN: %commuter-run %s --entry sequences --compare | FileCheck %s --check-prefix=SEQUENCES
// RUN: %commuter-run %s --entry sequences --compare --device cuda-emulated | FileCheck %s --check-prefix=SEQUENCES
// RUN: %commuter-run %s --entry heads --compare | FileCheck %s --check-prefix=HEADS
// RUN: %commuter-run %s --entry ragged --extent 0.0=5,0,2,11 --extent 1.0=6 --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry ragged --extent 0.0=0,0,0,0 --extent 1.0=0 --compare | FileCheck %s --check-prefix=EMPTY
// RUN: %commuter-run %s --entry cycles --compare | FileCheck %s --check-prefix=CYCLES
// RUN: %commuter-run %s --entry quantized --compare | FileCheck %s --check-prefix=QUANTIZED

// SEQUENCES: norm rows per rank 40 10 0.250
// SEQUENCES: 2 results: bit-exact on 4/4 ranks
// HEADS: norm rows per rank 48 12 0.250
// HEADS: 1 result: bit-exact on 4/4 ranks
// RAGGED: norm rows per rank 18 11 0.611
// RAGGED: 1 result: bit-exact on 4/4 ranks
// EMPTY: norm rows per rank 0 0
// EMPTY: 1 result: bit-exact on 4/4 ranks
// CYCLES: norm rows per rank 48 12 0.250
// CYCLES: 1 result: bit-exact on 4/4 ranks
// QUANTIZED: norm rows per rank 20 5 0.250
// QUANTIZED: 2 results: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)

// Five rows a rank: a sequence of ten is two ranks'.
func.func @sequences(%h: tensor<5x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                     %r: tensor<4x5x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>},
                     %w: tensor<24xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<2x10x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>},
        tensor<2x10x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<5x24xf32> -> tensor<20x24xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 10, 24] : tensor<20x24xf32> into tensor<2x10x24xf32>
  %rows = tensor.collapse_shape %r [[0, 1], [2]] : tensor<4x5x24xf32> into tensor<20x24xf32>
  %er = tensor.expand_shape %rows [[0, 1], [2]] output_shape [2, 10, 24] : tensor<20x24xf32> into tensor<2x10x24xf32>
  %s = arith.addf %e, %er : tensor<2x10x24xf32>
  %n = norm.rms_norm %s scale %w eps 1.0e-06 : tensor<2x10x24xf32>, tensor<24xf32>
  %m = norm.layer_norm %n scale %w bias %w eps 1.0e-06 : tensor<2x10x24xf32>, tensor<24xf32>, tensor<24xf32>
  %b = arith.truncf %m : tensor<2x10x24xf32> to tensor<2x10x24xbf16>
  return %m, %b : tensor<2x10x24xf32>, tensor<2x10x24xbf16>
}

func.func @heads(%h: tensor<6x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<3x8x2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<6x16xf32> -> tensor<24x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2, 3]] output_shape [3, 8, 2, 8] : tensor<24x16xf32> into tensor<3x8x2x8xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<3x8x2x8xf32>
  return %n : tensor<3x8x2x8xf32>
}

func.func @ragged(%h: tensor<?x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                  %r: tensor<?x3x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>})
    -> (tensor<?x3x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %r, %c0 : tensor<?x3x16xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x16xf32> -> tensor<?x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 3, 16] : tensor<?x16xf32> into tensor<?x3x16xf32>
  %s = arith.mulf %e, %r : tensor<?x3x16xf32>
  %n = norm.layer_norm %s eps 1.0e-06 : tensor<?x3x16xf32>
  return %n : tensor<?x3x16xf32>
}

// Of a batch that is gathered along its tokens, the rows are cut into others.
func.func @cycles(%h: tensor<3x4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}, {}]>})
    -> (tensor<8x6x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<3x4x8xf32> -> tensor<3x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<3x16x8xf32> into tensor<48x8xf32>
  %e = tensor.expand_shape %m [[0, 1], [2]] output_shape [8, 6, 8] : tensor<48x8xf32> into tensor<8x6x8xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<8x6x8xf32>
  return %n : tensor<8x6x8xf32>
}

// What is behind the norm goes on as it was.
func.func @quantized(%h: tensor<5x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<2x10x24xi8> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>},
        tensor<2x10x1xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<5x24xf32> -> tensor<20x24xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 10, 24] : tensor<20x24xf32> into tensor<2x10x24xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<2x10x24xf32>
  %q, %s = norm.quantize %n per_row : tensor<2x10x24xf32> -> tensor<2x10x24xi8>, tensor<2x10x1xf32>
  return %q, %s : tensor<2x10x24xi8>, tensor<2x10x1xf32>
}
