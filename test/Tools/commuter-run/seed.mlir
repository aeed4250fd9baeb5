// Arguments without a file are pseudo-random: the same for a seed, others for
// another, the same on all ranks where they are replicated, and other summands of
// a pending sum.

// RUN: rm -rf %t
// RUN: %commuter-run %s --output-dir=%t/a --seed 7 > %t.table
// RUN: %commuter-run %s --output-dir=%t/b --seed 7 --pipeline=none --iterations 3 > %t.table
// RUN: %commuter-run %s --output-dir=%t/c --seed 18446744073709551615 > %t.table
// RUN: %commuter-run %s --output-dir=%t/d > %t.table
// RUN: %commuter-run %s --output-dir=%t/e --seed 0 > %t.table
// RUN: cmp %t/a/result0.npy %t/b/result0.npy
// RUN: cmp %t/a/result1.npy %t/b/result1.npy
// RUN: not cmp -s %t/a/result0.npy %t/c/result0.npy
// RUN: not cmp -s %t/a/result0.npy %t/d/result0.npy
// RUN: cmp %t/d/result0.npy %t/e/result0.npy
// RUN: %npy show %t/a/result0.npy | FileCheck %s
// RUN: %npy show %t/a/result1.npy | FileCheck %s --check-prefix=PARTS
// RUN: %npy show %t/a/result2.npy | FileCheck %s --check-prefix=INTEGERS

// Magnitudes are in [1/8, 2); the two arguments differ.
// CHECK: <f4 4x2
// CHECK-NEXT: {{^}}[[A:-?(0\.[1-9]|1\.)[0-9]+]] [[B:-?(0\.[1-9]|1\.)[0-9]+]]{{$}}
// CHECK-NEXT: {{^}}[[A]] [[B]]{{$}}
// CHECK-NEXT: {{^}}[[A]] [[B]]{{$}}
// CHECK-NEXT: {{^}}[[A]] [[B]]{{$}}

// Two ranks along tp hold two summands; those along dp the same.
// PARTS: <f4 4x1
// PARTS-NEXT: {{^}}[[X:-?[0-9.]+]]{{$}}
// PARTS-NOT: {{^}}[[X]]{{$}}
// PARTS: {{^}}[[Y:-?[0-9.]+]]{{$}}
// PARTS-NEXT: {{^}}[[X]]{{$}}
// PARTS-NEXT: {{^}}[[Y]]{{$}}

// In [-8, 8).
// INTEGERS: |i1 4x8
// INTEGERS-COUNT-4: {{^(-[1-8]|[0-7])( (-[1-8]|[0-7])){7}$}}

// RUN: %fails %commuter-run %s --seed=-1 > %t.err
// RUN: %fails %commuter-run %s --seed=x >> %t.err
// RUN: %fails %commuter-run %s --seed=18446744073709551616 >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t.err
// ERROR: commuter-run: error: --seed -1: expected a number from 0 to 2^64 - 1
// ERROR-NEXT: commuter-run: error: --seed x: expected a number from 0 to 2^64 - 1
// ERROR-NEXT: commuter-run: error: --seed 18446744073709551616: expected a number from 0 to 2^64 - 1

dist.mesh @mesh(dp = 2, tp = 2)

func.func @main(%x: tensor<2xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
                %p: tensor<1xf32> {dist.sharding = #dist.sharding<@mesh, [{}], unreduced {tp}>},
                %i: tensor<8xi8>) -> (tensor<2xf32>, tensor<1xf32>, tensor<8xi8>) {
  return %x, %p, %i : tensor<2xf32>, tensor<1xf32>, tensor<8xi8>
}
