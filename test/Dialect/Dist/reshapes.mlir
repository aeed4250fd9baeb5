// A tensor.reshape between static shapes is the collapse_shape and expand_shape that it
// comes to: rows go through it as through these.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --dist-place-collectives | FileCheck %s --check-prefix=PLACED

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @split(
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]] output_shape [4, 2, 8] : tensor<4x16xf32> into tensor<4x2x8xf32>
// CHECK: norm.rms_norm %{{.*}} : tensor<4x2x8xf32>
// CHECK: dist.all_gather
// PLACED-LABEL: func @split(
// PLACED: tensor.expand_shape
func.func @split(%h: tensor<4x16xf32>) -> tensor<16x2x8xf32> {
  %s = arith.constant dense<[16, 2, 8]> : tensor<3xindex>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %p = tensor.reshape %g(%s) : (tensor<16x16xf32>, tensor<3xindex>) -> tensor<16x2x8xf32>
  // expected-remark @+1 {{rows-after=8}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<16x2x8xf32>
  return %n : tensor<16x2x8xf32>
}

// Merged and split otherwise; in runs, of a batch; with dimensions of size 1.
// CHECK-LABEL: func @both(
// CHECK: norm.rms_norm %{{.*}} : tensor<2x16xf32>
func.func @both(%h: tensor<4x8xf32>, %s: tensor<2xi32>) -> tensor<8x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %p = tensor.reshape %g(%s) : (tensor<16x8xf32>, tensor<2xi32>) -> tensor<8x16xf32>
  // expected-remark @+1 {{rows-after=2}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
// CHECK-LABEL: func @batch(
// CHECK: norm.rms_norm %{{.*}} : tensor<12x16xf32>
func.func @batch(%h: tensor<3x4x16xf32>, %s: tensor<2xindex>) -> tensor<48x16xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<3x4x16xf32> -> tensor<3x16x16xf32>
  %p = tensor.reshape %g(%s) : (tensor<3x16x16xf32>, tensor<2xindex>) -> tensor<48x16xf32>
  // expected-remark @+1 {{rows-after=12}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<48x16xf32>
  return %n : tensor<48x16xf32>
}
// CHECK-LABEL: func @ones(
// CHECK: norm.rms_norm %{{.*}} : tensor<1x4x8x1x1xf32>
func.func @ones(%h: tensor<4x8xf32>, %s: tensor<5xindex>) -> tensor<1x16x8x1x1xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %p = tensor.reshape %g(%s) : (tensor<16x8xf32>, tensor<5xindex>) -> tensor<1x16x8x1x1xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %p axis 2 eps 1.0e-06 : tensor<1x16x8x1x1xf32>
  return %n : tensor<1x16x8x1x1xf32>
}

// -----

// Rows of 12 out of rows of 8: a rank's two rows are no whole one.
dist.mesh @mesh(dp = 3)
// CHECK-LABEL: func @straddling(
// CHECK: norm.rms_norm %{{.*}} : tensor<4x12xf32>
func.func @straddling(%h: tensor<2x8xf32>, %s: tensor<2xindex>) -> tensor<4x12xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<6x8xf32>
  %p = tensor.reshape %g(%s) : (tensor<6x8xf32>, tensor<2xindex>) -> tensor<4x12xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<4x12xf32>
  return %n : tensor<4x12xf32>
}

// -----

// What is known of the shape at run time only stays, as what has no elements does.
dist.mesh @mesh(dp = 3)
// CHECK-LABEL: func @unknown(
// CHECK: tensor.reshape
func.func @unknown(%h: tensor<2x8xf32>, %s: tensor<2xindex>) -> tensor<?x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<6x8xf32>
  %p = tensor.reshape %g(%s) : (tensor<6x8xf32>, tensor<2xindex>) -> tensor<?x4xf32>
  // expected-remark @+1 {{Reason=unsupported-op}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<?x4xf32>
  return %n : tensor<?x4xf32>
}
// CHECK-LABEL: func @empty(
// CHECK: tensor.reshape
func.func @empty(%x: tensor<0x8xf32>, %s: tensor<3xindex>) -> tensor<4x0x8xf32> {
  %p = tensor.reshape %x(%s) : (tensor<0x8xf32>, tensor<3xindex>) -> tensor<4x0x8xf32>
  return %p : tensor<4x0x8xf32>
}
// CHECK-LABEL: func @scalar(
// CHECK: tensor.reshape
func.func @scalar(%x: tensor<f32>, %s: tensor<1xindex>) -> tensor<1xf32> {
  %p = tensor.reshape %x(%s) : (tensor<f32>, tensor<1xindex>) -> tensor<1xf32>
  return %p : tensor<1xf32>
}
