// RUN: %commuter-opt %s --commuter-structure-blocks | FileCheck %s

// CHECK-LABEL: @branch(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<4xf32>, %[[C:[a-z0-9]*]]: i1
// CHECK: %[[R:.*]] = scf.if %[[C]] -> (tensor<4xf32>)
// CHECK-NEXT: scf.yield %[[A]]
// CHECK-NEXT: else
// CHECK-NEXT: %[[B:.*]] = math.exp %[[A]]
// CHECK-NEXT: scf.yield %[[B]]
// CHECK: return %[[R]]
func.func @branch(%a: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  cf.cond_br %c, ^bb2(%a : tensor<4xf32>), ^bb1
^bb1:
  %b = math.exp %a : tensor<4xf32>
  cf.br ^bb2(%b : tensor<4xf32>)
^bb2(%r: tensor<4xf32>):
  return %r : tensor<4xf32>
}

// Upstream's pass does not take it.
// CHECK-LABEL: @nothing_comes_to(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<4xf32>
// CHECK-NOT: math.exp
// CHECK: return %[[A]]
func.func @nothing_comes_to(%a: tensor<4xf32>) -> tensor<4xf32> {
  cf.br ^bb2(%a : tensor<4xf32>)
^bb1:
  %b = math.exp %a : tensor<4xf32>
  cf.br ^bb2(%b : tensor<4xf32>)
^bb2(%r: tensor<4xf32>):
  return %r : tensor<4xf32>
}

// CHECK-LABEL: @poison
// CHECK-DAG: %[[S:.*]] = tensor.empty() : tensor<4x8xf32>
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[R:.*]] = tensor.empty(%[[C0]]) : tensor<?x8xbf16>
// CHECK-DAG: %[[P:.*]] = ub.poison : index
// CHECK: return %[[S]], %[[R]], %[[P]]
func.func @poison() -> (tensor<4x8xf32>, tensor<?x8xbf16>, index) {
  %0 = ub.poison : tensor<4x8xf32>
  %1 = ub.poison : tensor<?x8xbf16>
  %2 = ub.poison : index
  return %0, %1, %2 : tensor<4x8xf32>, tensor<?x8xbf16>, index
}

// Of regions in regions, too.
// CHECK-LABEL: @nested
// CHECK: scf.while
// CHECK-NOT: {{ cf\.}}
// CHECK: return
func.func @nested(%a: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.execute_region -> tensor<4xf32> {
    cf.br ^bb1(%c0, %a : index, tensor<4xf32>)
  ^bb1(%i: index, %b: tensor<4xf32>):
    %e = math.exp %b : tensor<4xf32>
    %j = arith.addi %i, %c1 : index
    %more = arith.cmpi slt, %j, %n : index
    cf.cond_br %more, ^bb1(%j, %e : index, tensor<4xf32>), ^bb2
  ^bb2:
    scf.yield %e : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
