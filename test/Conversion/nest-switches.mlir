// RUN: %commuter-opt %s --commuter-nest-switches | FileCheck %s

// CHECK-LABEL: func @cases(
// CHECK-SAME: %[[I:[a-z0-9]*]]: index, %[[A:[a-z0-9]*]]: tensor<4xf32>, %[[B:[a-z0-9]*]]: tensor<4xf32>
// CHECK: %[[C:.*]] = arith.constant 7 : index
// CHECK: %[[IS:.*]] = arith.cmpi eq, %[[I]], %[[C]]
// CHECK: %[[R:.*]]:2 = scf.if %[[IS]] -> (tensor<4xf32>, index)
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[A]], %[[B]]
// CHECK-NEXT: scf.yield %[[SUM]], %[[I]]
// CHECK-NEXT: else
// CHECK: %[[D:.*]] = arith.constant -1 : index
// CHECK: %[[IS:.*]] = arith.cmpi eq, %[[I]], %[[D]]
// CHECK: %[[S:.*]]:2 = scf.if %[[IS]]
// CHECK-NEXT: scf.yield %[[A]], %[[I]]
// CHECK-NEXT: else
// CHECK-NEXT: %[[MUL:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT: scf.yield %[[MUL]], %[[I]]
// CHECK: scf.yield %[[S]]#0, %[[S]]#1
// CHECK: return %[[R]]#0, %[[R]]#1
func.func @cases(%i: index, %a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, index) {
  %r:2 = scf.index_switch %i -> tensor<4xf32>, index
  case 7 {
    %sum = arith.addf %a, %b : tensor<4xf32>
    scf.yield %sum, %i : tensor<4xf32>, index
  }
  case -1 {
    scf.yield %a, %i : tensor<4xf32>, index
  }
  default {
    %product = arith.mulf %a, %b : tensor<4xf32>
    scf.yield %product, %i : tensor<4xf32>, index
  }
  return %r#0, %r#1 : tensor<4xf32>, index
}

// CHECK-LABEL: func @default_alone(
// CHECK-NEXT: %[[SUM:.*]] = arith.addf
// CHECK-NEXT: return %[[SUM]]
func.func @default_alone(%i: index, %a: tensor<4xf32>) -> tensor<4xf32> {
  %r = scf.index_switch %i -> tensor<4xf32>
  default {
    %sum = arith.addf %a, %a : tensor<4xf32>
    scf.yield %sum : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// One in a case of another.
// CHECK-LABEL: func @nested(
// CHECK-NOT: scf.index_switch
// CHECK-COUNT-2: scf.if
// CHECK-NOT: scf.if
// CHECK: return
func.func @nested(%i: index, %j: index, %a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %r = scf.index_switch %i -> tensor<4xf32>
  case 0 {
    %s = scf.index_switch %j -> tensor<4xf32>
    case 1 { scf.yield %b : tensor<4xf32> }
    default { scf.yield %a : tensor<4xf32> }
    scf.yield %s : tensor<4xf32>
  }
  default { scf.yield %a : tensor<4xf32> }
  return %r : tensor<4xf32>
}

// Numbers have no memory.
// CHECK-LABEL: func @numbers(
// CHECK: scf.index_switch
func.func @numbers(%i: index, %f: f32) -> f32 {
  %r = scf.index_switch %i -> f32
  case 0 {
    %g = arith.addf %f, %f : f32
    scf.yield %g : f32
  }
  default { scf.yield %f : f32 }
  return %r : f32
}
