// RUN: %commuter-opt %s --commuter-expand-float8 | FileCheck %s

// Integration/scalars.test has the bits.

// CHECK-LABEL: func @widen
// CHECK-NOT: arith.extf %{{.*}} : f8
// CHECK: arith.truncf %{{.*}} : f32 to bf16
// CHECK: arith.extf %{{.*}} : f32 to f64
func.func @widen(%x: f8E4M3FN, %y: f8E5M2) -> (bf16, f64) {
  %r = arith.extf %x : f8E4M3FN to bf16
  %s = arith.extf %y : f8E5M2 to f64
  return %r, %s : bf16, f64
}

// What is larger than the largest number becomes the code behind it: 480, of f8E4M3FN
// NaN, and infinity of f8E5M2.
// CHECK-LABEL: func @round
// CHECK-SAME: %[[X:.*]]: f16
// CHECK: %[[F:.*]] = arith.extf %[[X]] : f16 to f32
// CHECK: arith.bitcast %[[F]] : f32 to i32
// CHECK: arith.constant 1139802112 : i32
// CHECK: arith.bitcast %{{.*}} : i8 to f8E4M3FN
// CHECK: arith.constant 1199570944 : i32
// CHECK: arith.bitcast %{{.*}} : i8 to f8E5M2
func.func @round(%x: f16, %y: f32) -> (f8E4M3FN, f8E5M2) {
  %r = arith.truncf %x : f16 to f8E4M3FN
  %s = arith.truncf %y : f32 to f8E5M2
  return %r, %s : f8E4M3FN, f8E5M2
}
