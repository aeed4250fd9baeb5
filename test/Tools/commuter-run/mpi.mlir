// A rank for each process: the same arguments, results and figures as with a
// thread for each, one report, one verdict.

// REQUIRES: mpi
// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --output-dir=%t/threads --seed 3 > %t/threads.table
// RUN: %mpirun 4 %commuter-run %s --transport mpi --output-dir=%t/mpi --seed 3 --trace=%t/trace.json > %t/mpi.table
// RUN: diff -r %t/threads %t/mpi
// RUN: FileCheck %s --input-file=%t/mpi.table
// RUN: grep -c '"thread_name"' %t/trace.json
// CHECK-COUNT-1: @main on 4 ranks, @mesh(dp = 2, tp = 2), cpu, mpi; 1 run
// CHECK: collectives per rank 5
// CHECK-NOT: @main

// Ragged rows, some of them none; then an argument from a file.
// RUN: %commuter-run %s --entry=ragged --extent 0.0=3,3,0,0 --output-dir=%t/ragged > %t/table
// RUN: %mpirun 4 %commuter-run %s --entry=ragged --extent 0.0=3,3,0,0 --transport mpi --output-dir=%t/mpi-ragged > %t/table
// RUN: diff -r %t/ragged %t/mpi-ragged
// RUN: %commuter-run %s --entry=ragged --input 0=%t/mpi/result1.npy --output-dir=%t/file > %t/table
// RUN: %mpirun 4 %commuter-run %s --entry=ragged --input 0=%t/mpi/result1.npy --transport mpi --output-dir=%t/mpi-file > %t/table
// RUN: diff -r %t/file %t/mpi-file

// The comparison counts all ranks.
// RUN: %mpirun 4 %commuter-run %s --transport mpi --compare | FileCheck %s --check-prefix=COMPARE
// COMPARE-COUNT-1: bit-exact on 4/4 ranks
// RUN: %mpirun 4 %commuter-run %s --entry=varies --transport mpi --compare --pipeline='builtin.module(func.func(canonicalize))' --json > %t/json
// RUN: FileCheck %s --check-prefix=JSON --input-file=%t/json
// JSON: "transport": "mpi"
// JSON: "norm_rows": [
// JSON-NEXT: 0,
// JSON-NEXT: 0,
// JSON-NEXT: 0,
// JSON-NEXT: 0
// JSON: "agrees": true
// JSON: "exact_ranks": 4

// What one rank finds wrong, all end with.
// RUN: not %mpirun 4 %commuter-run %s --entry=broken --transport mpi --output-dir=%t/none > %t/err 2>&1
// RUN: grep -c "contradicts its dist.sharding: ranks 0 and 1 should hold the same bits" %t/err | FileCheck %s --check-prefix=FOUR
// RUN: not ls %t/none
// RUN: not %mpirun 4 %commuter-run %s --entry=operations --transport mpi > %t/err 2>&1
// RUN: grep -c "ranks issued different collectives: rank 0: #2 all_reduce sum f32.4. at .*:[0-9]*:10; rank 1: #2 all_reduce max f32.4. at .*:[0-9]*:10; rank 2: #2 all_reduce max f32.4. at .*; rank 3: #2 all_reduce max" %t/err | FileCheck %s --check-prefix=FOUR
// FOUR: {{^4$}}

// A job of another size, or of one process.
// RUN: not %mpirun 2 %commuter-run %s --transport mpi > %t/err 2>&1
// RUN: %fails %commuter-run %s --transport mpi >> %t/err
// RUN: FileCheck %s --check-prefix=SIZE --input-file=%t/err
// SIZE-DAG: commuter-run: error: rank 0: the program runs on 4 ranks, but the job has 2 processes: mpirun -n 4 commuter-run ...
// SIZE-DAG: commuter-run: error: rank 1: the program runs on 4 ranks, but the job has 2 processes: mpirun -n 4 commuter-run ...
// SIZE-DAG: commuter-run: error: rank 0: the program runs on 4 ranks, but the job has 1 process: mpirun -n 4 commuter-run ...

dist.mesh @mesh(dp = 2, tp = 2)

func.func @main(%x: tensor<6x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %p: tensor<4x32xf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {dp, tp}>},
                %v: tensor<4x32xf16>,
                %w: tensor<32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<12x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<6x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
        tensor<4x32xf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<2x32xf16> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}], unreduced {dp}>},
        tensor<2x64xf16>,
        tensor<6x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<6x32xbf16> -> tensor<12x32xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<12x32xbf16>, tensor<32xbf16>
  %s = dist.all_reduce %p sum over @mesh[tp, dp] : tensor<4x32xf16>
  %r = dist.reduce_scatter %p sum dim 0 over @mesh[tp] : tensor<4x32xf16> -> tensor<2x32xf16>
  %a = dist.all_to_all %v split 0 concat 1 over @mesh[dp] : tensor<4x32xf16> -> tensor<2x64xf16>
  %m = dist.all_reduce %x max over @mesh[tp] : tensor<6x32xbf16>
  return %n, %x, %s, %r, %a, %m : tensor<12x32xbf16>, tensor<6x32xbf16>, tensor<4x32xf16>, tensor<2x32xf16>, tensor<2x64xf16>, tensor<6x32xbf16>
}

func.func @ragged(%x: tensor<?x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, tensor<12x32xbf16>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x32xbf16> -> tensor<?x32xbf16>
  %n = norm.layer_norm %g eps 1.0e-06 : tensor<?x32xbf16>
  %e = tensor.empty() : tensor<12x32xbf16>
  %c = arith.constant 1.5 : bf16
  %f = linalg.fill ins(%c : bf16) outs(%e : tensor<12x32xbf16>) -> tensor<12x32xbf16>
  return %n, %f : tensor<?x32xbf16>, tensor<12x32xbf16>
}

func.func @varies(%x: tensor<8xi32>) -> tensor<8xi32> {
  return %x : tensor<8xi32>
}

// Says that what differs from rank to rank does not.
func.func @broken(%x: tensor<8xi32>) -> (tensor<8xi32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  return %x : tensor<8xi32>
}

func.func @operations(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp, tp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %y = scf.if %isFirst -> tensor<4xf32> {
    %a = dist.all_reduce %x sum over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  } else {
    %b = dist.all_reduce %x max over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %b : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
