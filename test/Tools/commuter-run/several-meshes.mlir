// Several meshes are several views of the same ranks.

// RUN: rm -rf %t && split-file %s %t
// RUN: %npy make %t/x.npy i32 8x1
// RUN: %commuter-run %t/equal.mlir --input 0=%t/x.npy --output-dir=%t/out | FileCheck %s
// RUN: %npy show %t/out/result0.npy | FileCheck %s --check-prefix=PLACES
// RUN: %npy show %t/out/result1.npy | FileCheck %s --check-prefix=GATHERED
// RUN: %commuter-run %t/open.mlir --axis dp=2 | FileCheck %s --check-prefix=OPEN
// RUN: %fails %commuter-run %t/unequal.mlir | FileCheck %s --check-prefix=UNEQUAL
// RUN: %fails %commuter-run %t/unequal-later.mlir --axis tp=3 | FileCheck %s --check-prefix=UNEQUAL
// RUN: %fails %commuter-compile %t/unequal.mlir -o %t/unequal.so | FileCheck %s --check-prefix=COMPILED
// RUN: not ls %t/unequal.so

// CHECK: @main on 4 ranks, @flat(all = 4), @grid(rows = 2, columns = 2), cpu
// Rank 2 is (1, 0) of the grid, 1 of its column and 0 of its row.
// PLACES: <i8 4x3
// PLACES-NEXT: 0 0 0
// PLACES-NEXT: 1 0 1
// PLACES-NEXT: 2 1 0
// PLACES-NEXT: 3 1 1
// Split over flat[all], gathered over grid[rows]: ranks 0 and 2, 1 and 3.
// GATHERED: <i4 4x4x1
// GATHERED-NEXT: {{^}}0{{$}}
// GATHERED-NEXT: {{^}}1{{$}}
// GATHERED-NEXT: {{^}}4{{$}}
// GATHERED-NEXT: {{^}}5{{$}}
// GATHERED-NEXT: {{^}}2{{$}}
// GATHERED-NEXT: {{^}}3{{$}}
// GATHERED-NEXT: {{^}}6{{$}}
// GATHERED-NEXT: {{^}}7{{$}}

// An axis of one name in two meshes gets one size.
// OPEN: @main on 2 ranks, @a(dp = 2), @b(dp = 2), cpu
// COMPILED: {{^}}commuter-compile: error: the program cannot be lowered: 'dist.mesh' op has 3 ranks, @a has 2; the meshes of a program must have equally many{{$}}
// UNEQUAL: {{^}}commuter-run: error: @b has 3 ranks, @a has 2; the meshes of a program must have equally many{{$}}

//--- equal.mlir
dist.mesh @flat(all = 4)
dist.mesh @grid(rows = 2, columns = 2)
func.func @main(%x: tensor<2x1xi32> {dist.sharding = #dist.sharding<@flat, [{all}, {}]>})
    -> (tensor<3xindex>, tensor<4x1xi32>) {
  %a = dist.axis_index @flat[all] : index
  %r = dist.axis_index @grid[rows] : index
  %c = dist.axis_index @grid[columns] : index
  %t = tensor.from_elements %a, %r, %c : tensor<3xindex>
  %g = dist.all_gather %x dim 0 over @grid[rows] : tensor<2x1xi32> -> tensor<4x1xi32>
  return %t, %g : tensor<3xindex>, tensor<4x1xi32>
}

//--- open.mlir
dist.mesh @a(dp = ?)
dist.mesh @b(dp = ?)
func.func @main() { return }

//--- unequal.mlir
dist.mesh @a(dp = 2)
dist.mesh @b(tp = 3)
func.func @main() { return }

//--- unequal-later.mlir
dist.mesh @a(dp = 2)
dist.mesh @b(tp = ?)
func.func @main() { return }
