// The boundary between data-parallel attention and the MoE of DeepSeek-V3 at
// TP = DP = 8: hidden 7168, bf16, 128 tokens a rank. attn_tp has size 1, so no sum
// is pending at the gather, and the norm may run in front of it.

dist.mesh @mesh(dp = 8, attn_tp = 1)

// %h: the attention's output projection, a partial sum over attn_tp.
// %r: the residual of the rank's own tokens.
// Returns the normalised hidden states of all tokens, and the new residual.
func.func @main(
    %h: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>},
    %r: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<1024x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  // The residual enters the sum once.
  %p = dist.to_partial %r over @mesh[attn_tp] : tensor<128x7168xbf16>
  %s = arith.addf %h, %p : tensor<128x7168xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] summing [attn_tp] : tensor<128x7168xbf16> -> tensor<1024x7168xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<1024x7168xbf16> -> tensor<128x7168xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<1024x7168xbf16>, tensor<7168xbf16>
  return %n, %own : tensor<1024x7168xbf16>, tensor<128x7168xbf16>
}
