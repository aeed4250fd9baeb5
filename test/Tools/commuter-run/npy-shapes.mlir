// Files whose arrays do not fit an argument.

// RUN: rm -rf %t && mkdir %t
// RUN: %npy make %t/8x3.npy f32 8x3
// RUN: %npy make %t/4x8x3.npy f32 4x8x3
// RUN: %npy make %t/7x3.npy f32 7x3
// RUN: %npy make %t/24.npy f32 24
// RUN: %npy make %t/scalar.npy f32 scalar
// RUN: %fails %commuter-run %s --entry=sharded --input 0=%t/7x3.npy > %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0=%t/24.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0=%t/scalar.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 1=%t/8x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0=%t/8x3.npy --input 0=%t/7x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0=%t/8x3.npy --input 00=%t/8x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input x=%t/8x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input -1=%t/8x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0 >> %t/err
// RUN: %fails %commuter-run %s --entry=sharded --input 0= >> %t/err
// RUN: %fails %commuter-run %s --entry=ragged --input 0=%t/7x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=ragged --input 0=%t/7x3.npy --extent 0.0=1,2,3,2 >> %t/err
// RUN: %fails %commuter-run %s --entry=varying --input 0=%t/8x3.npy >> %t/err
// RUN: %fails %commuter-run %s --entry=varying --input 0=%t/4x8x3.npy --extent 0.0=1,2,3,4 >> %t/err
// RUN: %fails %commuter-run %s --entry=number --input 0=%t/scalar.npy >> %t/err
// RUN: FileCheck %s --match-full-lines --input-file=%t/err -DDIR=%t

// CHECK: commuter-run: error: [[DIR]]/7x3.npy: has shape 7x3, expected 8x3 for argument 0
// CHECK-NEXT: commuter-run: error: [[DIR]]/24.npy: has 1 dimensions (24), expected 2 for argument 0
// CHECK-NEXT: commuter-run: error: [[DIR]]/scalar.npy: has 0 dimensions (scalar), expected 2 for argument 0
// CHECK-NEXT: commuter-run: error: --input 1=[[DIR]]/8x3.npy: @sharded has 1 arguments
// CHECK-NEXT: commuter-run: error: --input 0=[[DIR]]/7x3.npy: argument 0 has the file [[DIR]]/8x3.npy already
// CHECK-NEXT: commuter-run: error: --input 00=[[DIR]]/8x3.npy: argument 0 has the file [[DIR]]/8x3.npy already
// CHECK-NEXT: commuter-run: error: --input x=[[DIR]]/8x3.npy: expected argument=FILE.npy, such as 0=x.npy
// CHECK-NEXT: commuter-run: error: --input -1=[[DIR]]/8x3.npy: expected argument=FILE.npy, such as 0=x.npy
// CHECK-NEXT: commuter-run: error: --input 0: expected argument=FILE.npy, such as 0=x.npy
// CHECK-NEXT: commuter-run: error: --input 0=: expected argument=FILE.npy, such as 0=x.npy
// CHECK-NEXT: commuter-run: error: argument 0: dimension 0 of its file has 7 elements, which 4 ranks cannot share evenly; give --extent 0.0=n,n,...
// CHECK-NEXT: commuter-run: error: [[DIR]]/7x3.npy: has shape 7x3, expected 8x3 for argument 0
// CHECK-NEXT: commuter-run: error: [[DIR]]/8x3.npy: has 2 dimensions (8x3), expected 3 for argument 0, which has no dist.sharding: the ranks, then the local array
// CHECK-NEXT: commuter-run: error: argument 0 has no dist.sharding and differs in shape from rank to rank; a file cannot give it
// CHECK-NEXT: commuter-run: error: [[DIR]]/scalar.npy: has 0 dimensions (scalar), expected 1 for argument 0, which has no dist.sharding: the ranks, then the local array
// CHECK-NOT: {{.}}

dist.mesh @mesh(dp = 4)

func.func @sharded(%x: tensor<2x3xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) { return }
func.func @ragged(%x: tensor<?x3xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) { return }
func.func @varying(%x: tensor<?x3xf32>) { return }
func.func @number(%x: f32) { return }
