// A batch of sequences, gathered along its tokens and used as a matrix of rows:
// each rank's rows lie in it in as many pieces as there are sequences. On every
// rank the results keep their bits.

// RUN: %commuter-opt %s --dist-check-shardings --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-run %s --entry layer --compare | FileCheck %s
// RUN: %commuter-run %s --entry matrix_residual --compare | FileCheck %s
// RUN: %commuter-run %s --entry beams --compare | FileCheck %s
// RUN: %commuter-run %s --entry layers --compare | FileCheck %s
// RUN: %commuter-run %s --entry called --compare | FileCheck %s
// RUN: %commuter-run %s --entry elementwise --compare | FileCheck %s
// RUN: %commuter-run %s --entry across --compare | FileCheck %s
// RUN: %commuter-run %s --entry other_rows --compare | FileCheck %s --check-prefix=OTHER
// RUN: %commuter-run %s --entry ragged --extent 0.1=3,3,0,0,5,5,1,1 --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry ragged --extent 0.1=0,0,0,0,0,0,0,0 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry ragged_alike --extent 0.1=3,3,0,0,5,5,1,1 --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry given --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry open_layer --extent 0.0=3,3,3,3,3,3,3,3 --extent 1.0=3,3,3,3,3,3,3,3 --compare | FileCheck %s
// RUN: %commuter-run %s --entry open_layer --extent 0.0=0,0,0,0,0,0,0,0 --extent 1.0=0,0,0,0,0,0,0,0 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry open_residual --extent 0.0=3,3,3,3,3,3,3,3 --extent 1.0=60,60,60,60,60,60,60,60 --compare | FileCheck %s
// RUN: %commuter-run %s --entry open_beams --extent 0.0=3,3,3,3,3,3,3,3 --compare | FileCheck %s
// RUN: %commuter-run %s --entry open_layers --extent 0.0=3,3,3,3,3,3,3,3 --compare | FileCheck %s
// RUN: %commuter-run %s --entry open_calls --extent 0.0=3,3,3,3,3,3,3,3 --extent 1.0=2,2,2,2,2,2,2,2 --compare | FileCheck %s
// RUN: %commuter-run %s --entry groups --compare | FileCheck %s --check-prefix=GROUPS
// RUN: %commuter-run %s --entry split_sum --pipeline='builtin.module(dist-split-all-reduce{min-rows=0})' --compare | FileCheck %s --check-prefix=SPLIT

// REMARK-NOT: [Missed]
// REMARK: [Missed] {{.*}} Function=other_rows | Reason=other-users
// REMARK: [Missed] {{.*}} Function=other_rows | Reason=not-profitable
// REMARK-NOT: [Missed]
// CHECK: norm rows per rank {{[0-9]+ [0-9]+}} 0.250
// CHECK: bit-exact on 8/8 ranks
// RAGGED: norm rows per rank {{[0-9]+ [0-9.]+}} 0.{{[2-5]}}
// RAGGED: bit-exact on 8/8 ranks
// EXACT: bit-exact on 8/8 ranks
// OTHER: bit-exact on 8/8 ranks
// GROUPS: bytes received per rank {{[0-9]+ [0-9]+}} 0.500
// GROUPS: bit-exact on 8/8 ranks
// SPLIT: norm rows per rank {{[0-9]+ [0-9]+}} 0.500
// SPLIT: bit-exact on 8/8 ranks

dist.mesh @mesh(sp = 4, tp = 2)

// Back in its own shape, the residual stream takes its own tokens.
func.func @layer(%h: tensor<3x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>},
                 %r: tensor<3x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>},
                 %w: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<60x16xf8E4M3FN> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, tensor<60x1xf32>,
        tensor<3x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>}) {
  %gh = dist.all_gather %h dim 1 over @mesh[sp] : tensor<3x5x16xbf16> -> tensor<3x20x16xbf16>
  %gr = dist.all_gather %r dim 1 over @mesh[sp] : tensor<3x5x16xbf16> -> tensor<3x20x16xbf16>
  %mh = tensor.collapse_shape %gh [[0, 1], [2]] : tensor<3x20x16xbf16> into tensor<60x16xbf16>
  %mr = tensor.collapse_shape %gr [[0, 1], [2]] : tensor<3x20x16xbf16> into tensor<60x16xbf16>
  %s, %n = norm.add_rms_norm %mh, %mr scale %w eps 1.0e-06 : tensor<60x16xbf16>, tensor<16xf32>
  %q, %sc = norm.quantize %n per_row : tensor<60x16xbf16> -> tensor<60x16xf8E4M3FN>, tensor<60x1xf32>
  %e = tensor.expand_shape %s [[0, 1], [2]] output_shape [3, 20, 16] : tensor<60x16xbf16> into tensor<3x20x16xbf16>
  %own = dist.all_slice %e dim 1 over @mesh[sp] : tensor<3x20x16xbf16> -> tensor<3x5x16xbf16>
  return %q, %sc, %own : tensor<60x16xf8E4M3FN>, tensor<60x1xf32>, tensor<3x5x16xbf16>
}

// A residual that all ranks have is cut in the same pieces.
func.func @matrix_residual(%h: tensor<3x5x16xf32>, %r: tensor<60x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<60x16xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<3x5x16xf32> -> tensor<3x20x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<3x20x16xf32> into tensor<60x16xf32>
  %s, %n = norm.add_layer_norm %m, %r eps 1.0e-05 : tensor<60x16xf32>
  return %n : tensor<60x16xf32>
}

// Dimensions outside of the gathered one, and inside, merged one by one and
// split otherwise than they were.
func.func @beams(%h: tensor<2x3x5x2x8xf32>) -> tensor<6x20x16xf32> {
  %g = dist.all_gather %h dim 2 over @mesh[sp] : tensor<2x3x5x2x8xf32> -> tensor<2x3x20x2x8xf32>
  %a = tensor.collapse_shape %g [[0], [1, 2], [3], [4]] : tensor<2x3x20x2x8xf32> into tensor<2x60x2x8xf32>
  %b = tensor.collapse_shape %a [[0, 1, 2], [3]] : tensor<2x60x2x8xf32> into tensor<240x8xf32>
  %n = norm.rms_norm %b eps 1.0e-06 : tensor<240x8xf32>
  %c = tensor.expand_shape %n [[0, 1, 2], [3]] output_shape [6, 20, 2, 8] : tensor<240x8xf32> into tensor<6x20x2x8xf32>
  %d = tensor.collapse_shape %c [[0], [1], [2, 3]] : tensor<6x20x2x8xf32> into tensor<6x20x16xf32>
  %m = norm.layer_norm %d eps 1.0e-05 : tensor<6x20x16xf32>
  return %m : tensor<6x20x16xf32>
}

// Carried by a loop.
func.func @layers(%h: tensor<2x3x16xf32>, %w: tensor<16x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<24x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<2x3x16xf32> -> tensor<2x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x12x16xf32> into tensor<24x16xf32>
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %m) -> tensor<24x16xf32> {
    %n = norm.rms_norm %x eps 1.0e-06 : tensor<24x16xf32>
    %e = tensor.empty() : tensor<24x16xf32>
    %f = linalg.fill ins(%zero : f32) outs(%e : tensor<24x16xf32>) -> tensor<24x16xf32>
    %p = linalg.matmul ins(%n, %w : tensor<24x16xf32>, tensor<16x16xf32>) outs(%f : tensor<24x16xf32>) -> tensor<24x16xf32>
    %s = arith.addf %x, %p : tensor<24x16xf32>
    scf.yield %s : tensor<24x16xf32>
  }
  return %y : tensor<24x16xf32>
}

func.func private @norm(%x: tensor<24x16xf32>) -> tensor<24x16xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<24x16xf32>
  return %n : tensor<24x16xf32>
}
func.func @called(%h: tensor<2x3x16xf32>) -> tensor<24x16xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<2x3x16xf32> -> tensor<2x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x12x16xf32> into tensor<24x16xf32>
  %n = func.call @norm(%m) : (tensor<24x16xf32>) -> tensor<24x16xf32>
  return %n : tensor<24x16xf32>
}

// With a table that is made of a row, and one of a row for each token.
func.func @elementwise(%h: tensor<2x3x16xf32>, %row: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
                       %table: tensor<24x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<24x16xbf16> {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<2x3x16xf32> -> tensor<2x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x12x16xf32> into tensor<24x16xf32>
  %e = tensor.empty() : tensor<24x16xf32>
  %rows = linalg.broadcast ins(%row : tensor<16xf32>) outs(%e : tensor<24x16xf32>) dimensions = [0]
  %a = arith.mulf %m, %rows : tensor<24x16xf32>
  %b = arith.addf %a, %table : tensor<24x16xf32>
  %n = norm.rms_norm %b eps 1.0e-06 : tensor<24x16xf32>
  %c = arith.truncf %n : tensor<24x16xf32> to tensor<24x16xbf16>
  return %c : tensor<24x16xbf16>
}

// A collective of other axes takes part.
func.func @across(%h: tensor<2x3x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}], unreduced {tp}>})
    -> (tensor<24x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<2x3x16xbf16> -> tensor<2x12x16xbf16>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x12x16xbf16> into tensor<24x16xbf16>
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<24x16xbf16>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<24x16xbf16>
  return %n : tensor<24x16xbf16>
}

// Of each sequence, a rank has as many tokens as it happens to have.
func.func @ragged(%h: tensor<3x?x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>},
                  %table: tensor<16x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<3x?x16xf32>, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<3x?x16xf32> -> tensor<3x?x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<3x?x16xf32> into tensor<?x16xf32>
  %rows = tensor.dim %m, %c0 : tensor<?x16xf32>
  %e = tensor.empty(%rows) : tensor<?x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %p = linalg.matmul ins(%m, %table : tensor<?x16xf32>, tensor<16x16xf32>) outs(%f : tensor<?x16xf32>) -> tensor<?x16xf32>
  %s = arith.addf %m, %p : tensor<?x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x16xf32>
  %t = tensor.dim %g, %c1 : tensor<3x?x16xf32>
  %b = tensor.expand_shape %n [[0, 1], [2]] output_shape [3, %t, 16] : tensor<?x16xf32> into tensor<3x?x16xf32>
  %k = norm.layer_norm %b eps 1.0e-05 : tensor<3x?x16xf32>
  return %k, %rows : tensor<3x?x16xf32>, index
}

// A matrix that is cut into the same pieces.
func.func @ragged_alike(%h: tensor<3x?x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = tensor.dim %h, %c1 : tensor<3x?x16xf32>
  %x = dist.exchange_extents %d over @mesh[sp] : tensor<4xindex>
  %g = dist.all_gather %h dim 1 extents %x over @mesh[sp] : tensor<3x?x16xf32>, tensor<4xindex> -> tensor<3x?x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<3x?x16xf32> into tensor<?x16xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x16xf32>
  %rows = tensor.dim %m, %c0 : tensor<?x16xf32>
  %i = tensor.generate %rows {
  ^bb0(%row: index, %column: index):
    %a = arith.index_cast %row : index to i32
    %v = arith.sitofp %a : i32 to f32
    tensor.yield %v : f32
  } : tensor<?x16xf32>
  %s, %y = norm.add_layer_norm %n, %i eps 1.0e-05 : tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// The extents are a constant, and the types say how long the parts are.
func.func @given(%h: tensor<3x4x16xf32>, %r: tensor<48x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<48x16xf32> {
  %x = arith.constant dense<4> : tensor<4xindex>
  %g = dist.all_gather %h dim 1 extents %x over @mesh[sp] : tensor<3x4x16xf32>, tensor<4xindex> -> tensor<3x16x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<3x16x16xf32> into tensor<48x16xf32>
  %s, %n = norm.add_rms_norm %m, %r eps 1.0e-06 : tensor<48x16xf32>
  return %n : tensor<48x16xf32>
}

// What lies in other pieces is no part of what a rank has: the rows of a matrix
// that is gathered as one, and a slice of the rows.
func.func @other_rows(%h: tensor<2x3x16xf32>, %r: tensor<6x16xf32>) -> (tensor<24x16xf32>, tensor<6x16xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<2x3x16xf32> -> tensor<2x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x12x16xf32> into tensor<24x16xf32>
  %gr = dist.all_gather %r dim 0 over @mesh[sp] : tensor<6x16xf32> -> tensor<24x16xf32>
  %s = arith.addf %m, %gr : tensor<24x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<24x16xf32>
  %k = norm.rms_norm %m eps 1.0e-06 : tensor<24x16xf32>
  %own = dist.all_slice %k dim 0 over @mesh[sp] : tensor<24x16xf32> -> tensor<6x16xf32>
  return %n, %own : tensor<24x16xf32>, tensor<6x16xf32>
}

// A batch whose size is known at run time only.
func.func @open_layer(%h: tensor<?x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>},
                      %r: tensor<?x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {sp}, {}]>},
                      %w: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<?x16xf8E4M3FN>, tensor<?x1xf32>, tensor<?x5x16xbf16>) {
  %c0 = arith.constant 0 : index
  %gh = dist.all_gather %h dim 1 over @mesh[sp] : tensor<?x5x16xbf16> -> tensor<?x20x16xbf16>
  %gr = dist.all_gather %r dim 1 over @mesh[sp] : tensor<?x5x16xbf16> -> tensor<?x20x16xbf16>
  %mh = tensor.collapse_shape %gh [[0, 1], [2]] : tensor<?x20x16xbf16> into tensor<?x16xbf16>
  %mr = tensor.collapse_shape %gr [[0, 1], [2]] : tensor<?x20x16xbf16> into tensor<?x16xbf16>
  %s, %n = norm.add_rms_norm %mh, %mr scale %w eps 1.0e-06 : tensor<?x16xbf16>, tensor<16xf32>
  %q, %sc = norm.quantize %n per_row : tensor<?x16xbf16> -> tensor<?x16xf8E4M3FN>, tensor<?x1xf32>
  %b = tensor.dim %h, %c0 : tensor<?x5x16xbf16>
  %e = tensor.expand_shape %s [[0, 1], [2]] output_shape [%b, 20, 16] : tensor<?x16xbf16> into tensor<?x20x16xbf16>
  %own = dist.all_slice %e dim 1 over @mesh[sp] : tensor<?x20x16xbf16> -> tensor<?x5x16xbf16>
  return %q, %sc, %own : tensor<?x16xf8E4M3FN>, tensor<?x1xf32>, tensor<?x5x16xbf16>
}

func.func @open_residual(%h: tensor<?x5x16xf32>, %r: tensor<?x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<?x16xf32>, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<?x5x16xf32> -> tensor<?x20x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x20x16xf32> into tensor<?x16xf32>
  %s, %n = norm.add_layer_norm %m, %r eps 1.0e-05 : tensor<?x16xf32>
  %rows = tensor.dim %m, %c0 : tensor<?x16xf32>
  return %n, %rows : tensor<?x16xf32>, index
}

// Merged one by one, with heads inside, and split otherwise: two beams each.
func.func @open_beams(%h: tensor<?x2x5x2x8xf32>) -> tensor<?x40x16xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 2 over @mesh[sp] : tensor<?x2x5x2x8xf32> -> tensor<?x2x20x2x8xf32>
  %batch = tensor.dim %g, %c0 : tensor<?x2x20x2x8xf32>
  %a = tensor.collapse_shape %g [[0], [1, 2], [3], [4]] : tensor<?x2x20x2x8xf32> into tensor<?x40x2x8xf32>
  %b = tensor.collapse_shape %a [[0, 1, 2], [3]] : tensor<?x40x2x8xf32> into tensor<?x8xf32>
  %n = norm.rms_norm %b eps 1.0e-06 : tensor<?x8xf32>
  %c = tensor.expand_shape %n [[0, 1, 2], [3]] output_shape [%batch, 40, 2, 8] : tensor<?x8xf32> into tensor<?x40x2x8xf32>
  %d = tensor.collapse_shape %c [[0], [1], [2, 3]] : tensor<?x40x2x8xf32> into tensor<?x40x16xf32>
  %m = norm.layer_norm %d eps 1.0e-05 : tensor<?x40x16xf32>
  return %m : tensor<?x40x16xf32>
}

func.func @open_layers(%h: tensor<?x3x16xf32>) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<?x3x16xf32> -> tensor<?x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x12x16xf32> into tensor<?x16xf32>
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %m) -> tensor<?x16xf32> {
    %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x16xf32>
    %s = arith.addf %x, %n : tensor<?x16xf32>
    scf.yield %s : tensor<?x16xf32>
  }
  return %y : tensor<?x16xf32>
}

// Batches of two sizes.
func.func private @open_norm(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x16xf32>
  return %n : tensor<?x16xf32>
}
func.func @open_calls(%h: tensor<?x3x16xf32>, %k: tensor<?x3x16xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[sp] : tensor<?x3x16xf32> -> tensor<?x12x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x12x16xf32> into tensor<?x16xf32>
  %n = func.call @open_norm(%m) : (tensor<?x16xf32>) -> tensor<?x16xf32>
  %f = dist.all_gather %k dim 1 over @mesh[sp] : tensor<?x3x16xf32> -> tensor<?x12x16xf32>
  %l = tensor.collapse_shape %f [[0, 1], [2]] : tensor<?x12x16xf32> into tensor<?x16xf32>
  %o = func.call @open_norm(%l) : (tensor<?x16xf32>) -> tensor<?x16xf32>
  return %n, %o : tensor<?x16xf32>, tensor<?x16xf32>
}

// Heads that are gathered, for each position, into one long row: each group of
// the scales is of one rank.
func.func @groups(%h: tensor<6x2x8xf32>) -> (tensor<6x64xi8>, tensor<6x16xf32>) {
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<6x2x8xf32>
  %t = tensor.collapse_shape %n [[0], [1, 2]] : tensor<6x2x8xf32> into tensor<6x16xf32>
  %x = tensor.expand_shape %t [[0], [1, 2]] output_shape [6, 4, 4] : tensor<6x16xf32> into tensor<6x4x4xf32>
  %g = dist.all_gather %x dim 2 over @mesh[sp] : tensor<6x4x4xf32> -> tensor<6x4x16xf32>
  %m = tensor.collapse_shape %g [[0], [1, 2]] : tensor<6x4x16xf32> into tensor<6x64xf32>
  %q, %sc = norm.quantize %m per_group 4 : tensor<6x64xf32> -> tensor<6x64xi8>, tensor<6x16xf32>
  return %q, %sc : tensor<6x64xi8>, tensor<6x16xf32>
}

// No sequence can be parted among the ranks, but their tokens can.
func.func @split_sum(%h: tensor<3x4x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}], unreduced {tp}>})
    -> (tensor<12x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<3x4x16xbf16>
  %m = tensor.collapse_shape %s [[0, 1], [2]] : tensor<3x4x16xbf16> into tensor<12x16xbf16>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<12x16xbf16>
  return %n : tensor<12x16xbf16>
}
