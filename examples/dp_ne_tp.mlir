// DP != TP: 4 attention groups of 2 ranks. A sum over attn_tp is pending at the
// gather: the norm of a partial sum is not the partial sum of the norm, and
// dist-commute-norms leaves the program as it is, unless complete-sums is set.

dist.mesh @mesh(dp = 4, attn_tp = 2)

// %h: the attention's output projection, a partial sum over attn_tp.
// %r: the residual of the rank's own tokens.
// Returns the normalised hidden states of all tokens, and the new residual.
func.func @main(
    %h: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}], unreduced {attn_tp}>},
    %r: tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<512x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<128x7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  // The residual enters the sum once.
  %p = dist.to_partial %r over @mesh[attn_tp] : tensor<128x7168xbf16>
  %s = arith.addf %h, %p : tensor<128x7168xbf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] summing [attn_tp] : tensor<128x7168xbf16> -> tensor<512x7168xbf16>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<512x7168xbf16> -> tensor<128x7168xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<512x7168xbf16>, tensor<7168xbf16>
  return %n, %own : tensor<512x7168xbf16>, tensor<128x7168xbf16>
}
