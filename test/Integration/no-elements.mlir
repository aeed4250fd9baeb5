// Tensors without elements, whose rows have no columns: no offset is a place in a
// dimension of size 0, so nothing is seen as a part of them.

// RUN: %commuter-run %s --entry gathered --compare --pipeline commute | FileCheck %s --check-prefix=MOVED
// MOVED: norm rows per rank 4 2 0.500
// MOVED: 2 results: bit-exact on 2/2 ranks

// RUN: %commuter-run %s --entry sliced --extent 2.0=4,2 --compare --pipeline none | FileCheck %s --check-prefix=SLICED
// SLICED: 3 results: bit-exact on 2/2 ranks

// RUN: %commuter-run %s --entry batches --compare --pipeline='dist-commute-norms{allow-extra-gather=true}' | FileCheck %s --check-prefix=BATCHES
// BATCHES: 2 results: bit-exact on 2/2 ranks

// RUN: %commuter-run %s --entry summed --compare --pipeline='dist-split-all-reduce{pad-rows=true}' | FileCheck %s --check-prefix=SUMMED
// SUMMED: 2 results: bit-exact on 2/2 ranks

dist.mesh @mesh(dp = 2)

func.func @gathered(%h: tensor<2x0xf32>) -> (tensor<4x0xf32>, tensor<4x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x0xf32> -> tensor<4x0xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<4x0xf32>
  %q, %s = norm.quantize %n per_row : tensor<4x0xf32> -> tensor<4x0xi8>, tensor<4x1xf32>
  return %n, %s : tensor<4x0xf32>, tensor<4x1xf32>
}

func.func @sliced(%h: tensor<4x0xf32>, %k: tensor<0x8xf32>, %d: tensor<?x0xf32>)
    -> (tensor<2x0xf32>, tensor<0x4xf32>, tensor<?x0xf32>) {
  %s = dist.all_slice %h dim 0 over @mesh[dp] : tensor<4x0xf32> -> tensor<2x0xf32>
  %t = dist.all_slice %k dim 1 over @mesh[dp] : tensor<0x8xf32> -> tensor<0x4xf32>
  %u = dist.all_slice %d dim 0 over @mesh[dp] : tensor<?x0xf32> -> tensor<?x0xf32>
  return %s, %t, %u : tensor<2x0xf32>, tensor<0x4xf32>, tensor<?x0xf32>
}

func.func @batches(%h: tensor<4x0x8xf32>, %r: tensor<8x0x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>})
    -> (tensor<8x0x8xf32>, tensor<8x0x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x0x8xf32> -> tensor<8x0x8xf32>
  %s, %n = norm.add_layer_norm %g, %r eps 1.0e-06 : tensor<8x0x8xf32>
  return %s, %n : tensor<8x0x8xf32>, tensor<8x0x8xf32>
}

func.func @summed(%h: tensor<4x0xf32>, %k: tensor<5x0xf32>) -> (tensor<4x0xf32>, tensor<5x0xf32>) {
  %a = dist.all_reduce %h sum over @mesh[dp] : tensor<4x0xf32>
  %n = norm.layer_norm %a eps 1.0e-06 : tensor<4x0xf32>
  %b = dist.all_reduce %k sum over @mesh[dp] : tensor<5x0xf32>
  %m = norm.layer_norm %b eps 1.0e-06 : tensor<5x0xf32>
  return %n, %m : tensor<4x0xf32>, tensor<5x0xf32>
}
