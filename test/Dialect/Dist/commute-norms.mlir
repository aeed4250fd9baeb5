// RUN: %commuter-opt %s --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-commute-norms | FileCheck %s

dist.mesh @mesh(dp = 8, attn_tp = 1)
dist.mesh @grid(a = 2, b = 3)

// REMARK-NOT: [Missed]

// The main case, DP == TP: the sum over attn_tp is none, and the slice that
// takes the new residual back goes.
// REMARK: Function=deepseek {{.*}}bytes-after=12845056, bytes-before=12845056, rows-after=128, rows-before=1024
// CHECK-LABEL: func @deepseek(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<128x7168xbf16> {{.*}}, %[[R:[a-z0-9]*]]: tensor<128x7168xbf16> {{.*}}, %[[W:[a-z0-9]*]]: tensor<7168xbf16>
// CHECK: %[[S:.*]] = arith.addf
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]] scale %[[W]] eps {{.*}} : tensor<128x7168xbf16>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<128x7168xbf16> -> tensor<1024x7168xbf16>
// CHECK-NEXT: return %[[G]], %[[S]]
func.func @deepseek(%h: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>},
                    %r: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                    %w: tensor<7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<1024x7168xbf16>, tensor<128x7168xbf16>) {
  %p = dist.to_partial %r over @mesh[attn_tp] : tensor<128x7168xbf16>
  %s = arith.addf %h, %p : tensor<128x7168xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] summing [attn_tp] : tensor<128x7168xbf16> -> tensor<1024x7168xbf16>
  %r2 = dist.all_slice %g dim 0 over @mesh[dp] : tensor<1024x7168xbf16> -> tensor<128x7168xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<1024x7168xbf16>, tensor<7168xbf16>
  return %n, %r2 : tensor<1024x7168xbf16>, tensor<128x7168xbf16>
}

// Both gathered alike: two gathers before, two after, and fewer rows.
// CHECK-LABEL: func @residual_gathered_alike(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[R:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK: %[[S:.*]], %[[N:.*]] = norm.add_layer_norm %[[H]], %[[R]] scale
// CHECK-DAG: %[[GS:.*]] = dist.all_gather %[[S]] dim 0 over @mesh[dp]
// CHECK-DAG: %[[GN:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp]
// CHECK: return %[[GS]], %[[GN]]
func.func @residual_gathered_alike(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<32x8xf32>, tensor<32x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %gr = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %s, %n = norm.add_layer_norm %g, %gr scale %w bias %w eps 1.0e-05 : tensor<32x8xf32>, tensor<8xf32>, tensor<8xf32>
  return %s, %n : tensor<32x8xf32>, tensor<32x8xf32>
}

// A replicated residual is sliced, which costs no communication.
// CHECK-LABEL: func @residual_replicated(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[R:[a-z0-9]*]]: tensor<32x8xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[R]] dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<4x8xf32>
// CHECK: %[[S:.*]] = arith.addf %[[H]], %[[L]] : tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.layer_norm %[[S]]
// CHECK: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK: return %[[G]]
func.func @residual_replicated(%h: tensor<4x8xf32>, %r: tensor<32x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<32x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %s = arith.addf %g, %r : tensor<32x8xf32>
  %n = norm.layer_norm %s eps 1.0e-05 : tensor<32x8xf32>
  return %n : tensor<32x8xf32>
}

// The casts around the norm go along: the gather still moves bf16.
// CHECK-LABEL: func @casts(
// CHECK: arith.extf %{{.*}} : tensor<4x8xbf16> to tensor<4x8xf32>
// CHECK: norm.rms_norm %{{.*}} : tensor<4x8xf32>
// CHECK: %[[T:.*]] = arith.truncf %{{.*}} : tensor<4x8xf32> to tensor<4x8xbf16>
// CHECK: dist.all_gather %[[T]] {{.*}} : tensor<4x8xbf16> -> tensor<32x8xbf16>
func.func @casts(%h: tensor<4x8xbf16>) -> tensor<32x8xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<32x8xbf16>
  %e = arith.extf %g : tensor<32x8xbf16> to tensor<32x8xf32>
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<32x8xf32>
  %t = arith.truncf %n : tensor<32x8xf32> to tensor<32x8xbf16>
  return %t : tensor<32x8xbf16>
}

// CHECK-LABEL: func @several_axes(
// CHECK: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @grid[b, a] : tensor<4x8xf32> -> tensor<24x8xf32>
func.func @several_axes(%h: tensor<4x8xf32>) -> tensor<24x8xf32> {
  %g = dist.all_gather %h dim 0 over @grid[b, a] : tensor<4x8xf32> -> tensor<24x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<24x8xf32>
  return %n : tensor<24x8xf32>
}

// CHECK-LABEL: func @rank_3(
// CHECK: %[[N:.*]] = norm.layer_norm %{{.*}} : tensor<2x5x8xf16>
// CHECK: dist.all_gather %[[N]] dim 1 over @mesh[dp] : tensor<2x5x8xf16> -> tensor<2x40x8xf16>
func.func @rank_3(%h: tensor<2x5x8xf16>) -> tensor<2x40x8xf16> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<2x5x8xf16> -> tensor<2x40x8xf16>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<2x40x8xf16>
  return %n : tensor<2x40x8xf16>
}

// REMARK: Function=dynamic_rows {{.*}}bytes-after=?, bytes-before=?, rows-after=?, rows-before=?
// CHECK-LABEL: func @dynamic_rows(
// CHECK: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<?x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
func.func @dynamic_rows(%h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// A slice alike of ragged rows needs their extents as a value.
// CHECK-LABEL: func @ragged_residual_replicated(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: %[[D:.*]] = tensor.dim %[[H]]
// CHECK: %[[C:.*]] = dist.exchange_extents %[[D]] over @mesh[dp] : tensor<8xindex>
// CHECK: %[[L:.*]] = dist.all_slice %[[R]] dim 0 extents %[[C]] over @mesh[dp]
// CHECK: %[[S:.*]] = arith.addf %[[H]], %[[L]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK: dist.all_gather %[[N]] dim 0 extents %[[C]] over @mesh[dp]
func.func @ragged_residual_replicated(%h: tensor<?x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = arith.addf %g, %r : tensor<?x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// Two layers' boundaries: neither norm could move alone without one more gather,
// both together with the residual stream can.
// CHECK-LABEL: func @residual_stream(
// CHECK-COUNT-2: norm.rms_norm %{{.*}} : tensor<4x8xf32>
// CHECK-NOT: norm.rms_norm %{{.*}} : tensor<32x8xf32>
// CHECK: return
func.func @residual_stream(%s0: tensor<32x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %h1: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> tensor<32x8xf32> {
  %g1 = dist.all_gather %h1 dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %s1 = arith.addf %s0, %g1 : tensor<32x8xf32>
  %n1 = norm.rms_norm %s1 eps 1.0e-06 : tensor<32x8xf32>
  %h2 = call @mlp(%n1) : (tensor<32x8xf32>) -> tensor<4x8xf32>
  %g2 = dist.all_gather %h2 dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %s2 = arith.addf %s1, %g2 : tensor<32x8xf32>
  %n2 = norm.rms_norm %s2 eps 1.0e-06 : tensor<32x8xf32>
  return %n2 : tensor<32x8xf32>
}
func.func private @mlp(tensor<32x8xf32>) -> tensor<4x8xf32>

// More bytes than can be counted cost as much as the most, and are not told.
// REMARK: Function=huge {{.*}}bytes-after=?, bytes-before=?, rows-after=4611686018427387904, rows-before=?
// CHECK-LABEL: func @huge(
// CHECK: norm.rms_norm %{{.*}} : tensor<1099511627776x4194304x8xf32>
func.func @huge(%h: tensor<1099511627776x4194304x8xf32>) -> tensor<8796093022208x4194304x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<1099511627776x4194304x8xf32> -> tensor<8796093022208x4194304x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8796093022208x4194304x8xf32>
  return %n : tensor<8796093022208x4194304x8xf32>
}
