// Loops and branches of affine on tensors, executed.

// RUN: rm -rf %t
// RUN: %commuter-run %s --output-dir=%t --compare | FileCheck %s
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=SUMS
// RUN: %npy show %t/result1.npy | FileCheck %s --check-prefix=ROWS
// CHECK: bit-exact on 2/2 ranks

// Rank r has r + 1: 0, 2, 3 and 4 times.
// SUMS: <f4 2x2
// SUMS-NEXT: 9 9
// SUMS-NEXT: 18 18
// ROWS: <f4 2x4
// ROWS-NEXT: 1 1 2 2
// ROWS-NEXT: 1 1 2 2

dist.mesh @mesh(dp = 2)

func.func @main() -> (tensor<2xf32>, tensor<4xf32>) {
  %i = dist.axis_index @mesh[dp] : index
  %c1 = arith.constant 1 : index
  %n = arith.addi %i, %c1 : index
  %n32 = arith.index_cast %n : index to i32
  %f = arith.sitofp %n32 : i32 to f32
  %own = tensor.splat %f : tensor<2xf32>
  %zeros = arith.constant dense<0.0> : tensor<2xf32>
  %sum = affine.for %k = 0 to 5 iter_args(%s = %zeros) -> tensor<2xf32> {
    %next = affine.if affine_set<(d0) : (d0 - 2 >= 0)>(%k) -> tensor<2xf32> {
      %t = affine.for %l = 0 to affine_map<(d0) -> (d0)>(%k) iter_args(%a = %s) -> tensor<2xf32> {
        %b = arith.addf %a, %own : tensor<2xf32>
        affine.yield %b : tensor<2xf32>
      }
      affine.yield %t : tensor<2xf32>
    } else {
      affine.yield %s : tensor<2xf32>
    }
    affine.yield %next : tensor<2xf32>
  }
  // And a collective within one.
  %empty = tensor.empty() : tensor<4xf32>
  %rows = affine.for %k = 0 to 2 iter_args(%r = %empty) -> tensor<4xf32> {
    %g = dist.all_gather %own dim 0 over @mesh[dp] : tensor<2xf32> -> tensor<4xf32>
    affine.yield %g : tensor<4xf32>
  }
  return %sum, %rows : tensor<2xf32>, tensor<4xf32>
}
