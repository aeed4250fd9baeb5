"builtin.module"() <{sym_name = "jit_block"}> ({
  "sdy.mesh"() <{mesh = #sdy.mesh<["dp"=4, "attn_tp"=1]>, sym_name = "mesh"}> {stablehlo.mesh = {axes = [{name = "dp", size = 4 : i64}, {name = "attn_tp", size = 1 : i64}]}} : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}, {}, {}, {}, {}, {}], function_type = (tensor<32x64xbf16>, tensor<64xbf16>, tensor<64x192xbf16>, tensor<64x64xbf16>, tensor<64xbf16>, tensor<64x96xbf16>, tensor<64x96xbf16>, tensor<96x64xbf16>) -> tensor<32x64xbf16>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg4: tensor<32x64xbf16>, %arg5: tensor<64xbf16>, %arg6: tensor<64x192xbf16>, %arg7: tensor<64x64xbf16>, %arg8: tensor<64xbf16>, %arg9: tensor<64x96xbf16>, %arg10: tensor<64x96xbf16>, %arg11: tensor<96x64xbf16>):
    %10 = "sdy.manual_computation"(%arg4, %arg5, %arg6, %arg7, %arg8, %arg9, %arg10, %arg11) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"attn_tp"}]>, <@mesh, [{"attn_tp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"dp", "attn_tp"}]>, <@mesh, [{}, {"dp", "attn_tp"}]>, <@mesh, [{"dp", "attn_tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"dp", "attn_tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"dp"}, {}]>]>}> ({
    ^bb0(%arg12: tensor<8x64xbf16>, %arg13: tensor<64xbf16>, %arg14: tensor<64x192xbf16>, %arg15: tensor<64x64xbf16>, %arg16: tensor<64xbf16>, %arg17: tensor<64x24xbf16>, %arg18: tensor<64x24xbf16>, %arg19: tensor<24x64xbf16>):
      %11 = "stablehlo.convert"(%arg12) : (tensor<8x64xbf16>) -> tensor<8x64xf32>
      %12 = "chlo.square"(%11) : (tensor<8x64xf32>) -> tensor<8x64xf32>
      %13 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %14 = "stablehlo.reduce"(%12, %13) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg32: tensor<f32>, %arg33: tensor<f32>):
        %119 = "stablehlo.add"(%arg32, %arg33) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%119) : (tensor<f32>) -> ()
      }) : (tensor<8x64xf32>, tensor<f32>) -> tensor<8xf32>
      %15 = "stablehlo.broadcast_in_dim"(%14) <{broadcast_dimensions = array<i64: 0>}> : (tensor<8xf32>) -> tensor<8x1xf32>
      %16 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %17 = "stablehlo.broadcast_in_dim"(%16) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<8x1xf32>
      %18 = "stablehlo.divide"(%15, %17) : (tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<8x1xf32>
      %19 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %20 = "stablehlo.broadcast_in_dim"(%19) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<8x1xf32>
      %21 = "stablehlo.add"(%18, %20) : (tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<8x1xf32>
      %22 = "stablehlo.rsqrt"(%21) : (tensor<8x1xf32>) -> tensor<8x1xf32>
      %23 = "stablehlo.broadcast_in_dim"(%22) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<8x1xf32>) -> tensor<8x64xf32>
      %24 = "stablehlo.multiply"(%11, %23) : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
      %25 = "stablehlo.convert"(%arg13) : (tensor<64xbf16>) -> tensor<64xf32>
      %26 = "stablehlo.broadcast_in_dim"(%25) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %27 = "stablehlo.broadcast_in_dim"(%26) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<8x64xf32>
      %28 = "stablehlo.multiply"(%24, %27) : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
      %29 = "stablehlo.convert"(%28) : (tensor<8x64xf32>) -> tensor<8x64xbf16>
      %30 = "stablehlo.dot_general"(%29, %arg14) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<8x64xbf16>, tensor<64x192xbf16>) -> tensor<8x192xbf16>
      %31 = "stablehlo.reshape"(%30) : (tensor<8x192xbf16>) -> tensor<8x4x48xbf16>
      %32 = "stablehlo.slice"(%31) <{limit_indices = array<i64: 8, 4, 16>, start_indices = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 1>}> : (tensor<8x4x48xbf16>) -> tensor<8x4x16xbf16>
      %33 = "stablehlo.slice"(%31) <{limit_indices = array<i64: 8, 4, 32>, start_indices = array<i64: 0, 0, 16>, strides = array<i64: 1, 1, 1>}> : (tensor<8x4x48xbf16>) -> tensor<8x4x16xbf16>
      %34 = "stablehlo.slice"(%31) <{limit_indices = array<i64: 8, 4, 48>, start_indices = array<i64: 0, 0, 32>, strides = array<i64: 1, 1, 1>}> : (tensor<8x4x48xbf16>) -> tensor<8x4x16xbf16>
      %35 = "stablehlo.dot_general"(%32, %33) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [1], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<8x4x16xbf16>, tensor<8x4x16xbf16>) -> tensor<4x8x8xbf16>
      %36 = "stablehlo.constant"() <{value = dense<2.500000e-01> : tensor<bf16>}> : () -> tensor<bf16>
      %37 = "stablehlo.broadcast_in_dim"(%36) <{broadcast_dimensions = array<i64>}> : (tensor<bf16>) -> tensor<4x8x8xbf16>
      %38 = "stablehlo.multiply"(%35, %37) : (tensor<4x8x8xbf16>, tensor<4x8x8xbf16>) -> tensor<4x8x8xbf16>
      %39 = "stablehlo.convert"(%38) : (tensor<4x8x8xbf16>) -> tensor<4x8x8xf32>
      %40 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %41 = "stablehlo.reduce"(%39, %40) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg30: tensor<f32>, %arg31: tensor<f32>):
        %118 = "stablehlo.maximum"(%arg30, %arg31) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%118) : (tensor<f32>) -> ()
      }) : (tensor<4x8x8xf32>, tensor<f32>) -> tensor<4x8xf32>
      %42 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %43 = "stablehlo.broadcast_in_dim"(%42) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4x8xf32>
      %44 = "stablehlo.maximum"(%43, %41) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
      %45 = "stablehlo.broadcast_in_dim"(%44) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<4x8xf32>) -> tensor<4x8x1xf32>
      %46 = "stablehlo.broadcast_in_dim"(%45) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<4x8x1xf32>) -> tensor<4x8x8xf32>
      %47 = "stablehlo.subtract"(%39, %46) : (tensor<4x8x8xf32>, tensor<4x8x8xf32>) -> tensor<4x8x8xf32>
      %48 = "stablehlo.exponential"(%47) : (tensor<4x8x8xf32>) -> tensor<4x8x8xf32>
      %49 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %50 = "stablehlo.reduce"(%48, %49) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg28: tensor<f32>, %arg29: tensor<f32>):
        %117 = "stablehlo.add"(%arg28, %arg29) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%117) : (tensor<f32>) -> ()
      }) : (tensor<4x8x8xf32>, tensor<f32>) -> tensor<4x8xf32>
      %51 = "stablehlo.broadcast_in_dim"(%50) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<4x8xf32>) -> tensor<4x8x1xf32>
      %52 = "stablehlo.broadcast_in_dim"(%51) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<4x8x1xf32>) -> tensor<4x8x8xf32>
      %53 = "stablehlo.divide"(%48, %52) : (tensor<4x8x8xf32>, tensor<4x8x8xf32>) -> tensor<4x8x8xf32>
      %54 = "stablehlo.convert"(%53) : (tensor<4x8x8xf32>) -> tensor<4x8x8xbf16>
      %55 = "stablehlo.dot_general"(%34, %54) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<8x4x16xbf16>, tensor<4x8x8xbf16>) -> tensor<4x16x8xbf16>
      %56 = "stablehlo.transpose"(%55) <{permutation = array<i64: 2, 0, 1>}> : (tensor<4x16x8xbf16>) -> tensor<8x4x16xbf16>
      %57 = "stablehlo.reshape"(%56) : (tensor<8x4x16xbf16>) -> tensor<8x64xbf16>
      %58 = "stablehlo.dot_general"(%57, %arg15) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<8x64xbf16>, tensor<64x64xbf16>) -> tensor<8x64xbf16>
      %59 = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
      %60 = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
      %61 = "stablehlo.partition_id"() : () -> tensor<ui32>
      %62 = "stablehlo.divide"(%61, %59) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %63 = "stablehlo.remainder"(%62, %60) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %64 = "stablehlo.convert"(%63) : (tensor<ui32>) -> tensor<i32>
      %65 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %66 = "stablehlo.compare"(%64, %65) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction EQ>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %67 = "stablehlo.add"(%58, %arg12) : (tensor<8x64xbf16>, tensor<8x64xbf16>) -> tensor<8x64xbf16>
      %68 = "func.call"(%66, %67, %58) <{callee = @_where}> : (tensor<i1>, tensor<8x64xbf16>, tensor<8x64xbf16>) -> tensor<8x64xbf16>
      %69 = "stablehlo.all_gather"(%68) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, use_global_device_ids}> : (tensor<8x64xbf16>) -> tensor<32x64xbf16>
      %70 = "stablehlo.all_reduce"(%69) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0], [1], [2], [3]]> : tensor<4x1xi64>, use_global_device_ids}> ({
      ^bb0(%arg26: tensor<bf16>, %arg27: tensor<bf16>):
        %116 = "stablehlo.add"(%arg26, %arg27) : (tensor<bf16>, tensor<bf16>) -> tensor<bf16>
        "stablehlo.return"(%116) : (tensor<bf16>) -> ()
      }) : (tensor<32x64xbf16>) -> tensor<32x64xbf16>
      %71 = "stablehlo.constant"() <{value = dense<1> : tensor<ui32>}> : () -> tensor<ui32>
      %72 = "stablehlo.constant"() <{value = dense<4> : tensor<ui32>}> : () -> tensor<ui32>
      %73 = "stablehlo.partition_id"() : () -> tensor<ui32>
      %74 = "stablehlo.divide"(%73, %71) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %75 = "stablehlo.remainder"(%74, %72) : (tensor<ui32>, tensor<ui32>) -> tensor<ui32>
      %76 = "stablehlo.convert"(%75) : (tensor<ui32>) -> tensor<i32>
      %77 = "stablehlo.constant"() <{value = dense<8> : tensor<i32>}> : () -> tensor<i32>
      %78 = "stablehlo.multiply"(%76, %77) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %79 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %80 = "stablehlo.compare"(%78, %79) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction LT>}> : (tensor<i32>, tensor<i32>) -> tensor<i1>
      %81 = "stablehlo.constant"() <{value = dense<32> : tensor<i32>}> : () -> tensor<i32>
      %82 = "stablehlo.add"(%78, %81) : (tensor<i32>, tensor<i32>) -> tensor<i32>
      %83 = "stablehlo.select"(%80, %82, %78) : (tensor<i1>, tensor<i32>, tensor<i32>) -> tensor<i32>
      %84 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
      %85 = "stablehlo.dynamic_slice"(%70, %83, %84) <{slice_sizes = array<i64: 8, 64>}> : (tensor<32x64xbf16>, tensor<i32>, tensor<i32>) -> tensor<8x64xbf16>
      %86 = "stablehlo.convert"(%70) : (tensor<32x64xbf16>) -> tensor<32x64xf32>
      %87 = "chlo.square"(%86) : (tensor<32x64xf32>) -> tensor<32x64xf32>
      %88 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %89 = "stablehlo.reduce"(%87, %88) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg24: tensor<f32>, %arg25: tensor<f32>):
        %115 = "stablehlo.add"(%arg24, %arg25) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%115) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
      %90 = "stablehlo.broadcast_in_dim"(%89) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %91 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %92 = "stablehlo.broadcast_in_dim"(%91) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %93 = "stablehlo.divide"(%90, %92) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %94 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %95 = "stablehlo.broadcast_in_dim"(%94) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %96 = "stablehlo.add"(%93, %95) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %97 = "stablehlo.rsqrt"(%96) : (tensor<32x1xf32>) -> tensor<32x1xf32>
      %98 = "stablehlo.broadcast_in_dim"(%97) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x64xf32>
      %99 = "stablehlo.multiply"(%86, %98) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %100 = "stablehlo.convert"(%arg16) : (tensor<64xbf16>) -> tensor<64xf32>
      %101 = "stablehlo.broadcast_in_dim"(%100) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %102 = "stablehlo.broadcast_in_dim"(%101) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<32x64xf32>
      %103 = "stablehlo.multiply"(%99, %102) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %104 = "stablehlo.convert"(%103) : (tensor<32x64xf32>) -> tensor<32x64xbf16>
      %105 = "stablehlo.dot_general"(%104, %arg17) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xbf16>, tensor<64x24xbf16>) -> tensor<32x24xbf16>
      %106 = "func.call"(%105) <{callee = @silu}> : (tensor<32x24xbf16>) -> tensor<32x24xbf16>
      %107 = "stablehlo.dot_general"(%104, %arg18) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xbf16>, tensor<64x24xbf16>) -> tensor<32x24xbf16>
      %108 = "stablehlo.multiply"(%106, %107) : (tensor<32x24xbf16>, tensor<32x24xbf16>) -> tensor<32x24xbf16>
      %109 = "stablehlo.dot_general"(%108, %arg19) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x24xbf16>, tensor<24x64xbf16>) -> tensor<32x64xbf16>
      %110 = "stablehlo.reduce_scatter"(%109) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
      ^bb0(%arg22: tensor<bf16>, %arg23: tensor<bf16>):
        %114 = "stablehlo.add"(%arg22, %arg23) : (tensor<bf16>, tensor<bf16>) -> tensor<bf16>
        "stablehlo.return"(%114) : (tensor<bf16>) -> ()
      }) : (tensor<32x64xbf16>) -> tensor<8x64xbf16>
      %111 = "stablehlo.all_reduce"(%110) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0], [1], [2], [3]]> : tensor<4x1xi64>, use_global_device_ids}> ({
      ^bb0(%arg20: tensor<bf16>, %arg21: tensor<bf16>):
        %113 = "stablehlo.add"(%arg20, %arg21) : (tensor<bf16>, tensor<bf16>) -> tensor<bf16>
        "stablehlo.return"(%113) : (tensor<bf16>) -> ()
      }) : (tensor<8x64xbf16>) -> tensor<8x64xbf16>
      %112 = "stablehlo.add"(%85, %111) : (tensor<8x64xbf16>, tensor<8x64xbf16>) -> tensor<8x64xbf16>
      "sdy.return"(%112) : (tensor<8x64xbf16>) -> ()
    }) : (tensor<32x64xbf16>, tensor<64xbf16>, tensor<64x192xbf16>, tensor<64x64xbf16>, tensor<64xbf16>, tensor<64x96xbf16>, tensor<64x96xbf16>, tensor<96x64xbf16>) -> tensor<32x64xbf16>
    "func.return"(%10) : (tensor<32x64xbf16>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}], function_type = (tensor<i1>, tensor<8x64xbf16>, tensor<8x64xbf16>) -> tensor<8x64xbf16>, res_attrs = [{}], sym_name = "_where", sym_visibility = "private"}> ({
  ^bb0(%arg1: tensor<i1>, %arg2: tensor<8x64xbf16>, %arg3: tensor<8x64xbf16>):
    %9 = "stablehlo.select"(%arg1, %arg2, %arg3) : (tensor<i1>, tensor<8x64xbf16>, tensor<8x64xbf16>) -> tensor<8x64xbf16>
    "func.return"(%9) : (tensor<8x64xbf16>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<32x24xbf16>) -> tensor<32x24xbf16>, res_attrs = [{}], sym_name = "silu", sym_visibility = "private"}> ({
  ^bb0(%arg0: tensor<32x24xbf16>):
    %0 = "stablehlo.negate"(%arg0) : (tensor<32x24xbf16>) -> tensor<32x24xbf16>
    %1 = "stablehlo.exponential"(%0) : (tensor<32x24xbf16>) -> tensor<32x24xbf16>
    %2 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<bf16>}> : () -> tensor<bf16>
    %3 = "stablehlo.broadcast_in_dim"(%2) <{broadcast_dimensions = array<i64>}> : (tensor<bf16>) -> tensor<32x24xbf16>
    %4 = "stablehlo.add"(%3, %1) : (tensor<32x24xbf16>, tensor<32x24xbf16>) -> tensor<32x24xbf16>
    %5 = "stablehlo.constant"() <{value = dense<1.000000e+00> : tensor<bf16>}> : () -> tensor<bf16>
    %6 = "stablehlo.broadcast_in_dim"(%5) <{broadcast_dimensions = array<i64>}> : (tensor<bf16>) -> tensor<32x24xbf16>
    %7 = "stablehlo.divide"(%6, %4) : (tensor<32x24xbf16>, tensor<32x24xbf16>) -> tensor<32x24xbf16>
    %8 = "stablehlo.multiply"(%arg0, %7) : (tensor<32x24xbf16>, tensor<32x24xbf16>) -> tensor<32x24xbf16>
    "func.return"(%8) : (tensor<32x24xbf16>) -> ()
  }) : () -> ()
}) {mhlo.num_partitions = 4 : i32, mhlo.num_replicas = 1 : i32} : () -> ()
