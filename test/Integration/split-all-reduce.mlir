// Sums split around the norms that they feed: on every rank the results keep
// their bits, and no rank receives more.

// DEFINE: %{dp} =
// DEFINE: %{tp} =
// DEFINE: %{type} =
// DEFINE: %{rows} =
// DEFINE: %{entry} =
// DEFINE: %{options} =
// DEFINE: %{run} = sed -e 's/DP/%{dp}/; s/TP/%{tp}/; s/TYPE/%{type}/g; s/ROWS/%{rows}/g' %s | %commuter-run - --entry %{entry} --compare --pipeline='commuter-optimize{split-all-reduce=true %{options}}'

// Four boundaries of a residual stream, with products of weights in between.

// REDEFINE: %{dp} = 1
// REDEFINE: %{tp} = 2
// REDEFINE: %{rows} = 24
// REDEFINE: %{type} = f32
// REDEFINE: %{entry} = stream
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM2,SAME,EXACT2
// REDEFINE: %{type} = bf16
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM2,SAME,EXACT2
// REDEFINE: %{type} = f16
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM2,SAME,EXACT2
// STREAM2: norm rows per rank 96 48 0.500

// REDEFINE: %{tp} = 4
// REDEFINE: %{type} = bf16
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM4,SAME,EXACT4
// STREAM4: norm rows per rank 96 24 0.250

// REDEFINE: %{dp} = 2
// REDEFINE: %{tp} = 3
// REDEFINE: %{rows} = 48
// RUN: %{run} | FileCheck %s --check-prefixes=STREAM6,SAME,EXACT6
// STREAM6: norm rows per rank 96 32 0.333

// The stream is needed whole at its end: the last norm stays, and no rank
// receives more; or it moves, and one more gather is made.
// REDEFINE: %{entry} = stream_end
// RUN: %{run} | FileCheck %s --check-prefixes=END6,SAME,EXACT6
// END6: norm rows per rank 48 32 0.667
// REDEFINE: %{options} = allow-extra-gather=true
// RUN: %{run} | FileCheck %s --check-prefixes=EXTRA6,EXACT6
// EXTRA6: norm rows per rank 48 16 0.333
// EXTRA6: bytes received per rank {{.*}} 1.250
// REDEFINE: %{options} =

// A gather that sums: an eighth of the rows for each rank, or a fourth where it
// takes its own rows back.

// REDEFINE: %{dp} = 4
// REDEFINE: %{tp} = 2
// REDEFINE: %{rows} = 96
// REDEFINE: %{entry} = summing
// REDEFINE: %{type} = f32
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING8,SAME,EXACT8
// REDEFINE: %{type} = bf16
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING8,SAME,EXACT8
// REDEFINE: %{type} = f16
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING8,SAME,EXACT8
// SUMMING8: norm rows per rank 96 12 0.125

// REDEFINE: %{entry} = own_slice
// RUN: %{run} | FileCheck %s --check-prefixes=OWN8,SAME,EXACT8
// OWN8: norm rows per rank 96 24 0.250
// REDEFINE: %{options} = allow-extra-gather=true
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING8,EXACT8
// REDEFINE: %{options} =

// The gather is over the hidden dimension, the sum is split over the rows.
// REDEFINE: %{entry} = columns
// RUN: %{run} | FileCheck %s --check-prefixes=COLUMNS8,SAME,EXACT8
// COLUMNS8: norm rows per rank 16 8 0.500

// REDEFINE: %{entry} = rank_3
// RUN: %{run} | FileCheck %s --check-prefixes=RANK3,SAME,EXACT8
// RANK3: norm rows per rank 240 30 0.125

// Two sums in a row are split along two dimensions.
// REDEFINE: %{entry} = two_groups
// RUN: %{run} | FileCheck %s --check-prefixes=TWO,EXACT8
// TWO: norm rows per rank 24 3 0.125

// REDEFINE: %{dp} = 2
// REDEFINE: %{tp} = 3
// REDEFINE: %{rows} = 48
// REDEFINE: %{entry} = summing
// RUN: %{run} | FileCheck %s --check-prefixes=SUMMING6,SAME,EXACT6
// SUMMING6: norm rows per rank 48 8 0.167

// SAME: bytes received per rank {{.*}} 1.000
// EXACT2: bit-exact on 2/2 ranks
// EXACT4: bit-exact on 4/4 ranks
// EXACT6: bit-exact on 6/6 ranks
// EXACT8: bit-exact on 8/8 ranks

dist.mesh @mesh(dp = DP, tp = TP)

func.func @stream(
    %s0: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
    %h1: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
    %w: tensor<16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    %up: tensor<16x6xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>},
    %down: tensor<6x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>})
    -> (tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : TYPE
  %e = tensor.empty() : tensor<24x6xTYPE>
  %z = linalg.fill ins(%zero : TYPE) outs(%e : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %eo = tensor.empty() : tensor<24x16xTYPE>
  %zo = linalg.fill ins(%zero : TYPE) outs(%eo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r1 = dist.all_reduce %h1 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s1 = arith.addf %s0, %r1 : tensor<24x16xTYPE>
  %n1 = norm.rms_norm %s1 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  %u1 = linalg.matmul ins(%n1, %up : tensor<24x16xTYPE>, tensor<16x6xTYPE>) outs(%z : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %h2 = linalg.matmul ins(%u1, %down : tensor<24x6xTYPE>, tensor<6x16xTYPE>) outs(%zo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r2 = dist.all_reduce %h2 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s2 = arith.addf %s1, %r2 : tensor<24x16xTYPE>
  %n2 = norm.rms_norm %s2 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  %u2 = linalg.matmul ins(%n2, %up : tensor<24x16xTYPE>, tensor<16x6xTYPE>) outs(%z : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %h3 = linalg.matmul ins(%u2, %down : tensor<24x6xTYPE>, tensor<6x16xTYPE>) outs(%zo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r3 = dist.all_reduce %h3 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s3 = arith.addf %s2, %r3 : tensor<24x16xTYPE>
  %n3 = norm.rms_norm %s3 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  %u3 = linalg.matmul ins(%n3, %up : tensor<24x16xTYPE>, tensor<16x6xTYPE>) outs(%z : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %h4 = linalg.matmul ins(%u3, %down : tensor<24x6xTYPE>, tensor<6x16xTYPE>) outs(%zo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r4 = dist.all_reduce %h4 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s4 = arith.addf %s3, %r4 : tensor<24x16xTYPE>
  %n4 = norm.rms_norm %s4 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  return %n4 : tensor<24x16xTYPE>
}

func.func @stream_end(
    %s0: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
    %h1: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
    %w: tensor<16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    %up: tensor<16x6xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>},
    %down: tensor<6x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>})
    -> (tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : TYPE
  %e = tensor.empty() : tensor<24x6xTYPE>
  %z = linalg.fill ins(%zero : TYPE) outs(%e : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %eo = tensor.empty() : tensor<24x16xTYPE>
  %zo = linalg.fill ins(%zero : TYPE) outs(%eo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r1 = dist.all_reduce %h1 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s1 = arith.addf %s0, %r1 : tensor<24x16xTYPE>
  %n1 = norm.rms_norm %s1 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  %u1 = linalg.matmul ins(%n1, %up : tensor<24x16xTYPE>, tensor<16x6xTYPE>) outs(%z : tensor<24x6xTYPE>) -> tensor<24x6xTYPE>
  %h2 = linalg.matmul ins(%u1, %down : tensor<24x6xTYPE>, tensor<6x16xTYPE>) outs(%zo : tensor<24x16xTYPE>) -> tensor<24x16xTYPE>

  %r2 = dist.all_reduce %h2 sum over @mesh[tp] : tensor<24x16xTYPE>
  %s2 = arith.addf %s1, %r2 : tensor<24x16xTYPE>
  %n2 = norm.rms_norm %s2 scale %w eps 1.0e-06 : tensor<24x16xTYPE>, tensor<16xTYPE>
  return %n2, %s2 : tensor<24x16xTYPE>, tensor<24x16xTYPE>
}

func.func @summing(
    %h: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>},
    %s: tensor<ROWSx16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<ROWSx16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<24x16xTYPE> -> tensor<ROWSx16xTYPE>
  %a = arith.addf %g, %s : tensor<ROWSx16xTYPE>
  %n = norm.layer_norm %a eps 1.0e-06 : tensor<ROWSx16xTYPE>
  return %n : tensor<ROWSx16xTYPE>
}

func.func @own_slice(%h: tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<ROWSx16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<24x16xTYPE> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] summing [tp] : tensor<24x16xTYPE> -> tensor<ROWSx16xTYPE>
  %r = dist.all_slice %g dim 0 over @mesh[dp] : tensor<ROWSx16xTYPE> -> tensor<24x16xTYPE>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<ROWSx16xTYPE>
  return %n, %r : tensor<ROWSx16xTYPE>, tensor<24x16xTYPE>
}

func.func @columns(%h: tensor<16x24xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}], unreduced {tp}>})
    -> (tensor<16xROWSxTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] summing [tp] : tensor<16x24xTYPE> -> tensor<16xROWSxTYPE>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16xROWSxTYPE>
  return %n : tensor<16xROWSxTYPE>
}

// The first dimension does not split; max is reduced as sum is.
func.func @rank_3(%h: tensor<5x24x7xTYPE>, %m: tensor<5x24x7xTYPE>)
    -> (tensor<5x24x7xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>},
        tensor<5x24x7xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %s = dist.all_reduce %h sum over @mesh[tp, dp] : tensor<5x24x7xTYPE>
  %n = norm.layer_norm %s eps 1.0e-06 : tensor<5x24x7xTYPE>
  %x = dist.all_reduce %m max over @mesh[dp, tp] : tensor<5x24x7xTYPE>
  %o = norm.rms_norm %x eps 1.0e-06 : tensor<5x24x7xTYPE>
  return %n, %o : tensor<5x24x7xTYPE>, tensor<5x24x7xTYPE>
}

func.func @two_groups(%h: tensor<4x6x7xTYPE>) -> (tensor<4x6x7xTYPE> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) {
  %a = dist.all_reduce %h sum over @mesh[tp] : tensor<4x6x7xTYPE>
  %b = dist.all_reduce %a max over @mesh[dp] : tensor<4x6x7xTYPE>
  %n = norm.rms_norm %b eps 1.0e-06 : tensor<4x6x7xTYPE>
  return %n : tensor<4x6x7xTYPE>
}
