// The boundary of two layers: every rank has its own rows of the residual and
// of what is added to it; the next layer takes the norm of all rows. The host
// decides how many ranks there are, and how many rows each has.
dist.mesh @mesh(dp = ?)

func.func @main(
    %r: tensor<?x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %h: tensor<?x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
    %w: tensor<64xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<?x64xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<?x64xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %s = arith.addf %r, %h : tensor<?x64xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<?x64xf32> -> tensor<?x64xf32>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<?x64xf32>, tensor<64xf32>
  return %n, %s : tensor<?x64xf32>, tensor<?x64xf32>
}
