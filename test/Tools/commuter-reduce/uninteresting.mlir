// An input whose test does not exit with 1 is left alone, and an error says why.

// RUN: not %commuter-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" 2> %t.err > %t.out
// RUN: not %commuter-reduce %s --opt-reduction-pass="opt-pass=dist-commute-norms test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" 2>> %t.err >> %t.out
// RUN: FileCheck %s --match-full-lines --input-file=%t.err
// RUN: count 0 < %t.out

// CHECK: commuter-reduce: error: the input is not interesting: its test exits with 0
// CHECK-NEXT: commuter-reduce: error: the input is not interesting: its test exits with 0
// CHECK-NOT: {{.}}

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.negf %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
