// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Rows that are gathered first, and then made sequences of which a rank holds a part:
// what computes each row of its own does so in front of the expand_shape.

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @sequences(
// CHECK-SAME: %[[H:.*]]: tensor<4x16xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[H]] {{.*}} : tensor<4x16xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0
// CHECK: %[[E:.*]] = tensor.expand_shape %[[G]] {{\[\[}}0, 1], [2]] output_shape [2, 8, 16]
// CHECK: return %[[E]]
func.func @sequences(%h: tensor<4x16xf32>) -> tensor<2x8x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<2x8x16xf32>
  return %n : tensor<2x8x16xf32>
}

// -----

// Elementwise ops between, of which one is used twice; what is not expanded is
// collapsed, and a constant is one of the rows.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @between(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<4x16xf32>, %[[R:[a-z0-9]+]]: tensor<2x8x16xbf16>
// CHECK-DAG: %[[W:.*]] = arith.truncf %[[H]] : tensor<4x16xf32> to tensor<4x16xbf16>
// CHECK-DAG: %[[C:.*]] = tensor.collapse_shape %[[R]]
// CHECK-DAG: %[[S:.*]] = dist.all_slice %[[C]] dim 0
// CHECK: %[[A:.*]] = arith.addf %[[W]], %[[S]] : tensor<4x16xbf16>
// CHECK: %[[TWO:.*]] = arith.constant dense<2.000000e+00> : tensor<4x16xbf16>
// CHECK: %[[M:.*]] = arith.mulf %[[A]], %[[TWO]] : tensor<4x16xbf16>
// CHECK: %[[D:.*]] = arith.subf %[[M]], %[[A]] : tensor<4x16xbf16>
// CHECK: norm.layer_norm %[[D]] {{.*}} : tensor<4x16xbf16>
func.func @between(%h: tensor<4x16xf32>, %r: tensor<2x8x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) -> tensor<2x8x16xbf16> {
  %two = arith.constant dense<2.0> : tensor<2x8x16xbf16>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  %w = arith.truncf %e : tensor<2x8x16xf32> to tensor<2x8x16xbf16>
  %a = arith.addf %w, %r : tensor<2x8x16xbf16>
  %m = arith.mulf %a, %two : tensor<2x8x16xbf16>
  %d = arith.subf %m, %a : tensor<2x8x16xbf16>
  // expected-remark @+1 {{Passed}}
  %n = norm.layer_norm %d eps 1.0e-06 : tensor<2x8x16xbf16>
  return %n : tensor<2x8x16xbf16>
}

// -----

// A sum, which goes on, and its norm; the axis is said.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @sum_and_norm(
// CHECK: %[[S:.*]], %[[N:.*]] = norm.add_rms_norm %{{.*}}, %{{.*}} axis 1 {{.*}} : tensor<4x2x8xf32>
// CHECK-DAG: dist.all_gather %[[S]] dim 0
// CHECK-DAG: dist.all_gather %[[N]] dim 0
func.func @sum_and_norm(%h: tensor<4x2x8xf32>, %r: tensor<4x2x8xf32>) -> (tensor<2x8x2x8xf32>, tensor<2x8x2x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
  %gr = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2], [3]] output_shape [2, 8, 2, 8] : tensor<16x2x8xf32> into tensor<2x8x2x8xf32>
  %er = tensor.expand_shape %gr [[0, 1], [2], [3]] output_shape [2, 8, 2, 8] : tensor<16x2x8xf32> into tensor<2x8x2x8xf32>
  // expected-remark @+1 {{Passed}}
  %s, %n = norm.add_rms_norm %e, %er axis 2 eps 1.0e-06 : tensor<2x8x2x8xf32>
  return %s, %n : tensor<2x8x2x8xf32>, tensor<2x8x2x8xf32>
}

// -----

// Heads are split off as well: these are rows that each rank has whole.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @heads(
// CHECK-SAME: %[[H:.*]]: tensor<4x16xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[H]] {{\[\[}}0], [1, 2]] output_shape [4, 2, 8]
// CHECK: %[[N:.*]] = norm.rms_norm %[[E]] {{.*}} : tensor<4x2x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0
// CHECK: tensor.expand_shape %[[G]] {{\[\[}}0, 1], [2], [3]] output_shape [2, 8, 2, 8]
func.func @heads(%h: tensor<4x16xf32>) -> tensor<2x8x2x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2, 3]] output_shape [2, 8, 2, 8] : tensor<16x16xf32> into tensor<2x8x2x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<2x8x2x8xf32>
  return %n : tensor<2x8x2x8xf32>
}

// -----

// Rows that are not counted, and norms in the ways of a branch.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @ragged(
// CHECK: scf.if
// CHECK: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<?x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0
// CHECK: tensor.expand_shape %[[G]] {{\[\[}}0, 1], [2]] output_shape [%{{.*}}, 3, 8]
// CHECK: norm.layer_norm %{{.*}} : tensor<?x8xf32>
func.func @ragged(%h: tensor<?x8xf32>, %s: index, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<?x3x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%s, 3, 8] : tensor<?x8xf32> into tensor<?x3x8xf32>
  %r = scf.if %c -> tensor<?x3x8xf32> {
    // expected-remark @+1 {{Passed}}
    %n = norm.rms_norm %e eps 1.0e-06 : tensor<?x3x8xf32>
    scf.yield %n : tensor<?x3x8xf32>
  } else {
    // expected-remark @+1 {{Passed}}
    %n = norm.layer_norm %e eps 1.0e-06 : tensor<?x3x8xf32>
    scf.yield %n : tensor<?x3x8xf32>
  }
  return %r : tensor<?x3x8xf32>
}

// -----

// Quantised rows, with a scale for each, and what they stand for.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @quantized(
// CHECK-SAME: %[[H:.*]]: tensor<4x16xf32>
// CHECK: %[[Q:.*]], %[[SC:.*]] = norm.norm_quantize rms %[[H]] axis 1 {{.*}} tensor<4x16xi8>, tensor<4x1xf32>
// CHECK-DAG: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-DAG: %[[GS:.*]] = dist.all_gather %[[SC]] dim 0
// CHECK-DAG: tensor.expand_shape %[[GQ]] {{\[\[}}0, 1], [2]] output_shape [2, 8, 16]
// CHECK-DAG: tensor.expand_shape %[[GS]] {{\[\[}}0, 1], [2]] output_shape [2, 8, 1]
func.func @quantized(%h: tensor<4x16xf32>) -> (tensor<2x8x16xi8>, tensor<2x8x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Passed}}
  %q, %s = norm.norm_quantize rms %e axis 2 eps 1.0e-06 quantize per_row : tensor<2x8x16xf32> -> tensor<2x8x16xi8>, tensor<2x8x1xf32>
  return %q, %s : tensor<2x8x16xi8>, tensor<2x8x1xf32>
}

// CHECK-LABEL: func @dequantized(
// CHECK: %[[Q:.*]], %[[SC:.*]] = norm.quantize %{{.*}} per_group 8 : tensor<4x16xf32> -> tensor<4x16xi8>, tensor<4x2xf32>
// CHECK: tensor.expand_shape %{{.*}} output_shape [2, 8, 16] : tensor<16x16xi8>
// CHECK: tensor.expand_shape %{{.*}} output_shape [2, 8, 2] : tensor<16x2xf32>
// CHECK: norm.dequantize %{{.*}} : tensor<2x8x16xi8>, tensor<2x8x2xf32> -> tensor<2x8x16xf32>
func.func @dequantized(%h: tensor<4x16xf32>) -> tensor<2x8x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Passed}}
  %q, %s = norm.quantize %e per_group 8 : tensor<2x8x16xf32> -> tensor<2x8x16xi8>, tensor<2x8x2xf32>
  %d = norm.dequantize %q, %s : tensor<2x8x16xi8>, tensor<2x8x2xf32> -> tensor<2x8x16xf32>
  return %d : tensor<2x8x16xf32>
}

// -----

// One scale of all rows is a maximum over them.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @quantized_per_tensor(
// CHECK: %[[E:.*]] = tensor.expand_shape
// CHECK: norm.quantize %[[E]] per_tensor
func.func @quantized_per_tensor(%h: tensor<4x16xf32>) -> (tensor<2x8x16xi8>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %q, %s = norm.quantize %e per_tensor : tensor<2x8x16xf32> -> tensor<2x8x16xi8>, tensor<f32>
  return %q, %s : tensor<2x8x16xi8>, tensor<f32>
}

// -----

// The whole sequence is normalised.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @group_is_normalised(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[E:.*]] = tensor.expand_shape %[[G]]
// CHECK: norm.rms_norm %[[E]] axis 1
func.func @group_is_normalised(%h: tensor<4x16xf32>) -> tensor<2x8x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %e axis 1 eps 1.0e-06 : tensor<2x8x16xf32>
  return %n : tensor<2x8x16xf32>
}

// -----

// What is between tells the rows of a sequence from each other: they are put in another
// order, or are summed up.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @not_of_rows(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[E:.*]] = tensor.expand_shape %[[G]]
// CHECK: linalg.transpose ins(%[[E]]
func.func @not_of_rows(%h: tensor<4x16xf32>) -> tensor<8x2x16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  %o = tensor.empty() : tensor<8x2x16xf32>
  %t = linalg.transpose ins(%e : tensor<2x8x16xf32>) outs(%o : tensor<8x2x16xf32>) permutation = [1, 0, 2]
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.rms_norm %t eps 1.0e-06 : tensor<8x2x16xf32>
  return %n : tensor<8x2x16xf32>
}

// -----

// Nothing is worth moving; or what is does not move: there the program stays as it is.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @stays(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: %[[E:.*]] = tensor.expand_shape %[[G]]
// CHECK: math.tanh %[[E]]
// CHECK: %[[S:.*]] = dist.all_gather %{{.*}} summing [tp]
// CHECK: %[[F:.*]] = tensor.expand_shape %[[S]]
// CHECK: norm.rms_norm %[[F]]
func.func @stays(%h: tensor<4x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  %t = math.tanh %e : tensor<2x8x16xf32>
  %s = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x16xf32> -> tensor<16x16xf32>
  %f = tensor.expand_shape %s [[0, 1], [2]] output_shape [2, 8, 16] : tensor<16x16xf32> into tensor<2x8x16xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %f eps 1.0e-06 : tensor<2x8x16xf32>
  return %t, %n : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}
