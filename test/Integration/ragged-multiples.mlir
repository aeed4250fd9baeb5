// Ragged tokens of several heads, whose rows are cut by a multiple of the tokens'
// extents; some ranks have none. The rewritten program gives the same bits on every
// rank.

// DEFINE: %{run} = %commuter-run %s --compare --pipeline=dist-commute-norms --entry
// RUN: %{run} heads --extent 0.0=5,5,0,0,3,3 --extent 1.0=20,20,0,0,12,12 | FileCheck %s
// RUN: %{run} heads --extent 0.0=0 --extent 1.0=0 | FileCheck %s --check-prefix=EXACT
// RUN: %{run} replicated --extent 0.0=5,5,0,0,3,3 | FileCheck %s
// RUN: %{run} cycles --extent 0.1=5,5,0,0,3,3 | FileCheck %s
// RUN: %{run} groups --extent 0.1=5,5,0,0,3,3 | FileCheck %s --check-prefix=GROUPS
// RUN: %{run} layers --extent 0.0=5,5,0,0,3,3 | FileCheck %s
// RUN: %{run} constants --extent 0.0=12,12,0,0,6,6 --extent 1.0=4,4,0,0,2,2 | FileCheck %s
// RUN: %{run} other_rows --extent 0.0=5,5,0,0,3,3 --extent 1.0=20,20,0,0,12,12 | FileCheck %s
// RUN: %{run} exchanged --extent 0.0=5,5,0,0,3,3 | FileCheck %s
// RUN: %{run} exchanged_apart --extent 0.0=5,5,0,0,3,3 | FileCheck %s --check-prefix=EXACT

// CHECK: norm rows per rank {{[0-9]+ [0-9]+}} 0.6
// CHECK: bit-exact on 6/6 ranks
// EXACT: bit-exact on 6/6 ranks
// GROUPS: bytes received per rank {{[0-9]+ [0-9]+}} 0.5
// GROUPS: bit-exact on 6/6 ranks

dist.mesh @mesh(dp = 3, tp = 2)

// The residual of heads, its own rows, and the tokens again.
func.func @heads(%h: tensor<?x4x16xbf16>, %r: tensor<?x16xbf16>, %w: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<?x4x16xf8E4M3FN>, tensor<?x1xf32>, tensor<?x16xbf16>, index) {
  %c0 = arith.constant 0 : index
  %four = arith.constant dense<4> : tensor<3xindex>
  %n = tensor.dim %h, %c0 : tensor<?x4x16xbf16>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<3xindex>
  %c4 = arith.muli %c, %four : tensor<3xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x16xbf16>, tensor<3xindex> -> tensor<?x4x16xbf16>
  %q = dist.all_gather %r dim 0 extents %c4 over @mesh[dp] : tensor<?x16xbf16>, tensor<3xindex> -> tensor<?x16xbf16>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x16xbf16> into tensor<?x16xbf16>
  %s, %y = norm.add_rms_norm %m, %q scale %w eps 1.0e-06 : tensor<?x16xbf16>, tensor<16xf32>
  %own = dist.all_slice %s dim 0 extents %c4 over @mesh[dp] : tensor<?x16xbf16>, tensor<3xindex> -> tensor<?x16xbf16>
  %z, %scale = norm.quantize %y per_row : tensor<?x16xbf16> -> tensor<?x16xf8E4M3FN>, tensor<?x1xf32>
  %t = tensor.dim %g, %c0 : tensor<?x4x16xbf16>
  %e = tensor.expand_shape %z [[0, 1], [2]] output_shape [%t, 4, 16] : tensor<?x16xf8E4M3FN> into tensor<?x4x16xf8E4M3FN>
  %rows = tensor.dim %y, %c0 : tensor<?x16xbf16>
  return %e, %scale, %own, %rows : tensor<?x4x16xf8E4M3FN>, tensor<?x1xf32>, tensor<?x16xbf16>, index
}

// A replicated residual of heads is sliced by the multiple.
func.func @replicated(%h: tensor<?x4x16xf32>, %r: tensor<32x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                      %c: tensor<3xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x16xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x16xf32>, tensor<3xindex> -> tensor<?x4x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x16xf32> into tensor<?x16xf32>
  %all = tensor.cast %r : tensor<32x16xf32> to tensor<?x16xf32>
  %s = arith.addf %m, %all : tensor<?x16xf32>
  %y = norm.layer_norm %s eps 1.0e-05 : tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// Three runs of tokens, of four rows each.
func.func @cycles(%h: tensor<3x?x4x16xf32>) -> tensor<3x?x16xf32> {
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<3x?x4x16xf32> -> tensor<3x?x4x16xf32>
  %m = tensor.collapse_shape %g [[0, 1, 2], [3]] : tensor<3x?x4x16xf32> into tensor<?x16xf32>
  %y = norm.rms_norm %m eps 1.0e-06 : tensor<?x16xf32>
  %t = tensor.dim %g, %c1 : tensor<3x?x4x16xf32>
  %rows = arith.muli %t, %c4 : index
  %e = tensor.expand_shape %y [[0, 1], [2]] output_shape [3, %rows, 16] : tensor<?x16xf32> into tensor<3x?x16xf32>
  %z = norm.layer_norm %e eps 1.0e-05 : tensor<3x?x16xf32>
  return %z : tensor<3x?x16xf32>
}

// Groups of four along the gathered dimension, and their scales.
func.func @groups(%h: tensor<4x?x8xf32>) -> (tensor<4x?xf8E4M3FN>, tensor<4x?xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x?x8xf32> -> tensor<4x?x8xf32>
  %m = tensor.collapse_shape %g [[0], [1, 2]] : tensor<4x?x8xf32> into tensor<4x?xf32>
  %q, %s = norm.quantize %m per_group 4 : tensor<4x?xf32> -> tensor<4x?xf8E4M3FN>, tensor<4x?xf32>
  return %q, %s : tensor<4x?xf8E4M3FN>, tensor<4x?xf32>
}

// A loop of layers, and a function that is passed the heads' extents.
func.func private @layer(%x: tensor<?x16xf32>, %c4: tensor<3xindex>) -> tensor<?x16xf32> {
  %own = dist.all_slice %x dim 0 extents %c4 over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  %back = dist.all_gather %own dim 0 extents %c4 over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  %s, %y = norm.add_rms_norm %x, %back eps 1.0e-06 : tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
func.func @layers(%h: tensor<?x4x16xf32>) -> tensor<?x4x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %four = arith.constant dense<4> : tensor<3xindex>
  %n = tensor.dim %h, %c0 : tensor<?x4x16xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<3xindex>
  %c4 = arith.muli %c, %four : tensor<3xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x16xf32>, tensor<3xindex> -> tensor<?x4x16xf32>
  %t = tensor.dim %g, %c0 : tensor<?x4x16xf32>
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %g) -> (tensor<?x4x16xf32>) {
    %m = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x4x16xf32> into tensor<?x16xf32>
    %l = func.call @layer(%m, %c4) : (tensor<?x16xf32>, tensor<3xindex>) -> tensor<?x16xf32>
    %e = tensor.expand_shape %l [[0, 1], [2]] output_shape [%t, 4, 16] : tensor<?x16xf32> into tensor<?x4x16xf32>
    scf.yield %e : tensor<?x4x16xf32>
  }
  return %y : tensor<?x4x16xf32>
}

// Constants are multiples of what their greatest common divisor leaves.
func.func @constants(%h: tensor<?x16xf32>, %r: tensor<?x3x16xf32>) -> (tensor<?x3x16xf32>, tensor<?x3x16xf32>) {
  %c0 = arith.constant 0 : index
  %c = arith.constant dense<[12, 0, 6]> : tensor<3xindex>
  %k = arith.constant dense<[4, 0, 2]> : tensor<3xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  %q = dist.all_gather %r dim 0 extents %k over @mesh[dp] : tensor<?x3x16xf32>, tensor<3xindex> -> tensor<?x3x16xf32>
  %d = tensor.dim %q, %c0 : tensor<?x3x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 3, 16] : tensor<?x16xf32> into tensor<?x3x16xf32>
  %s, %n = norm.add_rms_norm %e, %q eps 1.0e-06 : tensor<?x3x16xf32>
  %own = dist.all_slice %s dim 0 extents %k over @mesh[dp] : tensor<?x3x16xf32>, tensor<3xindex> -> tensor<?x3x16xf32>
  return %n, %own : tensor<?x3x16xf32>, tensor<?x3x16xf32>
}

// What a rank takes by extents of another order is no part of what it has.
func.func @other_rows(%h: tensor<?x4x16xf32>, %r: tensor<?x16xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %c = arith.constant dense<[5, 0, 3]> : tensor<3xindex>
  %k = arith.constant dense<[12, 0, 20]> : tensor<3xindex>
  %c4 = arith.constant dense<[20, 0, 12]> : tensor<3xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x16xf32>, tensor<3xindex> -> tensor<?x4x16xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x16xf32> into tensor<?x16xf32>
  %q = dist.all_gather %r dim 0 extents %c4 over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  %s, %y = norm.add_rms_norm %m, %q eps 1.0e-06 : tensor<?x16xf32>
  %own = dist.all_slice %s dim 0 extents %k over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  return %y, %own : tensor<?x16xf32>, tensor<?x16xf32>
}

// Extents that are exchanged as a product.
func.func @exchanged(%h: tensor<?x2x16xf32>) -> tensor<?x2x16xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %x = tensor.collapse_shape %h [[0, 1], [2]] : tensor<?x2x16xf32> into tensor<?x16xf32>
  %n = tensor.dim %h, %c0 : tensor<?x2x16xf32>
  %n2 = arith.muli %n, %c2 : index
  %c = dist.exchange_extents %n2 over @mesh[dp] : tensor<3xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x16xf32>, tensor<3xindex> -> tensor<?x16xf32>
  %rows = tensor.dim %g, %c0 : tensor<?x16xf32>
  %s = arith.divui %rows, %c2 : index
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%s, 2, 16] : tensor<?x16xf32> into tensor<?x2x16xf32>
  %y = norm.layer_norm %e axis 1 eps 1.0e-05 : tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// Ranks that part meet at different exchanges, which stay as they are.
func.func @exchanged_apart(%h: tensor<?x2x16xf32>) -> tensor<3xi64> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %n = tensor.dim %h, %c0 : tensor<?x2x16xf32>
  %i = dist.axis_index @mesh[dp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %c = scf.if %isFirst -> tensor<3xindex> {
    %n2 = arith.muli %n, %c2 : index
    %e = dist.exchange_extents %n2 over @mesh[dp] : tensor<3xindex>
    scf.yield %e : tensor<3xindex>
  } else {
    %e = dist.exchange_extents %n over @mesh[dp] : tensor<3xindex>
    scf.yield %e : tensor<3xindex>
  }
  %extents = arith.index_cast %c : tensor<3xindex> to tensor<3xi64>
  return %extents : tensor<3xi64>
}
