// Programs that cannot be read, or that the runner or the lowering cannot handle.

// RUN: rm -rf %t && split-file %s %t
// RUN: %fails %commuter-run %t/nothing.mlir > %t/err
// RUN: %fails %commuter-run %t >> %t/err
// RUN: %fails %commuter-run /dev/zero >> %t/err
// RUN: %fails %commuter-run %t/syntax.mlir >> %t/err
// RUN: %fails %commuter-run - < %t/syntax.mlir >> %t/err
// RUN: %fails %commuter-run %t/verify.mlir >> %t/err
// RUN: %fails %commuter-run %t/unknown-mesh.mlir >> %t/err
// RUN: FileCheck %s --check-prefix=READ --match-full-lines --input-file=%t/err -DDIR=%t

// READ: commuter-run: error: [[DIR]]/nothing.mlir: No such file or directory
// READ-NEXT: commuter-run: error: [[DIR]]: Is a directory
// READ-NEXT: commuter-run: error: /dev/zero: is a device; expected a file
// READ-NEXT: [[DIR]]/syntax.mlir:1:1: error: custom op 'fun' is unknown{{.*}}
// READ: commuter-run: error: [[DIR]]/syntax.mlir: is no valid program
// READ-NEXT: <stdin>:1:1: error: custom op 'fun' is unknown{{.*}}
// READ: commuter-run: error: -: is no valid program
// READ-NEXT: [[DIR]]/verify.mlir:3:8: error: 'dist.all_gather' op {{.*}}
// READ: commuter-run: error: [[DIR]]/verify.mlir: is no valid program
// READ-NEXT: [[DIR]]/unknown-mesh.mlir:1:1: error: 'func.func' op expects a sharding on a dist.mesh, found @mesh, which names no mesh
// READ: commuter-run: error: [[DIR]]/unknown-mesh.mlir: is no valid program
// READ-NOT: {{.}}

// RUN: for f in complex vector memref unranked i7 i24 f80 encoding vectors complex-result; do \
// RUN:   %fails %commuter-run %t/types.mlir --entry=$f || exit 1; done > %t/err
// RUN: FileCheck %s --check-prefix=TYPE --match-full-lines --input-file=%t/err

// TYPE: commuter-run: error: argument 0 of @complex has type tensor<4xcomplex<f32>>; expected a number or a ranked tensor without encoding, of index, i1, integers of 8, 16, 32 or 64 bits, f16, bf16, f32, f64, f8E4M3FN or f8E5M2
// TYPE-NEXT: commuter-run: error: argument 0 of @vector has type vector<4xf32>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 1 of @memref has type memref<4xf32>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @unranked has type tensor<*xf32>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @i7 has type tensor<4xi7>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @i24 has type i24; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @f80 has type tensor<4xf80>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @encoding has type tensor<4xf32, 1 : i64>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: argument 0 of @vectors has type tensor<4xvector<2xf32>>; expected {{.*}}
// TYPE-NEXT: commuter-run: error: result 1 of @complex-result has type complex<f32>; expected {{.*}}
// TYPE-NOT: {{.}}

// RUN: for f in unlowered scatter untranslated cast undefined rounding symbol nested huge too-large; do \
// RUN:   %fails %commuter-run %t/$f.mlir || exit 1; done > %t/err
// RUN: FileCheck %s --check-prefix=LOWER --match-full-lines --input-file=%t/err -DDIR=%t

// LOWER: [[DIR]]/unlowered.mlir:2:8: error: op was not bufferized
// LOWER: commuter-run: error: the program cannot be lowered: 'tosa.abs' op was not bufferized
// LOWER-NEXT: [[DIR]]/scatter.mlir:2:8: error: op was not bufferized
// LOWER: commuter-run: error: the program cannot be lowered: 'tensor.scatter' op was not bufferized
// LOWER-NEXT: [[DIR]]/untranslated.mlir:2:8: error: 'gpu.thread_id' op has no lowering to machine code
// LOWER: commuter-run: error: the program cannot be lowered: 'gpu.thread_id' op has no lowering to machine code
// LOWER-NEXT: [[DIR]]/cast.mlir:2:8: error: 'shape.mul' op has no lowering to machine code
// LOWER: commuter-run: error: the program cannot be lowered: 'shape.mul' op has no lowering to machine code
// LOWER-NEXT: [[DIR]]/undefined.mlir:1:1: error: '[[NAME:[a-z_]+]]' is called, but not defined
// LOWER: commuter-run: error: the program cannot be lowered: '[[NAME]]' is called, but not defined
// LOWER-NEXT: [[DIR]]/rounding.mlir:2:8: error: 'arith.truncf' op rounds downward, for which there is no code
// LOWER: commuter-run: error: the program cannot be lowered: 'arith.truncf' op rounds downward, for which there is no code
// LOWER-NEXT: commuter-run: error: no machine code: it refers to 'nowhere', which nothing defines
// LOWER-NEXT: [[DIR]]/nested.mlir:2:1: error: 'builtin.module' op is in another module: what is compiled must be in the outermost one
// LOWER: commuter-run: error: the program cannot be lowered: 'builtin.module' op is in another module: what is compiled must be in the outermost one
// LOWER-NEXT: [[DIR]]/huge.mlir:2:8: error: 'tensor.splat' op has a result of type 'tensor<4611686018427387904x8xf32>', which is too large
// LOWER: commuter-run: error: the program cannot be lowered: 'tensor.splat' op has a result of type 'tensor<4611686018427387904x8xf32>', which is too large
// LOWER-NEXT: commuter-run: error: the arguments of all ranks need 3.6 TiB; there are {{[0-9.]+ [A-Za-z]+}} of memory
// LOWER-NOT: {{.}}

//--- syntax.mlir
fun @main() { return }

//--- verify.mlir
dist.mesh @mesh(dp = 4)
func.func @main(%x: tensor<4xf32>) -> tensor<8xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<8xf32>
  return %g : tensor<8xf32>
}

//--- unknown-mesh.mlir
func.func @main(%x: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) { return }

//--- types.mlir
func.func @complex(%x: tensor<4xcomplex<f32>>) { return }
func.func @vector(%x: vector<4xf32>) { return }
func.func @memref(%x: f32, %y: memref<4xf32>) { return }
func.func @unranked(%x: tensor<*xf32>) { return }
func.func @i7(%x: tensor<4xi7>) { return }
func.func @i24(%x: i24) { return }
func.func @f80(%x: tensor<4xf80>) { return }
func.func @encoding(%x: tensor<4xf32, 1>) { return }
func.func @vectors(%x: tensor<4xvector<2xf32>>) { return }
func.func @"complex-result"() -> (f32, complex<f32>) {
  %f = arith.constant 0.0 : f32
  %c = complex.create %f, %f : complex<f32>
  return %f, %c : f32, complex<f32>
}

//--- unlowered.mlir
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

//--- scatter.mlir
func.func @main(%x: tensor<2x1x3xf32>, %y: tensor<4x3xf32>, %i: tensor<2x1xindex>) -> tensor<4x3xf32> {
  %z = tensor.scatter %x into %y[%i] scatter_dims([0]) unique : (tensor<2x1x3xf32>, tensor<4x3xf32>, tensor<2x1xindex>) -> tensor<4x3xf32>
  return %z : tensor<4x3xf32>
}

//--- untranslated.mlir
func.func @main() -> index {
  %i = gpu.thread_id x
  return %i : index
}

//--- cast.mlir
func.func @main(%i: index) -> index {
  %y = shape.mul %i, %i : index, index -> index
  return %y : index
}

//--- undefined.mlir
func.func private @elsewhere() -> f32
func.func @main() -> f32 {
  %y = call @elsewhere() : () -> f32
  return %y : f32
}

//--- rounding.mlir
func.func @main(%x: f64) -> bf16 {
  %y = arith.truncf %x downward : f64 to bf16
  return %y : bf16
}

//--- symbol.mlir
llvm.mlir.global external @nowhere() : i32
func.func @main() -> i32 {
  %a = llvm.mlir.addressof @nowhere : !llvm.ptr
  %y = llvm.load %a : !llvm.ptr -> i32
  return %y : i32
}

//--- nested.mlir
func.func @main() { return }
module @other {
  func.func @helper(%x: tensor<4xf32>) { return }
}

//--- huge.mlir
func.func @main(%f: f32) -> f32 {
  %e = tensor.splat %f : tensor<4611686018427387904x8xf32>
  %c0 = arith.constant 0 : index
  %y = tensor.extract %e[%c0, %c0] : tensor<4611686018427387904x8xf32>
  return %y : f32
}

//--- too-large.mlir
func.func @main(%f: tensor<1000000000000xf32>) { return }
