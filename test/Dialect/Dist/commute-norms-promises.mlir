// Promises that cannot be right, as what they are made of is known: nothing moves on
// their word. dist-check-shardings makes errors of them.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @asserted
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @asserted(%h: tensor<4x8xf32>, %v: tensor<32xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %s = dist.all_slice %v dim 0 over @mesh[dp] : tensor<32xf32> -> tensor<8xf32>
  %w = dist.assert_sharding %s <@mesh, [{}]> : tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated, Suggestion="the operand's state is known, and is not what dist.assert_sharding says: see dist-check-shardings"}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A sum that is pending is not one that isn't, nor the other way round.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @not_pending
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @not_pending(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<16x8xf32> {
  %s = dist.assert_sharding %h <@mesh, [{dp}, {}]> : tensor<4x8xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// CHECK-LABEL: func @pending
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @pending(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<16x8xf32> {
  %s = dist.assert_sharding %h <@mesh, [{dp}, {}], unreduced {tp}> : tensor<4x8xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=pending-sum}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// An argument is what the function's calls pass.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func private @normalize
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func private @normalize(%h: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}
func.func @passed(%h: tensor<4x8xf32>, %v: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) -> tensor<16x8xf32> {
  %n = call @normalize(%h, %v) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A result is what the function returns.
dist.mesh @mesh(dp = 4)
func.func private @own(%v: tensor<32xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  %s = dist.all_slice %v dim 0 over @mesh[dp] : tensor<32xf32> -> tensor<8xf32>
  return %s : tensor<8xf32>
}
// CHECK-LABEL: func @returned
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: norm.rms_norm %[[G]]
func.func @returned(%h: tensor<4x8xf32>, %v: tensor<32xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %w = call @own(%v) : (tensor<32xf32>) -> tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// What may be right is taken on its word: a value that varies in an unknown way, and
// one that is replicated as the slices of its own repetition.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @possible
// CHECK-SAME: %[[H:[^:]*]]: tensor<4x8xf32>
// CHECK: norm.rms_norm %[[H]]
func.func @possible(%h: tensor<4x8xf32>, %v: tensor<8xf32>) -> tensor<16x8xf32> {
  %w = dist.assert_sharding %v <@mesh, [{}]> : tensor<8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=4}}
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}

// -----

// A promise of the whole is one of the slices, whose dimension the gather's axes cut too.
dist.mesh @mesh(dp = 4, tp = 2)
// CHECK-LABEL: func @between
// CHECK-SAME:    %[[X:[^:]*]]: tensor<4x8xf32>
// CHECK:         %[[A:.*]] = dist.assert_sharding %[[X]] <@mesh, [{tp, dp}, {}]> : tensor<4x8xf32>
// CHECK:         %[[N:.*]] = norm.rms_norm %[[A]]
// CHECK:         dist.all_gather %[[N]]
func.func @between(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = dist.assert_sharding %g <@mesh, [{tp}, {}]> : tensor<16x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
// It uses the axis itself, or is of other axes.
// CHECK-LABEL: func @of_the_gathers_axis
// CHECK:         norm.rms_norm
// CHECK-SAME:      tensor<16x8xf32>
func.func @of_the_gathers_axis(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = dist.assert_sharding %g <@mesh, [{}, {dp}]> : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="promise it of the gather's operand"}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
dist.mesh @other(x = 8)
// CHECK-LABEL: func @of_another_mesh
// CHECK:         norm.rms_norm
// CHECK-SAME:      tensor<16x8xf32>
func.func @of_another_mesh(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = dist.assert_sharding %g <@other, [{}, {}]> : tensor<16x8xf32>
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="promise it of the gather's operand"}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
