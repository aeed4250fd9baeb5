// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --canonicalize -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: rm -rf %t && %commuter-run %t.mlir --pipeline none --entry until --output-dir %t
// RUN: %python %S/../../Inputs/npy.py show %t/result0.npy | FileCheck %s --check-prefix=TURNS
// RUN: %python %S/../../Inputs/npy.py show %t/result1.npy | FileCheck %s --check-prefix=SIZE
// RUN: rm -rf %t && %commuter-run %t.mlir --pipeline none --entry fori_loop --output-dir %t
// RUN: %python %S/../../Inputs/npy.py show %t/result0.npy | FileCheck %s --check-prefix=FORI
// RUN: %python %S/../../Inputs/npy.py show %t/result1.npy | FileCheck %s --check-prefix=END
// RUN: rm -rf %t && %commuter-run %t.mlir --pipeline none --entry from_above --output-dir %t
// RUN: %python %S/../../Inputs/npy.py show %t/result0.npy | FileCheck %s --check-prefix=ABOVE

// TURNS: {{^}}7{{$}}
// SIZE: {{^}}128{{$}}
// ((((1 * 2 + 0) * 2 + 1) * 2 + 2) * 2 + 3) * 2 + 4
// FORI: {{^}}58{{$}}
// END: {{^}}5{{$}}
// ABOVE: {{^}}9{{$}}

// A scan: what the loop does not change is not carried.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME: %[[X:.*]]: tensor<8xf32>, %[[W:.*]]: tensor<3x8xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK: %[[R:.*]] = scf.for %[[I:.*]] = %[[C0]] to %[[C3]] step %[[C1]] iter_args(%[[A:.*]] = %[[X]]) -> (tensor<8xf32>)
// CHECK: tensor.extract_slice %[[W]][%{{.*}}, 0] [1, 8] [1, 1]
// CHECK: scf.yield %{{.*}} : tensor<8xf32>
// CHECK: return %[[R]]
func.func @scan(%x: tensor<8xf32>, %w: tensor<3x8xf32>) -> tensor<8xf32> {
  %zero = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
  %0:3 = "stablehlo.while"(%w, %zero, %x) ({
  ^bb0(%a: tensor<3x8xf32>, %i: tensor<i32>, %y: tensor<8xf32>):
    %n = "stablehlo.constant"() <{value = dense<3> : tensor<i32>}> : () -> tensor<i32>
    %c = "stablehlo.compare"(%i, %n) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%a: tensor<3x8xf32>, %i: tensor<i32>, %y: tensor<8xf32>):
    %s = "stablehlo.dynamic_slice"(%a, %i, %zero) <{slice_sizes = array<i64: 1, 8>}> : (tensor<3x8xf32>, tensor<i32>, tensor<i32>) -> tensor<1x8xf32>
    %r = "stablehlo.reshape"(%s) : (tensor<1x8xf32>) -> tensor<8xf32>
    %m = "stablehlo.multiply"(%y, %r) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    %one = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %next = "stablehlo.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%a, %next, %m) : (tensor<3x8xf32>, tensor<i32>, tensor<8xf32>) -> ()
  }) : (tensor<3x8xf32>, tensor<i32>, tensor<8xf32>) -> (tensor<3x8xf32>, tensor<i32>, tensor<8xf32>)
  return %0#2 : tensor<8xf32>
}

// A limit that is an argument of the loop; the counter's last value.
// CHECK-LABEL: func.func @fori_loop(
// CHECK: scf.for
// CHECK-NOT: scf.while
func.func @fori_loop() -> (tensor<f32>, tensor<i32>) {
  %zero = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
  %one = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
  %five = "stablehlo.constant"() <{value = dense<5> : tensor<i32>}> : () -> tensor<i32>
  %x = "stablehlo.constant"() <{value = dense<1.0> : tensor<f32>}> : () -> tensor<f32>
  %0:3 = "stablehlo.while"(%zero, %five, %x) ({
  ^bb0(%i: tensor<i32>, %n: tensor<i32>, %y: tensor<f32>):
    %c = "stablehlo.compare"(%i, %n) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>, %n: tensor<i32>, %y: tensor<f32>):
    %d = "stablehlo.add"(%y, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %f = "stablehlo.convert"(%i) : (tensor<i32>) -> tensor<f32>
    %m = "stablehlo.add"(%d, %f) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %next = "stablehlo.add"(%one, %i) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%next, %n, %m) : (tensor<i32>, tensor<i32>, tensor<f32>) -> ()
  }) : (tensor<i32>, tensor<i32>, tensor<f32>) -> (tensor<i32>, tensor<i32>, tensor<f32>)
  return %0#2, %0#0 : tensor<f32>, tensor<i32>
}

// No turn: the counter stays where it starts.
func.func @from_above() -> tensor<i32> {
  %nine = "stablehlo.constant"() <{value = dense<9> : tensor<i32>}> : () -> tensor<i32>
  %0 = "stablehlo.while"(%nine) ({
  ^bb0(%i: tensor<i32>):
    %n = "stablehlo.constant"() <{value = dense<5> : tensor<i32>}> : () -> tensor<i32>
    %c = "stablehlo.compare"(%i, %n) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>):
    %one = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %next = "stablehlo.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%next) : (tensor<i32>) -> ()
  }) : (tensor<i32>) -> tensor<i32>
  return %0 : tensor<i32>
}

// CHECK-LABEL: func.func @until(
// CHECK: scf.while
// CHECK: scf.condition
func.func @until() -> (tensor<i32>, tensor<f32>) {
  %zero = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
  %x = "stablehlo.constant"() <{value = dense<1.0> : tensor<f32>}> : () -> tensor<f32>
  %0:2 = "stablehlo.while"(%zero, %x) ({
  ^bb0(%i: tensor<i32>, %y: tensor<f32>):
    %n = "stablehlo.constant"() <{value = dense<100.0> : tensor<f32>}> : () -> tensor<f32>
    %c = "stablehlo.compare"(%y, %n) <{compare_type = #stablehlo<comparison_type FLOAT>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<f32>, tensor<f32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>, %y: tensor<f32>):
    %one = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %d = "stablehlo.add"(%y, %y) : (tensor<f32>, tensor<f32>) -> tensor<f32>
    %next = "stablehlo.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%next, %d) : (tensor<i32>, tensor<f32>) -> ()
  }) : (tensor<i32>, tensor<f32>) -> (tensor<i32>, tensor<f32>)
  return %0#0, %0#1 : tensor<i32>, tensor<f32>
}

// Steps of 2, a limit that changes and unsigned numbers do not count so.
// CHECK-LABEL: func.func @no_counters(
// CHECK-NOT: scf.for
func.func @no_counters(%x: tensor<i32>, %u: tensor<ui32>) -> (tensor<i32>, tensor<i32>, tensor<ui32>) {
  %0 = "stablehlo.while"(%x) ({
  ^bb0(%i: tensor<i32>):
    %n = "stablehlo.constant"() <{value = dense<5> : tensor<i32>}> : () -> tensor<i32>
    %c = "stablehlo.compare"(%i, %n) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>):
    %two = "stablehlo.constant"() <{value = dense<2> : tensor<i32>}> : () -> tensor<i32>
    %next = "stablehlo.add"(%i, %two) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%next) : (tensor<i32>) -> ()
  }) : (tensor<i32>) -> tensor<i32>
  %1:2 = "stablehlo.while"(%x, %x) ({
  ^bb0(%i: tensor<i32>, %n: tensor<i32>):
    %c = "stablehlo.compare"(%i, %n) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<i32>, %n: tensor<i32>):
    %one = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %next = "stablehlo.add"(%i, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %less = "stablehlo.subtract"(%n, %one) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    "stablehlo.return"(%next, %less) : (tensor<i32>, tensor<i32>) -> ()
  }) : (tensor<i32>, tensor<i32>) -> (tensor<i32>, tensor<i32>)
  %2 = "stablehlo.while"(%u) ({
  ^bb0(%i: tensor<ui32>):
    %n = "stablehlo.constant"() <{value = dense<5> : tensor<ui32>}> : () -> tensor<ui32>
    %c = "stablehlo.compare"(%i, %n) <{comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<ui32>, tensor<ui32>) -> tensor<i1>
    "stablehlo.return"(%c) : (tensor<i1>) -> ()
  }, {
  ^bb0(%i: tensor<ui32>):
    %one = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
    %next = "stablehlo.add"(%i, %one) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    "stablehlo.return"(%next) : (tensor<ui32>) -> ()
  }) : (tensor<ui32>) -> tensor<ui32>
  return %0, %1#0, %2 : tensor<i32>, tensor<i32>, tensor<ui32>
}
