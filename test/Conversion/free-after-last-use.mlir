// RUN: %commuter-opt %s --split-input-file --commuter-free-after-last-use | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --commuter-free-after-last-use --ownership-based-buffer-deallocation --canonicalize | FileCheck %s --check-prefix=BEHIND
// RUN: %commuter-opt --commuter-lower-to-llvm --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s --check-prefix=PIPELINE

// PIPELINE: commuter-free-after-last-use
// PIPELINE-NEXT: ownership-based-buffer-deallocation

// Each buffer is freed behind the last op that uses it, and upstream's pass has
// nothing to add.

// CHECK-LABEL: func @layers
// CHECK-SAME:    (%[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>)
// CHECK:         %[[A:.*]] = memref.alloc() {alignment = 64 : i64, bufferization.manual_deallocation}
// CHECK-NEXT:    linalg.exp ins(%[[X]] : {{.*}} outs(%[[A]] :
// CHECK-NEXT:    %[[B:.*]] = memref.alloc() {bufferization.manual_deallocation}
// CHECK-NEXT:    linalg.exp ins(%[[A]] : {{.*}} outs(%[[B]] :
// CHECK-NEXT:    memref.dealloc %[[A]] {bufferization.manual_deallocation}
// CHECK-NEXT:    linalg.exp ins(%[[B]] : {{.*}} outs(%[[Y]] :
// CHECK-NEXT:    memref.dealloc %[[B]] {bufferization.manual_deallocation}
// CHECK-NEXT:    return
// BEHIND-LABEL: func @layers
// BEHIND-COUNT-2: memref.dealloc %{{.*}} {bufferization.manual_deallocation}
// BEHIND-NOT:   dealloc
// BEHIND-NOT:   cf.assert
// BEHIND:       return
func.func @layers(%x: memref<4xf32>, %y: memref<4xf32>) {
  %a = memref.alloc() {alignment = 64 : i64} : memref<4xf32>
  linalg.exp ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  %b = memref.alloc() : memref<4xf32>
  linalg.exp ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  linalg.exp ins(%b : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}

// -----

// A use of a view, or of a view of a view, is one of the buffer.

dist.mesh @mesh(dp = 2)

// CHECK-LABEL: func @views
// CHECK:         %[[A:.*]] = memref.alloc()
// CHECK:         %[[S:.*]] = memref.subview %[[A]]
// CHECK:         %[[C:.*]] = memref.cast %[[S]]
// CHECK:         linalg.fill {{.*}} outs(%[[C]] :
// CHECK-NEXT:    dist.all_gather_into %[[S]], %[[A]]
// CHECK-NEXT:    memref.dealloc %[[A]]
// CHECK-NEXT:    return
func.func @views(%i: index, %f: f32) {
  %a = memref.alloc() : memref<4x8xf32>
  %s = memref.subview %a[%i, 0] [2, 8] [1, 1] : memref<4x8xf32> to memref<2x8xf32, strided<[8, 1], offset: ?>>
  %c = memref.cast %s : memref<2x8xf32, strided<[8, 1], offset: ?>> to memref<?x8xf32, strided<[8, 1], offset: ?>>
  linalg.fill ins(%f : f32) outs(%c : memref<?x8xf32, strided<[8, 1], offset: ?>>)
  dist.all_gather_into %s, %a dim 0 over @mesh[dp] : memref<2x8xf32, strided<[8, 1], offset: ?>>, memref<4x8xf32>
  return
}

// -----

// The last use is the loop in which the buffer is used; one that a loop's body
// allocates is freed there.

// CHECK-LABEL: func @loop
// CHECK:         %[[A:.*]] = memref.alloc()
// CHECK:         scf.for
// CHECK:           %[[B:.*]] = memref.alloc()
// CHECK:           memref.copy %[[A]], %[[B]]
// CHECK-NEXT:      %[[V:.*]] = memref.load %[[B]]
// CHECK-NEXT:      memref.dealloc %[[B]]
// CHECK-NEXT:      scf.if
// CHECK-NEXT:        memref.store %[[V]], %[[A]]
// CHECK-NOT:       dealloc
// CHECK:         }
// CHECK-NEXT:    }
// CHECK-NEXT:    memref.dealloc %[[A]]
// CHECK-NEXT:    return
func.func @loop(%n: index, %p: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<4xf32>
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc() : memref<4xf32>
    memref.copy %a, %b : memref<4xf32> to memref<4xf32>
    %v = memref.load %b[%i] : memref<4xf32>
    scf.if %p {
      memref.store %v, %a[%i] : memref<4xf32>
    }
  }
  return
}

// -----

// Used in the body of another op, as `tensor.extract` is bufferised; asked for its
// size; never used.

// CHECK-LABEL: func @other_uses
// CHECK:         %[[UNUSED:.*]] = memref.alloc()
// CHECK-NEXT:    memref.dealloc %[[UNUSED]]
// CHECK:         %[[A:.*]] = memref.alloc(
// CHECK:         linalg.generic
// CHECK:           memref.load %[[A]]
// CHECK:         }
// CHECK-NEXT:    memref.dim %[[A]]
// CHECK-NEXT:    memref.dealloc %[[A]]
func.func @other_uses(%n: index, %y: memref<?xf32>) -> index {
  %c0 = arith.constant 0 : index
  %unused = memref.alloc() : memref<f32>
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%y : memref<?xf32>) {
  ^bb0(%old: f32):
    %i = linalg.index 0 : index
    %v = memref.load %a[%i] : memref<?xf32>
    linalg.yield %v : f32
  }
  %d = memref.dim %a, %c0 : memref<?xf32>
  return %d : index
}

// -----

// Left to upstream's pass: what is returned, itself or a view.

// CHECK-LABEL: func @returned
// CHECK-NOT:   dealloc
// BEHIND-LABEL: func @returned
// BEHIND-NOT:  memref.dealloc
func.func @returned() -> (memref<4xf32>, memref<?xf32>) {
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  %c = memref.cast %b : memref<4xf32> to memref<?xf32>
  return %a, %c : memref<4xf32>, memref<?xf32>
}

// -----

// What goes to a call, which may return it.

func.func private @callee(memref<4xf32>) -> memref<4xf32>

// CHECK-LABEL: func @called
// CHECK-NOT:   dealloc
// BEHIND-LABEL: func @called
// BEHIND:       bufferization.dealloc
func.func @called() {
  %a = memref.alloc() : memref<4xf32>
  %r = func.call @callee(%a) : (memref<4xf32>) -> memref<4xf32>
  return
}

// -----

// What a branch yields.

// CHECK-LABEL: func @yielded
// CHECK-NOT:   dealloc
// BEHIND-LABEL: func @yielded
// BEHIND:       bufferization.dealloc
func.func @yielded(%p: i1, %x: memref<4xf32>, %y: memref<4xf32>) {
  %r = scf.if %p -> memref<4xf32> {
    %a = memref.alloc() : memref<4xf32>
    scf.yield %a : memref<4xf32>
  } else {
    scf.yield %x : memref<4xf32>
  }
  memref.copy %r, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// What a loop carries, from its start or from one iteration to the next.

// CHECK-LABEL: func @carried
// CHECK-NOT:   dealloc
// BEHIND-LABEL: func @carried
// BEHIND:       bufferization.dealloc
func.func @carried(%n: index, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%m = %a) -> memref<4xf32> {
    %b = memref.alloc() : memref<4xf32>
    linalg.exp ins(%m : memref<4xf32>) outs(%b : memref<4xf32>)
    scf.yield %b : memref<4xf32>
  }
  memref.copy %r, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// What is selected.

// CHECK-LABEL: func @selected
// CHECK-NOT:   dealloc
// BEHIND-LABEL: func @selected
// BEHIND:       bufferization.dealloc
func.func @selected(%p: i1, %x: memref<4xf32>, %y: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  %s = arith.select %p, %a, %x : memref<4xf32>
  memref.copy %s, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// What is stored in memory; the memory that it is stored in may be freed.

// CHECK-LABEL: func @stored
// CHECK:         memref.alloc() : memref<4xf32>
// CHECK:         %[[M:.*]] = memref.alloc() {bufferization.manual_deallocation} : memref<memref<4xf32>>
// CHECK-NEXT:    memref.store {{.*}}, %[[M]]
// CHECK-NEXT:    memref.dealloc %[[M]]
// CHECK-NEXT:    return
func.func @stored() {
  %a = memref.alloc() : memref<4xf32>
  %m = memref.alloc() : memref<memref<4xf32>>
  memref.store %a, %m[] : memref<memref<4xf32>>
  return
}

// -----

// What may be reached by its address.

// CHECK-LABEL: func @address
// CHECK-NOT:   dealloc
func.func @address() -> index {
  %a = memref.alloc() : memref<4xf32>
  %i = memref.extract_aligned_pointer_as_index %a : memref<4xf32> -> index
  return %i : index
}

// -----

// What another block uses.

// CHECK-LABEL: func @blocks
// CHECK-NOT:   dealloc
func.func @blocks(%f: f32) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<4xf32>
  cf.br ^bb1
^bb1:
  memref.store %f, %a[%c0] : memref<4xf32>
  return
}
