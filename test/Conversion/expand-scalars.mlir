// RUN: %commuter-opt %s --commuter-expand-scalars --canonicalize --split-input-file --verify-diagnostics | FileCheck %s

// The nearest f32, or its neighbour on the other side of x, whichever is odd.
// CHECK-LABEL: func @truncf
// CHECK-SAME: %[[X:.*]]: f64
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : i32
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i32
// CHECK: %[[N:.*]] = arith.truncf %[[X]] : f64 to f32
// CHECK: %[[B:.*]] = arith.extf %[[N]] : f32 to f64
// CHECK: %[[INEXACT:.*]] = arith.cmpf one, %[[B]], %[[X]] : f64
// CHECK: %[[OFB:.*]] = math.absf %[[B]] : f64
// CHECK: %[[OFX:.*]] = math.absf %[[X]] : f64
// CHECK: %[[SMALL:.*]] = arith.cmpf olt, %[[OFB]], %[[OFX]] : f64
// CHECK: %[[BITS:.*]] = arith.bitcast %[[N]] : f32 to i32
// CHECK: %[[LAST:.*]] = arith.andi %[[BITS]], %{{.*}} : i32
// CHECK: %[[EVEN:.*]] = arith.cmpi eq, %[[LAST]], %{{.*}} : i32
// CHECK: %[[UP:.*]] = arith.addi %[[BITS]], %{{.*}} : i32
// CHECK: %[[DOWN:.*]] = arith.subi %[[BITS]], %{{.*}} : i32
// CHECK: %[[OTHER:.*]] = arith.select %[[SMALL]], %[[UP]], %[[DOWN]] : i32
// CHECK: %[[MOVES:.*]] = arith.andi %[[INEXACT]], %[[EVEN]] : i1
// CHECK: %[[ODD:.*]] = arith.select %[[MOVES]], %[[OTHER]], %[[BITS]] : i32
// CHECK: %[[F:.*]] = arith.bitcast %[[ODD]] : i32 to f32
// CHECK: %[[R:.*]] = arith.truncf %[[F]] : f32 to bf16
// CHECK: return %[[R]]
func.func @truncf(%x: f64) -> bf16 {
  %r = arith.truncf %x : f64 to bf16
  return %r : bf16
}

// CHECK-LABEL: func @vector
// CHECK: arith.truncf %{{.*}} : vector<4xf64> to vector<4xf32>
// CHECK: arith.select %{{.*}} : vector<4xi1>, vector<4xi32>
// CHECK: arith.truncf %{{.*}} : vector<4xf32> to vector<4xf16>
func.func @vector(%x: vector<4xf64>) -> vector<4xf16> {
  %r = arith.truncf %x : vector<4xf64> to vector<4xf16>
  return %r : vector<4xf16>
}

// f32 holds these numbers.
// CHECK-LABEL: func @short
// CHECK-NEXT: arith.sitofp %{{.*}} : i16 to bf16
// CHECK-NEXT: arith.truncf %{{.*}} : f32 to f16
// CHECK-NEXT: arith.truncf %{{.*}} : f64 to f32
// CHECK-NEXT: return
func.func @short(%i: i16, %x: f32, %y: f64) -> (bf16, f16, f32) {
  %r = arith.sitofp %i : i16 to bf16
  %s = arith.truncf %x : f32 to f16
  %t = arith.truncf %y : f64 to f32
  return %r, %s, %t : bf16, f16, f32
}

// CHECK-LABEL: func @i32
// CHECK: arith.uitofp %{{.*}} : i32 to f64
func.func @i32(%i: i32) -> f16 {
  %r = arith.uitofp %i : i32 to f16
  return %r : f16
}

// CHECK-LABEL: func @i64
// CHECK-SAME: %[[X:.*]]: i64
// CHECK-DAG: %[[MASK:.*]] = arith.constant 1023 : i64
// CHECK-DAG: %[[SHIFT:.*]] = arith.constant 10 : i64
// CHECK: %[[LAST:.*]] = arith.andi %[[X]], %[[MASK]]
// CHECK: %[[ANY:.*]] = arith.cmpi ne, %[[LAST]]
// CHECK: %[[STICKY:.*]] = arith.extui %[[ANY]]
// CHECK: %[[KEPT:.*]] = arith.shrsi %[[X]], %[[SHIFT]]
// CHECK: %[[Y:.*]] = arith.ori %[[KEPT]], %[[STICKY]]
// CHECK: %[[SHORT:.*]] = arith.cmpi ult
// CHECK: %[[V:.*]] = arith.select %[[SHORT]], %[[X]], %[[Y]]
// CHECK: arith.sitofp %[[V]] : i64 to f64
func.func @i64(%i: i64) -> bf16 {
  %r = arith.sitofp %i : i64 to bf16
  return %r : bf16
}

// CHECK-LABEL: func @fma
// CHECK-NOT: math.fma
// CHECK: arith.mulf %{{.*}} : f64
// CHECK: arith.addf %{{.*}} : f64
// CHECK: math.fma %{{.*}} : f32
func.func @fma(%x: bf16, %y: f32) -> (bf16, f32) {
  %r = math.fma %x, %x, %x : bf16
  %s = math.fma %y, %y, %y : f32
  return %r, %s : bf16, f32
}

// The smallest normal f16, in f32.
// CHECK-LABEL: func @classes
// CHECK-DAG: %[[INF:.*]] = arith.constant 0x7F800000 : f32
// CHECK-DAG: %[[MIN:.*]] = arith.constant 6.10351563E-5 : f32
// CHECK: arith.cmpf oeq, %{{.*}}, %[[INF]] : f32
// CHECK: arith.cmpf oge, %{{.*}}, %[[MIN]] : f32
// CHECK: arith.cmpf olt, %{{.*}}, %{{.*}} : f32
func.func @classes(%x: f16) -> (i1, i1) {
  %i = math.isinf %x : f16
  %n = math.isnormal %x : f16
  return %i, %n : i1, i1
}

// CHECK-LABEL: func @index
// CHECK-SAME: %[[A:.*]]: index, %[[B:.*]]: index
// CHECK: %[[S:.*]] = arith.addi %[[A]], %[[B]] : index
// CHECK: arith.cmpi ult, %[[S]], %[[A]] : index
// CHECK: math.ipowi %{{.*}} : i64
func.func @index(%a: index, %b: index) -> (index, i1, index) {
  %s, %o = arith.addui_extended %a, %b : index, i1
  %p = math.ipowi %a, %b : index
  return %s, %o, %p : index, i1, index
}

// CHECK-LABEL: func @nearest_even
// CHECK-NOT: to_nearest_even
// CHECK: return
func.func @nearest_even(%x: f32) -> f16 {
  %r = arith.truncf %x to_nearest_even : f32 to f16
  return %r : f16
}

// -----

func.func @upward(%x: f64) -> f32 {
  // expected-error @below {{'arith.truncf' op rounds upward, for which there is no code}}
  %r = arith.truncf %x upward : f64 to f32
  return %r : f32
}
