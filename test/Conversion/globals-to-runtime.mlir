// RUN: %commuter-opt %s -convert-globals-to-runtime | FileCheck %s

// What is written to is a rank's own: one call for each function and global. What is
// constant, only read, empty, or defined elsewhere, or in a memory space, is shared.
memref.global "private" constant @table : memref<3xf32> = dense<[1.0, 2.0, 3.0]>
memref.global "private" @steps : memref<4xi24> = dense<0>
memref.global "private" @scratch : memref<2x8xf64> = uninitialized
memref.global @elsewhere : memref<3xf32>
memref.global "private" @read : memref<3xf32> = dense<1.0>
memref.global "private" @empty : memref<0xf32> = uninitialized
memref.global "private" @space : memref<3xf32, 1> = dense<1.0>

// CHECK-LABEL: @own
// CHECK-COUNT-2: llvm.call @commuter_program_global({{.*}}) : (!llvm.ptr, !llvm.ptr, i64, i64) -> !llvm.ptr
// CHECK-NOT: llvm.call
// CHECK-NOT: memref.get_global
// CHECK: scf.if
// CHECK: memref.store %{{.*}}, %[[STEPS:.*]][
// CHECK: memref.store %{{.*}}, %[[STEPS]][
// CHECK: return
func.func @own(%c: i1, %v: i24, %i: index) -> f64 {
  scf.if %c {
    %m = memref.get_global @steps : memref<4xi24>
    memref.store %v, %m[%i] : memref<4xi24>
  }
  %m = memref.get_global @steps : memref<4xi24>
  memref.store %v, %m[%i] : memref<4xi24>
  %s = memref.get_global @scratch : memref<2x8xf64>
  %x = memref.load %s[%i, %i] : memref<2x8xf64>
  memref.store %x, %s[%i, %i] : memref<2x8xf64>
  return %x : f64
}

// CHECK-LABEL: @shared
// CHECK-NOT: llvm.call
// CHECK: return
func.func @shared(%i: index, %out: memref<2xf32>) -> (f32, f32) {
  %t = memref.get_global @table : memref<3xf32>
  %x = memref.load %t[%i] : memref<3xf32>
  %e = memref.get_global @elsewhere : memref<3xf32>
  %y = memref.load %e[%i] : memref<3xf32>
  memref.store %x, %e[%i] : memref<3xf32>
  %r = memref.get_global @read : memref<3xf32>
  %v = memref.subview %r[1] [2] [1] : memref<3xf32> to memref<2xf32, strided<[1], offset: 1>>
  memref.copy %v, %out : memref<2xf32, strided<[1], offset: 1>> to memref<2xf32>
  %n = memref.get_global @empty : memref<0xf32>
  memref.store %x, %n[%i] : memref<0xf32>
  %s = memref.get_global @space : memref<3xf32, 1>
  memref.store %x, %s[%i] : memref<3xf32, 1>
  return %x, %y : f32, f32
}
