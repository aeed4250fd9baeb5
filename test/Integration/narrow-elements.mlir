// What a norm is made of may move in front of the gather with it, whatever its elements
// are: the runtime moves what it does not compute with.

// RUN: %commuter-run %s --entry i4 --compare | FileCheck %s
// RUN: %commuter-run %s --entry i4 --compare --device cuda-emulated | FileCheck %s
// RUN: %commuter-run %s --entry i24 --compare | FileCheck %s
// RUN: %commuter-run %s --entry split --compare --pipeline='commuter-optimize{split-all-reduce}' | FileCheck %s
// RUN: %commuter-run %s --entry exchanged --compare --pipeline=none | FileCheck %s --check-prefix=EXCHANGED
// RUN: %commuter-opt %s --dist-commute-norms | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-opt %s --dist-place-collectives | FileCheck %s --check-prefix=PLACED

// CHECK: norm rows per rank 8 2 0.250
// CHECK: 1 result: bit-exact on 4/4 ranks
// EXCHANGED: 1 result: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)

// MOVED-LABEL: @i4
// MOVED: dist.all_gather {{.*}} : tensor<2x8xi4>
func.func @i4(%h: tensor<2x8xf32>) -> tensor<8x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf32> -> tensor<8x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf32>
  %i = arith.fptosi %n : tensor<8x8xf32> to tensor<8x8xi4>
  %r = arith.sitofp %i : tensor<8x8xi4> to tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// In memory these are as wide as i32.
// MOVED-LABEL: @i24
// MOVED: dist.all_gather {{.*}} : tensor<2x8xi24>
func.func @i24(%h: tensor<2x8xf64>) -> tensor<8x8xf64> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xf64> -> tensor<8x8xf64>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<8x8xf64>
  %i = arith.fptosi %n : tensor<8x8xf64> to tensor<8x8xi24>
  %r = arith.sitofp %i : tensor<8x8xi24> to tensor<8x8xf64>
  return %r : tensor<8x8xf64>
}

func.func @split(%h: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %s = dist.all_reduce %h sum over @mesh[dp] : tensor<8x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x8xf32>
  %i = arith.fptosi %n : tensor<8x8xf32> to tensor<8x8xi4>
  %r = arith.sitofp %i : tensor<8x8xi4> to tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// As written, along two dimensions.
func.func @exchanged(%h: tensor<8x2xf32>) -> tensor<8x2xf32> {
  %i = arith.fptosi %h : tensor<8x2xf32> to tensor<8x2xi4>
  %a = dist.all_to_all %i split 0 concat 1 over @mesh[dp] : tensor<8x2xi4> -> tensor<2x8xi4>
  %b = dist.all_to_all %a split 1 concat 0 over @mesh[dp] : tensor<2x8xi4> -> tensor<8x2xi4>
  %r = arith.sitofp %b : tensor<8x2xi4> to tensor<8x2xf32>
  return %r : tensor<8x2xf32>
}

// A device has no elements of index: where nothing is to be gained, they are not
// gathered.
// PLACED-LABEL: @indices
// PLACED: dist.all_gather {{.*}} : tensor<2x8xi64>
func.func @indices(%h: tensor<2x8xi64>) -> tensor<8x8xindex> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<2x8xi64> -> tensor<8x8xi64>
  %x = arith.index_cast %g : tensor<8x8xi64> to tensor<8x8xindex>
  return %x : tensor<8x8xindex>
}
