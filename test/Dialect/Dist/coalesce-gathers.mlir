// RUN: %commuter-opt %s --dist-coalesce-gathers --split-input-file | FileCheck %s

dist.mesh @mesh(dp = 4)

// Rows and their scales, which are made together.
// CHECK-LABEL: func @scales(
// CHECK-SAME:    %[[Q:.*]]: memref<4x8xi8>, %[[S:.*]]: memref<4x1xf32>
func.func @scales(%q: memref<4x8xi8>, %s: memref<4x1xf32>, %y: memref<16x8xf32>) {
  %gq = memref.alloc() : memref<16x8xi8>
  dist.all_gather_into %q, %gq dim 0 over @mesh[dp] : memref<4x8xi8>, memref<16x8xi8>
  %gs = memref.alloc() : memref<16x1xf32>
  dist.all_gather_into %s, %gs dim 0 over @mesh[dp] : memref<4x1xf32>, memref<16x1xf32>
  // CHECK:      %[[GQ:.*]] = memref.alloc
  // CHECK-NEXT: %[[GS:.*]] = memref.alloc
  // CHECK-NEXT: dist.all_gather_into %[[Q]], %[[GQ]] dim 0, %[[S]], %[[GS]] dim 0 over @mesh[dp] : memref<4x8xi8>, memref<16x8xi8>, memref<4x1xf32>, memref<16x1xf32>
  // CHECK-NEXT: norm.dequantize_into
  norm.dequantize_into %gq, %gs, %y : memref<16x8xi8>, memref<16x1xf32>, memref<16x8xf32>
  return
}

// Three, with other dimensions, and with work in between.
// CHECK-LABEL: func @three(
func.func @three(%x: memref<4x8xf32>, %a: memref<32x8xf32>, %b: memref<4x32xf32>) {
  // CHECK:      norm.rms_norm_into %{{.*}}, %[[PART:.*]] offset
  // CHECK-NEXT: %[[WHOLE:.*]] = memref.alloc
  // CHECK-NEXT: dist.all_gather_into %{{.*}}, %[[A:.*]] dim 0, %{{.*}}, %{{.*}} dim 1, %[[PART]], %[[WHOLE]] dim 0 over
  // CHECK-NOT: all_gather
  %ga = memref.alloc() : memref<16x8xf32>
  dist.all_gather_into %x, %ga dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  %gb = memref.alloc() : memref<4x32xf32>
  dist.all_gather_into %x, %gb dim 1 over @mesh[dp] : memref<4x8xf32>, memref<4x32xf32>
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<16x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// Each into its slot.
// CHECK-LABEL: func @slots(
func.func @slots() {
  %c32 = arith.constant 32 : index
  %offset, %size = dist.shard_bounds %c32 over @mesh[dp]
  %gq = memref.alloc() : memref<32x8xi8>
  %gs = memref.alloc() : memref<32x1xf32>
  %q = memref.subview %gq[%offset, 0] [8, 8] [1, 1] : memref<32x8xi8> to memref<8x8xi8, strided<[8, 1], offset: ?>>
  %s = memref.subview %gs[%offset, 0] [8, 1] [1, 1] : memref<32x1xf32> to memref<8x1xf32, strided<[1, 1], offset: ?>>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0, %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %q, %gq dim 0 over @mesh[dp] : memref<8x8xi8, strided<[8, 1], offset: ?>>, memref<32x8xi8>
  dist.all_gather_into %s, %gs dim 0 over @mesh[dp] : memref<8x1xf32, strided<[1, 1], offset: ?>>, memref<32x1xf32>
  return
}

// Ragged: all have extents, which may be others.
// CHECK-LABEL: func @ragged(
func.func @ragged(%x: memref<?x8xf32>, %n: index, %c: memref<4xindex>, %d: memref<4xindex>) {
  %a = memref.alloc(%n) : memref<?x8xf32>
  %b = memref.alloc(%n) : memref<?x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %[[C:.*]], %{{.*}}, %{{.*}} dim 0 extents %[[D:.*]] over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>, memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>
  dist.all_gather_into %x, %a dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>
  dist.all_gather_into %x, %b dim 0 extents %d over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>
  return
}

// Behind a loop that reads other memory.
// CHECK-LABEL: func @behind_loop(
func.func @behind_loop(%x: memref<4x8xf32>, %n: index, %c: memref<4xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  // CHECK: scf.for
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0, %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%sum = %c0) -> (index) {
    %e = memref.load %c[%i] : memref<4xindex>
    %t = arith.addi %sum, %e : index
    scf.yield %t : index
  }
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// In a loop's body, though not out of it.
// CHECK-LABEL: func @loop(
func.func @loop(%x: memref<4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: scf.for
  scf.for %i = %c0 to %n step %c1 {
    %b = memref.alloc() : memref<16x8xf32>
    %c = memref.alloc() : memref<16x8xf32>
    // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0, %{{.*}}, %{{.*}} dim 0 over
    dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
    dist.all_gather_into %x, %c dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  }
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  %d = memref.alloc() : memref<16x8xf32>
  dist.all_gather_into %x, %d dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// -----

// What stays apart.

dist.mesh @mesh(dp = 4, tp = 4)

// The first one's output is used in between.
// CHECK-LABEL: func @used(
func.func @used(%x: memref<4x8xf32>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  %c = memref.alloc() : memref<64x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  norm.rms_norm_into %a, %b offset 0.0 axis 1 eps 1.0e-06 : memref<16x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %b, %c dim 0 over @mesh[dp] : memref<16x8xf32>, memref<64x8xf32>
  return
}

// Through a view.
// CHECK-LABEL: func @view_used(
func.func @view_used(%x: memref<4x8xf32>, %o: memref<2x8xf32>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  %v = memref.subview %a[2, 0] [2, 8] [1, 1] : memref<16x8xf32> to memref<2x8xf32, strided<[8, 1], offset: 16>>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  memref.copy %v, %o : memref<2x8xf32, strided<[8, 1], offset: 16>> to memref<2x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// Its input is written in between.
// CHECK-LABEL: func @written(
func.func @written(%x: memref<4x8xf32>, %y: memref<4x8xf32>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  memref.copy %y, %x : memref<4x8xf32> to memref<4x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// In a loop.
// CHECK-LABEL: func @written_in_loop(
func.func @written_in_loop(%x: memref<4x8xf32>, %n: index, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  scf.for %i = %c0 to %n step %c1 {
    memref.store %v, %x[%c0, %i] : memref<4x8xf32>
  }
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// Its extents are.
// CHECK-LABEL: func @extents_written(
func.func @extents_written(%x: memref<?x8xf32>, %n: index, %c: memref<4xindex>, %i: index) {
  %a = memref.alloc(%n) : memref<?x8xf32>
  %b = memref.alloc(%n) : memref<?x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %{{.*}} over
  dist.all_gather_into %x, %a dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>
  memref.store %n, %c[%i] : memref<4xindex>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %{{.*}} over
  dist.all_gather_into %x, %b dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<4xindex>
  return
}

// Its input is freed in between.
// CHECK-LABEL: func @freed(
func.func @freed(%x: memref<4x8xf32>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  %part = memref.alloc() : memref<4x8xf32>
  memref.copy %x, %part : memref<4x8xf32> to memref<4x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %part, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  memref.dealloc %part : memref<4x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// The second gathers what the first has.
// CHECK-LABEL: func @nested(
func.func @nested(%x: memref<4x8xf32>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<64x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %a, %b dim 0 over @mesh[dp] : memref<16x8xf32>, memref<64x8xf32>
  return
}

// Both write one buffer; two arguments may be one buffer.
// CHECK-LABEL: func @same_output(
func.func @same_output(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %a: memref<16x8xf32>, %b: memref<16x8xf32>) {
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %y, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}

// Other axes; the same ones in another order; extents of one alone.
// CHECK-LABEL: func @groups(
func.func @groups(%x: memref<4x8xf32>, %c: memref<4xindex>) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  %d = memref.alloc() : memref<64x8xf32>
  %e = memref.alloc() : memref<64x8xf32>
  %f = memref.alloc() : memref<16x8xf32>
  %g = memref.alloc() : memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over @mesh[dp]
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over @mesh[tp]
  dist.all_gather_into %x, %b dim 0 over @mesh[tp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over @mesh[dp, tp]
  dist.all_gather_into %x, %d dim 0 over @mesh[dp, tp] : memref<4x8xf32>, memref<64x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over @mesh[tp, dp]
  dist.all_gather_into %x, %e dim 0 over @mesh[tp, dp] : memref<4x8xf32>, memref<64x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over @mesh[dp]
  dist.all_gather_into %x, %f dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 extents %{{.*}} over @mesh[dp]
  dist.all_gather_into %x, %g dim 0 extents %c over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  return
}

// A 17th gather begins anew: each that joins is compared with all.
// CHECK-LABEL: func @many(
func.func @many(%x: memref<1xi8>) {
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0, {{.*}} : memref<1xi8>
  // CHECK-NEXT: memref.alloc
  // CHECK-NEXT: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  %g0 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g0 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g1 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g1 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g2 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g2 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g3 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g3 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g4 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g4 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g5 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g5 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g6 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g6 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g7 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g7 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g8 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g8 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g9 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g9 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g10 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g10 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g11 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g11 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g12 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g12 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g13 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g13 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g14 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g14 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g15 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g15 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  %g16 = memref.alloc() : memref<4xi8>
  dist.all_gather_into %x, %g16 dim 0 over @mesh[dp] : memref<1xi8>, memref<4xi8>
  return
}

// A collective in between, also in a branch, and a call, which may have one.
// CHECK-LABEL: func @communicates(
func.func @communicates(%x: memref<4x8xf32>, %y: memref<4x8xf32>, %if: i1) {
  %a = memref.alloc() : memref<16x8xf32>
  %b = memref.alloc() : memref<16x8xf32>
  %c = memref.alloc() : memref<16x8xf32>
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %a dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  scf.if %if {
    %s = memref.alloc() : memref<4x8xf32>
    dist.all_reduce_into %y, %s sum over @mesh[tp] : memref<4x8xf32>, memref<4x8xf32>
  }
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %b dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  call @other() : () -> ()
  // CHECK: dist.all_gather_into %{{.*}}, %{{.*}} dim 0 over
  dist.all_gather_into %x, %c dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
  return
}
func.func private @other()
