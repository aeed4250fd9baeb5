// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Ops of tensor that would compute something else on slices.

// 6 rows of a rank are one and a half groups of 4, each of which is normalised.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @group_straddles_ranks(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.expand_shape %[[G]]
func.func @group_straddles_ranks(%h: tensor<6x8xf32>) -> tensor<3x4x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<6x8xf32> -> tensor<12x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [3, 4, 8] : tensor<12x8xf32> into tensor<3x4x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<3x4x8xf32>
  return %n : tensor<3x4x8xf32>
}

// -----

// The whole splits evenly over the ranks, into groups that no rank holds whole.
dist.mesh @mesh(dp = 8)
// CHECK-LABEL: func @group_larger_than_slice(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.expand_shape %[[G]]
func.func @group_larger_than_slice(%h: tensor<2x8xf32>) -> tensor<4x4x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<16x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [4, 4, 8] : tensor<16x8xf32> into tensor<4x4x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<4x4x8xf32>
  return %n : tensor<4x4x8xf32>
}

// -----

// Ragged rows may begin inside a group.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @ragged_groups(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.expand_shape %[[G]]
func.func @ragged_groups(%h: tensor<?x8xf32>, %d: index) -> tensor<?x4x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 4, 8] : tensor<?x8xf32> into tensor<?x4x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<?x4x8xf32>
  return %n : tensor<?x4x8xf32>
}

// -----

// Four times as many heads as there are tokens are no groups of three.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @ragged_regrouped(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[G]]
// CHECK: tensor.expand_shape %[[M]]
func.func @ragged_regrouped(%h: tensor<?x4x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %d: index) -> tensor<?x3x8xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  %e = tensor.expand_shape %m [[0, 1], [2]] output_shape [%d, 3, 8] : tensor<?x8xf32> into tensor<?x3x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim, Suggestion="gather by extents that are a multiple of the group, arith.muli of others by a constant, or put the norm in front of the reshape"}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<?x3x8xf32>
  return %n : tensor<?x3x8xf32>
}

// -----

// The extracted rows are not those that the ranks' parts begin with.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extract_offset(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.extract_slice %[[G]]
func.func @extract_offset(%h: tensor<4x8xf32>) -> tensor<12x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.extract_slice %g[4, 0] [12, 8] [1, 1] : tensor<16x8xf32> to tensor<12x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<12x8xf32>
  return %n : tensor<12x8xf32>
}

// -----

// Offset 0, but only the first half of the rows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extract_part(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.extract_slice %[[G]]
func.func @extract_part(%h: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.extract_slice %g[0, 0] [8, 8] [1, 1] : tensor<16x8xf32> to tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extract_strided(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.extract_slice %[[G]]
func.func @extract_strided(%h: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.extract_slice %g[0, 0] [8, 8] [2, 1] : tensor<16x8xf32> to tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// A size that is the source's only by chance.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extract_unknown_size(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.extract_slice %[[G]]
func.func @extract_unknown_size(%h: tensor<?x8xf32>, %d: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %e = tensor.extract_slice %g[0, 0] [%d, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// The offset along another dimension may differ from rank to rank.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @extract_varying_offset(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.extract_slice %[[G]]
func.func @extract_varying_offset(%h: tensor<4x8xf32>, %o: index) -> tensor<16x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.extract_slice %g[0, %o] [16, 4] [1, 1] : tensor<16x8xf32> to tensor<16x4xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x4xf32>
  return %n : tensor<16x4xf32>
}

// -----

// All rows of the source go into the middle of the destination.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @insert_offset(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.insert_slice %[[G]]
func.func @insert_offset(%h: tensor<4x8xf32>, %r: tensor<32x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.insert_slice %g into %r[8, 0] [16, 8] [1, 1] : tensor<16x8xf32> into tensor<32x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @padded_rows(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.pad %[[G]]
func.func @padded_rows(%h: tensor<4x8xf32>) -> tensor<20x8xf32> {
  %z = arith.constant 0.0 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %p = tensor.pad %g low[0, 0] high[4, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<16x8xf32> to tensor<20x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<20x8xf32>
  return %n : tensor<20x8xf32>
}

// -----

// The padding depends on the row's number.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @padded_by_row_number(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.pad %[[G]]
func.func @padded_by_row_number(%h: tensor<4x7xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x7xf32> -> tensor<16x7xf32>
  %p = tensor.pad %g low[0, 0] high[0, 1] {
  ^bb0(%i: index, %j: index):
    %0 = arith.index_cast %i : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    tensor.yield %1 : f32
  } : tensor<16x7xf32> to tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// The padding value may differ from rank to rank.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @padded_with_varying(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.pad %[[G]]
func.func @padded_with_varying(%h: tensor<4x7xf32>, %z: f32) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x7xf32> -> tensor<16x7xf32>
  %p = tensor.pad %g low[0, 0] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : f32
  } : tensor<16x7xf32> to tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Rows behind rows: the slices of the one are no slices of the result.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @concatenated_rows(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.concat dim(0) %[[G]]
func.func @concatenated_rows(%h: tensor<4x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %c = tensor.concat dim(0) %g, %g : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<32x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

// -----

// Rows that a rank may not have.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @rows_of_others(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: tensor.gather %[[G]]
func.func @rows_of_others(%h: tensor<4x8xf32>, %i: tensor<16x1xindex> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %c = tensor.gather %g[%i] gather_dims([0]) : (tensor<16x8xf32>, tensor<16x1xindex>) -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A splat of a scalar that may differ from rank to rank.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @varying_splat(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: arith.addf %[[G]]
func.func @varying_splat(%h: tensor<4x8xf32>, %s: f32) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %t = tensor.splat %s : tensor<16x8xf32>
  %a = arith.addf %g, %t : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A constant that is no splat is sliced, as any replicated value.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @constant_rows(
// CHECK: %[[C:.*]] = arith.constant dense<{{.*}}> : tensor<4x1xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[C]] dim 0 over @mesh[dp] : tensor<4x1xf32> -> tensor<2x1xf32>
// CHECK: arith.addf %{{.*}}, %[[L]]
func.func @constant_rows(%h: tensor<2x1xf32>) -> tensor<4x1xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x1xf32> -> tensor<4x1xf32>
  %t = arith.constant dense<[[0.0], [1.0], [2.0], [3.0]]> : tensor<4x1xf32>
  %a = arith.addf %g, %t : tensor<4x1xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<4x1xf32>
  return %n : tensor<4x1xf32>
}

// -----

// One condition for all chooses between tensors that need not be equally long.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @select_of_lengths(
// CHECK: %[[S:.*]] = arith.select
// CHECK: norm.rms_norm %[[S]]
func.func @select_of_lengths(%x: tensor<?x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = arith.select %c, %g, %r : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
