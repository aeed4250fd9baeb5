// Loops of blocks: as written and after the motion they give the same bits.

// RUN: %commuter-run %s --entry carried --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry gathered_late --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry left_early --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry two_entries --compare | FileCheck %s --check-prefix=STAYED

// MOVED: norm rows per rank 48 12 0.250
// MOVED: bit-exact on 4/4 ranks
// STAYED: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYED: bit-exact on 4/4 ranks

dist.mesh @m(dp = 4)
!x = tensor<4x8xf32>
!g = tensor<16x8xf32>
!w = tensor<8xf32>
func.func @carried(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.br ^bb1(%c0, %g : index, !g)
^bb1(%i: index, %a: !g):
  %n = norm.rms_norm %a scale %w eps 1.0e-6 : !g, !w
  %s = arith.addf %a, %n : !g
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %c3 : index
  cf.cond_br %more, ^bb1(%j, %s : index, !g), ^bb2(%s : !g)
^bb2(%r: !g):
  return %r : !g
}

// All that is gathered is what a round passes back.
func.func @gathered_late(%y: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %x: !x) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  cf.br ^bb1(%c0, %y : index, !g)
^bb1(%i: index, %a: !g):
  %n = norm.rms_norm %a eps 1.0e-6 : !g
  %o = dist.all_slice %n dim 0 over @m[dp] : !g -> !x
  %s = arith.addf %o, %x : !x
  %g = dist.all_gather %s dim 0 over @m[dp] : !x -> !g
  %j = arith.addi %i, %c1 : index
  %more = arith.cmpi slt, %j, %c3 : index
  cf.cond_br %more, ^bb1(%j, %g : index, !g), ^bb2(%g : !g)
^bb2(%r: !g):
  return %r : !g
}

// Each rank leaves the loop in a round of its own, with the residual of that round.
func.func @left_early(%x: !x) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %i = dist.axis_index @m[dp] : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %z = arith.constant dense<0.5> : !g
  cf.br ^bb1(%c0, %z : index, !g)
^bb1(%k: index, %r: !g):
  %s = arith.addf %r, %r : !g
  %j = arith.addi %k, %c1 : index
  %more = arith.cmpi slt, %k, %i : index
  cf.cond_br %more, ^bb1(%j, %s : index, !g), ^bb2
^bb2:
  %t = arith.addf %g, %s : !g
  %n = norm.rms_norm %t eps 1.0e-6 : !g
  return %n : !g
}

// No block of the loop is its first, and ranks go round it as often as they like.
func.func @two_entries(%x: !x, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %i = dist.axis_index @m[dp] : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %z = arith.constant dense<0.5> : !g
  cf.cond_br %c, ^bb1(%c0, %z : index, !g), ^bb2(%c0, %z : index, !g)
^bb1(%k: index, %r: !g):
  %more = arith.cmpi slt, %k, %i : index
  cf.cond_br %more, ^bb2(%k, %r : index, !g), ^bb3(%r : !g)
^bb2(%l: index, %q: !g):
  %s = arith.addf %q, %q : !g
  %j = arith.addi %l, %c1 : index
  cf.br ^bb1(%j, %s : index, !g)
^bb3(%p: !g):
  %t = arith.addf %g, %p : !g
  %n = norm.rms_norm %t eps 1.0e-6 : !g
  return %n : !g
}
