// A rank for each process, without MPI: the results of the threads, bit for bit, one
// report, one verdict. The programs are those of mpi.mlir.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %S/mpi.mlir --output-dir=%t/threads --seed 3 > %t/threads.table
// RUN: %tcprun 4 %commuter-run %S/mpi.mlir --transport tcp --output-dir=%t/tcp --seed 3 --trace=%t/trace.json > %t/tcp.table
// RUN: diff -r %t/threads %t/tcp
// RUN: FileCheck %s --input-file=%t/tcp.table
// RUN: grep -c '"thread_name"' %t/trace.json
// CHECK-COUNT-1: @main on 4 ranks, @mesh(dp = 2, tp = 2), cpu, tcp; 1 run
// CHECK: collectives per rank 5
// CHECK-NOT: @main

// The same with messages in many parts.
// RUN: env COMMUTER_TCP_FRAME_BYTES=61 %tcprun 4 %commuter-run %S/mpi.mlir --transport tcp --output-dir=%t/parts --seed 3 > %t/table
// RUN: diff -r %t/threads %t/parts

// Ragged rows, some of them none; then an argument from a file.
// RUN: %commuter-run %S/mpi.mlir --entry=ragged --extent 0.0=3,3,0,0 --output-dir=%t/ragged > %t/table
// RUN: %tcprun 4 %commuter-run %S/mpi.mlir --entry=ragged --extent 0.0=3,3,0,0 --transport tcp --output-dir=%t/tcp-ragged > %t/table
// RUN: diff -r %t/ragged %t/tcp-ragged
// RUN: %commuter-run %S/mpi.mlir --entry=ragged --input 0=%t/tcp/result1.npy --output-dir=%t/file > %t/table
// RUN: %tcprun 4 %commuter-run %S/mpi.mlir --entry=ragged --input 0=%t/tcp/result1.npy --transport tcp --output-dir=%t/tcp-file > %t/table
// RUN: diff -r %t/file %t/tcp-file

// The comparison counts all ranks.
// RUN: %tcprun 4 %commuter-run %S/mpi.mlir --transport tcp --compare | FileCheck %s --check-prefix=COMPARE
// COMPARE-COUNT-1: bit-exact on 4/4 ranks
// RUN: %tcprun 4 %commuter-run %S/mpi.mlir --transport tcp --json | FileCheck %s --check-prefix=JSON
// JSON: "transport": "tcp"

// What one rank finds wrong, all end with.
// RUN: not %tcprun 4 %commuter-run %S/mpi.mlir --entry=broken --transport tcp --output-dir=%t/none > %t/err 2>&1
// RUN: grep -c "contradicts its dist.sharding: ranks 0 and 1 should hold the same bits" %t/err | FileCheck %s --check-prefix=FOUR
// RUN: not ls %t/none
// RUN: not %tcprun 4 %commuter-run %S/mpi.mlir --entry=operations --transport tcp > %t/err 2>&1
// RUN: grep -c "ranks issued different collectives: rank 0: #2 all_reduce sum f32.4. at .*:[0-9]*:10; rank 1: #2 all_reduce max f32.4. at .*:[0-9]*:10; rank 2: #2 all_reduce max f32.4. at .*; rank 3: #2 all_reduce max" %t/err | FileCheck %s --check-prefix=FOUR
// FOUR: {{^4$}}

// Nor do they wait for one that cannot have its device: far below the deadline.
// RUN: not env COMMUTER_TCPRUN_SECONDS=30 %tcprun 4 sh -c 'test $COMMUTER_RANK != 3 || device=--device=cuda-emulated; exec "$0" "$@" $device' %commuter-run %S/mpi.mlir --transport tcp > %t/err 2>&1
// RUN: FileCheck %s --check-prefix=DEVICE --input-file=%t/err
// DEVICE-DAG: rank 0: rank 3 failed: device cuda-emulated needs the transport threads or nccl
// DEVICE-DAG: rank 1: rank 3 failed: device cuda-emulated needs the transport threads or nccl
// DEVICE-DAG: rank 2: rank 3 failed: device cuda-emulated needs the transport threads or nccl
// DEVICE-DAG: rank 3: device cuda-emulated needs the transport threads or nccl

// A job of another size.
// RUN: not %tcprun 2 %commuter-run %S/mpi.mlir --transport tcp > %t/err 2>&1
// RUN: FileCheck %s --check-prefix=SIZE --input-file=%t/err
// SIZE-DAG: commuter-run: error: rank 0: the program runs on 4 ranks, but the job has 2 processes: start 4 of them
// SIZE-DAG: commuter-run: error: rank 1: the program runs on 4 ranks, but the job has 2 processes: start 4 of them
