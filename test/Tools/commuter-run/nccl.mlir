// A GPU for each process, between which NCCL moves the data: the results of the threads
// that share one, bit for bit. Emulated GPUs and a double of NCCL; the programs are those
// of mpi.mlir.

// REQUIRES: nccl-double
// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %S/mpi.mlir --device cuda-emulated --output-dir=%t/threads --seed 3 > %t/threads.table
// RUN: env COMMUTER_NCCL_LIBRARY=%nccl-double %tcprun 4 %commuter-run %S/mpi.mlir --transport nccl --device cuda-emulated --output-dir=%t/nccl --seed 3 > %t/nccl.table
// RUN: diff -r %t/threads %t/nccl
// RUN: FileCheck %s --input-file=%t/nccl.table
// CHECK-COUNT-1: @main on 4 ranks, @mesh(dp = 2, tp = 2), cuda-emulated, nccl; 1 run
// CHECK: collectives per rank 5
// CHECK-NOT: @main

// Ragged rows, some of them none.
// RUN: %commuter-run %S/mpi.mlir --entry=ragged --extent 0.0=3,3,0,0 --device cuda-emulated --output-dir=%t/ragged > %t/table
// RUN: env COMMUTER_NCCL_LIBRARY=%nccl-double %tcprun 4 %commuter-run %S/mpi.mlir --entry=ragged --extent 0.0=3,3,0,0 --transport nccl --device cuda-emulated --output-dir=%t/nccl-ragged > %t/table
// RUN: diff -r %t/ragged %t/nccl-ragged

// The comparison counts all ranks.
// RUN: env COMMUTER_NCCL_LIBRARY=%nccl-double %tcprun 4 %commuter-run %S/mpi.mlir --transport nccl --device cuda-emulated --compare | FileCheck %s --check-prefix=COMPARE
// COMPARE-COUNT-1: bit-exact on 4/4 ranks
