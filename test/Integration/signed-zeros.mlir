// The zeros of a row are the same whatever rows are normalised beside it: those
// that dist.to_partial makes are -0.0, and so is what a norm subtracts from them
// if it takes an element for a pivot.

// RUN: %commuter-run %s --compare --pipeline commute | FileCheck %s
// CHECK: norm rows per rank {{.*}} 0.250
// CHECK: 3 results: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)

func.func @main(%r: tensor<6x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<24x8xf32>, tensor<24x8xf32>, tensor<24x8xf64>) {
  %p = dist.to_partial %r over @mesh[dp] : tensor<6x8xf32>
  %d = arith.extf %p : tensor<6x8xf32> to tensor<6x8xf64>
  %g = dist.all_gather %p dim 0 over @mesh[dp] : tensor<6x8xf32> -> tensor<24x8xf32>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<24x8xf32>
  %k = dist.all_gather %p dim 0 over @mesh[dp] {tag = "sum"} : tensor<6x8xf32> -> tensor<24x8xf32>
  %s, %m = norm.add_layer_norm %k, %k eps 1.0e-05 : tensor<24x8xf32>
  %w = dist.all_gather %d dim 0 over @mesh[dp] : tensor<6x8xf64> -> tensor<24x8xf64>
  %o = norm.layer_norm %w eps 1.0e-05 : tensor<24x8xf64>
  return %n, %m, %o : tensor<24x8xf32>, tensor<24x8xf32>, tensor<24x8xf64>
}
