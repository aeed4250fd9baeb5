// RUN: %commuter-opt %s --dist-commute-norms=complete-sums | FileCheck %s --check-prefix=SUMS
// RUN: %commuter-opt %s --dist-commute-norms=allow-extra-gather | FileCheck %s --check-prefix=EXTRA

dist.mesh @mesh(dp = 4, tp = 2)

// SUMS-LABEL: func @sums(
// SUMS-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// SUMS: %[[S:.*]] = dist.all_reduce %[[H]] sum over @mesh[tp] : tensor<4x8xf32>
// SUMS: %[[N:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
// SUMS: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
// SUMS: return %[[G]], %[[S]]
// EXTRA-LABEL: func @sums(
// EXTRA: dist.all_gather {{.*}} summing [tp]
func.func @sums(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> (tensor<16x8xf32>, tensor<4x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %r = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  return %n, %r : tensor<16x8xf32>, tensor<4x8xf32>
}

// EXTRA-LABEL: func @extra(
// EXTRA-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// EXTRA-DAG: %[[G:.*]] = dist.all_gather %[[H]]
// EXTRA-DAG: %[[L:.*]] = norm.rms_norm %[[H]]
// EXTRA-DAG: %[[N:.*]] = dist.all_gather %[[L]]
// EXTRA: return %[[G]], %[[N]]
// SUMS-LABEL: func @extra(
// SUMS: norm.rms_norm {{.*}} : tensor<16x8xf32>
func.func @extra(%h: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %g, %n : tensor<16x8xf32>, tensor<16x8xf32>
}

// Extents that are gathered themselves stay whole, whatever else is made of them.
// EXTRA-LABEL: func @gathered_extents(
// EXTRA: %[[C:.*]] = dist.all_gather %{{.*}} : tensor<1xindex> -> tensor<4xindex>
// EXTRA: %[[X:.*]] = arith.muli %[[C]]
// EXTRA: %[[M:.*]] = norm.rms_norm %{{.*}} : tensor<1x1xf32>
// EXTRA: dist.all_gather %[[M]]
// EXTRA: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<?x8xf32>
// EXTRA: dist.all_gather %[[N]] dim 0 extents %[[X]]
func.func @gathered_extents(%h: tensor<?x8xf32>, %d: index) -> (tensor<?x8xf32>, tensor<4x1xf32>) {
  %l = tensor.from_elements %d : tensor<1xindex>
  %c = dist.all_gather %l dim 0 over @mesh[dp] : tensor<1xindex> -> tensor<4xindex>
  %three = arith.constant dense<3> : tensor<4xindex>
  %c3 = arith.muli %c, %three : tensor<4xindex>
  %i = arith.index_cast %c3 : tensor<4xindex> to tensor<4xi32>
  %f = arith.sitofp %i : tensor<4xi32> to tensor<4xf32>
  %e = tensor.expand_shape %f [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
  %m = norm.rms_norm %e eps 1.0e-06 : tensor<4x1xf32>
  %g = dist.all_gather %h dim 0 extents %c3 over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %n, %m : tensor<?x8xf32>, tensor<4x1xf32>
}
