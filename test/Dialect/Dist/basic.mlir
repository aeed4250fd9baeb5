// RUN: %commuter-opt %s | %commuter-opt | FileCheck %s

// CHECK: dist.mesh @mesh(dp = 4, attn_tp = 2)
dist.mesh @mesh(dp = 4, attn_tp = 2)
// CHECK: dist.mesh @open(dp = ?, tp = 2)
dist.mesh @open(dp = ?, tp = 2)

// CHECK-LABEL: func @shardings(
// CHECK-SAME: {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}
// CHECK-SAME: {dist.sharding = #dist.sharding<@mesh, [{dp, attn_tp}, {}]>}
// CHECK-SAME: -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>})
func.func @shardings(%a: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                     %b: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, attn_tp}, {}]>})
    -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>}) {
  // CHECK: dist.assert_sharding %{{.*}} <@mesh, [{dp}, {}], unreduced {attn_tp}> : tensor<4x8xf32>
  %0 = dist.assert_sharding %b <@mesh, [{dp}, {}], unreduced {attn_tp}> : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func @collectives(
func.func @collectives(%x: tensor<32x8xbf16>) {
  // CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<32x8xbf16> -> tensor<128x8xbf16>
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<32x8xbf16> -> tensor<128x8xbf16>
  // CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] summing [attn_tp] : tensor<32x8xbf16> -> tensor<128x8xbf16>
  %1 = dist.all_gather %x dim 0 over @mesh[dp] summing [attn_tp] : tensor<32x8xbf16> -> tensor<128x8xbf16>
  // CHECK: dist.all_gather %{{.*}} dim 1 over @mesh[dp, attn_tp] : tensor<32x8xbf16> -> tensor<32x64xbf16>
  %2 = dist.all_gather %x dim 1 over @mesh[dp, attn_tp] : tensor<32x8xbf16> -> tensor<32x64xbf16>
  // CHECK: dist.all_reduce %{{.*}} sum over @mesh[attn_tp] : tensor<32x8xbf16>
  %3 = dist.all_reduce %x sum over @mesh[attn_tp] : tensor<32x8xbf16>
  // CHECK: dist.all_reduce %{{.*}} max over @mesh[attn_tp] : tensor<32x8xbf16>
  %4 = dist.all_reduce %x max over @mesh[attn_tp] : tensor<32x8xbf16>
  // CHECK: dist.reduce_scatter %{{.*}} sum dim 0 over @mesh[attn_tp] : tensor<32x8xbf16> -> tensor<16x8xbf16>
  %5 = dist.reduce_scatter %x sum dim 0 over @mesh[attn_tp] : tensor<32x8xbf16> -> tensor<16x8xbf16>
  // CHECK: dist.all_slice %{{.*}} dim 0 over @mesh[dp] : tensor<128x8xbf16> -> tensor<32x8xbf16>
  %6 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<128x8xbf16> -> tensor<32x8xbf16>
  // CHECK: dist.all_to_all %{{.*}} split 1 concat 0 over @mesh[attn_tp] : tensor<32x8xbf16> -> tensor<64x4xbf16>
  %7 = dist.all_to_all %x split 1 concat 0 over @mesh[attn_tp] : tensor<32x8xbf16> -> tensor<64x4xbf16>
  // CHECK: dist.to_partial %{{.*}} over @mesh[attn_tp] : tensor<32x8xbf16>
  %8 = dist.to_partial %x over @mesh[attn_tp] : tensor<32x8xbf16>
  // CHECK: dist.axis_index @mesh[dp] : index
  %9 = dist.axis_index @mesh[dp] : index
  // CHECK: dist.axis_size @mesh[dp, attn_tp] : index
  %10 = dist.axis_size @mesh[dp, attn_tp] : index
  return
}

// CHECK-LABEL: func @ragged(
func.func @ragged(%x: tensor<?x8xf32>, %n: index) {
  // CHECK: %[[C:.*]] = dist.exchange_extents %{{.*}} over @mesh[dp] : tensor<4xindex>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<4xindex>
  // CHECK: dist.all_gather %{{.*}} dim 0 extents %[[C]] over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  %0 = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  // CHECK: dist.all_slice %{{.*}} dim 0 extents %[[C]] over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  %1 = dist.all_slice %0 dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  return
}

// CHECK-LABEL: func @buffers(
func.func @buffers(%x: memref<4x8xf32>, %y: memref<16x8xf32>, %e: memref<4xindex>, %n: index) {
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %{{.*}} over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  dist.all_gather_into %x, %y dim 0 extents %e over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  // CHECK: dist.all_gather_into %[[X:.*]], %[[Y:.*]] dim 0, %[[X]], %[[Y]] dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4x8xf32>, memref<16x8xf32>
  dist.all_gather_into %x, %y dim 0, %x, %y dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %[[E:.*]], %{{.*}}, %{{.*}} dim 0 extents %[[E]] over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>, memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  dist.all_gather_into %x, %y dim 0 extents %e, %x, %y dim 0 extents %e over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>, memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  // CHECK: dist.all_reduce_into %{{.*}}, %{{.*}} sum over @mesh[dp] : memref<4x8xf32>, memref<4x8xf32>
  dist.all_reduce_into %x, %x sum over @mesh[dp] : memref<4x8xf32>, memref<4x8xf32>
  // CHECK: dist.reduce_scatter_into %{{.*}}, %{{.*}} sum dim 0 over @mesh[dp]
  dist.reduce_scatter_into %y, %x sum dim 0 over @mesh[dp] : memref<16x8xf32>, memref<4x8xf32>
  // CHECK: dist.all_to_all_into %{{.*}}, %{{.*}} split 1 concat 0 over @mesh[dp]
  dist.all_to_all_into %x, %y split 1 concat 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.to_partial_into %{{.*}}, %{{.*}} over @mesh[dp]
  dist.to_partial_into %x, %x over @mesh[dp] : memref<4x8xf32>, memref<4x8xf32>
  // CHECK: dist.exchange_extents_into %{{.*}}, %{{.*}} over @mesh[dp] : memref<4xindex>
  dist.exchange_extents_into %n, %e over @mesh[dp] : memref<4xindex>
  // CHECK: dist.shard_bounds %{{.*}} expects %{{.*}} extents %{{.*}} : memref<4xindex> over @mesh[dp]
  %o, %s = dist.shard_bounds %n expects %n extents %e : memref<4xindex> over @mesh[dp]
  return
}
