// RUN: %commuter-opt %s --allow-unregistered-dialect --import-stablehlo | FileCheck %s

// Where a slice begins is computed for each rank: if each takes the one that is its
// own along some axes, it is a dist.all_slice.

"sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "tp"=2]>, sym_name = "mesh"}> : () -> ()

// CHECK-LABEL: func.func @main(
// CHECK-SAME: %[[X:.*]]: tensor<32x16xf32>
func.func @main(%arg0: tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>) {
  %0:4 = "sdy.manual_computation"(%arg0) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>, <@mesh, [{"tp", "dp"}, {}]>, <@mesh, [{"dp"}, {"tp"}]>, <@mesh, [{"dp"}, {}]>]>}> ({
  ^bb0(%x: tensor<32x16xf32>):
    %zero = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %eight = "stablehlo.constant"() <{value = dense<8> : tensor<i32>}> : () -> tensor<i32>
    %four = "stablehlo.constant"() <{value = dense<4> : tensor<i32>}> : () -> tensor<i32>
    %two = "stablehlo.constant"() <{value = dense<2> : tensor<ui32>}> : () -> tensor<ui32>
    %n = "stablehlo.constant"() <{value = dense<32> : tensor<i32>}> : () -> tensor<i32>
    %id = "stablehlo.partition_id"() : () -> tensor<ui32>
    %q = "stablehlo.divide"(%id, %two) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    %r = "stablehlo.remainder"(%id, %two) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
    %dp = "stablehlo.convert"(%q) : (tensor<ui32>) -> tensor<i32>
    %tp = "stablehlo.convert"(%r) : (tensor<ui32>) -> tensor<i32>

    // dp * 8, with what JAX does of negative indices.
    // CHECK: dist.all_slice %[[X]] dim 0 over @mesh[dp] : tensor<32x16xf32> -> tensor<8x16xf32>
    %i = "stablehlo.multiply"(%dp, %eight) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %isNegative = "stablehlo.compare"(%i, %zero) <{comparison_direction = #stablehlo<comparison_direction LT>, compare_type = #stablehlo<comparison_type SIGNED>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %j = "stablehlo.add"(%i, %n) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %k = "stablehlo.select"(%isNegative, %j, %i) : (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>
    %a = "stablehlo.dynamic_slice"(%x, %k, %zero) <{slice_sizes = array<i64: 8, 16>}> : (tensor<32x16xf32>, tensor<i32>, tensor<i32>) -> tensor<8x16xf32>

    // (tp * 4 + dp) * 4
    // CHECK: dist.all_slice %[[X]] dim 0 over @mesh[tp, dp] : tensor<32x16xf32> -> tensor<4x16xf32>
    %t4 = "stablehlo.multiply"(%tp, %four) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %td = "stablehlo.add"(%t4, %dp) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %l = "stablehlo.multiply"(%td, %four) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %b = "stablehlo.dynamic_slice"(%x, %l, %zero) <{slice_sizes = array<i64: 4, 16>}> : (tensor<32x16xf32>, tensor<i32>, tensor<i32>) -> tensor<4x16xf32>

    // Two dimensions.
    // CHECK: %[[C:.*]] = dist.all_slice %[[X]] dim 0 over @mesh[dp]
    // CHECK: dist.all_slice %[[C]] dim 1 over @mesh[tp] : tensor<8x16xf32> -> tensor<8x8xf32>
    %t8 = "stablehlo.multiply"(%tp, %eight) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %c = "stablehlo.dynamic_slice"(%x, %i, %t8) <{slice_sizes = array<i64: 8, 8>}> : (tensor<32x16xf32>, tensor<i32>, tensor<i32>) -> tensor<8x8xf32>

    // Slices that overlap are those of no axis.
    // CHECK: tensor.extract_slice %[[X]][%{{.*}}, 0] [8, 16] [1, 1]
    %m = "stablehlo.multiply"(%dp, %four) : (tensor<i32>, tensor<i32>) -> tensor<i32>
    %d = "stablehlo.dynamic_slice"(%x, %m, %zero) <{slice_sizes = array<i64: 8, 16>}> : (tensor<32x16xf32>, tensor<i32>, tensor<i32>) -> tensor<8x16xf32>
    "sdy.return"(%a, %b, %c, %d) : (tensor<8x16xf32>, tensor<4x16xf32>, tensor<8x8xf32>, tensor<8x16xf32>) -> ()
  }) : (tensor<32x16xf32>) -> (tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>)
  return %0#0, %0#1, %0#2, %0#3 : tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>, tensor<32x16xf32>
}
