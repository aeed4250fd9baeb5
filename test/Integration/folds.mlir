// Every fold of collectives, executed: canonicalised, the program gives the bits of
// the program as written.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-opt %s --canonicalize | FileCheck %s --check-prefix=FOLDED
// RUN: %commuter-run %s --entry folds --compare --pipeline='builtin.module(canonicalize)' | FileCheck %s
// RUN: %commuter-run %s --entry ragged --extent 0.0=3,0,1,5,2,4,0,1,3,0,2,2 --compare --pipeline='builtin.module(canonicalize)' | FileCheck %s

// The lowering canonicalises, too, so that a slice of a sum is a reduce_scatter as
// written, unless something else needs the sum.
// RUN: %commuter-run %s --entry slice_of_sum --output-dir %t/folded | FileCheck %s --check-prefix=SCATTERED
// RUN: %commuter-run %s --entry slice_of_kept_sum --output-dir %t/kept | FileCheck %s --check-prefix=REDUCED
// RUN: cmp %t/folded/result0.npy %t/kept/result0.npy
// SCATTERED: bytes received per rank 120
// REDUCED: bytes received per rank 240

// FOLDED-LABEL: func @folds(
// FOLDED-COUNT-1: dist.all_gather %{{.*}} over @mesh[a, b]
// FOLDED-COUNT-1: dist.all_reduce
// FOLDED-NOT: dist.{{all|reduce|to_partial}}
// FOLDED: return
// FOLDED-LABEL: func @ragged(
// FOLDED-NOT: dist.all_
// FOLDED: return
// CHECK: bit-exact on 12/12 ranks

dist.mesh @mesh(a = 2, b = 3, one = 1, c = 2)

!x = tensor<4x6xf32>

func.func @folds(%x: !x, %r: tensor<12x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (!x, tensor<12x6xf32>, tensor<12x6xf32>, tensor<24x6xf32>, !x, !x, !x, tensor<2xf32>) {
  // all_slice(all_gather(x)) = x
  %g = dist.all_gather %x dim 1 over @mesh[b, a] : !x -> tensor<4x36xf32>
  %own = dist.all_slice %g dim 1 over @mesh[b, a] : tensor<4x36xf32> -> !x
  // all_gather(all_slice(r)) = r
  %s = dist.all_slice %r dim 0 over @mesh[c, b] : tensor<12x6xf32> -> tensor<2x6xf32>
  %back = dist.all_gather %s dim 0 over @mesh[c, b] : tensor<2x6xf32> -> tensor<12x6xf32>
  // all_reduce(to_partial(r)) = r
  %p = dist.to_partial %r over @mesh[b, c] : tensor<12x6xf32>
  %sum = dist.all_reduce %p sum over @mesh[c, b] : tensor<12x6xf32>
  // all_gather{a}(all_gather{b}(x)) = all_gather{a, b}(x)
  %inner = dist.all_gather %x dim 0 over @mesh[b] : !x -> tensor<12x6xf32>
  %outer = dist.all_gather %inner dim 0 over @mesh[a] : tensor<12x6xf32> -> tensor<24x6xf32>
  // A group of one; a gather over one rank that sums over others; an axis of one.
  %same = dist.all_gather %x dim 0 over @mesh[one] : !x -> !x
  %only = dist.all_gather %x dim 0 over @mesh[one] summing [c] : !x -> !x
  %unit = dist.reduce_scatter %same sum dim 0 over @mesh[one] : !x -> !x
  // A slice of a splat
  %ones = arith.constant dense<1.5> : tensor<6xf32>
  %part = dist.all_slice %ones dim 0 over @mesh[b, one] : tensor<6xf32> -> tensor<2xf32>
  return %own, %back, %sum, %outer, %same, %only, %unit, %part : !x, tensor<12x6xf32>, tensor<12x6xf32>, tensor<24x6xf32>, !x, !x, !x, tensor<2xf32>
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
  %own = dist.all_slice %g dim 0 extents %e over @mesh[c, a] : tensor<?x6xf32>, tensor<4xindex> -> tensor<?x6xf32>
  return %own : tensor<?x6xf32>
}
