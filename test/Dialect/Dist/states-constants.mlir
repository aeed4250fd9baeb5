// What is read from constants of the program is the same on all ranks; what is read
// from memory that may change is not known to be.

// RUN: %commuter-opt %s --dist-check-shardings=print-states -split-input-file -verify-diagnostics -o /dev/null

dist.mesh @mesh(dp = 4)

memref.global "private" constant @w : memref<2x8xf32> = dense<1.5>
memref.global "private" @variable : memref<8xf32> = dense<1.5>
memref.global "private" constant @elsewhere : memref<8xf32>
memref.global "private" constant @never_set : memref<8xf32> = uninitialized

// expected-remark @+2 {{argument #0: @mesh[dp]: R}}
// expected-remark @+1 {{argument #1: @mesh[dp]: V}}
func.func @reads(%i: index {dist.sharding = #dist.sharding<@mesh, []>}, %v: index) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %m = memref.get_global @w : memref<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = bufferization.to_tensor %m restrict : memref<2x8xf32> to tensor<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %row = memref.subview %m[%i, 0] [1, 8] [1, 1] : memref<2x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = bufferization.to_tensor %row restrict : memref<8xf32, strided<[1], offset: ?>> to tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %2 = memref.load %m[%i, %i] : memref<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %3 = tensor.from_elements %2 : tensor<1xf32>
  // The place varies.
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %4 = memref.load %m[%i, %v] : memref<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %own = memref.subview %m[%v, 0] [1, 8] [1, 1] : memref<2x8xf32> to memref<8xf32, strided<[1], offset: ?>>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %5 = bufferization.to_tensor %own restrict : memref<8xf32, strided<[1], offset: ?>> to tensor<8xf32>
  return
}

func.func @other_memory() {
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %0 = memref.get_global @variable : memref<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %1 = bufferization.to_tensor %0 restrict : memref<8xf32> to tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %2 = memref.get_global @elsewhere : memref<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %3 = memref.get_global @never_set : memref<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %4 = memref.get_global @w : memref<2x8xf32>
  // The tensor's buffer may be written.
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %5 = bufferization.to_tensor %4 restrict writable : memref<2x8xf32> to tensor<2x8xf32>
  // Each process has its addresses.
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %6 = memref.extract_aligned_pointer_as_index %4 : memref<2x8xf32> -> index
  return
}

// A buffer that holds what is replicated now need not later.
// expected-remark @+3 {{argument #0: @mesh[dp]: R}}
// expected-remark @+2 {{argument #1: @mesh[dp]: V}}
// expected-remark @+1 {{argument #2: @mesh[dp]: V}}
func.func @written(%w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %m: memref<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %v: f32) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %c0 = arith.constant 0 : index
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %b = bufferization.to_buffer %w : tensor<8xf32> to memref<8xf32>
  memref.store %v, %b[%c0] : memref<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %0 = memref.load %b[%c0] : memref<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %1 = memref.load %m[%c0] : memref<8xf32>
  return
}

// Either of two constants, which all ranks choose alike, or not.
// expected-remark @+2 {{argument #0: @mesh[dp]: R}}
// expected-remark @+1 {{argument #1: @mesh[dp]: V}}
func.func @chosen(%c: i1 {dist.sharding = #dist.sharding<@mesh, []>}, %v: i1) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %c0 = arith.constant 0 : index
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = memref.get_global @w : memref<2x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = memref.cast %0 : memref<2x8xf32> to memref<?x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %2 = scf.if %c -> memref<?x8xf32> {
    scf.yield %1 : memref<?x8xf32>
  } else {
    scf.yield %1 : memref<?x8xf32>
  }
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %3 = memref.load %2[%c0, %c0] : memref<?x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %4 = arith.select %v, %1, %2 : memref<?x8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %5 = memref.load %4[%c0, %c0] : memref<?x8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 4)

ml_program.global private @w(dense<1.5> : tensor<8xf32>) : tensor<8xf32>
ml_program.global private mutable @variable(dense<1.5> : tensor<8xf32>) : tensor<8xf32>
ml_program.global private @elsewhere(#ml_program.extern<tensor<8xf32>>) : tensor<8xf32>

func.func @ml_program() {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = ml_program.global_load_const @w : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = ml_program.global_load @w : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %2 = ml_program.global_load @variable : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %3 = ml_program.global_load_const @elsewhere : tensor<8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 4)

// Ops without operands that compute, and no more.
// expected-remark @+1 {{argument #0: @mesh[dp]: R}}
func.func @computed(%x: f32 {dist.sharding = #dist.sharding<@mesh, []>}) {
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %0 = affine.apply affine_map<() -> (5)>()
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %1 = index.sizeof
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %2 = index.constant 3
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %4 = tensor.splat %x : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %5 = tensor.from_elements : tensor<0xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %6 = tensor.empty() : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %7 = bufferization.alloc_tensor() copy(%4) : tensor<8xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %8 = arith.constant dense_resource<w> : tensor<2xf32>
  // expected-remark @+1 {{result #0: @mesh[dp]: R}}
  %9 = tensor.generate {
  // expected-remark @+1 {{argument #0: @mesh[dp]: V}}
  ^bb0(%i: index):
    tensor.yield %x : f32
  } : tensor<8xf32>
  // It asks on what machine it runs.
  // expected-remark @+1 {{result #0: @mesh[dp]: V}}
  %10 = vector.vscale
  return
}

{-#
  dialect_resources: {
    builtin: {
      w: "0x04000000000080BF0000803F"
    }
  }
#-}
