// RUN: rm -rf %t && split-file %s %t
// RUN: %commuter-run %t/ragged.mlir --extent 0.0=3,0,1,2 --output-dir=%t/ragged | FileCheck %s --check-prefix=FIGURES
// RUN: %npy show %t/ragged/result0.npy > %t/ragged.txt
// RUN: %npy show %t/ragged/result1.npy >> %t/ragged.txt
// RUN: FileCheck %s --check-prefix=RAGGED --input-file=%t/ragged.txt
// RUN: %commuter-run %t/ragged.mlir --extent 0.0=2 --output-dir=%t/even > %t.table
// RUN: %npy show %t/even/result0.npy | FileCheck %s --check-prefix=EVEN
// RUN: %commuter-run %t/ragged.mlir --extent "0.0=0, 0, 0, 0" --output-dir=%t/none > %t.table
// RUN: %npy show %t/none/result0.npy | FileCheck %s --check-prefix=NONE
// RUN: %commuter-run %t/extents.mlir --extent 0.0=3,0,1,2 --output-dir=%t/extents > %t.table
// RUN: %npy show %t/extents/result0.npy | FileCheck %s --check-prefix=EXTENTS
// RUN: %npy make %t/x.npy f32 4x2
// RUN: %fails %commuter-run %t/ragged.mlir > %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1,2,3 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1,2,3,4,5 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1,2,3,-4 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1,2,3, >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0=1 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent x.0=1 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=99999999999999999999 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1 --extent 0.0=2 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1 --extent 0.1=2 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1 --extent 0.2=2 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1 --extent 1.0=2 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=9223372036854775807 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=4000000000000000000,0,0,0 >> %t.err
// RUN: %fails %commuter-run %t/ragged.mlir --extent 0.0=1000000000000 >> %t.err
// RUN: %fails %commuter-run %t/replicated.mlir --extent 0.0=1,2,3,4 >> %t.err
// RUN: %fails %commuter-run %t/extents.mlir --input 0=%t/x.npy >> %t.err
// RUN: %fails %commuter-run %t/extents.mlir --entry=two --extent 0.0=1 --extent 1.0=2 >> %t.err
// RUN: %fails %commuter-run %t/several.mlir >> %t.err
// RUN: %fails %commuter-run %t/several.mlir --extent 1.1=5 --input 2=%t/x.npy >> %t.err
// RUN: %fails %commuter-run %t/several.mlir --extent 0.0=1 --extent 1.0=1 --extent 1.1=2,2,2,3 --extent 2.0=1 >> %t.err
// RUN: %fails %commuter-run %t/several.mlir --extent 0.0=1 --extent 1.0=1,2 --extent 1.1=2 --extent 2.0=1 >> %t.err
// RUN: %fails %commuter-run %t/several.mlir --extent 2.1=1 >> %t.err
// RUN: %fails %commuter-run %t/several.mlir --extent 3.0=1 >> %t.err
// RUN: FileCheck %s --check-prefix=ERROR --match-full-lines --input-file=%t.err

// Ranks 0 to 3 hold 3, 0, 1 and 2 rows, each filled with the rank's number.
// The largest figure: what a rank without rows receives, 6 rows of 8 bytes
// and three extents.
// FIGURES: bytes received per rank 72{{$}}
// RAGGED: <f4 6x2
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 2 2
// RAGGED-NEXT: 3 3
// RAGGED-NEXT: 3 3
// A sharded result is joined from parts of several sizes to the same.
// RAGGED-NEXT: <f4 6x2
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 0 0
// RAGGED-NEXT: 2 2
// RAGGED-NEXT: 3 3
// RAGGED-NEXT: 3 3
// RAGGED-NOT: {{.}}

// EVEN: <f4 8x2
// EVEN-COUNT-2: 0 0
// EVEN-COUNT-2: 1 1
// EVEN-COUNT-2: 2 2
// EVEN-COUNT-2: 3 3

// NONE: <f4 0x2
// NONE-NOT: {{.}}

// An argument that gives a gather's extents takes them from --extent.
// EXTENTS: <i8 4x4
// EXTENTS-COUNT-4: 3 0 1 2

// ERROR: commuter-run: error: argument 0: the size of dimension 0 is `?`: give the ranks' extents with --extent 0.0=n,n,...
// ERROR-NEXT: commuter-run: error: --extent 0.0: expected one extent per rank, 4 of them, found 3
// ERROR-NEXT: commuter-run: error: --extent 0.0: expected one extent per rank, 4 of them, found 5
// ERROR-NEXT: commuter-run: error: --extent 0.0=1,2,3,-4: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent 0.0=1,2,3,: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent 0.0: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent 0=1: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent x.0=1: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent 0.0=99999999999999999999: expected argument.dimension=n,n,..., such as 0.0=4,0,7,2
// ERROR-NEXT: commuter-run: error: --extent 0.0=2: dimension 0 of argument 0 has extents already
// ERROR-NEXT: commuter-run: error: --extent 0.1: the dimension's size is 2, not `?`
// ERROR-NEXT: commuter-run: error: --extent 0.2: argument 0 has 2 dimensions
// ERROR-NEXT: commuter-run: error: --extent 1.0: @main has 1 argument
// ERROR-NEXT: commuter-run: error: argument 0: the extents of dimension 0 are too large
// ERROR-NEXT: commuter-run: error: argument 0: a part of 4000000000000000000x2 elements is too large
// ERROR-NEXT: commuter-run: error: the arguments of all ranks need 29.1 TiB; there are {{.*}}B of memory
// ERROR-NEXT: commuter-run: error: argument 0: ranks 0 and 1 hold the same part of dimension 0, but with 1 and 2 elements
// ERROR-NEXT: commuter-run: error: argument 1 gives the extents of a gather: give them with --extent, or the argument with --input 1=FILE.npy
// ERROR-NEXT: commuter-run: error: argument 2 gives the extents of a gather, but --extent gives several lists for dimension 0: give it with --input 2=FILE.npy
// Of several arguments, all that is missing is told at once.
// ERROR-NEXT: commuter-run: error: argument 0: the size of dimension 0 is `?`: give the ranks' extents with --extent 0.0=n,n,... --extent 1.0=n,n,... --extent 1.1=n,n,... --extent 2.0=n,n,...
// ERROR-NEXT: commuter-run: error: argument 0: the size of dimension 0 is `?`: give the ranks' extents with --extent 0.0=n,n,... --extent 1.0=n,n,...
// ERROR-NEXT: commuter-run: error: argument 1: ranks 0 and 3 hold the same part of dimension 1, but with 2 and 3 elements
// ERROR-NEXT: commuter-run: error: --extent 1.0: expected one extent per rank, 4 of them, found 2
// ERROR-NEXT: commuter-run: error: --extent 2.1: argument 2 has 1 dimension
// ERROR-NEXT: commuter-run: error: --extent 3.0: @main has 3 arguments
// ERROR-NOT: {{.}}

//--- ragged.mlir
dist.mesh @mesh(dp = 4)

func.func @main(%x: tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %i = dist.axis_index @mesh[dp] : index
  %i32 = arith.index_cast %i : index to i32
  %f = arith.sitofp %i32 : i32 to f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %own = linalg.fill ins(%f : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %g = dist.all_gather %own dim 0 over @mesh[dp] : tensor<?x2xf32> -> tensor<?x2xf32>
  return %g, %own : tensor<?x2xf32>, tensor<?x2xf32>
}

//--- replicated.mlir
dist.mesh @mesh(dp = 4)
func.func @main(%x: tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  return
}

//--- several.mlir
dist.mesh @mesh(dp = 4)
func.func @main(%x: tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %y: tensor<?x?xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %z: tensor<?xf32>) {
  return
}

//--- extents.mlir
dist.mesh @mesh(dp = 4)
func.func @main(%x: tensor<?x2xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                %c: tensor<4xindex>) -> (tensor<4xindex>, tensor<?x2xf32>) {
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x2xf32>, tensor<4xindex> -> tensor<?x2xf32>
  return %c, %g : tensor<4xindex>, tensor<?x2xf32>
}
func.func @two(%x: tensor<?x2xf32>, %y: tensor<?x2xf32>, %c: tensor<4xindex>) -> tensor<?x2xf32> {
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x2xf32>, tensor<4xindex> -> tensor<?x2xf32>
  return %g : tensor<?x2xf32>
}
