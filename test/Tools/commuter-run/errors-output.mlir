// What cannot be written is an error; nothing half-written is left, and no folder
// that was made for it.

// RUN: rm -rf %t && mkdir -p %t/full %t/limited %t/folder/result1.npy && touch %t/file && ln -s /dev/full %t/full/result1.npy
// RUN: %fails %commuter-run %s --output-dir=%t/file > %t/err
// RUN: %fails %commuter-run %s --output-dir=%t/file/below >> %t/err
// RUN: %fails %commuter-run %s --output-dir=/proc/folder >> %t/err
// RUN: %fails %commuter-run %s --output-dir=/proc >> %t/err
// RUN: %fails %commuter-run %s --output-dir=%t/full >> %t/err
// RUN: %fails %commuter-run %s --output-dir=%t/folder >> %t/err
// RUN: %fails %commuter-run %s --trace=%t/nowhere/trace.json >> %t/err
// RUN: %fails %commuter-run %s --trace=%t >> %t/err
// RUN: %fails %commuter-run %s --trace=/dev/full >> %t/err
// RUN: bash -c 'ulimit -f 8; %fails %commuter-run %s --output-dir=%t/limited | cat' >> %t/err
// RUN: bash -c '%commuter-run %s 2>&1 > /dev/full; test $? = 1' >> %t/err
// RUN: FileCheck %s --match-full-lines --input-file=%t/err -DDIR=%t

// CHECK: commuter-run: error: [[DIR]]/file: {{Not a directory|is no folder|File exists}}
// CHECK-NEXT: commuter-run: error: [[DIR]]/file/below: Not a directory
// CHECK-NEXT: commuter-run: error: /proc/folder: {{.+}}
// CHECK-NEXT: commuter-run: error: /proc/result: {{.+}}
// CHECK-NEXT: commuter-run: error: [[DIR]]/full/result1.npy: No space left on device
// CHECK-NEXT: commuter-run: error: [[DIR]]/folder/result1.npy: is a folder; expected a file
// CHECK-NEXT: commuter-run: error: [[DIR]]/nowhere/trace.json: No such file or directory
// CHECK-NEXT: commuter-run: error: [[DIR]]: is a folder; expected a file
// CHECK-NEXT: commuter-run: error: /dev/full: No space left on device
// CHECK-NEXT: commuter-run: error: [[DIR]]/limited/result0.npy: File too large
// CHECK-NEXT: commuter-run: error: standard output: No space left on device
// CHECK-NOT: {{.}}

// A run that fails leaves no folder either, and what was there before stays.
// RUN: echo before > %t/full/result0.npy
// RUN: %fails %commuter-run %s --entry=fails --output-dir=%t/new/folder --trace=%t/trace.json > %t/err
// RUN: %fails %commuter-run %s --output-dir=%t/full > %t/err
// RUN: find %t | sort > %t.list
// RUN: cat %t/full/result0.npy >> %t.list
// RUN: FileCheck %s --check-prefix=LEFT --match-full-lines --input-file=%t.list -DDIR=%t
// LEFT: [[DIR]]
// LEFT-NEXT: [[DIR]]/err
// LEFT-NEXT: [[DIR]]/file
// LEFT-NEXT: [[DIR]]/folder
// LEFT-NEXT: [[DIR]]/folder/result1.npy
// LEFT-NEXT: [[DIR]]/full
// LEFT-NEXT: [[DIR]]/full/result0.npy
// LEFT-NEXT: [[DIR]]/full/result1.npy
// LEFT-NEXT: [[DIR]]/limited
// LEFT-NEXT: before
// LEFT-NOT: {{.}}

// Two outputs are not one file, however it is named.
// RUN: mkdir %t/both
// RUN: %fails %commuter-run %s --output-dir=%t/both --trace=%t/./both/result0.npy > %t/err
// RUN: FileCheck %s --check-prefix=BOTH --match-full-lines --input-file=%t/err -DDIR=%t
// RUN: ls -A %t/both | count 0
// BOTH: commuter-run: error: [[DIR]]/both/result0.npy: is another output, too

// No output replaces what was read, however it is named.
// RUN: mkdir %t/read && cp %s %t/read/f.mlir && ln -s f.mlir %t/read/link.mlir
// RUN: %commuter-run %t/read/f.mlir --output-dir=%t/read > %t/table
// RUN: %fails %commuter-run %t/read/f.mlir --trace=%t/read/link.mlir > %t/err
// RUN: %fails %commuter-run %t/read/link.mlir --trace=%t/./read/f.mlir >> %t/err
// RUN: %fails %commuter-run %t/read/f.mlir --input 0=%t/read/result0.npy --trace=%t/read/result0.npy >> %t/err
// RUN: %fails %commuter-run %t/read/f.mlir --input 0=%t/read/result0.npy --output-dir=%t/read >> %t/err
// RUN: FileCheck %s --check-prefix=READ --match-full-lines --input-file=%t/err -DDIR=%t
// RUN: cmp %s %t/read/f.mlir
// READ: commuter-run: error: [[DIR]]/read/link.mlir: is an input, too
// READ-NEXT: commuter-run: error: [[DIR]]/./read/f.mlir: is an input, too
// READ-NEXT: commuter-run: error: [[DIR]]/read/result0.npy: is an input, too
// READ-NEXT: commuter-run: error: [[DIR]]/read/result0.npy: is an input, too
// READ-NOT: {{.}}

// Folders are made with those around them. A trace may go to a pipe, and links
// stay links.
// RUN: ln -s linked.json %t/link.json
// RUN: echo old > %t/linked.json
// RUN: %commuter-run %s --output-dir=%t/new/folder --trace=%t/link.json > %t/table
// RUN: %python -m json.tool %t/linked.json > /dev/null
// RUN: mkfifo %t/pipe.json
// RUN: bash -c '%python -m json.tool %t/pipe.json > %t/from-pipe.json & %commuter-run %s --trace=%t/pipe.json > %t/table && wait $!'
// RUN: FileCheck %s --check-prefix=TRACE --input-file=%t/from-pipe.json
// RUN: find %t/new %t/link.json %t/pipe.json -printf "%%y %%f\n" | sort | FileCheck %s --check-prefix=FOLDER
// TRACE: "process_name"
// FOLDER: d folder
// FOLDER-NEXT: d new
// FOLDER-NEXT: f result0.npy
// FOLDER-NEXT: f result1.npy
// FOLDER-NEXT: l link.json
// FOLDER-NEXT: p pipe.json
// FOLDER-NOT: {{.}}

dist.mesh @mesh(dp = 2)

func.func @main(%x: tensor<1024x4xf32>) -> (tensor<1024x4xf32>, f32) {
  %c = arith.constant 1.0 : f32
  return %x, %c : tensor<1024x4xf32>, f32
}

func.func @fails(%x: tensor<3xf32>) -> tensor<?xf32> {
  %y = tensor.cast %x : tensor<3xf32> to tensor<?xf32>
  %s = dist.all_slice %y dim 0 over @mesh[dp] : tensor<?xf32> -> tensor<?xf32>
  return %s : tensor<?xf32>
}
