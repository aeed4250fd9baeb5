// RUN: %commuter-opt %s --commuter-decompose-aggregates | FileCheck %s

// CHECK-LABEL: func @softmax(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK-NOT: linalg.softmax
// CHECK: %[[MAX:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<4x8xf32>)
// CHECK: arith.max
// CHECK: %[[EXP:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MAX]] :
// CHECK: math.exp
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[EXP]] :
// CHECK: arith.addf
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins(%[[EXP]], %[[SUM]] :
// CHECK: arith.divf
// CHECK: return %[[Y]]
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func @other(
// CHECK: linalg.matmul
func.func @other(%x: tensor<4x8xf32>, %w: tensor<8x4xf32>, %z: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}

// CHECK-LABEL: func @gather(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<5x6x7xf32>, %[[I:[a-z0-9]*]]: tensor<2x?x2xi32>
// CHECK-NOT: tensor.gather
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]
// CHECK: %[[D:.*]] = linalg.index 3 : index
// CHECK: %[[A:.*]] = linalg.index 0 : index
// CHECK: %[[B:.*]] = linalg.index 1 : index
// CHECK: %[[P:.*]] = tensor.extract %[[I]][%[[A]], %[[B]], %{{.*}}] : tensor<2x?x2xi32>
// CHECK: %[[PI:.*]] = arith.index_cast %[[P]] : i32 to index
// CHECK: %[[Q:.*]] = tensor.extract %[[I]][%[[A]], %[[B]], %{{.*}}] : tensor<2x?x2xi32>
// CHECK: %[[QI:.*]] = arith.index_cast %[[Q]] : i32 to index
// CHECK: tensor.extract %[[X]][%[[PI]], %[[D]], %[[QI]]]
func.func @gather(%x: tensor<5x6x7xf32>, %i: tensor<2x?x2xi32>) -> tensor<2x?x1x6x1xf32> {
  %y = tensor.gather %x[%i] gather_dims([0, 2]) : (tensor<5x6x7xf32>, tensor<2x?x2xi32>) -> tensor<2x?x1x6x1xf32>
  return %y : tensor<2x?x1x6x1xf32>
}

// The third dimension of the result is the source's second one, too, where those that
// are gathered go.
// CHECK-LABEL: func @gather_drops(
// CHECK: %[[D:.*]] = linalg.index 2 : index
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %[[D]], %{{.*}}] : tensor<5x6x7xf32>
func.func @gather_drops(%x: tensor<5x6x7xf32>, %i: tensor<2x3x2xindex>) -> tensor<2x3x6xf32> {
  %y = tensor.gather %x[%i] gather_dims([0, 2]) : (tensor<5x6x7xf32>, tensor<2x3x2xindex>) -> tensor<2x3x6xf32>
  return %y : tensor<2x3x6xf32>
}

// CHECK-LABEL: func @packs(
// CHECK-NOT: linalg.pack
// CHECK: tensor.pad
// CHECK: linalg.transpose
// CHECK-NOT: linalg.unpack
// CHECK: linalg.transpose
// CHECK: return
func.func @packs(%x: tensor<5x8xf32>) -> tensor<5x8xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x2x2x4xf32>
  %p = linalg.pack %x padding_value(%zero : f32) inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %e : tensor<5x8xf32> -> tensor<3x2x2x4xf32>
  %o = tensor.empty() : tensor<5x8xf32>
  %u = linalg.unpack %p inner_dims_pos = [0, 1] inner_tiles = [2, 4] into %o : tensor<3x2x2x4xf32> -> tensor<5x8xf32>
  return %u : tensor<5x8xf32>
}
