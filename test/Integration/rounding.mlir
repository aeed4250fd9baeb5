// f16 and bf16 are rounded after each op, whatever is fused with it: the sum
// that the norm takes along is the one that stands alone.

// RUN: %commuter-run %s --compare --pipeline='builtin.module(norm-fuse)' --entry main | FileCheck %s
// CHECK: 3 results: bit-exact on 2/2 ranks

// RUN: %commuter-opt %s --commuter-lower-to-llvm | FileCheck %s --check-prefix=LLVM
// LLVM-LABEL: llvm.func @sums(
// LLVM: %[[S:.*]] = llvm.fadd {{.*}} : f32
// LLVM-NOT: llvm.fadd %[[S]]
// LLVM: llvm.fadd
// LLVM-LABEL: llvm.func @products(
// LLVM: %[[P:.*]] = llvm.fmul {{.*}} : f32
// LLVM: %[[R:.*]] = llvm.fptrunc %[[P]] : f32 to f16
// LLVM: %[[E:.*]] = llvm.fpext %[[R]] : f16 to f32
// LLVM: llvm.fmul %[[E]]

dist.mesh @mesh(dp = 2)

func.func @main(%a: tensor<64x33xbf16>, %b: tensor<64x33xbf16>, %c: tensor<64x33xbf16>, %h: tensor<64x33xf16>, %i: tensor<64x33xf16>)
    -> (tensor<64x33xbf16>, tensor<64x33xbf16>, tensor<64x33xf16>) {
  %s = arith.addf %a, %b : tensor<64x33xbf16>
  %t = arith.addf %s, %c : tensor<64x33xbf16>
  %n = norm.rms_norm %t eps 1.0e-06 : tensor<64x33xbf16>
  %p = arith.mulf %h, %i : tensor<64x33xf16>
  %q = arith.addf %p, %i : tensor<64x33xf16>
  %m = norm.layer_norm %q eps 1.0e-06 : tensor<64x33xf16>
  return %n, %t, %m : tensor<64x33xbf16>, tensor<64x33xbf16>, tensor<64x33xf16>
}

func.func @sums(%a: tensor<8xbf16>, %b: tensor<8xbf16>, %c: tensor<8xbf16>) -> tensor<8xbf16> {
  %s = arith.addf %a, %b : tensor<8xbf16>
  %t = arith.addf %s, %c : tensor<8xbf16>
  return %t : tensor<8xbf16>
}

func.func @products(%a: tensor<8xf16>, %b: tensor<8xf16>, %c: tensor<8xf16>) -> tensor<8xf16> {
  %s = arith.mulf %a, %b : tensor<8xf16>
  %t = arith.mulf %s, %c : tensor<8xf16>
  return %t : tensor<8xf16>
}
