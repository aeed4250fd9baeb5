// One module for DP == TP and DP != TP: the same bits as the program as written,
// on fewer rows where nothing is summed.

// DEFINE: %{tp} =
// DEFINE: %{options} = guard=true
// DEFINE: %{run} = %commuter-run %s --axis tp=%{tp} --compare --pipeline='commuter-optimize{%{options}}'

// REDEFINE: %{tp} = 1
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED,EXACT4
// REDEFINE: %{tp} = 2
// RUN: %{run} | FileCheck %s --check-prefixes=STAYED,EXACT8
// REDEFINE: %{tp} = 3
// RUN: %{run} | FileCheck %s --check-prefixes=STAYED,EXACT12

// With complete-sums the other version moves, too, behind its sum.
// REDEFINE: %{options} = guard=true complete-sums=true
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED,EXACT12
// REDEFINE: %{tp} = 1
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED,EXACT4

// Without, nothing moves.
// REDEFINE: %{options} =
// RUN: %{run} | FileCheck %s --check-prefixes=STAYED,EXACT4

// MOVED: norm rows per rank 128 32 0.250
// STAYED: norm rows per rank 128 128 1.000
// EXACT4: 2 results: bit-exact on 4/4 ranks
// EXACT8: 2 results: bit-exact on 8/8 ranks
// EXACT12: 2 results: bit-exact on 12/12 ranks

dist.mesh @mesh(dp = 4, tp = ?)

func.func @main(
    %h: tensor<8x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    %r: tensor<8x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<96xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<32x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<8x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%x = %r) -> tensor<8x96xbf16> {
    %p = dist.to_partial %x over @mesh[tp] : tensor<8x96xbf16>
    %s = arith.addf %h, %p : tensor<8x96xbf16>
    %g = dist.all_gather %s dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
    %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<32x96xbf16> -> tensor<8x96xbf16>
    %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<32x96xbf16>, tensor<96xbf16>
    %t = dist.reduce_scatter %n sum dim 0 over @mesh[dp] : tensor<32x96xbf16> -> tensor<8x96xbf16>
    %a = arith.addf %own, %t : tensor<8x96xbf16>
    scf.yield %a : tensor<8x96xbf16>
  }
  %q = dist.to_partial %y over @mesh[tp] : tensor<8x96xbf16>
  %g = dist.all_gather %q dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
  %n = norm.layer_norm %g scale %w eps 1.0e-05 : tensor<32x96xbf16>, tensor<96xbf16>
  return %n, %y : tensor<32x96xbf16>, tensor<8x96xbf16>
}
