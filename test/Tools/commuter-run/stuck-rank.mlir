// A rank that never ends is waited for no longer than a collective's deadline and
// a grace period once another rank has failed; meanwhile a long run shows where it
// is. The deadline is long enough for each rank to come to its first collectives on
// a machine that stalls.

// RUN: env COMMUTER_TIMEOUT_MS=2000 timeout 60 %fails %commuter-run %s --entry=stuck --output-dir=%t --trace=%t.json > %t.err
// RUN: FileCheck %s --match-full-lines --input-file=%t.err
// RUN: env COMMUTER_TIMEOUT_MS=2000 timeout 60 %fails %commuter-run %s --entry=alone > %t.err
// RUN: FileCheck %s --check-prefix=ALONE --match-full-lines --input-file=%t.err
// RUN: not ls %t.json

// CHECK: run 0 of 1
// CHECK-NEXT: commuter-run: error: rank {{[023]}}: all_reduce #2 over mesh[dp] timed out after 2000 ms: rank 0: #2 all_reduce sum f32[4] at {{.*}}stuck-rank.mlir:{{[0-9]+}}:8; rank 1: did not arrive, last #1 barrier; rank 2: #2 all_reduce sum f32[4] at {{.*}}; did not stop: rank 1
// CHECK-NOT: {{.}}

// Without a collective of its own, the others wait at the end of the run.
// ALONE: run 0 of 1
// ALONE-NEXT: commuter-run: error: rank {{[02]}}: barrier #2 over mesh[dp] timed out after 2000 ms: rank 0: #2 barrier; rank 1: did not arrive, last #1 barrier; rank 2: #2 barrier; did not stop: rank 1
// ALONE-NOT: {{.}}

dist.mesh @mesh(dp = 3)

// On rank 1 without an end.
func.func private @loop() -> index {
  %c1 = arith.constant 1 : index
  %y = scf.while (%v = %c1) : (index) -> index {
    %i = dist.axis_index @mesh[dp] : index
    %isOne = arith.cmpi eq, %i, %c1 : index
    scf.condition(%isOne) %v : index
  } do {
  ^bb0(%v: index):
    %w = arith.addi %v, %v : index
    scf.yield %w : index
  }
  return %y : index
}

func.func @stuck(%x: tensor<4xf32>) -> (tensor<4xf32>, index) {
  %y = func.call @loop() : () -> index
  %s = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
  return %s, %y : tensor<4xf32>, index
}

func.func @alone() -> index {
  %y = func.call @loop() : () -> index
  return %y : index
}
