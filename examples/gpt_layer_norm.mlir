// A GPT-3-sized boundary: layer norm with bias, hidden 12288, fp16, 8 ranks.

dist.mesh @mesh(dp = 8)

func.func @main(
    %h: tensor<64x12288xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %r: tensor<64x12288xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<12288xf16> {dist.sharding = #dist.sharding<@mesh, [{}]>},
    %b: tensor<12288xf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<512x12288xf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<64x12288xf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %s = arith.addf %h, %r : tensor<64x12288xf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<64x12288xf16> -> tensor<512x12288xf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<512x12288xf16> -> tensor<64x12288xf16>
  %n = norm.layer_norm %g scale %w bias %b eps 1.0e-05 : tensor<512x12288xf16>, tensor<12288xf16>, tensor<12288xf16>
  return %n, %own : tensor<512x12288xf16>, tensor<64x12288xf16>
}
