"builtin.module"() <{sym_name = "jit_model"}> ({
  "sdy.mesh"() <{mesh = #sdy.mesh<["tp"=4]>, sym_name = "mesh"}> {stablehlo.mesh = {axes = [{name = "tp", size = 4 : i64}]}} : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}, {}], function_type = (tensor<48x64xf32>, tensor<3x64xf32>, tensor<3x64x128xf32>, tensor<3x128x64xf32>) -> tensor<32x64xf32>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg20: tensor<48x64xf32>, %arg21: tensor<3x64xf32>, %arg22: tensor<3x64x128xf32>, %arg23: tensor<3x128x64xf32>):
    %66 = "sdy.manual_computation"(%arg20, %arg21, %arg22, %arg23) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{}, {}]>, <@mesh, [{}, {}]>, <@mesh, [{}, {}, {"tp"}]>, <@mesh, [{}, {"tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>]>}> ({
    ^bb0(%arg24: tensor<48x64xf32>, %arg25: tensor<3x64xf32>, %arg26: tensor<3x64x32xf32>, %arg27: tensor<3x32x64xf32>):
      %67 = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
      %68 = "stablehlo.constant"() <{value = dense<4> : tensor<ui32>}> : () -> tensor<ui32>
      %69 = "stablehlo.partition_id"() : () -> tensor<ui32>
      %70 = "stablehlo.divide"(%69, %67) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %71 = "stablehlo.remainder"(%70, %68) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %72 = "stablehlo.convert"(%71) : (tensor<ui32>) -> tensor<i32>
      %73 = "stablehlo.constant"() <{value = dense<8> : tensor<i32>}> : () -> tensor<i32>
      %74 = "stablehlo.multiply"(%72, %73) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %75 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<8xi32>
      %76 = "stablehlo.broadcast_in_dim"(%74) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
      %77 = "stablehlo.add"(%76, %75) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
      %78 = "stablehlo.constant"() <{value = dense<7> : tensor<i32>}> : () -> tensor<i32>
      %79 = "stablehlo.broadcast_in_dim"(%78) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
      %80 = "stablehlo.multiply"(%77, %79) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
      %81 = "stablehlo.constant"() <{value = dense<48> : tensor<i32>}> : () -> tensor<i32>
      %82 = "func.call"(%80, %81) <{callee = @remainder}> : (tensor<8xi32>, tensor<i32>) -> tensor<8xi32>
      %83 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %84 = "stablehlo.broadcast_in_dim"(%83) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
      %85 = "stablehlo.compare"(%82, %84) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
      %86 = "stablehlo.constant"() <{value = dense<48> : tensor<i32>}> : () -> tensor<i32>
      %87 = "stablehlo.broadcast_in_dim"(%86) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
      %88 = "stablehlo.add"(%82, %87) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
      %89 = "stablehlo.select"(%85, %88, %82) : (tensor<8xi1>, tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
      %90 = "stablehlo.broadcast_in_dim"(%89) <{broadcast_dimensions = array<i64: 0>}> : (tensor<8xi32>) -> tensor<8x1xi32>
      %91 = "stablehlo.gather"(%arg24, %90) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, indices_are_sorted = false, slice_sizes = array<i64: 1, 64>}> : (tensor<48x64xf32>, tensor<8x1xi32>) -> tensor<8x64xf32>
      %92 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %93:5 = "stablehlo.while"(%arg25, %arg26, %arg27, %92, %91) ({
      ^bb0(%arg33: tensor<3x64xf32>, %arg34: tensor<3x64x32xf32>, %arg35: tensor<3x32x64xf32>, %arg36: tensor<i32>, %arg37: tensor<8x64xf32>):
        %100 = "stablehlo.constant"() <{value = dense<3> : tensor<i32>}> : () -> tensor<i32>
        %101 = "stablehlo.compare"(%arg36, %100) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
        "stablehlo.return"(%101) : (tensor<i1>) -> ()
      }, {
      ^bb0(%arg28: tensor<3x64xf32>, %arg29: tensor<3x64x32xf32>, %arg30: tensor<3x32x64xf32>, %arg31: tensor<i32>, %arg32: tensor<8x64xf32>):
        %94 = "func.call"(%arg28, %arg31) <{callee = @dynamic_index_in_dim}> : (tensor<3x64xf32>, tensor<i32>) -> tensor<64xf32>
        %95 = "func.call"(%arg29, %arg31) <{callee = @dynamic_index_in_dim_0}> : (tensor<3x64x32xf32>, tensor<i32>) -> tensor<64x32xf32>
        %96 = "func.call"(%arg30, %arg31) <{callee = @dynamic_index_in_dim_1}> : (tensor<3x32x64xf32>, tensor<i32>) -> tensor<32x64xf32>
        %97 = "func.call"(%arg32, %94, %95, %96) <{callee = @closed_call}> : (tensor<8x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32x64xf32>) -> tensor<8x64xf32>
        %98 = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
        %99 = "stablehlo.add"(%arg31, %98) : (tensor<i32>, tensor<i32>) -> tensor<i32>
        "stablehlo.return"(%arg28, %arg29, %arg30, %99, %97) : (tensor<3x64xf32>, tensor<3x64x32xf32>, tensor<3x32x64xf32>, tensor<i32>, tensor<8x64xf32>) -> ()
      }) : (tensor<3x64xf32>, tensor<3x64x32xf32>, tensor<3x32x64xf32>, tensor<i32>, tensor<8x64xf32>) -> (tensor<3x64xf32>, tensor<3x64x32xf32>, tensor<3x32x64xf32>, tensor<i32>, tensor<8x64xf32>)
      "sdy.return"(%93#4) : (tensor<8x64xf32>) -> ()
    }) : (tensor<48x64xf32>, tensor<3x64xf32>, tensor<3x64x128xf32>, tensor<3x128x64xf32>) -> tensor<32x64xf32>
    "func.return"(%66) : (tensor<32x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}], function_type = (tensor<8xi32>, tensor<i32>) -> tensor<8xi32>, res_attrs = [{}], sym_name = "remainder", sym_visibility = "private"}> ({
  ^bb0(%arg18: tensor<8xi32>, %arg19: tensor<i32>):
    %45 = "stablehlo.convert"(%arg19) : (tensor<i32>) -> tensor<i32>
    %46 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %47 = "stablehlo.compare"(%45, %46) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %48 = "stablehlo.constant"() <{value = dense<1> : tensor<i32>}> : () -> tensor<i32>
    %49 = "func.call"(%47, %48, %45) <{callee = @_where}> : (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>
    %50 = "stablehlo.broadcast_in_dim"(%49) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
    %51 = "stablehlo.remainder"(%arg18, %50) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
    %52 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %53 = "stablehlo.broadcast_in_dim"(%52) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
    %54 = "stablehlo.compare"(%51, %53) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
    %55 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %56 = "stablehlo.broadcast_in_dim"(%55) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
    %57 = "stablehlo.compare"(%51, %56) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi1>
    %58 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %59 = "stablehlo.compare"(%49, %58) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
    %60 = "stablehlo.broadcast_in_dim"(%59) <{broadcast_dimensions = array<i64>}> : (tensor<i1>) -> tensor<8xi1>
    %61 = "stablehlo.compare"(%57, %60) <{compare_type = #stablehlo<comparison_type UNSIGNED>, comparison_direction = #stablehlo<comparison_direction NE>}> : (tensor<8xi1>, tensor<8xi1>) -> tensor<8xi1>
    %62 = "stablehlo.and"(%61, %54) : (tensor<8xi1>, tensor<8xi1>) -> tensor<8xi1>
    %63 = "stablehlo.broadcast_in_dim"(%49) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<8xi32>
    %64 = "stablehlo.add"(%51, %63) : (tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
    %65 = "stablehlo.select"(%62, %64, %51) : (tensor<8xi1>, tensor<8xi32>, tensor<8xi32>) -> tensor<8xi32>
    "func.return"(%65) : (tensor<8xi32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}], function_type = (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>, res_attrs = [{}], sym_name = "_where", sym_visibility = "private"}> ({
  ^bb0(%arg15: tensor<i1>, %arg16: tensor<i32>, %arg17: tensor<i32>):
    %44 = "stablehlo.select"(%arg15, %arg16, %arg17) : (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>
    "func.return"(%44) : (tensor<i32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}], function_type = (tensor<3x64xf32>, tensor<i32>) -> tensor<64xf32>, res_attrs = [{}], sym_name = "dynamic_index_in_dim", sym_visibility = "private"}> ({
  ^bb0(%arg13: tensor<3x64xf32>, %arg14: tensor<i32>):
    %41 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %42 = "stablehlo.dynamic_slice"(%arg13, %arg14, %41) <{slice_sizes = array<i64: 1, 64>}> : (tensor<3x64xf32>, tensor<i32>, tensor<i32>) -> tensor<1x64xf32>
    %43 = "stablehlo.reshape"(%42) : (tensor<1x64xf32>) -> tensor<64xf32>
    "func.return"(%43) : (tensor<64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}], function_type = (tensor<3x64x32xf32>, tensor<i32>) -> tensor<64x32xf32>, res_attrs = [{}], sym_name = "dynamic_index_in_dim_0", sym_visibility = "private"}> ({
  ^bb0(%arg11: tensor<3x64x32xf32>, %arg12: tensor<i32>):
    %37 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %38 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %39 = "stablehlo.dynamic_slice"(%arg11, %arg12, %37, %38) <{slice_sizes = array<i64: 1, 64, 32>}> : (tensor<3x64x32xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x64x32xf32>
    %40 = "stablehlo.reshape"(%39) : (tensor<1x64x32xf32>) -> tensor<64x32xf32>
    "func.return"(%40) : (tensor<64x32xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}], function_type = (tensor<3x32x64xf32>, tensor<i32>) -> tensor<32x64xf32>, res_attrs = [{}], sym_name = "dynamic_index_in_dim_1", sym_visibility = "private"}> ({
  ^bb0(%arg9: tensor<3x32x64xf32>, %arg10: tensor<i32>):
    %33 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %34 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %35 = "stablehlo.dynamic_slice"(%arg9, %arg10, %33, %34) <{slice_sizes = array<i64: 1, 32, 64>}> : (tensor<3x32x64xf32>, tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<1x32x64xf32>
    %36 = "stablehlo.reshape"(%35) : (tensor<1x32x64xf32>) -> tensor<32x64xf32>
    "func.return"(%36) : (tensor<32x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{function_type = (tensor<8x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<32x64xf32>) -> tensor<8x64xf32>, res_attrs = [{}], sym_name = "closed_call", sym_visibility = "private"}> ({
  ^bb0(%arg1: tensor<8x64xf32>, %arg2: tensor<64xf32>, %arg3: tensor<64x32xf32>, %arg4: tensor<32x64xf32>):
    %9 = "stablehlo.all_gather"(%arg1) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, use_global_device_ids}> : (tensor<8x64xf32>) -> tensor<32x64xf32>
    %10 = "stablehlo.multiply"(%9, %9) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    %11 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %12 = "stablehlo.reduce"(%10, %11) <{dimensions = array<i64: 1>}> ({
    ^bb0(%arg7: tensor<f32>, %arg8: tensor<f32>):
      %32 = "stablehlo.add"(%arg7, %arg8) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%32) : (tensor<f32>) -> ()
    }) : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
    %13 = "stablehlo.broadcast_in_dim"(%12) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
    %14 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
    %15 = "stablehlo.broadcast_in_dim"(%14) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
    %16 = "stablehlo.divide"(%13, %15) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
    %17 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
    %18 = "stablehlo.broadcast_in_dim"(%17) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
    %19 = "stablehlo.add"(%16, %18) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
    %20 = "stablehlo.rsqrt"(%19) : (tensor<32x1xf32>) -> tensor<32x1xf32>
    %21 = "stablehlo.broadcast_in_dim"(%20) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x64xf32>
    %22 = "stablehlo.multiply"(%9, %21) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    %23 = "stablehlo.broadcast_in_dim"(%arg2) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
    %24 = "stablehlo.broadcast_in_dim"(%23) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<32x64xf32>
    %25 = "stablehlo.multiply"(%22, %24) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    %26 = "stablehlo.dot_general"(%25, %arg3) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x32xf32>) -> tensor<32x32xf32>
    %27 = "func.call"(%26) <{callee = @silu}> : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %28 = "stablehlo.dot_general"(%27, %arg4) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x32xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
    %29 = "stablehlo.reduce_scatter"(%28) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
    ^bb0(%arg5: tensor<f32>, %arg6: tensor<f32>):
      %31 = "stablehlo.add"(%arg5, %arg6) : (tensor<f32>, tensor<f32>) -> tensor<f32>
      "stablehlo.return"(%31) : (tensor<f32>) -> ()
    }) : (tensor<32x64xf32>) -> tensor<8x64xf32>
    %30 = "stablehlo.add"(%arg1, %29) : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
    "func.return"(%30) : (tensor<8x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<32x32xf32>) -> tensor<32x32xf32>, res_attrs = [{}], sym_name = "silu", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<32x32xf32>):
    %0 = "stablehlo.negate"(%arg0) : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %1 = "stablehlo.exponential"(%0) : (tensor<32x32xf32>) -> tensor<32x32xf32>
    %2 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x32xf32>
    %4 = "stablehlo.add"(%3, %1) : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
    %5 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %6 = "stablehlo.broadcast_in_dim"(%5) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x32xf32>
    %7 = "stablehlo.divide"(%6, %4) : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
    %8 = "stablehlo.multiply"(%arg0, %7) : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
    "func.return"(%8) : (tensor<32x32xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 4 : i32, mhlo.num_replicas = 1 : i32} : () -> ()
