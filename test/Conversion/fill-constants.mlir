// RUN: %commuter-opt %s --commuter-fill-constants | FileCheck %s

// CHECK-LABEL: @splat
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : bf16
// CHECK-DAG: %[[E:.*]] = tensor.empty() : tensor<4x2xbf16>
// CHECK: %[[F:.*]] = linalg.fill ins(%[[ONE]] : bf16) outs(%[[E]] : tensor<4x2xbf16>)
// CHECK: return %[[F]]
func.func @splat() -> tensor<4x2xbf16> {
  %c = arith.constant dense<1.0> : tensor<4x2xbf16>
  return %c : tensor<4x2xbf16>
}

// Memory of extents is the host's; other numbers than one have no fill.
// CHECK-LABEL: @others
// CHECK-NOT: linalg.fill
// CHECK: return
func.func @others() -> (tensor<2xindex>, tensor<2xi32>, f32) {
  %0 = arith.constant dense<7> : tensor<2xindex>
  %1 = arith.constant dense<[1, 2]> : tensor<2xi32>
  %2 = arith.constant 1.0 : f32
  return %0, %1, %2 : tensor<2xindex>, tensor<2xi32>, f32
}
