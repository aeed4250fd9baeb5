// RUN: %commuter-opt %s --split-input-file --commuter-free-after-last-use | FileCheck %s

// Left, too, is what upstream's pass takes for an error.

// What an op that goes on by itself reads: its token says so.

// CHECK-LABEL: func @token
// CHECK-NOT:   dealloc
func.func @token(%y: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  %t = gpu.wait async
  %u = gpu.memcpy async [%t] %y, %a : memref<4xf32>, memref<4xf32>
  gpu.wait [%u]
  return
}

// -----

// What ops in a region use that may run after the op around it is done.

// CHECK-LABEL: func @later
// CHECK-NOT:   dealloc
func.func @later(%f: f32) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<4xf32>
  %t = async.execute {
    memref.store %f, %a[%c0] : memref<4xf32>
    async.yield
  }
  return
}

// -----

// What the program frees.

// CHECK-LABEL: func @freed
// CHECK:         %[[A:.*]] = memref.alloc() : memref<4xf32>
// CHECK-NEXT:    memref.dealloc %[[A]] : memref<4xf32>
// CHECK-NEXT:    return
func.func @freed() {
  %a = memref.alloc() : memref<4xf32>
  memref.dealloc %a : memref<4xf32>
  return
}
