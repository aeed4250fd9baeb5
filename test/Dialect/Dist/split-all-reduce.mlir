// RUN: %commuter-opt %s --dist-split-all-reduce --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-split-all-reduce | FileCheck %s --implicit-check-not=dist.all_reduce

dist.mesh @mesh(dp = 4, tp = 2)

// REMARK-NOT: [Missed]

// REMARK: Function=single {{.*}}bytes-after=256, bytes-before=256, rows-after=4, rows-before=8
// CHECK-LABEL: func @single(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<8x16xbf16>, %[[W:[a-z0-9]*]]: tensor<16xbf16>
// CHECK-NEXT: %[[S:.*]] = dist.reduce_scatter %[[H]] sum dim 0 over @mesh[tp] {my.attribute} : tensor<8x16xbf16> -> tensor<4x16xbf16>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]] scale %[[W]] {{.*}} : tensor<4x16xbf16>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[tp] : tensor<4x16xbf16> -> tensor<8x16xbf16>
// CHECK-NEXT: return %[[G]]
func.func @single(%h: tensor<8x16xbf16>, %w: tensor<16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<8x16xbf16> {
  %s = dist.all_reduce %h sum over @mesh[tp] {my.attribute} : tensor<8x16xbf16>
  %n = norm.rms_norm %s scale %w eps 1.0e-06 : tensor<8x16xbf16>, tensor<16xbf16>
  return %n : tensor<8x16xbf16>
}

// Between the boundaries the residual stream stays in slices; casts and the
// quantisation go along.
// REMARK-COUNT-4: Function=stream {{.*}}bytes-after=1344, bytes-before=1536, rows-after=4, rows-before=8
// CHECK-LABEL: func @stream(
// CHECK-SAME: %[[S0:[a-z0-9]*]]: tensor<8x16xf32> {{.*}}, %[[H1:[a-z0-9]*]]: tensor<8x16xf32>, %[[Q:[a-z0-9]*]]: tensor<f32>
// CHECK: %[[R1:.*]] = dist.reduce_scatter %[[H1]] sum dim 0 over @mesh[tp]
// CHECK: %[[L0:.*]] = dist.all_slice %[[S0]] dim 0 over @mesh[tp]
// CHECK: %[[S1:.*]] = arith.addf %[[L0]], %[[R1]]
// CHECK: %[[N1:.*]] = norm.rms_norm %[[S1]]
// CHECK: %[[G1:.*]] = dist.all_gather %[[N1]] dim 0
// CHECK: %[[H2:.*]] = call @mlp(%[[G1]])
// CHECK: %[[R2:.*]] = dist.reduce_scatter %[[H2]] sum dim 0
// CHECK: %[[S2:.*]], %[[N2:.*]] = norm.add_rms_norm %[[S1]], %[[R2]]
// CHECK: %[[G2:.*]] = dist.all_gather %[[N2]] dim 0
// CHECK: %[[H3:.*]] = call @mlp(%[[G2]])
// CHECK: %[[R3:.*]] = dist.reduce_scatter %[[H3]] sum dim 0
// CHECK: %[[S3:.*]] = arith.addf %[[S2]], %[[R3]]
// CHECK: %[[N3:.*]] = norm.layer_norm %[[S3]] {{.*}} : tensor<4x16xf32>
// CHECK: %[[Q3:.*]] = norm.quantize %[[N3]] static %[[Q]]
// CHECK: %[[G3:.*]] = dist.all_gather %[[Q3]] dim 0 over @mesh[tp] : tensor<4x16xi8> -> tensor<8x16xi8>
// CHECK: return %[[G3]]
func.func @stream(%s0: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %h1: tensor<8x16xf32>, %q: tensor<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8x16xi8> {
  %r1 = dist.all_reduce %h1 sum over @mesh[tp] : tensor<8x16xf32>
  %s1 = arith.addf %s0, %r1 : tensor<8x16xf32>
  %n1 = norm.rms_norm %s1 eps 1.0e-06 : tensor<8x16xf32>
  %h2 = call @mlp(%n1) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %r2 = dist.all_reduce %h2 sum over @mesh[tp] : tensor<8x16xf32>
  %s2, %n2 = norm.add_rms_norm %s1, %r2 eps 1.0e-06 : tensor<8x16xf32>
  %h3 = call @mlp(%n2) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  %r3 = dist.all_reduce %h3 sum over @mesh[tp] : tensor<8x16xf32>
  %s3 = arith.addf %s2, %r3 : tensor<8x16xf32>
  %n3 = norm.layer_norm %s3 eps 1.0e-06 : tensor<8x16xf32>
  %q3 = norm.quantize %n3 static %q : tensor<8x16xf32>, tensor<f32> -> tensor<8x16xi8>
  return %q3 : tensor<8x16xi8>
}
func.func private @mlp(tensor<8x16xf32>) -> tensor<8x16xf32>

// Over the joint group: the summed axes are the minor ones.
// REMARK: Function=summing {{.*}}bytes-after=512, bytes-before=512, rows-after=2, rows-before=16
// CHECK-LABEL: func @summing(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.reduce_scatter %[[H]] sum dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<16x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @summing(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// The gather is over columns, the sum is split over rows.
// CHECK-LABEL: func @summing_columns(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.reduce_scatter %[[H]] sum dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
// CHECK-NEXT: %[[C:.*]] = dist.all_gather %[[S]] dim 1 over @mesh[dp] : tensor<2x8xf32> -> tensor<2x32xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[C]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[tp] : tensor<2x32xf32> -> tensor<4x32xf32>
// CHECK-NEXT: return %[[G]]
func.func @summing_columns(%h: tensor<4x8xf32>) -> tensor<4x32xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<4x32xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<4x32xf32>
  return %n : tensor<4x32xf32>
}

// The first dimension that the group divides; a maximum splits as a sum does.
// REMARK: Function=rank_3_max {{.*}}bytes-after=840, bytes-before=840, rows-after=3, rows-before=24
// CHECK-LABEL: func @rank_3_max(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<3x8x5xf32>
// CHECK-NEXT: %[[S:.*]] = dist.reduce_scatter %[[H]] max dim 1 over @mesh[tp, dp] : tensor<3x8x5xf32> -> tensor<3x1x5xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK-NEXT: dist.all_gather %[[N]] dim 1 over @mesh[tp, dp] : tensor<3x1x5xf32> -> tensor<3x8x5xf32>
func.func @rank_3_max(%h: tensor<3x8x5xf32>) -> tensor<3x8x5xf32> {
  %s = dist.all_reduce %h max over @mesh[tp, dp] : tensor<3x8x5xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<3x8x5xf32>
  return %n : tensor<3x8x5xf32>
}

// Both sums would split the first dimension: one of them takes the second.
// REMARK: Function=two_groups {{.*}}rows-after=3, rows-before=24
// CHECK-LABEL: func @two_groups(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x6x8xf32>
// CHECK-NEXT: %[[A:.*]] = dist.reduce_scatter %[[H]] sum dim 1 over @mesh[tp] : tensor<4x6x8xf32> -> tensor<4x3x8xf32>
// CHECK-NEXT: %[[B:.*]] = dist.reduce_scatter %[[A]] max dim 0 over @mesh[dp] : tensor<4x3x8xf32> -> tensor<1x3x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[B]]
// CHECK-NEXT: %[[C:.*]] = dist.all_gather %[[N]] dim 1 over @mesh[tp]
// CHECK-NEXT: %[[D:.*]] = dist.all_gather %[[C]] dim 0 over @mesh[dp]
// CHECK-NEXT: return %[[D]]
func.func @two_groups(%h: tensor<4x6x8xf32>) -> tensor<4x6x8xf32> {
  %a = dist.all_reduce %h sum over @mesh[tp] : tensor<4x6x8xf32>
  %b = dist.all_reduce %a max over @mesh[dp] : tensor<4x6x8xf32>
  %n = norm.rms_norm %b eps 1.0e-06 : tensor<4x6x8xf32>
  return %n : tensor<4x6x8xf32>
}

// A norm over the last two dimensions is parallel in the first alone.
// CHECK-LABEL: func @leading_dim(
// CHECK: dist.reduce_scatter {{.*}} min dim 0 over @mesh[tp] : tensor<4x6x5xf16> -> tensor<2x6x5xf16>
// CHECK: norm.layer_norm {{.*}} axis 1 {{.*}} : tensor<2x6x5xf16>
func.func @leading_dim(%h: tensor<4x6x5xf16>) -> tensor<4x6x5xf16> {
  %s = dist.all_reduce %h min over @mesh[tp] : tensor<4x6x5xf16>
  %n = norm.layer_norm %s axis 1 eps 1.0e-06 : tensor<4x6x5xf16>
  return %n : tensor<4x6x5xf16>
}

// In a branch that all ranks of the group take alike.
// CHECK-LABEL: func @uniform_branch(
// CHECK: scf.if
// CHECK: %[[S:.*]] = dist.reduce_scatter
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]]
func.func @uniform_branch(%h: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %n = dist.axis_size @mesh[tp] : index
  %c2 = arith.constant 2 : index
  %u = arith.cmpi eq, %n, %c2 : index
  %0 = scf.if %u -> tensor<8x8xf32> {
    %s = dist.all_reduce %h sum over @mesh[tp] : tensor<8x8xf32>
    %o = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
    scf.yield %o : tensor<8x8xf32>
  } else {
    scf.yield %h : tensor<8x8xf32>
  }
  return %0 : tensor<8x8xf32>
}
