// RUN: %commuter-opt %s --commuter-round-roots | FileCheck %s

llvm.func @__nv_sqrt(f64) -> f64
llvm.func @__nv_rsqrtf(f32) -> f32
llvm.func @__nv_expf(f32) -> f32

// CHECK-LABEL: @root
// CHECK: %[[R:.*]] = llvm.intr.sqrt(%{{.*}}) : (f64) -> f64
// CHECK: llvm.return %[[R]]
llvm.func @root(%x: f64) -> f64 {
  %0 = llvm.call @__nv_sqrt(%x) : (f64) -> f64
  llvm.return %0 : f64
}

// CHECK-LABEL: @reciprocal
// CHECK: %[[R:.*]] = llvm.intr.sqrt(%{{.*}}) : (f32) -> f32
// CHECK: %[[ONE:.*]] = llvm.mlir.constant(1.000000e+00 : f32)
// CHECK: llvm.fdiv %[[ONE]], %[[R]]
llvm.func @reciprocal(%x: f32) -> f32 {
  %0 = llvm.call @__nv_rsqrtf(%x) : (f32) -> f32
  llvm.return %0 : f32
}

// CHECK-LABEL: @other
// CHECK: llvm.call @__nv_expf
llvm.func @other(%x: f32) -> f32 {
  %0 = llvm.call @__nv_expf(%x) : (f32) -> f32
  llvm.return %0 : f32
}
