// Gathers of what is gathered: a norm moves in front of all of them in one run, and
// is told of once.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Over two meshes, which lie across one another.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @two_meshes
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[X]] {{.*}} : tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: %[[H:.*]] = dist.all_gather %[[G]] dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
// CHECK-NEXT: return %[[H]]
func.func @two_meshes(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{bytes-after=384, bytes-before=384, rows-after=4, rows-before=16}}
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// Three times over one axis, with what stays and what is told of otherwise.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @one_axis
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[X]] {{.*}} : tensor<2x8xf32>
// CHECK: norm.layer_norm {{.*}} : tensor<16x8xf32>
func.func @one_axis(%x: tensor<2x8xf32>, %v: tensor<8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<4x8xf32>
  %h = dist.all_gather %g dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %i = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=2, rows-before=16}}
  %n = norm.rms_norm %i eps 1.0e-06 : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %m = norm.layer_norm %n scale %v eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %m : tensor<16x8xf32>
}

// -----

// In front of the outer one alone: the parameter varies over the inner one's axis.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @outer_one
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @a[p]
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[G]] {{.*}} : tensor<8x8xf32>
// CHECK-NEXT: dist.all_gather %[[N]] dim 0 over @b[s]
func.func @outer_one(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> tensor<16x8xf32> {
  %u = dist.assert_sharding %w <@b, [{t}]> : tensor<8xf32>
  %g = dist.all_gather %x dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=16}}
  %n = norm.rms_norm %h scale %u eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// An op between the gathers moves along.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @between
// CHECK-SAME: %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK: %[[E:.*]] = math.exp %[[X]] : tensor<4x8xf32>
// CHECK: norm.rms_norm %[[E]] {{.*}} : tensor<4x8xf32>
func.func @between(%x: tensor<4x8xf32>) -> tensor<8x16xf32> {
  %g = dist.all_gather %x dim 0 over @a[p] : tensor<4x8xf32> -> tensor<8x8xf32>
  %e = math.exp %g : tensor<8x8xf32>
  %h = dist.all_gather %e dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  %o = tensor.empty() : tensor<8x16xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
  %t = linalg.transpose ins(%n : tensor<16x8xf32>) outs(%o : tensor<8x16xf32>) permutation = [1, 0]
  return %t : tensor<8x16xf32>
}

// -----

// A sum is pending at the inner one.
dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)
// CHECK-LABEL: func @inner_one_sums
// CHECK: dist.all_gather {{.*}} summing [q]
// CHECK-NEXT: norm.rms_norm {{.*}} : tensor<8x8xf32>
func.func @inner_one_sums(%x: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @a[p] summing [q] : tensor<4x8xf32> -> tensor<8x8xf32>
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<8x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=16}}
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
