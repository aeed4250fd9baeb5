// A program of JAX is read: a call inside of an op of Shardy.
// RUN: %commuter-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/has-call.sh" | FileCheck %s

// CHECK: func.func @main
// CHECK-NOT: arith.negf
// CHECK: call @g()
func.func private @g()
func.func @main(%x: tensor<4xf32>) {
  "sdy.manual_computation"() ({
    call @g() : () -> ()
    "sdy.return"() : () -> ()
  }) : () -> ()
  %a = arith.negf %x : tensor<4xf32>
  return
}
