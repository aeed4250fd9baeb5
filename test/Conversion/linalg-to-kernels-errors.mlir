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

// What a kernel calls is in a kernel, too.
func.func private @launches(%x: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%x : memref<4xf32>) (%a: f32, %b: f32) {
    linalg.yield %a : f32
  }
  return
}
func.func @launch_in_kernel(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    // expected-error@+1 {{is in a kernel, which cannot launch another}}
    func.call @launches(%x) : (memref<4xf32>) -> ()
    linalg.yield %a : f32
  }
  return
}

// -----

func.func @launch_of_later_op(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    func.call @launches_later(%x) : (memref<4xf32>) -> ()
    linalg.yield %a : f32
  }
  return
}
func.func private @launches_later(%x: memref<4xf32>) {
  // expected-error@+1 {{'linalg.map' op is in a kernel, which cannot launch another}}
  linalg.map ins(%x : memref<4xf32>) outs(%x : memref<4xf32>) (%a: f32, %b: f32) {
    linalg.yield %a : f32
  }
  return
}

// -----

func.func private @allocates(%a: f32) -> f32 {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{is in a kernel, which cannot allocate memory}}
  %m = memref.alloc() : memref<4xf32>
  memref.store %a, %m[%c0] : memref<4xf32>
  %b = memref.load %m[%c0] : memref<4xf32>
  return %b : f32
}
func.func @allocation(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    %c = func.call @allocates(%a) : (f32) -> f32
    linalg.yield %c : f32
  }
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func private @asks() -> index {
  // expected-error@+1 {{is in a kernel, which knows no mesh}}
  %i = dist.axis_index @mesh[dp] : index
  return %i : index
}
func.func @rank(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    %i = func.call @asks() : () -> index
    linalg.yield %a : f32
  }
  return
}

// -----

memref.global "private" @written : memref<4xf32> = dense<0.0>
func.func private @reads(%i: index) -> f32 {
  // expected-error@+1 {{is in a kernel, which has constants only}}
  %m = memref.get_global @written : memref<4xf32>
  %a = memref.load %m[%i] : memref<4xf32>
  return %a : f32
}
func.func @mutable_global(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    %c0 = arith.constant 0 : index
    %c = func.call @reads(%c0) : (index) -> f32
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
