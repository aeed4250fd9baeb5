// An interrupted run leaves no temporary files.

// RUN: rm -rf %t
// RUN: %python %S/Inputs/interrupt.py %t %commuter-run %s --trace=%t/trace.json --output-dir=%t

dist.mesh @mesh(dp = 2)

func.func @main() -> index {
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %y = scf.while (%v = %c1) : (index) -> index {
    %i = dist.axis_index @mesh[dp] : index
    %more = arith.cmpi ne, %i, %c7 : index
    scf.condition(%more) %v : index
  } do {
  ^bb0(%v: index):
    %w = arith.addi %v, %v : index
    scf.yield %w : index
  }
  return %y : index
}
