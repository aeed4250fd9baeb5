// What the preconditions of dist-localize-per-tensor-quantize prevent: each program
// stays as it is; beside it stands what the rewrite would make of it.

// DEFINE: %{entry} =
// DEFINE: %{pipeline} = 'builtin.module(dist-localize-per-tensor-quantize)'
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} --compare --pipeline=%{pipeline} --output-dir %t/%{entry}
// DEFINE: %{localized} = %commuter-run %s --entry %{entry}_localized --pipeline none --output-dir %t/%{entry}_localized

// RUN: rm -rf %t
// RUN: %commuter-opt %s --dist-localize-per-tensor-quantize | FileCheck %s

// REDEFINE: %{entry} = sum
// RUN: %{stays} | FileCheck %s --check-prefix=EXACT
// RUN: %{localized} | FileCheck %s --check-prefix=RAN
// RUN: not cmp -s %t/sum/result0.npy %t/sum_localized/result0.npy

// Not all ranks come to the sum of the scales: an error on each.
// REDEFINE: %{entry} = branch
// RUN: %{stays} | FileCheck %s --check-prefix=EXACT
// RUN: env COMMUTER_TIMEOUT_MS=2000 not %{localized} 2>&1 | FileCheck %s --check-prefix=FAULT

// CHECK-LABEL: func @sum(
// CHECK: norm.quantize {{.*}} per_tensor : tensor<8x8xf32>
// CHECK-LABEL: func @branch(
// CHECK: norm.quantize {{.*}} per_tensor : tensor<8x8xf32>
// EXACT: bit-exact on 4/4 ranks
// RAN: collectives per rank
// FAULT: error: rank {{.*}}ranks issued

dist.mesh @m(a = 2, b = 2)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!q = tensor<8x8xi8>

func.func @sum(%x: !x) -> !q {
  %g = dist.all_gather %x dim 0 over @m[a] summing [b] : !x -> !g
  %q, %s = norm.quantize %g per_tensor : !g -> !q, tensor<f32>
  return %q : !q
}

func.func @sum_localized(%x: !x) -> !q {
  %_, %own = norm.quantize %x per_tensor : !x -> tensor<4x8xi8>, tensor<f32>
  %s = dist.all_reduce %own max over @m[a] : tensor<f32>
  %l = norm.quantize %x static %s : !x, tensor<f32> -> tensor<4x8xi8>
  %q = dist.all_gather %l dim 0 over @m[a] : tensor<4x8xi8> -> !q
  return %q : !q
}

func.func @branch(%x: !x, %z: !q) -> !q {
  %i = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %i, %c0 : index
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %r = scf.if %c -> !q {
    %q, %s = norm.quantize %g per_tensor : !g -> !q, tensor<f32>
    scf.yield %q : !q
  } else {
    scf.yield %z : !q
  }
  return %r : !q
}

func.func @branch_localized(%x: !x, %z: !q) -> !q {
  %i = dist.axis_index @m[a] : index
  %c0 = arith.constant 0 : index
  %c = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %c -> !q {
    %_, %own = norm.quantize %x per_tensor : !x -> tensor<4x8xi8>, tensor<f32>
    %s = dist.all_reduce %own max over @m[a] : tensor<f32>
    %l = norm.quantize %x static %s : !x, tensor<f32> -> tensor<4x8xi8>
    %q = dist.all_gather %l dim 0 over @m[a] : tensor<4x8xi8> -> !q
    scf.yield %q : !q
  } else {
    scf.yield %z : !q
  }
  return %r : !q
}
