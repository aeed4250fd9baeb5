// RUN: %commuter-opt %s --commuter-lower-to-llvm | FileCheck %s
// RUN: %commuter-opt %s --one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFER

// CHECK-NOT: {{norm\.|tensor<}}
// CHECK-LABEL: llvm.func @quantize(
// Scales of groups: one call that computes them.
// CHECK-DAG: %[[GROUP:.*]] = llvm.mlir.constant(16 : i64) : i64
// CHECK-DAG: %[[COMPUTED:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK: llvm.call @commuter_program_quantize(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[GROUP]], %[[COMPUTED]]) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i32) -> ()
// CHECK: llvm.call @commuter_program_dequantize(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()

// The number of groups is the row's length over their size.
// BUFFER-LABEL: func @quantize(
// BUFFER-SAME: %[[X:.*]]: memref<?x?xbf16
// BUFFER: %[[Q:.*]] = memref.alloc(%{{.*}}, %{{.*}}) {{.*}} : memref<?x?xf8E4M3FN>
// BUFFER: %[[LENGTH:.*]] = memref.dim %[[X]], %c1
// BUFFER: %[[GROUPS:.*]] = arith.divui %[[LENGTH]], %c16
// BUFFER: %[[SC:.*]] = memref.alloc(%{{.*}}, %[[GROUPS]]) {{.*}} : memref<?x?xf32>
// BUFFER: norm.quantize_into %[[X]], %[[Q]] scales %[[SC]] group 16
// BUFFER: %[[Y:.*]] = memref.alloc
// BUFFER: norm.dequantize_into %[[Q]], %[[SC]], %[[Y]]
func.func @quantize(%x: tensor<?x?xbf16>) -> (tensor<?x?xf8E4M3FN>, tensor<?x?xf32>, tensor<?x?xf16>) {
  %q, %s = norm.quantize %x per_group 16 : tensor<?x?xbf16> -> tensor<?x?xf8E4M3FN>, tensor<?x?xf32>
  %y = norm.dequantize %q, %s : tensor<?x?xf8E4M3FN>, tensor<?x?xf32> -> tensor<?x?xf16>
  return %q, %s, %y : tensor<?x?xf8E4M3FN>, tensor<?x?xf32>, tensor<?x?xf16>
}

// CHECK-LABEL: llvm.func @norm_quantize(
// CHECK-DAG: %[[GIVEN:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK-DAG: %[[RMS:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK: llvm.call @commuter_program_norm_quantize(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[GIVEN]], %[[RMS]], %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i32, i32, i64, f64, f64) -> ()

// BUFFER-LABEL: func @norm_quantize(
// BUFFER-SAME: %[[X:.*]]: memref<4x8xf32{{.*}}>, %[[R:.*]]: memref<4x8xf32{{.*}}>, %[[F:.*]]: memref<f32{{.*}}>)
// BUFFER: %[[S:.*]] = memref.alloc() {{.*}} : memref<4x8xf32>
// BUFFER: %[[Q:.*]] = memref.alloc() {{.*}} : memref<4x8xi8>
// BUFFER: norm.norm_quantize_into rms %[[X]], %[[Q]] add %[[R]], %[[S]] static %[[F]] offset 1.000000e+00 axis 1 eps
func.func @norm_quantize(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>, %f: tensor<f32>) -> (tensor<4x8xf32>, tensor<4x8xi8>) {
  %s, %q = norm.norm_quantize rms %x add %r offset 1.0 axis 1 eps 1.0e-06 quantize static %f : tensor<4x8xf32> add tensor<4x8xf32> static tensor<f32> -> sum tensor<4x8xf32>, tensor<4x8xi8>
  return %s, %q : tensor<4x8xf32>, tensor<4x8xi8>
}
