// RUN: %commuter-opt %s -split-input-file -verify-diagnostics -convert-linalg-to-kernels

func.func private @elsewhere(%x: f32) -> f32
func.func @call(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    // expected-error@+1 {{is in a kernel, but what it calls is not here}}
    %c = func.call @elsewhere(%a) : (f32) -> f32
    linalg.yield %c : f32
  }
  return
}

// -----

func.func @assertion(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    %is_number = arith.cmpf ord, %a, %a : f32
    // expected-error@+1 {{is in a kernel, which cannot end the program}}
    cf.assert %is_number, "not a number"
    linalg.yield %a : f32
  }
  return
}

// -----

func.func @host_memory(%n: memref<4xindex>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{has a body that uses the host's memory (elements of index) by memref.store, for which there is no kernel}}
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%y : memref<4xf32>) {
  ^bb0(%b: f32):
    memref.store %c0, %n[%c0] : memref<4xindex>
    linalg.yield %b : f32
  }
  return
}
