// A switch between tensors whose memory a later op could have: each rank gets what
// its case yields. @branched says the same in branches.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry switched --output-dir %t/switched | FileCheck %s
// RUN: %commuter-run %s --entry branched --output-dir %t/branched | FileCheck %s
// RUN: cmp %t/switched/result0.npy %t/branched/result0.npy
// RUN: cmp %t/switched/result1.npy %t/branched/result1.npy
// CHECK: on 3 ranks

// RUN: %commuter-run %s --entry switched --compare | FileCheck %s --check-prefix=SAME
// SAME: bit-exact on 3/3 ranks

dist.mesh @mesh(dp = 3)

func.func @switched(%f: f32, %g: f32)
    -> (tensor<12xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %i = dist.axis_index @mesh[dp] : index
  %r = scf.index_switch %i -> tensor<4xf32>
  case 1 { scf.yield %a : tensor<4xf32> }
  case 2 {
    %y = arith.negf %a : tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  default { scf.yield %a : tensor<4xf32> }
  %b = linalg.fill ins(%g : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %all = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<12xf32>
  return %all, %b : tensor<12xf32>, tensor<4xf32>
}

func.func @branched(%f: f32, %g: f32)
    -> (tensor<12xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.fill ins(%f : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %i = dist.axis_index @mesh[dp] : index
  %two = arith.constant 2 : index
  %is_two = arith.cmpi eq, %i, %two : index
  %r = scf.if %is_two -> tensor<4xf32> {
    %y = arith.negf %a : tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  } else {
    scf.yield %a : tensor<4xf32>
  }
  %b = linalg.fill ins(%g : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %all = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<12xf32>
  return %all, %b : tensor<12xf32>, tensor<4xf32>
}
