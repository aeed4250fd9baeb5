// Quantisations that have moved in front of the gather, and into the norm, give
// the bits of the program as written; on several meshes, and with rows of
// several lengths.

// RUN: %commuter-run %s --entry per_group --axis dp=4 --axis tp=2 --compare | FileCheck %s --check-prefix=GROUP
// RUN: %commuter-run %s --entry per_group --axis dp=1 --axis tp=3 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry per_group --axis dp=8 --axis tp=1 --seed 5 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry residual --axis dp=3 --axis tp=1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry residual --axis dp=8 --axis tp=1 --seed 7 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry static --axis dp=2 --axis tp=2 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry dequantized --axis dp=4 --axis tp=1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry ragged --axis dp=4 --axis tp=1 --extent 0.0=3,0,17,1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry per_tensor --axis dp=4 --axis tp=1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry per_tensor --axis dp=4 --axis tp=2 --compare --pipeline 'commuter-optimize{localize-per-tensor}' | FileCheck %s --check-prefix=TENSOR
// RUN: %commuter-run %s --entry ragged_tensor --axis dp=4 --axis tp=1 --extent 0.0=3,0,17,1 --compare --pipeline 'commuter-optimize{localize-per-tensor}' | FileCheck %s --check-prefix=EXACT

// EXACT: bit-exact on [[N:.*]]/[[N]] ranks

dist.mesh @mesh(dp = ?, tp = ?)

// 8 rows of 640 f32 are 20480 bytes; quantised, with 5 scales a row, 5280. From
// three others: 61440, 15840.
// GROUP: norm rows per rank {{ *}}32 {{ *}}8 {{ *}}0.250
// GROUP: bytes received per rank {{ *}}61440 {{ *}}15840 {{ *}}0.258
// GROUP: bit-exact on 8/8 ranks
func.func @per_group(%h: tensor<8x640xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %w: tensor<640xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x640xf8E4M3FN>, tensor<?x5xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x640xf32> -> tensor<?x640xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<?x640xf32>, tensor<640xf32>
  %q, %s = norm.quantize %n per_group 128 : tensor<?x640xf32> -> tensor<?x640xf8E4M3FN>, tensor<?x5xf32>
  return %q, %s : tensor<?x640xf8E4M3FN>, tensor<?x5xf32>
}

func.func @residual(%h: tensor<5x77xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %r: tensor<5x77xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %w: tensor<77xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x77xf8E5M2>, tensor<?x1xf32>, tensor<5x77xbf16>) {
  %s = arith.addf %h, %r : tensor<5x77xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<5x77xbf16> -> tensor<?x77xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<?x77xbf16> -> tensor<5x77xbf16>
  %n = norm.layer_norm %g scale %w bias %w eps 1.0e-05 : tensor<?x77xbf16>, tensor<77xf32>, tensor<77xf32>
  %q, %sc = norm.quantize %n per_row : tensor<?x77xbf16> -> tensor<?x77xf8E5M2>, tensor<?x1xf32>
  return %q, %sc, %own : tensor<?x77xf8E5M2>, tensor<?x1xf32>, tensor<5x77xbf16>
}

func.func @static(%h: tensor<3x100xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %f: tensor<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x100xi8> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<3x100xf16> -> tensor<?x100xf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x100xf16>
  %q = norm.quantize %n static %f : tensor<?x100xf16>, tensor<f32> -> tensor<?x100xi8>
  return %q : tensor<?x100xi8>
}

func.func @dequantized(%h: tensor<3x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<?x96xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<3x96xbf16> -> tensor<?x96xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x96xbf16>
  %q, %s = norm.quantize %n per_group 32 : tensor<?x96xbf16> -> tensor<?x96xf8E4M3FN>, tensor<?x3xf32>
  %y = norm.dequantize %q, %s : tensor<?x96xf8E4M3FN>, tensor<?x3xf32> -> tensor<?x96xbf16>
  return %y : tensor<?x96xbf16>
}

func.func @ragged(%h: tensor<?x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x96xf8E4M3FN>, tensor<?x3xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x96xbf16> -> tensor<?x96xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x96xbf16>
  %q, %s = norm.quantize %n per_group 32 : tensor<?x96xbf16> -> tensor<?x96xf8E4M3FN>, tensor<?x3xf32>
  return %q, %s : tensor<?x96xf8E4M3FN>, tensor<?x3xf32>
}

// The norm moves, the quantisation stays; or moves as well, for one more
// collective: 1152 bytes from three others, and a scale around the ring.
// TENSOR: bytes received per rank {{ *}}4608 {{ *}}1158
// TENSOR: collectives per rank {{ *}}1 {{ *}}2
// TENSOR: bit-exact on 8/8 ranks
func.func @per_tensor(%h: tensor<6x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x64xi8>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<6x64xf32> -> tensor<?x64xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x64xf32>
  %q, %s = norm.quantize %n per_tensor : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<f32>
  return %q, %s : tensor<?x64xi8>, tensor<f32>
}

func.func @ragged_tensor(%h: tensor<?x64xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<?x64xf8E4M3FN>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %q, %s = norm.quantize %g per_tensor : tensor<?x64xbf16> -> tensor<?x64xf8E4M3FN>, tensor<f32>
  return %q, %s : tensor<?x64xf8E4M3FN>, tensor<f32>
}
