// Another compiler's op, made movable by the model in test/lib/OtherModels.cpp: in
// our tool, and in the stock one with our plugin.

// The stock tool comes without a sanitizer's runtime.
// UNSUPPORTED: sanitizer
// RUN: %commuter-opt %s --load-dialect-plugin=%commuter-test-plugin --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %mlir-opt %s --load-dialect-plugin=%commuter-plugin --load-dialect-plugin=%commuter-test-plugin --load-pass-plugin=%commuter-plugin --pass-pipeline="builtin.module(dist-commute-norms)" --split-input-file | FileCheck %s

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @moves(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[T:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[Y:.*]] = other.rowwise %[[H]], %[[T]] rows 4 : tensor<4x8xf32>, tensor<8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK: return %[[G]]
func.func @moves(%h: tensor<4x8xf32>, %t: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{[Passed] dist-commute-norms | Category:dist | Function=moves | Remark="moved in front of the gather", bytes-after=384, bytes-before=384, rows-after=4, rows-before=16}}
  %y = other.rowwise %g, %t rows 16 : tensor<16x8xf32>, tensor<8xf32>
  return %y : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @along_rows(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: other.rowwise %[[G]]
func.func @along_rows(%h: tensor<16x2xf32>, %t: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<16x2xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=not-row-wise}}
  %y = other.rowwise %g, %t rows 16 : tensor<16x8xf32>, tensor<8xf32>
  return %y : tensor<16x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @varying_table(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: other.rowwise %[[G]]
func.func @varying_table(%h: tensor<4x8xf32>, %t: tensor<8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %y = other.rowwise %g, %t rows 16 : tensor<16x8xf32>, tensor<8xf32>
  return %y : tensor<16x8xf32>
}

// -----

// The whole is static, the parts are not.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @ragged(
// CHECK: %[[Y:.*]] = other.rowwise %{{.*}}, %{{.*}} rows -1 : tensor<?x8xf32>, tensor<8xf32>
// CHECK: dist.all_gather %[[Y]] dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<16x8xf32>
func.func @ragged(%h: tensor<?x8xf32>, %t: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Passed}}
  %y = other.rowwise %g, %t rows 16 : tensor<16x8xf32>, tensor<8xf32>
  return %y : tensor<16x8xf32>
}
