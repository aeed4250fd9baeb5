// Numbers as arguments and results: the same on all ranks unless a file varies
// them; a result is a value for each rank.

// RUN: rm -rf %t && mkdir %t
// RUN: %npy make %t/index.npy i64 2 --values=3,4
// RUN: %npy make %t/i1.npy i1 2 --values=1,0
// RUN: %npy make %t/bf16.npy bf16 2 --values=1.5,-2
// RUN: %npy make %t/f64.npy f64 2 --values=0.1,1e300
// RUN: %npy make %t/i8.npy i8 2 --values=-100,27
// RUN: %commuter-run %s --entry=all --output-dir=%t \
// RUN:   --input 0=%t/index.npy --input 1=%t/i1.npy --input 2=%t/bf16.npy --input 3=%t/f64.npy --input 4=%t/i8.npy > %t/table
// RUN: %npy show %t/result0.npy > %t/out
// RUN: %npy show %t/result1.npy >> %t/out
// RUN: %npy show %t/result2.npy >> %t/out
// RUN: %npy show %t/result3.npy >> %t/out
// RUN: %npy show %t/result4.npy >> %t/out
// RUN: %npy show %t/result5.npy >> %t/out
// RUN: FileCheck %s --input-file=%t/out --match-full-lines

// CHECK: |i1 2
// CHECK-NEXT: -100 27
// CHECK-NEXT: <f8 2
// CHECK-NEXT: 0.1 1e+300
// CHECK-NEXT: <V2 2
// CHECK-NEXT: 1.5 -2
// CHECK-NEXT: <f4 2x1
// CHECK-NEXT: 1.5
// CHECK-NEXT: -2
// CHECK-NEXT: |b1 2
// CHECK-NEXT: 1 0
// CHECK-NEXT: <i8 2
// CHECK-NEXT: 3 5

// A single number is returned otherwise than several.
// RUN: %commuter-run %s --entry=flag --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=FLAG
// FLAG: |b1 2
// FLAG-NEXT: 0 1
// RUN: %commuter-run %s --entry=half --input 0=%t/bf16.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=HALF
// HALF: <V2 2
// HALF-NEXT: 3 -4
// RUN: %commuter-run %s --entry=one --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=ALIKE
// ALIKE: <f4 2{{$}}
// ALIKE-NEXT: {{^}}[[A:-?[0-9.]+]] [[A]]{{$}}

dist.mesh @mesh(dp = 2)

func.func @all(%n: index, %c: i1, %h: bf16, %d: f64, %b: i8) -> (i8, f64, bf16, tensor<1xf32>, i1, index) {
  %i = dist.axis_index @mesh[dp] : index
  %s = arith.addi %n, %i : index
  %f = arith.extf %h : bf16 to f32
  %t = tensor.from_elements %f : tensor<1xf32>
  return %b, %d, %h, %t, %c, %s : i8, f64, bf16, tensor<1xf32>, i1, index
}

func.func @flag() -> i1 {
  %i = dist.axis_index @mesh[dp] : index
  %one = arith.constant 1 : index
  %c = arith.cmpi eq, %i, %one : index
  return %c : i1
}

func.func @half(%h: bf16) -> bf16 {
  %s = arith.addf %h, %h : bf16
  return %s : bf16
}

func.func @one(%x: f32) -> f32 {
  return %x : f32
}
