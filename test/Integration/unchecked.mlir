// What stands between a user and wrong numbers: each program stays as it is, and
// is moved here without the precondition that refuses it. The results differ.
// More are in unchecked-*.mlir.

// DEFINE: %{entry} =
// DEFINE: %{reason} =
// DEFINE: %{arguments} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} %{arguments} --compare --output-dir %t/%{entry}/right
// DEFINE: %{moves} = %commuter-opt %s --test-unchecked-motion=ignore=%{reason} -o %t/%{entry}/moved.mlir
// DEFINE: %{wrong} = %commuter-run %t/%{entry}/moved.mlir --entry %{entry} %{arguments} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy
// DEFINE: %{goes_wrong} = %{moves} && %{wrong} | FileCheck %s --check-prefix=MOVED && %{differ}

// RUN: rm -rf %t

// What an operand is on each rank.
// REDEFINE: %{reason} = operand-not-replicated
// REDEFINE: %{entry} = scale_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = residual_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = capture_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = splat_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=4 --extent 0.1=8 --extent 1.0=8 --extent 1.1=4
// REDEFINE: %{entry} = along_other_dim
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// How an operand is gathered. In other order and by other extents it is the same on
// all ranks, and moves by its slice: not by what it is gathered from.
// REDEFINE: %{reason} = operand-gathered-differently
// REDEFINE: %{arguments} =
// REDEFINE: %{entry} = over_other_axes
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = in_other_order
// RUN: %{stays} | FileCheck %s --check-prefix=MOVES
// RUN: %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=3,3,5,5 --extent 1.0=5,5,3,3
// REDEFINE: %{entry} = by_other_extents
// RUN: %{stays} | FileCheck %s --check-prefix=MOVES
// RUN: %{goes_wrong}

// Whether a sum is pending.
// REDEFINE: %{reason} = pending-sum
// REDEFINE: %{arguments} =
// REDEFINE: %{entry} = sum_pending
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// Whether all ranks come to the gather, and to what moves to it.
// REDEFINE: %{reason} = divergent-control-flow
// REDEFINE: %{entry} = branches_part
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = norms_part
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// What ways come together: each as gathered, or the same on all ranks, and all ranks
// on one way.
// REDEFINE: %{entry} = join_of_ways
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = join_of_blocks
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{reason} = operand-gathered-differently
// REDEFINE: %{entry} = join_of_what_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = join_in_other_order
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = loop_of_what_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = loop_from_what_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// STAYS: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYS: bit-exact on 4/4 ranks
// MOVES: norm rows per rank {{[0-9]+ [0-9]+}} 0.{{250|625}}
// MOVES: bit-exact on 4/4 ranks
// MOVED: norm rows per rank {{[45]$}}

dist.mesh @m(a = 2, b = 2)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!w = tensor<8xf32>
!r = tensor<?x8xf32>
!all = tensor<16x8xf32>
#e = affine_map<(i, j) -> (i, j)>

func.func @scale_varies(%x: !x, %w: !w) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> tensor<8x8xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : tensor<8x8xf32>, !w
  return %n : tensor<8x8xf32>
}

func.func @residual_varies(%x: !x, %r: !all) -> !all {
  %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> !all
  %s = arith.addf %g, %r : !all
  %n = norm.layer_norm %s eps 1.0e-5 : !all
  return %n : !all
}

func.func @capture_varies(%x: !x, %w: !w) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %e = tensor.empty() : !g
  %s = linalg.generic {indexing_maps = [#e, #e], iterator_types = ["parallel", "parallel"]} ins(%g : !g) outs(%e : !g) {
  ^bb0(%v: f32, %o: f32):
    %j = linalg.index 1 : index
    %t = tensor.extract %w[%j] : !w
    %p = arith.mulf %v, %t : f32
    linalg.yield %p : f32
  } -> !g
  %n = norm.rms_norm %s eps 1.0e-6 : !g
  return %n : !g
}

func.func @splat_varies(%x: !x) -> !g {
  %i = dist.axis_index @m[a] : index
  %j = arith.index_cast %i : index to i32
  %f = arith.sitofp %j : i32 to f32
  %s = tensor.splat %f : !g
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %t = arith.addf %g, %s : !g
  %n = norm.rms_norm %t eps 1.0e-6 : !g
  return %n : !g
}

func.func @along_other_dim(%x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %g = dist.all_gather %x dim 0 over @m[a] : tensor<?x?xf32> -> tensor<?x?xf32>
  %h = dist.all_gather %y dim 1 over @m[b] : tensor<?x?xf32> -> tensor<?x?xf32>
  %s = arith.addf %g, %h : tensor<?x?xf32>
  %n = norm.rms_norm %s eps 1.0e-6 : tensor<?x?xf32>
  return %n : tensor<?x?xf32>
}

func.func @over_other_axes(%x: !x, %y: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %h = dist.all_gather %y dim 0 over @m[b] : !x -> !g
  %s = arith.addf %g, %h : !g
  %n = norm.rms_norm %s eps 1.0e-6 : !g
  return %n : !g
}

func.func @in_other_order(%x: !x, %y: !x) -> !all {
  %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> !all
  %h = dist.all_gather %y dim 0 over @m[b, a] : !x -> !all
  %s = arith.addf %g, %h : !all
  %n = norm.rms_norm %s eps 1.0e-6 : !all
  return %n : !all
}

func.func @by_other_extents(%x: !r, %y: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %h = dist.all_gather %y dim 0 over @m[a] : !r -> !r
  %s = arith.addf %g, %h : !r
  %n = norm.rms_norm %s eps 1.0e-6 : !r
  return %n : !r
}

func.func @sum_pending(%x: !x {dist.sharding = #dist.sharding<@m, [{a}, {}], unreduced {b}>}) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[a] summing [b] : !x -> tensor<8x8xf32>
  %n = norm.rms_norm %g eps 1.0e-6 : tensor<8x8xf32>
  return %n : tensor<8x8xf32>
}

func.func @branches_part(%x: !x, %u: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> tensor<8x8xf32> {
  %i = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %c -> tensor<8x8xf32> {
    %g = dist.all_gather %x dim 0 over @m[a] : !x -> tensor<8x8xf32>
    %n = norm.rms_norm %g scale %u eps 1.0e-6 : tensor<8x8xf32>, !w
    scf.yield %n : tensor<8x8xf32>
  } else {
    %g = dist.all_gather %x dim 0 over @m[a] : !x -> tensor<8x8xf32>
    %n = norm.rms_norm %g scale %v eps 1.0e-6 : tensor<8x8xf32>, !w
    scf.yield %n : tensor<8x8xf32>
  }
  return %r : tensor<8x8xf32>
}

func.func @norms_part(%x: !x, %u: !w {dist.sharding = #dist.sharding<@m, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@m, [{}]>}) -> !g {
  %i = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %i, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %r = scf.if %c -> !g {
    %n = norm.rms_norm %g scale %u eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  } else {
    %n = norm.rms_norm %g scale %v eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  }
  return %r : !g
}

func.func @join_of_ways(%x: !x) -> !g {
  %k = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %k, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %r = scf.if %c -> !g {
    scf.yield %g : !g
  } else {
    %e = math.exp %g : !g
    scf.yield %e : !g
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !g
  return %n : !g
}

// The same of blocks, which all ranks leave again.
func.func @join_of_blocks(%x: !x) -> !g {
  %k = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %k, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  cf.cond_br %c, ^bb2(%g : !g), ^bb1
^bb1:
  %e = math.exp %g : !g
  cf.br ^bb2(%e : !g)
^bb2(%r: !g):
  %n = norm.rms_norm %r eps 1.0e-6 : !g
  return %n : !g
}

func.func @join_of_what_varies(%x: !x, %v: !g, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %r = scf.if %c -> !g {
    scf.yield %v : !g
  } else {
    scf.yield %g : !g
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !g
  return %n : !g
}

func.func @join_in_other_order(%x: !x, %y: !x, %c: i1 {dist.sharding = #dist.sharding<@m, []>}) -> !all {
  %true = arith.constant true
  %second = arith.xori %c, %true : i1
  %r = scf.if %second -> !all {
    %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> !all
    scf.yield %g : !all
  } else {
    %g = dist.all_gather %y dim 0 over @m[b, a] : !x -> !all
    scf.yield %g : !all
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !all
  return %n : !all
}

func.func @loop_of_what_varies(%x: !x, %v: !g) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %i, %r = scf.while (%i = %c0, %h = %g) : (index, !g) -> (index, !g) {
    %more = arith.cmpi slt, %i, %c1 : index
    scf.condition(%more) %i, %h : index, !g
  } do {
  ^bb0(%i: index, %h: !g):
    %j = arith.addi %i, %c1 : index
    scf.yield %j, %v : index, !g
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !g
  return %n : !g
}

func.func @loop_from_what_varies(%x: !x, %v: !g) -> !g {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %h, %n = scf.for %i = %c0 to %c1 step %c1 iter_args(%h = %v, %k = %v) -> (!g, !g) {
    %n = norm.rms_norm %h eps 1.0e-6 : !g
    %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
    scf.yield %g, %n : !g, !g
  }
  return %n : !g
}
