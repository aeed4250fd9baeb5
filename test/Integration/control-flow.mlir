// Motion through branches and loops, executed: the same bits on every rank.

// RUN: %commuter-run %s --entry into_a_branch --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry out_of_a_branch --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry one_way_replicated --compare --pipeline dist-commute-norms{allow-extra-gather=true} | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry carried --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry carried_by_while --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry nested --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry blocks --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry layers --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry ragged --compare --extent 0.0=3,0,5 | FileCheck %s --check-prefix=RAGGED

// Whichever way is taken:
// RUN: %commuter-run %s --entry needed_on_each_way --compare --seed 1 | FileCheck %s --check-prefix=EACH
// RUN: %commuter-run %s --entry needed_on_each_way --compare --seed 0 | FileCheck %s --check-prefix=EACH
// RUN: %commuter-run %s --entry called_on_each_way --compare --seed 1 | FileCheck %s --check-prefix=EACH
// RUN: %commuter-run %s --entry called_on_each_way --compare --seed 0 | FileCheck %s --check-prefix=EACH
// RUN: %commuter-run %s --entry one_way_replicated --compare --seed 1 | FileCheck %s --check-prefix=ONE
// RUN: %commuter-run %s --entry one_way_replicated --compare --seed 0 | FileCheck %s --check-prefix=ONE

// RUN: %commuter-run %s --entry one_way_needs_all --compare --seed 0 | FileCheck %s --check-prefix=EACH
// RUN: %commuter-run %s --entry one_way_needs_all --compare --seed 1 | FileCheck %s --check-prefix=OTHER
// RUN: %commuter-run %s --entry ways_of_a_way --compare --seed 0 | FileCheck %s --check-prefix=NONE
// RUN: %commuter-run %s --entry ways_of_a_way --compare --seed 1 | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry ways_of_a_way --compare --seed 2 | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry ragged_ways --compare --extent 0.0=3,0,5 --seed 0 | FileCheck %s --check-prefix=RAGGED-WAY
// RUN: %commuter-run %s --entry ragged_ways --compare --extent 0.0=3,0,5 --seed 1 | FileCheck %s --check-prefix=RAGGED-NONE

// RUN: %commuter-run %s --entry divergent --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry gathered_differently --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry invariant --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry other_length --compare --extent 1.0=7 | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry other_length_ragged --compare --extent 0.0=3,0,5 --extent 1.0=15 | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry grows --compare | FileCheck %s --check-prefix=MOVED

// Loops that gather only what they pass back:
// RUN: %commuter-run %s --entry gathered_late --compare | FileCheck %s --check-prefix=LATE
// RUN: %commuter-run %s --entry gathered_late_by_while --compare | FileCheck %s --check-prefix=LATE
// RUN: %commuter-run %s --entry gathered_late_nested --compare | FileCheck %s --check-prefix=LATE
// RUN: %commuter-run %s --entry gathered_late_ragged --compare --extent 1.0=3,0,5 | FileCheck %s --check-prefix=RAGGED-LATE
// RUN: %commuter-run %s --entry begins_with_what_varies --compare | FileCheck %s --check-prefix=STAYED

// EACH: norm rows per rank 20 12 0.600
// EACH: bytes received per rank 256 256 1.000
// EACH: bit-exact on 3/3 ranks
// OTHER: norm rows per rank 8 8 1.000
// OTHER: bytes received per rank 256 256 1.000
// OTHER: bit-exact on 3/3 ranks
// NONE: norm rows per rank 0 0
// NONE: bytes received per rank 256 256 1.000
// NONE: bit-exact on 3/3 ranks
// RAGGED-WAY: norm rows per rank 8 5 0.625
// RAGGED-WAY: bytes received per rank [[BYTES:[0-9]+]] [[BYTES]]
// RAGGED-WAY: bit-exact on 3/3 ranks
// RAGGED-NONE: norm rows per rank 0 0
// RAGGED-NONE: bytes received per rank [[BYTES:[0-9]+]] [[BYTES]]
// RAGGED-NONE: bit-exact on 3/3 ranks
// ONE: bytes received per rank [[BYTES:[0-9]+]] [[BYTES]]
// ONE: bit-exact on 3/3 ranks
// MOVED: norm rows per rank {{[0-9]+ [0-9]+}} 0.333
// MOVED: bit-exact on 3/3 ranks
// STAYED: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYED: bit-exact on 3/3 ranks
// LATE: norm rows per rank {{[0-9]+ [0-9]+}} 0.333
// LATE: bytes received per rank {{[0-9]+ [0-9]+}} {{0.250|0.333|0.111}}
// LATE: bit-exact on 3/3 ranks
// RAGGED-LATE: norm rows per rank 32 20 0.625
// RAGGED-LATE: bit-exact on 3/3 ranks
// RAGGED: norm rows per rank 24 15 0.625
// RAGGED: bit-exact on 3/3 ranks

dist.mesh @m(dp = 3)

!x = tensor<4x8xf32>
!g = tensor<12x8xf32>
!w = tensor<8xf32>

func.func @into_a_branch(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.if %c -> !g {
    %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  } else {
    %n = norm.layer_norm %g scale %w eps 1.0e-5 : !g, !w
    scf.yield %n : !g
  }
  return %r : !g
}

func.func @out_of_a_branch(%x: !x, %y: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %r = scf.if %c -> !g {
    %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
    scf.yield %g : !g
  } else {
    %g = dist.all_gather %y dim 0 over @m[dp] : !x -> !g
    %e = math.exp %g : !g
    scf.yield %e : !g
  }
  %n = norm.rms_norm %r scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// Each way gathers for itself what was gathered in front of them.
func.func @needed_on_each_way(%x: !x, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<8x12xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %e = tensor.empty() : tensor<8x12xf32>
  %r = scf.if %c -> tensor<8x12xf32> {
    %n = norm.rms_norm %g eps 1.0e-6 : !g
    %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    %s = norm.rms_norm %t eps 1.0e-6 : tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  } else {
    %n = norm.layer_norm %g eps 1.0e-5 : !g
    %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    %s = norm.layer_norm %t eps 1.0e-6 : tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  }
  return %r : tensor<8x12xf32>
}

// One way gathers what it normalises, another one all, and a third one nothing.
func.func @one_way_needs_all(%x: !x, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<8x12xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %e = tensor.empty() : tensor<8x12xf32>
  %r = scf.if %c -> tensor<8x12xf32> {
    %n = norm.rms_norm %g eps 1.0e-6 : !g
    %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    %s = norm.rms_norm %t eps 1.0e-6 : tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  } else {
    %t = linalg.transpose ins(%g : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    %s = norm.layer_norm %t eps 1.0e-6 : tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  }
  return %r : tensor<8x12xf32>
}

func.func @ways_of_a_way(%x: !x, %r: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}, %d: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<8x12xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %h = arith.addf %g, %r : !g
  %e = tensor.empty() : tensor<8x12xf32>
  cf.cond_br %c, ^a, ^b
^a:
  %s = scf.if %d -> tensor<8x12xf32> {
    %n = norm.rms_norm %h eps 1.0e-6 : !g
    %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    scf.yield %t : tensor<8x12xf32>
  } else {
    %t = linalg.transpose ins(%h : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
    scf.yield %t : tensor<8x12xf32>
  }
  return %s : tensor<8x12xf32>
^b:
  %n = norm.layer_norm %h eps 1.0e-5 : !g
  %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
  return %t : tensor<8x12xf32>
}

func.func @ragged_ways(%x: tensor<?x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> (tensor<8x?xf32>, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %k = tensor.dim %g, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%k) : tensor<8x?xf32>
  %r = scf.if %c -> tensor<8x?xf32> {
    %n = norm.rms_norm %g eps 1.0e-6 : tensor<?x8xf32>
    %t = linalg.transpose ins(%n : tensor<?x8xf32>) outs(%e : tensor<8x?xf32>) permutation = [1, 0]
    scf.yield %t : tensor<8x?xf32>
  } else {
    %t = linalg.transpose ins(%g : tensor<?x8xf32>) outs(%e : tensor<8x?xf32>) permutation = [1, 0]
    scf.yield %t : tensor<8x?xf32>
  }
  return %r, %k : tensor<8x?xf32>, index
}

func.func private @columns(%g: !g) -> tensor<8x12xf32> {
  %e = tensor.empty() : tensor<8x12xf32>
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  %t = linalg.transpose ins(%n : !g) outs(%e : tensor<8x12xf32>) permutation = [1, 0]
  %s = norm.rms_norm %t eps 1.0e-6 : tensor<8x12xf32>
  return %s : tensor<8x12xf32>
}
func.func @called_on_each_way(%x: !x, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<8x12xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.if %c -> tensor<8x12xf32> {
    %s = func.call @columns(%g) : (!g) -> tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  } else {
    %n = math.absf %g : !g
    %s = func.call @columns(%n) : (!g) -> tensor<8x12xf32>
    scf.yield %s : tensor<8x12xf32>
  }
  return %r : tensor<8x12xf32>
}

// What one way passes on is the same on all ranks. Its slice is free, but behind the
// branch a gather would stand on this way, too.
func.func @one_way_replicated(%x: !x, %y: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %r = scf.if %c -> !g {
    %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
    scf.yield %g : !g
  } else {
    scf.yield %y : !g
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !g
  return %n : !g
}

// A loop that carries the gathered value carries the slice.
func.func @carried(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %g) -> !g {
    %n = norm.rms_norm %h scale %w eps 1.0e-6 : !g, !w
    %s = arith.addf %n, %h : !g
    scf.yield %s : !g
  }
  return %r : !g
}

func.func @carried_by_while(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n, %r = scf.while (%i = %c0, %h = %g) : (index, !g) -> (index, !g) {
    %more = arith.cmpi slt, %i, %c4 : index
    scf.condition(%more) %i, %h : index, !g
  } do {
  ^bb0(%i: index, %h: !g):
    %t = norm.layer_norm %h scale %w eps 1.0e-5 : !g, !w
    %j = arith.addi %i, %c1 : index
    scf.yield %j, %t : index, !g
  }
  return %r : !g
}

func.func @nested(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %g) -> !g {
    %s = scf.if %c -> !g {
      %q = scf.for %j = %c0 to %c2 step %c1 iter_args(%k = %h) -> !g {
        %n = norm.rms_norm %k scale %w eps 1.0e-6 : !g, !w
        scf.yield %n : !g
      }
      scf.yield %q : !g
    } else {
      %n = norm.layer_norm %h eps 1.0e-5 : !g
      scf.yield %n : !g
    }
    scf.yield %s : !g
  }
  return %r : !g
}

func.func @blocks(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  cf.br ^bb1
^bb1:
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  return %n : !g
}

// A scan over layers, with stacked weights: each boundary is a slice, a gather, a
// norm and a sum of parts.
func.func @layers(%x: !x, %ws: tensor<4x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> !x {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> !x {
    %w = tensor.extract_slice %ws[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to !w
    %g = dist.all_gather %h dim 0 over @m[dp] : !x -> !g
    %own = dist.all_slice %g dim 0 over @m[dp] : !g -> !x
    %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
    %t = dist.reduce_scatter %n sum dim 0 over @m[dp] : !g -> !x
    %s = arith.addf %own, %t : !x
    scf.yield %s : !x
  }
  return %r : !x
}

func.func @ragged(%x: tensor<?x8xf32>, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %g) -> tensor<?x8xf32> {
    %n = norm.rms_norm %h scale %w eps 1.0e-6 : tensor<?x8xf32>, !w
    scf.yield %n : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Ranks take different ways: each norm runs whole, where the gather is.
func.func @divergent(%x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %k = dist.axis_index @m[dp] : index
  %c = arith.cmpi eq, %k, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.if %c -> !g {
    %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  } else {
    %n = norm.layer_norm %g scale %w eps 1.0e-5 : !g, !w
    scf.yield %n : !g
  }
  return %r : !g
}

// The loop passes back what varies.
func.func @gathered_differently(%x: !x, %v: !g) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %g) -> !g {
    %n = norm.rms_norm %h eps 1.0e-6 : !g
    %s = arith.addf %n, %v : !g
    scf.yield %s : !g
  }
  return %r : !g
}

// In a loop the norm would take the gather with it: more would be gathered.
func.func @invariant(%x: !x, %ws: tensor<4x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant dense<0.0> : !g
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %v = dist.all_reduce %z sum over @m[dp] : !g
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %v) -> !g {
    %w = tensor.extract_slice %ws[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to !w
    %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
    %e = tensor.extract_slice %n[%i, 0] [1, 8] [1, 1] : !g to !w
    %s = tensor.insert_slice %e into %h[0, 0] [1, 8] [1, 1] : !w into !g
    scf.yield %s : !g
  }
  return %r : !g
}

// What one way passes on is the same on all ranks, and of another length: it does
// not split as what is gathered does.
func.func @other_length(%x: !x, %y: tensor<?x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c12 = arith.constant 12 : index
  %n = tensor.dim %y, %c0 : tensor<?x8xf32>
  %c = arith.cmpi eq, %n, %c12 : index
  %r = scf.if %c -> tensor<?x8xf32> {
    %g = dist.all_gather %x dim 0 over @m[dp] : !x -> tensor<?x8xf32>
    scf.yield %g : tensor<?x8xf32>
  } else {
    scf.yield %y : tensor<?x8xf32>
  }
  %s = norm.rms_norm %r eps 1.0e-6 : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

func.func @other_length_ragged(%x: tensor<?x8xf32>, %y: tensor<?x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c12 = arith.constant 12 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = tensor.dim %y, %c0 : tensor<?x8xf32>
  %c = arith.cmpi eq, %n, %c12 : index
  %r = scf.if %c -> tensor<?x8xf32> {
    scf.yield %g : tensor<?x8xf32>
  } else {
    scf.yield %y : tensor<?x8xf32>
  }
  %s = norm.rms_norm %r eps 1.0e-6 : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// A loop whose first slice is 4 rows long and the later ones 8: so is each rank's
// part of them.
func.func @grows(%x: !x, %y: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> tensor<?x8xf32>
  %n, %r = scf.while (%i = %c0, %h = %g) : (index, tensor<?x8xf32>) -> (index, tensor<?x8xf32>) {
    %more = arith.cmpi slt, %i, %c4 : index
    scf.condition(%more) %i, %h : index, tensor<?x8xf32>
  } do {
  ^bb0(%i: index, %h: tensor<?x8xf32>):
    %j = arith.addi %i, %c1 : index
    %q = dist.all_gather %y dim 0 over @m[dp] : tensor<8x8xf32> -> tensor<?x8xf32>
    scf.yield %j, %q : index, tensor<?x8xf32>
  }
  %s = norm.rms_norm %r eps 1.0e-6 : tensor<?x8xf32>
  return %s : tensor<?x8xf32>
}

// What a loop begins with is replicated, and what it passes back is gathered: it
// carries slices, and one gather is left of four.
func.func @gathered_late(%y: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %y) -> !g {
    %n = norm.rms_norm %h scale %w eps 1.0e-6 : !g, !w
    %o = dist.all_slice %n dim 0 over @m[dp] : !g -> !x
    %s = arith.addf %o, %x : !x
    %g = dist.all_gather %s dim 0 over @m[dp] : !x -> !g
    scf.yield %g : !g
  }
  return %r : !g
}

func.func @gathered_late_by_while(%y: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %x: !x, %w: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %n, %r = scf.while (%i = %c0, %h = %y) : (index, !g) -> (index, !g) {
    %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
    %s = arith.addf %h, %g : !g
    %n = norm.rms_norm %s scale %w eps 1.0e-6 : !g, !w
    %more = arith.cmpi slt, %i, %c3 : index
    scf.condition(%more) %i, %n : index, !g
  } do {
  ^bb0(%i: index, %h: !g):
    %j = arith.addi %i, %c1 : index
    scf.yield %j, %h : index, !g
  }
  return %r : !g
}

func.func @gathered_late_nested(%y: !g {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %x: !x) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %y) -> !g {
    %m = norm.layer_norm %a eps 1.0e-5 : !g
    %q = scf.for %j = %c0 to %c3 step %c1 iter_args(%b = %m) -> !g {
      %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
      %s = arith.addf %b, %g : !g
      %n = norm.rms_norm %s eps 1.0e-6 : !g
      scf.yield %n : !g
    }
    scf.yield %q : !g
  }
  return %r : !g
}

func.func @gathered_late_ragged(%y: tensor<8x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}, %x: tensor<?x8xf32>) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %k = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %k over @m[dp] : tensor<3xindex>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %y) -> tensor<8x8xf32> {
    %g = dist.all_gather %x dim 0 extents %e over @m[dp] : tensor<?x8xf32>, tensor<3xindex> -> tensor<8x8xf32>
    %s = arith.addf %h, %g : tensor<8x8xf32>
    %n = norm.rms_norm %s eps 1.0e-6 : tensor<8x8xf32>
    scf.yield %n : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

// What it begins with is not the same on all ranks: the first norm's rows are those
// of each.
func.func @begins_with_what_varies(%y: !g, %x: !x) -> (!g, !g) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %r, %l = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %y, %k = %y) -> (!g, !g) {
    %n = norm.rms_norm %h eps 1.0e-6 : !g
    %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
    scf.yield %g, %n : !g, !g
  }
  return %r, %l : !g, !g
}
