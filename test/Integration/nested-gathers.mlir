// Norms in front of all of several gathers of what is gathered, in one run.

// RUN: %commuter-run %s --entry two_meshes --pipeline=commute --compare | FileCheck %s --check-prefix=FOURTH
// RUN: %commuter-run %s --entry one_axis --pipeline=commute --compare | FileCheck %s --check-prefix=FOURTH
// RUN: %commuter-run %s --entry ragged --extent 0.0=1,3,0,2 --pipeline=commute --compare | FileCheck %s --check-prefix=RAGGED
// RUN: %commuter-run %s --entry outer_one --pipeline=commute --compare | FileCheck %s --check-prefix=HALF
// And in front of a gather over the first axes of one over more.
// RUN: %commuter-run %s --entry gathered_over_the_first --pipeline=commute --compare | FileCheck %s --check-prefix=FOURTH
// RUN: %commuter-run %s --entry varies_along_the_last --pipeline=commute --compare | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry slice_over_the_first --pipeline=commute --compare | FileCheck %s --check-prefix=SLICE
// RUN: %commuter-run %s --entry slice_over_the_first --compare | FileCheck %s --check-prefix=SLICE
// RUN: %commuter-run %s --entry parts_along_the_last --pipeline=commute --compare | FileCheck %s --check-prefix=PARTS
// RUN: %commuter-run %s --entry acts_along_the_last --compare | FileCheck %s --check-prefix=ACTS
// RUN: %commuter-run %s --entry rows_of_four --compare | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry ways_of_both --seed 0 --compare | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry ways_of_both --seed 2 --compare | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry equal --extent 0.0=1,3,0,2 --compare | FileCheck %s --check-prefix=EQUAL

// PARTS: norm rows per rank 16 8 0.500
// PARTS: bytes received per rank 384 384 1.000
// PARTS: bit-exact on 4/4 ranks
// ACTS: norm rows per rank 16 8 0.500
// ACTS: bytes received per rank 896 640 0.714
// ACTS: bit-exact on 4/4 ranks
// EQUAL: bytes received per rank [[BYTES:[0-9]+]] [[BYTES]]
// EQUAL: bit-exact on 4/4 ranks
// SLICE: norm rows per rank 16 4 0.250
// SLICE: bytes received per rank 384 128 0.333
// SLICE: bit-exact on 4/4 ranks
// FOURTH: norm rows per rank 16 4 0.250
// HALF: norm rows per rank {{[0-9]+ [0-9]+}} 0.500
// RAGGED: norm rows per rank 6 3 0.500
// FOURTH: bit-exact on 4/4 ranks
// HALF: bit-exact on 4/4 ranks
// RAGGED: bit-exact on 4/4 ranks

dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!h = tensor<16x8xf32>
!w = tensor<8xf32>

func.func @two_meshes(%x: !x, %w: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !h {
  %g = dist.all_gather %x dim 0 over @a[q] : !x -> !g
  %h = dist.all_gather %g dim 0 over @b[s] : !g -> !h
  %n = norm.rms_norm %h scale %w eps 1.0e-6 : !h, !w
  return %n : !h
}

func.func @one_axis(%x: !x, %w: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !h {
  %g = dist.all_gather %x dim 0 over @a[q] : !x -> !g
  %h = dist.all_gather %g dim 0 over @a[q] : !g -> !h
  %n = norm.layer_norm %h scale %w eps 1.0e-5 : !h, !w
  return %n : !h
}

// The inner gather's rows are as many as its ranks have, the outer one's as the
// inner one's.
func.func @ragged(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %g = dist.all_gather %x dim 0 over @a[q] : tensor<?x8xf32> -> tensor<?x8xf32>
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = norm.rms_norm %h eps 1.0e-6 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// The parameter differs along the axis of the inner gather: the norm moves in front of
// the outer one, and no further.
func.func @outer_one(%x: !x, %w: !w) -> !h {
  %v = dist.all_reduce %w max over @a[p] : !w
  %g = dist.all_gather %x dim 0 over @a[q] : !x -> !g
  %h = dist.all_gather %g dim 0 over @a[p] : !g -> !h
  %n = norm.rms_norm %h scale %v eps 1.0e-6 : !h, !w
  return %n : !h
}

func.func @gathered_over_the_first(%x: !x, %r: !g {dist.sharding = #dist.sharding<@a, [{p}, {}]>}) -> !h {
  %h = dist.all_gather %r dim 0 over @a[p] : !g -> !h
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %y, %n = norm.add_rms_norm %h, %g eps 1.0e-6 : !h
  return %n : !h
}

func.func @varies_along_the_last(%x: !x, %w: !w {dist.sharding = #dist.sharding<@a, [{q}]>}) -> !h {
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !h, !w
  return %n : !h
}

func.func @slice_over_the_first(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %n = norm.rms_norm %g eps 1.0e-6 : !h
  %s = dist.all_slice %n dim 0 over @a[p] : !h -> !g
  return %s : !g
}

func.func @parts_along_the_last(%x: !x) -> !h {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %i = dist.axis_index @a[q] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %c -> !h {
    %n = norm.rms_norm %g eps 1.0e-6 : !h
    scf.yield %n : !h
  } else {
    scf.yield %g : !h
  }
  return %r : !h
}

func.func @acts_along_the_last(%x: !x) -> !h {
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %m = dist.all_reduce %g max over @a[q] : !h
  %n = norm.rms_norm %m eps 1.0e-6 : !h
  return %n : !h
}

func.func @rows_of_four(%x: !x) -> tensor<2x8x8xf32> {
  %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [2, 8, 8] : !h into tensor<2x8x8xf32>
  %n = norm.rms_norm %e axis 1 eps 1.0e-6 : tensor<2x8x8xf32>
  return %n : tensor<2x8x8xf32>
}

func.func @ways_of_both(%c: i1 {dist.sharding = #dist.sharding<@a, []>}, %x: !x, %y: !g {dist.sharding = #dist.sharding<@a, [{p}, {}]>}) -> !h {
  %r = scf.if %c -> !h {
    %g = dist.all_gather %x dim 0 over @a[p, q] : !x -> !h
    scf.yield %g : !h
  } else {
    %g = dist.all_gather %y dim 0 over @a[p] : !g -> !h
    scf.yield %g : !h
  }
  %n = norm.rms_norm %r eps 1.0e-6 : !h
  return %n : !h
}

// One with extents, and one without: that is one gather.
func.func @equal(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %d over @a[q] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %e over @a[q] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %h = dist.all_gather %x dim 0 over @a[q] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = norm.rms_norm %g eps 1.0e-6 : tensor<?x8xf32>
  return %n, %h : tensor<?x8xf32>, tensor<?x8xf32>
}
