// Parameters that look the same on all ranks of the gather's group and are not:
// the norm stays, and a moved one would give other numbers (each of these did,
// before the analysis knew of it).

// RUN: %commuter-run %s --entry both_branches_gather --compare | FileCheck %s
// RUN: %commuter-run %s --entry called_from_both --compare | FileCheck %s
// RUN: %commuter-run %s --entry joined_blocks --compare | FileCheck %s
// RUN: %commuter-run %s --entry two_returns --compare | FileCheck %s
// RUN: %commuter-run %s --entry index_of_another_mesh --compare | FileCheck %s
// RUN: %commuter-run %s --entry slice_over_another_mesh --compare | FileCheck %s
// RUN: %commuter-run %s --entry gather_over_another_mesh --compare | FileCheck %s
// RUN: %commuter-run %s --entry extents_differ_elsewhere --compare | FileCheck %s

// The same everywhere is the same along every mesh.
// RUN: %commuter-run %s --entry same_everywhere --compare | FileCheck %s --check-prefix=MOVED

// CHECK: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// CHECK: bit-exact on 6/6 ranks
// MOVED: norm rows per rank 8 4 0.500
// MOVED: bit-exact on 6/6 ranks

dist.mesh @a(p = 2, q = 3)
dist.mesh @b(s = 3, t = 2)

!x = tensor<4x9xf32>
!g = tensor<8x9xf32>
!w = tensor<9xf32>

func.func private @gather_and_norm(%x: !x, %w: !w) -> !g {
  %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
func.func private @is_first() -> i1 {
  %i = dist.axis_index @a[p] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %i, %c0 : index
  return %c : i1
}
func.func private @pick(%u: !w, %v: !w) -> !w {
  %c = func.call @is_first() : () -> i1
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  return %u : !w
^bb2:
  return %v : !w
}

// The ranks' gathers meet across the branches, each of which has its own scale.
func.func @both_branches_gather(%x: !x, %u: !w {dist.sharding = #dist.sharding<@a, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !g {
  %c = func.call @is_first() : () -> i1
  %r = scf.if %c -> !g {
    %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
    %n = norm.rms_norm %g scale %u eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  } else {
    %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
    %n = norm.rms_norm %g scale %v eps 1.0e-6 : !g, !w
    scf.yield %n : !g
  }
  return %r : !g
}
func.func @called_from_both(%x: !x, %u: !w {dist.sharding = #dist.sharding<@a, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !g {
  %c = func.call @is_first() : () -> i1
  %r = scf.if %c -> !g {
    %n = func.call @gather_and_norm(%x, %u) : (!x, !w) -> !g
    scf.yield %n : !g
  } else {
    %n = func.call @gather_and_norm(%x, %v) : (!x, !w) -> !g
    scf.yield %n : !g
  }
  return %r : !g
}

// Equal values from two blocks, or two returns, are not one value.
func.func @joined_blocks(%x: !x, %u: !w {dist.sharding = #dist.sharding<@a, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !g {
  %c = func.call @is_first() : () -> i1
  cf.cond_br %c, ^bb1, ^bb2
^bb1:
  %uu = arith.mulf %u, %u : !w
  cf.br ^bb3(%uu : !w)
^bb2:
  cf.br ^bb3(%v : !w)
^bb3(%w: !w):
  %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
func.func @two_returns(%x: !x, %u: !w {dist.sharding = #dist.sharding<@a, [{}]>}, %v: !w {dist.sharding = #dist.sharding<@a, [{}]>}) -> !g {
  %w = func.call @pick(%u, %v) : (!w, !w) -> !w
  %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// Two meshes name the same ranks.
func.func @index_of_another_mesh(%x: !x) -> !g {
  %i = dist.axis_index @a[p] : index
  %j = arith.index_cast %i : index to i32
  %f = arith.sitofp %j : i32 to f32
  %w = tensor.splat %f : !w
  %g = dist.all_gather %x dim 0 over @b[t] : !x -> !g
  %n = norm.rms_norm %g scale %w offset 1.0 eps 1.0e-6 : !g, !w
  return %n : !g
}
func.func @slice_over_another_mesh(%x: !x, %all: tensor<27xf32> {dist.sharding = #dist.sharding<@b, [{}]>}) -> !g {
  %w = dist.all_slice %all dim 0 over @a[q] : tensor<27xf32> -> !w
  %g = dist.all_gather %x dim 0 over @b[t] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
func.func @gather_over_another_mesh(%x: !x, %part: tensor<3xf32> {dist.sharding = #dist.sharding<@b, [{s}]>}) -> !g {
  %w = dist.all_gather %part dim 0 over @a[q] : tensor<3xf32> -> !w
  %g = dist.all_gather %x dim 0 over @b[t] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
func.func @same_everywhere(%x: !x, %part: !w {dist.sharding = #dist.sharding<@b, [{}]>}) -> !g {
  %w = dist.all_reduce %part sum over @b[s] : !w
  %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// Slices of one value, cut differently along an axis that the slice is not over.
func.func @extents_differ_elsewhere(%x: !x, %r: !g {dist.sharding = #dist.sharding<@a, [{}, {}]>}) -> !g {
  %p = dist.axis_index @a[p] : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %e0 = arith.addi %p, %c2 : index
  %e1 = arith.subi %c3, %p : index
  %c = tensor.from_elements %e0, %e1, %c3 : tensor<3xindex>
  %s = dist.all_slice %r dim 0 extents %c over @a[q] : !g, tensor<3xindex> -> tensor<?x9xf32>
  %w = tensor.extract_slice %s[0, 0] [1, 9] [1, 1] : tensor<?x9xf32> to !w
  %g = dist.all_gather %x dim 0 over @a[p] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
