// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// The scale is a maximum over the rows of all ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @per_tensor(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_tensor
func.func @per_tensor(%h: tensor<4x64xbf16>) -> (tensor<16x64xi8>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<16x64xbf16>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %q, %s = norm.quantize %g per_tensor : tensor<16x64xbf16> -> tensor<16x64xi8>, tensor<f32>
  return %q, %s : tensor<16x64xi8>, tensor<f32>
}

// -----

// No rank holds a whole row.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @parts_of_rows(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_row
func.func @parts_of_rows(%h: tensor<4x64xbf16>) -> (tensor<4x256xi8>, tensor<4x1xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x64xbf16> -> tensor<4x256xbf16>
  // expected-remark @+1 {{Reason=gather-dim-normalized}}
  %q, %s = norm.quantize %g per_row : tensor<4x256xbf16> -> tensor<4x256xi8>, tensor<4x1xf32>
  return %q, %s : tensor<4x256xi8>, tensor<4x1xf32>
}

// -----

// 192 is no multiple of 128: a group lies on two ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @parts_of_groups(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_group 128
func.func @parts_of_groups(%h: tensor<4x192xbf16>) -> (tensor<4x768xi8>, tensor<4x6xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x192xbf16> -> tensor<4x768xbf16>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim, Suggestion="make the local size a multiple of the group"}}
  %q, %s = norm.quantize %g per_group 128 : tensor<4x768xbf16> -> tensor<4x768xi8>, tensor<4x6xf32>
  return %q, %s : tensor<4x768xi8>, tensor<4x6xf32>
}

// -----

// What the slices' sizes will be is not known.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @unknown_parts_of_groups(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_group 128
func.func @unknown_parts_of_groups(%h: tensor<4x?xbf16>) -> (tensor<4x?xi8>, tensor<4x?xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x?xbf16> -> tensor<4x?xbf16>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %q, %s = norm.quantize %g per_group 128 : tensor<4x?xbf16> -> tensor<4x?xi8>, tensor<4x?xf32>
  return %q, %s : tensor<4x?xi8>, tensor<4x?xf32>
}

// -----

// Extents count elements: they do not fit the scales.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extents(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_group 64
func.func @extents(%h: tensor<4x64xbf16>, %c: tensor<4xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<4x256xi8>, tensor<4x4xf32>) {
  %g = dist.all_gather %h dim 1 extents %c over @mesh[dp] : tensor<4x64xbf16>, tensor<4xindex> -> tensor<4x256xbf16>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %q, %s = norm.quantize %g per_group 64 : tensor<4x256xbf16> -> tensor<4x256xi8>, tensor<4x4xf32>
  return %q, %s : tensor<4x256xi8>, tensor<4x4xf32>
}

// -----

// Each rank may have been given another scale.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @scale_not_replicated(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] static
func.func @scale_not_replicated(%h: tensor<4x64xbf16>, %f: tensor<f32>) -> tensor<16x64xi8> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<16x64xbf16>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %q = norm.quantize %g static %f : tensor<16x64xbf16>, tensor<f32> -> tensor<16x64xi8>
  return %q : tensor<16x64xi8>
}

// -----

// The quantised sum is not the sum of what is quantised.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @pending_sum(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_row
func.func @pending_sum(%h: tensor<4x64xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> (tensor<16x64xi8>, tensor<16x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x64xbf16> -> tensor<16x64xbf16>
  // expected-remark @+1 {{Reason=pending-sum, Suggestion=complete-sums=true}}
  %q, %s = norm.quantize %g per_row : tensor<16x64xbf16> -> tensor<16x64xi8>, tensor<16x1xf32>
  return %q, %s : tensor<16x64xi8>, tensor<16x1xf32>
}

// -----

// The unquantised value is gathered all the same.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @other_users(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.quantize %[[G]] per_row
func.func @other_users(%h: tensor<4x64xbf16>) -> (tensor<16x64xbf16>, tensor<16x64xi8>, tensor<16x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<16x64xbf16>
  // expected-remark @+1 {{Reason=other-users, Suggestion=allow-extra-gather=true}}
  %q, %s = norm.quantize %g per_row : tensor<16x64xbf16> -> tensor<16x64xi8>, tensor<16x1xf32>
  return %g, %q, %s : tensor<16x64xbf16>, tensor<16x64xi8>, tensor<16x1xf32>
}

// -----

// The scales of 6 groups cannot be given to 4 ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @dequantize_parts_of_groups(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.dequantize %[[G]]
func.func @dequantize_parts_of_groups(%q: tensor<4x192xi8>, %s: tensor<4x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %f: tensor<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<4x768xi8> {
  %g = dist.all_gather %q dim 1 over @mesh[dp] : tensor<4x192xi8> -> tensor<4x768xi8>
  %x = norm.dequantize %g, %s : tensor<4x768xi8>, tensor<4x6xf32> -> tensor<4x768xbf16>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %y = norm.quantize %x static %f : tensor<4x768xbf16>, tensor<f32> -> tensor<4x768xi8>
  return %y : tensor<4x768xi8>
}
