// Norms that are fed by sums and by gathers: commuter-optimize splits the sums before
// the gathers move, and again behind that.

// DEFINE: %{entry} =
// DEFINE: %{run} = %commuter-run %s --entry %{entry} --compare --pipeline='commuter-optimize{split-all-reduce=true}'

// The gather that moves takes the sum from the norm: it is split while that feeds it.
// REDEFINE: %{entry} = sum_and_gather
// RUN: %{run} | FileCheck %s --check-prefixes=BOTH,EXACT
// BOTH: norm rows per rank 48 24 0.500
// BOTH-NEXT: bytes received per rank {{.*}} 0.800

// With a gather between the sum and the norm: it is split when that has moved.
// REDEFINE: %{entry} = gather_between
// RUN: %{run} | FileCheck %s --check-prefixes=BETWEEN,EXACT
// BETWEEN: norm rows per rank 32 4 0.125

// Which gathers are extra is seen when the norms have moved: before, one would be bought
// that nobody needs then.
// RUN: %commuter-run %s --entry extra_gather --compare --pipeline='commuter-optimize{split-all-reduce=true allow-extra-gather=true}' | FileCheck %s --check-prefixes=EXTRA,EXACT
// EXTRA: norm rows per rank 56 14 0.250
// EXTRA-NEXT: bytes received per rank {{.*}} 1.000

// EXACT: bit-exact on 8/8 ranks

dist.mesh @mesh(dp = 4, tp = 2)

func.func @sum_and_gather(
    %x: tensor<16x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
    %h: tensor<8x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>},
    %p: tensor<16x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>},
    %q: tensor<16x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>})
    -> (tensor<16x32xbf16>, tensor<8x32xbf16>) {
  %s = dist.all_reduce %p sum over @mesh[tp] : tensor<16x32xbf16>
  %y = arith.addf %x, %s : tensor<16x32xbf16>
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<16x32xbf16>
  %l = dist.all_slice %n dim 0 over @mesh[tp] : tensor<16x32xbf16> -> tensor<8x32xbf16>
  %a = arith.addf %l, %h : tensor<8x32xbf16>
  %g = dist.all_gather %a dim 0 over @mesh[tp] : tensor<8x32xbf16> -> tensor<16x32xbf16>
  %y1 = arith.addf %y, %g : tensor<16x32xbf16>
  %n1 = norm.rms_norm %y1 eps 1.0e-06 : tensor<16x32xbf16>
  %m = arith.mulf %n1, %q : tensor<16x32xbf16>
  %s2 = dist.all_reduce %m sum over @mesh[tp] : tensor<16x32xbf16>
  %y2 = arith.addf %y1, %s2 : tensor<16x32xbf16>
  %n2 = norm.rms_norm %y2 eps 1.0e-06 : tensor<16x32xbf16>
  %l2 = dist.all_slice %n2 dim 0 over @mesh[tp] : tensor<16x32xbf16> -> tensor<8x32xbf16>
  return %y2, %l2 : tensor<16x32xbf16>, tensor<8x32xbf16>
}

func.func @gather_between(
    %x: tensor<8x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %p: tensor<8x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>})
    -> (tensor<8x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %s = dist.all_reduce %p sum over @mesh[tp] : tensor<8x32xbf16>
  %y = arith.addf %x, %s : tensor<8x32xbf16>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<8x32xbf16> -> tensor<32x32xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x32xbf16>
  %l = dist.all_slice %n dim 0 over @mesh[dp] : tensor<32x32xbf16> -> tensor<8x32xbf16>
  return %l : tensor<8x32xbf16>
}

func.func @extra_gather(
    %h: tensor<7x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %p: tensor<28x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {tp}>})
    -> (tensor<28x32xbf16>, tensor<28x32xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<7x32xbf16> -> tensor<28x32xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<28x32xbf16>
  %m = arith.mulf %n, %p : tensor<28x32xbf16>
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<28x32xbf16>
  %y = arith.addf %g, %s : tensor<28x32xbf16>
  %n1 = norm.rms_norm %y eps 1.0e-06 : tensor<28x32xbf16>
  return %n, %n1 : tensor<28x32xbf16>, tensor<28x32xbf16>
}
