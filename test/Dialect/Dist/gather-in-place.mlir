// RUN: %commuter-opt %s --dist-gather-in-place | FileCheck %s

// CHECK: #[[$TWICE:.*]] = affine_map<()[s0] -> (s0 * 2)>

dist.mesh @mesh(dp = 8)

// The norm writes into this rank's slot.
// CHECK-LABEL: func @placed(
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>
func.func @placed(%x: memref<4x8xf32>) -> memref<32x8xf32> {
  // CHECK: %[[WHOLE:.*]] = memref.alloc() : memref<32x8xf32>
  // CHECK: %[[C0:.*]] = arith.constant 0 : index
  // CHECK: %[[N:.*]] = memref.dim %[[WHOLE]], %[[C0]]
  // CHECK: %[[C4:.*]] = arith.constant 4 : index
  // CHECK: %[[AT:.*]], %{{.*}} = dist.shard_bounds %[[N]] expects %[[C4]] over @mesh[dp]
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]][%[[AT]], 0] [4, 8] [1, 1]
  // CHECK: norm.rms_norm_into %[[X]], %[[SLOT]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]] dim 0 over @mesh[dp]
  // CHECK: return %[[WHOLE]]
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  return %whole : memref<32x8xf32>
}

// Ragged: what the size is computed from goes first. Reading the part and a view
// of the whole later is no obstacle.
// CHECK-LABEL: func @ragged(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x8xf32>, %[[C:[a-z0-9]*]]: memref<8xindex>
func.func @ragged(%x: memref<?x8xf32>, %c: memref<8xindex>) -> (memref<?x8xf32>, memref<?x8xf32>) {
  // CHECK: %[[ROWS:.*]] = memref.dim %[[X]]
  // CHECK: %[[SUM:.*]] = scf.for
  // CHECK: memref.load %[[C]]
  // CHECK: %[[WHOLE:.*]] = memref.alloc(%[[SUM]])
  // CHECK: %[[AT:.*]], %{{.*}} = dist.shard_bounds %{{.*}} expects %[[ROWS]] extents %[[C]]
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]][%[[AT]], 0] [%[[ROWS]], 8] [1, 1]
  // CHECK: norm.rms_norm_into %[[X]], %[[SLOT]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]]
  // CHECK: memref.copy %[[SLOT]], %{{.*}}
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %rows = memref.dim %x, %c0 : memref<?x8xf32>
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %c0) -> (index) {
    %n = memref.load %c[%i] : memref<8xindex>
    %t = arith.addi %s, %n : index
    scf.yield %t : index
  }
  %whole = memref.alloc(%sum) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  %mine = memref.alloc(%rows) : memref<?x8xf32>
  memref.copy %part, %mine : memref<?x8xf32> to memref<?x8xf32>
  return %whole, %mine : memref<?x8xf32>, memref<?x8xf32>
}

// The part changes after the gather: in the slot it would change the whole.
// CHECK-LABEL: func @written_later(
// CHECK: norm.rms_norm_into %{{.*}}, %[[PART:.*]] offset
// CHECK: dist.all_gather_into %[[PART]], %{{.*}} : memref<4x8xf32>, memref<32x8xf32>
func.func @written_later(%x: memref<4x8xf32>, %f: f32, %i: index) -> (memref<32x8xf32>, f32) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  memref.store %f, %part[%i, %i] : memref<4x8xf32>
  %g = memref.load %part[%i, %i] : memref<4x8xf32>
  return %whole, %g : memref<32x8xf32>, f32
}

// The whole changes after the gather, through a view of it, while the part is
// still read.
// CHECK-LABEL: func @whole_written(
// CHECK: dist.all_gather_into %{{.*}} : memref<4x8xf32>, memref<32x8xf32>
func.func @whole_written(%x: memref<4x8xf32>, %f: f32, %i: index) -> (memref<32x8xf32>, f32) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %view = memref.collapse_shape %whole [[0, 1]] : memref<32x8xf32> into memref<256xf32>
  memref.store %f, %view[%i] : memref<256xf32>
  %g = memref.load %part[%i, %i] : memref<4x8xf32>
  return %whole, %g : memref<32x8xf32>, f32
}

// The part leaves the function, which returns dense memrefs.
// CHECK-LABEL: func @returned(
// CHECK: dist.all_gather_into %{{.*}} : memref<4x8xf32>, memref<32x8xf32>
func.func @returned(%x: memref<4x8xf32>) -> (memref<32x8xf32>, memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  return %whole, %part : memref<32x8xf32>, memref<4x8xf32>
}

// The exchange needs no more than the number of rows: it goes first.
// CHECK-LABEL: func @exchanged(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x8xf32>
func.func @exchanged(%x: memref<?x8xf32>, %total: index) -> memref<?x8xf32> {
  // CHECK: %[[ROWS:.*]] = memref.dim %[[X]]
  // CHECK: %[[C:.*]] = memref.alloc() : memref<8xindex>
  // CHECK: dist.exchange_extents_into %[[ROWS]], %[[C]]
  // CHECK: %[[WHOLE:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
  // CHECK: %[[AT:.*]], %{{.*}} = dist.shard_bounds %{{.*}} expects %[[ROWS]] extents %[[C]]
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]][%[[AT]], 0]
  // CHECK: norm.rms_norm_into %[[X]], %[[SLOT]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]] dim 0 extents %[[C]]
  %c0 = arith.constant 0 : index
  %rows = memref.dim %x, %c0 : memref<?x8xf32>
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.alloc() : memref<8xindex>
  dist.exchange_extents_into %rows, %c over @mesh[dp] : memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// Rows and scales, each in its slot, though the size of the second is computed
// behind what writes both.
// CHECK-LABEL: func @two_slots(
func.func @two_slots(%x: memref<?x8xf32>, %c: memref<8xindex>, %rows: index, %total: index) -> (memref<?x8xi8>, memref<?x1xf32>) {
  // CHECK: %[[Q:.*]] = memref.subview
  // CHECK: %[[S:.*]] = memref.subview
  // CHECK: norm.quantize_into %{{.*}}, %[[Q]] scales %[[S]]
  // CHECK: dist.all_gather_into %[[Q]], %{{.*}} dim 0 extents
  // CHECK: dist.all_gather_into %[[S]], %{{.*}} dim 0 extents
  %c0 = arith.constant 0 : index
  %q = memref.alloc(%rows) : memref<?x8xi8>
  %s = memref.alloc(%rows) : memref<?x1xf32>
  norm.quantize_into %x, %q scales %s group 8 : memref<?x8xf32>, memref<?x8xi8> scales memref<?x1xf32>
  %gq = memref.alloc(%total) : memref<?x8xi8>
  dist.all_gather_into %q, %gq dim 0 extents %c over @mesh[dp] : memref<?x8xi8>, memref<?x8xi8>, memref<8xindex>
  %again = memref.load %c[%c0] : memref<8xindex>
  %gs = memref.alloc(%again) : memref<?x1xf32>
  dist.all_gather_into %s, %gs dim 0 extents %c over @mesh[dp] : memref<?x1xf32>, memref<?x1xf32>, memref<8xindex>
  return %gq, %gs : memref<?x8xi8>, memref<?x1xf32>
}

// What a loop carries may be memory from outside, which changes in between.
// CHECK-LABEL: func @carried_extents(
// CHECK-NOT: memref.subview
// CHECK: dist.all_gather_into %{{.*}} : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
func.func @carried_extents(%x: memref<?x8xf32>, %rows: index, %total: index, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %outer = memref.alloc() : memref<8xindex>
  scf.for %i = %c0 to %n step %c1 iter_args(%c = %outer) -> (memref<8xindex>) {
    %part = memref.alloc(%rows) : memref<?x8xf32>
    norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
    memref.store %rows, %outer[%i] : memref<8xindex>
    %whole = memref.alloc(%total) : memref<?x8xf32>
    dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
    scf.yield %c : memref<8xindex>
  }
  return
}

// Another block gathers by the same extents: it comes after the exchange,
// wherever it is printed.
// CHECK-LABEL: func @exchanged_for_next_block(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x8xf32>, %[[ROWS:[a-z0-9]*]]: index
func.func @exchanged_for_next_block(%x: memref<?x8xf32>, %rows: index, %total: index) -> (memref<?x8xf32>, memref<?x8xf32>) {
  // CHECK: dist.all_gather_into %[[X]], %{{.*}} dim 0 extents %[[C:.*]] over
  // CHECK: %[[C]] = memref.alloc() : memref<8xindex>
  // CHECK: dist.exchange_extents_into %[[ROWS]], %[[C]]
  // CHECK: %[[WHOLE:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]]
  // CHECK: norm.rms_norm_into %[[X]], %[[SLOT]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]] dim 0 extents %[[C]]
  cf.br ^first
^second:
  %again = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %x, %again dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole, %again : memref<?x8xf32>, memref<?x8xf32>
^first:
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.alloc() : memref<8xindex>
  dist.exchange_extents_into %rows, %c over @mesh[dp] : memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  cf.br ^second
}

// Another collective is in between: it would come after the exchange.
// CHECK-LABEL: func @collective_before(
// CHECK: dist.all_reduce_into
// CHECK: dist.exchange_extents_into
// CHECK: dist.all_gather_into %{{.*}} : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
func.func @collective_before(%x: memref<?x8xf32>, %rows: index, %total: index) -> memref<?x8xf32> {
  %part = memref.alloc(%rows) : memref<?x8xf32>
  dist.all_reduce_into %x, %part sum over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.alloc() : memref<8xindex>
  dist.exchange_extents_into %rows, %c over @mesh[dp] : memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// The extents are known after the part is made: its place is not.
// CHECK-LABEL: func @extents_later(
// CHECK: dist.all_gather_into %{{.*}} : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
func.func @extents_later(%x: memref<?x8xf32>, %rows: index, %total: index, %i: index) -> memref<?x8xf32> {
  %c = memref.alloc() : memref<8xindex>
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  memref.store %rows, %c[%i] : memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// The caller's buffer stays the caller's.
// CHECK-LABEL: func @argument(
// CHECK-SAME: %[[X:.*]]: memref<4x8xf32>
// CHECK: dist.all_gather_into %[[X]], %{{.*}} : memref<4x8xf32>, memref<32x8xf32>
func.func @argument(%x: memref<4x8xf32>) -> memref<32x8xf32> {
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %x, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  return %whole : memref<32x8xf32>
}

// The gather sees the part in another shape: so does the norm see the slot.
// CHECK-LABEL: func @expanded(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<8x8xf32>
func.func @expanded(%x: memref<8x8xf32>) -> memref<32x2x8xf32> {
  // CHECK: %[[WHOLE:.*]] = memref.alloc() : memref<32x2x8xf32>
  // CHECK: %[[AT:.*]], %{{.*}} = dist.shard_bounds
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]][%[[AT]], 0, 0] [4, 2, 8] [1, 1, 1]
  // CHECK: %[[PART:.*]] = memref.collapse_shape %[[SLOT]] {{\[}}[0, 1], [2]] : {{.*}} into memref<8x8xf32, strided<[8, 1], offset: ?>>
  // CHECK: norm.rms_norm_into %[[X]], %[[PART]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]] dim 0
  %part = memref.alloc() : memref<8x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<8x8xf32>, memref<8x8xf32>
  %view = memref.expand_shape %part [[0, 1], [2]] output_shape [4, 2, 8] : memref<8x8xf32> into memref<4x2x8xf32>
  %whole = memref.alloc() : memref<32x2x8xf32>
  dist.all_gather_into %view, %whole dim 0 over @mesh[dp] : memref<4x2x8xf32>, memref<32x2x8xf32>
  return %whole : memref<32x2x8xf32>
}

// Through several views, of a size that is not known; what is read of one of them
// later is read of the slot.
// CHECK-LABEL: func @reshaped_ragged(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x2x8xf32>, %[[N:[a-z0-9]*]]: index
func.func @reshaped_ragged(%x: memref<?x2x8xf32>, %n: index, %total: index, %c: memref<8xindex>, %i: index) -> (memref<?x4x2xf32>, f32) {
  // CHECK: %[[WHOLE:.*]] = memref.alloc(%{{.*}}) : memref<?x4x2xf32>
  // CHECK-COUNT-2: affine.apply #[[$TWICE]]()[%[[N]]]
  // CHECK-NEXT: %[[ROWS:.*]] = affine.apply #[[$TWICE]]()[%[[N]]]
  // CHECK-NEXT: %{{.*}} = arith.constant 0
  // CHECK: %[[AT:.*]], %{{.*}} = dist.shard_bounds %{{.*}} expects %[[ROWS]] extents
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]][%[[AT]], 0, 0] [%[[ROWS]], 4, 2] [1, 1, 1]
  // CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[SLOT]] {{\[}}[0], [1, 2]]
  // CHECK: %[[PART:.*]] = memref.expand_shape %[[FLAT]] {{\[}}[0, 1], [2]] output_shape [%[[N]], 2, 8]
  // CHECK: norm.rms_norm_into %[[X]], %[[PART]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]] dim 0
  // CHECK: memref.load %[[FLAT]]
  %part = memref.alloc(%n) : memref<?x2x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 2 eps 1.0e-06 : memref<?x2x8xf32>, memref<?x2x8xf32>
  %flat = memref.collapse_shape %part [[0, 1], [2]] : memref<?x2x8xf32> into memref<?x8xf32>
  %c0 = arith.constant 0 : index
  %rows = memref.dim %flat, %c0 : memref<?x8xf32>
  %view = memref.expand_shape %flat [[0], [1, 2]] output_shape [%rows, 4, 2] : memref<?x8xf32> into memref<?x4x2xf32>
  %whole = memref.alloc(%total) : memref<?x4x2xf32>
  dist.all_gather_into %view, %whole dim 0 extents %c over @mesh[dp] : memref<?x4x2xf32>, memref<?x4x2xf32>, memref<8xindex>
  %f = memref.load %flat[%i, %i] : memref<?x8xf32>
  return %whole, %f : memref<?x4x2xf32>, f32
}

// CHECK-LABEL: func @cast(
func.func @cast(%x: memref<4x8xf32>, %n: index, %total: index, %c: memref<8xindex>) -> memref<?x8xf32> {
  // CHECK: %[[WHOLE:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
  // CHECK: %[[SLOT:.*]] = memref.subview %[[WHOLE]]
  // CHECK: %[[PART:.*]] = memref.cast %[[SLOT]] : memref<?x8xf32, strided<[8, 1], offset: ?>> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  // CHECK: norm.rms_norm_into %{{.*}}, %[[PART]]
  // CHECK: dist.all_gather_into %[[SLOT]], %[[WHOLE]]
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %view = memref.cast %part : memref<4x8xf32> to memref<?x8xf32>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %view, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// Rows of the slot lie apart: as one dimension with what is around them they have no
// stride.
// CHECK-LABEL: func @lies_apart(
// CHECK: memref.expand_shape
// CHECK: dist.all_gather_into %{{.*}} : memref<4x4x4xf32>, memref<4x32x4xf32>
func.func @lies_apart(%x: memref<16x4xf32>) -> memref<4x32x4xf32> {
  %part = memref.alloc() : memref<16x4xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<16x4xf32>, memref<16x4xf32>
  %view = memref.expand_shape %part [[0, 1], [2]] output_shape [4, 4, 4] : memref<16x4xf32> into memref<4x4x4xf32>
  %whole = memref.alloc() : memref<4x32x4xf32>
  dist.all_gather_into %view, %whole dim 1 over @mesh[dp] : memref<4x4x4xf32>, memref<4x32x4xf32>
  return %whole : memref<4x32x4xf32>
}

// The memory changes after the gather, in the shape in which it was made.
// CHECK-LABEL: func @view_written_later(
// CHECK: dist.all_gather_into %{{.*}} : memref<4x2x8xf32>, memref<32x2x8xf32>
func.func @view_written_later(%x: memref<8x8xf32>, %f: f32, %i: index) -> (memref<32x2x8xf32>, f32) {
  %part = memref.alloc() : memref<8x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<8x8xf32>, memref<8x8xf32>
  %view = memref.expand_shape %part [[0, 1], [2]] output_shape [4, 2, 8] : memref<8x8xf32> into memref<4x2x8xf32>
  %whole = memref.alloc() : memref<32x2x8xf32>
  dist.all_gather_into %view, %whole dim 0 over @mesh[dp] : memref<4x2x8xf32>, memref<32x2x8xf32>
  memref.store %f, %part[%i, %i] : memref<8x8xf32>
  %g = memref.load %part[%i, %i] : memref<8x8xf32>
  return %whole, %g : memref<32x2x8xf32>, f32
}

// Part of the memory is not what the gather reads.
// CHECK-LABEL: func @part_of_memory(
// CHECK: memref.subview
// CHECK: dist.all_gather_into %{{.*}} : memref<2x8xf32, strided<[8, 1]>>, memref<16x8xf32>
func.func @part_of_memory(%x: memref<4x8xf32>) -> memref<16x8xf32> {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %view = memref.subview %part[0, 0] [2, 8] [1, 1] : memref<4x8xf32> to memref<2x8xf32, strided<[8, 1]>>
  %whole = memref.alloc() : memref<16x8xf32>
  dist.all_gather_into %view, %whole dim 0 over @mesh[dp] : memref<2x8xf32, strided<[8, 1]>>, memref<16x8xf32>
  return %whole : memref<16x8xf32>
}

// The whole changes in the same way, where nobody reads the part any more.
// CHECK-LABEL: func @whole_written_last(
// CHECK: memref.subview
func.func @whole_written_last(%x: memref<4x8xf32>, %f: f32, %i: index) -> memref<32x8xf32> {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  memref.store %f, %whole[%i, %i] : memref<32x8xf32>
  call @use(%whole) : (memref<32x8xf32>) -> ()
  return %whole : memref<32x8xf32>
}
func.func private @use(memref<32x8xf32>)

// Extents that are a constant, or seen through a cast.
// CHECK-LABEL: func @constant_extents(
// CHECK: %[[C:.*]] = memref.get_global @extents
// CHECK: dist.shard_bounds %{{.*}} expects %{{.*}} extents %[[C]]
// CHECK: norm.rms_norm_into
memref.global "private" constant @extents : memref<8xindex> = dense<[1, 2, 3, 4, 5, 6, 7, 0]>
func.func @constant_extents(%x: memref<?x8xf32>, %rows: index, %total: index) -> memref<?x8xf32> {
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.get_global @extents : memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}
// CHECK-LABEL: func @cast_extents(
// CHECK: %[[C:.*]] = memref.cast
// CHECK: dist.shard_bounds %{{.*}} expects %{{.*}} extents %[[C]]
// CHECK: norm.rms_norm_into
func.func @cast_extents(%x: memref<?x8xf32>, %rows: index, %total: index, %given: memref<?xindex>) -> memref<?x8xf32> {
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.cast %given : memref<?xindex> to memref<8xindex>
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// Of two gathers, one of what the other has gathered, the larger part is placed.
// CHECK-LABEL: func @nested(
// CHECK: %[[ALL:.*]] = memref.alloc() : memref<32x64xf32>
// CHECK: %[[SLOT:.*]] = memref.subview %[[ALL]]
// CHECK: dist.all_gather_into %{{.*}}, %[[SLOT]] dim 0
// CHECK: dist.all_gather_into %[[SLOT]], %[[ALL]] dim 1
func.func @nested(%x: memref<4x8xf32>) -> memref<32x64xf32> {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %all = memref.alloc() : memref<32x64xf32>
  dist.all_gather_into %whole, %all dim 1 over @mesh[dp] : memref<32x8xf32>, memref<32x64xf32>
  return %all : memref<32x64xf32>
}

// A branch hands the whole on to who changes it, while the part is still read.
// CHECK-LABEL: func @whole_yielded(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @whole_yielded(%x: memref<4x8xf32>, %mine: memref<4x8xf32>, %o: memref<32x8xf32>, %c: i1, %f: f32, %i: index) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %r = scf.if %c -> memref<32x8xf32> {
    scf.yield %whole : memref<32x8xf32>
  } else {
    scf.yield %o : memref<32x8xf32>
  }
  memref.store %f, %r[%i, %i] : memref<32x8xf32>
  memref.copy %part, %mine : memref<4x8xf32> to memref<4x8xf32>
  return
}

// So does a select.
// CHECK-LABEL: func @whole_selected(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @whole_selected(%x: memref<4x8xf32>, %mine: memref<4x8xf32>, %o: memref<32x8xf32>, %c: i1, %f: f32, %i: index) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %r = arith.select %c, %whole, %o : memref<32x8xf32>
  memref.store %f, %r[%i, %i] : memref<32x8xf32>
  memref.copy %part, %mine : memref<4x8xf32> to memref<4x8xf32>
  return
}

// The whole is freed, and the part read then.
// CHECK-LABEL: func @whole_freed(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @whole_freed(%x: memref<4x8xf32>, %mine: memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  memref.dealloc %whole : memref<32x8xf32>
  memref.copy %part, %mine : memref<4x8xf32> to memref<4x8xf32>
  return
}

// A slot is not freed by itself.
// CHECK-LABEL: func @part_freed(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @part_freed(%x: memref<4x8xf32>, %mine: memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  memref.dealloc %part : memref<4x8xf32>
  return
}

// Whoever takes the address takes it for that of the first element.
// CHECK-LABEL: func @pointer(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @pointer(%x: memref<4x8xf32>, %mine: memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %p = memref.extract_aligned_pointer_as_index %part : memref<4x8xf32> -> index
  call @take(%p) : (index) -> ()
  return
}
func.func private @take(index)

// The type of what is stored is that of the memory for it.
// CHECK-LABEL: func @stored(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @stored(%x: memref<4x8xf32>, %to: memref<memref<4x8xf32>>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  memref.store %part, %to[] : memref<memref<4x8xf32>>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  return
}

// A slot lies as its rows do.
// CHECK-LABEL: func @aligned(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @aligned(%x: memref<4x8xf32>, %mine: memref<4x8xf32>, %i: index) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
  %v = memref.load %part[%i, %i] {alignment = 64 : i64} : memref<4x8xf32>
  memref.store %v, %mine[%i, %i] : memref<4x8xf32>
  return
}

// What an op gathers besides may not lie where it writes.
// CHECK-LABEL: func @gathered_twice(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @gathered_twice(%x: memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32>
  %whole = memref.alloc() : memref<32x8xf32>
  %other = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0, %part, %other dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>, memref<4x8xf32>, memref<32x8xf32>
  return
}

// Memory of two kinds.
// CHECK-LABEL: func @spaces(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @spaces(%x: memref<4x8xf32>) {
  %part = memref.alloc() : memref<4x8xf32, 3>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<4x8xf32>, memref<4x8xf32, 3>
  %whole = memref.alloc() : memref<32x8xf32>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32, 3>, memref<32x8xf32>
  return
}

// Some ops take rows without gaps alone.
// CHECK-LABEL: func @strided(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @strided(%v: vector<8xf32>, %i: index) {
  %part = memref.alloc() : memref<4x8xf32>
  vector.store %v, %part[%i, %i] : memref<4x8xf32>, vector<8xf32>
  %whole = memref.alloc() : memref<32x8xf32, strided<[16, 2]>>
  dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32, strided<[16, 2]>>
  return
}

// A division stays behind the assertion that there is no division by zero.
// CHECK-LABEL: func @guarded(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @guarded(%x: memref<?x8xf32>, %rows: index, %n: index, %c: memref<8xindex>) {
  %zero = arith.constant 0 : index
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %ok = arith.cmpi ne, %n, %zero : index
  cf.assert %ok, "no rows"
  %total = arith.divui %rows, %n : index
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return
}

// What goes first in vain goes back: the whole needs the norm.
// CHECK-LABEL: func @in_vain(
// CHECK: norm.rms_norm_into
// CHECK: memref.alloc() : memref<8xindex>
// CHECK: dist.exchange_extents_into
func.func @in_vain(%x: memref<?x8xf32>, %rows: index, %i: index) -> memref<?x8xf32> {
  %part = memref.alloc(%rows) : memref<?x8xf32>
  norm.rms_norm_into %x, %part offset 0.0 axis 1 eps 1.0e-06 : memref<?x8xf32>, memref<?x8xf32>
  %c = memref.alloc() : memref<8xindex>
  dist.exchange_extents_into %rows, %c over @mesh[dp] : memref<8xindex>
  %f = memref.load %part[%i, %i] : memref<?x8xf32>
  %n = arith.fptoui %f : f32 to i64
  %total = arith.index_cast %n : i64 to index
  %whole = memref.alloc(%total) : memref<?x8xf32>
  dist.all_gather_into %part, %whole dim 0 extents %c over @mesh[dp] : memref<?x8xf32>, memref<?x8xf32>, memref<8xindex>
  return %whole : memref<?x8xf32>
}

// Where a group has one rank, it may gather from where it writes.
dist.mesh @open(dp = ?)
// CHECK-LABEL: func @itself(
// CHECK-NOT: memref.subview
// CHECK: return
func.func @itself() {
  %whole = memref.alloc() : memref<4x8xf32>
  dist.all_gather_into %whole, %whole dim 0 over @open[dp] : memref<4x8xf32>, memref<4x8xf32>
  return
}
