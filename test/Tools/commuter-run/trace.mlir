// RUN: %commuter-run %s --trace=%t.json --compare --iterations 1
// RUN: %python %S/Inputs/trace.py %t.json | FileCheck %s --match-full-lines
// RUN: %commuter-run %s --trace=%t.json --iterations 3
// RUN: %python %S/Inputs/trace.py %t.json | FileCheck %s --check-prefix=THREE --match-full-lines

// One process for each version, one thread for each rank; no warm-up, and nothing
// but what the program does. A gather that moved stands where what it gathers does.
// CHECK:      as written, rank 0: all_gather (collective) bytes=64 group=mesh[dp] location={{.*}}trace.mlir:[[#@LINE+18]]:8
// CHECK-NEXT: as written, rank 0: rms_norm (norm) bytes={{[0-9]+}} rows=8 location={{.*}}trace.mlir:[[#@LINE+18]]:8
// CHECK-NEXT: as written, rank 1: all_gather (collective) bytes=64 group=mesh[dp] location={{.*}}trace.mlir:[[#@LINE+16]]:8
// CHECK-NEXT: as written, rank 1: rms_norm (norm) bytes={{[0-9]+}} rows=8 location={{.*}}trace.mlir:[[#@LINE+16]]:8
// CHECK-NEXT: optimize, rank 0: rms_norm (norm) bytes={{[0-9]+}} rows=4 location={{.*}}trace.mlir:[[#@LINE+15]]:8
// CHECK-NEXT: optimize, rank 0: all_gather (collective) bytes=64 group=mesh[dp] location={{.*}}trace.mlir:[[#@LINE+14]]:8
// CHECK-NEXT: optimize, rank 1: rms_norm (norm) bytes={{[0-9]+}} rows=4 location={{.*}}trace.mlir:[[#@LINE+13]]:8
// CHECK-NEXT: optimize, rank 1: all_gather (collective) bytes=64 group=mesh[dp] location={{.*}}trace.mlir:[[#@LINE+12]]:8
// CHECK-NOT:  {{.}}

// THREE-COUNT-3: optimize, rank 0: rms_norm (norm) bytes={{[0-9]+}} rows=4 location={{.*}}trace.mlir:[[#@LINE+9]]:8
// THREE-NOT: optimize, rank 0: rms_norm{{.*}}
// THREE-COUNT-3: optimize, rank 1: rms_norm (norm) bytes={{[0-9]+}} rows=4 location={{.*}}trace.mlir:[[#@LINE+7]]:8
// THREE-NOT: optimize, rank 1: rms_norm{{.*}}

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<4x4xf32>) -> tensor<8x4xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<8x4xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x4xf32>
  return %n : tensor<8x4xf32>
}
