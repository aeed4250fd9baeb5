// Sums of rows that the number of ranks does not divide, split with padding: on every
// rank the results keep their bits; a rank may receive N - 1 rows more.

// DEFINE: %{dp} =
// DEFINE: %{tp} =
// DEFINE: %{rows} =
// DEFINE: %{all} =
// DEFINE: %{entry} =
// DEFINE: %{run} = sed -e 's/DP/%{dp}/; s/TP/%{tp}/; s/ROWS/%{rows}/g; s/ALL/%{all}/g' %s | %commuter-run - --entry %{entry} --compare --pipeline='commuter-optimize{split-all-reduce=true pad-rows=true}'

// 5 rows on 3 ranks: 2, 2 and 1 of them.
// REDEFINE: %{dp} = 1
// REDEFINE: %{tp} = 3
// REDEFINE: %{rows} = 5
// REDEFINE: %{all} = 5
// REDEFINE: %{entry} = stream
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM3,EXACT3
// REDEFINE: %{entry} = summing
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING3,EXACT3
// REDEFINE: %{entry} = two
// RUN: %{run} | FileCheck %s --check-prefixes=TWO3,EXACT3
// STREAM3: norm rows per rank 10 4 0.400
// SUMMING3: norm rows per rank 5 2 0.400
// TWO3: norm rows per rank 10 7 0.700
// EXACT3: bit-exact on 3/3 ranks

// On 2x2 ranks, over one axis or both.
// REDEFINE: %{dp} = 2
// REDEFINE: %{tp} = 2
// REDEFINE: %{all} = 10
// REDEFINE: %{entry} = stream
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM4,EXACT4
// REDEFINE: %{entry} = summing
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING4,EXACT4
// REDEFINE: %{entry} = two
// RUN: %{run} | FileCheck %s --check-prefixes=TWO4,EXACT4
// STREAM4: norm rows per rank 10 6 0.600
// STREAM4: bytes received per rank 640 768 1.200
// SUMMING4: norm rows per rank 10 3 0.300
// TWO4: norm rows per rank 10 7 0.700

// 2 rows on 4 ranks: two have none.
// REDEFINE: %{dp} = 1
// REDEFINE: %{tp} = 4
// REDEFINE: %{rows} = 2
// REDEFINE: %{all} = 2
// REDEFINE: %{entry} = stream
// RUN: %{run} | FileCheck %s --check-prefixes=EMPTY4,EXACT4
// EMPTY4: norm rows per rank 4 2 0.500
// EXACT4: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = DP, tp = TP)

// Two boundaries of a residual stream, and a residual that is the same on all ranks.
func.func @stream(
    %s0: tensor<ROWSx16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
    %h1: tensor<ROWSx16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
    %w: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    %up: tensor<16x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>},
    %down: tensor<6x16xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>})
    -> (tensor<ROWSx16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<ROWSx6xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<ROWSx6xf32>) -> tensor<ROWSx6xf32>
  %eo = tensor.empty() : tensor<ROWSx16xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<ROWSx16xf32>) -> tensor<ROWSx16xf32>
  %r1 = dist.all_reduce %h1 sum over @mesh[tp] : tensor<ROWSx16xf32>
  %s1 = arith.addf %s0, %r1 : tensor<ROWSx16xf32>
  %n1 = norm.rms_norm %s1 scale %w eps 1.0e-06 : tensor<ROWSx16xf32>, tensor<16xf32>
  %u1 = linalg.matmul ins(%n1, %up : tensor<ROWSx16xf32>, tensor<16x6xf32>) outs(%z : tensor<ROWSx6xf32>) -> tensor<ROWSx6xf32>
  %h2 = linalg.matmul ins(%u1, %down : tensor<ROWSx6xf32>, tensor<6x16xf32>) outs(%zo : tensor<ROWSx16xf32>) -> tensor<ROWSx16xf32>
  %r2 = dist.all_reduce %h2 sum over @mesh[tp] : tensor<ROWSx16xf32>
  %s2 = arith.addf %s1, %r2 : tensor<ROWSx16xf32>
  %n2 = norm.rms_norm %s2 scale %w eps 1.0e-06 : tensor<ROWSx16xf32>, tensor<16xf32>
  return %n2 : tensor<ROWSx16xf32>
}

// A gather that sums.
func.func @summing(%h: tensor<ROWSx16xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> tensor<ALLx16xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<ROWSx16xbf16> -> tensor<ALLx16xbf16>
  %n = norm.layer_norm %g eps 1.0e-06 : tensor<ALLx16xbf16>
  return %n : tensor<ALLx16xbf16>
}

// Over all ranks, and a sum that is needed whole, and so joined again.
func.func @two(%h: tensor<ROWSx16xf32>, %m: tensor<ROWSx16xf32>) -> (tensor<ROWSx16xf32>, tensor<ROWSx16xf32>, tensor<ROWSx16xf32>) {
  %x = dist.all_reduce %m max over @mesh[dp, tp] : tensor<ROWSx16xf32>
  %o = norm.rms_norm %x eps 1.0e-06 : tensor<ROWSx16xf32>
  %s = dist.all_reduce %h sum over @mesh[tp] : tensor<ROWSx16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<ROWSx16xf32>
  return %o, %s, %n : tensor<ROWSx16xf32>, tensor<ROWSx16xf32>, tensor<ROWSx16xf32>
}
