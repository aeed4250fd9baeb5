// One module for DP == TP and DP != TP: the same bits as the program as written,
// on fewer rows where nothing is summed.

// DEFINE: %{tp} =
// DEFINE: %{options} = guard=true
// DEFINE: %{run} = %commuter-run %s --axis tp=%{tp} --compare --pipeline='commuter-optimize{%{options}}'

// REDEFINE: %{tp} = 1
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=MOVED,EXACT4
// REDEFINE: %{tp} = 2
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=STAYED,EXACT8
// REDEFINE: %{tp} = 3
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=STAYED,EXACT12

// With complete-sums the other version moves, too, behind its sum.
// REDEFINE: %{options} = guard=true complete-sums=true
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=MOVED,EXACT12
// REDEFINE: %{tp} = 1
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=MOVED,EXACT4

// Without, nothing moves.
// REDEFINE: %{options} =
// RUN: %{run} --entry main | FileCheck %s --check-prefixes=STAYED,EXACT4

// Gather and norm in different regions.
// REDEFINE: %{options} = guard=true
// RUN: %{run} --entry regions | FileCheck %s --check-prefix=REGIONS1
// REDEFINE: %{tp} = 2
// RUN: %{run} --entry regions | FileCheck %s --check-prefix=REGIONS2
// REGIONS1: norm rows per rank 64 16 0.250
// REGIONS1: 3 results: bit-exact on 4/4 ranks
// REGIONS2: norm rows per rank 64 64 1.000
// REGIONS2: 3 results: bit-exact on 8/8 ranks

// Branches of the program's own, in regions and in blocks.
// REDEFINE: %{options} =
// REDEFINE: %{tp} = 1
// RUN: %{run} --entry compared | FileCheck %s --check-prefix=COMPARED1
// REDEFINE: %{tp} = 2
// RUN: %{run} --entry compared | FileCheck %s --check-prefix=COMPARED2
// COMPARED1: norm rows per rank 64 16 0.250
// COMPARED1: 2 results: bit-exact on 4/4 ranks
// COMPARED2: norm rows per rank 64 64 1.000
// COMPARED2: 2 results: bit-exact on 8/8 ranks

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

func.func @regions(%h: tensor<8x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<32x96xbf16>, tensor<32x96xbf16>, tensor<8x96xbf16>) {
  %c0 = arith.constant 0 : index
  %n = dist.axis_size @mesh[tp] : index
  %c = arith.cmpi ne, %n, %c0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<32x96xbf16> -> tensor<8x96xbf16>
  %e = arith.addf %own, %own : tensor<8x96xbf16>
  %r = scf.if %c -> tensor<32x96xbf16> {
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<32x96xbf16>
    scf.yield %y : tensor<32x96xbf16>
  } else {
    scf.yield %g : tensor<32x96xbf16>
  }
  %u = arith.negf %h : tensor<8x96xbf16>
  %v = arith.addf %h, %h : tensor<8x96xbf16>
  %q = scf.if %c -> tensor<32x96xbf16> {
    %k = dist.all_gather %u dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
    scf.yield %k : tensor<32x96xbf16>
  } else {
    %k = dist.all_gather %v dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
    %d = arith.addf %k, %k : tensor<32x96xbf16>
    scf.yield %d : tensor<32x96xbf16>
  }
  %z = norm.layer_norm %q eps 1.0e-05 : tensor<32x96xbf16>
  return %r, %z, %e : tensor<32x96xbf16>, tensor<32x96xbf16>, tensor<8x96xbf16>
}

func.func @compared(%h: tensor<8x96xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<32x96xbf16>, tensor<32x96xbf16>) {
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %n = dist.axis_size @mesh[tp] : index
  %c = arith.cmpi ule, %c2, %n : index
  %r = scf.if %c -> tensor<32x96xbf16> {
    %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<32x96xbf16>
    scf.yield %y : tensor<32x96xbf16>
  } else {
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
    %y = norm.rms_norm %g eps 1.0e-06 : tensor<32x96xbf16>
    scf.yield %y : tensor<32x96xbf16>
  }
  %d = arith.cmpi sgt, %n, %c1 : index
  cf.cond_br %d, ^several, ^one
^several:
  %k = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
  %y = norm.layer_norm %k eps 1.0e-05 : tensor<32x96xbf16>
  return %r, %y : tensor<32x96xbf16>, tensor<32x96xbf16>
^one:
  %l = dist.all_gather %h dim 0 over @mesh[dp] : tensor<8x96xbf16> -> tensor<32x96xbf16>
  %z = norm.layer_norm %l eps 1.0e-05 : tensor<32x96xbf16>
  return %r, %z : tensor<32x96xbf16>, tensor<32x96xbf16>
}
