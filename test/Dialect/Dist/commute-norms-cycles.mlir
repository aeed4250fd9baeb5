// Rows that a reshape has dealt out: each rank's slice is one piece of each cycle.

// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --verify-diagnostics --remarks-filter=dist --remark-format=emitRemark | FileCheck %s

dist.mesh @mesh(dp = 4)

// Two sequences, each gathered from all ranks. The gather is made in their own
// shape, and the rank's own tokens are there.
// CHECK-LABEL: func @batch(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2x4x8xf32>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[H]] {{\[}}[0, 1], [2]] : tensor<2x4x8xf32> into tensor<8x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[M]] {{.*}} : tensor<8x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[N]] {{\[}}[0, 1], [2]] output_shape [2, 4, 8] : tensor<8x8xf32> into tensor<2x4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[E]] dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
// CHECK: %[[W:.*]] = tensor.collapse_shape %[[G]] {{\[}}[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
// CHECK: %[[O:.*]] = tensor.expand_shape %[[N]] {{.*}} : tensor<8x8xf32> into tensor<2x4x8xf32>
// CHECK: return %[[W]], %[[O]]
func.func @batch(%h: tensor<2x4x8xf32>) -> (tensor<32x8xf32>, tensor<2x4x8xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<32x8xf32>
  %e = tensor.expand_shape %n [[0, 1], [2]] output_shape [2, 16, 8] : tensor<32x8xf32> into tensor<2x16x8xf32>
  %own = dist.all_slice %e dim 1 over @mesh[dp] : tensor<2x16x8xf32> -> tensor<2x4x8xf32>
  return %n, %own : tensor<32x8xf32>, tensor<2x4x8xf32>
}

// A residual that all ranks have: the rank takes its piece of each cycle.
// CHECK-LABEL: func @residual(
// CHECK-SAME: %[[R:[a-z0-9]*]]: tensor<32x?xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[R]] {{\[}}[0, 1], [2]] output_shape [2, 16, %{{.*}}] : tensor<32x?xf32> into tensor<2x16x?xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[E]] dim 1 over @mesh[dp] : tensor<2x16x?xf32> -> tensor<2x4x?xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{\[}}[0, 1], [2]] : tensor<2x4x?xf32> into tensor<8x?xf32>
// CHECK: norm.add_rms_norm %{{.*}}, %[[C]] {{.*}} : tensor<8x?xf32>
func.func @residual(%h: tensor<2x4x?xf32>, %r: tensor<32x?xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<32x?xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x?xf32> -> tensor<2x16x?xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x16x?xf32> into tensor<32x?xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %s, %n = norm.add_rms_norm %m, %r eps 1.0e-06 : tensor<32x?xf32>
  return %n : tensor<32x?xf32>
}

// Ragged: the extents are those of each sequence.
// CHECK-LABEL: func @ragged_tokens(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2x?x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32> {{.*}}, %[[X:[a-z0-9]*]]: tensor<4xindex>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[H]] {{.*}} into tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[R]] {{\[}}[0, 1], [2]] output_shape [2, %{{.*}}, 8]
// CHECK: %[[S:.*]] = dist.all_slice %[[E]] dim 1 extents %[[X]] over @mesh[dp] : tensor<2x?x8xf32>, tensor<4xindex> -> tensor<2x?x8xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{.*}} into tensor<?x8xf32>
// CHECK: %{{.*}}, %[[N:.*]] = norm.add_rms_norm %[[M]], %[[C]]
// CHECK: %[[P:.*]] = tensor.expand_shape %[[N]]
// CHECK: dist.all_gather %[[P]] dim 1 extents %[[X]] over @mesh[dp]
func.func @ragged_tokens(%h: tensor<2x?x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: tensor<4xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 1 extents %c over @mesh[dp] : tensor<2x?x8xf32>, tensor<4xindex> -> tensor<2x?x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x?x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %s, %n = norm.add_rms_norm %m, %r eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// Three rows of the result for each token: the extents are those of the tokens.
// CHECK-LABEL: func @ragged_tokens_of_heads(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<2x?x3x8xf32>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[H]] {{\[}}[0, 1, 2], [3]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[M]]
// CHECK: %[[P:.*]] = tensor.expand_shape %[[N]] {{.*}} into tensor<2x?x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[P]] dim 1 over @mesh[dp]
// CHECK: tensor.collapse_shape %[[G]]
func.func @ragged_tokens_of_heads(%h: tensor<2x?x3x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x?x3x8xf32> -> tensor<2x?x3x8xf32>
  %m = tensor.collapse_shape %g [[0, 1, 2], [3]] : tensor<2x?x3x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// A norm in front of a reshape: only the norm moves.
// CHECK-LABEL: func @reshaped_later(
// CHECK-NEXT: norm.rms_norm
// CHECK-NEXT: dist.all_gather %{{.*}} dim 1
// CHECK-NEXT: tensor.collapse_shape
// CHECK-NEXT: return
func.func @reshaped_later(%h: tensor<2x4x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<2x16x8xf32>
  %m = tensor.collapse_shape %n [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  return %m : tensor<32x8xf32>
}

// -----

// How many cycles there are is not known, but how long their pieces are.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @batch_of_unknown_size(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x4x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[H]] {{\[}}[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[R]] {{\[}}[0, 1], [2]] output_shape [%{{.*}}, 16, 8] : tensor<?x8xf32> into tensor<?x16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[E]] dim 1 over @mesh[dp] : tensor<?x16x8xf32> -> tensor<?x4x8xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{\[}}[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
// CHECK: %[[A:.*]], %[[N:.*]] = norm.add_rms_norm %[[M]], %[[C]]
// CHECK: %[[P:.*]] = tensor.expand_shape %[[N]] {{\[}}[0, 1], [2]] output_shape [%{{.*}}, 4, 8] : tensor<?x8xf32> into tensor<?x4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[P]] dim 1 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x16x8xf32>
// CHECK: %[[W:.*]] = tensor.collapse_shape %[[G]] {{\[}}[0, 1], [2]] : tensor<?x16x8xf32> into tensor<?x8xf32>
// CHECK: %[[O:.*]] = tensor.expand_shape %[[A]] {{.*}} : tensor<?x8xf32> into tensor<?x4x8xf32>
// CHECK: return %[[W]], %[[O]]
func.func @batch_of_unknown_size(%h: tensor<?x4x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> (tensor<?x8xf32>, tensor<?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %b = tensor.dim %h, %c0 : tensor<?x4x8xf32>
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x16x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %s, %n = norm.add_rms_norm %m, %r eps 1.0e-06 : tensor<?x8xf32>
  %e = tensor.expand_shape %s [[0, 1], [2]] output_shape [%b, 16, 8] : tensor<?x8xf32> into tensor<?x16x8xf32>
  %own = dist.all_slice %e dim 1 over @mesh[dp] : tensor<?x16x8xf32> -> tensor<?x4x8xf32>
  return %n, %own : tensor<?x8xf32>, tensor<?x4x8xf32>
}

// Nor the number of sequences of a beam search: each has two.
// CHECK-LABEL: func @beams_of_unknown_size(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x2x4x8xf32>
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %{{.*}} into tensor<?x2x4x8xf32>
// CHECK: norm.layer_norm %[[E]]
// CHECK: dist.all_gather %{{.*}} dim 2 over @mesh[dp] : tensor<?x2x4x8xf32> -> tensor<?x2x16x8xf32>
func.func @beams_of_unknown_size(%h: tensor<?x2x4x8xf32>) -> tensor<?x2x16x8xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 2 over @mesh[dp] : tensor<?x2x4x8xf32> -> tensor<?x2x16x8xf32>
  %b = tensor.dim %g, %c0 : tensor<?x2x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1, 2], [3]] : tensor<?x2x16x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  %e = tensor.expand_shape %n [[0, 1, 2], [3]] output_shape [%b, 2, 16, 8] : tensor<?x8xf32> into tensor<?x2x16x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %k = norm.layer_norm %e eps 1.0e-05 : tensor<?x2x16x8xf32>
  return %k : tensor<?x2x16x8xf32>
}

// -----

// Nor how long they are.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @batch_and_tokens_of_unknown_size(
// CHECK: dist.all_gather
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
func.func @batch_and_tokens_of_unknown_size(%h: tensor<?x?x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x?x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Cycles of 16 rows are no cycles of 32: the others are cut out of the whole.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @cycles_of_other_length(
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} : tensor<?x8x8xf32> -> tensor<?x32x8xf32>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[G]]
// CHECK: %[[E:.*]] = tensor.expand_shape %[[M]] {{.*}} into tensor<?x16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[E]] dim 1
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]]
// CHECK: norm.add_rms_norm %{{.*}}, %[[C]]
func.func @cycles_of_other_length(%h: tensor<?x4x8xf32>, %r: tensor<?x8x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x16x8xf32> into tensor<?x8xf32>
  %q = dist.all_gather %r dim 1 over @mesh[dp] : tensor<?x8x8xf32> -> tensor<?x32x8xf32>
  %o = tensor.collapse_shape %q [[0, 1], [2]] : tensor<?x32x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %s, %n = norm.add_rms_norm %m, %o eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Matrices of eight rows are no whole cycles of sixteen, and those of two no
// whole pieces of four ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @parts_of_cycles(
// CHECK: norm.rms_norm %{{.*}} axis 1 {{.*}} : tensor<?x8x8xf32>
func.func @parts_of_cycles(%h: tensor<?x4x8xf32>, %b: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x8x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x16x8xf32> into tensor<?x8xf32>
  %e = tensor.expand_shape %m [[0, 1], [2]] output_shape [%b, 8, 8] : tensor<?x8xf32> into tensor<?x8x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<?x8x8xf32>
  return %n : tensor<?x8x8xf32>
}

// -----

// Two halves of the batch: it may be odd.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @halves(
// CHECK: norm.rms_norm %{{.*}} : tensor<2x?x8xf32>
func.func @halves(%h: tensor<?x4x8xf32>, %b: index {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<2x?x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<?x4x8xf32> -> tensor<?x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x16x8xf32> into tensor<?x8xf32>
  %e = tensor.expand_shape %m [[0, 1], [2]] output_shape [2, %b, 8] : tensor<?x8xf32> into tensor<2x?x8xf32>
  // expected-remark @+1 {{Reason=}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<2x?x8xf32>
  return %n : tensor<2x?x8xf32>
}

// -----

// Four runs of eight rows are cut out of two cycles of sixteen.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @other_runs(
// CHECK: norm.rms_norm %{{.*}} axis 1 {{.*}} : tensor<4x8x8xf32>
func.func @other_runs(%h: tensor<2x4x8xf32>) -> tensor<4x8x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  %e = tensor.expand_shape %m [[0, 1], [2]] output_shape [4, 8, 8] : tensor<32x8xf32> into tensor<4x8x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<4x8x8xf32>
  return %n : tensor<4x8x8xf32>
}

// -----

// The rows of a residual that is gathered as a matrix lie in one piece: those
// that go with them are cut out of the whole.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @residual_in_one_piece(
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[G]] {{.*}} into tensor<2x16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[E]] dim 1
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[S]] {{.*}} into tensor<8x8xf32>
// CHECK: norm.add_rms_norm %{{.*}}, %[[C]]
func.func @residual_in_one_piece(%h: tensor<2x4x8xf32>, %r: tensor<8x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  %gr = dist.all_gather %r dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %s, %n = norm.add_rms_norm %m, %gr eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

// -----

// Nor are the first rows of the matrix those of the first rank.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @slice_in_one_piece(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[G]]
// CHECK: %[[S:.*]] = dist.all_slice %[[M]] dim 0
// CHECK: return %[[S]]
func.func @slice_in_one_piece(%h: tensor<2x4x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %k = norm.rms_norm %g eps 1.0e-06 : tensor<2x16x8xf32>
  %m = tensor.collapse_shape %k [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  %s = dist.all_slice %m dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<8x8xf32>
  return %s : tensor<8x8xf32>
}

// -----

// A sharding has no words for cycles.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @promised(
// CHECK: norm.rms_norm %{{.*}} : tensor<32x8xf32>
func.func @promised(%h: tensor<2x4x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x4x8xf32> -> tensor<2x16x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<2x16x8xf32> into tensor<32x8xf32>
  %p = dist.assert_sharding %m <@mesh, [{}, {}]> : tensor<32x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op}}
  %n = norm.rms_norm %p eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}
