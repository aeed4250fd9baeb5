// A global that the program writes to is memory of the rank, on every transport, and keeps
// what is written from run to run.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry count --compare | FileCheck %s
// RUN: %commuter-run %s --entry count --iterations 3 --output-dir %t
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=COUNT
// RUN: %commuter-compile %s --entry count -o %t/count.so
// RUN: %commuter-run %t/count.so --iterations 2 --output-dir %t
// RUN: %npy show %t/result0.npy | FileCheck %s --check-prefix=LIBRARY
// RUN: %commuter-run %s --entry weight --compare | FileCheck %s

// CHECK: 1 result: bit-exact on 4/4 ranks
// COUNT: 0 31 62 93
// LIBRARY: 0 21 42 63

dist.mesh @mesh(dp = 4)
memref.global @nothing : memref<0xi32> = uninitialized
memref.global "private" @runs : memref<1xi32> = dense<1>

// One more, times the rank.
func.func @count() -> (tensor<4xi32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  %c0 = arith.constant 0 : index
  %ten = arith.constant 10 : i32
  %m = memref.get_global @runs : memref<1xi32>
  %v = memref.load %m[%c0] : memref<1xi32>
  %s = arith.addi %v, %ten : i32
  memref.store %s, %m[%c0] : memref<1xi32>
  %i = dist.axis_index @mesh[dp] : index
  %rank = arith.index_cast %i : index to i32
  %p = arith.muli %s, %rank : i32
  %t = tensor.from_elements %p : tensor<1xi32>
  %g = dist.all_gather %t dim 0 over @mesh[dp] : tensor<1xi32> -> tensor<4xi32>
  return %g : tensor<4xi32>
}

// A parameter of each rank's own: the norm stays.
memref.global "private" @parameter : memref<8xf32> = dense<1.0>
func.func @weight(%h: tensor<2x8xf32>) -> tensor<8x8xf32> {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %rank = arith.index_cast %i : index to i32
  %f = arith.sitofp %rank : i32 to f32
  %m = memref.get_global @parameter : memref<8xf32>
  memref.store %f, %m[%c0] : memref<8xf32>
  %w = bufferization.to_tensor %m restrict : memref<8xf32> to tensor<8xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<8x8xf32>, tensor<8xf32>
  return %n : tensor<8x8xf32>
}
