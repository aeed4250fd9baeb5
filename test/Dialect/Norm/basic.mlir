// RUN: %commuter-opt %s | %commuter-opt | FileCheck %s

// CHECK-LABEL: func @layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xbf16>, %[[W:.*]]: tensor<8xbf16>, %[[B:.*]]: tensor<8xf32>)
func.func @layer_norm(%x: tensor<4x8xbf16>, %w: tensor<8xbf16>, %b: tensor<8xf32>) -> tensor<4x8xbf16> {
  // CHECK: norm.layer_norm %[[X]] scale %[[W]] bias %[[B]] eps 1.0e-05 : tensor<4x8xbf16>, tensor<8xbf16>, tensor<8xf32>
  %0 = norm.layer_norm %x scale %w bias %b eps 1.0e-05 : tensor<4x8xbf16>, tensor<8xbf16>, tensor<8xf32>
  // CHECK: norm.layer_norm %{{.*}} bias %[[B]] eps
  %1 = norm.layer_norm %0 bias %b eps 1.0e-05 : tensor<4x8xbf16>, tensor<8xf32>
  return %1 : tensor<4x8xbf16>
}

// CHECK-LABEL: func @axis(
func.func @axis(%x: tensor<2x16x32xf32>, %w: tensor<16x32xf32>) -> tensor<2x16x32xf32> {
  // CHECK: norm.layer_norm %{{.*}} axis 1 eps 1.0e-05 : tensor<2x16x32xf32>
  %0 = norm.layer_norm %x axis 1 eps 1.0e-05 : tensor<2x16x32xf32>
  // CHECK: norm.rms_norm %{{.*}} scale %{{.*}} axis 1 eps {{.*}} : tensor<2x16x32xf32>, tensor<16x32xf32>
  %1 = norm.rms_norm %0 scale %w axis 1 eps 1.0e-06 : tensor<2x16x32xf32>, tensor<16x32xf32>
  return %1 : tensor<2x16x32xf32>
}

// CHECK-LABEL: func @rms_norm(
func.func @rms_norm(%x: tensor<?x8xf16>, %w: tensor<8xf32>) -> tensor<?x8xf16> {
  // CHECK: norm.rms_norm %{{.*}} scale %{{.*}} offset 1.0e+00 eps {{.*}} : tensor<?x8xf16>, tensor<8xf32>
  %0 = norm.rms_norm %x scale %w offset 1.0 eps 1.0e-06 : tensor<?x8xf16>, tensor<8xf32>
  // CHECK: norm.rms_norm %{{.*}} eps {{.*}} {tag = 1 : i64} : tensor<?x8xf16>
  %1 = norm.rms_norm %0 eps 1.0e-06 {tag = 1} : tensor<?x8xf16>
  return %1 : tensor<?x8xf16>
}

// CHECK-LABEL: func @fused(
func.func @fused(%x: tensor<4x8xf64>, %r: tensor<4x8xf64>, %w: tensor<8xf64>) -> (tensor<4x8xf64>, tensor<4x8xf64>) {
  // CHECK: %[[S:.*]], %[[Y:.*]] = norm.add_rms_norm %{{.*}}, %{{.*}} scale %{{.*}} eps {{.*}} : tensor<4x8xf64>, tensor<8xf64>
  %s, %y = norm.add_rms_norm %x, %r scale %w eps 1.0e-06 : tensor<4x8xf64>, tensor<8xf64>
  // CHECK: norm.add_layer_norm %[[S]], %[[Y]] scale %{{.*}} bias %{{.*}} eps {{.*}} : tensor<4x8xf64>, tensor<8xf64>, tensor<8xf64>
  // The residual's type may be named too.
  %t, %z = norm.add_layer_norm %s, %y scale %w bias %w eps 1.0e-06 : tensor<4x8xf64>, tensor<4x8xf64>, tensor<8xf64>, tensor<8xf64>
  return %t, %z : tensor<4x8xf64>, tensor<4x8xf64>
}

// CHECK-LABEL: func @buffers(
func.func @buffers(%x: memref<4x8xf32>, %r: memref<4x8xf32>, %w: memref<8xf32>) {
  // CHECK: norm.rms_norm_into %{{.*}}, %{{.*}} add %{{.*}}, %{{.*}} scale %{{.*}} offset 0.000000e+00 axis 1 eps
  norm.rms_norm_into %x, %x add %r, %r scale %w offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32> add memref<4x8xf32>, memref<4x8xf32> scale memref<8xf32>
  // CHECK: norm.layer_norm_into %{{.*}}, %{{.*}} bias %{{.*}} axis 1 eps
  norm.layer_norm_into %x, %r bias %w axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32> bias memref<8xf32>
  return
}
