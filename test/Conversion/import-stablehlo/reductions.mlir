// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo | FileCheck %s

// CHECK-DAG: #[[$L:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d0, d1, d4)>
// CHECK-DAG: #[[$R:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d4, d2, d3, d0)>
// CHECK-DAG: #[[$O:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2)>

// In the type of the elements, from the initial value on.
// CHECK-LABEL: func.func @reduce(
// CHECK-SAME: %[[A:.*]]: tensor<2x3x4xbf16>, %[[I:.*]]: tensor<bf16>, %[[U:.*]]: tensor<4xi32>, %[[P:.*]]: tensor<4xi1>)
// CHECK: %[[S:.*]] = tensor.extract %[[I]][]
// CHECK: %[[E:.*]] = tensor.empty() : tensor<3xbf16>
// CHECK: %[[F:.*]] = linalg.fill ins(%[[S]] : bf16) outs(%[[E]] : tensor<3xbf16>)
// CHECK: %[[R:.*]] = linalg.reduce ins(%[[A]] : tensor<2x3x4xbf16>) outs(%[[F]] : tensor<3xbf16>) dimensions = [0, 2]
// CHECK-NEXT: (%[[IN:.*]]: bf16, %[[INIT:.*]]: bf16) {
// CHECK-NEXT: %[[M:.*]] = arith.maximumf %[[IN]], %[[INIT]] : bf16
// CHECK-NEXT: linalg.yield %[[M]]
// CHECK: linalg.reduce ins(%[[U]] : tensor<4xi32>)
// CHECK: arith.minui
// CHECK: linalg.reduce ins(%[[P]] : tensor<4xi1>)
// CHECK: arith.andi
func.func @reduce(%a: tensor<2x3x4xbf16>, %i: tensor<bf16>, %u: tensor<4xui32>, %p: tensor<4xi1>)
    -> (tensor<3xbf16>, tensor<ui32>, tensor<i1>) {
  %0 = "stablehlo.reduce"(%a, %i) <{dimensions = array<i64: 2, 0>}> ({
  ^bb0(%x: tensor<bf16>, %y: tensor<bf16>):
    %z = "stablehlo.maximum"(%y, %x) : (tensor<bf16>, tensor<bf16>) -> tensor<bf16>
    "stablehlo.return"(%z) : (tensor<bf16>) -> ()
  }) : (tensor<2x3x4xbf16>, tensor<bf16>) -> tensor<3xbf16>
  %c = "stablehlo.constant"() <{value = dense<9> : tensor<ui32>}> : () -> tensor<ui32>
  %1 = "stablehlo.reduce"(%u, %c) <{dimensions = array<i64: 0>}> ({
  ^bb0(%x: tensor<ui32>, %y: tensor<ui32>):
    %z = "stablehlo.minimum"(%x, %y) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    "stablehlo.return"(%z) : (tensor<ui32>) -> ()
  }) : (tensor<4xui32>, tensor<ui32>) -> tensor<ui32>
  %d = "stablehlo.constant"() <{value = dense<true> : tensor<i1>}> : () -> tensor<i1>
  %2 = "stablehlo.reduce"(%p, %d) <{dimensions = array<i64: 0>}> ({
  ^bb0(%x: tensor<i1>, %y: tensor<i1>):
    %z = "stablehlo.and"(%x, %y) : (tensor<i1>, tensor<i1>) -> tensor<i1>
    "stablehlo.return"(%z) : (tensor<i1>) -> ()
  }) : (tensor<4xi1>, tensor<i1>) -> tensor<i1>
  return %0, %1, %2 : tensor<3xbf16>, tensor<ui32>, tensor<i1>
}

// Sums of bf16 are of f32, and rounded once.
// CHECK-LABEL: func.func @matmul(
// CHECK-SAME: %[[A:.*]]: tensor<2x3xbf16>, %[[B:.*]]: tensor<3x4xbf16>)
// CHECK: %[[Z:.*]] = arith.constant 0.000000e+00 : f32
// CHECK: %[[F:.*]] = linalg.fill ins(%[[Z]] : f32) outs(%{{.*}} : tensor<2x4xf32>)
// CHECK: %[[M:.*]] = linalg.matmul ins(%[[A]], %[[B]] : tensor<2x3xbf16>, tensor<3x4xbf16>) outs(%[[F]] : tensor<2x4xf32>)
// CHECK: %[[R:.*]] = arith.truncf %[[M]] : tensor<2x4xf32> to tensor<2x4xbf16>
// CHECK: return %[[R]]
func.func @matmul(%a: tensor<2x3xbf16>, %b: tensor<3x4xbf16>) -> tensor<2x4xbf16> {
  %0 = "stablehlo.dot_general"(%a, %b) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<2x3xbf16>, tensor<3x4xbf16>) -> tensor<2x4xbf16>
  return %0 : tensor<2x4xbf16>
}

// CHECK-LABEL: func.func @batch(
// CHECK: linalg.batch_matmul ins(%{{.*}}, %{{.*}} : tensor<5x2x3xf32>, tensor<5x3x4xf32>) outs(%{{.*}} : tensor<5x2x4xf32>)
func.func @batch(%a: tensor<5x2x3xf32>, %b: tensor<5x3x4xf32>) -> tensor<5x2x4xf32> {
  %0 = "stablehlo.dot_general"(%a, %b) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [0], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [1]>}> : (tensor<5x2x3xf32>, tensor<5x3x4xf32>) -> tensor<5x2x4xf32>
  return %0 : tensor<5x2x4xf32>
}

// The result's dimensions: batch (b), left (m), right (n). Two are summed over.
// CHECK-LABEL: func.func @general(
// CHECK-SAME: %[[A:.*]]: tensor<3x5x2x7xi8>, %[[B:.*]]: tensor<7x4x3x5xi8>)
// CHECK: linalg.generic {indexing_maps = [#[[$L]], #[[$R]], #[[$O]]], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]} ins(%[[A]], %[[B]] : {{.*}}) outs(%{{.*}} : tensor<5x2x4xi32>)
// CHECK-NEXT: ^bb0(%[[X:.*]]: i8, %[[Y:.*]]: i8, %[[ACC:.*]]: i32):
// CHECK-NEXT: %[[XW:.*]] = arith.extsi %[[X]] : i8 to i32
// CHECK-NEXT: %[[YW:.*]] = arith.extui %[[Y]] : i8 to i32
// CHECK-NEXT: %[[P:.*]] = arith.muli %[[XW]], %[[YW]]
// CHECK-NEXT: %[[S:.*]] = arith.addi %[[ACC]], %[[P]]
// CHECK-NEXT: linalg.yield %[[S]]
func.func @general(%a: tensor<3x5x2x7xi8>, %b: tensor<7x4x3x5xui8>) -> tensor<5x2x4xi32> {
  %0 = "stablehlo.dot_general"(%a, %b) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [3], lhs_contracting_dimensions = [0, 3], rhs_contracting_dimensions = [2, 0]>}> : (tensor<3x5x2x7xi8>, tensor<7x4x3x5xui8>) -> tensor<5x2x4xi32>
  return %0 : tensor<5x2x4xi32>
}
