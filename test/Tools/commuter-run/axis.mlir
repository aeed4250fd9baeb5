// RUN: rm -rf %t && split-file %s %t
// RUN: %commuter-run %t/open.mlir --axis dp=3 --axis tp=2 | FileCheck %s
// RUN: %commuter-run %t/open.mlir --axis dp=1024 --axis tp=1 --axis dp=1024 | FileCheck %s --check-prefix=MOST
// RUN: %commuter-run %t/fixed.mlir --axis dp=2 | FileCheck %s --check-prefix=FIXED
// RUN: %fails %commuter-run %t/open.mlir > %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=2 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=2 --axis tp=2 --axis dp=4 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=2 --axis tp=2 --axis pp=4 >> %t.err
// RUN: %fails %commuter-run %t/fixed.mlir --axis dp=4 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis =2 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp= >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=two >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=0 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=-1 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=99999999999999999999 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=1025 --axis tp=1 >> %t.err
// RUN: %fails %commuter-run %t/open.mlir --axis dp=4611686018427387904 --axis tp=4 >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --match-full-lines --input-file=%t.err

// CHECK: @main on 6 ranks, @mesh(dp = 3, tp = 2), cpu
// MOST: @main on 1024 ranks, @mesh(dp = 1024, tp = 1), cpu
// FIXED: @main on 2 ranks, @mesh(dp = 2), cpu

// ERROR: commuter-run: error: @mesh leaves the size of axis 'dp' open: give it with --axis dp=N
// ERROR-NEXT: commuter-run: error: @mesh leaves the size of axis 'tp' open: give it with --axis tp=N
// ERROR-NEXT: commuter-run: error: --axis dp=4: the size is 2 already
// ERROR-NEXT: commuter-run: error: --axis pp=4: no mesh of the program has an axis 'pp'
// ERROR-NEXT: commuter-run: error: --axis dp=4: axis 'dp' of @mesh has size 2 already
// ERROR-NEXT: commuter-run: error: --axis dp: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis =2: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis dp=: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis dp=two: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis dp=0: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis dp=-1: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: --axis dp=99999999999999999999: expected name=size, with a size of 1 or more
// ERROR-NEXT: commuter-run: error: the program runs on 1025 ranks, the transport threads on at most 1024
// ERROR-NEXT: commuter-run: error: @mesh has more than 2147483647 ranks
// ERROR-NOT: {{.}}

//--- open.mlir
dist.mesh @mesh(dp = ?, tp = ?)
func.func @main() -> index {
  %i = dist.axis_index @mesh[dp] : index
  return %i : index
}

//--- fixed.mlir
dist.mesh @mesh(dp = 2)
func.func @main() -> index {
  %i = dist.axis_index @mesh[dp] : index
  return %i : index
}
