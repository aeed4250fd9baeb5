// A slice that is taken for the rank's own, and rows that are cut by the extents of
// something else, as in unchecked.mlir.

// DEFINE: %{entry} =
// DEFINE: %{reason} =
// DEFINE: %{arguments} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} %{arguments} --compare --output-dir %t/%{entry}/right
// DEFINE: %{moves} = %commuter-opt %s --test-unchecked-motion=ignore=%{reason} -o %t/%{entry}/moved.mlir
// DEFINE: %{wrong} = %commuter-run %t/%{entry}/moved.mlir --entry %{entry} %{arguments} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy
// DEFINE: %{goes_wrong} = %{moves} && %{wrong} | FileCheck %s --check-prefix=MOVED && %{differ}

// RUN: rm -rf %t

// What a rank takes of the gathered value is not its own slice, where the gather has
// other axes, another order of them, another mesh, dimension or extents. A ragged gather
// has extents that the slice does not know.
// REDEFINE: %{reason} = other-users
// REDEFINE: %{entry} = other_axes
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = other_order
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = other_mesh
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=4 --extent 0.1=8
// REDEFINE: %{entry} = other_dim
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{arguments} = --extent 0.0=3,3,5,5
// REDEFINE: %{entry} = other_extents
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = ragged
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// Ragged rows are no whole blocks of 4 rows, whose extents are others: the residual is
// cut by them.
// REDEFINE: %{reason} = group-crosses-gather-dim
// REDEFINE: %{arguments} = --extent 0.0=4,4,12,12 --extent 1.0=4
// REDEFINE: %{entry} = rows_as_blocks
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves} && not %{wrong} 2>&1 | FileCheck %s --check-prefix=FAULT

// STAYS: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYS: bit-exact on 4/4 ranks
// MOVED: norm rows per rank {{[245]$}}
// FAULT: error: rank {{.*}}the extents add up to 16, not 4

dist.mesh @m(a = 2, b = 2)
dist.mesh @o(p = 4)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!all = tensor<16x8xf32>
!r = tensor<?x8xf32>
!any = tensor<?x?xf32>

func.func @other_axes(%x: !x) -> (!x, !g) {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %s = dist.all_slice %g dim 0 over @m[b] : !g -> !x
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  return %s, %n : !x, !g
}

func.func @other_order(%x: !x) -> (!x, !all) {
  %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> !all
  %s = dist.all_slice %g dim 0 over @m[b, a] : !all -> !x
  %n = norm.rms_norm %g eps 1.0e-6 : !all
  return %s, %n : !x, !all
}

func.func @other_mesh(%x: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<8x8xf32>) {
  %g = dist.all_gather %x dim 0 over @m[b, a] : tensor<2x8xf32> -> !g
  %s = dist.all_slice %g dim 0 over @o[p] : !g -> tensor<2x8xf32>
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  return %s, %n : tensor<2x8xf32>, !g
}

func.func @other_dim(%x: !any) -> (!any, !any) {
  %g = dist.all_gather %x dim 0 over @m[a] : !any -> !any
  %s = dist.all_slice %g dim 1 over @m[a] : !any -> !any
  %n = norm.rms_norm %g eps 1.0e-6 : !any
  return %s, %n : !any, !any
}

func.func @other_extents(%x: !r) -> (!r, !r) {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %c = tensor.from_elements %c3, %c5 : tensor<2xindex>
  %d = tensor.from_elements %c5, %c3 : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @m[a] : !r, tensor<2xindex> -> !r
  %s = dist.all_slice %g dim 0 extents %d over @m[a] : !r, tensor<2xindex> -> !r
  %n = norm.rms_norm %g eps 1.0e-6 : !r
  return %s, %n : !r, !r
}

func.func @ragged(%x: !r) -> (!r, !r) {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %s = dist.all_slice %g dim 0 over @m[a] : !r -> !r
  %n = norm.rms_norm %g eps 1.0e-6 : !r
  return %s, %n : !r, !r
}

func.func @rows_as_blocks(%x: !r, %y: tensor<?x4x8xf32> {dist.sharding = #dist.sharding<@m, [{}, {}, {}]>}) -> tensor<?x4x8xf32> {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %y, %c0 : tensor<?x4x8xf32>
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %f = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 4, 8] : !r into tensor<?x4x8xf32>
  %s = arith.addf %f, %y : tensor<?x4x8xf32>
  %n = norm.rms_norm %s axis 1 eps 1.0e-6 : tensor<?x4x8xf32>
  return %n : tensor<?x4x8xf32>
}
