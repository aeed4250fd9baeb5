// A manual computation over a part of the axes, as JAX writes it (axis_names): ranks
// along the others compute the same.

// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo | FileCheck %s

"sdy.mesh"() <{mesh = #sdy.mesh<["dp"=2, "tp"=2]>, sym_name = "mesh"}> : () -> ()

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}
// CHECK-SAME: -> (tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
// CHECK: %[[S:.*]] = dist.all_reduce %[[X]] sum over @mesh[dp] : tensor<4x16xf32>
// CHECK: return %[[S]]
func.func @main(%arg0: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp", ?}, {?}]>]>, manual_axes = #sdy<manual_axes{"dp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp", ?}, {?}]>]>}> ({
  ^bb0(%x: tensor<4x16xf32>):
    %1 = "stablehlo.all_reduce"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2], [1, 3]]> : tensor<2x2xi64>, use_global_device_ids}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %3 = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      %4 = "sdy.sharding_constraint"(%3) <{sharding = #sdy.sharding<@mesh, []>}> : (tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%4) : (tensor<f32>) -> ()
    }) : (tensor<4x16xf32>) -> tensor<4x16xf32>
    %2 = "sdy.sharding_constraint"(%1) <{sharding = #sdy.sharding<@mesh, [{?}, {?}]>}> : (tensor<4x16xf32>) -> tensor<4x16xf32>
    "sdy.return"(%2) : (tensor<4x16xf32>) -> ()
  }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return %0 : tensor<8x16xf32>
}
