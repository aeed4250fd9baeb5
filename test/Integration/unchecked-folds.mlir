// What the preconditions of the folds of collectives prevent: each program keeps its
// bits under canonicalize, and is folded here wherever the types allow it. The results
// differ.

// DEFINE: %{entry} =
// DEFINE: %{arguments} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} %{arguments} --compare --pipeline='builtin.module(canonicalize)' --output-dir %t/%{entry}/right
// DEFINE: %{wrong} = %commuter-run %t/folded.mlir --entry %{entry} %{arguments} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy
// DEFINE: %{goes_wrong} = %{wrong} > %t/%{entry}/log && %{differ}

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-opt %s --test-unchecked-folds -o %t/folded.mlir

// REDEFINE: %{entry} = slice_in_other_order
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = slice_over_other_axes
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = slice_over_another_mesh
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = slice_of_sum
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=4 --extent 0.1=8
// REDEFINE: %{entry} = slice_along_another_dim
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=3,3,5,5
// REDEFINE: %{entry} = slice_with_other_extents
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = slice_of_ragged
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{arguments} =
// REDEFINE: %{entry} = gather_of_slice_of_varying
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = gather_of_slice_in_other_order
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = sum_of_varying
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = sum_over_more_axes
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = max_of_partial
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = inner_gather_sums
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = group_of_two
// RUN: %{stays} | FileCheck %s && %{goes_wrong}
// REDEFINE: %{entry} = sum_of_two
// RUN: %{stays} | FileCheck %s && %{goes_wrong}

// CHECK: bit-exact on 4/4 ranks

dist.mesh @m(a = 2, b = 2)
dist.mesh @o(p = 4)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!w = tensor<16x8xf32>
!r = tensor<?x8xf32>
!any = tensor<?x?xf32>

func.func @slice_in_other_order(%x: !x) -> !x {
  %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> !w
  %s = dist.all_slice %g dim 0 over @m[b, a] : !w -> !x
  return %s : !x
}

func.func @slice_over_other_axes(%x: !x) -> !x {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %s = dist.all_slice %g dim 0 over @m[b] : !g -> !x
  return %s : !x
}

func.func @slice_over_another_mesh(%x: !x) -> !x {
  %g = dist.all_gather %x dim 0 over @m[b, a] : !x -> !w
  %s = dist.all_slice %g dim 0 over @o[p] : !w -> !x
  return %s : !x
}

func.func @slice_of_sum(%x: !x) -> !x {
  %g = dist.all_gather %x dim 0 over @m[a] summing [b] : !x -> !g
  %s = dist.all_slice %g dim 0 over @m[a] : !g -> !x
  return %s : !x
}

func.func @slice_along_another_dim(%x: !any) -> !any {
  %g = dist.all_gather %x dim 0 over @m[a] : !any -> !any
  %s = dist.all_slice %g dim 1 over @m[a] : !any -> !any
  return %s : !any
}

func.func @slice_with_other_extents(%x: !r) -> !r {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c = tensor.from_elements %c3, %c5 : tensor<2xindex>
  %d = tensor.from_elements %c5, %c3 : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @m[a] : !r, tensor<2xindex> -> !r
  %s = dist.all_slice %g dim 0 extents %d over @m[a] : !r, tensor<2xindex> -> !r
  return %s : !r
}

func.func @slice_of_ragged(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %s = dist.all_slice %g dim 0 over @m[a] : !r -> !r
  return %s : !r
}

func.func @gather_of_slice_of_varying(%r: !g) -> !g {
  %s = dist.all_slice %r dim 0 over @m[a] : !g -> !x
  %g = dist.all_gather %s dim 0 over @m[a] : !x -> !g
  return %g : !g
}

func.func @gather_of_slice_in_other_order(%r: !w {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> !w {
  %s = dist.all_slice %r dim 0 over @m[a, b] : !w -> !x
  %g = dist.all_gather %s dim 0 over @m[b, a] : !x -> !w
  return %g : !w
}

func.func @sum_of_varying(%r: !x) -> !x {
  %p = dist.to_partial %r over @m[a] : !x
  %s = dist.all_reduce %p sum over @m[a] : !x
  return %s : !x
}

func.func @sum_over_more_axes(%r: !x {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> !x {
  %p = dist.to_partial %r over @m[a] : !x
  %s = dist.all_reduce %p sum over @m[a, b] : !x
  return %s : !x
}

func.func @max_of_partial(%r: !x {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> !x {
  %p = dist.to_partial %r over @m[a] : !x
  %s = dist.all_reduce %p max over @m[a] : !x
  return %s : !x
}

func.func @inner_gather_sums(%x: !x) -> !w {
  %h = dist.all_gather %x dim 0 over @m[b] summing [a] : !x -> !g
  %g = dist.all_gather %h dim 0 over @m[a] : !g -> !w
  return %g : !w
}

func.func @group_of_two(%x: !x) -> !x {
  %s = dist.all_reduce %x sum over @m[b] : !x
  return %s : !x
}

func.func @sum_of_two(%x: !x) -> !g {
  %s = dist.all_gather %x dim 0 over @m[a] summing [b] : !x -> !g
  return %s : !g
}
