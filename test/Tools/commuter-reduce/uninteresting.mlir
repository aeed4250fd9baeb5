// An input whose test does not exit with 1 is left alone, and an error says why; so
// does one where the output cannot be written.

// RUN: not %commuter-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" 2> %t.err > %t.out
// RUN: not %commuter-reduce %s --opt-reduction-pass="opt-pass=dist-commute-norms test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" 2>> %t.err >> %t.out
// RUN: not %commuter-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/interesting.sh test-arg=%commuter-tools/commuter-opt" -o %t.nowhere/x 2>> %t.err >> %t.out
// RUN: FileCheck %s --match-full-lines --input-file=%t.err
// RUN: count 0 < %t.out

// CHECK: commuter-reduce: error: the input is not interesting: its test exits with 0
// CHECK-NEXT: commuter-reduce: error: the input is not interesting: its test exits with 0
// CHECK-NEXT: commuter-reduce: error: cannot open output file '{{.*}}.nowhere/x': No such file or directory
// CHECK-NOT: {{.}}

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = arith.negf %x : tensor<4xf32>
  return %y : tensor<4xf32>
}
