// RUN: %commuter-opt %s -split-input-file -verify-diagnostics -convert-device-memory-to-runtime

func.func @atomic(%x: memref<4xf32>, %v: f32, %i: index) {
  // expected-error@+1 {{uses the device's memory from the host, for which there is no code}}
  %0 = memref.atomic_rmw addf %v, %x[%i] : (f32, memref<4xf32>) -> f32
  return
}

// -----

func.func @shape_of_device(%x: memref<4xf32>, %s: memref<2xi32>) -> memref<?x?xf32> {
  // expected-error@+1 {{uses the device's memory from the host, for which there is no code}}
  %0 = memref.reshape %x(%s) : (memref<4xf32>, memref<2xi32>) -> memref<?x?xf32>
  return %0 : memref<?x?xf32>
}

// -----

dist.mesh @mesh(dp = 2)
func.func @gathered_extents(%x: memref<1xindex>, %y: memref<2xindex>) {
  // expected-error@+1 {{has an operand of type 'memref<1xindex>', which is the host's memory: on a device, elements of index have to be cast to integers first}}
  dist.all_gather_into %x, %y dim 0 over @mesh[dp] : memref<1xindex>, memref<2xindex>
  return
}

// -----

memref.global "private" @numbers : memref<3xf32>
func.func @variable() -> memref<3xf32> {
  // expected-error@+1 {{is of the device's memory, which has constants only}}
  %0 = memref.get_global @numbers : memref<3xf32>
  return %0 : memref<3xf32>
}

// -----

func.func @strided() -> memref<4xf32, strided<[2]>> {
  // expected-error@+1 {{is of the device's memory, where only dense memrefs are allocated}}
  %0 = memref.alloc() : memref<4xf32, strided<[2]>>
  return %0 : memref<4xf32, strided<[2]>>
}

// -----

func.func @no_such_elements(%x: memref<4xi128>, %y: memref<4xi128>) {
  // expected-error@+1 {{has an operand of type 'memref<4xi128>', whose elements the runtime lacks}}
  memref.copy %x, %y : memref<4xi128> to memref<4xi128>
  return
}
