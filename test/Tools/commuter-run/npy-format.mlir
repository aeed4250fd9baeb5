// What .npy files may look like, and what is said of those that are none.

// RUN: rm -rf %t && mkdir %t
// RUN: %npy make %t/c.npy f32 2x3
// RUN: %npy make %t/fortran.npy f32 2x3 --fortran
// RUN: %npy make %t/v2.npy f32 2x3 --version 2
// RUN: %npy make %t/v3.npy f32 2x3 --version 3 --fortran
// RUN: %commuter-run %s --input 0=%t/c.npy --output-dir=%t/c > %t.table
// RUN: %npy show %t/c/result0.npy | FileCheck %s
// RUN: %commuter-run %s --input 0=%t/fortran.npy --output-dir=%t/fortran > %t.table
// RUN: cmp %t/c/result0.npy %t/fortran/result0.npy
// RUN: %commuter-run %s --input 0=%t/v2.npy --output-dir=%t/v2 > %t.table
// RUN: cmp %t/c/result0.npy %t/v2/result0.npy
// RUN: %commuter-run %s --input 0=%t/v3.npy --output-dir=%t/v3 > %t.table
// RUN: cmp %t/c/result0.npy %t/v3/result0.npy
// What is written can be read.
// RUN: %commuter-run %s --input 0=%t/c/result0.npy --output-dir=%t/again > %t.table
// RUN: cmp %t/c/result0.npy %t/again/result0.npy
// From a pipe, too.
// RUN: cat %t/v2.npy | %commuter-run %s --input 0=/dev/stdin --output-dir=%t/pipe > %t.table
// RUN: cmp %t/c/result0.npy %t/pipe/result0.npy
// RUN: %npy make %t/cube.npy i32 2x3x4
// RUN: %npy make %t/cube-fortran.npy i32 2x3x4 --fortran
// RUN: %commuter-run %s --entry=cube --input 0=%t/cube.npy --output-dir=%t/c > %t.table
// RUN: %commuter-run %s --entry=cube --input 0=%t/cube-fortran.npy --output-dir=%t/fortran > %t.table
// RUN: cmp %t/c/result0.npy %t/fortran/result0.npy
// RUN: %npy make %t/empty.npy f32 0x3 --fortran
// RUN: %commuter-run %s --entry=empty --input 0=%t/empty.npy --output-dir=%t/empty > %t.table
// RUN: %npy show %t/empty/result0.npy | FileCheck %s --check-prefix=EMPTY

// CHECK: <f4 2x3
// CHECK-NEXT: {{^}}0 1 2{{$}}
// CHECK-NEXT: {{^}}3 4 5{{$}}
// CHECK-NOT: {{.}}
// EMPTY: <f4 0x3
// EMPTY-NOT: {{.}}

// RUN: %fails %commuter-run %s --input 0=%t/nothing.npy > %t/err
// RUN: %fails %commuter-run %s --input 0=%t >> %t/err
// RUN: %fails %commuter-run %s --input 0=/dev/zero >> %t/err
// RUN: %fails %commuter-run %s --input 0=%s >> %t/err
// RUN: printf '' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: printf '\223NUMPY\001' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: printf '\223NUMPY\001\000\377' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: printf '\223NUMPY\002\000\377\377\377\377{' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: printf '\223NUMPY\004\000\001\000{' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: printf '\223NUMPY\001\000\002\000{}' > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: head -c 80 %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: head -c 5 %t/c.npy | cat %t/c.npy - > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: sed 's/2, 3,/2, -3,/' %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: sed 's/2, 3,/2  3 /' %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: sed 's/(2, 3,)/2345678/' %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: sed 's/False/Maybe/' %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: sed 's/<f4/>f4/' %t/c.npy > %t/bad.npy && %fails %commuter-run %s --input 0=%t/bad.npy >> %t/err
// RUN: %python %S/Inputs/huge.py %t/huge.npy
// RUN: %fails %commuter-run %s --input 0=%t/huge.npy >> %t/err
// RUN: %fails %commuter-run %s --input 0=%t/huge.npy.large >> %t/err
// RUN: %npy make %t/i1.npy i8 2x3
// RUN: sed 's/|i1/|b1/' %t/i1.npy > %t/bad.npy && %fails %commuter-run %s --entry=flags --input 0=%t/bad.npy >> %t/err
// RUN: FileCheck %s --check-prefix=ERROR --match-full-lines --input-file=%t/err -DDIR=%t -DFILE=%s

// ERROR: commuter-run: error: [[DIR]]/nothing.npy: No such file or directory
// ERROR-NEXT: commuter-run: error: [[DIR]]: Is a directory
// ERROR-NEXT: commuter-run: error: /dev/zero: is a device; expected a file
// ERROR-NEXT: commuter-run: error: [[FILE]]: is no .npy file
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: is no .npy file
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: is cut off in its header
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: is cut off in its header
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: is cut off in its header
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has version 4.0 of the .npy format; expected 1, 2 or 3
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has a header that is not of the .npy format
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: is cut off: 2x3 needs 24 bytes, found {{[0-9]}}
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has 5 bytes after its array of 2x3
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has a header that is not of the .npy format
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has a header that is not of the .npy format
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has a header that is not of the .npy format
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has a header that is not of the .npy format
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: has elements of type '>f4', expected f32 ('<f4')
// ERROR-NEXT: commuter-run: error: [[DIR]]/huge.npy: has a shape that is too large: 4294967296x4294967297
// ERROR-NEXT: commuter-run: error: [[DIR]]/huge.npy.large: is cut off: 1099511627776x1048576 needs 4611686018427387904 bytes, found 0
// ERROR-NEXT: commuter-run: error: [[DIR]]/bad.npy: element 2 is 2, which is no boolean
// ERROR-NOT: {{.}}

dist.mesh @mesh(dp = 1)

func.func @main(%x: tensor<2x3xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<2x3xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  return %x : tensor<2x3xf32>
}

func.func @cube(%x: tensor<2x3x4xi32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}, {}]>}) -> tensor<2x3x4xi32> {
  return %x : tensor<2x3x4xi32>
}

func.func @empty(%x: tensor<?x3xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x3xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  return %x : tensor<?x3xf32>
}

func.func @flags(%x: tensor<2x3xi1> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  return
}
