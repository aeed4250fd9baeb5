// RUN: %commuter-opt %s --commuter-name-contractions | FileCheck %s

// Alone, then in the pipeline: the addition in front of the product is not fused
// into it, and the product is a call.
// RUN: %commuter-opt %s --commuter-lower-to-llvm | FileCheck %s --check-prefix=LOWERED
// RUN: %commuter-opt %s --commuter-lower-to-llvm=contraction-loops | FileCheck %s --check-prefix=LOOPS --implicit-check-not=commuter_program_contract

// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[$C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (n, k)>
#c = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @product
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[R:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<5x8xf32>, %[[Z:.*]]: tensor<4x5xf32>
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[R]]
// CHECK: %[[Y:.*]] = linalg.contract indexing_maps = [#[[$A]], #[[$B]], #[[$C]]] ins(%[[S]], %[[W]] : {{.*}}) outs(%[[Z]] : {{.*}})
// CHECK: return %[[Y]]
// LOWERED-LABEL: llvm.func @product(
// LOWERED: llvm.fadd
// LOWERED: llvm.call @commuter_program_contract
// LOWERED-NOT: llvm.fmul
// LOWERED-LABEL: llvm.func @_mlir_ciface_product
// LOOPS: llvm.fmul
func.func @product(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>, %w: tensor<5x8xf32>, %z: tensor<4x5xf32>) -> tensor<4x5xf32> {
  %s = arith.addf %x, %r : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s, %w : tensor<4x8xf32>, tensor<5x8xf32>) outs(%z : tensor<4x5xf32>) {
  ^bb0(%i: f32, %j: f32, %k: f32):
    %p = arith.mulf %i, %j : f32
    %t = arith.addf %k, %p : f32
    linalg.yield %t : f32
  } -> tensor<4x5xf32>
  return %y : tensor<4x5xf32>
}

// What the runtime has no kernel for.
// CHECK-LABEL: func.func @integers
// CHECK: linalg.generic
// CHECK-NOT: linalg.contract
func.func @integers(%x: tensor<4x8xi32>, %w: tensor<5x8xi32>, %z: tensor<4x5xi32>) -> tensor<4x5xi32> {
  %y = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4x8xi32>, tensor<5x8xi32>) outs(%z : tensor<4x5xi32>) {
  ^bb0(%i: i32, %j: i32, %k: i32):
    %p = arith.muli %i, %j : i32
    %t = arith.addi %k, %p : i32
    linalg.yield %t : i32
  } -> tensor<4x5xi32>
  return %y : tensor<4x5xi32>
}
