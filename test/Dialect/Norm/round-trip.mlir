// What norm-to-linalg makes of a norm, norm-raise makes that norm of: every form
// of the ops, and every type.

// RUN: %commuter-opt %s --norm-to-linalg --norm-raise --canonicalize | FileCheck %s
// RUN: %commuter-opt %s --norm-to-linalg --canonicalize --cse --linalg-fuse-elementwise-ops --norm-raise --canonicalize | FileCheck %s

// CHECK-LABEL: func @rms_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] eps 1.0e-06 : tensor<4x8xf32>, tensor<8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<4x8xf32> {
  %y = norm.rms_norm %x scale %w eps 1.0e-06 : tensor<4x8xf32>, tensor<8xf32>
  return %y : tensor<4x8xf32>
}

// CHECK-LABEL: func @rms_norm_offset(
// CHECK-SAME: %[[X:.*]]: tensor<4x768xbf16>, %[[W:.*]]: tensor<768xbf16>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] offset 1.0e+00 eps 1.0e-06 : tensor<4x768xbf16>, tensor<768xbf16>
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm_offset(%x: tensor<4x768xbf16>, %w: tensor<768xbf16>) -> tensor<4x768xbf16> {
  %y = norm.rms_norm %x scale %w offset 1.0 eps 1.0e-06 : tensor<4x768xbf16>, tensor<768xbf16>
  return %y : tensor<4x768xbf16>
}

// CHECK-LABEL: func @rms_norm_axis(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x8xf16>, %[[W:.*]]: tensor<?x8xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] offset -2.5e-01 axis 1 eps 1.0e-05 : tensor<?x?x8xf16>, tensor<?x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm_axis(%x: tensor<?x?x8xf16>, %w: tensor<?x8xf32>) -> tensor<?x?x8xf16> {
  %y = norm.rms_norm %x scale %w offset -0.25 axis 1 eps 1.0e-05 : tensor<?x?x8xf16>, tensor<?x8xf32>
  return %y : tensor<?x?x8xf16>
}

// CHECK-LABEL: func @rms_norm_plain(
// CHECK-SAME: %[[X:.*]]: tensor<3x5x7xf64>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] axis 0 eps 0.0e+00 : tensor<3x5x7xf64>
// CHECK-NEXT: return %[[Y]]
func.func @rms_norm_plain(%x: tensor<3x5x7xf64>) -> tensor<3x5x7xf64> {
  %y = norm.rms_norm %x axis 0 eps 0.0 : tensor<3x5x7xf64>
  return %y : tensor<3x5x7xf64>
}

// CHECK-LABEL: func @layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<5x3x400xbf16>, %[[W:.*]]: tensor<3x400xf32>, %[[B:.*]]: tensor<3x400xbf16>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[W]] bias %[[B]] axis 1 eps 1.0e-05 : tensor<5x3x400xbf16>, tensor<3x400xf32>, tensor<3x400xbf16>
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm(%x: tensor<5x3x400xbf16>, %w: tensor<3x400xf32>, %b: tensor<3x400xbf16>) -> tensor<5x3x400xbf16> {
  %y = norm.layer_norm %x scale %w bias %b axis 1 eps 1.0e-05 : tensor<5x3x400xbf16>, tensor<3x400xf32>, tensor<3x400xbf16>
  return %y : tensor<5x3x400xbf16>
}

// CHECK-LABEL: func @layer_norm_scale(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf64>, %[[W:.*]]: tensor<?xf64>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[W]] eps 1.0e-05 : tensor<?x?xf64>, tensor<?xf64>
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm_scale(%x: tensor<?x?xf64>, %w: tensor<?xf64>) -> tensor<?x?xf64> {
  %y = norm.layer_norm %x scale %w eps 1.0e-05 : tensor<?x?xf64>, tensor<?xf64>
  return %y : tensor<?x?xf64>
}

// CHECK-LABEL: func @layer_norm_bias(
// CHECK-SAME: %[[X:.*]]: tensor<64xf32>, %[[B:.*]]: tensor<64xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] bias %[[B]] eps 1.0e-03 : tensor<64xf32>, tensor<64xf32>
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm_bias(%x: tensor<64xf32>, %b: tensor<64xf32>) -> tensor<64xf32> {
  %y = norm.layer_norm %x bias %b eps 1.0e-03 : tensor<64xf32>, tensor<64xf32>
  return %y : tensor<64xf32>
}

// The same tensor twice.
// CHECK-LABEL: func @layer_norm_shared(
// CHECK-SAME: %[[X:.*]]: tensor<1x?xf16>, %[[B:.*]]: tensor<1x?xf16>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[B]] bias %[[B]] axis 0 eps 1.0e-05 : tensor<1x?xf16>, tensor<1x?xf16>, tensor<1x?xf16>
// CHECK-NEXT: return %[[Y]]
func.func @layer_norm_shared(%x: tensor<1x?xf16>, %b: tensor<1x?xf16>) -> tensor<1x?xf16> {
  %y = norm.layer_norm %x scale %b bias %b axis 0 eps 1.0e-05 : tensor<1x?xf16>, tensor<1x?xf16>, tensor<1x?xf16>
  return %y : tensor<1x?xf16>
}

// The addition stays an op, of which norm-fuse makes one with the norm again.
// CHECK-LABEL: func @residual(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xbf16>, %[[R:.*]]: tensor<4x8xbf16>)
// CHECK-NEXT: %[[S:.*]] = arith.addf %[[X]], %[[R]] : tensor<4x8xbf16>
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[S]] eps 1.0e-05 : tensor<4x8xbf16>
// CHECK-NEXT: return %[[S]], %[[Y]]
func.func @residual(%x: tensor<4x8xbf16>, %r: tensor<4x8xbf16>) -> (tensor<4x8xbf16>, tensor<4x8xbf16>) {
  %s, %y = norm.add_layer_norm %x, %r eps 1.0e-05 : tensor<4x8xbf16>
  return %s, %y : tensor<4x8xbf16>, tensor<4x8xbf16>
}
