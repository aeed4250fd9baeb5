// Every fold of collectives, executed: folded, the program gives the bits of the
// program as written.

// DEFINE: %{extents} = --extent 0.0=3,0,1,5,2,4,0,1,3,0,2,2
// RUN: rm -rf %t && mkdir %t

// What is promised in between is looked at by no fold, nor is an axis of open size
// one of a single rank: so the programs below are, as written.
// RUN: sed '/dist.assert_sharding/d; s/_kept\b//g; s/one = ?/one = 1/' %s > %t/folded.mlir
// RUN: %commuter-opt %t/folded.mlir --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: %commuter-run %s --axis one=1 --entry folds --output-dir %t/kept | FileCheck %s --check-prefix=KEPT
// RUN: %commuter-run %t/folded.mlir --entry folds --output-dir %t/fewer | FileCheck %s --check-prefix=FEWER
// RUN: diff -r %t/kept %t/fewer
// RUN: %commuter-run %s --axis one=1 --entry some_axes --output-dir %t/all | FileCheck %s --check-prefix=ALL
// RUN: %commuter-run %t/folded.mlir --entry some_axes --output-dir %t/some | FileCheck %s --check-prefix=SOME
// RUN: diff -r %t/all %t/some
// RUN: %commuter-run %s --axis one=1 --entry ragged %{extents} --output-dir %t/gathered | FileCheck %s --check-prefix=GATHERED
// RUN: %commuter-run %t/folded.mlir --entry ragged %{extents} --output-dir %t/own | FileCheck %s --check-prefix=OWN
// RUN: diff -r %t/gathered %t/own
// RUN: %commuter-run %s --axis one=1 --entry again %{extents} --output-dir %t/again | FileCheck %s --check-prefix=AGAIN
// RUN: %commuter-run %t/folded.mlir --entry again %{extents} --output-dir %t/once | FileCheck %s --check-prefix=ONCE
// RUN: diff -r %t/again %t/once

// The lowering canonicalises, too, so that a slice of a sum is a reduce_scatter as
// written, unless something else needs the sum.
// RUN: %commuter-run %t/folded.mlir --entry slice_of_sum --output-dir %t/scattered | FileCheck %s --check-prefix=SCATTERED
// RUN: %commuter-run %t/folded.mlir --entry slice_of_kept_sum --output-dir %t/reduced | FileCheck %s --check-prefix=REDUCED
// RUN: cmp %t/scattered/result0.npy %t/reduced/result0.npy

// KEPT: collectives per rank 6
// FEWER: collectives per rank 2
// GATHERED: collectives per rank 2
// OWN: collectives per rank 0
// AGAIN: collectives per rank 8
// ONCE: collectives per rank 4
// SOME: bytes received per rank 384
// ALL: bytes received per rank 864
// SCATTERED: bytes received per rank 120
// REDUCED: bytes received per rank 240

// FOLDED-LABEL: func @folds(
// FOLDED-COUNT-1: dist.all_gather %{{.*}} over @mesh[a, b] summing [c]
// FOLDED-COUNT-1: dist.all_reduce
// FOLDED-NOT: dist.{{all|reduce|to_partial}}
// FOLDED: return
// FOLDED-LABEL: func @ragged(
// FOLDED-NOT: dist.all_
// FOLDED: return

dist.mesh @mesh(a = 2, b = 3, one = ?, c = 2)

!x = tensor<4x6xf32>

func.func @folds(%x: !x, %r: tensor<12x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (!x, tensor<12x6xf32>, tensor<12x6xf32>, tensor<24x6xf32>, !x, !x, !x, tensor<2xf32>) {
  // all_slice(all_gather(x)) = x
  %g = dist.all_gather %x dim 1 over @mesh[b, a] : !x -> tensor<4x36xf32>
  %g_kept = dist.assert_sharding %g <@mesh, [{c}, {}]> : tensor<4x36xf32>
  %own = dist.all_slice %g_kept dim 1 over @mesh[b, a] : tensor<4x36xf32> -> !x
  // all_gather(all_slice(r)) = r
  %s = dist.all_slice %r dim 0 over @mesh[c, b] : tensor<12x6xf32> -> tensor<2x6xf32>
  %s_kept = dist.assert_sharding %s <@mesh, [{c, b}, {}]> : tensor<2x6xf32>
  %back = dist.all_gather %s_kept dim 0 over @mesh[c, b] : tensor<2x6xf32> -> tensor<12x6xf32>
  // all_reduce(to_partial(r)) = r
  %p = dist.to_partial %r over @mesh[b, c] : tensor<12x6xf32>
  %p_kept = dist.assert_sharding %p <@mesh, [{}, {}], unreduced {b, c}> : tensor<12x6xf32>
  %sum = dist.all_reduce %p_kept sum over @mesh[c, b] : tensor<12x6xf32>
  // all_gather{a}(all_gather{b}(x)) = all_gather{a, b}(x), and a sum of the inner one
  %inner = dist.all_gather %x dim 0 over @mesh[b] summing [c] : !x -> tensor<12x6xf32>
  %inner_kept = dist.assert_sharding %inner <@mesh, [{a}, {}]> : tensor<12x6xf32>
  %outer = dist.all_gather %inner_kept dim 0 over @mesh[a] : tensor<12x6xf32> -> tensor<24x6xf32>
  // A group of one; a gather over one rank that sums over others; an axis of one.
  %same = dist.all_gather %x dim 0 over @mesh[one] : !x -> !x
  %only = dist.all_gather %x dim 0 over @mesh[one] summing [c] : !x -> !x
  %unit = dist.reduce_scatter %same sum dim 0 over @mesh[one] : !x -> !x
  // A slice of a splat
  %ones = arith.constant dense<1.5> : tensor<6xf32>
  %part = dist.all_slice %ones dim 0 over @mesh[b, one] : tensor<6xf32> -> tensor<2xf32>
  return %own, %back, %sum, %outer, %same, %only, %unit, %part : !x, tensor<12x6xf32>, tensor<12x6xf32>, tensor<24x6xf32>, !x, !x, !x, tensor<2xf32>
}

// Slices of what fewer axes or more gathered, and gathers of what they sliced.
func.func @some_axes(%x: !x, %y: !x {dist.sharding = #dist.sharding<@mesh, [{b}, {}]>}, %r: tensor<12x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<2x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<4x6xf32>) {
  // all_slice{a, c}(all_gather{a}(x)) = all_slice{c}(x)
  %g = dist.all_gather %x dim 0 over @mesh[a] : !x -> tensor<8x6xf32>
  %g_kept = dist.assert_sharding %g <@mesh, [{b, c}, {}]> : tensor<8x6xf32>
  %fine = dist.all_slice %g_kept dim 0 over @mesh[a, c] : tensor<8x6xf32> -> tensor<2x6xf32>
  // all_slice{a}(all_gather{a, b}(x)) = all_gather{b}(x)
  %h = dist.all_gather %x dim 0 over @mesh[a, b] : !x -> tensor<24x6xf32>
  %h_kept = dist.assert_sharding %h <@mesh, [{c}, {}]> : tensor<24x6xf32>
  %coarse = dist.all_slice %h_kept dim 0 over @mesh[a] : tensor<24x6xf32> -> tensor<12x6xf32>
  // all_gather{b, c}(all_slice{c}(y)) = all_gather{b}(y)
  %part = dist.all_slice %y dim 0 over @mesh[c] : !x -> tensor<2x6xf32>
  %part_kept = dist.assert_sharding %part <@mesh, [{b, c}, {}]> : tensor<2x6xf32>
  %whole = dist.all_gather %part_kept dim 0 over @mesh[b, c] : tensor<2x6xf32> -> tensor<12x6xf32>
  // all_gather{a}(all_slice{b, a}(r)) = all_slice{b}(r)
  %piece = dist.all_slice %r dim 0 over @mesh[b, a] : tensor<12x6xf32> -> tensor<2x6xf32>
  %piece_kept = dist.assert_sharding %piece <@mesh, [{b, a}, {}]> : tensor<2x6xf32>
  %own = dist.all_gather %piece_kept dim 0 over @mesh[a] : tensor<2x6xf32> -> tensor<4x6xf32>
  return %fine, %coarse, %whole, %own : tensor<2x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<4x6xf32>
}

// all_slice(all_reduce(x)) = reduce_scatter(x)
func.func @slice_of_sum(%x: tensor<12x6xbf16>) -> tensor<2x6xbf16> {
  %sum = dist.all_reduce %x sum over @mesh[b, a] : tensor<12x6xbf16>
  %own = dist.all_slice %sum dim 0 over @mesh[b, a] : tensor<12x6xbf16> -> tensor<2x6xbf16>
  return %own : tensor<2x6xbf16>
}
func.func @slice_of_kept_sum(%x: tensor<12x6xbf16>) -> (tensor<2x6xbf16>, tensor<12x6xbf16>) {
  %sum = dist.all_reduce %x sum over @mesh[b, a] : tensor<12x6xbf16>
  %own = dist.all_slice %sum dim 0 over @mesh[b, a] : tensor<12x6xbf16> -> tensor<2x6xbf16>
  return %own, %sum : tensor<2x6xbf16>, tensor<12x6xbf16>
}

// With extents, a slice of a gather is the part again, however long it is.
func.func @ragged(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %e = dist.exchange_extents %n over @mesh[c, a] : tensor<4xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[c, a] : tensor<?x6xf32>, tensor<4xindex> -> tensor<?x6xf32>
  %g_kept = dist.assert_sharding %g <@mesh, [{b}, {}]> : tensor<?x6xf32>
  %own = dist.all_slice %g_kept dim 0 extents %e over @mesh[c, a] : tensor<?x6xf32>, tensor<4xindex> -> tensor<?x6xf32>
  return %own : tensor<?x6xf32>
}

// What a loop gathers each time is gathered in front of it, or its extents are
// exchanged there.
func.func @again(%y: tensor<?x6xf32>, %x: !x) -> (tensor<8x6xf32>, tensor<1xindex>, tensor<4xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %g = dist.all_gather %x dim 0 over @mesh[a] : !x -> tensor<8x6xf32>
  %n = tensor.dim %y, %c0 : tensor<?x6xf32>
  %e = dist.exchange_extents %n over @mesh[c, a] : tensor<4xindex>
  %x_kept = dist.assert_sharding %x <@mesh, [{a, b, c}, {}]> : !x
  %y_kept = dist.assert_sharding %y <@mesh, [{a, b, c}, {}]> : tensor<?x6xf32>
  %sum, %rows = scf.for %i = %c0 to %c2 step %c1 iter_args(%s = %g, %r = %c0) -> (tensor<8x6xf32>, index) {
    %h = dist.all_gather %x_kept dim 0 over @mesh[a] : !x -> tensor<8x6xf32>
    %t = arith.addf %s, %h : tensor<8x6xf32>
    %w = dist.all_gather %y_kept dim 0 over @mesh[c, a] : tensor<?x6xf32> -> tensor<?x6xf32>
    %k = tensor.dim %w, %c0 : tensor<?x6xf32>
    %u = arith.addi %r, %k : index
    scf.yield %t, %u : tensor<8x6xf32>, index
  }
  %all = tensor.from_elements %rows : tensor<1xindex>
  return %sum, %all, %e : tensor<8x6xf32>, tensor<1xindex>, tensor<4xindex>
}
