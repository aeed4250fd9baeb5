// RUN: %commuter-opt %s --norm-to-linalg | FileCheck %s
// RUN: %commuter-opt %s --norm-to-linalg | FileCheck %s --check-prefix=NONE

// NONE-NOT: norm.

// CHECK-DAG: #[[$ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-DAG: #[[$COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$ID:.*]] = affine_map<(d0) -> (d0)>
// CHECK-DAG: #[[$ALL3:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[$ROW3:.*]] = affine_map<(d0, d1, d2) -> (d0)>
// CHECK-DAG: #[[$COLUMNS3:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// One sum, a factor of each row, and one rounding of the result.
// CHECK-LABEL: func @rms_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xbf16>, %[[W:.*]]: tensor<8xf32>)
// CHECK-DAG: %[[N:.*]] = arith.constant 8.000000e+00 : f32
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[$ALL]], #[[$ROW]]], iterator_types = ["parallel", "reduction"]} ins(%[[X]] : tensor<4x8xbf16>) outs(%[[ZERO]] : tensor<4xf32>)
// CHECK-NEXT: ^bb0(%[[E:.*]]: bf16, %[[S:.*]]: f32):
// CHECK-NEXT: %[[F:.*]] = arith.extf %[[E]]
// CHECK-NEXT: %[[SQ:.*]] = arith.mulf %[[F]], %[[F]]
// CHECK-NEXT: %[[A:.*]] = arith.addf %[[S]], %[[SQ]]
// CHECK-NEXT: linalg.yield %[[A]]
// CHECK: %[[FACTOR:.*]] = linalg.generic {indexing_maps = [#[[$ID]], #[[$ID]]], iterator_types = ["parallel"]} ins(%[[SUM]] : tensor<4xf32>)
// CHECK: %[[MEAN:.*]] = arith.divf %{{.*}}, %[[N]]
// CHECK: arith.addf %[[MEAN]],
// CHECK: math.sqrt
// CHECK: arith.divf
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[$ALL]], #[[$ROW]], #[[$COLUMN]], #[[$ALL]]], iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[FACTOR]], %[[W]] : {{.*}}) outs(%{{.*}} : tensor<4x8xbf16>)
// CHECK: ^bb0(%[[E:.*]]: bf16, %[[FE:.*]]: f32, %[[WE:.*]]: f32, %{{.*}}: bf16):
// CHECK-NEXT: %[[F:.*]] = arith.extf %[[E]]
// CHECK-NEXT: %[[P:.*]] = arith.mulf %[[F]], %[[FE]]
// CHECK: %[[O:.*]] = arith.addf %[[WE]], %{{.*}}
// CHECK-NEXT: %[[Q:.*]] = arith.mulf %[[P]], %[[O]]
// CHECK-NEXT: %[[R:.*]] = arith.truncf %[[Q]] : f32 to bf16
// CHECK-NEXT: linalg.yield %[[R]]
// CHECK: return %[[Y]]
func.func @rms_norm(%x: tensor<4x8xbf16>, %w: tensor<8xf32>) -> tensor<4x8xbf16> {
  %y = norm.rms_norm %x scale %w offset 1.0 eps 1.0e-06 : tensor<4x8xbf16>, tensor<8xf32>
  return %y : tensor<4x8xbf16>
}

// Several normalised dimensions; the sum of the deviations beside that of their
// squares.
// CHECK-LABEL: func @layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x2x8xf32>, %[[W:.*]]: tensor<2x8xf32>, %[[B:.*]]: tensor<2x8xf32>)
// CHECK-DAG: arith.constant 1.600000e+01 : f32
// CHECK: %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[$ALL3]], #[[$ROW3]]], iterator_types = ["parallel", "reduction", "reduction"]} ins(%[[X]] :
// CHECK: %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]] :
// CHECK: %[[SUMS:.*]]:2 = linalg.generic {indexing_maps = [#[[$ALL3]], #[[$ROW3]], #[[$ROW3]], #[[$ROW3]]], iterator_types = ["parallel", "reduction", "reduction"]} ins(%[[X]], %[[MEAN]] :
// CHECK: %[[FACTOR:.*]]:2 = linalg.generic {{.*}} ins(%[[SUMS]]#0, %[[SUMS]]#1 :
// CHECK: arith.maximumf
// CHECK: math.sqrt
// CHECK: %[[Y:.*]] = linalg.generic {indexing_maps = [#[[$ALL3]], #[[$ROW3]], #[[$ROW3]], #[[$ROW3]], #[[$COLUMNS3]], #[[$COLUMNS3]], #[[$ALL3]]], {{.*}} ins(%[[X]], %[[MEAN]], %[[FACTOR]]#0, %[[FACTOR]]#1, %[[W]], %[[B]] :
// CHECK: return %[[Y]]
func.func @layer_norm(%x: tensor<4x2x8xf32>, %w: tensor<2x8xf32>, %b: tensor<2x8xf32>) -> tensor<4x2x8xf32> {
  %y = norm.layer_norm %x scale %w bias %b axis 1 eps 1.0e-05 : tensor<4x2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>
  return %y : tensor<4x2x8xf32>
}

// The sum is the new residual. Sizes that are not static are asked for.
// CHECK-LABEL: func @residual(
// CHECK-SAME: %[[X:.*]]: tensor<?x?xf64>, %[[R:.*]]: tensor<?x?xf64>)
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[R]] : tensor<?x?xf64>
// CHECK: %[[N:.*]] = tensor.dim %[[S]], %{{.*}}
// CHECK: arith.index_cast %[[N]] : index to i64
// CHECK: arith.sitofp {{.*}} : i64 to f64
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x?xf64>)
// CHECK: return %[[S]], %[[Y]]
func.func @residual(%x: tensor<?x?xf64>, %r: tensor<?x?xf64>) -> (tensor<?x?xf64>, tensor<?x?xf64>) {
  %s, %y = norm.add_rms_norm %x, %r eps 1.0e-06 : tensor<?x?xf64>
  return %s, %y : tensor<?x?xf64>, tensor<?x?xf64>
}

// A maximum of each group, its scale, and the codes.
// CHECK-LABEL: func @quantize(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf16>)
// CHECK: %[[G:.*]] = tensor.expand_shape %[[X]] {{\[\[}}0], [1, 2]] output_shape [4, 2, 4]
// CHECK: %[[M:.*]] = linalg.generic {{.*}}"reduction"]} ins(%[[G]] : tensor<4x2x4xf16>) outs(%{{.*}} : tensor<4x2xf32>)
// CHECK: math.absf
// CHECK-NEXT: arith.maximumf
// CHECK: %[[SC:.*]] = linalg.generic {{.*}} ins(%[[M]] :
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} ins(%[[G]], %[[SC]] : {{.*}}) outs(%{{.*}} : tensor<4x2x4xi8>)
// CHECK: math.roundeven
// CHECK-NEXT: arith.fptosi
// CHECK: %[[C:.*]] = tensor.collapse_shape %[[Q]]
// CHECK: return %[[C]], %[[SC]]
func.func @quantize(%x: tensor<4x8xf16>) -> (tensor<4x8xi8>, tensor<4x2xf32>) {
  %q, %s = norm.quantize %x per_group 4 : tensor<4x8xf16> -> tensor<4x8xi8>, tensor<4x2xf32>
  return %q, %s : tensor<4x8xi8>, tensor<4x2xf32>
}

// Neither number nor length of the groups is known: scales are looked up.
// CHECK-LABEL: func @dequantize(
// CHECK-SAME: %[[Q:.*]]: tensor<?x?xf8E4M3FN>, %[[SC:.*]]: tensor<?x?xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[Q]] :
// CHECK: tensor.extract %[[SC]]
func.func @dequantize(%q: tensor<?x?xf8E4M3FN>, %s: tensor<?x?xf32>) -> tensor<?x?xbf16> {
  %x = norm.dequantize %q, %s : tensor<?x?xf8E4M3FN>, tensor<?x?xf32> -> tensor<?x?xbf16>
  return %x : tensor<?x?xbf16>
}

// CHECK-LABEL: func @norm_quantize(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[F:.*]]: tensor<f32>)
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[X]]
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xf32>)
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} ins(%[[Y]], %[[F]] :
// CHECK: return %[[S]], %[[Q]]
func.func @norm_quantize(%x: tensor<4x8xf32>, %f: tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xf8E5M2>) {
  %s, %q = norm.norm_quantize layer %x add %x axis 1 eps 1.0e-06 quantize static %f
    : tensor<4x8xf32> add tensor<4x8xf32> static tensor<f32> -> sum tensor<4x8xf32>, tensor<4x8xf8E5M2>
  return %s, %q : tensor<4x8xf32>, tensor<4x8xf8E5M2>
}

// A size that the result's type does not tell.
// CHECK-LABEL: func @types(
// CHECK: %[[C:.*]] = tensor.collapse_shape {{.*}} : tensor<?x1x8xf8E4M3FN> into tensor<?x8xf8E4M3FN>
// CHECK: %[[Q:.*]] = tensor.cast %[[C]] : tensor<?x8xf8E4M3FN> to tensor<?x?xf8E4M3FN>
// CHECK: return %[[Q]]
func.func @types(%x: tensor<?x8xf32>) -> tensor<?x?xf8E4M3FN> {
  %q, %s = norm.quantize %x per_row : tensor<?x8xf32> -> tensor<?x?xf8E4M3FN>, tensor<?x1xf32>
  return %q : tensor<?x?xf8E4M3FN>
}
