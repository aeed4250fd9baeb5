// RUN: %commuter-opt %s --norm-fuse | FileCheck %s

// A residual addition, an RMS norm and a quantisation: one op, whose sum is the
// new residual.
// CHECK-LABEL: func @all(
// CHECK-SAME: %[[X:.*]]: tensor<32x64xbf16>, %[[R:.*]]: tensor<32x64xbf16>, %[[G:.*]]: tensor<64xbf16>)
// CHECK-NEXT: %[[S:.*]], %[[Q:.*]], %[[SC:.*]] = norm.norm_quantize rms %[[X]] add %[[R]] scale %[[G]] offset 1.000000e+00 axis 1 eps {{.*}} quantize per_group 16 : tensor<32x64xbf16> add tensor<32x64xbf16> scale tensor<64xbf16> -> sum tensor<32x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x4xf32>
// CHECK-NEXT: return %[[S]], %[[Q]], %[[SC]]
func.func @all(%x: tensor<32x64xbf16>, %r: tensor<32x64xbf16>, %g: tensor<64xbf16>) -> (tensor<32x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x4xf32>) {
  %s = arith.addf %x, %r : tensor<32x64xbf16>
  %n = norm.rms_norm %s scale %g offset 1.0 eps 1.0e-06 : tensor<32x64xbf16>, tensor<64xbf16>
  %q, %sc = norm.quantize %n per_group 16 : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<32x4xf32>
  return %s, %q, %sc : tensor<32x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x4xf32>
}

// CHECK-LABEL: func @layer_norm_static(
// CHECK-SAME: %[[X:.*]]: tensor<4x2x8xf16>, %[[G:.*]]: tensor<2x8xf32>, %[[B:.*]]: tensor<2x8xf32>, %[[F:.*]]: tensor<f32>)
// CHECK-NEXT: %[[Q:.*]] = norm.norm_quantize layer %[[X]] scale %[[G]] bias %[[B]] axis 1 eps 1.000000e-05 quantize static %[[F]] : tensor<4x2x8xf16> scale tensor<2x8xf32> bias tensor<2x8xf32> static tensor<f32> -> tensor<4x2x8xi8>
// CHECK-NEXT: return %[[Q]]
func.func @layer_norm_static(%x: tensor<4x2x8xf16>, %g: tensor<2x8xf32>, %b: tensor<2x8xf32>, %f: tensor<f32>) -> tensor<4x2x8xi8> {
  %n = norm.layer_norm %x scale %g bias %b axis 1 eps 1.0e-05 : tensor<4x2x8xf16>, tensor<2x8xf32>, tensor<2x8xf32>
  %q = norm.quantize %n static %f : tensor<4x2x8xf16>, tensor<f32> -> tensor<4x2x8xi8>
  return %q : tensor<4x2x8xi8>
}

// CHECK-LABEL: func @addition_alone(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf64>, %[[R:.*]]: tensor<4x8xf64>, %[[G:.*]]: tensor<8xf64>)
// CHECK-NEXT: %[[S:.*]], %[[Y:.*]] = norm.add_layer_norm %[[X]], %[[R]] scale %[[G]] eps 1.0e-05 : tensor<4x8xf64>, tensor<8xf64>
// CHECK-NEXT: return %[[S]], %[[Y]]
func.func @addition_alone(%x: tensor<4x8xf64>, %r: tensor<4x8xf64>, %g: tensor<8xf64>) -> (tensor<4x8xf64>, tensor<4x8xf64>) {
  %s = arith.addf %x, %r : tensor<4x8xf64>
  %n = norm.layer_norm %s scale %g eps 1.0e-05 : tensor<4x8xf64>, tensor<8xf64>
  return %s, %n : tensor<4x8xf64>, tensor<4x8xf64>
}

// The sum is needed before the norm: the fused op goes where the addition was.
// CHECK-LABEL: func @sum_needed_early(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[R:.*]]: tensor<4x8xf32>)
// CHECK-NEXT: %[[S:.*]], %[[Y:.*]] = norm.add_rms_norm %[[X]], %[[R]]
// CHECK-NEXT: %[[E:.*]] = math.exp %[[S]]
// CHECK-NEXT: return %[[E]], %[[Y]]
func.func @sum_needed_early(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %s = arith.addf %x, %r : tensor<4x8xf32>
  %e = math.exp %s : tensor<4x8xf32>
  %n = norm.rms_norm %s eps 1.0e-05 : tensor<4x8xf32>
  return %e, %n : tensor<4x8xf32>, tensor<4x8xf32>
}

// The norm's parameter is made of the sum: there is no place for one op.
// CHECK-LABEL: func @no_place(
// CHECK: %[[S:.*]] = arith.addf
// CHECK: %[[W:.*]] = tensor.extract_slice %[[S]]
// CHECK: norm.rms_norm %[[S]] scale %[[W]]
func.func @no_place(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %s = arith.addf %x, %r : tensor<4x8xf32>
  %w = tensor.extract_slice %s[0, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
  %n = norm.rms_norm %s scale %w eps 1.0e-05 : tensor<4x8xf32>, tensor<8xf32>
  return %n : tensor<4x8xf32>
}

// In another block: the sum would be computed in every round.
// CHECK-LABEL: func @other_block(
// CHECK: arith.addf
// CHECK: scf.for
// CHECK: norm.rms_norm
func.func @other_block(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>, %n: index) -> tensor<4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = arith.addf %x, %r : tensor<4x8xf32>
  %0 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4x8xf32> {
    %y = norm.rms_norm %s eps 1.0e-05 : tensor<4x8xf32>
    %b = arith.mulf %a, %y : tensor<4x8xf32>
    scf.yield %b : tensor<4x8xf32>
  }
  return %0 : tensor<4x8xf32>
}

// The norm's own result is needed, too.
// CHECK-LABEL: func @norm_needed(
// CHECK: %[[N:.*]] = norm.rms_norm
// CHECK: norm.quantize %[[N]] per_row
// CHECK: return %[[N]]
func.func @norm_needed(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xi8>) {
  %n = norm.rms_norm %x eps 1.0e-05 : tensor<4x8xf32>
  %q, %sc = norm.quantize %n per_row : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return %n, %q : tensor<4x8xf32>, tensor<4x8xi8>
}

// The sum of a residual norm is what is quantised, not the norm.
// CHECK-LABEL: func @sum_quantized(
// CHECK: %[[S:.*]], %{{.*}} = norm.add_rms_norm
// CHECK: norm.quantize %[[S]] per_row
func.func @sum_quantized(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xi8>) {
  %s, %n = norm.add_rms_norm %x, %r eps 1.0e-05 : tensor<4x8xf32>
  %q, %sc = norm.quantize %s per_row : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return %n, %q : tensor<4x8xf32>, tensor<4x8xi8>
}

// The scale is a maximum over all rows.
// CHECK-LABEL: func @per_tensor(
// CHECK: %[[N:.*]] = norm.rms_norm
// CHECK: norm.quantize %[[N]] per_tensor
func.func @per_tensor(%x: tensor<4x8xf32>) -> (tensor<4x8xi8>, tensor<f32>) {
  %n = norm.rms_norm %x eps 1.0e-05 : tensor<4x8xf32>
  %q, %sc = norm.quantize %n per_tensor : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<f32>
  return %q, %sc : tensor<4x8xi8>, tensor<f32>
}

// The sum is the norm's scale as well: it must be there before.
// CHECK-LABEL: func @sum_is_the_scale(
// CHECK-NEXT: %[[S:.*]] = arith.addf
// CHECK-NEXT: norm.rms_norm %[[S]] scale %[[S]]
func.func @sum_is_the_scale(%x: tensor<8xf32>) -> tensor<8xf32> {
  %s = arith.addf %x, %x : tensor<8xf32>
  %n = norm.rms_norm %s scale %s eps 1.0e-05 : tensor<8xf32>, tensor<8xf32>
  return %n : tensor<8xf32>
}
