// RUN: %commuter-opt %s --commuter-lower-to-llvm | FileCheck %s

dist.mesh @mesh(dp = 4, tp = 2)

// A sum, an exchange of the ragged extents, the gather, the norm: in this order,
// and no mesh, sharding or tensor is left.
// CHECK-NOT: {{dist\.|norm\.|tensor<}}
// CHECK: llvm.mlir.global private constant @"commuter.group.mesh[{{dp|tp}}]"
// CHECK-LABEL: llvm.func @main
// CHECK: llvm.call @commuter_program_all_reduce
// CHECK: llvm.call @commuter_program_exchange_extents
// CHECK: llvm.call @commuter_program_all_gather
// CHECK: llvm.call @commuter_program_rms_norm
func.func @main(%x: tensor<?x24xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>}, %w: tensor<24xf32>) -> tensor<?x24xbf16> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] summing [tp] : tensor<?x24xbf16> -> tensor<?x24xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<?x24xbf16>, tensor<24xf32>
  return %n : tensor<?x24xbf16>
}
