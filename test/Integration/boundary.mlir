// The boundary of section 1 of a transformer layer, for both norms and three
// types: residual, gather that sums, slice back, norm. Every version of it gives
// the same bits on every rank.

// DEFINE: %{dp} =
// DEFINE: %{tp} =
// DEFINE: %{rows} =
// DEFINE: %{options} =
// DEFINE: %{run} = sed -e 's/DP/%{dp}/; s/TP/%{tp}/; s/ROWS/%{rows}/g' %s | %commuter-run - --compare --pipeline='commuter-optimize{%{options}}'

// DP == TP: the norms move, to an eighth of the rows.
// REDEFINE: %{dp} = 8
// REDEFINE: %{tp} = 1
// REDEFINE: %{rows} = 40
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED8,EXACT8
// MOVED8: norm rows per rank 240 30 0.125

// DP != TP: the sum is completed first.
// REDEFINE: %{dp} = 4
// REDEFINE: %{tp} = 2
// REDEFINE: %{rows} = 20
// REDEFINE: %{options} = complete-sums=true
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED4,EXACT8
// MOVED4: norm rows per rank 120 30 0.250

// Without leave nothing moves, and the program still runs.
// REDEFINE: %{options} =
// RUN: %{run} | FileCheck %s --check-prefixes=STAYED4,EXACT8
// STAYED4: norm rows per rank 120 120 1.000

// REDEFINE: %{dp} = 2
// REDEFINE: %{tp} = 3
// REDEFINE: %{rows} = 10
// REDEFINE: %{options} = complete-sums=true
// RUN: %{run} | FileCheck %s --check-prefixes=MOVED2,EXACT6
// MOVED2: norm rows per rank 60 30 0.500

// EXACT8: 12 results: bit-exact on 8/8 ranks
// EXACT6: 12 results: bit-exact on 6/6 ranks

dist.mesh @mesh(dp = DP, tp = TP)

func.func @main(
    %h32: tensor<5x1000xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    %r32: tensor<5x1000xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %hb: tensor<5x1000xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    %rb: tensor<5x1000xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %hh: tensor<5x1000xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    %rh: tensor<5x1000xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<1000xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    %b: tensor<1000xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<ROWSx1000xf32>, tensor<5x1000xf32>, tensor<ROWSx1000xf32>, tensor<5x1000xf32>,
        tensor<ROWSx1000xbf16>, tensor<5x1000xbf16>, tensor<ROWSx1000xbf16>, tensor<5x1000xbf16>,
        tensor<ROWSx1000xf16>, tensor<5x1000xf16>, tensor<ROWSx1000xf16>, tensor<5x1000xf16>) {
  %p32 = dist.to_partial %r32 over @mesh[tp] : tensor<5x1000xf32>
  %s32 = arith.addf %h32, %p32 : tensor<5x1000xf32>
  %gr32 = dist.all_gather %s32 dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xf32> -> tensor<ROWSx1000xf32>
  %or32 = dist.all_slice %gr32 dim 0 over @mesh[dp] : tensor<ROWSx1000xf32> -> tensor<5x1000xf32>
  %nr32 = norm.rms_norm %gr32 scale %w eps 1.0e-06 : tensor<ROWSx1000xf32>, tensor<1000xf32>
  %d32 = arith.subf %s32, %h32 : tensor<5x1000xf32>
  %gl32 = dist.all_gather %d32 dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xf32> -> tensor<ROWSx1000xf32>
  %ol32 = dist.all_slice %gl32 dim 0 over @mesh[dp] : tensor<ROWSx1000xf32> -> tensor<5x1000xf32>
  %nl32 = norm.layer_norm %gl32 scale %w bias %b eps 1.0e-05 : tensor<ROWSx1000xf32>, tensor<1000xf32>, tensor<1000xf32>

  %pb = dist.to_partial %rb over @mesh[tp] : tensor<5x1000xbf16>
  %sb = arith.addf %hb, %pb : tensor<5x1000xbf16>
  %grb = dist.all_gather %sb dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xbf16> -> tensor<ROWSx1000xbf16>
  %orb = dist.all_slice %grb dim 0 over @mesh[dp] : tensor<ROWSx1000xbf16> -> tensor<5x1000xbf16>
  %nrb = norm.rms_norm %grb scale %w offset 1.0 eps 1.0e-06 : tensor<ROWSx1000xbf16>, tensor<1000xf32>
  %db = arith.subf %sb, %hb : tensor<5x1000xbf16>
  %glb = dist.all_gather %db dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xbf16> -> tensor<ROWSx1000xbf16>
  %olb = dist.all_slice %glb dim 0 over @mesh[dp] : tensor<ROWSx1000xbf16> -> tensor<5x1000xbf16>
  %nlb = norm.layer_norm %glb scale %w bias %b eps 1.0e-05 : tensor<ROWSx1000xbf16>, tensor<1000xf32>, tensor<1000xf32>

  %ph = dist.to_partial %rh over @mesh[tp] : tensor<5x1000xf16>
  %sh = arith.addf %hh, %ph : tensor<5x1000xf16>
  %grh = dist.all_gather %sh dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xf16> -> tensor<ROWSx1000xf16>
  %orh = dist.all_slice %grh dim 0 over @mesh[dp] : tensor<ROWSx1000xf16> -> tensor<5x1000xf16>
  %nrh = norm.rms_norm %grh scale %w eps 1.0e-06 : tensor<ROWSx1000xf16>, tensor<1000xf32>
  %dh = arith.subf %sh, %hh : tensor<5x1000xf16>
  %glh = dist.all_gather %dh dim 0 over @mesh[dp] summing [tp] : tensor<5x1000xf16> -> tensor<ROWSx1000xf16>
  %olh = dist.all_slice %glh dim 0 over @mesh[dp] : tensor<ROWSx1000xf16> -> tensor<5x1000xf16>
  %nlh = norm.layer_norm %glh scale %w bias %b eps 1.0e-05 : tensor<ROWSx1000xf16>, tensor<1000xf32>, tensor<1000xf32>

  return %nr32, %or32, %nl32, %ol32, %nrb, %orb, %nlb, %olb, %nrh, %orh, %nlh, %olh
      : tensor<ROWSx1000xf32>, tensor<5x1000xf32>, tensor<ROWSx1000xf32>, tensor<5x1000xf32>,
        tensor<ROWSx1000xbf16>, tensor<5x1000xbf16>, tensor<ROWSx1000xbf16>, tensor<5x1000xbf16>,
        tensor<ROWSx1000xf16>, tensor<5x1000xf16>, tensor<ROWSx1000xf16>, tensor<5x1000xf16>
}
