// Norms as frameworks spell them out.

// RUN: %commuter-opt %s --norm-raise | FileCheck %s
// RUN: %commuter-opt %s --norm-raise --remark-format=emitRemark --remarks-filter=norm 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: not %commuter-run %s --entry torch_layer_norm --compare --pipeline norm-raise | FileCheck %s --check-prefix=NEAR
// RUN: not %commuter-run %s --entry flax_layer_norm --compare --pipeline norm-raise | FileCheck %s --check-prefix=NEAR
// RUN: %commuter-run %s --entry qwen_rms_norm --compare --pipeline norm-raise | FileCheck %s --check-prefix=EXACT

// The sums are of 16 numbers in [-1, 1), in another order.
// NEAR: largest error {{[0-9.]+e-0[6-9]$}}
// EXACT: bit-exact

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i, 0)>
#column = affine_map<(i, j) -> (j)>

// aten.native_layer_norm, as torch-mlir decomposes it and makes linalg of it: the eps
// is an f64 that each body rounds. It is the rounded number: 1.0e-5, of f32.
// CHECK-LABEL: func @torch_layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xf32>, %[[W:.*]]: tensor<16xf32>, %[[B:.*]]: tensor<16xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[W]] bias %[[B]] eps 1.0e-05 : tensor<4x16xf32>, tensor<16xf32>, tensor<16xf32>
// CHECK-NEXT: return %[[Y]]
func.func @torch_layer_norm(%x: tensor<4x16xf32>, %w: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 1.600000e+01 : f32
  %eps = arith.constant 1.000000e-05 : f64
  %e1 = tensor.empty() : tensor<4x1xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x16xf32>) outs(%z : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %in, %out : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %m = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.divf %in, %n : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %d = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %m : tensor<4x16xf32>, tensor<4x1xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%in: f32, %mean: f32, %out: f32):
    %a = arith.subf %in, %mean : f32
    linalg.yield %a : f32
  } -> tensor<4x16xf32>
  %sq = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%d, %d : tensor<4x16xf32>, tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%in: f32, %other: f32, %out: f32):
    %a = arith.mulf %in, %other : f32
    linalg.yield %a : f32
  } -> tensor<4x16xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%sq : tensor<4x16xf32>) outs(%z : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.addf %in, %out : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %v = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%q : tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = arith.divf %in, %n : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %ve = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%v : tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %t = arith.truncf %eps : f64 to f32
    %a = arith.addf %in, %t : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %r = linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]} ins(%ve : tensor<4x1xf32>) outs(%e1 : tensor<4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %a = math.rsqrt %in : f32
    linalg.yield %a : f32
  } -> tensor<4x1xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #column, #column, #id], iterator_types = ["parallel", "parallel"]} ins(%d, %r, %w, %b : tensor<4x16xf32>, tensor<4x1xf32>, tensor<16xf32>, tensor<16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%in: f32, %factor: f32, %scale: f32, %bias: f32, %out: f32):
    %a = arith.mulf %in, %factor : f32
    %c = arith.mulf %a, %scale : f32
    %f = arith.addf %c, %bias : f32
    linalg.yield %f : f32
  } -> tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// flax.linen.LayerNorm: the variance as E[x^2] - E[x]^2, clamped at 0.
// CHECK-LABEL: func @flax_layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xf32>, %[[W:.*]]: tensor<16xf32>, %[[B:.*]]: tensor<16xf32>)
// CHECK-NEXT: %[[Y:.*]] = norm.layer_norm %[[X]] scale %[[W]] bias %[[B]] eps 1.0e-06 : tensor<4x16xf32>, tensor<16xf32>, tensor<16xf32>
// CHECK-NEXT: return %[[Y]]
func.func @flax_layer_norm(%x: tensor<4x16xf32>, %w: tensor<16xf32>, %b: tensor<16xf32>) -> tensor<4x16xf32> {
  %z = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<16.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %s = linalg.reduce { arith.addf } ins(%x : tensor<4x16xf32>) outs(%z : tensor<4xf32>) dimensions = [1]
  %mean = arith.divf %s, %n : tensor<4xf32>
  %sq = arith.mulf %x, %x : tensor<4x16xf32>
  %q = linalg.reduce { arith.addf } ins(%sq : tensor<4x16xf32>) outs(%z : tensor<4xf32>) dimensions = [1]
  %mean2 = arith.divf %q, %n : tensor<4xf32>
  %m2 = arith.mulf %mean, %mean : tensor<4xf32>
  %difference = arith.subf %mean2, %m2 : tensor<4xf32>
  %var = arith.maximumf %z, %difference : tensor<4xf32>
  %mb = linalg.broadcast ins(%mean : tensor<4xf32>) outs(%e : tensor<4x16xf32>) dimensions = [1]
  %d = arith.subf %x, %mb : tensor<4x16xf32>
  %ve = arith.addf %var, %eps : tensor<4xf32>
  %r = math.rsqrt %ve : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x16xf32>) dimensions = [1]
  %wb = linalg.broadcast ins(%w : tensor<16xf32>) outs(%e : tensor<4x16xf32>) dimensions = [0]
  %bb = linalg.broadcast ins(%b : tensor<16xf32>) outs(%e : tensor<4x16xf32>) dimensions = [0]
  %mul = arith.mulf %rb, %wb : tensor<4x16xf32>
  %y0 = arith.mulf %d, %mul : tensor<4x16xf32>
  %y = arith.addf %y0, %bb : tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}

// Qwen2RMSNorm, as LlamaRMSNorm: the row goes to bf16 before its weight, which stays
// behind it. The eps, a number of bf16, is the one that is added.
// REMARK: Function=qwen_rms_norm | Reason=rounding-between, Suggestion=allow-rounding-changes=true
// CHECK-LABEL: func @qwen_rms_norm(
// CHECK-SAME: %[[X:.*]]: tensor<4x16xbf16>, %[[W:.*]]: tensor<16xbf16>)
// CHECK: %[[N:.*]] = norm.rms_norm %[[X]] eps 9.983778e-07 : tensor<4x16xbf16>
// CHECK: %[[Y:.*]] = arith.mulf %{{.*}}, %[[N]] : tensor<4x16xbf16>
// CHECK: return %[[Y]]
func.func @qwen_rms_norm(%x: tensor<4x16xbf16>, %w: tensor<16xbf16>) -> tensor<4x16xbf16> {
  %z = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<16.0> : tensor<4xf32>
  %c = arith.constant dense<1.0e-6> : tensor<4xf32>
  %narrow = arith.truncf %c : tensor<4xf32> to tensor<4xbf16>
  %eps = arith.extf %narrow : tensor<4xbf16> to tensor<4xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %eb = tensor.empty() : tensor<4x16xbf16>
  %xf = arith.extf %x : tensor<4x16xbf16> to tensor<4x16xf32>
  %sq = arith.mulf %xf, %xf : tensor<4x16xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<4x16xf32>) outs(%z : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x16xf32>) dimensions = [1]
  %yf = arith.mulf %xf, %rb : tensor<4x16xf32>
  %yb = arith.truncf %yf : tensor<4x16xf32> to tensor<4x16xbf16>
  %wb = linalg.broadcast ins(%w : tensor<16xbf16>) outs(%eb : tensor<4x16xbf16>) dimensions = [0]
  %y = arith.mulf %wb, %yb : tensor<4x16xbf16>
  return %y : tensor<4x16xbf16>
}

// An eps that is rounded from what a run tells is no constant.
// REMARK: Function=eps_of_argument | Reason=eps-not-constant
// CHECK-LABEL: func @eps_of_argument(
// CHECK-NOT: norm.
func.func @eps_of_argument(%x: tensor<4x16xf32>, %c: f64) -> tensor<4x16xf32> {
  %z = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<16.0> : tensor<4xf32>
  %t = arith.truncf %c : f64 to f32
  %eps = tensor.splat %t : tensor<4xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %sq = arith.mulf %x, %x : tensor<4x16xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<4x16xf32>) outs(%z : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x16xf32>) dimensions = [1]
  %y = arith.mulf %x, %rb : tensor<4x16xf32>
  return %y : tensor<4x16xf32>
}
