// What is inserted has to lie in the destination, and to be as large as the op says.

// RUN: %commuter-opt %s --generate-runtime-verification --canonicalize --cse | FileCheck %s

// The sizes are static, and the offset is not. The last of 4 rows is 3 rows on.
// CHECK-LABEL: func.func @offset
// CHECK-SAME: %[[AT:[a-z0-9]+]]: index
// CHECK: %[[LAST:.*]] = arith.addi %[[AT]], %c3
// CHECK-DAG: %[[FIRST_LIES:.*]] = arith.cmpi ult, %[[AT]], %c16
// CHECK-DAG: %[[LAST_LIES:.*]] = arith.cmpi ult, %[[LAST]], %c16
// CHECK: %[[LIES:.*]] = arith.andi %[[FIRST_LIES]], %[[LAST_LIES]]
// CHECK: cf.assert %[[LIES]], "{{.*}}insert_slice runs out-of-bounds along dimension 0
// CHECK-NOT: cf.assert
func.func @offset(%x: tensor<4x8xf32>, %to: tensor<16x8xf32>, %at: index) -> tensor<16x8xf32> {
  %0 = tensor.insert_slice %x into %to[%at, 0] [4, 8] [1, 1] : tensor<4x8xf32> into tensor<16x8xf32>
  return %0 : tensor<16x8xf32>
}

// An empty slice lies anywhere; the source may have another size. What is dropped is 1.
// CHECK-LABEL: func.func @size
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?xf32>
// CHECK-SAME: %[[N:[a-z0-9]+]]: index
// CHECK-DAG: %[[EMPTY:.*]] = arith.cmpi eq, %[[N]], %c0
// CHECK-DAG: %[[SOURCE:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG: %[[AS_LARGE:.*]] = arith.cmpi eq, %[[N]], %[[SOURCE]]
// CHECK: arith.ori %[[EMPTY]]
// CHECK: cf.assert {{.*}}along dimension 0
// CHECK: cf.assert {{.*}}along dimension 1
// CHECK: cf.assert %[[AS_LARGE]], "{{.*}}insert_slice has a source of another size in dimension 0
func.func @size(%x: tensor<?xf32>, %to: tensor<16x8xf32>, %n: index, %at: index) -> tensor<16x8xf32> {
  %0 = tensor.insert_slice %x into %to[%at, 0] [1, %n] [1, 1] : tensor<?xf32> into tensor<16x8xf32>
  return %0 : tensor<16x8xf32>
}

// What is seen to lie there is not looked at when the program runs.
// CHECK-LABEL: func.func @static
// CHECK-NOT: cf.assert
func.func @static(%x: tensor<4x4xf32>, %to: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %0 = tensor.insert_slice %x into %to[0, 0] [4, 4] [5, 2] : tensor<4x4xf32> into tensor<16x8xf32>
  return %0 : tensor<16x8xf32>
}
