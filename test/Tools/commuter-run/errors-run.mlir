// Ranks that fail at run time: the program ends with what was wrong, on which
// rank, and where the others were. A deadline of 20 s must not be needed.

// A sanitizer reports crashes and large allocations in its own words.
// UNSUPPORTED: sanitizer
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=uneven --output-dir=%t > %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=uneven --compare >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=operations >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=counts --iterations 3 >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=groups >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=skips >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=skips --compare >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=memory >> %t.err
// RUN: %npy make %t.npy i64 4 --values=1,2,-3,4
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=negative --input 0=%t.npy >> %t.err
// RUN: env COMMUTER_TIMEOUT_MS=20000 timeout 10 %fails %commuter-run %s --entry=fused --extent 0.0=3,3,4,3 --extent 1.0=3,3,3,3 >> %t.err
// RUN: FileCheck %s --match-full-lines --input-file=%t.err
// RUN: not ls %t

// Rank 3 fails on its own: it has 5 rows to split in two.
// CHECK: commuter-run: error: rank 3: {{.*}}errors-run.mlir:[[@LINE+26]]:8: 5 is not divisible by the size 2 of group mesh[dp]
// With --compare, the others may be in the other version by then.
// CHECK-NEXT: commuter-run: error: rank 3: {{.*}}errors-run.mlir:[[@LINE+24]]:8: 5 is not divisible by the size 2 of group mesh[dp]
// Ranks that contradict each other: all are named, with what they issued last.
// CHECK-NEXT: commuter-run: error: rank 0: all_{{reduce|gather}} #2 over mesh[dp]: ranks issued different collectives: rank {{0: #2 all_reduce sum f32\[4\] at .*errors-run.mlir:[0-9]+:10; rank 2: #2 all_gather f32\[4\] dim 0 at .*:10; rank 1: .*; rank 3: .*|1: #2 all_reduce sum f32\[4\] at .*; rank 3: #2 all_gather f32\[4\] dim 0 at .*; rank 0: .*; rank 2: .*}}
// CHECK-NEXT: commuter-run: error: rank 0: all_reduce #2 over mesh[tp]: ranks issued different collectives: rank {{0: #2 all_reduce sum f32\[1\] at .*; rank 1: #2 all_reduce sum f32\[2\] at .*; rank 2: .*; rank 3: .*|2: #2 all_reduce sum f32\[1\] at .*; rank 3: #2 all_reduce sum f32\[2\] at .*; rank 0: .*; rank 1: .*}}
// CHECK-NEXT: commuter-run: error: rank 0: all_reduce #2 over mesh{{\[dp,tp\]: ranks issued collectives over different groups: rank 0: did not arrive, waits in #2 all_reduce sum f32\[4\] at .* over mesh\[dp\]; rank 1: .*; rank 2: .*; rank 3: .*|\[dp\]: ranks issued collectives over different groups: rank 0: #2 all_reduce sum f32\[4\] at .*; rank 2: did not arrive, waits in #2 all_reduce sum f32\[4\] at .* over mesh\[dp,tp\]; rank 1: .*; rank 3: .*}}
// CHECK-NEXT: commuter-run: error: rank 0: {{all_reduce|barrier}} #2 over mesh[dp,tp]: ranks issued different collectives: rank 0: #2 barrier; rank 1: #2 all_reduce sum f32[4] at {{.*}}; rank 2: #2 all_reduce sum f32[4] at {{.*}}; rank 3: #2 all_reduce sum f32[4] at {{.*}}
// With --compare they meet behind each version.
// CHECK-NEXT: commuter-run: error: rank 0: {{all_reduce|barrier}} #2 over mesh[dp,tp]: ranks issued different collectives: rank 0: #2 barrier; rank 1: #2 all_reduce sum f32[4] at {{.*}}; rank 2: #2 all_reduce sum f32[4] at {{.*}}; rank 3: #2 all_reduce sum f32[4] at {{.*}}
// CHECK-NEXT: commuter-run: error: rank {{[0-3]}}: no memory for a buffer of 4000000000000000{{[0-9]+}} bytes
// CHECK-NEXT: commuter-run: error: rank 2: result 1 has an impossible size: {{.+}}[-3x2]
// CHECK-NEXT: commuter-run: error: rank 2: {{.*}}errors-run.mlir:[[@LINE+93]]:8, {{.*}}errors-run.mlir:[[@LINE+94]]:8: residual or sum is f32[3x4], but x is f32[4x4]
// CHECK-NOT: {{.}}

dist.mesh @mesh(dp = 2, tp = 2)

// Splits a dimension of 4 elements, on the last rank of 5.
func.func @uneven(%x: tensor<5xf32>) -> tensor<?xf32> {
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %r = dist.axis_index @mesh[dp, tp] : index
  %isLast = arith.cmpi eq, %r, %c3 : index
  %size = arith.select %isLast, %c5, %c4 : index
  %y = tensor.extract_slice %x[0] [%size] [1] : tensor<5xf32> to tensor<?xf32>
  %s = dist.all_slice %y dim 0 over @mesh[dp] : tensor<?xf32> -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// The ranks of a group issue different operations.
func.func @operations(%x: tensor<4xf32>) -> tensor<8xf32> {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %y = scf.if %isFirst -> tensor<8xf32> {
    %s = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
    %z = tensor.concat dim(0) %s, %s : (tensor<4xf32>, tensor<4xf32>) -> tensor<8xf32>
    scf.yield %z : tensor<8xf32>
  } else {
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<8xf32>
    scf.yield %g : tensor<8xf32>
  }
  return %y : tensor<8xf32>
}

// The same operation on different counts.
func.func @counts(%x: tensor<4xf32>) -> tensor<?xf32> {
  %c1 = arith.constant 1 : index
  %i = dist.axis_index @mesh[tp] : index
  %n = arith.addi %i, %c1 : index
  %y = tensor.extract_slice %x[0] [%n] [1] : tensor<4xf32> to tensor<?xf32>
  %s = dist.all_reduce %y sum over @mesh[tp] : tensor<?xf32>
  return %s : tensor<?xf32>
}

// Over different groups, which would wait for each other.
func.func @groups(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp, tp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %y = scf.if %isFirst -> tensor<4xf32> {
    %s = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  } else {
    %s = dist.all_reduce %x sum over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// One rank leaves a collective out, and is at the end of the run.
func.func @skips(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[dp, tp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %y = scf.if %isFirst -> tensor<4xf32> {
    scf.yield %x : tensor<4xf32>
  } else {
    %s = dist.all_reduce %x sum over @mesh[dp, tp] : tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}

// More memory than any machine has.
func.func @memory(%x: tensor<1xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %n = arith.constant 100000000000000000 : index
  %f = tensor.extract %x[%c0] : tensor<1xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.fill ins(%f : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = tensor.extract_slice %y[0] [4] [1] : tensor<?xf32> to tensor<4xf32>
  %g = dist.all_reduce %s sum over @mesh[dp] : tensor<4xf32>
  return %g : tensor<4xf32>
}

// A result that cannot be.
func.func @negative(%n: index) -> (index, tensor<?x2xf32>) {
  %e = tensor.empty(%n) : tensor<?x2xf32>
  return %n, %e : index, tensor<?x2xf32>
}

// Of what was fused, all is named.
func.func @fused(%x: tensor<?x4xf32>, %r: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %s = arith.addf %x, %r : tensor<?x4xf32>
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
