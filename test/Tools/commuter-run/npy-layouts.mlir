// How a global array is split to the ranks' parts by the annotation, and how
// results are joined. Every function also returns its argument without an
// annotation: what each rank holds, with the ranks in front.

// RUN: rm -rf %t && mkdir %t
// RUN: %npy make %t/4x2.npy i32 4x2
// RUN: %npy make %t/4x2x1.npy i32 4x2x1
// RUN: %npy make %t/scalar.npy f32 scalar --values=-0.0

// RUN: %commuter-run %s --entry=sharded --input 0=%t/4x2.npy --output-dir=%t/sharded > %t.table
// RUN: %npy show %t/sharded/result0.npy | FileCheck %s --check-prefix=SHARDED
// RUN: %npy show %t/sharded/result1.npy | FileCheck %s --check-prefix=GLOBAL
// Rank r of mesh(a = 2, b = 2) has the rows of its b and the columns of its a.
// SHARDED: <i4 4x2x1
// SHARDED-NEXT: {{^}}0{{$}}
// SHARDED-NEXT: {{^}}2{{$}}
// SHARDED-NEXT: {{^}}4{{$}}
// SHARDED-NEXT: {{^}}6{{$}}
// SHARDED-NEXT: {{^}}1{{$}}
// SHARDED-NEXT: {{^}}3{{$}}
// SHARDED-NEXT: {{^}}5{{$}}
// SHARDED-NEXT: {{^}}7{{$}}
// SHARDED-NOT: {{.}}

// GLOBAL: <i4 4x2
// GLOBAL-NEXT: {{^}}0 1{{$}}
// GLOBAL-NEXT: {{^}}2 3{{$}}
// GLOBAL-NEXT: {{^}}4 5{{$}}
// GLOBAL-NEXT: {{^}}6 7{{$}}
// GLOBAL-NOT: {{.}}

// Two axes of one dimension: the first is the major one.
// RUN: %commuter-run %s --entry=nested --input 0=%t/4x2.npy --output-dir=%t/nested > %t.table
// RUN: %npy show %t/nested/result0.npy | FileCheck %s --check-prefix=NESTED
// RUN: %npy show %t/nested/result1.npy | FileCheck %s --check-prefix=GLOBAL
// NESTED: <i4 4x1x2
// NESTED-NEXT: {{^}}0 1{{$}}
// NESTED-NEXT: {{^}}4 5{{$}}
// NESTED-NEXT: {{^}}2 3{{$}}
// NESTED-NEXT: {{^}}6 7{{$}}
// NESTED-NOT: {{.}}

// RUN: %commuter-run %s --entry=replicated --input 0=%t/4x2.npy --output-dir=%t/replicated > %t.table
// RUN: %npy show %t/replicated/result0.npy | FileCheck %s --check-prefix=REPLICATED
// RUN: %npy show %t/replicated/result1.npy | FileCheck %s --check-prefix=GLOBAL
// REPLICATED: <i4 4x2x2
// REPLICATED-NEXT: {{^}}0 1{{$}}
// REPLICATED-NEXT: {{^}}2 3{{$}}
// REPLICATED-NEXT: {{^}}0 1{{$}}
// REPLICATED-NEXT: {{^}}2 3{{$}}
// REPLICATED-NEXT: {{^}}4 5{{$}}
// REPLICATED-NEXT: {{^}}6 7{{$}}
// REPLICATED-NEXT: {{^}}4 5{{$}}
// REPLICATED-NEXT: {{^}}6 7{{$}}
// REPLICATED-NOT: {{.}}

// Of a pending sum the first rank holds all, the others what adds nothing.
// RUN: %commuter-run %s --entry=unreduced --input 0=%t/4x2.npy --output-dir=%t/unreduced > %t.table
// RUN: %npy show %t/unreduced/result0.npy | FileCheck %s --check-prefix=UNREDUCED
// RUN: %npy show %t/unreduced/result1.npy | FileCheck %s --check-prefix=GLOBAL
// UNREDUCED: <i4 4x2x2
// UNREDUCED-NEXT: {{^}}0 1{{$}}
// UNREDUCED-NEXT: {{^}}2 3{{$}}
// UNREDUCED-NEXT: {{^}}0 0{{$}}
// UNREDUCED-NEXT: {{^}}0 0{{$}}
// UNREDUCED-NEXT: {{^}}4 5{{$}}
// UNREDUCED-NEXT: {{^}}6 7{{$}}
// UNREDUCED-NEXT: {{^}}0 0{{$}}
// UNREDUCED-NEXT: {{^}}0 0{{$}}
// UNREDUCED-NOT: {{.}}

// That is -0.0 for floating point, here in a tensor of rank 0.
// RUN: %commuter-run %s --entry=zeros --input 0=%t/scalar.npy --output-dir=%t/zeros > %t.table
// RUN: %npy show %t/zeros/result0.npy | FileCheck %s --check-prefix=ZEROS
// RUN: %npy show %t/zeros/result1.npy | FileCheck %s --check-prefix=SCALAR
// ZEROS: <f4 4{{$}}
// ZEROS-NEXT: -0 -0 -0 -0
// SCALAR: <f4 scalar
// SCALAR-NEXT: -0

// Without an annotation: the ranks, then the local array.
// RUN: %commuter-run %s --entry=varying --input 0=%t/4x2x1.npy --output-dir=%t/varying > %t.table
// RUN: %npy show %t/varying/result0.npy | FileCheck %s --check-prefix=VARYING
// RUN: %npy show %t/varying/result1.npy | FileCheck %s --check-prefix=DOUBLED
// VARYING: <i4 4x2x1
// VARYING-NEXT: {{^}}0{{$}}
// VARYING-NEXT: {{^}}1{{$}}
// VARYING-NEXT: {{^}}2{{$}}
// VARYING: {{^}}7{{$}}
// An i32 sum of all ranks, exactly: 0 + 2 + 4 + 6 and 1 + 3 + 5 + 7.
// DOUBLED: <i4 2x1
// DOUBLED-NEXT: {{^}}12{{$}}
// DOUBLED-NEXT: {{^}}16{{$}}

// Ragged: --extent says who has how many rows; without it they are even.
// RUN: %commuter-run %s --entry=ragged --input 0=%t/4x2.npy --extent 0.0=3,3,1,1 --output-dir=%t/ragged > %t.table
// RUN: %npy show %t/ragged/result0.rank0.npy > %t/ragged.txt
// RUN: %npy show %t/ragged/result0.rank3.npy >> %t/ragged.txt
// RUN: ls %t/ragged >> %t/ragged.txt
// RUN: FileCheck %s --check-prefix=RAGGED --input-file=%t/ragged.txt
// RUN: %npy show %t/ragged/result1.npy | FileCheck %s --check-prefix=GLOBAL
// RUN: %commuter-run %s --entry=ragged --input 0=%t/4x2.npy --output-dir=%t/even > %t.table
// RUN: %npy show %t/even/result0.npy | FileCheck %s --check-prefix=REPLICATED
// RAGGED: <i4 3x2
// RAGGED-NEXT: {{^}}0 1{{$}}
// RAGGED-NEXT: {{^}}2 3{{$}}
// RAGGED-NEXT: {{^}}4 5{{$}}
// RAGGED-NEXT: <i4 1x2
// RAGGED-NEXT: {{^}}6 7{{$}}
// RAGGED-NEXT: result0.rank0.npy
// RAGGED-NEXT: result0.rank1.npy
// RAGGED-NEXT: result0.rank2.npy
// RAGGED-NEXT: result0.rank3.npy
// RAGGED-NEXT: result1.npy
// RAGGED-NOT: {{.}}

dist.mesh @mesh(a = 2, b = 2)

func.func @sharded(%x: tensor<2x1xi32> {dist.sharding = #dist.sharding<@mesh, [{b}, {a}]>})
    -> (tensor<2x1xi32>, tensor<2x1xi32> {dist.sharding = #dist.sharding<@mesh, [{b}, {a}]>}) {
  return %x, %x : tensor<2x1xi32>, tensor<2x1xi32>
}

func.func @nested(%x: tensor<1x2xi32> {dist.sharding = #dist.sharding<@mesh, [{b, a}, {}]>})
    -> (tensor<1x2xi32>, tensor<1x2xi32> {dist.sharding = #dist.sharding<@mesh, [{b, a}, {}]>}) {
  return %x, %x : tensor<1x2xi32>, tensor<1x2xi32>
}

func.func @replicated(%x: tensor<2x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>})
    -> (tensor<2x2xi32>, tensor<2x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>}) {
  return %x, %x : tensor<2x2xi32>, tensor<2x2xi32>
}

func.func @unreduced(%x: tensor<2x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}], unreduced {b}>})
    -> (tensor<2x2xi32>, tensor<2x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}], unreduced {b}>}) {
  return %x, %x : tensor<2x2xi32>, tensor<2x2xi32>
}

func.func @zeros(%x: tensor<f32> {dist.sharding = #dist.sharding<@mesh, [], unreduced {a, b}>})
    -> (tensor<f32>, tensor<f32> {dist.sharding = #dist.sharding<@mesh, [], unreduced {a, b}>}) {
  return %x, %x : tensor<f32>, tensor<f32>
}

func.func @varying(%x: tensor<2x1xi32>)
    -> (tensor<2x1xi32>, tensor<2x1xi32> {dist.sharding = #dist.sharding<@mesh, [{}, {}], unreduced {a, b}>}) {
  return %x, %x : tensor<2x1xi32>, tensor<2x1xi32>
}

func.func @ragged(%x: tensor<?x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>})
    -> (tensor<?x2xi32>, tensor<?x2xi32> {dist.sharding = #dist.sharding<@mesh, [{a}, {}]>}) {
  return %x, %x : tensor<?x2xi32>, tensor<?x2xi32>
}
