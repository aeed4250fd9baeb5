// Norms that are spelled out, as written against raised. They differ by the order
// of summation, by the form of the variance, and by where a factor of f32 is
// rounded: the rows are of 64 elements at most, of which either sum is right to
// 64 * 2^-24 = 4e-6 of it, and the results are below 16. Roundings to bf16 are the
// same, but for an element at a tie: one unit in the last place of numbers below
// 8 is 2^-5.

// RUN: not %commuter-run %s --entry keep_dim --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry folded --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry named --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry scaled --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=F32
// RUN: not %commuter-run %s --entry two --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=F32

// Numbers of bf16, whose roundings hide the order of the sums.
// RUN: %commuter-run %s --entry gemma --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry llama --compare --pipeline norm-raise 2>&1 | FileCheck %s --check-prefix=EXACT
// RUN: not %commuter-run %s --entry llama --compare --pipeline norm-raise{allow-rounding-changes} 2>&1 | FileCheck %s --check-prefix=BF16

// A norm that is raised moves in front of the gather, as one that was written.
// RUN: %commuter-opt %s --norm-raise --dist-commute-norms --canonicalize | FileCheck %s
// RUN: not %commuter-run %s --entry gathered --compare --pipeline norm-raise,dist-commute-norms 2>&1 | FileCheck %s --check-prefix=MOVED
// RUN: %commuter-run %s --entry gathered --compare --pipeline dist-commute-norms | FileCheck %s --check-prefix=EXACT

// F32: largest error {{[0-9.]+e-0[6-9]$}}
// BF16: largest error 0.0{{[0-3]}}
// EXACT: bit-exact on 4/4 ranks
// MOVED: norm rows per rank {{ *}}0 {{ *}}4
// MOVED: largest error {{[0-9.]+e-0[6-9]$}}

dist.mesh @mesh(dp = 4)
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#row1 = affine_map<(i, j) -> (i, 0)>
#column1 = affine_map<(i, j) -> (0, j)>
#swapped = affine_map<(j, i) -> (i, j)>
#swappedrow = affine_map<(j, i) -> (i)>


func.func @keep_dim(%x: tensor<16x24xf32>, %w: tensor<24xf32>) -> tensor<16x24xf32> {
  %zero = arith.constant 0.0 : f32
  %inverse = arith.constant dense<0.0416666679> : tensor<16x1xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<16x1xf32>
  %sq = arith.mulf %x, %x : tensor<16x24xf32>
  %e0 = tensor.empty() : tensor<16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e0 : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.reduce { arith.addf } ins(%sq : tensor<16x24xf32>) outs(%z : tensor<16xf32>) dimensions = [1]
  %k = tensor.expand_shape %sum [[0, 1]] output_shape [16, 1] : tensor<16xf32> into tensor<16x1xf32>
  %mean = arith.mulf %k, %inverse : tensor<16x1xf32>
  %me = arith.addf %mean, %eps : tensor<16x1xf32>
  %rs = math.rsqrt %me : tensor<16x1xf32>
  %c = tensor.collapse_shape %rs [[0, 1]] : tensor<16x1xf32> into tensor<16xf32>
  %e = tensor.empty() : tensor<16x24xf32>
  %rb = linalg.broadcast ins(%c : tensor<16xf32>) outs(%e : tensor<16x24xf32>) dimensions = [1]
  %wb = linalg.broadcast ins(%w : tensor<24xf32>) outs(%e : tensor<16x24xf32>) dimensions = [0]
  %n = arith.mulf %x, %rb : tensor<16x24xf32>
  %y = linalg.mul ins(%n, %wb : tensor<16x24xf32>, tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) -> tensor<16x24xf32>
  return %y : tensor<16x24xf32>
}

func.func @gemma(%x: tensor<4x32xbf16>, %w: tensor<32xbf16>) -> tensor<4x32xbf16> {
  %zero = arith.constant dense<0.0> : tensor<4x1xf32>
  %two = arith.constant 2.0 : f32
  %n = arith.constant 32.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %one = arith.constant 1.0 : f32
  %f = arith.extf %x : tensor<4x32xbf16> to tensor<4x32xf32>
  %s = linalg.generic {indexing_maps = [#id, #row1], iterator_types = ["parallel", "reduction"]} ins(%f : tensor<4x32xf32>) outs(%zero : tensor<4x1xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = math.powf %a, %two : f32
    %1 = arith.addf %0, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4x1xf32>
  %e = tensor.empty() : tensor<4x32xbf16>
  %y = linalg.generic {indexing_maps = [#id, #row1, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%f, %s, %w : tensor<4x32xf32>, tensor<4x1xf32>, tensor<32xbf16>) outs(%e : tensor<4x32xbf16>) {
  ^bb0(%a: f32, %b: f32, %g: bf16, %o: bf16):
    %0 = arith.divf %b, %n : f32
    %1 = arith.addf %eps, %0 : f32
    %2 = math.sqrt %1 : f32
    %3 = arith.divf %a, %2 : f32
    %4 = arith.extf %g : bf16 to f32
    %5 = arith.addf %4, %one : f32
    %6 = arith.mulf %5, %3 : f32
    %7 = arith.truncf %6 : f32 to bf16
    linalg.yield %7 : bf16
  } -> tensor<4x32xbf16>
  return %y : tensor<4x32xbf16>
}

func.func @folded(%x: tensor<4x32xf32>, %w: tensor<1x32xf32>, %b: tensor<32xf32>) -> tensor<4x32xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<32.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-5> : tensor<4xf32>
  %power = arith.constant dense<-0.5> : tensor<4xf32>
  %s:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x32xf32>) outs(%zero, %zero : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32, %p: f32):
    %0 = arith.addf %o, %a : f32
    %1 = math.fma %a, %a, %p : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %m = arith.divf %s#0, %n : tensor<4xf32>
  %q = arith.divf %s#1, %n : tensor<4xf32>
  %mm = arith.mulf %m, %m : tensor<4xf32>
  %v = arith.subf %q, %mm : tensor<4xf32>
  %ve = arith.addf %v, %eps : tensor<4xf32>
  %r = math.powf %ve, %power : tensor<4xf32>
  %e = tensor.empty() : tensor<4x32xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #column1, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %m, %r, %w, %b : tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>, tensor<1x32xf32>, tensor<32xf32>) outs(%e : tensor<4x32xf32>) {
  ^bb0(%a: f32, %mu: f32, %rs: f32, %g: f32, %bi: f32, %o: f32):
    %k = arith.mulf %rs, %g : f32
    %mk = arith.mulf %mu, %k : f32
    %c = arith.subf %bi, %mk : f32
    %xk = arith.mulf %a, %k : f32
    %z = arith.addf %xk, %c : f32
    linalg.yield %z : f32
  } -> tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

func.func @named(%x: tensor<2x4x32xf32>, %w: tensor<32xf32>, %b: tensor<32xf32>) -> tensor<2x4x32xf32> {
  %zero = arith.constant 0.0 : f32
  %nn = arith.constant 32.0 : f32
  %ep = arith.constant 1.0e-5 : f32
  %e2 = tensor.empty() : tensor<2x4xf32>
  %e3 = tensor.empty() : tensor<2x4x32xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %n = linalg.fill ins(%nn : f32) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %eps = linalg.fill ins(%ep : f32) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<2x4x32xf32>) outs(%z : tensor<2x4xf32>) dimensions = [2]
  %m = linalg.div ins(%sum, %n : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %mb = linalg.broadcast ins(%m : tensor<2x4xf32>) outs(%e3 : tensor<2x4x32xf32>) dimensions = [2]
  %d = linalg.sub ins(%x, %mb : tensor<2x4x32xf32>, tensor<2x4x32xf32>) outs(%e3 : tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  %dd = linalg.square ins(%d : tensor<2x4x32xf32>) outs(%e3 : tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  %ss = linalg.reduce { arith.addf } ins(%dd : tensor<2x4x32xf32>) outs(%z : tensor<2x4xf32>) dimensions = [2]
  %v = linalg.div ins(%ss, %n : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %vc = arith.maximumf %v, %z : tensor<2x4xf32>
  %ve = linalg.add ins(%vc, %eps : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %r = linalg.rsqrt ins(%ve : tensor<2x4xf32>) outs(%e2 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %rb = linalg.broadcast ins(%r : tensor<2x4xf32>) outs(%e3 : tensor<2x4x32xf32>) dimensions = [2]
  %wb = linalg.broadcast ins(%w : tensor<32xf32>) outs(%e3 : tensor<2x4x32xf32>) dimensions = [0, 1]
  %bb = linalg.broadcast ins(%b : tensor<32xf32>) outs(%e3 : tensor<2x4x32xf32>) dimensions = [0, 1]
  %p = linalg.mul ins(%d, %rb : tensor<2x4x32xf32>, tensor<2x4x32xf32>) outs(%e3 : tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  %q = linalg.mul ins(%p, %wb : tensor<2x4x32xf32>, tensor<2x4x32xf32>) outs(%e3 : tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  %y = linalg.add ins(%q, %bb : tensor<2x4x32xf32>, tensor<2x4x32xf32>) outs(%e3 : tensor<2x4x32xf32>) -> tensor<2x4x32xf32>
  return %y : tensor<2x4x32xf32>
}

func.func @scaled(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %init = arith.constant dense<6.4e-5> : tensor<4xf32>
  %c8 = arith.constant 8.0 : f32
  %s = linalg.generic {indexing_maps = [#swapped, #swappedrow], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<4x64xf32>) outs(%init : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %m = math.absf %a : f32
    %0 = arith.mulf %m, %m : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %e = tensor.empty() : tensor<4x64xf32>
  %y = linalg.generic {indexing_maps = [#swapped, #swappedrow, #swapped], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<4x64xf32>, tensor<4xf32>) outs(%e : tensor<4x64xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %2 = math.rsqrt %b : f32
    %3 = arith.mulf %a, %c8 : f32
    %4 = arith.mulf %3, %2 : f32
    linalg.yield %4 : f32
  } -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

func.func @llama(%x: tensor<4x64xbf16>, %w: tensor<64xbf16>) -> tensor<4x64xbf16> {
  %init = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant 64.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x64xbf16>) outs(%init : tensor<4xf32>) {
  ^bb0(%h: bf16, %o: f32):
    %a = arith.extf %h : bf16 to f32
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %e = tensor.empty() : tensor<4x64xbf16>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<4x64xbf16>, tensor<4xf32>) outs(%e : tensor<4x64xbf16>) {
  ^bb0(%h: bf16, %b: f32, %o: bf16):
    %a = arith.extf %h : bf16 to f32
    %q = arith.divf %b, %n : f32
    %qe = arith.addf %q, %eps : f32
    %2 = math.rsqrt %qe : f32
    %4 = arith.mulf %a, %2 : f32
    %5 = arith.truncf %4 : f32 to bf16
    linalg.yield %5 : bf16
  } -> tensor<4x64xbf16>
  %wb = linalg.broadcast ins(%w : tensor<64xbf16>) outs(%e : tensor<4x64xbf16>) dimensions = [0]
  %z = arith.mulf %y, %wb : tensor<4x64xbf16>
  return %z : tensor<4x64xbf16>
}

func.func @two(%x: tensor<1x32xf32>) -> tensor<1x32xf32> {
  %zero = arith.constant dense<0.0> : tensor<1xf32>
  %n = arith.constant dense<32.0> : tensor<1xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<1xf32>
  %eps2 = arith.constant dense<1.0e-2> : tensor<1xf32>
  %e = tensor.empty() : tensor<1x32xf32>
  %p = arith.mulf %x, %x : tensor<1x32xf32>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<1x32xf32>) outs(%zero : tensor<1xf32>) dimensions = [1]
  %0 = arith.divf %q, %n : tensor<1xf32>
  %1 = arith.addf %0, %eps : tensor<1xf32>
  %r = math.rsqrt %1 : tensor<1xf32>
  %rb = linalg.broadcast ins(%r : tensor<1xf32>) outs(%e : tensor<1x32xf32>) dimensions = [1]
  %a = arith.mulf %x, %rb : tensor<1x32xf32>
  %p2 = arith.mulf %a, %a : tensor<1x32xf32>
  %q2 = linalg.reduce { arith.addf } ins(%p2 : tensor<1x32xf32>) outs(%zero : tensor<1xf32>) dimensions = [1]
  %2 = arith.divf %q2, %n : tensor<1xf32>
  %3 = arith.addf %2, %eps2 : tensor<1xf32>
  %r2 = math.rsqrt %3 : tensor<1xf32>
  %rb2 = linalg.broadcast ins(%r2 : tensor<1xf32>) outs(%e : tensor<1x32xf32>) dimensions = [1]
  %b = arith.mulf %a, %rb2 : tensor<1x32xf32>
  return %b : tensor<1x32xf32>
}

// CHECK-LABEL: func @gathered(
// CHECK-SAME: %[[H:.*]]: tensor<4x24xf32> {{.*}}, %[[W:.*]]: tensor<24xf32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]] scale %[[W]] eps 1.0e-06 : tensor<4x24xf32>, tensor<24xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp]
// CHECK-NEXT: return %[[G]]
func.func @gathered(%h: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                    %w: tensor<24xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<16x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant dense<0.0> : tensor<16xf32>
  %n = arith.constant 24.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x24xf32> -> tensor<16x24xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%g : tensor<16x24xf32>) outs(%zero : tensor<16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  %e = tensor.empty() : tensor<16x24xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%g, %s, %w : tensor<16x24xf32>, tensor<16xf32>, tensor<24xf32>) outs(%e : tensor<16x24xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %q = arith.divf %b, %n : f32
    %qe = arith.addf %q, %eps : f32
    %r = math.rsqrt %qe : f32
    %0 = arith.mulf %a, %r : f32
    %1 = arith.mulf %0, %c : f32
    linalg.yield %1 : f32
  } -> tensor<16x24xf32>
  return %y : tensor<16x24xf32>
}
