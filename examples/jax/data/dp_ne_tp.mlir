"builtin.module"() <{sym_name = "jit_block"}> ({
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=2, "attn_tp"=2]>, sym_name = "mesh"}> {stablehlo.mesh = {axes = [{name = "dp", size = 2 : i64}, {name = "attn_tp", size = 2 : i64}]}} : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}, {}, {}, {}, {}, {}], function_type = (tensor<32x64xf32>, tensor<64xf32>, tensor<64x192xf32>, tensor<64x64xf32>, tensor<64xf32>, tensor<64x96xf32>, tensor<64x96xf32>, tensor<96x64xf32>) -> tensor<32x64xf32>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg4: tensor<32x64xf32>, %arg5: tensor<64xf32>, %arg6: tensor<64x192xf32>, %arg7: tensor<64x64xf32>, %arg8: tensor<64xf32>, %arg9: tensor<64x96xf32>, %arg10: tensor<64x96xf32>, %arg11: tensor<96x64xf32>):
    %10 = "sdy.manual_computation"(%arg4, %arg5, %arg6, %arg7, %arg8, %arg9, %arg10, %arg11) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"attn_tp"}]>, <@mesh, [{"attn_tp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"dp", "attn_tp"}]>, <@mesh, [{}, {"dp", "attn_tp"}]>, <@mesh, [{"dp", "attn_tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "attn_tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%arg12: tensor<16x64xf32>, %arg13: tensor<64xf32>, %arg14: tensor<64x96xf32>, %arg15: tensor<32x64xf32>, %arg16: tensor<64xf32>, %arg17: tensor<64x24xf32>, %arg18: tensor<64x24xf32>, %arg19: tensor<24x64xf32>):
      %11 = "chlo.square"(%arg12) : (tensor<16x64xf32>) -> tensor<16x64xf32>
      %12 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %13 = "stablehlo.reduce"(%11, %12) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg32: tensor<f32>, %arg33: tensor<f32>):
        %111 = "stablehlo.add"(%arg32, %arg33) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%111) : (tensor<f32>) -> ()
      }) : (tensor<16x64xf32>, tensor<f32>) -> tensor<16xf32>
      %14 = "stablehlo.broadcast_in_dim"(%13) <{broadcast_dimensions = array<i64: 0>}> : (tensor<16xf32>) -> tensor<16x1xf32>
      %15 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %16 = "stablehlo.broadcast_in_dim"(%15) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<16x1xf32>
      %17 = "stablehlo.divide"(%14, %16) : (tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<16x1xf32>
      %18 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %19 = "stablehlo.broadcast_in_dim"(%18) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<16x1xf32>
      %20 = "stablehlo.add"(%17, %19) : (tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<16x1xf32>
      %21 = "stablehlo.rsqrt"(%20) : (tensor<16x1xf32>) -> tensor<16x1xf32>
      %22 = "stablehlo.broadcast_in_dim"(%21) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<16x1xf32>) -> tensor<16x64xf32>
      %23 = "stablehlo.multiply"(%arg12, %22) : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
      %24 = "stablehlo.broadcast_in_dim"(%arg13) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %25 = "stablehlo.broadcast_in_dim"(%24) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<16x64xf32>
      %26 = "stablehlo.multiply"(%23, %25) : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
      %27 = "stablehlo.dot_general"(%26, %arg14) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<16x64xf32>, tensor<64x96xf32>) -> tensor<16x96xf32>
      %28 = "stablehlo.reshape"(%27) : (tensor<16x96xf32>) -> tensor<16x2x48xf32>
      %29 = "stablehlo.slice"(%28) <{limit_indices = array<i64: 16, 2, 16>, start_indices = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 1>}> : (tensor<16x2x48xf32>) -> tensor<16x2x16xf32>
      %30 = "stablehlo.slice"(%28) <{limit_indices = array<i64: 16, 2, 32>, start_indices = array<i64: 0, 0, 16>, strides = array<i64: 1, 1, 1>}> : (tensor<16x2x48xf32>) -> tensor<16x2x16xf32>
      %31 = "stablehlo.slice"(%28) <{limit_indices = array<i64: 16, 2, 48>, start_indices = array<i64: 0, 0, 32>, strides = array<i64: 1, 1, 1>}> : (tensor<16x2x48xf32>) -> tensor<16x2x16xf32>
      %32 = "stablehlo.dot_general"(%29, %30) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [1], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<16x2x16xf32>, tensor<16x2x16xf32>) -> tensor<2x16x16xf32>
      %33 = "stablehlo.constant"() <{value = dense<2.500000e-01> : tensor<f32>}> : () -> tensor<f32>
      %34 = "stablehlo.broadcast_in_dim"(%33) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x16x16xf32>
      %35 = "stablehlo.multiply"(%32, %34) : (tensor<2x16x16xf32>, tensor<2x16x16xf32>) -> tensor<2x16x16xf32>
      %36 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %37 = "stablehlo.reduce"(%35, %36) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg30: tensor<f32>, %arg31: tensor<f32>):
        %110 = "stablehlo.maximum"(%arg30, %arg31) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%110) : (tensor<f32>) -> ()
      }) : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<2x16xf32>
      %38 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %39 = "stablehlo.broadcast_in_dim"(%38) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x16xf32>
      %40 = "stablehlo.maximum"(%39, %37) : (tensor<2x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
      %41 = "stablehlo.broadcast_in_dim"(%40) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<2x16xf32>) -> tensor<2x16x1xf32>
      %42 = "stablehlo.broadcast_in_dim"(%41) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<2x16x1xf32>) -> tensor<2x16x16xf32>
      %43 = "stablehlo.subtract"(%35, %42) : (tensor<2x16x16xf32>, tensor<2x16x16xf32>) -> tensor<2x16x16xf32>
      %44 = "stablehlo.exponential"(%43) : (tensor<2x16x16xf32>) -> tensor<2x16x16xf32>
      %45 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %46 = "stablehlo.reduce"(%44, %45) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg28: tensor<f32>, %arg29: tensor<f32>):
        %109 = "stablehlo.add"(%arg28, %arg29) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%109) : (tensor<f32>) -> ()
      }) : (tensor<2x16x16xf32>, tensor<f32>) -> tensor<2x16xf32>
      %47 = "stablehlo.broadcast_in_dim"(%46) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<2x16xf32>) -> tensor<2x16x1xf32>
      %48 = "stablehlo.broadcast_in_dim"(%47) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<2x16x1xf32>) -> tensor<2x16x16xf32>
      %49 = "stablehlo.divide"(%44, %48) : (tensor<2x16x16xf32>, tensor<2x16x16xf32>) -> tensor<2x16x16xf32>
      %50 = "stablehlo.dot_general"(%31, %49) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<16x2x16xf32>, tensor<2x16x16xf32>) -> tensor<2x16x16xf32>
      %51 = "stablehlo.transpose"(%50) <{permutation = array<i64: 2, 0, 1>}> : (tensor<2x16x16xf32>) -> tensor<16x2x16xf32>
      %52 = "stablehlo.reshape"(%51) : (tensor<16x2x16xf32>) -> tensor<16x32xf32>
      %53 = "stablehlo.dot_general"(%52, %arg15) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<16x32xf32>, tensor<32x64xf32>) -> tensor<16x64xf32>
      %54 = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
      %55 = "stablehlo.constant"() <{value = dense<2> : tensor<ui32>}> : () -> tensor<ui32>
      %56 = "stablehlo.partition_id"() : () -> tensor<ui32>
      %57 = "stablehlo.divide"(%56, %54) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %58 = "stablehlo.remainder"(%57, %55) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %59 = "stablehlo.convert"(%58) : (tensor<ui32>) -> tensor<i32>
      %60 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %61 = "stablehlo.compare"(%59, %60) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %62 = "stablehlo.add"(%53, %arg12) : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
      %63 = "func.call"(%61, %62, %53) <{callee = @_where}> : (tensor<i1>, tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
      %64 = "stablehlo.all_gather"(%63) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2], [1, 3]]> : tensor<2x2xi64>, use_global_device_ids}> : (tensor<16x64xf32>) -> tensor<32x64xf32>
      %65 = "stablehlo.all_reduce"(%64) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1], [2, 3]]> : tensor<2x2xi64>, use_global_device_ids}> ({
      ^bb0(%arg26: tensor<f32>, %arg27: tensor<f32>):
        %108 = "stablehlo.add"(%arg26, %arg27) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%108) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>) -> tensor<32x64xf32>
      %66 = "stablehlo.constant"() <{value = dense<2> : tensor<ui32>}> : () -> tensor<ui32>
      %67 = "stablehlo.constant"() <{value = dense<2> : tensor<ui32>}> : () -> tensor<ui32>
      %68 = "stablehlo.partition_id"() : () -> tensor<ui32>
      %69 = "stablehlo.divide"(%68, %66) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %70 = "stablehlo.remainder"(%69, %67) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %71 = "stablehlo.convert"(%70) : (tensor<ui32>) -> tensor<i32>
      %72 = "stablehlo.constant"() <{value = dense<16> : tensor<i32>}> : () -> tensor<i32>
      %73 = "stablehlo.multiply"(%71, %72) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %74 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %75 = "stablehlo.compare"(%73, %74) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %76 = "stablehlo.constant"() <{value = dense<32> : tensor<i32>}> : () -> tensor<i32>
      %77 = "stablehlo.add"(%73, %76) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %78 = "stablehlo.select"(%75, %77, %73) : (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>
      %79 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %80 = "stablehlo.dynamic_slice"(%65, %78, %79) <{slice_sizes = array<i64: 16, 64>}> : (tensor<32x64xf32>, tensor<i32>, tensor<i32>) -> tensor<16x64xf32>
      %81 = "chlo.square"(%65) : (tensor<32x64xf32>) -> tensor<32x64xf32>
      %82 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %83 = "stablehlo.reduce"(%81, %82) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg24: tensor<f32>, %arg25: tensor<f32>):
        %107 = "stablehlo.add"(%arg24, %arg25) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%107) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
      %84 = "stablehlo.broadcast_in_dim"(%83) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %85 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %86 = "stablehlo.broadcast_in_dim"(%85) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %87 = "stablehlo.divide"(%84, %86) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %88 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %89 = "stablehlo.broadcast_in_dim"(%88) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %90 = "stablehlo.add"(%87, %89) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %91 = "stablehlo.rsqrt"(%90) : (tensor<32x1xf32>) -> tensor<32x1xf32>
      %92 = "stablehlo.broadcast_in_dim"(%91) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x64xf32>
      %93 = "stablehlo.multiply"(%65, %92) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %94 = "stablehlo.broadcast_in_dim"(%arg16) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %95 = "stablehlo.broadcast_in_dim"(%94) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<32x64xf32>
      %96 = "stablehlo.multiply"(%93, %95) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %97 = "stablehlo.dot_general"(%96, %arg17) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x24xf32>) -> tensor<32x24xf32>
      %98 = "func.call"(%97) <{callee = @silu}> : (tensor<32x24xf32>) -> tensor<32x24xf32>
      %99 = "stablehlo.dot_general"(%96, %arg18) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x24xf32>) -> tensor<32x24xf32>
      %100 = "stablehlo.multiply"(%98, %99) : (tensor<32x24xf32>, tensor<32x24xf32>) -> tensor<32x24xf32>
      %101 = "stablehlo.dot_general"(%100, %arg19) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x24xf32>, tensor<24x64xf32>) -> tensor<32x64xf32>
      %102 = "stablehlo.reduce_scatter"(%101) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 2], [1, 3]]> : tensor<2x2xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
      ^bb0(%arg22: tensor<f32>, %arg23: tensor<f32>):
        %106 = "stablehlo.add"(%arg22, %arg23) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%106) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>) -> tensor<16x64xf32>
      %103 = "stablehlo.all_reduce"(%102) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1], [2, 3]]> : tensor<2x2xi64>, use_global_device_ids}> ({
      ^bb0(%arg20: tensor<f32>, %arg21: tensor<f32>):
        %105 = "stablehlo.add"(%arg20, %arg21) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%105) : (tensor<f32>) -> ()
      }) : (tensor<16x64xf32>) -> tensor<16x64xf32>
      %104 = "stablehlo.add"(%80, %103) : (tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
      "sdy.return"(%104) : (tensor<16x64xf32>) -> ()
    }) : (tensor<32x64xf32>, tensor<64xf32>, tensor<64x192xf32>, tensor<64x64xf32>, tensor<64xf32>, tensor<64x96xf32>, tensor<64x96xf32>, tensor<96x64xf32>) -> tensor<32x64xf32>
    "func.return"(%10) : (tensor<32x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}], function_type = (tensor<i1>, tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>, res_attrs = [{}], sym_name = "_where", sym_visibility = "private"}> ({
  ^bb0(%arg1: tensor<i1>, %arg2: tensor<16x64xf32>, %arg3: tensor<16x64xf32>):
    %9 = "stablehlo.select"(%arg1, %arg2, %arg3) : (tensor<i1>, tensor<16x64xf32>, tensor<16x64xf32>) -> tensor<16x64xf32>
    "func.return"(%9) : (tensor<16x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<32x24xf32>) -> tensor<32x24xf32>, res_attrs = [{}], sym_name = "silu", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<32x24xf32>):
    %0 = "stablehlo.negate"(%arg0) : (tensor<32x24xf32>) -> tensor<32x24xf32>
    %1 = "stablehlo.exponential"(%0) : (tensor<32x24xf32>) -> tensor<32x24xf32>
    %2 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x24xf32>
    %4 = "stablehlo.add"(%3, %1) : (tensor<32x24xf32>, tensor<32x24xf32>) -> tensor<32x24xf32>
    %5 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<f32>}> : () -> tensor<f32>
    %6 = "stablehlo.broadcast_in_dim"(%5) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x24xf32>
    %7 = "stablehlo.divide"(%6, %4) : (tensor<32x24xf32>, tensor<32x24xf32>) -> tensor<32x24xf32>
    %8 = "stablehlo.multiply"(%arg0, %7) : (tensor<32x24xf32>, tensor<32x24xf32>) -> tensor<32x24xf32>
    "func.return"(%8) : (tensor<32x24xf32>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 4 : i32, mhlo.num_replicas = 1 : i32} : () -> ()
