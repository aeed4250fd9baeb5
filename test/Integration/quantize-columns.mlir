// RUN: %commuter-run %s --compare | FileCheck %s

// Whole groups of each row on every rank: the quantisation moves in front of a
// gather of columns.

dist.mesh @mesh(dp = 4)

// 6 rows of 64 f32 from three others; then as many i8, and two scales a row.
// CHECK: bytes received per rank {{ *}}4608 {{ *}}1296
// CHECK: bit-exact on 4/4 ranks
func.func @columns(%h: tensor<6x64xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}]>}) -> (tensor<6x256xi8>, tensor<6x8xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<6x64xf32> -> tensor<6x256xf32>
  %q, %s = norm.quantize %g per_group 32 : tensor<6x256xf32> -> tensor<6x256xi8>, tensor<6x8xf32>
  return %q, %s : tensor<6x256xi8>, tensor<6x8xf32>
}
