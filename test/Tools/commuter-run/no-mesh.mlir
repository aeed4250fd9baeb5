// A program without a mesh runs on one rank.

// RUN: rm -rf %t
// RUN: %commuter-run %s --compare --output-dir=%t | FileCheck %s
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=RESULT
// RUN: %fails %commuter-run %s --axis dp=2 | FileCheck %s --check-prefix=ERROR

// CHECK: @main on 1 rank, no mesh, cpu, threads; medians of 5 runs
// CHECK: norm rows per rank 4 4 1.000
// CHECK-NEXT: bytes received per rank 0 0 -
// CHECK-NEXT: bytes copied per rank 0 0 -
// CHECK-NEXT: collectives per rank 0 0 -
// CHECK: 1 result: bit-exact on 1/1 ranks
// RESULT: <f4 1x4x3
// ERROR: commuter-run: error: --axis dp=2: no mesh of the program has an axis 'dp'

func.func @main(%x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4x3xf32>
  return %n : tensor<4x3xf32>
}
