// RUN: %commuter-opt %s --norm-raise | FileCheck %s
// RUN: %commuter-opt %s --norm-raise=allow-rounding-changes=true | FileCheck %s --check-prefix=ROUNDING
// RUN: %commuter-opt %s --norm-raise --remark-format=emitRemark --remarks-filter=norm 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#row1 = affine_map<(i, j) -> (i, 0)>
#column1 = affine_map<(i, j) -> (0, j)>
#swapped = affine_map<(j, i) -> (i, j)>
#swappedrow = affine_map<(j, i) -> (i)>

// arith, math and reshapes; 1/n as a factor.
// REMARK: [Passed] norm-raise | Category:norm | Function=keep_dim | Remark="raised to norm.rms_norm"
// CHECK-LABEL: func @keep_dim(
// CHECK-SAME: %[[X:.*]]: tensor<16x24xf32>, %[[W:.*]]: tensor<24xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] eps 1.0e-06 : tensor<16x24xf32>, tensor<24xf32>
// CHECK-NEXT: return %[[Y]]
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

// Gemma: x^2 as a power, sqrt and a division, 1 + w, in f32 between bf16.
// REMARK: [Passed] norm-raise | Category:norm | Function=gemma | Remark="raised to norm.rms_norm"
// CHECK-LABEL: func @gemma(
// CHECK-SAME: %[[X:.*]]: tensor<4x32xbf16>, %[[W:.*]]: tensor<32xbf16>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] offset 1.0e+00 eps 1.0e-06 : tensor<4x32xbf16>, tensor<32xbf16>
// CHECK-NEXT: return %[[Y]]
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

// E[x^2] - mean^2 in one pass, a power of -1/2, and x * a + c of rows' factors a.
// REMARK: [Passed] norm-raise | Category:norm | Function=folded | Remark="raised to norm.layer_norm"
// CHECK-LABEL: func @folded(
// CHECK-SAME: %[[X:.*]]: tensor<4x32xf32>, %[[W:.*]]: tensor<1x32xf32>, %[[B:.*]]: tensor<32xf32>)
// CHECK-NEXT: %[[C:.*]] = tensor.collapse_shape %[[W]] {{\[\[}}0, 1]]
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[C]] bias %[[B]] eps 1.0e-05 : tensor<4x32xf32>, tensor<32xf32>, tensor<32xf32>
// CHECK-NEXT: return %[[Y]]
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

// Named ops and broadcasts, of rank 3; the variance may not be below 0.
// REMARK: [Passed] norm-raise | Category:norm | Function=named | Remark="raised to norm.layer_norm"
// CHECK-LABEL: func @named(
// CHECK-SAME: %[[X:.*]]: tensor<2x4x32xf32>, %[[W:.*]]: tensor<32xf32>, %[[B:.*]]: tensor<32xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[W]] bias %[[B]] eps 1.0e-05 : tensor<2x4x32xf32>, tensor<32xf32>, tensor<32xf32>
// CHECK-NEXT: return %[[Y]]
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

// sqrt(n) x / sqrt(sum x^2 + n eps), of which n eps is what the sum starts from;
// loops in another order, and |x|^2 for x^2.
// CHECK-LABEL: func @scaled(
// CHECK-SAME: %[[X:.*]]: tensor<4x64xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] eps 1.0e-06 : tensor<4x64xf32>
// CHECK-NEXT: return %[[Y]]
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

// Llama rounds before it multiplies by the weight: that product stays, or is part
// of the norm where changes of rounding are allowed.
// REMARK: [Passed] norm-raise | Category:norm | Function=llama | Remark="raised to norm.rms_norm"
// REMARK: [Missed] norm-raise | Category:norm | Function=llama | Reason=rounding-between, Suggestion=allow-rounding-changes=true
// CHECK-LABEL: func @llama(
// CHECK-SAME: %[[X:.*]]: tensor<4x64xbf16>, %[[W:.*]]: tensor<64xbf16>)
// CHECK: %[[N:.*]] = norm.rms_norm %[[X]] eps 1.0e-05 : tensor<4x64xbf16>
// CHECK-NEXT: %[[B:.*]] = linalg.broadcast ins(%[[W]] :
// CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[N]], %[[B]] : tensor<4x64xbf16>
// CHECK-NEXT: return %[[Y]]
// ROUNDING-LABEL: func @llama(
// ROUNDING-SAME: %[[X:.*]]: tensor<4x64xbf16>, %[[W:.*]]: tensor<64xbf16>)
// ROUNDING-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] eps 1.0e-05 : tensor<4x64xbf16>, tensor<64xbf16>
// ROUNDING-NEXT: return %[[Y]]
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

// Every op in bf16.
// ROUNDING-LABEL: func @narrow(
// ROUNDING-SAME: %[[X:.*]]: tensor<8x8xbf16>)
// ROUNDING-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] eps 1.001358e-05 : tensor<8x8xbf16>
// ROUNDING-NEXT: return %[[Y]]
// CHECK-LABEL: func @narrow(
// CHECK-NOT: norm.
func.func @narrow(%x: tensor<8x8xbf16>) -> tensor<8x8xbf16> {
  %zero = arith.constant dense<0.0> : tensor<8xbf16>
  %n = arith.constant dense<8.0> : tensor<8xbf16>
  %eps = arith.constant dense<1.0e-5> : tensor<8xbf16>
  %e = tensor.empty() : tensor<8x8xbf16>
  %p = arith.mulf %x, %x : tensor<8x8xbf16>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<8x8xbf16>) outs(%zero : tensor<8xbf16>) dimensions = [1]
  %0 = arith.divf %q, %n : tensor<8xbf16>
  %1 = arith.addf %0, %eps : tensor<8xbf16>
  %2 = math.rsqrt %1 : tensor<8xbf16>
  %3 = linalg.broadcast ins(%2 : tensor<8xbf16>) outs(%e : tensor<8x8xbf16>) dimensions = [1]
  %y = arith.mulf %x, %3 : tensor<8x8xbf16>
  return %y : tensor<8x8xbf16>
}

// Statistics of f64 are those of a norm of f64.
// CHECK-LABEL: func @wide(
// CHECK-SAME: %[[X:.*]]: tensor<8x8xf32>)
// CHECK: %[[F:.*]] = arith.extf %[[X]] : tensor<8x8xf32> to tensor<8x8xf64>
// CHECK: %[[N:.*]] = norm.rms_norm %[[F]] eps 1.0e-06 : tensor<8x8xf64>
// CHECK-NEXT: %[[Y:.*]] = arith.truncf %[[N]] : tensor<8x8xf64> to tensor<8x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @wide(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf64>
  %n = arith.constant dense<8.0> : tensor<8xf64>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf64>
  %e = tensor.empty() : tensor<8x8xf64>
  %f = arith.extf %x : tensor<8x8xf32> to tensor<8x8xf64>
  %p = arith.mulf %f, %f : tensor<8x8xf64>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<8x8xf64>) outs(%zero : tensor<8xf64>) dimensions = [1]
  %0 = arith.divf %q, %n : tensor<8xf64>
  %1 = arith.addf %0, %eps : tensor<8xf64>
  %2 = math.rsqrt %1 : tensor<8xf64>
  %3 = linalg.broadcast ins(%2 : tensor<8xf64>) outs(%e : tensor<8x8xf64>) dimensions = [1]
  %4 = arith.mulf %f, %3 : tensor<8x8xf64>
  %y = arith.truncf %4 : tensor<8x8xf64> to tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The residual stream in f32, the norm's result in bf16: a norm of f32, rounded.
// What is normalised is a sum; the scale is 1 + w of a layer norm, which the op
// has no attribute for.
// CHECK-LABEL: func @residual(
// CHECK-SAME: %[[H:.*]]: tensor<4x32xf32>, %[[R:.*]]: tensor<4x32xf32>, %[[W:.*]]: tensor<32xf32>)
// CHECK: %[[S:.*]] = arith.addf %[[H]], %[[R]]
// CHECK: %[[G:.*]] = arith.addf %[[W]], %{{.*}} : tensor<32xf32>
// CHECK: %[[N:.*]] = norm.layer_norm %[[S]] scale %[[G]] eps 1.0e-05 : tensor<4x32xf32>, tensor<32xf32>
// CHECK-NEXT: %[[Y:.*]] = arith.truncf %[[N]] : tensor<4x32xf32> to tensor<4x32xbf16>
// CHECK-NEXT: return %[[S]], %[[Y]]
func.func @residual(%h: tensor<4x32xf32>, %r: tensor<4x32xf32>, %w: tensor<32xf32>) -> (tensor<4x32xf32>, tensor<4x32xbf16>) {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant 32.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %ones = arith.constant dense<1.0> : tensor<32xf32>
  %x = arith.addf %h, %r : tensor<4x32xf32>
  %g = arith.addf %w, %ones : tensor<32xf32>
  %sum = linalg.reduce { arith.addf } ins(%x : tensor<4x32xf32>) outs(%zero : tensor<4xf32>) dimensions = [1]
  %squares = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x, %sum : tensor<4x32xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %m = arith.divf %b, %n : f32
    %d = arith.subf %m, %a : f32
    %0 = arith.mulf %d, %d : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %e = tensor.empty() : tensor<4x32xbf16>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %sum, %squares, %g : tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>, tensor<32xf32>) outs(%e : tensor<4x32xbf16>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %s: f32, %o: bf16):
    %m = arith.divf %b, %n : f32
    %v = arith.divf %c, %n : f32
    %d = arith.subf %a, %m : f32
    %0 = arith.addf %v, %eps : f32
    %1 = math.sqrt %0 : f32
    %2 = arith.divf %d, %1 : f32
    %3 = arith.mulf %2, %s : f32
    %4 = arith.truncf %3 : f32 to bf16
    linalg.yield %4 : bf16
  } -> tensor<4x32xbf16>
  return %x, %y : tensor<4x32xf32>, tensor<4x32xbf16>
}

// Other users of the statistics keep them; two results of one norm are two norms,
// the second without parameters. What follows a norm is not part of it.
// CHECK-LABEL: func @other_users(
// CHECK-SAME: %[[X:.*]]: tensor<4x32xf32>, %[[B:.*]]: tensor<32xf32>, %[[Z:.*]]: tensor<4x32xf32>)
// CHECK: %[[R:.*]] = math.rsqrt
// CHECK-DAG: %[[N:.*]] = norm.rms_norm %[[X]] eps 1.0e-06 : tensor<4x32xf32>
// CHECK-DAG: %[[BB:.*]] = linalg.broadcast ins(%[[B]] :
// CHECK-DAG: %[[S:.*]] = arith.addf %[[N]], %[[BB]]
// CHECK-DAG: %[[Y:.*]] = arith.mulf %[[S]], %[[Z]]
// CHECK: return %[[Y]], %[[N]], %[[R]]
func.func @other_users(%x: tensor<4x32xf32>, %b: tensor<32xf32>, %z: tensor<4x32xf32>) -> (tensor<4x32xf32>, tensor<4x32xf32>, tensor<4xf32>) {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<32.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x32xf32>
  %p = arith.mulf %x, %x : tensor<4x32xf32>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<4x32xf32>) outs(%zero : tensor<4xf32>) dimensions = [1]
  %0 = arith.divf %q, %n : tensor<4xf32>
  %1 = arith.addf %0, %eps : tensor<4xf32>
  %r = math.rsqrt %1 : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x32xf32>) dimensions = [1]
  %hat = arith.mulf %x, %rb : tensor<4x32xf32>
  %bb = linalg.broadcast ins(%b : tensor<32xf32>) outs(%e : tensor<4x32xf32>) dimensions = [0]
  %s = arith.addf %hat, %bb : tensor<4x32xf32>
  %y = arith.mulf %s, %z : tensor<4x32xf32>
  return %y, %hat, %r : tensor<4x32xf32>, tensor<4x32xf32>, tensor<4xf32>
}

// A vector; its statistics are scalars.
// CHECK-LABEL: func @vector(
// CHECK-SAME: %[[X:.*]]: tensor<?xf32>, %[[W:.*]]: tensor<?xf32>)
// CHECK: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] eps 1.0e-06 : tensor<?xf32>, tensor<?xf32>
// CHECK-NEXT: return %[[Y]]
func.func @vector(%x: tensor<?xf32>, %w: tensor<?xf32>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<f32>
  %eps = arith.constant 1.0e-6 : f32
  %size = tensor.dim %x, %c0 : tensor<?xf32>
  %i = arith.index_cast %size : index to i32
  %n = arith.sitofp %i : i32 to f32
  %p = arith.mulf %x, %x : tensor<?xf32>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<?xf32>) outs(%zero : tensor<f32>) dimensions = [0]
  %s = tensor.extract %q[] : tensor<f32>
  %0 = arith.divf %s, %n : f32
  %1 = arith.addf %0, %eps : f32
  %r = math.rsqrt %1 : f32
  %rb = tensor.splat %r[%size] : tensor<?xf32>
  %2 = arith.mulf %x, %rb : tensor<?xf32>
  %y = arith.mulf %w, %2 : tensor<?xf32>
  return %y : tensor<?xf32>
}

// A norm of a norm, with other numbers added: each for itself.
// CHECK-LABEL: func @two(
// CHECK-SAME: %[[X:.*]]: tensor<1x32xf32>)
// CHECK: %[[A:.*]] = norm.rms_norm %[[X]] eps 1.0e-06 : tensor<1x32xf32>
// CHECK-NEXT: %[[B:.*]] = norm.rms_norm %[[A]] eps 1.0e-02 : tensor<1x32xf32>
// CHECK-NEXT: return %[[B]]
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

// A sum along one dimension after another, and a mean as a product with a vector.
// CHECK-LABEL: func @two_steps(
// CHECK-SAME: %[[X:.*]]: tensor<4x6x8xf32>, %[[W:.*]]: tensor<6x8xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[W]] axis 1 eps 1.0e-06 : tensor<4x6x8xf32>, tensor<6x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @two_steps(%x: tensor<4x6x8xf32>, %w: tensor<6x8xf32>) -> tensor<4x6x8xf32> {
  %z2 = arith.constant dense<0.0> : tensor<4x6xf32>
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<48.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x6x8xf32>
  %sq = arith.mulf %x, %x : tensor<4x6x8xf32>
  %a = linalg.reduce { arith.addf } ins(%sq : tensor<4x6x8xf32>) outs(%z2 : tensor<4x6xf32>) dimensions = [2]
  %b = linalg.reduce { arith.addf } ins(%a : tensor<4x6xf32>) outs(%z1 : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %b, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x6x8xf32>) dimensions = [1, 2]
  %wb = linalg.broadcast ins(%w : tensor<6x8xf32>) outs(%e : tensor<4x6x8xf32>) dimensions = [0]
  %y0 = arith.mulf %x, %rb : tensor<4x6x8xf32>
  %y = arith.mulf %y0, %wb : tensor<4x6x8xf32>
  return %y : tensor<4x6x8xf32>
}

// CHECK-LABEL: func @matvec(
// CHECK-SAME: %[[X:.*]]: tensor<8x16xf32>,
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] eps 1.0e-06 : tensor<8x16xf32>
// CHECK-NEXT: return %[[Y]]
func.func @matvec(%x: tensor<8x16xf32>, %w: tensor<16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %avg = arith.constant dense<0.0625> : tensor<16xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x16xf32>
  %sq = arith.mulf %x, %x : tensor<8x16xf32>
  %q = linalg.matvec ins(%sq, %avg : tensor<8x16xf32>, tensor<16xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
  %1 = arith.addf %q, %eps : tensor<8xf32>
  %2 = math.rsqrt %1 : tensor<8xf32>
  %b = linalg.broadcast ins(%2 : tensor<8xf32>) outs(%e : tensor<8x16xf32>) dimensions = [1]
  %y = arith.mulf %x, %b : tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}

// Dimensions of size 1 that come and go.
// CHECK-LABEL: func @unit(
// CHECK-SAME: %[[X:.*]]: tensor<1x4x8xf32>, %[[W:.*]]: tensor<1x1x8xf32>)
// CHECK-NEXT: %[[C:.*]] = tensor.collapse_shape %[[W]] {{\[\[}}0, 1, 2]]
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[X]] scale %[[C]] eps 1.0e-06 : tensor<1x4x8xf32>, tensor<8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @unit(%x0: tensor<1x4x8xf32>, %w: tensor<1x1x8xf32>) -> tensor<1x4x8xf32> {
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<8.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<1x4x8xf32>
  %x = tensor.collapse_shape %x0 [[0, 1], [2]] : tensor<1x4x8xf32> into tensor<4x8xf32>
  %sq = arith.mulf %x, %x : tensor<4x8xf32>
  %b = linalg.reduce { arith.addf } ins(%sq : tensor<4x8xf32>) outs(%z1 : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %b, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %r3 = tensor.expand_shape %r [[0, 1, 2]] output_shape [1, 4, 1] : tensor<4xf32> into tensor<1x4x1xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(a,b,c)->(a,b,c)>, affine_map<(a,b,c)->(0,b,0)>, affine_map<(a,b,c)->(0,0,c)>, affine_map<(a,b,c)->(a,b,c)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x0, %r3, %w : tensor<1x4x8xf32>, tensor<1x4x1xf32>, tensor<1x1x8xf32>) outs(%e : tensor<1x4x8xf32>) {
  ^bb0(%a: f32, %s: f32, %g: f32, %o: f32):
    %0 = arith.mulf %g, %s : f32
    %1 = arith.mulf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x4x8xf32>
  return %y : tensor<1x4x8xf32>
}

// In a loop; a scale that is narrower than the input.
// CHECK-LABEL: func @loop(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[W:.*]]: tensor<8xbf16>,
// CHECK: scf.for {{.*}} iter_args(%[[V:.*]] = %[[X]])
// CHECK: %[[S:.*]] = arith.extf %[[W]] : tensor<8xbf16> to tensor<8xf32>
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[V]] scale %[[S]] eps 1.0e-06 : tensor<4x8xf32>, tensor<8xf32>
// CHECK-NEXT: scf.yield %[[Y]]
func.func @loop(%x: tensor<4x8xf32>, %w: tensor<8xbf16>, %k: index) -> tensor<4x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %res = scf.for %i = %c0 to %k step %c1 iter_args(%v = %x) -> tensor<4x8xf32> {
    %sq = math.absf %v : tensor<4x8xf32>
    %sq2 = arith.mulf %sq, %sq : tensor<4x8xf32>
    %b = linalg.reduce { arith.addf } ins(%sq2 : tensor<4x8xf32>) outs(%z1 : tensor<4xf32>) dimensions = [1]
    %y = linalg.generic {indexing_maps = [#id, #row, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%v, %b, %w : tensor<4x8xf32>, tensor<4xf32>, tensor<8xbf16>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %s: f32, %g: bf16, %o: f32):
      %m = arith.divf %s, %n : f32
      %me = arith.addf %m, %eps : f32
      %r = math.sqrt %me : f32
      %one = arith.constant 1.0 : f32
      %ir = arith.divf %one, %r : f32
      %gf = arith.extf %g : bf16 to f32
      %ag = arith.mulf %a, %gf : f32
      %res = arith.mulf %ag, %ir : f32
      linalg.yield %res : f32
    } -> tensor<4x8xf32>
    scf.yield %y : tensor<4x8xf32>
  }
  return %res : tensor<4x8xf32>
}
