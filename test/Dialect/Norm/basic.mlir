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

// CHECK-LABEL: func @quantize(
// CHECK-SAME: %[[X:.*]]: tensor<32x256xbf16>, %[[S:.*]]: tensor<f32>)
func.func @quantize(%x: tensor<32x256xbf16>, %s: tensor<f32>) -> (tensor<32x256xf8E4M3FN>, tensor<32x1xf32>, tensor<32x2xf32>, tensor<f32>) {
  // CHECK: norm.quantize %[[X]] static %[[S]] : tensor<32x256xbf16>, tensor<f32> -> tensor<32x256xf8E4M3FN>
  %q = norm.quantize %x static %s : tensor<32x256xbf16>, tensor<f32> -> tensor<32x256xf8E4M3FN>
  // CHECK: %{{.*}}, %[[ROWS:.*]] = norm.quantize %[[X]] per_row : tensor<32x256xbf16> -> tensor<32x256xf8E5M2>, tensor<32x1xf32>
  %q1, %s1 = norm.quantize %x per_row : tensor<32x256xbf16> -> tensor<32x256xf8E5M2>, tensor<32x1xf32>
  // CHECK: %{{.*}}, %[[GROUPS:.*]] = norm.quantize %[[X]] per_group 128 : tensor<32x256xbf16> -> tensor<32x256xi8>, tensor<32x2xf32>
  %q2, %s2 = norm.quantize %x per_group 128 : tensor<32x256xbf16> -> tensor<32x256xi8>, tensor<32x2xf32>
  // CHECK: %{{.*}}, %[[ALL:.*]] = norm.quantize %[[X]] per_tensor {tag = 1 : i64} : tensor<32x256xbf16> -> tensor<32x256xi8>, tensor<f32>
  %q3, %s3 = norm.quantize %x per_tensor {tag = 1} : tensor<32x256xbf16> -> tensor<32x256xi8>, tensor<f32>
  // CHECK: return %{{.*}}, %[[ROWS]], %[[GROUPS]], %[[ALL]]
  return %q, %s1, %s2, %s3 : tensor<32x256xf8E4M3FN>, tensor<32x1xf32>, tensor<32x2xf32>, tensor<f32>
}

// CHECK-LABEL: func @quantize_dynamic(
func.func @quantize_dynamic(%x: tensor<?x?xf32>) -> (tensor<?x?xi8>, tensor<?x?xf32>) {
  // CHECK: norm.quantize %{{.*}} per_group 16 : tensor<?x?xf32> -> tensor<?x?xi8>, tensor<?x?xf32>
  %q, %s = norm.quantize %x per_group 16 : tensor<?x?xf32> -> tensor<?x?xi8>, tensor<?x?xf32>
  return %q, %s : tensor<?x?xi8>, tensor<?x?xf32>
}

// CHECK-LABEL: func @dequantize(
func.func @dequantize(%q: tensor<4x256xf8E4M3FN>, %s: tensor<4x2xf32>, %r: tensor<4x1xf32>, %t: tensor<f32>) -> tensor<4x256xbf16> {
  // CHECK: norm.dequantize %{{.*}}, %{{.*}} : tensor<4x256xf8E4M3FN>, tensor<4x2xf32> -> tensor<4x256xbf16>
  %0 = norm.dequantize %q, %s : tensor<4x256xf8E4M3FN>, tensor<4x2xf32> -> tensor<4x256xbf16>
  // CHECK: norm.dequantize %{{.*}}, %{{.*}} : tensor<4x256xf8E4M3FN>, tensor<4x1xf32> -> tensor<4x256xf32>
  %1 = norm.dequantize %q, %r : tensor<4x256xf8E4M3FN>, tensor<4x1xf32> -> tensor<4x256xf32>
  // CHECK: norm.dequantize %{{.*}}, %{{.*}} : tensor<4x256xf8E4M3FN>, tensor<f32> -> tensor<4x256xf16>
  %2 = norm.dequantize %q, %t : tensor<4x256xf8E4M3FN>, tensor<f32> -> tensor<4x256xf16>
  return %0 : tensor<4x256xbf16>
}

// CHECK-LABEL: func @norm_quantize(
func.func @norm_quantize(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>, %w: tensor<8xf32>, %f: tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xi8>) {
  // CHECK: norm.norm_quantize rms %{{.*}} scale %{{.*}} offset 1.000000e+00 axis 1 eps {{.*}} quantize per_group 4 : tensor<4x8xf32> scale tensor<8xf32> -> tensor<4x8xf8E5M2>, tensor<4x2xf32>
  %q, %sc = norm.norm_quantize rms %x scale %w offset 1.0 axis 1 eps 1.0e-06 quantize per_group 4 : tensor<4x8xf32> scale tensor<8xf32> -> tensor<4x8xf8E5M2>, tensor<4x2xf32>
  // CHECK: %[[S:.*]], %[[Q:.*]] = norm.norm_quantize layer %{{.*}} add %{{.*}} bias %{{.*}} axis 1 eps {{.*}} quantize static %{{.*}} : tensor<4x8xf32> add tensor<4x8xf32> bias tensor<8xf32> static tensor<f32> -> sum tensor<4x8xf32>, tensor<4x8xi8>
  %s, %q1 = norm.norm_quantize layer %x add %r bias %w axis 1 eps 1.0e-06 quantize static %f : tensor<4x8xf32> add tensor<4x8xf32> bias tensor<8xf32> static tensor<f32> -> sum tensor<4x8xf32>, tensor<4x8xi8>
  // CHECK: return %[[S]], %[[Q]]
  return %s, %q1 : tensor<4x8xf32>, tensor<4x8xi8>
}

// CHECK-LABEL: func @quantize_buffers(
func.func @quantize_buffers(%x: memref<4x8xf32>, %q: memref<4x8xi8>, %s: memref<4x2xf32>, %f: memref<f32>) {
  // CHECK: norm.quantize_into %{{.*}}, %{{.*}} static %{{.*}} : memref<4x8xf32>, memref<4x8xi8> static memref<f32>
  norm.quantize_into %x, %q static %f : memref<4x8xf32>, memref<4x8xi8> static memref<f32>
  // CHECK: norm.quantize_into %{{.*}}, %{{.*}} scales %{{.*}} group 4 : memref<4x8xf32>, memref<4x8xi8> scales memref<4x2xf32>
  norm.quantize_into %x, %q scales %s group 4 : memref<4x8xf32>, memref<4x8xi8> scales memref<4x2xf32>
  // CHECK: norm.dequantize_into %{{.*}}, %{{.*}}, %{{.*}} : memref<4x8xi8>, memref<4x2xf32>, memref<4x8xf32>
  norm.dequantize_into %q, %s, %x : memref<4x8xi8>, memref<4x2xf32>, memref<4x8xf32>
  // CHECK: norm.norm_quantize_into rms %{{.*}}, %{{.*}} add %{{.*}}, %{{.*}} scales %{{.*}} offset 0.000000e+00 axis 1 eps
  norm.norm_quantize_into rms %x, %q add %x, %x scales %s offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xi8> add memref<4x8xf32>, memref<4x8xf32> scales memref<4x2xf32>
  return
}
