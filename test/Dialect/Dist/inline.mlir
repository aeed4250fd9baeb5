// A gather and a norm in different functions move once they are inlined.

// RUN: %commuter-opt %s --inline --dist-commute-norms | FileCheck %s

dist.mesh @mesh(dp = 4)

func.func private @gather(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %g : tensor<16x8xf32>
}
func.func private @norm(%x: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// CHECK-LABEL: func @f(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[X]] eps {{.*}} : tensor<4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp]
// CHECK: return %[[G]]
func.func @f(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %0 = call @gather(%x) : (tensor<4x8xf32>) -> tensor<16x8xf32>
  %1 = call @norm(%0) : (tensor<16x8xf32>) -> tensor<16x8xf32>
  return %1 : tensor<16x8xf32>
}
