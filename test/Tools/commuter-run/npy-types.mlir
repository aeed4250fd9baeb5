// Every element type goes through a program and comes back, bit for bit; wide
// ones with values that a double would round.

// RUN: rm -rf %t && mkdir %t
// RUN: %npy make %t/f32.npy f32 1x3 --values=0.1,-0.0,inf
// RUN: %commuter-run %s --entry=f32 --input 0=%t/f32.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=F32
// F32: <f4 1x3
// F32-NEXT: 0.1 -0 inf

// RUN: %npy make %t/f64.npy f64 1x3 --values=0.1,nan,-1e300
// RUN: %commuter-run %s --entry=f64 --input 0=%t/f64.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=F64
// F64: <f8 1x3
// F64-NEXT: 0.1 nan -1e+300

// RUN: %npy make %t/f16.npy f16 1x3 --values=0.5,65504,-6e-8
// RUN: %commuter-run %s --entry=f16 --input 0=%t/f16.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=F16
// F16: <f2 1x3
// F16-NEXT: 0.5 65504 -5.96046e-08

// RUN: %npy make %t/bf16.npy bf16 1x3 --values=1,-2.5,1e30
// RUN: %commuter-run %s --entry=bf16 --input 0=%t/bf16.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=BF16
// BF16: <V2 1x3
// BF16-NEXT: 1 -2.5 9.9{{[0-9]+}}e+29

// RUN: %npy make %t/i32.npy i32 1x3 --values=1,-2,2147483647
// RUN: %commuter-run %s --entry=i32 --input 0=%t/i32.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=I32
// I32: <i4 1x3
// I32-NEXT: 1 -2 2147483647

// RUN: %npy make %t/i64.npy i64 1x3 --values=1,-2,9007199254740993
// RUN: %commuter-run %s --entry=i64 --input 0=%t/i64.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=I64
// RUN: %commuter-run %s --entry=index --input 0=%t/i64.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=I64
// I64: <i8 1x3
// I64-NEXT: 1 -2 9007199254740993

// RUN: %npy make %t/i8.npy i8 1x3 --values=1,-2,127
// RUN: %commuter-run %s --entry=i8 --input 0=%t/i8.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=I8
// I8: |i1 1x3
// I8-NEXT: 1 -2 127

// RUN: %npy make %t/i1.npy i1 1x3 --values=1,0,1
// RUN: %commuter-run %s --entry=i1 --input 0=%t/i1.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=I1
// I1: |b1 1x3
// I1-NEXT: 1 0 1

// Raw bytes where NumPy has no such type.
// RUN: %npy make %t/f8.npy raw8 1x3 --values=0,126,254
// RUN: %commuter-run %s --entry=f8 --input 0=%t/f8.npy --output-dir=%t > %t/table
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=F8
// F8: |V1 1x3
// F8-NEXT: 0 126 254

// RUN: %fails %commuter-run %s --entry=f8 --input 0=%t/i8.npy > %t/err
// RUN: %fails %commuter-run %s --entry=f32 --input 0=%t/f64.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=bf16 --input 0=%t/f16.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=i1 --input 0=%t/i8.npy >> %t/err
// RUN: FileCheck %s --check-prefix=ERROR --input-file=%t/err -DDIR=%t
// ERROR: commuter-run: error: [[DIR]]/i8.npy: has elements of type '|i1', expected f8E4M3FN ('|V1')
// ERROR-NEXT: commuter-run: error: [[DIR]]/f64.npy: has elements of type '<f8', expected f32 ('<f4')
// ERROR-NEXT: commuter-run: error: [[DIR]]/f16.npy: has elements of type '<f2', expected bf16 ('<V2')
// ERROR-NEXT: commuter-run: error: [[DIR]]/i8.npy: has elements of type '|i1', expected i1 ('|b1')

func.func @f32(%x: tensor<3xf32>) -> tensor<3xf32> { return %x : tensor<3xf32> }
func.func @f64(%x: tensor<3xf64>) -> tensor<3xf64> { return %x : tensor<3xf64> }
func.func @f16(%x: tensor<3xf16>) -> tensor<3xf16> { return %x : tensor<3xf16> }
func.func @bf16(%x: tensor<3xbf16>) -> tensor<3xbf16> { return %x : tensor<3xbf16> }
func.func @i32(%x: tensor<3xi32>) -> tensor<3xi32> { return %x : tensor<3xi32> }
func.func @i64(%x: tensor<3xi64>) -> tensor<3xi64> { return %x : tensor<3xi64> }
func.func @index(%x: tensor<3xindex>) -> tensor<3xindex> { return %x : tensor<3xindex> }
func.func @i8(%x: tensor<3xi8>) -> tensor<3xi8> { return %x : tensor<3xi8> }
func.func @i1(%x: tensor<3xi1>) -> tensor<3xi1> { return %x : tensor<3xi1> }
func.func @f8(%x: tensor<3xf8E4M3FN>) -> tensor<3xf8E4M3FN> { return %x : tensor<3xf8E4M3FN> }
