// A model on ranks that are processes: the results are those of the threads.

// REQUIRES: mpi
// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-compile %s -o %t/model.so
// RUN: %commuter-run %t/model.so --extent 0.0=3,0,1,2 --output-dir=%t/threads > %t/table
// RUN: %mpirun 4 %commuter-run %t/model.so --transport mpi --extent 0.0=3,0,1,2 --output-dir=%t/mpi | FileCheck %s
// RUN: diff -r %t/threads %t/mpi
// CHECK-COUNT-1: @main on 4 ranks, @mesh(dp = 4), cpu, mpi; 1 run
// CHECK-NOT: @main

dist.mesh @mesh(dp = 4)

func.func @main(%x: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %n = norm.layer_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
