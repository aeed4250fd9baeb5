// Fast-math flags would let a result depend on what stands beside an op: on whether a
// gather stands between a product and a sum, or a norm took the sum. The versions have
// the same bits, since neither is compiled with them.

// RUN: %commuter-run %s --entry product_and_sum --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry product_and_sum --compare --pipeline=commute | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry quotients --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry roundings --compare --pipeline='dist-commute-norms,canonicalize' | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry fused_sum --compare | FileCheck %s

// MOVED: norm rows per rank 16 4 0.250
// MOVED: bit-exact on 4/4 ranks
// CHECK: bit-exact

dist.mesh @mesh(dp = 4)

func.func @product_and_sum(%x: tensor<4x32xf32>,
                           %w: tensor<16x32xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                           %b: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x32xf32> -> tensor<16x32xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x32xf32>
  %m = arith.mulf %n, %w fastmath<contract> : tensor<16x32xf32>
  %a = arith.addf %m, %b fastmath<contract> : tensor<16x32xf32>
  return %a : tensor<16x32xf32>
}

func.func @quotients(%x: tensor<4x32xf32>,
                     %w: tensor<16x32xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
                     %b: tensor<16x32xf32>) -> tensor<16x32xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x32xf32> -> tensor<16x32xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x32xf32>
  %m = arith.divf %n, %w fastmath<arcp,reassoc> : tensor<16x32xf32>
  %a = arith.divf %m, %b fastmath<arcp,reassoc> : tensor<16x32xf32>
  return %a : tensor<16x32xf32>
}

func.func @roundings(%x: tensor<4x32xf32>) -> tensor<16x32xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x32xf32> -> tensor<16x32xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x32xf32>
  %t = arith.truncf %n fastmath<contract> : tensor<16x32xf32> to tensor<16x32xbf16>
  %e = arith.extf %t fastmath<contract> : tensor<16x32xbf16> to tensor<16x32xf32>
  return %e : tensor<16x32xf32>
}

func.func @fused_sum(%x: tensor<4x32xf32>, %k: tensor<4x32xf32>, %r: tensor<4x32xf32>)
    -> (tensor<4x32xf32>, tensor<4x32xf32>) {
  %m = arith.mulf %x, %k fastmath<contract> : tensor<4x32xf32>
  %s = arith.addf %m, %r fastmath<contract> : tensor<4x32xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<4x32xf32>
  return %n, %s : tensor<4x32xf32>, tensor<4x32xf32>
}
