// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Collectives between a gather of rows and a norm. Over other axes than the
// gather's, along other dimensions, they move with the norm.

// The sum is completed behind the gather; on a quarter of the rows, after.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @all_reduce(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp] : tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
func.func @all_reduce(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<16x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// A rank's columns, summed, given to all again, exchanged for rows' parts.
// CHECK-LABEL: func @along_other_dims(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x2x8xf32>
// CHECK: %[[P:.*]] = dist.to_partial %[[H]] over @mesh[tp] : tensor<4x2x8xf32>
// CHECK: %[[S:.*]] = dist.reduce_scatter %[[P]] sum dim 2 over @mesh[tp] : tensor<4x2x8xf32> -> tensor<4x2x4xf32>
// CHECK: %[[A:.*]] = dist.all_to_all %[[S]] split 1 concat 2 over @mesh[tp] : tensor<4x2x4xf32> -> tensor<4x1x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[A]] {{.*}} : tensor<4x1x8xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[N]] dim 2 over @mesh[tp] : tensor<4x1x8xf32> -> tensor<4x1x4xf32>
// CHECK: dist.all_gather %[[L]] dim 0 over @mesh[dp] : tensor<4x1x4xf32> -> tensor<16x1x4xf32>
func.func @along_other_dims(%h: tensor<4x2x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}, {}]>}) -> tensor<16x1x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
  %p = dist.to_partial %g over @mesh[tp] : tensor<16x2x8xf32>
  %s = dist.reduce_scatter %p sum dim 2 over @mesh[tp] : tensor<16x2x8xf32> -> tensor<16x2x4xf32>
  %a = dist.all_to_all %s split 1 concat 2 over @mesh[tp] : tensor<16x2x4xf32> -> tensor<16x1x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x1x8xf32>
  %l = dist.all_slice %n dim 2 over @mesh[tp] : tensor<16x1x8xf32> -> tensor<16x1x4xf32>
  return %l : tensor<16x1x4xf32>
}

// Rows gathered first, then the columns that the norm needs: the two gathers
// change places, with the norm between them. They move as many bytes together.
// CHECK-LABEL: func @rows_then_columns(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x4xf32>
// CHECK: %[[C:.*]] = dist.all_gather %[[H]] dim 1 over @mesh[tp] : tensor<4x4xf32> -> tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[C]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
func.func @rows_then_columns(%h: tensor<4x4xf32>) -> tensor<16x8xf32> {
  %r = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %g = dist.all_gather %r dim 1 over @mesh[tp] : tensor<16x4xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// Columns first: the norm moves across the gather of rows, as ever.
// CHECK-LABEL: func @columns_then_rows(
// CHECK: %[[C:.*]] = dist.all_gather %{{.*}} dim 1 over @mesh[tp] : tensor<4x4xf32> -> tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[C]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp]
func.func @columns_then_rows(%h: tensor<4x4xf32>) -> tensor<16x8xf32> {
  %c = dist.all_gather %h dim 1 over @mesh[tp] : tensor<4x4xf32> -> tensor<4x8xf32>
  %g = dist.all_gather %c dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Rows whose extents all ranks of the collective share.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @ragged_shared_extents(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp] : tensor<?x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK: dist.all_gather %[[N]] dim 0 extents %[[C]] over @mesh[dp]
func.func @ragged_shared_extents(%h: tensor<?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<?x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Ranks 0 and 1 of tp may hold 3 + 1 rows and 1 + 3: equal sums, unequal parts.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @ragged_own_extents(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_reduce %[[G]]
func.func @ragged_own_extents(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Extents that are a value may still be another one on each rank of tp.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @ragged_varying_extents(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_reduce %[[G]]
func.func @ragged_varying_extents(%h: tensor<?x8xf32>, %c: tensor<2xindex>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp] : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Over the gather's own axis the sum is N times the whole; over the parts, a sum
// of other rows.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @all_reduce_own_axis(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_reduce %[[G]]
func.func @all_reduce_own_axis(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = dist.all_reduce %g sum over @mesh[tp, dp] : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Another mesh arranges the same ranks otherwise.
dist.mesh @mesh(dp = 4)
dist.mesh @other(tp = 2, pp = 2)
// CHECK-LABEL: func @other_mesh(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_reduce %[[G]]
func.func @other_mesh(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = dist.all_reduce %g sum over @other[tp] : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Along the gathered dimension a collective takes rows apart.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @scatter_gathered_dim(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.reduce_scatter %[[G]]
func.func @scatter_gathered_dim(%h: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = dist.reduce_scatter %g sum dim 0 over @mesh[tp] : tensor<16x8xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @exchange_gathered_dim(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_to_all %[[G]]
func.func @exchange_gathered_dim(%h: tensor<4x4xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %s = dist.all_to_all %g split 0 concat 1 over @mesh[tp] : tensor<16x4xf32> -> tensor<8x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

// -----

// Columns by the rank's index along the gather's own axis: another column for
// every part of the rows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @slice_own_axis(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[L:.*]] = dist.all_slice %[[G]]
// CHECK: norm.rms_norm %[[L]]
func.func @slice_own_axis(%h: tensor<4x8xf32>) -> tensor<16x2xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %l = dist.all_slice %g dim 1 over @mesh[dp] : tensor<16x8xf32> -> tensor<16x2xf32>
  %n = norm.rms_norm %l eps 1.0e-06 : tensor<16x2xf32>
  return %n : tensor<16x2xf32>
}

// -----

// A summing gather sums over the outer gather's axis.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @summing_over_own_axis(
// CHECK: %[[R:.*]] = dist.all_gather
// CHECK: %[[G:.*]] = dist.all_gather %[[R]] {{.*}} summing [dp]
// CHECK: norm.rms_norm %[[G]]
func.func @summing_over_own_axis(%h: tensor<4x4xf32>) -> tensor<16x8xf32> {
  %r = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %g = dist.all_gather %r dim 1 over @mesh[tp] summing [dp] : tensor<16x4xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
