// RUN: not %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --mlir-print-ir-after-failure 2>&1 | FileCheck %s

// A module that cannot be imported stays as it was.

// CHECK: error: the module cannot be imported, for it has 'stablehlo.sort'
// CHECK: IR Dump After ImportStablehloPass Failed
// CHECK-NEXT: module attributes {mhlo.num_partitions = 2 : i32}
// CHECK-NEXT: "sdy.mesh"() <{mesh = #sdy.mesh<["x"=2]>, sym_name = "mesh"}> : () -> ()
// CHECK-NEXT: func.func @main(%[[X:.*]]: tensor<4xui32>) -> tensor<4xui32>
// CHECK-NEXT: %[[R:.*]] = call @f(%[[X]]) : (tensor<4xui32>) -> tensor<4xui32>
// CHECK-NEXT: return %[[R]]
// CHECK: func.func private @f(%[[Y:.*]]: tensor<4xui32>)
// CHECK-NEXT: %[[M:.*]] = "sdy.manual_computation"(%[[Y]]) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}]>]>, manual_axes = #sdy<manual_axes{"x"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}]>]>}> ({
// CHECK-NEXT: ^bb0(%[[Z:.*]]: tensor<2xui32>):
// CHECK-NEXT: %[[S:.*]] = "stablehlo.sort"(%[[Z]])
// CHECK-NEXT: "sdy.return"(%[[S]])
module attributes {mhlo.num_partitions = 2 : i32} {
  "sdy.mesh"() <{mesh = #sdy.mesh<["x"=2]>, sym_name = "mesh"}> : () -> ()
  func.func @main(%x: tensor<4xui32>) -> tensor<4xui32> {
    %0 = call @f(%x) : (tensor<4xui32>) -> tensor<4xui32>
    return %0 : tensor<4xui32>
  }
  func.func private @f(%x: tensor<4xui32>) -> tensor<4xui32> {
    %0 = "sdy.manual_computation"(%x) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}]>]>, manual_axes = #sdy<manual_axes{"x"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}]>]>}> ({
    ^bb0(%y: tensor<2xui32>):
      %s = "stablehlo.sort"(%y) : (tensor<2xui32>) -> tensor<2xui32>
      "sdy.return"(%s) : (tensor<2xui32>) -> ()
    }) : (tensor<4xui32>) -> tensor<4xui32>
    return %0 : tensor<4xui32>
  }
}
