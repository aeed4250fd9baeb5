// Parameters out of the program's constant memory: norms move with them. What memory
// holds that the ranks may write is another matter.

// RUN: %commuter-run %s --entry constant --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry row_of_constant --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry element --compare | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry variable --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry own_row --compare | FileCheck %s --check-prefix=STAYED
// RUN: %commuter-run %s --entry copy --compare | FileCheck %s --check-prefix=STAYED

// MOVED: norm rows per rank 8 2 0.250
// MOVED: bit-exact on 4/4 ranks
// STAYED: norm rows per rank 8 8 1.000
// STAYED: bit-exact on 4/4 ranks

dist.mesh @m(dp = 4)

!x = tensor<2x4xf32>
!g = tensor<8x4xf32>
!w = tensor<4xf32>
!row = memref<4xf32, strided<[1], offset: ?>>

memref.global "private" constant @w : memref<4x4xf32> = dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 1.5, 2.5, 3.5], [4.5, 5.5, 6.5, 7.5]]>
memref.global "private" constant @u : memref<4xf32> = dense<[1.0, 3.0, 2.0, 4.0]>
memref.global "private" @v : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>

func.func private @get_index() -> index {
  %i = dist.axis_index @m[dp] : index
  return %i : index
}

func.func @constant(%x: !x) -> !g {
  %m = memref.get_global @u : memref<4xf32>
  %w = bufferization.to_tensor %m restrict : memref<4xf32> to !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

func.func @row_of_constant(%x: !x, %i: index {dist.sharding = #dist.sharding<@m, []>}) -> !g {
  %c4 = arith.constant 4 : index
  %k = arith.remui %i, %c4 : index
  %m = memref.get_global @w : memref<4x4xf32>
  %r = memref.subview %m[%k, 0] [1, 4] [1, 1] : memref<4x4xf32> to !row
  %w = bufferization.to_tensor %r restrict : !row to !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

func.func @element(%x: !x) -> !g {
  %c1 = arith.constant 1 : index
  %m = memref.get_global @w : memref<4x4xf32>
  %s = memref.load %m[%c1, %c1] : memref<4x4xf32>
  %w = tensor.splat %s : !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.layer_norm %g scale %w eps 1.0e-5 : !g, !w
  return %n : !g
}

// What is stored is what was there, lest ranks that are threads see one another: the
// analysis cannot know.
func.func @variable(%x: !x) -> !g {
  %c0 = arith.constant 0 : index
  %m = memref.get_global @v : memref<4xf32>
  %f = arith.constant 1.0 : f32
  memref.store %f, %m[%c0] : memref<4xf32>
  %w = bufferization.to_tensor %m restrict : memref<4xf32> to !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// A moved norm would scale each rank's rows by its own parameters.
func.func @own_row(%x: !x) -> !g {
  %k = func.call @get_index() : () -> index
  %m = memref.get_global @w : memref<4x4xf32>
  %r = memref.subview %m[%k, 0] [1, 4] [1, 1] : memref<4x4xf32> to !row
  %w = bufferization.to_tensor %r restrict : !row to !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}

// Memory that was filled with a constant, and written since.
func.func @copy(%x: !x) -> !g {
  %c0 = arith.constant 0 : index
  %k = func.call @get_index() : () -> index
  %i = arith.index_cast %k : index to i32
  %f = arith.sitofp %i : i32 to f32
  %m = memref.get_global @v : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  memref.copy %m, %b : memref<4xf32> to memref<4xf32>
  memref.store %f, %b[%c0] : memref<4xf32>
  %w = bufferization.to_tensor %b restrict : memref<4xf32> to !w
  %g = dist.all_gather %x dim 0 over @m[dp] : !x -> !g
  %n = norm.rms_norm %g scale %w eps 1.0e-6 : !g, !w
  return %n : !g
}
