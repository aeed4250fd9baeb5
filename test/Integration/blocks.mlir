// Norms through the arguments of blocks, and behind branches that ranks take
// differently and leave again.

// RUN: %commuter-run %s --entry passed_on --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry one_way_replicated --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry ragged --extent 0.0=1,3,0,2 --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry used_on_both_ways --extent 0.0=1,3,0,2 --compare | FileCheck %s --check-prefix=WHOLE
// RUN: %commuter-run %s --entry cases --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry met_again --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry gather_on_both_ways --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry calls --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry ranks_part --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry brought_along --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry gathered_again --compare | FileCheck %s --check-prefix=AGAIN

// MOVED: norm rows per rank 16 4 0.250
// MOVED: bit-exact on 4/4 ranks
// RAGGED: norm rows per rank 6 3 0.500
// RAGGED: bit-exact on 4/4 ranks
// STAYED: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYED: bit-exact on 4/4 ranks
// WHOLE: bit-exact on 4/4 ranks
// AGAIN: bytes received per rank 384 384 1.000
// AGAIN: bit-exact on 4/4 ranks

dist.mesh @m(dp = 4)

!x = tensor<4x8xf32>
!g = tensor<16x8xf32>
!w = tensor<8xf32>

func.func private @is_odd() -> i1 {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %i = dist.axis_index @m[dp] : index
  %r = arith.remui %i, %c2 : index
  %c = arith.cmpi ne, %r, %c0 : index
  return %c : i1
}

func.func @passed_on(%x: !x, %y: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.br ^bb3(%g : !g)
^bb2:
  %h = dist.all_gather %y dim 0 over @m[dp] : !x -> !g
  %e = math.absf %h : !g
  cf.br ^bb3(%e : !g)
^bb3(%a: !g):
  %n = norm.rms_norm %a scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// Both ways have gathered before, so none gathers more.
func.func @one_way_replicated(%x: !x, %z: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1(%g : !g), ^bb1(%z : !g)
^bb1(%a: !g):
  %n = norm.layer_norm %a eps 1.0e-5 : !g
  return %n : !g
}

func.func @ragged(%x: tensor<?x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %k = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %k over @m[dp] : tensor<4xindex>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %g = dist.all_gather %x dim 0 extents %e over @m[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  cf.br ^bb3(%g : tensor<?x8xf32>)
^bb2:
  %y = math.exp %x : tensor<?x8xf32>
  %h = dist.all_gather %y dim 0 extents %e over @m[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  cf.br ^bb3(%h : tensor<?x8xf32>)
^bb3(%b: tensor<?x8xf32>):
  %n = norm.rms_norm %b eps 1.0e-6 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// What was gathered is needed until the last of the blocks that use it is done.
func.func @used_on_both_ways(%x: tensor<?x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %n = norm.rms_norm %g eps 1.0e-6 : tensor<?x8xf32>
  cf.br ^bb3(%n : tensor<?x8xf32>)
^bb2:
  %e = math.exp %g : tensor<?x8xf32>
  cf.br ^bb3(%e : tensor<?x8xf32>)
^bb3(%b: tensor<?x8xf32>):
  return %b : tensor<?x8xf32>
}

// One block for two cases.
func.func @cases(%x: !x, %k: i32 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %e = math.absf %g : !g
  cf.switch %k : i32, [
    default: ^bb1(%g : !g),
    1: ^bb1(%e : !g),
    2: ^bb2
  ]
^bb1(%a: !g):
  %n = norm.rms_norm %a eps 1.0e-6 : !g
  return %n : !g
^bb2:
  cf.br ^bb1(%g : !g)
}

// What the ranks do apart is of no concern to the gather, on either side of it.
func.func @met_again(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> (!g, f32) {
  %f = arith.constant 1.0 : f32
  %c = func.call @is_odd() : () -> i1
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1, ^bb2(%f : f32)
^bb1:
  %h = math.exp %f : f32
  cf.br ^bb2(%h : f32)
^bb2(%s: f32):
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n, %s : !g, f32
}

// The ranks' gathers meet between the branches, in any order with the moved one.
func.func @gather_on_both_ways(%x: !x, %y: !x) -> (!g, !g) {
  %c = func.call @is_odd() : () -> i1
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %h = dist.all_gather %y dim 0 over @m[dp] : !x -> !g
  cf.br ^bb3(%h : !g)
^bb2:
  %i = dist.all_gather %y dim 0 over @m[dp] : !x -> !g
  cf.br ^bb3(%i : !g)
^bb3(%s: !g):
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  return %n, %s : !g, !g
}

// A function is called where all have met.
func.func private @normalize(%a: !g) -> !g {
  %n = norm.rms_norm %a eps 1.0e-6 : !g
  return %n : !g
}
func.func @calls(%x: !x) -> (!g, i32) {
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %c = func.call @is_odd() : () -> i1
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1(%c1 : i32), ^bb1(%c2 : i32)
^bb1(%s: i32):
  %n = func.call @normalize(%g) : (!g) -> !g
  return %n, %s : !g, i32
}

// Each rank's argument is of another gather.
func.func @ranks_part(%x: !x, %y: !x) -> !g {
  %c = func.call @is_odd() : () -> i1
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %h = dist.all_gather %y dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1(%g : !g), ^bb1(%h : !g)
^bb1(%a: !g):
  %n = norm.rms_norm %a eps 1.0e-6 : !g
  return %n : !g
}

func.func @brought_along(%x: !x, %u: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c = func.call @is_odd() : () -> i1
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^bb1(%u : !w), ^bb1(%v : !w)
^bb1(%w: !w):
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// What a later block gathers again is gathered already: a norm in between does not make
// two of it.
func.func @gathered_again(%x: !x) -> (!g, !g) {
  %c = call @is_odd() : () -> i1
  %0 = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.cond_br %c, ^a, ^b(%0 : !g)
^a:
  %n = norm.rms_norm %0 eps 1.0e-05 : !g
  cf.br ^b(%n : !g)
^b(%y: !g):
  %2 = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  return %2, %y : !g, !g
}
