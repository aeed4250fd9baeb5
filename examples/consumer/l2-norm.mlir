dist.mesh @mesh(dp = 4)

func.func @main(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = engine.l2_norm %g : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
