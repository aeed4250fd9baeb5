// Ops that are no rows' own, taken as if they were, as in unchecked.mlir: by ignoring
// what their model says, or by a model that says so. `test-unchecked-motion` has one of
// calls that are marked `row_wise`.

// DEFINE: %{entry} =
// DEFINE: %{reason} =
// DEFINE: %{arguments} =
// DEFINE: %{stays} = %commuter-run %s --entry %{entry} %{arguments} --compare --output-dir %t/%{entry}/right
// DEFINE: %{moves} = %commuter-opt %s --test-unchecked-motion=ignore=%{reason} -o %t/%{entry}/moved.mlir
// DEFINE: %{wrong} = %commuter-run %t/%{entry}/moved.mlir --entry %{entry} %{arguments} --pipeline none --output-dir %t/%{entry}/wrong
// DEFINE: %{differ} = not cmp -s %t/%{entry}/right/result0.npy %t/%{entry}/wrong/result0.npy
// DEFINE: %{goes_wrong} = %{moves} && %{wrong} | FileCheck %s --check-prefix=MOVED && %{differ}

// RUN: rm -rf %t

// The place of a row, and the whole row.
// REDEFINE: %{reason} = not-row-wise
// REDEFINE: %{entry} = row_number
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{reason} = gather-dim-normalized
// REDEFINE: %{entry} = parts_of_rows
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// A model that breaks the contract: rows in reverse, sums of the rows so far, one scale
// for the whole tensor, the rank that asks. No check stands behind a model; the
// contract is the check.
// REDEFINE: %{reason} = nothing
// REDEFINE: %{arguments} = --extent 0.0=4
// REDEFINE: %{entry} = reverse
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = accumulate
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = quantize
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}
// REDEFINE: %{entry} = ask
// RUN: %{stays} | FileCheck %s --check-prefix=STAYS
// RUN: %{goes_wrong}

// STAYS: norm rows per rank {{[0-9]+ [0-9]+}} 1.000
// STAYS: bit-exact on 4/4 ranks
// MOVED: norm rows per rank {{4$}}

dist.mesh @m(a = 2, b = 2)

!x = tensor<4x8xf32>
!g = tensor<8x8xf32>
!r = tensor<?x8xf32>
#e = affine_map<(i, j) -> (i, j)>

func.func @row_number(%x: !x) -> !g {
  %g = dist.all_gather %x dim 0 over @m[a] : !x -> !g
  %e = tensor.empty() : !g
  %s = linalg.generic {indexing_maps = [#e, #e], iterator_types = ["parallel", "parallel"]} ins(%g : !g) outs(%e : !g) {
  ^bb0(%v: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %t = arith.sitofp %j : i32 to f32
    %p = arith.addf %v, %t : f32
    linalg.yield %p : f32
  } -> !g
  %n = norm.rms_norm %s eps 1.0e-6 : !g
  return %n : !g
}

func.func @parts_of_rows(%x: !x) -> tensor<4x16xf32> {
  %g = dist.all_gather %x dim 1 over @m[a] : !x -> tensor<4x16xf32>
  %n = norm.rms_norm %g eps 1.0e-6 : tensor<4x16xf32>
  return %n : tensor<4x16xf32>
}

func.func private @reversed(%x: !r) -> !r {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : !r
  %last = arith.subi %n, %c1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> !r {
    %j = arith.subi %last, %i : index
    %row = tensor.extract_slice %x[%j, 0] [1, 8] [1, 1] : !r to tensor<1x8xf32>
    %z = tensor.insert_slice %row into %y[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into !r
    scf.yield %z : !r
  }
  return %r : !r
}

func.func @reverse(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %f = func.call @reversed(%g) {row_wise} : (!r) -> !r
  %n = norm.rms_norm %f eps 1.0e-6 : !r
  return %n : !r
}

func.func private @running_sum(%x: !r) -> !r {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : !r
  %r = scf.for %i = %c1 to %n step %c1 iter_args(%y = %x) -> !r {
    %j = arith.subi %i, %c1 : index
    %before = tensor.extract_slice %y[%j, 0] [1, 8] [1, 1] : !r to tensor<1x8xf32>
    %row = tensor.extract_slice %y[%i, 0] [1, 8] [1, 1] : !r to tensor<1x8xf32>
    %sum = arith.addf %before, %row : tensor<1x8xf32>
    %z = tensor.insert_slice %sum into %y[%i, 0] [1, 8] [1, 1] : tensor<1x8xf32> into !r
    scf.yield %z : !r
  }
  return %r : !r
}

func.func @accumulate(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %f = func.call @running_sum(%g) {row_wise} : (!r) -> !r
  %n = norm.rms_norm %f eps 1.0e-6 : !r
  return %n : !r
}

func.func private @quantized_at_once(%x: !r) -> !r {
  %q, %s = norm.quantize %x per_tensor : !r -> tensor<?x8xi8>, tensor<f32>
  %d = norm.dequantize %q, %s : tensor<?x8xi8>, tensor<f32> -> !r
  return %d : !r
}

func.func @quantize(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %f = func.call @quantized_at_once(%g) {row_wise} : (!r) -> !r
  %n = norm.rms_norm %f eps 1.0e-6 : !r
  return %n : !r
}

func.func private @plus_rank(%x: !r) -> !r {
  %i = dist.axis_index @m[a] : index
  %j = arith.index_cast %i : index to i32
  %f = arith.sitofp %j : i32 to f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : !r
  %t = tensor.splat %f[%n] : !r
  %s = arith.addf %x, %t : !r
  return %s : !r
}

func.func @ask(%x: !r) -> !r {
  %g = dist.all_gather %x dim 0 over @m[a] : !r -> !r
  %f = func.call @plus_rank(%g) {row_wise} : (!r) -> !r
  %n = norm.rms_norm %f eps 1.0e-6 : !r
  return %n : !r
}
