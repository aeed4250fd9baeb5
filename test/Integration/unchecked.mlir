// What stands between a user and wrong numbers: each program stays as it is, and
// is moved here without the precondition that refuses it. The results differ.

// DEFINE: %{entry} =
// DEFINE: %{reason} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} --compare --output-dir %t/%{entry}/right
// DEFINE: %{moves} = %commuter-opt %s --test-unchecked-motion=ignore=%{reason} -o %t/%{entry}/moved.mlir
// DEFINE: %{wrong} = %commuter-run %t/%{entry}/moved.mlir --entry %{entry} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy

// RUN: rm -rf %t

// REDEFINE: %{entry} = scale_varies
// REDEFINE: %{reason} = operand-not-replicated
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves}
// RUN: %{wrong} | FileCheck %s --check-prefix=MOVED
// RUN: %{differ}

// REDEFINE: %{entry} = residual_varies
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves}
// RUN: %{wrong} | FileCheck %s --check-prefix=MOVED
// RUN: %{differ}

// REDEFINE: %{entry} = sum_pending
// REDEFINE: %{reason} = pending-sum
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves}
// RUN: %{wrong} | FileCheck %s --check-prefix=MOVED
// RUN: %{differ}

// REDEFINE: %{entry} = branches_part
// REDEFINE: %{reason} = divergent-control-flow
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{moves}
// RUN: %{wrong} | FileCheck %s --check-prefix=MOVED
// RUN: %{differ}

// STAYS: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYS: bit-exact on 4/4 ranks
// MOVED: norm rows per rank 4{{$}}

dist.mesh @m(a = 2, b = 2)

!x = tensor<4x8xf32>
!w = tensor<8xf32>

func.func @scale_varies(%x: !x, %w: !w) -> tensor<8x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> tensor<8x8xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : tensor<8x8xf32>, !w
  return %n : tensor<8x8xf32>
}

func.func @residual_varies(%x: !x, %r: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[a, b] : !x -> tensor<16x8xf32>
  %s = arith.addf %g, %r : tensor<16x8xf32>
  %n = norm.layer_norm %s eps 1.0e-5 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
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
