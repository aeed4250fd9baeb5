// RUN: %commuter-opt %s -split-input-file -convert-linalg-to-kernels --canonicalize --cse | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A thread for an element; what is a constant is the kernel's.
// CHECK: gpu.module @commuter_kernels
// CHECK: gpu.func @elementwise(%[[X:.*]]: memref<?x8xf32>, %[[Y:.*]]: memref<?x8xf32>, %[[N:.*]]: index) kernel
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[B:.*]] = gpu.block_id  x
// CHECK-DAG: %[[T:.*]] = gpu.thread_id  x
// CHECK-DAG: %[[G:.*]] = gpu.grid_dim  x
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %[[N]] step
// CHECK-DAG: %[[COLUMN:.*]] = arith.remui %[[I]], %[[C8]]
// CHECK-DAG: %[[ROW:.*]] = arith.divui %[[I]], %[[C8]]
// CHECK: %[[V:.*]] = memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]]
// CHECK: %[[W:.*]] = arith.addf %[[V]], %[[V]]
// CHECK: memref.store %[[W]], %{{.*}}[%[[ROW]], %[[COLUMN]]]
// CHECK: gpu.return

// CHECK-LABEL: func.func @elementwise
// CHECK: gpu.launch_func @commuter_kernels::@elementwise
// CHECK-SAME: threads in (%c256, %c1, %c1)
// CHECK-NOT: linalg
func.func @elementwise(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %a : f32
    linalg.yield %c : f32
  }
  return
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// A row is one thread's, which keeps the sum; the order is that of the loops.
// CHECK-LABEL: gpu.func @reduction
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK-NEXT: %[[FIRST:.*]] = memref.load %{{.*}}[%[[ROW]]]
// CHECK-NEXT: %[[SUM:.*]] = scf.for %[[COLUMN:[a-z0-9]+]] = %c0 to %{{.*}} step %c1 iter_args(%[[ACC:[a-z0-9]+]] = %[[FIRST]])
// CHECK-NEXT: %[[V:.*]] = memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]]
// CHECK-NEXT: %[[NEXT:.*]] = arith.addf %[[ACC]], %[[V]]
// CHECK-NEXT: scf.yield %[[NEXT]]
// CHECK: memref.store %[[SUM]], %{{.*}}[%[[ROW]]]
func.func @reduction(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  }
  return
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>

// Parallel, it says, but all columns write one element: the last one counts.
// CHECK-LABEL: gpu.func @overwritten
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: scf.for %[[COLUMN:[a-z0-9]+]] = %c0 to %c8 step %c1
// CHECK: memref.load %{{.*}}[%[[ROW]], %[[COLUMN]]]
func.func @overwritten(%x: memref<4x8xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x8xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%a: f32, %s: f32):
    linalg.yield %a : f32
  }
  return
}

// -----

// Layers have equal kernels.
// CHECK: gpu.func @twice
// CHECK-NOT: gpu.func
// CHECK-LABEL: func.func @twice
// CHECK: gpu.launch_func @commuter_kernels::@twice
// CHECK: gpu.launch_func @commuter_kernels::@twice
func.func @twice(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) {
  linalg.exp ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  linalg.exp ins(%y : memref<4xf32>) outs(%z : memref<4xf32>)
  return
}

// -----

#d = affine_map<(d0) -> (d0)>

// Extents stay on the host; where a kernel needs them it gets a copy.
// CHECK-LABEL: gpu.func @extents
// CHECK: memref.load %{{.*}} : memref<4xi64>
// CHECK-LABEL: func.func @extents
// CHECK: linalg.generic
// CHECK-SAME: memref<4xindex>
// CHECK: %[[COPY:.*]] = memref.alloc() : memref<4xi64>
// CHECK: llvm.call @commuter_program_transfer
// CHECK: gpu.launch_func
// CHECK: memref.dealloc %[[COPY]]
func.func @extents(%n: memref<4xindex>, %m: memref<4xindex>, %x: memref<4xi32>) {
  linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%n : memref<4xindex>) outs(%m : memref<4xindex>) {
  ^bb0(%a: index, %b: index):
    %c = arith.addi %a, %a : index
    linalg.yield %c : index
  }
  linalg.generic {indexing_maps = [#d, #d], iterator_types = ["parallel"]}
      ins(%m : memref<4xindex>) outs(%x : memref<4xi32>) {
  ^bb0(%a: index, %b: i32):
    %c = arith.index_cast %a : index to i32
    linalg.yield %c : i32
  }
  return
}

// -----

// CHECK: gpu.module
// CHECK: func.func private @twice(
// CHECK-LABEL: func.func @call
func.func private @twice(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
}
func.func @call(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.map ins(%x : memref<4xf32>) outs(%y : memref<4xf32>) (%a: f32, %b: f32) {
    %c = func.call @twice(%a) : (f32) -> f32
    linalg.yield %c : f32
  }
  return
}

// -----

// A constant of what is called goes with it; the rank is asked for on the host.
// CHECK: gpu.module
// CHECK-NOT: dist.axis_index
// CHECK: func.func private @look(
// CHECK: memref.get_global @table
// CHECK: memref.global "private" constant @table
// CHECK-LABEL: func.func @look_up
// CHECK: dist.axis_index
// CHECK: gpu.launch_func
dist.mesh @mesh(dp = 2)
memref.global "private" constant @table : memref<2xf32> = dense<[1.0, 2.0]>
func.func private @look(%i: index) -> f32 {
  %m = memref.get_global @table : memref<2xf32>
  %a = memref.load %m[%i] : memref<2xf32>
  return %a : f32
}
func.func @look_up(%y: memref<4xf32>) {
  linalg.map outs(%y : memref<4xf32>) (%b: f32) {
    %i = dist.axis_index @mesh[dp] : index
    %c = func.call @look(%i) : (index) -> f32
    linalg.yield %c : f32
  }
  return
}

// -----

// The output's element is not one of the loop that is summed over.
// CHECK-LABEL: gpu.func @kept_dim
// CHECK: scf.for %[[ROW:[a-z0-9]+]] =
// CHECK: %[[SUM:.*]] = scf.for
// CHECK: memref.store %[[SUM]], %{{.*}}[%[[ROW]], %c0]
func.func @kept_dim(%x: memref<4x8xf32>, %y: memref<4x1xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, 0)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x8xf32>) outs(%y : memref<4x1xf32>) {
  ^bb0(%a: f32, %s: f32):
    %t = arith.addf %s, %a : f32
    linalg.yield %t : f32
  }
  return
}
