// Rows whose dimensions are merged, or split, on the way.

// RUN: %commuter-opt %s --norm-raise | FileCheck %s
// RUN: %commuter-opt %s --norm-raise --remark-format=emitRemark --remarks-filter=norm 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: not %commuter-run %s --entry tokens --compare --pipeline norm-raise | FileCheck %s --check-prefix=NEAR
// RUN: not %commuter-run %s --entry there_and_back --compare --pipeline norm-raise | FileCheck %s --check-prefix=NEAR
// RUN: not %commuter-run %s --entry split --compare --pipeline norm-raise | FileCheck %s --check-prefix=NEAR

// The sums are of 8 squares, in another order.
// NEAR: largest error {{[0-9.]+e-0[6-9]$}}

// The statistics are of [B, T, C], the rest of [B*T, C].
// CHECK-LABEL: func @tokens(
// CHECK-SAME: %[[X:.*]]: tensor<3x5x8xf32>, %[[W:.*]]: tensor<8xf32>)
// CHECK-NEXT: %[[C:.*]] = tensor.collapse_shape %[[X]]
// CHECK-NEXT: %[[Y:.*]] = norm.rms_norm %[[C]] scale %[[W]] eps 1.0e-06 : tensor<15x8xf32>, tensor<8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @tokens(%x: tensor<3x5x8xf32>, %w: tensor<8xf32>) -> tensor<15x8xf32> {
  %z = arith.constant dense<0.0> : tensor<3x5xf32>
  %n = arith.constant dense<8.0> : tensor<3x5xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<3x5xf32>
  %e = tensor.empty() : tensor<15x8xf32>
  %sq = arith.mulf %x, %x : tensor<3x5x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<3x5x8xf32>) outs(%z : tensor<3x5xf32>) dimensions = [2]
  %m = arith.divf %s, %n : tensor<3x5xf32>
  %me = arith.addf %m, %eps : tensor<3x5xf32>
  %r = math.rsqrt %me : tensor<3x5xf32>
  %rc = tensor.collapse_shape %r [[0, 1]] : tensor<3x5xf32> into tensor<15xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x5x8xf32> into tensor<15x8xf32>
  %rb = linalg.broadcast ins(%rc : tensor<15xf32>) outs(%e : tensor<15x8xf32>) dimensions = [1]
  %wb = linalg.broadcast ins(%w : tensor<8xf32>) outs(%e : tensor<15x8xf32>) dimensions = [0]
  %y0 = arith.mulf %xc, %rb : tensor<15x8xf32>
  %y = arith.mulf %y0, %wb : tensor<15x8xf32>
  return %y : tensor<15x8xf32>
}

// And back, with a number of batches that a run tells.
// CHECK-LABEL: func @back(
// CHECK-SAME: %[[X:.*]]: tensor<?x5x8xf32>
// CHECK-NOT: linalg.reduce
// CHECK: %[[Y:.*]] = norm.layer_norm %[[X]] eps 1.0e-05 : tensor<?x5x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @back(%x: tensor<?x5x8xf32>, %b: index) -> tensor<?x5x8xf32> {
  %c0 = arith.constant 0.0 : f32
  %c8 = arith.constant 8.0 : f32
  %ceps = arith.constant 1.0e-5 : f32
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x5x8xf32> into tensor<?x8xf32>
  %i0 = arith.constant 0 : index
  %rows = tensor.dim %xc, %i0 : tensor<?x8xf32>
  %e1 = tensor.empty(%rows) : tensor<?xf32>
  %e2 = tensor.empty(%rows) : tensor<?x8xf32>
  %z = linalg.fill ins(%c0 : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.reduce { arith.addf } ins(%xc : tensor<?x8xf32>) outs(%z : tensor<?xf32>) dimensions = [1]
  %n = tensor.splat %c8[%rows] : tensor<?xf32>
  %m = arith.divf %s, %n : tensor<?xf32>
  %mb = linalg.broadcast ins(%m : tensor<?xf32>) outs(%e2 : tensor<?x8xf32>) dimensions = [1]
  %d = arith.subf %xc, %mb : tensor<?x8xf32>
  %sq = arith.mulf %d, %d : tensor<?x8xf32>
  %q = linalg.reduce { arith.addf } ins(%sq : tensor<?x8xf32>) outs(%z : tensor<?xf32>) dimensions = [1]
  %v = arith.divf %q, %n : tensor<?xf32>
  %eps = tensor.splat %ceps[%rows] : tensor<?xf32>
  %ve = arith.addf %v, %eps : tensor<?xf32>
  %r = math.rsqrt %ve : tensor<?xf32>
  %rb = linalg.broadcast ins(%r : tensor<?xf32>) outs(%e2 : tensor<?x8xf32>) dimensions = [1]
  %y = arith.mulf %d, %rb : tensor<?x8xf32>
  %ye = tensor.expand_shape %y [[0, 1], [2]] output_shape [%b, 5, 8] : tensor<?x8xf32> into tensor<?x5x8xf32>
  return %ye : tensor<?x5x8xf32>
}

// CHECK-LABEL: func @there_and_back(
// CHECK-SAME: %[[X:.*]]: tensor<3x5x8xf32>
// CHECK: %[[Y:.*]] = norm.rms_norm %[[X]] eps 1.0e-06 : tensor<3x5x8xf32>
// CHECK-NEXT: return %[[Y]]
func.func @there_and_back(%x: tensor<3x5x8xf32>) -> tensor<3x5x8xf32> {
  %z = arith.constant dense<0.0> : tensor<15xf32>
  %n = arith.constant dense<8.0> : tensor<15xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<15xf32>
  %e = tensor.empty() : tensor<3x5x8xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x5x8xf32> into tensor<15x8xf32>
  %sq = arith.mulf %xc, %xc : tensor<15x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<15x8xf32>) outs(%z : tensor<15xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<15xf32>
  %me = arith.addf %m, %eps : tensor<15xf32>
  %r = math.rsqrt %me : tensor<15xf32>
  %rx = tensor.expand_shape %r [[0, 1]] output_shape [3, 5] : tensor<15xf32> into tensor<3x5xf32>
  %rb = linalg.broadcast ins(%rx : tensor<3x5xf32>) outs(%e : tensor<3x5x8xf32>) dimensions = [2]
  %y = arith.mulf %x, %rb : tensor<3x5x8xf32>
  return %y : tensor<3x5x8xf32>
}

// Merged in one way and split in another: still one row.
// CHECK-LABEL: func @split(
// CHECK: norm.rms_norm %{{.*}} eps 1.0e-06 : tensor<6x2x8xf32>
func.func @split(%x: tensor<3x4x8xf32>) -> tensor<6x2x8xf32> {
  %z = arith.constant dense<0.0> : tensor<3x4xf32>
  %n = arith.constant dense<8.0> : tensor<3x4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<3x4xf32>
  %e = tensor.empty() : tensor<6x2x8xf32>
  %sq = arith.mulf %x, %x : tensor<3x4x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<3x4x8xf32>) outs(%z : tensor<3x4xf32>) dimensions = [2]
  %m = arith.divf %s, %n : tensor<3x4xf32>
  %me = arith.addf %m, %eps : tensor<3x4xf32>
  %r = math.rsqrt %me : tensor<3x4xf32>
  %rc = tensor.collapse_shape %r [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %rx = tensor.expand_shape %rc [[0, 1]] output_shape [6, 2] : tensor<12xf32> into tensor<6x2xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x4x8xf32> into tensor<12x8xf32>
  %xx = tensor.expand_shape %xc [[0, 1], [2]] output_shape [6, 2, 8] : tensor<12x8xf32> into tensor<6x2x8xf32>
  %rb = linalg.broadcast ins(%rx : tensor<6x2xf32>) outs(%e : tensor<6x2x8xf32>) dimensions = [2]
  %y = arith.mulf %xx, %rb : tensor<6x2x8xf32>
  return %y : tensor<6x2x8xf32>
}

// The statistics are of the transposed rows: those of others.
// REMARK: Function=transposed | Reason=axis-mismatch{{$}}
// CHECK-LABEL: func @transposed(
// CHECK-NOT: norm.
func.func @transposed(%x: tensor<3x5x8xf32>) -> tensor<15x8xf32> {
  %z = arith.constant dense<0.0> : tensor<3x5xf32>
  %n = arith.constant dense<8.0> : tensor<5x3xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<5x3xf32>
  %e = tensor.empty() : tensor<15x8xf32>
  %et = tensor.empty() : tensor<5x3xf32>
  %sq = arith.mulf %x, %x : tensor<3x5x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<3x5x8xf32>) outs(%z : tensor<3x5xf32>) dimensions = [2]
  %t = linalg.transpose ins(%s : tensor<3x5xf32>) outs(%et : tensor<5x3xf32>) permutation = [1, 0]
  %m = arith.divf %t, %n : tensor<5x3xf32>
  %me = arith.addf %m, %eps : tensor<5x3xf32>
  %r = math.rsqrt %me : tensor<5x3xf32>
  %rc = tensor.collapse_shape %r [[0, 1]] : tensor<5x3xf32> into tensor<15xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x5x8xf32> into tensor<15x8xf32>
  %rb = linalg.broadcast ins(%rc : tensor<15xf32>) outs(%e : tensor<15x8xf32>) dimensions = [1]
  %y = arith.mulf %xc, %rb : tensor<15x8xf32>
  return %y : tensor<15x8xf32>
}

// Where a token is in the batch is not known.
// REMARK: Function=unknown | Reason={{axis-mismatch|not-a-norm|statistics-of-another-tensor}}{{$}}
// CHECK-LABEL: func @unknown(
// CHECK-NOT: norm.
func.func @unknown(%x: tensor<3x?x8xf32>, %z: tensor<3x?xf32>, %n: tensor<3x?xf32>, %e: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %sq = arith.mulf %x, %x : tensor<3x?x8xf32>
  %c0 = arith.constant 0.0 : f32
  %zero = linalg.fill ins(%c0 : f32) outs(%z : tensor<3x?xf32>) -> tensor<3x?xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<3x?x8xf32>) outs(%zero : tensor<3x?xf32>) dimensions = [2]
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} ins(%s : tensor<3x?xf32>) outs(%z : tensor<3x?xf32>) {
  ^bb0(%v: f32, %o: f32):
    %m = arith.divf %v, %c : f32
    %me = arith.addf %m, %eps : f32
    %f = math.rsqrt %me : f32
    linalg.yield %f : f32
  } -> tensor<3x?xf32>
  %rc = tensor.collapse_shape %r [[0, 1]] : tensor<3x?xf32> into tensor<?xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x?x8xf32> into tensor<?x8xf32>
  %rb = linalg.broadcast ins(%rc : tensor<?xf32>) outs(%e : tensor<?x8xf32>) dimensions = [1]
  %y = arith.mulf %xc, %rb : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// The mean of a merged dimension is over all tokens.
// REMARK: Function=all_tokens
// CHECK-LABEL: func @all_tokens(
// CHECK-NOT: norm.
func.func @all_tokens(%x: tensor<3x5x8xf32>) -> tensor<3x5x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<15.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<3x5x8xf32>
  %xc = tensor.collapse_shape %x [[0, 1], [2]] : tensor<3x5x8xf32> into tensor<15x8xf32>
  %sq = arith.mulf %xc, %xc : tensor<15x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<15x8xf32>) outs(%z : tensor<8xf32>) dimensions = [0]
  %m = arith.divf %s, %n : tensor<8xf32>
  %me = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %me : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<3x5x8xf32>) dimensions = [0, 1]
  %y = arith.mulf %x, %rb : tensor<3x5x8xf32>
  return %y : tensor<3x5x8xf32>
}
