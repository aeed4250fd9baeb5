// Ten thousand runs leave nothing behind (the runner checks after each) and are
// over within seconds: an add, a gather, a slice of it, and a norm.

// RUN: timeout 20 %commuter-run %s --iterations 10000 --pipeline=none --json > %t.json
// RUN: %figures versions.0.runs=10000 versions.0.norm_rows='[8,8]' versions.0.collectives='[1,1]' < %t.json
// RUN: timeout 20 %commuter-run %s --iterations 2000 --compare | FileCheck %s

// CHECK: medians of 2000 runs
// CHECK: 2 results: bit-exact on 2/2 ranks

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %r: tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %s = arith.addf %x, %r : tensor<4x16xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<8x16xf32>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<4x16xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x16xf32>
  return %n, %own : tensor<8x16xf32>, tensor<4x16xf32>
}
