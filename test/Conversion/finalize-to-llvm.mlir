// RUN: %commuter-opt %s --allow-unregistered-dialect --commuter-finalize-to-llvm --reconcile-unrealized-casts | FileCheck %s

// Ops of many dialects, between which no cast is left; what LLVM has no
// instruction for is a call of libm, and memory is the runtime's.
// CHECK-DAG: llvm.func @_mlir_memref_to_llvm_alloc(i64) -> !llvm.ptr
// CHECK-DAG: llvm.func @_mlir_memref_to_llvm_free(!llvm.ptr)
// CHECK-DAG: llvm.func @erff(f32) -> f32
// CHECK-DAG: llvm.mlir.global private constant @"commuter.location.[[LOCATION:.*finalize-to-llvm.mlir:[0-9]+:3]]"("[[LOCATION]]\00")
// CHECK-DAG: llvm.mlir.global private constant @"commuter.assertion.no rows"("no rows\00")
// CHECK-LABEL: llvm.func @dialects
// CHECK: llvm.mlir.poison : f32
// CHECK-NOT: builtin.unrealized_conversion_cast
func.func @dialects(%x: f32, %n: index) -> f32 {
  // CHECK: llvm.call @_mlir_memref_to_llvm_alloc
  %m = memref.alloc(%n) : memref<?xf32>
  %c0 = index.constant 0
  // CHECK: llvm.call @erff
  %e = math.erf %x : f32
  // CHECK: llvm.intr.exp
  %y = math.exp %e : f32
  // CHECK: llvm.store
  memref.store %y, %m[%c0] : memref<?xf32>
  %is_any = arith.cmpi sgt, %n, %c0 : index
  // CHECK: llvm.cond_br
  cf.cond_br %is_any, ^some, ^none
^some:
  // CHECK: llvm.load
  %z = memref.load %m[%c0] : memref<?xf32>
  cf.br ^end(%z : f32)
^none:
  %p = ub.poison : f32
  cf.br ^end(%p : f32)
^end(%r: f32):
  // CHECK: llvm.call @_mlir_memref_to_llvm_free
  memref.dealloc %m : memref<?xf32>
  // CHECK: llvm.call @callee
  %s = call @callee(%r) : (f32) -> f32
  return %s : f32
}

func.func private @callee(f32) -> f32

// What does not hold is an error of the runtime: the call does not return.
// CHECK-LABEL: llvm.func @assertion
// CHECK-SAME: %[[HOLDS:.*]]: i1
// CHECK: llvm.cond_br %[[HOLDS]], ^[[REST:.*]], ^[[FAILURE:.*]]
// CHECK: ^[[REST]]:
// CHECK-NEXT: llvm.call @callee
func.func @assertion(%holds: i1, %x: f32) -> f32 {
  cf.assert %holds, "no rows"
  // CHECK: ^[[FAILURE]]:
  // CHECK-NEXT: %[[LOCATION:.*]] = llvm.mlir.addressof @"commuter.location.
  // CHECK-NEXT: %[[TEXT:.*]] = llvm.mlir.addressof @"commuter.assertion.
  // CHECK-NEXT: llvm.call @commuter_program_fail_assertion(%[[LOCATION]], %[[TEXT]])
  // CHECK-NEXT: llvm.unreachable
  %y = call @callee(%x) : (f32) -> f32
  return %y : f32
}

// Upstream lowers vectors in several steps.
// CHECK-LABEL: llvm.func @vectors
// CHECK: llvm.shufflevector
// CHECK: llvm.intr.vector.reduce.fadd
func.func @vectors(%x: f32, %v: vector<4xf32>) -> f32 {
  %b = vector.broadcast %x : f32 to vector<4xf32>
  %p = arith.mulf %b, %v : vector<4xf32>
  %s = vector.reduction <add>, %p : vector<4xf32> into f32
  return %s : f32
}

// What is of no dialect that is known stays.
// CHECK-LABEL: llvm.func @unknown
// CHECK: "other.op"
func.func @unknown() {
  "other.op"() : () -> ()
  return
}
