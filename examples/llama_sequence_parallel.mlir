// A Llama-sized boundary with sequence parallelism: a batch of 4 sequences of 512
// tokens, hidden 4096, bf16, TP = 8. The attention's output is summed and parted
// along the tokens; the linear layers take the whole batch as a matrix of rows,
// normalised and quantised to FP8. Each rank's rows are one piece of each sequence.

dist.mesh @mesh(tp = 8)

func.func @main(
    %h: tensor<4x512x4096xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}], unreduced {tp}>},
    %r: tensor<4x64x4096xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}, {}]>},
    %w: tensor<4096xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<2048x4096xf8E4M3FN> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<2048x1xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<4x64x4096xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}, {}]>}) {
  %own = dist.reduce_scatter %h sum dim 1 over @mesh[tp] : tensor<4x512x4096xbf16> -> tensor<4x64x4096xbf16>
  %s = arith.addf %own, %r : tensor<4x64x4096xbf16>
  %g = dist.all_gather %s dim 1 over @mesh[tp] : tensor<4x64x4096xbf16> -> tensor<4x512x4096xbf16>
  %rows = tensor.collapse_shape %g [[0, 1], [2]] : tensor<4x512x4096xbf16> into tensor<2048x4096xbf16>
  %n = norm.rms_norm %rows scale %w eps 1.0e-05 : tensor<2048x4096xbf16>, tensor<4096xbf16>
  %q, %sc = norm.quantize %n per_row : tensor<2048x4096xbf16> -> tensor<2048x4096xf8E4M3FN>, tensor<2048x1xf32>
  return %q, %sc, %s : tensor<2048x4096xf8E4M3FN>, tensor<2048x1xf32>, tensor<4x64x4096xbf16>
}
