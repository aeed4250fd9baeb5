// transform.dist.commute_gather, executed: where only the gathers marked `this`
// commute, the program gives the bits of the program as written.

// DEFINE: %{entry} =
// DEFINE: %{options} =
// DEFINE: %{run} = %commuter-run %s --entry %{entry} --compare %{options} \
// DEFINE:   --pipeline='builtin.module(transform-preload-library{transform-library-paths=%S/Inputs/commute-gather.mlir},transform-interpreter)'

// REDEFINE: %{options} = --axis dp=4
// REDEFINE: %{entry} = one_of_two
// RUN: %{run} | FileCheck %s --check-prefix=HALF
// REDEFINE: %{entry} = residual_of_another
// RUN: %{run} | FileCheck %s --check-prefix=ALL
// REDEFINE: %{options} = --axis dp=3
// RUN: %{run} | FileCheck %s --check-prefix=THIRD

// The other one's rows lie on the ranks differently.
// REDEFINE: %{options} = --axis dp=4 --extent 0.0=5,0,1,2 --extent 1.0=0,4,4,0
// REDEFINE: %{entry} = ragged
// RUN: %{run} | FileCheck %s --check-prefix=RAGGED

// HALF: norm rows per rank 32 20 0.625
// HALF: 2 results: bit-exact on 4/4 ranks
// ALL: norm rows per rank 16 4 0.250
// ALL: 2 results: bit-exact on 4/4 ranks
// THIRD: norm rows per rank 12 4 0.333
// THIRD: 2 results: bit-exact on 3/3 ranks
// RAGGED: norm rows per rank 8 5
// RAGGED: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = ?)

func.func @one_of_two(%h: tensor<4x8xf32>, %k: tensor<4x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<?x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  %e = dist.all_gather %k dim 0 over @mesh[dp] {this} : tensor<4x8xf32> -> tensor<?x8xf32>
  %m = norm.layer_norm %e eps 1.0e-05 : tensor<?x8xf32>
  return %n, %m : tensor<?x8xf32>, tensor<?x8xf32>
}

func.func @residual_of_another(%h: tensor<4x8xf32>, %r: tensor<4x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] {this} : tensor<4x8xf32> -> tensor<?x8xf32>
  %w = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<?x8xf32>
  %s = arith.addf %g, %w : tensor<?x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n, %w : tensor<?x8xf32>, tensor<?x8xf32>
}

func.func @ragged(%h: tensor<?x8xf32>, %r: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] {this} : tensor<?x8xf32> -> tensor<?x8xf32>
  %w = dist.all_gather %r dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %s = arith.addf %g, %w : tensor<?x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n, %w : tensor<?x8xf32>, tensor<?x8xf32>
}
