// Collectives between a gather and a norm, moved without a look at their groups, as in
// unchecked.mlir.

// DEFINE: %{entry} =
// DEFINE: %{reason} =
// DEFINE: %{arguments} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} --axis t=2 %{arguments} --compare --output-dir %t/%{entry}/right
// DEFINE: %{moves} = %commuter-opt %s --test-unchecked-motion=ignore=%{reason} -o %t/%{entry}/moved.mlir
// DEFINE: %{wrong} = %commuter-run %t/%{entry}/moved.mlir --entry %{entry} --axis t=2 %{arguments} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy
// DEFINE: %{goes_wrong} = %{moves} && %{wrong} | FileCheck %s --check-prefix=MOVED && %{differ}

// RUN: rm -rf %t

// A sum over the gather's own axis would add its neighbours' rows; over another mesh,
// whoever is there.
// REDEFINE: %{reason} = not-row-wise
// REDEFINE: %{entry} = over_own_axis
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = over_other_mesh
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// Ranks that hold other numbers of rows, or that meet one which does not move, issue
// different collectives: no wrong number, but an error on every rank.
// REDEFINE: %{arguments} = --extent 0.0=3,5,5,3
// REDEFINE: %{entry} = unequal_rows
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves} && not %{wrong} 2>&1 | FileCheck %s --check-prefix=FAULT
// REDEFINE: %{arguments} =
// REDEFINE: %{entry} = branches_part
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves} && not %{wrong} 2>&1 | FileCheck %s --check-prefix=FAULT

// A sum over an axis that the mesh leaves open is pending, as any.
// REDEFINE: %{reason} = pending-sum
// REDEFINE: %{entry} = open_axis
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// STAYS: norm rows per rank 8 8 1.000
// STAYS: bit-exact on 4/4 ranks
// MOVED: norm rows per rank {{4$}}
// FAULT: error: rank {{.*}}ranks issued

dist.mesh @m(a = 2, b = 2)
dist.mesh @o(p = 4)
dist.mesh @open(s = 2, t = ?)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!r = tensor<?x8xf32>

func.func @over_own_axis(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %s = dist.all_reduce %g sum over @m[a] : !g
  %n = norm.layer_norm %s eps 1.0e-6 : !g
  return %n : !g
}

func.func @over_other_mesh(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %s = dist.all_reduce %g sum over @o[p] : !g
  %n = norm.layer_norm %s eps 1.0e-6 : !g
  return %n : !g
}

func.func @unequal_rows(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %s = dist.all_reduce %g sum over @m[b] : !r
  %n = norm.layer_norm %s eps 1.0e-6 : !r
  return %n : !r
}

func.func @branches_part(%x: !x, %y: !g) -> !g {
  %k = dist.axis_index @m[b] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %k, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %r = scf.if %c -> !g {
    %s = dist.all_reduce %g sum over @m[b] : !g
    %n = norm.layer_norm %s eps 1.0e-6 : !g
    scf.yield %n : !g
  } else {
    %s = dist.all_reduce %y sum over @m[b] : !g
    scf.yield %s : !g
  }
  return %r : !g
}

func.func @open_axis(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @open[s] summing [t] : !x -> !g
  %n = norm.rms_norm %g eps 1.0e-6 : !g
  return %n : !g
}
