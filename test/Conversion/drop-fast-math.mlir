// Flags of arith, math and the LLVM dialect go, in regions too; other attributes stay.

// RUN: %commuter-opt %s --commuter-drop-fast-math | FileCheck %s --implicit-check-not=fastmath

// CHECK-LABEL: func @scalars
// CHECK: arith.addf
// CHECK: arith.truncf %{{.*}} to_nearest_even : f32 to bf16
// CHECK: math.exp
// CHECK: llvm.fadd %{{.*}}, %{{.*}} : f32
func.func @scalars(%x: f32, %y: f32) -> (bf16, f32) {
  %s = arith.addf %x, %y fastmath<contract> : f32
  %t = arith.truncf %s to_nearest_even fastmath<contract> : f32 to bf16
  %e = math.exp %s fastmath<afn> : f32
  %f = llvm.fadd %e, %y {fastmathFlags = #llvm.fastmath<fast>} : f32
  return %t, %f : bf16, f32
}

// CHECK-LABEL: func @region
// CHECK: arith.addf
func.func @region(%x: tensor<4x8xf32>, %init: tensor<4xf32>) -> tensor<4xf32> {
  %s = linalg.reduce ins(%x : tensor<4x8xf32>) outs(%init : tensor<4xf32>) dimensions = [1]
    (%v: f32, %sum: f32) {
      %a = arith.addf %v, %sum fastmath<reassoc> : f32
      linalg.yield %a : f32
    }
  return %s : tensor<4xf32>
}
