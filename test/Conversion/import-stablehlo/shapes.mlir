// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo | FileCheck %s

// CHECK-DAG: #[[$ID2:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[$SWAP:.*]] = affine_map<(d0, d1, d2) -> (d2, d0)>

// Integers without a sign hold the bits.
// CHECK-LABEL: func.func @constants()
// CHECK: arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: arith.constant dense<-1> : tensor<3xi8>
// CHECK: arith.constant dense<[true, false]> : tensor<2xi1>
func.func @constants() -> (tensor<2xf32>, tensor<3xui8>, tensor<2xi1>) {
  %0 = "stablehlo.constant"() <{value = dense<[1.0, 2.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %1 = "stablehlo.constant"() <{value = dense<255> : tensor<3xui8>}> : () -> tensor<3xui8>
  %2 = "stablehlo.constant"() <{value = dense<[true, false]> : tensor<2xi1>}> : () -> tensor<2xi1>
  return %0, %1, %2 : tensor<2xf32>, tensor<3xui8>, tensor<2xi1>
}

// CHECK-LABEL: func.func @iota()
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3xi32>
// CHECK: linalg.generic {{.*}} outs(%[[E]] : tensor<2x3xi32>)
// CHECK: %[[I:.*]] = linalg.index 1
// CHECK: %[[N:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK: linalg.yield %[[N]]
// CHECK: %[[J:.*]] = linalg.index 0
// CHECK: %[[M:.*]] = arith.index_cast %[[J]] : index to i64
// CHECK: %[[F:.*]] = arith.uitofp %[[M]] : i64 to f32
// CHECK: linalg.yield %[[F]]
func.func @iota() -> (tensor<2x3xi32>, tensor<4xf32>) {
  %0 = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<2x3xi32>
  %1 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<4xf32>
  return %0, %1 : tensor<2x3xi32>, tensor<4xf32>
}

// A dimension of size 1 is stretched; of a constant comes a constant; one that only
// adds such dimensions is a reshape.
// CHECK-LABEL: func.func @broadcast(
// CHECK-SAME: %[[A:.*]]: tensor<2x1xf32>, %[[B:.*]]: tensor<3x4xf32>, %[[C:.*]]: tensor<5xf32>)
// CHECK: %[[E:.*]] = tensor.empty() : tensor<2x3xf32>
// CHECK: linalg.generic {indexing_maps = [#[[$ROW]], #[[$ID2]]], iterator_types = ["parallel", "parallel"]} ins(%[[A]] : tensor<2x1xf32>) outs(%[[E]] : tensor<2x3xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[$SWAP]], {{.*}} ins(%[[B]] : tensor<3x4xf32>)
// CHECK: arith.constant dense<2.000000e+00> : tensor<7x8xf32>
// CHECK: tensor.expand_shape %[[C]] {{\[\[}}0, 1, 2]] output_shape [1, 5, 1]
func.func @broadcast(%a: tensor<2x1xf32>, %b: tensor<3x4xf32>, %c: tensor<5xf32>)
    -> (tensor<2x3xf32>, tensor<4x2x3xf32>, tensor<7x8xf32>, tensor<1x5x1xf32>) {
  %0 = "stablehlo.broadcast_in_dim"(%a) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<2x1xf32>) -> tensor<2x3xf32>
  %1 = "stablehlo.broadcast_in_dim"(%b) <{broadcast_dimensions = array<i64: 2, 0>}> : (tensor<3x4xf32>) -> tensor<4x2x3xf32>
  %2 = "stablehlo.constant"() <{value = dense<2.0> : tensor<f32>}> : () -> tensor<f32>
  %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<7x8xf32>
  %4 = "stablehlo.broadcast_in_dim"(%c) <{broadcast_dimensions = array<i64: 1>}> : (tensor<5xf32>) -> tensor<1x5x1xf32>
  return %0, %1, %3, %4 : tensor<2x3xf32>, tensor<4x2x3xf32>, tensor<7x8xf32>, tensor<1x5x1xf32>
}

// Dimensions that stay are kept apart from those that are merged and split.
// CHECK-LABEL: func.func @reshape(
// CHECK-SAME: %[[A:.*]]: tensor<2x6x4xf32>, %[[B:.*]]: tensor<1x1xf32>, %[[C:.*]]: tensor<0x3xf32>)
// CHECK: %[[A0:.*]] = tensor.collapse_shape %[[A]] {{\[\[}}0], [1, 2]] : tensor<2x6x4xf32> into tensor<2x24xf32>
// CHECK: %[[A1:.*]] = tensor.expand_shape %[[A0]] {{\[\[}}0], [1, 2]] output_shape [2, 8, 3]
// CHECK: %[[B0:.*]] = tensor.collapse_shape %[[B]] [] : tensor<1x1xf32> into tensor<f32>
// CHECK: %[[B1:.*]] = tensor.expand_shape %[[B0]] [] output_shape [1] : tensor<f32> into tensor<1xf32>
// CHECK: %[[C0:.*]] = tensor.collapse_shape %[[C]] {{\[\[}}0, 1]] : tensor<0x3xf32> into tensor<0xf32>
// CHECK: %[[C1:.*]] = tensor.expand_shape %[[C0]] {{\[\[}}0, 1]] output_shape [5, 0]
// CHECK: return %[[A1]], %[[B0]], %[[B1]], %[[C1]]
func.func @reshape(%a: tensor<2x6x4xf32>, %b: tensor<1x1xf32>, %c: tensor<0x3xf32>)
    -> (tensor<2x8x3xf32>, tensor<f32>, tensor<1xf32>, tensor<5x0xf32>) {
  %0 = "stablehlo.reshape"(%a) : (tensor<2x6x4xf32>) -> tensor<2x8x3xf32>
  %1 = "stablehlo.reshape"(%b) : (tensor<1x1xf32>) -> tensor<f32>
  %2 = "stablehlo.reshape"(%1) : (tensor<f32>) -> tensor<1xf32>
  %3 = "stablehlo.reshape"(%c) : (tensor<0x3xf32>) -> tensor<5x0xf32>
  return %0, %1, %2, %3 : tensor<2x8x3xf32>, tensor<f32>, tensor<1xf32>, tensor<5x0xf32>
}

// CHECK-LABEL: func.func @move(
// CHECK-SAME: %[[A:.*]]: tensor<2x6x4xf32>, %[[B:.*]]: tensor<2x6xf32>, %[[V:.*]]: tensor<f32>)
// CHECK: %[[E:.*]] = tensor.empty() : tensor<6x4x2xf32>
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[A]] : tensor<2x6x4xf32>) outs(%[[E]] : tensor<6x4x2xf32>) permutation = [1, 2, 0]
// CHECK: %[[S:.*]] = tensor.extract_slice %[[A]][0, 1, 0] [2, 3, 4] [1, 2, 1] : tensor<2x6x4xf32> to tensor<2x3x4xf32>
// CHECK: %[[C:.*]] = tensor.concat dim(1) %[[A]], %[[S]] : (tensor<2x6x4xf32>, tensor<2x3x4xf32>) -> tensor<2x9x4xf32>
// CHECK: %[[W:.*]] = tensor.extract %[[V]][]
// CHECK: %[[P:.*]] = tensor.pad %[[B]] low[0, 1] high[2, 0]
// CHECK: tensor.yield %[[W]]
// CHECK: return %[[T]], %[[C]], %[[P]]
func.func @move(%a: tensor<2x6x4xf32>, %b: tensor<2x6xf32>, %v: tensor<f32>)
    -> (tensor<6x4x2xf32>, tensor<2x9x4xf32>, tensor<4x7xf32>) {
  %0 = "stablehlo.transpose"(%a) <{permutation = array<i64: 1, 2, 0>}> : (tensor<2x6x4xf32>) -> tensor<6x4x2xf32>
  %1 = "stablehlo.slice"(%a) <{start_indices = array<i64: 0, 1, 0>, limit_indices = array<i64: 2, 6, 4>, strides = array<i64: 1, 2, 1>}> : (tensor<2x6x4xf32>) -> tensor<2x3x4xf32>
  %2 = "stablehlo.concatenate"(%a, %1) <{dimension = 1 : i64}> : (tensor<2x6x4xf32>, tensor<2x3x4xf32>) -> tensor<2x9x4xf32>
  %3 = "stablehlo.pad"(%b, %v) <{edge_padding_low = array<i64: 0, 1>, edge_padding_high = array<i64: 2, 0>, interior_padding = array<i64: 0, 0>}> : (tensor<2x6xf32>, tensor<f32>) -> tensor<4x7xf32>
  return %0, %2, %3 : tensor<6x4x2xf32>, tensor<2x9x4xf32>, tensor<4x7xf32>
}

// A slice that would not be inside is moved.
// CHECK-LABEL: func.func @dynamic(
// CHECK-SAME: %[[A:.*]]: tensor<8x4xf32>, %[[U:.*]]: tensor<2x4xf32>, %[[I:.*]]: tensor<i32>, %[[J:.*]]: tensor<i32>)
// CHECK: %[[I0:.*]] = tensor.extract %[[I]][]
// CHECK-DAG: %[[LAST:.*]] = arith.constant 6 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK: %[[I1:.*]] = arith.index_cast %[[I0]] : i32 to index
// CHECK: %[[I2:.*]] = arith.maxsi %[[I1]], %[[ZERO]]
// CHECK: %[[I3:.*]] = arith.minsi %[[I2]], %[[LAST]]
// CHECK: tensor.extract_slice %[[A]][%[[I3]], 0] [2, 4] [1, 1]
// CHECK: %[[J0:.*]] = tensor.extract %[[J]][]
// CHECK: %[[J1:.*]] = arith.index_castui %[[J0]] : i32 to index
// CHECK: %[[J2:.*]] = arith.minui %[[J1]], %{{.*}}
// CHECK: tensor.insert_slice %[[U]] into %[[A]][%[[J2]], 0] [2, 4] [1, 1]
// CHECK: tensor.extract_slice %[[A]][6, 0] [2, 4] [1, 1]
func.func @dynamic(%a: tensor<8x4xf32>, %u: tensor<2x4xf32>, %i: tensor<i32>, %j: tensor<ui32>)
    -> (tensor<2x4xf32>, tensor<8x4xf32>, tensor<2x4xf32>) {
  %0 = "stablehlo.dynamic_slice"(%a, %i, %i) <{slice_sizes = array<i64: 2, 4>}> : (tensor<8x4xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  %1 = "stablehlo.dynamic_update_slice"(%a, %u, %j, %i) : (tensor<8x4xf32>, tensor<2x4xf32>, tensor<ui32>, tensor<i32>) -> tensor<8x4xf32>
  %c = "stablehlo.constant"() <{value = dense<7> : tensor<i32>}> : () -> tensor<i32>
  %2 = "stablehlo.dynamic_slice"(%a, %c, %c) <{slice_sizes = array<i64: 2, 4>}> : (tensor<8x4xf32>, tensor<i32>, tensor<i32>) -> tensor<2x4xf32>
  return %0, %1, %2 : tensor<2x4xf32>, tensor<8x4xf32>, tensor<2x4xf32>
}
