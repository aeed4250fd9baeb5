// RUN: %commuter-opt %s --dist-check-shardings -split-input-file -verify-diagnostics

dist.mesh @mesh(dp = 4, tp = 2)
func.func @norm_of_partial(
    // expected-note @+1 {{the pending sum is here}}
    %x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  // expected-error @+1 {{'norm.rms_norm' op is not linear, and a sum over @mesh[tp] is pending in an operand}}
  %0 = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// The sum is pending behind linear ops and a gather over another axis too.
dist.mesh @mesh(dp = 4, tp = 2)
func.func @norm_of_gathered_partial(%x: tensor<4x8xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<16x8xf32> {
  %0 = arith.addf %x, %x : tensor<4x8xbf16>
  %1 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<16x8xbf16>
  // expected-note @+1 {{the pending sum is here}}
  %2 = arith.extf %1 : tensor<16x8xbf16> to tensor<16x8xf32>
  // expected-error @+1 {{'norm.layer_norm' op is not linear, and a sum over @mesh[tp] is pending}}
  %3 = norm.layer_norm %2 eps 1.0e-06 : tensor<16x8xf32>
  return %3 : tensor<16x8xf32>
}

// -----

// Along an axis of size 1 nothing is pending: DP == TP.
dist.mesh @mesh(dp = 8, tp = 1)
func.func @unit_axis(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}) -> tensor<4x8xf32> {
  %0 = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
// expected-note @+1 {{the pending sum is here}}
func.func @residual_counted_twice(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<4x8xf32> {
  // expected-error @+1 {{adds a value that is replicated over @mesh[tp] to a pending sum: it would be counted once per rank; dist.to_partial counts it once}}
  %0 = arith.addf %h, %r : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4, tp = 2)
func.func @residual_counted_once(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}, %r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %0 = dist.to_partial %r over @mesh[tp] : tensor<4x8xf32>
  %1 = arith.addf %h, %0 : tensor<4x8xf32>
  %2 = dist.all_reduce %1 sum over @mesh[tp] : tensor<4x8xf32>
  %3 = norm.rms_norm %2 eps 1.0e-06 : tensor<4x8xf32>
  return %3 : tensor<4x8xf32>
}

// -----

dist.mesh @mesh(dp = 4)
func.func @contradiction(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  // expected-note @+1 {{the value is made here}}
  %0 = arith.negf %x : tensor<4x8xf32>
  // expected-error @+1 {{'func.return' op expects result #0 to be R over @mesh[dp], as its annotation says, found S(0)}}
  return %0 : tensor<4x8xf32>
}
