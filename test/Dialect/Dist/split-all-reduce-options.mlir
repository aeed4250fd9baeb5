// RUN: %commuter-opt %s --dist-split-all-reduce | FileCheck %s --check-prefixes=CHECK,DEFAULT,WHOLE
// RUN: %commuter-opt %s --dist-split-all-reduce=allow-extra-gather | FileCheck %s --check-prefixes=CHECK,EXTRA,BOTH
// RUN: %commuter-opt %s --dist-split-all-reduce=min-rows=9 | FileCheck %s --check-prefixes=CHECK,MIN9
// RUN: %commuter-opt %s --commuter-optimize=split-all-reduce | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: %commuter-opt %s --commuter-optimize='split-all-reduce allow-extra-gather' | FileCheck %s --check-prefixes=CHECK,EXTRA
// RUN: %commuter-opt %s --commuter-optimize='split-all-reduce min-rows=9' | FileCheck %s --check-prefixes=CHECK,MIN9
// RUN: %commuter-opt %s --commuter-optimize | FileCheck %s --implicit-check-not=dist.reduce_scatter --check-prefix=OFF

// There are no fewer rows than none.
// RUN: not %commuter-opt %s --dist-split-all-reduce=min-rows=-5 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not %commuter-opt %s --commuter-optimize='split-all-reduce min-rows=-5' 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// NEGATIVE: min-rows option: '-5' value invalid

// OFF: dist.mesh
dist.mesh @mesh(dp = 4, tp = 2)

// 8 rows.
// CHECK-LABEL: func @rows_8(
// DEFAULT: dist.reduce_scatter
// EXTRA: dist.reduce_scatter
// MIN9: dist.all_reduce
func.func @rows_8(%h: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x4xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x4xf32>
  return %n : tensor<8x4xf32>
}

// 2 x 6 rows.
// CHECK-LABEL: func @rows_12(
// CHECK: dist.reduce_scatter
func.func @rows_12(%h: tensor<2x6x4xf32>) -> tensor<2x6x4xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<2x6x4xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<2x6x4xf32>
  return %n : tensor<2x6x4xf32>
}

// 2^64 rows: more than are counted, and than any threshold.
// CHECK-LABEL: func @rows_2_64(
// CHECK: dist.reduce_scatter
func.func @rows_2_64(%h: tensor<4294967296x4294967296x4xf32>) -> tensor<4294967296x4294967296x4xf32> {
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<4294967296x4294967296x4xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<4294967296x4294967296x4xf32>
  return %n : tensor<4294967296x4294967296x4xf32>
}

// What a gather sums is judged by the rows that it gathers.
// CHECK-LABEL: func @rows_16(
// CHECK: dist.reduce_scatter
// CHECK: dist.all_gather {{.*}} over @mesh[dp, tp] : tensor<2x4xf32> -> tensor<16x4xf32>
func.func @rows_16(%h: tensor<4x4xf32>) -> tensor<16x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x4xf32>
  return %n : tensor<16x4xf32>
}

// The stream is needed whole at its end: in the place of the last norm's input
// it is gathered, or both are.
// CHECK-LABEL: func @end_of_stream(
// WHOLE: dist.reduce_scatter
// WHOLE: norm.rms_norm {{.*}} : tensor<8x4xf32>
// WHOLE: %[[R:.*]] = dist.reduce_scatter
// WHOLE: %[[L:.*]] = arith.addf {{.*}}, %[[R]] : tensor<8x4xf32>
// WHOLE: %[[S:.*]] = dist.all_gather %[[L]]
// WHOLE: %[[N:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<16x4xf32>
// WHOLE: return %[[N]], %[[S]]
// BOTH: dist.reduce_scatter
// BOTH: %[[R:.*]] = dist.reduce_scatter
// BOTH: %[[L:.*]] = arith.addf {{.*}}, %[[R]] : tensor<8x4xf32>
// BOTH-DAG: %[[S:.*]] = dist.all_gather %[[L]]
// BOTH-DAG: %[[N:.*]] = norm.rms_norm %[[L]]
// BOTH-DAG: %[[G:.*]] = dist.all_gather %[[N]]
// BOTH: return %[[G]], %[[S]]
func.func @end_of_stream(%s0: tensor<16x4xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %h1: tensor<16x4xf32>) -> (tensor<16x4xf32>, tensor<16x4xf32>) {
  %r1 = dist.all_reduce %h1 sum over @mesh[tp] : tensor<16x4xf32>
  %s1 = arith.addf %s0, %r1 : tensor<16x4xf32>
  %n1 = norm.rms_norm %s1 eps 1.0e-06 : tensor<16x4xf32>
  %h2 = call @mlp(%n1) : (tensor<16x4xf32>) -> tensor<16x4xf32>
  %r2 = dist.all_reduce %h2 sum over @mesh[tp] : tensor<16x4xf32>
  %s2 = arith.addf %s1, %r2 : tensor<16x4xf32>
  %n2 = norm.rms_norm %s2 eps 1.0e-06 : tensor<16x4xf32>
  return %n2, %s2 : tensor<16x4xf32>, tensor<16x4xf32>
}
func.func private @mlp(tensor<16x4xf32>) -> tensor<16x4xf32>

// The rank's own rows are needed whole over tp. The sum is completed, and the
// norm runs on these rows; or on its part of them, which it takes from the sum.
// CHECK-LABEL: func @own_slice(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x4xf32>
// CHECK: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp] : tensor<4x4xf32>
// DEFAULT: %[[N:.*]] = norm.rms_norm %[[S]]
// DEFAULT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
// EXTRA: %[[L:.*]] = dist.all_slice %[[S]] dim 0 over @mesh[tp] : tensor<4x4xf32> -> tensor<2x4xf32>
// EXTRA: %[[N:.*]] = norm.rms_norm %[[L]]
// EXTRA: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp, tp] : tensor<2x4xf32> -> tensor<16x4xf32>
// DEFAULT: return %[[G]], %[[S]]
// EXTRA: return %[[G]], %[[S]]
func.func @own_slice(%h: tensor<4x4xf32>) -> (tensor<16x4xf32>, tensor<4x4xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x4xf32> -> tensor<16x4xf32>
  %r = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x4xf32> -> tensor<4x4xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x4xf32>
  return %n, %r : tensor<16x4xf32>, tensor<4x4xf32>
}
