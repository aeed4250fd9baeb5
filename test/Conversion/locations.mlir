// RUN: %commuter-opt %s -convert-dist-to-runtime | FileCheck %s

// Where an op is in the source, whatever its location is made of; of what was inlined, in
// the callee, if that is known; of what was made of several, each of them once.
// CHECK-DAG: llvm.mlir.global private constant @"commuter.location.a.mlir:1:2"("a.mlir:1:2\00")
// CHECK-DAG: llvm.mlir.global private constant @"commuter.location.a.mlir:1:2, b.mlir:3:4"("a.mlir:1:2, b.mlir:3:4\00")

dist.mesh @mesh(dp = 2)

// CHECK-LABEL: @locations
// CHECK-COUNT-5: llvm.mlir.addressof @"commuter.location.a.mlir:1:2"
// CHECK: llvm.mlir.addressof @"commuter.location.a.mlir:1:2, b.mlir:3:4"
// CHECK-COUNT-2: llvm.mlir.zero
// CHECK-NOT: llvm.mlir.addressof @"commuter.location
// CHECK: return
func.func @locations() -> (index, index, index, index, index, index, index, index) {
  %0 = dist.axis_index @mesh[dp] : index loc("a.mlir":1:2)
  %1 = dist.axis_index @mesh[dp] : index loc("a.mlir":1:2 to 5:6)
  %2 = dist.axis_index @mesh[dp] : index loc("name"("a.mlir":1:2))
  %3 = dist.axis_index @mesh[dp] : index loc(callsite("a.mlir":1:2 at "b.mlir":3:4))
  %4 = dist.axis_index @mesh[dp] : index loc(callsite("name" at "a.mlir":1:2))
  %5 = dist.axis_index @mesh[dp] : index loc(fused["a.mlir":1:2, fused<"why">[callsite("name" at "b.mlir":3:4), "a.mlir":1:2]])
  %6 = dist.axis_index @mesh[dp] : index loc("name")
  %7 = dist.axis_index @mesh[dp] : index loc(unknown)
  return %0, %1, %2, %3, %4, %5, %6, %7 : index, index, index, index, index, index, index, index
}
