// Attributes of Shardy, which JAX leaves on arguments, say nothing to the runner and
// the compiler, and do no harm.

// RUN: %commuter-run %s --axis dp=2
// RUN: %commuter-compile %s -o %t.o

dist.mesh @mesh(dp = ?)

func.func @main(%x: tensor<4xf32> {sdy.sharding = #sdy.sharding<@mesh, [{"dp"}]>}) -> tensor<4xf32> {
  %y = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
  return %y : tensor<4xf32>
}
