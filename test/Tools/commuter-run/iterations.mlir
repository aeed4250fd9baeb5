// RUN: %commuter-run %s --iterations 1 | FileCheck %s --check-prefix=ONE
// RUN: %commuter-run %s --iterations 6 --json > %t.json
// RUN: %figures versions.0.runs=6 versions.0.norm_rows='[4,4]' < %t.json
// RUN: %fails %commuter-run %s --iterations 0 > %t.err
// RUN: %fails %commuter-run %s --iterations=-1 >> %t.err
// RUN: %fails %commuter-run %s --iterations ten >> %t.err
// RUN: %fails %commuter-run %s --iterations 1000001 >> %t.err
// RUN: %fails %commuter-run %s --iterations 99999999999999999999 >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t.err

// ONE: ; 1 run{{$}}
// ERROR: commuter-run: error: --iterations 0: expected 1 to 1000000
// ERROR-NEXT: commuter-run: error: --iterations -1: expected 1 to 1000000
// ERROR-NEXT: commuter-run: error: --iterations ten: expected 1 to 1000000
// ERROR-NEXT: commuter-run: error: --iterations 1000001: expected 1 to 1000000
// ERROR-NEXT: commuter-run: error: --iterations 99999999999999999999: expected 1 to 1000000

// An argument that a program may overwrite is the same in every iteration, all the
// same: 1 + 1, not 1 + 6.
// RUN: %npy make %t.npy f32 2x4 --values=1,1,1,1,1,1,1,1
// RUN: %commuter-run %s --entry=overwrites --iterations 6 --input 0=%t.npy --output-dir=%t > %t.table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=SUM
// SUM: <f4 2x4
// SUM-NEXT: 2 2 2 2
// SUM-NEXT: 2 2 2 2

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}

func.func @overwrites(%x: tensor<4xf32> {bufferization.writable = true}) -> tensor<4xf32> {
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %y = linalg.add ins(%x, %one : tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
