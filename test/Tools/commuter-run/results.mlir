// Functions without results, with a result twice, with their own arguments, and
// with a constant: whose memory is whose.

// RUN: rm -rf %t
// RUN: %commuter-run %s --entry=nothing --compare --output-dir=%t | FileCheck %s --check-prefix=NOTHING
// RUN: ls -A %t | count 0
// RUN: %commuter-run %s --entry=several --compare --output-dir=%t | FileCheck %s --check-prefix=SEVERAL
// RUN: cmp %t/result0.npy %t/result1.npy
// RUN: cmp %t/result0.npy %t/result2.npy
// RUN: %npy show %t/result3.npy | FileCheck %s --check-prefix=CONSTANT

// NOTHING: total, elapsed, slowest rank
// NOTHING-NEXT: {{^$}}
// NOTHING-NEXT: 0 results: bit-exact on 2/2 ranks
// SEVERAL: 4 results: bit-exact on 2/2 ranks
// CONSTANT: <f4 2x3
// CONSTANT-COUNT-2: 1 2 3

dist.mesh @mesh(dp = 2)

func.func @nothing(%x: tensor<4xf32>) {
  return
}

func.func @several(%x: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>) {
  %c = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %zero = arith.constant dense<-0.0> : tensor<4xf32>
  %y = arith.addf %x, %zero : tensor<4xf32>
  return %y, %y, %x, %c : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>
}
