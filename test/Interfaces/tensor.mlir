// RUN: %commuter-opt %s --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-commute-norms | FileCheck %s

// REMARK-NOT: [Missed]

dist.mesh @mesh(dp = 4)

// Rows of heads: a rank's 8 tokens are 8 * 2 rows of the collapsed view, and
// the slices stay in one piece.
// CHECK-LABEL: func @collapse(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x2x8xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[H]] {{\[}}[0, 1], [2]] : tensor<4x2x8xf32> into tensor<8x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[C]] {{.*}} : tensor<8x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
func.func @collapse(%h: tensor<4x2x8xf32>) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
  %c = tensor.collapse_shape %g [[0, 1], [2]] : tensor<16x2x8xf32> into tensor<32x8xf32>
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

// Back again: the 8 rows of a rank are 4 whole tokens.
// CHECK-LABEL: func @expand(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<8x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[H]] {{\[}}[0, 1], [2]] output_shape [4, 2, 8] : tensor<8x8xf32> into tensor<4x2x8xf32>
// CHECK: %[[N:.*]] = norm.layer_norm %[[E]] axis 1 {{.*}} : tensor<4x2x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<16x2x8xf32>
func.func @expand(%h: tensor<8x8xf32>) -> tensor<16x2x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [16, 2, 8] : tensor<32x8xf32> into tensor<16x2x8xf32>
  %n = norm.layer_norm %e axis 1 eps 1.0e-06 : tensor<16x2x8xf32>
  return %n : tensor<16x2x8xf32>
}

// Dimensions of size 1 in front do not matter; nor does splitting another one.
// CHECK-LABEL: func @unit_dims(
// CHECK: %[[E:.*]] = tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2, 3]] output_shape [1, 4, 2, 4] : tensor<4x8xf32> into tensor<1x4x2x4xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[E]] {{.*}} : tensor<1x4x2x4xf32>
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[N]] {{\[}}[0, 1], [2, 3]] : tensor<1x4x2x4xf32> into tensor<4x8xf32>
// CHECK: dist.all_gather %[[C]] dim 0 over @mesh[dp]
func.func @unit_dims(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2, 3]] output_shape [1, 16, 2, 4] : tensor<16x8xf32> into tensor<1x16x2x4xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<1x16x2x4xf32>
  %c = tensor.collapse_shape %n [[0, 1], [2, 3]] : tensor<1x16x2x4xf32> into tensor<16x8xf32>
  return %c : tensor<16x8xf32>
}

// Ragged rows: the local extents are those of the rank's own rows.
// CHECK-LABEL: func @dynamic_expand(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: %[[D:.*]] = tensor.dim %[[H]], %{{.*}} : tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.expand_shape %[[H]] {{\[}}[0, 1], [2, 3]] output_shape [%[[D]], 1, 2, 4] : tensor<?x8xf32> into tensor<?x1x2x4xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[E]]
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp]
func.func @dynamic_expand(%h: tensor<?x8xf32>, %d: index) -> tensor<?x1x2x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2, 3]] output_shape [%d, 1, 2, 4] : tensor<?x8xf32> into tensor<?x1x2x4xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<?x1x2x4xf32>
  return %n : tensor<?x1x2x4xf32>
}

// A part of every row; the dimension of size 1 that is dropped is another.
// CHECK-LABEL: func @extract_slice(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x3x8xf32>
// CHECK: %[[E:.*]] = tensor.extract_slice %[[H]][0, 1, 2] [4, 1, 4] [1, 1, 1] : tensor<4x3x8xf32> to tensor<4x4xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[E]] {{.*}} : tensor<4x4xf32>
// CHECK: dist.all_gather %[[N]] dim 0
func.func @extract_slice(%h: tensor<4x3x8xf32>) -> tensor<16x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x3x8xf32> -> tensor<16x3x8xf32>
  %e = tensor.extract_slice %g[0, 1, 2] [16, 1, 4] [1, 1, 1] : tensor<16x3x8xf32> to tensor<16x4xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x4xf32>
  return %n : tensor<16x4xf32>
}

// The size is that of the source, by its own word.
// CHECK-LABEL: func @dynamic_extract_slice(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: dist.exchange_extents
// CHECK: %[[D:.*]] = tensor.dim %[[H]], %{{.*}} : tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.extract_slice %[[H]][0, 0] [%[[D]], 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
// CHECK: norm.rms_norm %[[E]]
func.func @dynamic_extract_slice(%h: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %d = tensor.dim %g, %c0 : tensor<?x8xf32>
  %e = tensor.extract_slice %g[0, 0] [%d, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<?x4xf32>
  return %n : tensor<?x4xf32>
}

// Into a tensor that is known by its shape, and into a replicated one.
// CHECK-LABEL: func @insert_slice(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x4xf32>, %[[R:[a-z0-9]*]]: tensor<16x8xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[R]] dim 0
// CHECK: %[[A:.*]] = tensor.insert_slice %[[H]] into %[[L]][0, 4] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<4x8xf32>
// CHECK: norm.rms_norm %[[A]] {{.*}} : tensor<4x8xf32>
func.func @insert_slice(%h: tensor<4x4xf32>, %r: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %a = tensor.insert_slice %g into %r[0, 4] [16, 4] [1, 1] : tensor<16x4xf32> into tensor<16x8xf32>
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  %c = arith.truncf %n : tensor<16x8xf32> to tensor<16x8xbf16>
  return %c : tensor<16x8xbf16>
}

// CHECK-LABEL: func @pad_concat(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x3xbf16>
// CHECK: %[[P:.*]] = tensor.pad %[[H]] low[0, 1] high[0, 0]
// CHECK: tensor.yield %{{.*}} : bf16
// CHECK-NEXT: } : tensor<4x3xbf16> to tensor<4x4xbf16>
// CHECK: %[[S:.*]] = tensor.splat %{{.*}} : tensor<4x4xbf16>
// CHECK: %[[C:.*]] = tensor.concat dim(1) %[[P]], %[[S]] : (tensor<4x4xbf16>, tensor<4x4xbf16>) -> tensor<4x8xbf16>
// CHECK: %[[N:.*]] = norm.rms_norm %[[C]]
// CHECK: tensor.bitcast {{.*}} : tensor<4x4xbf16> to tensor<4x4xi16>
func.func @pad_concat(%h: tensor<4x3xbf16>) -> tensor<16x3xi16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x3xbf16> -> tensor<16x3xbf16>
  %z = arith.constant 0.0 : bf16
  %p = tensor.pad %g low[0, 1] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %z : bf16
  } : tensor<16x3xbf16> to tensor<16x4xbf16>
  %s = tensor.splat %z : tensor<16x4xbf16>
  %c = tensor.concat dim(1) %p, %s : (tensor<16x4xbf16>, tensor<16x4xbf16>) -> tensor<16x8xbf16>
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<16x8xbf16>
  %e = tensor.extract_slice %n[0, 0] [16, 4] [1, 1] : tensor<16x8xbf16> to tensor<16x4xbf16>
  %b = tensor.bitcast %e : tensor<16x4xbf16> to tensor<16x4xi16>
  %f = tensor.extract_slice %b[0, 0] [16, 3] [1, 1] : tensor<16x4xi16> to tensor<16x3xi16>
  return %f : tensor<16x3xi16>
}

// The rows of a table that some ids name, whatever the other ids are; and a column of
// rows, which is less than the ids are.
// CHECK-LABEL: func @embedding(
// CHECK-SAME: %[[I:[a-z0-9]*]]: tensor<4x1xi64>, %[[T:[a-z0-9]*]]: tensor<100x8xf32>
// CHECK-NEXT: %[[E:.*]] = tensor.gather %[[T]][%[[I]]] gather_dims([0]) : (tensor<100x8xf32>, tensor<4x1xi64>) -> tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[E]]
// CHECK: %[[C:.*]] = tensor.gather %[[N]][%{{.*}}] gather_dims([1]) : (tensor<4x8xf32>, tensor<1x1xindex>) -> tensor<1x4x1xf32>
// CHECK-NEXT: dist.all_gather %[[C]] dim 1 over @mesh[dp] : tensor<1x4x1xf32> -> tensor<1x16x1xf32>
func.func @embedding(%ids: tensor<4x1xi64>, %table: tensor<100x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<1x16x1xf32> {
  %g = dist.all_gather %ids dim 0 over @mesh[dp] : tensor<4x1xi64> -> tensor<16x1xi64>
  %e = tensor.gather %table[%g] gather_dims([0]) : (tensor<100x8xf32>, tensor<16x1xi64>) -> tensor<16x8xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<16x8xf32>
  %columns = arith.constant dense<3> : tensor<1x1xindex>
  %c = tensor.gather %n[%columns] gather_dims([1]) : (tensor<16x8xf32>, tensor<1x1xindex>) -> tensor<1x16x1xf32>
  return %c : tensor<1x16x1xf32>
}

// A cast only loses what is known of the shape; the parts keep theirs.
// CHECK-LABEL: func @cast(
// CHECK: %[[C:.*]] = tensor.cast %{{.*}} : tensor<4x8xf32> to tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[C]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<?x8xf32>
func.func @cast(%h: tensor<4x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %c = tensor.cast %g : tensor<16x8xf32> to tensor<?x8xf32>
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// Constants are made anew, also where only the rank knows how many rows it has;
// scalar operands of a splat stay.
// CHECK-LABEL: func @known_by_shape(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<4xindex> {{.*}}, %[[S:[a-z0-9]*]]: f32
// CHECK: %[[D:.*]] = tensor.dim %[[H]]
// CHECK: %[[ONE:.*]] = arith.constant 1.0
// CHECK: %[[ONES:.*]] = tensor.splat %[[ONE]][%[[D]]] : tensor<?x8xf32>
// CHECK: arith.addf %[[H]], %[[ONES]] : tensor<?x8xf32>
// CHECK: tensor.splat %[[S]][%{{.*}}] : tensor<?x8xf32>
// CHECK: norm.rms_norm
func.func @known_by_shape(%h: tensor<?x8xf32>, %c: tensor<4xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %s: f32 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<16x8xf32>
  %ones = arith.constant dense<1.0> : tensor<16x8xf32>
  %a = arith.addf %g, %ones : tensor<16x8xf32>
  %t = tensor.splat %s : tensor<16x8xf32>
  %m = arith.mulf %a, %t : tensor<16x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
