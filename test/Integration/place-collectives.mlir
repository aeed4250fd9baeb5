// Gathers that feed no norm, placed: fewer bytes, the same bits.

// RUN: %commuter-run %s --entry narrows --compare --pipeline dist-place-collectives | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry product --compare --pipeline dist-place-collectives | FileCheck %s --check-prefix=QUARTER
// RUN: %commuter-run %s --entry two --compare --pipeline 'commuter-optimize{place-collectives=true}' | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry nested --compare --pipeline dist-place-collectives | FileCheck %s --check-prefix=HALF
// RUN: %commuter-run %s --entry ragged --compare --pipeline dist-place-collectives --extent 0.0=3,0,2,7 | FileCheck %s --check-prefix=RAGGED

// QUARTER: bytes received per rank {{[0-9]+ [0-9]+}} 0.250
// QUARTER: bit-exact on 4/4 ranks
// The exchange of the extents is 24 of both.
// RAGGED: bytes received per rank 408 216 0.529
// RAGGED: bit-exact on 4/4 ranks
// HALF: bytes received per rank {{[0-9]+ [0-9]+}} 0.500
// HALF: bit-exact on 4/4 ranks

dist.mesh @m(dp = 4)

func.func @narrows(%x: tensor<3x8xf32>) -> tensor<12x8xbf16> {
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<3x8xf32> -> tensor<12x8xf32>
  %e = math.absf %g : tensor<12x8xf32>
  %t = arith.truncf %e : tensor<12x8xf32> to tensor<12x8xbf16>
  return %t : tensor<12x8xbf16>
}

func.func @product(%x: tensor<3x8xf32>, %w: tensor<8x2xf32> {dist.sharding = #dist.sharding<@m, [{}, {}]>}) -> tensor<12x2xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<3x8xf32> -> tensor<12x8xf32>
  %z = arith.constant dense<0.0> : tensor<12x2xf32>
  %p = linalg.matmul ins(%g, %w : tensor<12x8xf32>, tensor<8x2xf32>) outs(%z : tensor<12x2xf32>) -> tensor<12x2xf32>
  return %p : tensor<12x2xf32>
}

func.func @two(%x: tensor<3x8xf32>, %y: tensor<3x8xf32>) -> tensor<12x8xf32> {
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<3x8xf32> -> tensor<12x8xf32>
  %h = dist.all_gather %y dim 0 over @m[dp] : tensor<3x8xf32> -> tensor<12x8xf32>
  %s = arith.addf %g, %h : tensor<12x8xf32>
  return %s : tensor<12x8xf32>
}

func.func @ragged(%x: tensor<?x8xf32>) -> tensor<?x8xbf16> {
  %g = dist.all_gather %x dim 0 over @m[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %t = arith.truncf %g : tensor<?x8xf32> to tensor<?x8xbf16>
  return %t : tensor<?x8xbf16>
}

dist.mesh @a(p = 2, q = 2)
dist.mesh @b(s = 2, t = 2)

// Both gathers go behind the cast, in one run.
func.func @nested(%x: tensor<3x8xf32>) -> tensor<12x8xbf16> {
  %g = dist.all_gather %x dim 0 over @a[q] : tensor<3x8xf32> -> tensor<6x8xf32>
  %h = dist.all_gather %g dim 0 over @b[s] : tensor<6x8xf32> -> tensor<12x8xf32>
  %t = arith.truncf %h : tensor<12x8xf32> to tensor<12x8xbf16>
  return %t : tensor<12x8xbf16>
}
