// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --split-input-file | FileCheck %s

// A manual computation makes the function one of a rank's parts. What the module
// says of devices goes.

// CHECK: module @jit_f {
module @jit_f attributes {mhlo.num_partitions = 8 : i32, mhlo.num_replicas = 1 : i32} {
  // CHECK-NEXT: dist.mesh @mesh(dp = 4, tp = 2)
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> {stablehlo.mesh = {axes = []}} : () -> ()
  // CHECK-LABEL: func.func @parts(
  // CHECK-SAME: %[[X:.*]]: tensor<4x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}]>}
  // CHECK-SAME: %[[W:.*]]: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>})
  // CHECK-SAME: -> (tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp, tp}, {}]>})
  func.func @parts(%arg0: tensor<32x16xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"dp", ?}, {}]>}, %arg1: tensor<16x16xf32> {jax.buffer_donor = true})
      -> (tensor<32x8xf32> {jax.result_info = "result", sdy.sharding = #sdy.sharding<@mesh, [{"dp", "tp"}, {}]>}) {
    %0 = "sdy.manual_computation"(%arg0, %arg1) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp", "tp"}, {}]>, <@mesh, [{}, {"tp"}], replicated={"dp"}>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp", "tp"}, {}]>]>}> ({
    ^bb0(%x: tensor<4x16xf32>, %w: tensor<16x8xf32>):
      // CHECK: %[[M:.*]] = linalg.matmul ins(%[[X]], %[[W]] :
      %m = "stablehlo.dot_general"(%x, %w) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>}> : (tensor<4x16xf32>, tensor<16x8xf32>) -> tensor<4x8xf32>
      // CHECK: %[[A:.*]] = call @square(%[[M]])
      %a = "func.call"(%m) <{callee = @square}> : (tensor<4x8xf32>) -> tensor<4x8xf32>
      "sdy.return"(%a) : (tensor<4x8xf32>) -> ()
    }) : (tensor<32x16xf32>, tensor<16x16xf32>) -> tensor<32x8xf32>
    // CHECK: return %[[A]]
    return %0 : tensor<32x8xf32>
  }
  // CHECK: func.func private @square(%[[S:.*]]: tensor<4x8xf32>) -> tensor<4x8xf32>
  func.func private @square(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
    // CHECK: %[[R:.*]] = arith.mulf %[[S]], %[[S]]
    // CHECK: return %[[R]]
    %0 = "stablehlo.multiply"(%arg0, %arg0) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
    return %0 : tensor<4x8xf32>
  }
  // CHECK-NOT: @unused
  func.func private @unused(%arg0: tensor<4x8xf32>) -> tensor<4x8xf32> {
    return %arg0 : tensor<4x8xf32>
  }
}

// -----

// Outside of manual computations, every rank has the whole. What two of them split
// differently is sliced; a result goes from one to the next as it is. A function that
// has one is part of its caller.

"sdy.mesh"() <{mesh = #sdy.mesh<["x"=2]>, sym_name = "mesh"}> : () -> ()
"sdy.mesh"() <{mesh = #sdy.mesh<[]>, sym_name = "empty_mesh"}> : () -> ()
// CHECK-LABEL: func.func @outside(
// CHECK-SAME: %[[A:.*]]: tensor<4x6xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
// CHECK-SAME: -> (tensor<2x6xf32> {dist.sharding = #dist.sharding<@mesh, [{x}, {}]>}, tensor<4x3xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {x}]>})
func.func @outside(%arg0: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  // CHECK: %[[D:.*]] = arith.addf %[[A]], %[[A]] : tensor<4x6xf32>
  %d = "stablehlo.add"(%arg0, %arg0) : (tensor<4x6xf32>, tensor<4x6xf32>) -> tensor<4x6xf32>
  // CHECK: %[[S0:.*]] = dist.all_slice %[[D]] dim 0 over @mesh[x] : tensor<4x6xf32> -> tensor<2x6xf32>
  // CHECK: %[[E:.*]] = math.exp %[[S0]]
  %0 = call @f(%d) : (tensor<4x6xf32>) -> tensor<4x6xf32>
  // CHECK: %[[N:.*]] = arith.negf %[[E]] : tensor<2x6xf32>
  %1 = "sdy.manual_computation"(%0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}, {}]>]>, manual_axes = #sdy<manual_axes{"x"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}, {}]>]>}> ({
  ^bb0(%x: tensor<2x6xf32>):
    %y = "stablehlo.negate"(%x) : (tensor<2x6xf32>) -> tensor<2x6xf32>
    "sdy.return"(%y) : (tensor<2x6xf32>) -> ()
  }) : (tensor<4x6xf32>) -> tensor<4x6xf32>
  // CHECK: %[[S1:.*]] = dist.all_slice %[[A]] dim 1 over @mesh[x] : tensor<4x6xf32> -> tensor<4x3xf32>
  %2 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {"x"}]>]>, manual_axes = #sdy<manual_axes{"x"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {"x"}]>]>}> ({
  ^bb0(%x: tensor<4x3xf32>):
    "sdy.return"(%x) : (tensor<4x3xf32>) -> ()
  }) : (tensor<4x6xf32>) -> tensor<4x6xf32>
  // CHECK: return %[[N]], %[[S1]]
  return %1, %2 : tensor<4x6xf32>, tensor<4x6xf32>
}
// CHECK-NOT: @f
func.func private @f(%arg0: tensor<4x6xf32>) -> tensor<4x6xf32> {
  %0 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}, {}]>]>, manual_axes = #sdy<manual_axes{"x"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"x"}, {}]>]>}> ({
  ^bb0(%x: tensor<2x6xf32>):
    %y = "stablehlo.exponential"(%x) : (tensor<2x6xf32>) -> tensor<2x6xf32>
    "sdy.return"(%y) : (tensor<2x6xf32>) -> ()
  }) : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %0 : tensor<4x6xf32>
}

// -----

// Without a mesh nothing is said of shardings. A composite is a call of what it is
// made of; numbers without a sign go into calls, too.

// CHECK-LABEL: func.func @composite(
// CHECK-SAME: %[[A:.*]]: tensor<4xi32>) -> tensor<4xi32> {
// CHECK: %[[R:.*]] = call @half(%[[A]]) : (tensor<4xi32>) -> tensor<4xi32>
// CHECK: return %[[R]]
func.func @composite(%arg0: tensor<4xui32>) -> tensor<4xui32> {
  %0 = "stablehlo.composite"(%arg0) <{name = "my.half", decomposition = @half}> : (tensor<4xui32>) -> tensor<4xui32>
  return %0 : tensor<4xui32>
}
// CHECK: func.func private @half(%{{.*}}: tensor<4xi32>) -> tensor<4xi32>
func.func private @half(%arg0: tensor<4xui32>) -> tensor<4xui32> {
  // CHECK: arith.divui
  %c = "stablehlo.constant"() <{value = dense<2> : tensor<4xui32>}> : () -> tensor<4xui32>
  %0 = "stablehlo.divide"(%arg0, %c) : (tensor<4xui32>, tensor<4xui32>) -> tensor<4xui32>
  return %0 : tensor<4xui32>
}
