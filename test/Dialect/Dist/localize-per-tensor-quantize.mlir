// RUN: %commuter-opt %s --dist-localize-per-tensor-quantize --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

dist.mesh @mesh(dp = 8)

// CHECK-LABEL: func @whole_tensor(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x64xbf16>)
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %{{.*}}, %[[OWN:.*]] = norm.quantize %[[N]] per_tensor : tensor<4x64xbf16> -> tensor<4x64xf8E4M3FN>, tensor<f32>
// CHECK-NEXT: %[[S:.*]] = dist.all_reduce %[[OWN]] max over @mesh[dp] : tensor<f32>
// CHECK-NEXT: %[[L:.*]] = norm.quantize %[[N]] static %[[S]] : tensor<4x64xbf16>, tensor<f32> -> tensor<4x64xf8E4M3FN>
// CHECK-NEXT: %[[Q:.*]] = dist.all_gather %[[L]] dim 0 over @mesh[dp] : tensor<4x64xf8E4M3FN> -> tensor<32x64xf8E4M3FN>
// CHECK-NEXT: return %[[Q]], %[[S]]
func.func @whole_tensor(%h: tensor<4x64xbf16>) -> (tensor<32x64xf8E4M3FN>, tensor<f32>) {
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<4x64xbf16>
  %g = dist.all_gather %n dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  // expected-remark @+1 {{quantised in front of the gather}}
  %q, %s = norm.quantize %g per_tensor : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<f32>
  return %q, %s : tensor<32x64xf8E4M3FN>, tensor<f32>
}

// A rank may have no rows: its scale is the least there is.
// CHECK-LABEL: func @ragged(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x64xf32>, %[[C:[a-z0-9]*]]: tensor<8xindex>)
// CHECK: %{{.*}}, %[[OWN:.*]] = norm.quantize %[[H]] per_tensor
// CHECK: %[[S:.*]] = dist.all_reduce %[[OWN]] max
// CHECK: %[[L:.*]] = norm.quantize %[[H]] static %[[S]]
// CHECK: dist.all_gather %[[L]] dim 0 extents %[[C]]
func.func @ragged(%h: tensor<?x64xf32>, %c: tensor<8xindex>) -> (tensor<?x64xi8>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x64xf32>, tensor<8xindex> -> tensor<?x64xf32>
  // expected-remark @+1 {{quantised in front of the gather}}
  %q, %s = norm.quantize %g per_tensor : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<f32>
  return %q, %s : tensor<?x64xi8>, tensor<f32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @pending_sum(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_tensor
func.func @pending_sum(%h: tensor<4x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> (tensor<16x64xi8>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x64xf32> -> tensor<16x64xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %q, %s = norm.quantize %g per_tensor : tensor<16x64xf32> -> tensor<16x64xi8>, tensor<f32>
  return %q, %s : tensor<16x64xi8>, tensor<f32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @other_users(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_tensor
func.func @other_users(%h: tensor<4x64xf32>) -> (tensor<16x64xf32>, tensor<16x64xi8>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xf32> -> tensor<16x64xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %q, %s = norm.quantize %g per_tensor : tensor<16x64xf32> -> tensor<16x64xi8>, tensor<f32>
  return %g, %q : tensor<16x64xf32>, tensor<16x64xi8>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @other_region(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: scf.if
// CHECK: norm.quantize %[[G]] per_tensor
func.func @other_region(%h: tensor<4x64xf32>, %c: i1, %q0: tensor<16x64xi8>) -> tensor<16x64xi8> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xf32> -> tensor<16x64xf32>
  %0 = scf.if %c -> tensor<16x64xi8> {
    // expected-remark @+1 {{Reason=unsupported-op}}
    %q, %s = norm.quantize %g per_tensor : tensor<16x64xf32> -> tensor<16x64xi8>, tensor<f32>
    scf.yield %q : tensor<16x64xi8>
  } else {
    scf.yield %q0 : tensor<16x64xi8>
  }
  return %0 : tensor<16x64xi8>
}
