// Lookups along one dimension: x[i] and jnp.take.

// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --canonicalize -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: rm -rf %t && %commuter-run %t.mlir --pipeline none --entry values --output-dir %t
// RUN: %python %S/../../Inputs/npy.py show %t/result0.npy | FileCheck %s --check-prefix=ROWS
// RUN: %python %S/../../Inputs/npy.py show %t/result1.npy | FileCheck %s --check-prefix=COLUMNS

// Indices from outside are moved inside: of -5, 1 and 9 rows 0, 1 and 2.
// ROWS: {{^}}1 2{{$}}
// ROWS-NEXT: {{^}}3 4{{$}}
// ROWS-NEXT: {{^}}5 6{{$}}
// COLUMNS: {{^}}1 2 2{{$}}
// COLUMNS-NEXT: {{^}}3 4 4{{$}}
// COLUMNS-NEXT: {{^}}5 6 6{{$}}

// CHECK: #[[$BATCH:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
// CHECK-LABEL: func.func @embedding(
// CHECK-SAME: %[[T:.*]]: tensor<48x16xf32>, %[[I:.*]]: tensor<2x3x1xi32>)
// CHECK: linalg.generic {indexing_maps = [#[[$BATCH]], {{.*}}} ins(%[[I]] : tensor<2x3x1xi32>)
// CHECK: ^bb0(%[[N:.*]]: i32, %{{.*}}: f32):
// CHECK: %[[J:.*]] = arith.index_cast %[[N]] : i32 to index
// CHECK: %[[K:.*]] = arith.maxsi %[[J]]
// CHECK: %[[L:.*]] = arith.minsi %[[K]]
// CHECK: %[[O:.*]] = linalg.index 2 : index
// CHECK: tensor.extract %[[T]][%[[L]], %[[O]]] : tensor<48x16xf32>
func.func @embedding(%t: tensor<48x16xf32>, %i: tensor<2x3x1xi32>) -> tensor<2x3x16xf32> {
  %0 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [2], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 2>, indices_are_sorted = false, slice_sizes = array<i64: 1, 16>}> : (tensor<48x16xf32>, tensor<2x3x1xi32>) -> tensor<2x3x16xf32>
  return %0 : tensor<2x3x16xf32>
}

// One index, of which the vector is the only dimension; unsigned.
// CHECK-LABEL: func.func @one(
// CHECK-NOT: arith.maxsi
// CHECK: arith.index_castui %{{.*}} : i32 to index
// CHECK: arith.minui
func.func @one(%t: tensor<48x16xf32>, %i: tensor<1xui32>) -> tensor<16xf32> {
  %0 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [0], collapsed_slice_dims = [0], start_index_map = [0]>, indices_are_sorted = false, slice_sizes = array<i64: 1, 16>}> : (tensor<48x16xf32>, tensor<1xui32>) -> tensor<16xf32>
  return %0 : tensor<16xf32>
}

func.func @values() -> (tensor<3x2xf32>, tensor<3x3xf32>) {
  %t = "stablehlo.constant"() <{value = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>}> : () -> tensor<3x2xf32>
  %i = "stablehlo.constant"() <{value = dense<[[-5], [1], [9]]> : tensor<3x1xi32>}> : () -> tensor<3x1xi32>
  %0 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 2>}> : (tensor<3x2xf32>, tensor<3x1xi32>) -> tensor<3x2xf32>
  %1 = "stablehlo.gather"(%t, %i) <{dimension_numbers = #stablehlo.gather<offset_dims = [0], collapsed_slice_dims = [1], start_index_map = [1], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 3, 1>}> : (tensor<3x2xf32>, tensor<3x1xi32>) -> tensor<3x3xf32>
  return %0, %1 : tensor<3x2xf32>, tensor<3x3xf32>
}
