// RUN: %commuter-opt %s --dist-split-all-reduce=pad-rows --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// 5 rows are 3 and 2: a row of zeros is summed behind them, and dropped. The residual
// and the gather have no padding.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @padded(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<5x8xf32>, %[[R:[a-z0-9]*]]: tensor<5x8xf32>
// CHECK: %[[C:.*]] = arith.constant dense<[3, 2]> : tensor<2xindex>
// CHECK: %[[Z:.*]] = arith.constant 0.0{{.*}} : f32
// CHECK: %[[P:.*]] = tensor.pad %[[H]] low[0, 0] high[1, 0]
// CHECK: tensor.yield %[[Z]]
// CHECK: tensor<5x8xf32> to tensor<6x8xf32>
// CHECK: %[[S:.*]] = dist.reduce_scatter %[[P]] sum dim 0 over @mesh[tp] : tensor<6x8xf32> -> tensor<3x8xf32>
// CHECK: %[[I:.*]] = dist.axis_index @mesh[tp]
// CHECK: %[[N:.*]] = tensor.extract %[[C]][%[[I]]]
// CHECK: %[[O:.*]] = tensor.extract_slice %[[S]][0, 0] [%[[N]], 8] [1, 1] : tensor<3x8xf32> to tensor<?x8xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[R]] dim 0 extents %[[C]] over @mesh[tp] : tensor<5x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
// CHECK: %[[A:.*]] = arith.addf %[[O]], %[[L]] : tensor<?x8xf32>
// CHECK: %[[Y:.*]] = norm.rms_norm %[[A]] {{.*}} : tensor<?x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 extents %[[C]] over @mesh[tp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<5x8xf32>
// CHECK: return %[[G]]
func.func @padded(%h: tensor<5x8xf32>, %r: tensor<5x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<5x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<5x8xf32>
  %a = arith.addf %s, %r : tensor<5x8xf32>
  // expected-remark @+1 {{Passed}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<5x8xf32>
  return %n : tensor<5x8xf32>
}

// -----

// The sum is needed whole: nothing is left of the padding.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @joined(
// CHECK-NEXT: %[[S:.*]] = dist.all_reduce %{{.*}} sum over @mesh[tp] : tensor<5x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<5x8xf32>
// CHECK-NEXT: return %[[S]], %[[N]]
func.func @joined(%h: tensor<5x8xf32>) -> (tensor<5x8xf32>, tensor<5x8xf32>) {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<5x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<5x8xf32>
  return %s, %n : tensor<5x8xf32>, tensor<5x8xf32>
}

// -----

// One row does not split.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @one_row(
// CHECK: dist.all_reduce
func.func @one_row(%h: tensor<1x8xf32>) -> tensor<1x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<1x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<1x8xf32>
  return %n : tensor<1x8xf32>
}

// -----

// Nothing to compute, and nowhere for a part to be: a dimension has size 0.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @no_elements(
// CHECK: dist.all_reduce
func.func @no_elements(%h: tensor<5x0xf32>) -> tensor<5x0xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<5x0xf32>
  // expected-remark @+1 {{Reason=not-profitable}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<5x0xf32>
  return %n : tensor<5x0xf32>
}

// -----

// With padding there would be 2^63 rows.
dist.mesh @mesh(tp = 2)
// CHECK-LABEL: func @too_many_rows(
// CHECK: dist.all_reduce
func.func @too_many_rows(%h: tensor<9223372036854775807x1xf32>) -> tensor<9223372036854775807x1xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<9223372036854775807x1xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<9223372036854775807x1xf32>
  return %n : tensor<9223372036854775807x1xf32>
}
