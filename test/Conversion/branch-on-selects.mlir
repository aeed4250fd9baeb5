// RUN: %commuter-opt %s --commuter-branch-on-selects | FileCheck %s

// CHECK-LABEL: func @lengths_may_differ(
// CHECK-SAME: %[[C:[a-z0-9]*]]: i1, %[[A:[a-z0-9]*]]: tensor<?x8xf32>, %[[B:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: %[[R:.*]] = scf.if %[[C]]
// CHECK-NEXT: scf.yield %[[A]]
// CHECK-NEXT: else
// CHECK-NEXT: scf.yield %[[B]]
// CHECK: return %[[R]]
func.func @lengths_may_differ(%c: i1, %a: tensor<?x8xf32>, %b: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %r = arith.select %c, %a, %b : tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

// Elements are selected of one shape; a scalar is no tensor.
// CHECK-LABEL: func @one_shape(
// CHECK-NOT: scf.if
func.func @one_shape(%c: i1, %m: tensor<?x8xi1>, %a: tensor<?x8xf32>, %b: tensor<?x8xf32>, %d: tensor<4xf32>, %e: tensor<4xf32>, %i: index) -> (tensor<?x8xf32>, tensor<4xf32>, index) {
  %r = arith.select %m, %a, %b : tensor<?x8xi1>, tensor<?x8xf32>
  %s = arith.select %c, %d, %e : tensor<4xf32>
  %j = arith.select %c, %i, %i : index
  return %r, %s, %j : tensor<?x8xf32>, tensor<4xf32>, index
}
