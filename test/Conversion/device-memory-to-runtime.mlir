// RUN: %commuter-opt %s -convert-device-memory-to-runtime | FileCheck %s

memref.global "private" constant @table : memref<3xf32> = dense<[1.0, 2.0, 3.0]>

// CHECK-LABEL: @numbers
// CHECK: llvm.call @commuter_program_device_read({{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
// CHECK: %[[V:.*]] = llvm.load
// CHECK: llvm.store %[[V]], %[[SLOT:.*]] :
// CHECK: llvm.call @commuter_program_device_write(%{{.*}}, %{{.*}}, %[[SLOT]], %{{.*}})
// CHECK-NOT: memref.load
func.func @numbers(%x: memref<?xbf16>, %i: index) {
  %v = memref.load %x[%i] : memref<?xbf16>
  memref.store %v, %x[%i] : memref<?xbf16>
  return
}

// CHECK-LABEL: @arrays
// CHECK: llvm.call @commuter_program_device_alloc
// CHECK: llvm.call @commuter_program_copy
// CHECK: %[[HOST:.*]] = memref.get_global @table
// CHECK: memref.extract_aligned_pointer_as_index %[[HOST]]
// CHECK: llvm.call @commuter_program_device_constant
// CHECK: llvm.call @commuter_program_copy
// CHECK-NOT: memref.copy
func.func @arrays(%x: memref<?xf32>, %n: index, %z: memref<3xf32>) -> memref<?xf32> {
  %y = memref.alloc(%n) : memref<?xf32>
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  %t = memref.get_global @table : memref<3xf32>
  memref.copy %t, %z : memref<3xf32> to memref<3xf32>
  return %y : memref<?xf32>
}

// CHECK-LABEL: @extents
// CHECK: memref.alloc
// CHECK: memref.load
// CHECK: memref.store
// CHECK: memref.copy
func.func @extents(%x: memref<4xindex>, %i: index) -> memref<4xindex> {
  %y = memref.alloc() : memref<4xindex>
  %v = memref.load %x[%i] : memref<4xindex>
  memref.store %v, %y[%i] : memref<4xindex>
  memref.copy %x, %y : memref<4xindex> to memref<4xindex>
  return %y : memref<4xindex>
}
