"builtin.module"() <{sym_name = "jit_block"}> ({
  "sdy.mesh"() <{mesh = #sdy.mesh<["tp"=4]>, sym_name = "mesh"}> {stablehlo.mesh = {axes = [{name = "tp", size = 4 : i64}]}} : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}], function_type = (tensor<32x64xf32>, tensor<64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64xf32>, tensor<64x128xf32>, tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<32x64xf32>, res_attrs = [{jax.result_info = "result"}], sym_name = "main", sym_visibility = "public"}> ({
  ^bb0(%arg5: tensor<32x64xf32>, %arg6: tensor<64xf32>, %arg7: tensor<64x64xf32>, %arg8: tensor<64x64xf32>, %arg9: tensor<64x64xf32>, %arg10: tensor<64x64xf32>, %arg11: tensor<64xf32>, %arg12: tensor<64x128xf32>, %arg13: tensor<64x128xf32>, %arg14: tensor<128x64xf32>):
    %22 = "sdy.manual_computation"(%arg5, %arg6, %arg7, %arg8, %arg9, %arg10, %arg11, %arg12, %arg13, %arg14) <{in_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"tp"}]>, <@mesh, [{}, {"tp"}]>, <@mesh, [{}, {"tp"}]>, <@mesh, [{"tp"}, {}]>, <@mesh, [{}]>, <@mesh, [{}, {"tp"}]>, <@mesh, [{}, {"tp"}]>, <@mesh, [{"tp"}, {}]>]>, manual_axes = #sdy<manual_axes{"tp"}>, out_shardings = #sdy.sharding_per_value<[<@mesh, [{"tp"}, {}]>]>}> ({
    ^bb0(%arg15: tensor<8x64xf32>, %arg16: tensor<64xf32>, %arg17: tensor<64x16xf32>, %arg18: tensor<64x16xf32>, %arg19: tensor<64x16xf32>, %arg20: tensor<16x64xf32>, %arg21: tensor<64xf32>, %arg22: tensor<64x32xf32>, %arg23: tensor<64x32xf32>, %arg24: tensor<32x64xf32>):
      %23 = "stablehlo.all_gather"(%arg15) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, use_global_device_ids}> : (tensor<8x64xf32>) -> tensor<32x64xf32>
      %24 = "stablehlo.multiply"(%23, %23) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %25 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %26 = "stablehlo.reduce"(%24, %25) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg35: tensor<f32>, %arg36: tensor<f32>):
        %166 = "stablehlo.add"(%arg35, %arg36) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%166) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
      %27 = "stablehlo.broadcast_in_dim"(%26) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %28 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %29 = "stablehlo.broadcast_in_dim"(%28) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %30 = "stablehlo.divide"(%27, %29) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %31 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %32 = "stablehlo.broadcast_in_dim"(%31) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %33 = "stablehlo.add"(%30, %32) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %34 = "stablehlo.rsqrt"(%33) : (tensor<32x1xf32>) -> tensor<32x1xf32>
      %35 = "stablehlo.broadcast_in_dim"(%34) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x64xf32>
      %36 = "stablehlo.multiply"(%23, %35) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %37 = "stablehlo.broadcast_in_dim"(%arg16) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %38 = "stablehlo.broadcast_in_dim"(%37) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<32x64xf32>
      %39 = "stablehlo.multiply"(%36, %38) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %40 = "stablehlo.dot_general"(%39, %arg17) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x16xf32>) -> tensor<32x16xf32>
      %41 = "stablehlo.reshape"(%40) : (tensor<32x16xf32>) -> tensor<32x2x8xf32>
      %42 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<4xf32>
      %43 = "stablehlo.negate"(%42) : (tensor<4xf32>) -> tensor<4xf32>
      %44 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %45 = "stablehlo.broadcast_in_dim"(%44) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4xf32>
      %46 = "stablehlo.divide"(%43, %45) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %47 = "stablehlo.constant"() <{value = dense<1.000000e+04> : tensor<f32>}> : () -> tensor<f32>
      %48 = "stablehlo.broadcast_in_dim"(%47) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4xf32>
      %49 = "stablehlo.power"(%48, %46) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %50 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<32xf32>
      %51 = "stablehlo.broadcast_in_dim"(%50) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %52 = "stablehlo.broadcast_in_dim"(%49) <{broadcast_dimensions = array<i64: 1>}> : (tensor<4xf32>) -> tensor<1x4xf32>
      %53 = "stablehlo.broadcast_in_dim"(%51) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x4xf32>
      %54 = "stablehlo.broadcast_in_dim"(%52) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x4xf32>) -> tensor<32x4xf32>
      %55 = "stablehlo.multiply"(%53, %54) : (tensor<32x4xf32>, tensor<32x4xf32>) -> tensor<32x4xf32>
      %56 = "stablehlo.cosine"(%55) : (tensor<32x4xf32>) -> tensor<32x4xf32>
      %57 = "stablehlo.broadcast_in_dim"(%56) <{broadcast_dimensions = array<i64: 0, 2>}> : (tensor<32x4xf32>) -> tensor<32x1x4xf32>
      %58 = "stablehlo.sine"(%55) : (tensor<32x4xf32>) -> tensor<32x4xf32>
      %59 = "stablehlo.broadcast_in_dim"(%58) <{broadcast_dimensions = array<i64: 0, 2>}> : (tensor<32x4xf32>) -> tensor<32x1x4xf32>
      %60 = "stablehlo.slice"(%41) <{limit_indices = array<i64: 32, 2, 4>, start_indices = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 1>}> : (tensor<32x2x8xf32>) -> tensor<32x2x4xf32>
      %61 = "stablehlo.slice"(%41) <{limit_indices = array<i64: 32, 2, 8>, start_indices = array<i64: 0, 0, 4>, strides = array<i64: 1, 1, 1>}> : (tensor<32x2x8xf32>) -> tensor<32x2x4xf32>
      %62 = "stablehlo.broadcast_in_dim"(%57) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %63 = "stablehlo.multiply"(%60, %62) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %64 = "stablehlo.broadcast_in_dim"(%59) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %65 = "stablehlo.multiply"(%61, %64) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %66 = "stablehlo.subtract"(%63, %65) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %67 = "stablehlo.broadcast_in_dim"(%57) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %68 = "stablehlo.multiply"(%61, %67) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %69 = "stablehlo.broadcast_in_dim"(%59) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %70 = "stablehlo.multiply"(%60, %69) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %71 = "stablehlo.add"(%68, %70) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %72 = "stablehlo.concatenate"(%66, %71) <{dimension = 2 : i64}> : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x8xf32>
      %73 = "stablehlo.dot_general"(%39, %arg18) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x16xf32>) -> tensor<32x16xf32>
      %74 = "stablehlo.reshape"(%73) : (tensor<32x16xf32>) -> tensor<32x2x8xf32>
      %75 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<4xf32>
      %76 = "stablehlo.negate"(%75) : (tensor<4xf32>) -> tensor<4xf32>
      %77 = "stablehlo.constant"() <{value = dense<4.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %78 = "stablehlo.broadcast_in_dim"(%77) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4xf32>
      %79 = "stablehlo.divide"(%76, %78) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %80 = "stablehlo.constant"() <{value = dense<1.000000e+04> : tensor<f32>}> : () -> tensor<f32>
      %81 = "stablehlo.broadcast_in_dim"(%80) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<4xf32>
      %82 = "stablehlo.power"(%81, %79) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      %83 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<32xf32>
      %84 = "stablehlo.broadcast_in_dim"(%83) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %85 = "stablehlo.broadcast_in_dim"(%82) <{broadcast_dimensions = array<i64: 1>}> : (tensor<4xf32>) -> tensor<1x4xf32>
      %86 = "stablehlo.broadcast_in_dim"(%84) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x4xf32>
      %87 = "stablehlo.broadcast_in_dim"(%85) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x4xf32>) -> tensor<32x4xf32>
      %88 = "stablehlo.multiply"(%86, %87) : (tensor<32x4xf32>, tensor<32x4xf32>) -> tensor<32x4xf32>
      %89 = "stablehlo.cosine"(%88) : (tensor<32x4xf32>) -> tensor<32x4xf32>
      %90 = "stablehlo.broadcast_in_dim"(%89) <{broadcast_dimensions = array<i64: 0, 2>}> : (tensor<32x4xf32>) -> tensor<32x1x4xf32>
      %91 = "stablehlo.sine"(%88) : (tensor<32x4xf32>) -> tensor<32x4xf32>
      %92 = "stablehlo.broadcast_in_dim"(%91) <{broadcast_dimensions = array<i64: 0, 2>}> : (tensor<32x4xf32>) -> tensor<32x1x4xf32>
      %93 = "stablehlo.slice"(%74) <{limit_indices = array<i64: 32, 2, 4>, start_indices = array<i64: 0, 0, 0>, strides = array<i64: 1, 1, 1>}> : (tensor<32x2x8xf32>) -> tensor<32x2x4xf32>
      %94 = "stablehlo.slice"(%74) <{limit_indices = array<i64: 32, 2, 8>, start_indices = array<i64: 0, 0, 4>, strides = array<i64: 1, 1, 1>}> : (tensor<32x2x8xf32>) -> tensor<32x2x4xf32>
      %95 = "stablehlo.broadcast_in_dim"(%90) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %96 = "stablehlo.multiply"(%93, %95) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %97 = "stablehlo.broadcast_in_dim"(%92) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %98 = "stablehlo.multiply"(%94, %97) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %99 = "stablehlo.subtract"(%96, %98) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %100 = "stablehlo.broadcast_in_dim"(%90) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %101 = "stablehlo.multiply"(%94, %100) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %102 = "stablehlo.broadcast_in_dim"(%92) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<32x1x4xf32>) -> tensor<32x2x4xf32>
      %103 = "stablehlo.multiply"(%93, %102) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %104 = "stablehlo.add"(%101, %103) : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x4xf32>
      %105 = "stablehlo.concatenate"(%99, %104) <{dimension = 2 : i64}> : (tensor<32x2x4xf32>, tensor<32x2x4xf32>) -> tensor<32x2x8xf32>
      %106 = "stablehlo.dot_general"(%39, %arg19) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x16xf32>) -> tensor<32x16xf32>
      %107 = "stablehlo.reshape"(%106) : (tensor<32x16xf32>) -> tensor<32x2x8xf32>
      %108 = "stablehlo.dot_general"(%72, %105) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [1], lhs_contracting_dimensions = [2], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x2x8xf32>, tensor<32x2x8xf32>) -> tensor<2x32x32xf32>
      %109 = "stablehlo.constant"() <{value = dense<2.82842708> : tensor<f32>}> : () -> tensor<f32>
      %110 = "stablehlo.broadcast_in_dim"(%109) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x32x32xf32>
      %111 = "stablehlo.divide"(%108, %110) : (tensor<2x32x32xf32>, tensor<2x32x32xf32>) -> tensor<2x32x32xf32>
      %112 = "stablehlo.constant"() <{value = dense<true> : tensor<i1>}> : () -> tensor<i1>
      %113 = "stablehlo.broadcast_in_dim"(%112) <{broadcast_dimensions = array<i64>}> : (tensor<i1>) -> tensor<32x32xi1>
      %114 = "func.call"(%113) <{callee = @tril}> : (tensor<32x32xi1>) -> tensor<32x32xi1>
      %115 = "stablehlo.constant"() <{value = dense<-1.000000e+30> : tensor<f32>}> : () -> tensor<f32>
      %116 = "func.call"(%114, %111, %115) <{callee = @_where}> : (tensor<32x32xi1>, tensor<2x32x32xf32>, tensor<f32>) -> tensor<2x32x32xf32>
      %117 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %118 = "stablehlo.reduce"(%116, %117) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg33: tensor<f32>, %arg34: tensor<f32>):
        %165 = "stablehlo.maximum"(%arg33, %arg34) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%165) : (tensor<f32>) -> ()
      }) : (tensor<2x32x32xf32>, tensor<f32>) -> tensor<2x32xf32>
      %119 = "stablehlo.constant"() <{value = dense<0xFF800000> : tensor<f32>}> : () -> tensor<f32>
      %120 = "stablehlo.broadcast_in_dim"(%119) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x32xf32>
      %121 = "stablehlo.maximum"(%120, %118) : (tensor<2x32xf32>, tensor<2x32xf32>) -> tensor<2x32xf32>
      %122 = "stablehlo.broadcast_in_dim"(%121) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<2x32xf32>) -> tensor<2x32x1xf32>
      %123 = "stablehlo.broadcast_in_dim"(%122) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<2x32x1xf32>) -> tensor<2x32x32xf32>
      %124 = "stablehlo.subtract"(%116, %123) : (tensor<2x32x32xf32>, tensor<2x32x32xf32>) -> tensor<2x32x32xf32>
      %125 = "stablehlo.exponential"(%124) : (tensor<2x32x32xf32>) -> tensor<2x32x32xf32>
      %126 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %127 = "stablehlo.reduce"(%125, %126) <{dimensions = array<i64: 2>}> ({
      ^bb0(%arg31: tensor<f32>, %arg32: tensor<f32>):
        %164 = "stablehlo.add"(%arg31, %arg32) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%164) : (tensor<f32>) -> ()
      }) : (tensor<2x32x32xf32>, tensor<f32>) -> tensor<2x32xf32>
      %128 = "stablehlo.broadcast_in_dim"(%127) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<2x32xf32>) -> tensor<2x32x1xf32>
      %129 = "stablehlo.broadcast_in_dim"(%128) <{broadcast_dimensions = array<i64: 0, 1, 2>}> : (tensor<2x32x1xf32>) -> tensor<2x32x32xf32>
      %130 = "stablehlo.divide"(%125, %129) : (tensor<2x32x32xf32>, tensor<2x32x32xf32>) -> tensor<2x32x32xf32>
      %131 = "stablehlo.dot_general"(%107, %130) <{dot_dimension_numbers = #stablehlo.dot<lhs_batching_dimensions = [1], rhs_batching_dimensions = [0], lhs_contracting_dimensions = [0], rhs_contracting_dimensions = [2]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x2x8xf32>, tensor<2x32x32xf32>) -> tensor<2x8x32xf32>
      %132 = "stablehlo.transpose"(%131) <{permutation = array<i64: 2, 0, 1>}> : (tensor<2x8x32xf32>) -> tensor<32x2x8xf32>
      %133 = "stablehlo.reshape"(%132) : (tensor<32x2x8xf32>) -> tensor<32x16xf32>
      %134 = "stablehlo.dot_general"(%133, %arg20) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x16xf32>, tensor<16x64xf32>) -> tensor<32x64xf32>
      %135 = "stablehlo.reduce_scatter"(%134) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
      ^bb0(%arg29: tensor<f32>, %arg30: tensor<f32>):
        %163 = "stablehlo.add"(%arg29, %arg30) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%163) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>) -> tensor<8x64xf32>
      %136 = "stablehlo.add"(%arg15, %135) : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
      %137 = "stablehlo.all_gather"(%136) <{all_gather_dim = 0 : i64, channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, use_global_device_ids}> : (tensor<8x64xf32>) -> tensor<32x64xf32>
      %138 = "stablehlo.multiply"(%137, %137) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %139 = "stablehlo.constant"() <{value = dense<0.000000e+00> : tensor<f32>}> : () -> tensor<f32>
      %140 = "stablehlo.reduce"(%138, %139) <{dimensions = array<i64: 1>}> ({
      ^bb0(%arg27: tensor<f32>, %arg28: tensor<f32>):
        %162 = "stablehlo.add"(%arg27, %arg28) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%162) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>, tensor<f32>) -> tensor<32xf32>
      %141 = "stablehlo.broadcast_in_dim"(%140) <{broadcast_dimensions = array<i64: 0>}> : (tensor<32xf32>) -> tensor<32x1xf32>
      %142 = "stablehlo.constant"() <{value = dense<6.400000e+01> : tensor<f32>}> : () -> tensor<f32>
      %143 = "stablehlo.broadcast_in_dim"(%142) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %144 = "stablehlo.divide"(%141, %143) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %145 = "stablehlo.constant"() <{value = dense<9.99999997E-7> : tensor<f32>}> : () -> tensor<f32>
      %146 = "stablehlo.broadcast_in_dim"(%145) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<32x1xf32>
      %147 = "stablehlo.add"(%144, %146) : (tensor<32x1xf32>, tensor<32x1xf32>) -> tensor<32x1xf32>
      %148 = "stablehlo.rsqrt"(%147) : (tensor<32x1xf32>) -> tensor<32x1xf32>
      %149 = "stablehlo.broadcast_in_dim"(%148) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<32x1xf32>) -> tensor<32x64xf32>
      %150 = "stablehlo.multiply"(%137, %149) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %151 = "stablehlo.broadcast_in_dim"(%arg21) <{broadcast_dimensions = array<i64: 1>}> : (tensor<64xf32>) -> tensor<1x64xf32>
      %152 = "stablehlo.broadcast_in_dim"(%151) <{broadcast_dimensions = array<i64: 0, 1>}> : (tensor<1x64xf32>) -> tensor<32x64xf32>
      %153 = "stablehlo.multiply"(%150, %152) : (tensor<32x64xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %154 = "stablehlo.dot_general"(%153, %arg22) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x32xf32>) -> tensor<32x32xf32>
      %155 = "func.call"(%154) <{callee = @silu}> : (tensor<32x32xf32>) -> tensor<32x32xf32>
      %156 = "stablehlo.dot_general"(%153, %arg23) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x64xf32>, tensor<64x32xf32>) -> tensor<32x32xf32>
      %157 = "stablehlo.multiply"(%155, %156) : (tensor<32x32xf32>, tensor<32x32xf32>) -> tensor<32x32xf32>
      %158 = "stablehlo.dot_general"(%157, %arg24) <{dot_dimension_numbers = #stablehlo.dot<lhs_contracting_dimensions = [1], rhs_contracting_dimensions = [0]>, precision_config = [#stablehlo<precision DEFAULT>, #stablehlo<precision DEFAULT>]}> : (tensor<32x32xf32>, tensor<32x64xf32>) -> tensor<32x64xf32>
      %159 = "stablehlo.reduce_scatter"(%158) <{channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>, replica_groups = dense<[[0, 1, 2, 3]]> : tensor<1x4xi64>, scatter_dimension = 0 : i64, use_global_device_ids}> ({
      ^bb0(%arg25: tensor<f32>, %arg26: tensor<f32>):
        %161 = "stablehlo.add"(%arg25, %arg26) : (tensor<f32>, tensor<f32>) -> tensor<f32>
        "stablehlo.return"(%161) : (tensor<f32>) -> ()
      }) : (tensor<32x64xf32>) -> tensor<8x64xf32>
      %160 = "stablehlo.add"(%136, %159) : (tensor<8x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
      "sdy.return"(%160) : (tensor<8x64xf32>) -> ()
    }) : (tensor<32x64xf32>, tensor<64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64xf32>, tensor<64x128xf32>, tensor<64x128xf32>, tensor<128x64xf32>) -> tensor<32x64xf32>
    "func.return"(%22) : (tensor<32x64xf32>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}], function_type = (tensor<32x32xi1>) -> tensor<32x32xi1>, res_attrs = [{}], sym_name = "tril", sym_visibility = "private"}> ({
  ^bb0(%arg4: tensor<32x32xi1>):
    %13 = "stablehlo.iota"() <{iota_dimension = 0 : i64}> : () -> tensor<32x32xi32>
    %14 = "stablehlo.constant"() <{value = dense<0> : tensor<i32>}> : () -> tensor<i32>
    %15 = "stablehlo.broadcast_in_dim"(%14) <{broadcast_dimensions = array<i64>}> : (tensor<i32>) -> tensor<32x32xi32>
    %16 = "stablehlo.add"(%13, %15) : (tensor<32x32xi32>, tensor<32x32xi32>) -> tensor<32x32xi32>
    %17 = "stablehlo.iota"() <{iota_dimension = 1 : i64}> : () -> tensor<32x32xi32>
    %18 = "stablehlo.compare"(%16, %17) <{compare_type = #stablehlo<comparison_type SIGNED>, comparison_direction = #stablehlo<comparison_direction GE>}> : (tensor<32x32xi32>, tensor<32x32xi32>) -> tensor<32x32xi1>
    %19 = "stablehlo.constant"() <{value = dense<false> : tensor<i1>}> : () -> tensor<i1>
    %20 = "stablehlo.broadcast_in_dim"(%19) <{broadcast_dimensions = array<i64>}> : (tensor<i1>) -> tensor<32x32xi1>
    %21 = "stablehlo.select"(%18, %arg4, %20) : (tensor<32x32xi1>, tensor<32x32xi1>, tensor<32x32xi1>) -> tensor<32x32xi1>
    "func.return"(%21) : (tensor<32x32xi1>) -> ()
  }) : () -> ()
  "func.func"() <{arg_attrs = [{}, {}, {}], function_type = (tensor<32x32xi1>, tensor<2x32x32xf32>, tensor<f32>) -> tensor<2x32x32xf32>, res_attrs = [{}], sym_name = "_where", sym_visibility = "private"}> ({
  ^bb0(%arg1: tensor<32x32xi1>, %arg2: tensor<2x32x32xf32>, %arg3: tensor<f32>):
    %9 = "stablehlo.convert"(%arg3) : (tensor<f32>) -> tensor<f32>
    %10 = "stablehlo.broadcast_in_dim"(%arg1) <{broadcast_dimensions = array<i64: 1, 2>}> : (tensor<32x32xi1>) -> tensor<2x32x32xi1>
    %11 = "stablehlo.broadcast_in_dim"(%9) <{broadcast_dimensions = array<i64>}> : (tensor<f32>) -> tensor<2x32x32xf32>
    %12 = "stablehlo.select"(%10, %arg2, %11) : (tensor<2x32x32xi1>, tensor<2x32x32xf32>, tensor<2x32x32xf32>) -> tensor<2x32x32xf32>
    "func.return"(%12) : (tensor<2x32x32xf32>) -> ()
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
