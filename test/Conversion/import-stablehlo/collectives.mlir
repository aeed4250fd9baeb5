// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo --canonicalize | FileCheck %s

// Replica groups become axes, in the order in which the groups list their ranks.

// CHECK: dist.mesh @mesh(dp = 4, one = 1, tp = 2)
"sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "one"=1, "tp"=2]>, sym_name = "mesh"}> : () -> ()

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}
func.func @main(%arg0: tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>, tensor<8x16xf32>, tensor<4x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<ui32>) {
  %0:10 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "one", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>, <@mesh, [{}, {}]>, <@mesh, [{}, {}]>, <@mesh, [{}, {}]>, <@mesh, [{"tp"}, {}]>, <@mesh, [{"dp", "tp"}, {}]>, <@mesh, [{"dp"}, {"one", "tp"}]>, <@mesh, [{}, {}]>, <@mesh, [{}, {}]>, <@mesh, []>]>}> ({
  ^bb0(%x: tensor<8x16xf32>):
    // CHECK: %[[G:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<32x16xf32>
    %g = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[1, 3, 5, 7], [0, 2, 4, 6]]> : tensor<2x4xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
    // CHECK: %[[GA:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[dp, tp]
    %ga = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3, 4, 5, 6, 7]]> : tensor<1x8xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<64x16xf32>
    // CHECK: %[[GB:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[tp, dp]
    %gb = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6, 1, 3, 5, 7]]> : tensor<1x8xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<64x16xf32>
    // CHECK: %[[S:.*]] = dist.all_reduce %[[X]] sum over @mesh[dp]
    // CHECK: %[[M:.*]] = dist.all_reduce %[[S]] max over @mesh[tp]
    %s = "stablehlo.all_reduce"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, use_global_device_ids}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    %m = "stablehlo.all_reduce"(%s) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1], [2, 3], [4, 5], [6, 7]]> : tensor<4x2xi64>, use_global_device_ids}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.maximum"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8x16xf32>) -> tensor<8x16xf32>
    // CHECK: %[[T:.*]] = dist.reduce_scatter %[[X]] min dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<2x16xf32>
    %t = "stablehlo.reduce_scatter"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.minimum"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8x16xf32>) -> tensor<2x16xf32>
    // CHECK: %[[A:.*]] = dist.all_to_all %[[X]] split 0 concat 1 over @mesh[tp] : tensor<8x16xf32> -> tensor<4x32xf32>
    // CHECK: %[[A1:.*]] = dist.all_to_all %[[A]] split 1 concat 0 over @mesh[dp] : tensor<4x32xf32> -> tensor<16x8xf32>
    %a0 = "stablehlo.all_to_all"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, concat_dimension = 1 : i64, replica_groups = dense<[[0, 1], [2, 3], [4, 5], [6, 7]]> : tensor<4x2xi64>, split_count = 2 : i64, split_dimension = 0 : i64}> : (tensor<8x16xf32>) -> tensor<4x32xf32>
    %a1 = "stablehlo.all_to_all"(%a0) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, concat_dimension = 0 : i64, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, split_count = 4 : i64, split_dimension = 1 : i64}> : (tensor<4x32xf32>) -> tensor<16x8xf32>
    %a2 = "stablehlo.slice"(%a0) <{start_indices = array<i64: 0, 0>, limit_indices = array<i64: 4, 16>, strides = array<i64: 1, 1>}> : (tensor<4x32xf32>) -> tensor<4x16xf32>
    %a3 = "stablehlo.slice"(%a1) <{start_indices = array<i64: 0, 0>, limit_indices = array<i64: 8, 8>, strides = array<i64: 1, 1>}> : (tensor<16x8xf32>) -> tensor<8x8xf32>
    // Parts of one dimension change places.
    // CHECK: %[[E0:.*]] = tensor.expand_shape %[[X]] {{\[\[}}0, 1], [2]] output_shape [4, 2, 16]
    // CHECK: %[[E1:.*]] = dist.all_to_all %[[E0]] split 0 concat 1 over @mesh[dp] : tensor<4x2x16xf32> -> tensor<1x8x16xf32>
    // CHECK: %[[E2:.*]] = tensor.collapse_shape %[[E1]] {{\[\[}}0, 1], [2]]
    %e = "stablehlo.all_to_all"(%x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, concat_dimension = 0 : i64, replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>, split_count = 4 : i64, split_dimension = 0 : i64}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    // A group of one rank.
    %o = "stablehlo.all_gather"(%e) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0], [1], [2], [3], [4], [5], [6], [7]]> : tensor<8x1xi64>, use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<8x16xf32>
    // Several tensors at once.
    // CHECK: %[[W0:.*]] = dist.all_reduce %[[E2]] sum over @mesh[tp]
    // CHECK: %[[W1:.*]] = dist.all_reduce %[[X]] sum over @mesh[tp]
    %w:2 = "stablehlo.all_reduce"(%o, %x) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1], [2, 3], [4, 5], [6, 7]]> : tensor<4x2xi64>, use_global_device_ids}> ({
    ^bb0(%a: tensor<f32>, %b: tensor<f32>):
      %c = "stablehlo.add"(%a, %b) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%c) : (tensor<f32>) -> ()
    }) : (tensor<8x16xf32>, tensor<8x16xf32>) -> (tensor<8x16xf32>, tensor<8x16xf32>)
    // A partition is a rank.
    // CHECK: %[[R:.*]] = dist.axis_index @mesh[dp, one, tp] : index
    // CHECK: %[[R1:.*]] = arith.index_castui %[[R]] : index to i32
    // CHECK: %[[ID:.*]] = tensor.from_elements %[[R1]] : tensor<i32>
    %p = "stablehlo.partition_id"() : () -> tensor<ui32>
    %q = "stablehlo.replica_id"() : () -> tensor<ui32>
    %id = "stablehlo.add"(%p, %q) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    // CHECK: return %[[G]], %[[GA]], %[[GB]], %[[M]], %[[T]], {{.*}}, {{.*}}, %[[W0]], %[[W1]], %[[ID]]
    "sdy.return"(%g, %ga, %gb, %m, %t, %a2, %a3, %w#0, %w#1, %id) : (tensor<32x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>, tensor<8x16xf32>, tensor<2x16xf32>, tensor<4x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<ui32>) -> ()
  }) : (tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>, tensor<8x16xf32>, tensor<4x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<ui32>)
  return %0#0, %0#1, %0#2, %0#3, %0#4, %0#5, %0#6, %0#7, %0#8, %0#9 : tensor<32x16xf32>, tensor<64x16xf32>, tensor<64x16xf32>, tensor<8x16xf32>, tensor<4x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<8x16xf32>, tensor<8x16xf32>, tensor<ui32>
}
