// RUN: %commuter-opt %s --allow-unregistered-dialect --convert-dist-to-runtime | FileCheck %s
// RUN: %commuter-opt %s --allow-unregistered-dialect --convert-device-memory-to-runtime | FileCheck %s
// RUN: %commuter-opt %s --allow-unregistered-dialect --commuter-free-after-last-use | FileCheck %s --check-prefixes=CHECK,KEPT

// Of an op that is not registered, not even a dialect is known: it stays.
// CHECK-LABEL: func.func @op(
// CHECK: "other.op"() : () -> ()
func.func @op() {
  "other.op"() : () -> ()
  return
}

// Nor when its regions are done.
// KEPT-LABEL: func.func @region(
// KEPT-NOT: memref.dealloc
// KEPT: return
func.func @region(%i: index) {
  %a = memref.alloc() : memref<4xindex>
  "other.op"() ({
    memref.store %i, %a[%i] : memref<4xindex>
  }) : () -> ()
  return
}
