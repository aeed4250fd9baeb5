// A program that crashes is the program's fault, not the runner's: an error like
// any other.

// RUN: rm -rf %t
// RUN: %fails %commuter-run %s --entry=divides --trace=%t/trace.json --output-dir=%t > %t.err
// RUN: %fails %commuter-run %s --entry=recurses >> %t.err
// RUN: %fails %commuter-run %s --entry=aborts >> %t.err
// RUN: FileCheck %s --match-full-lines --input-file=%t.err

// CHECK: commuter-run: error: rank 1: the program crashed: a division by zero, or one that overflows
// CHECK-NEXT: commuter-run: error: rank {{[01]}}: the program crashed: an invalid address, or the stack is full; compiled with --check-bounds, it may say where
// CHECK: commuter-run: error: rank 0: the program crashed: it aborted
// CHECK-NOT: {{.}}

// Nothing is left.
// RUN: ls -A %t | count 0

dist.mesh @mesh(dp = 2)

func.func @divides(%x: tensor<1xi64>) -> i64 {
  %c1 = arith.constant 1 : i64
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp] : index
  %i64 = arith.index_cast %i : index to i64
  %divisor = arith.subi %c1, %i64 : i64
  %v = tensor.extract %x[%c0] : tensor<1xi64>
  %y = arith.divsi %v, %divisor : i64
  return %y : i64
}

// Each call needs the memory of its tensor, so that none of them is a loop.
func.func @recurses(%x: i64) -> i64 {
  %c1 = arith.constant 1 : i64
  %n = arith.addi %x, %c1 : i64
  %y = func.call @recurses(%n) : (i64) -> i64
  %z = func.call @recurses(%y) : (i64) -> i64
  %s = arith.addi %y, %z : i64
  return %s : i64
}

func.func private @abort()
func.func @aborts() {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  scf.if %isFirst {
    func.call @abort() : () -> ()
  }
  return
}
