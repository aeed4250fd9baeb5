// Where a proof in the real numbers is not enough: what is infinite, what cancels
// beside larger numbers, and what else a polynomial does not show.

// RUN: %commuter-opt %s --split-input-file --norm-raise | FileCheck %s

// Times its magnitude: the norm is raised, the product stays.
// CHECK-LABEL: func @magnitude(
// CHECK: %[[N:.*]] = norm.rms_norm %
// CHECK: arith.mulf %[[N]]
func.func @magnitude(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %h = arith.mulf %x, %rb : tensor<8x8xf32>
  %a = math.absf %x : tensor<8x8xf32>
  %y = arith.mulf %h, %a : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

// An infinite factor is no factor of 1.
// CHECK-LABEL: func @infinite_factor(
// CHECK: %[[N:.*]] = norm.rms_norm %
// CHECK: arith.mulf %[[N]]
func.func @infinite_factor(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %h = arith.mulf %x, %rb : tensor<8x8xf32>
  %c = arith.constant dense<0x7F800000> : tensor<8x8xf32>
  %y = arith.mulf %h, %c : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

// An infinite offset is not the op's.
// CHECK-LABEL: func @infinite_offset(
// CHECK: norm.rms_norm %{{.*}} scale %{{[^ ]*}} eps
func.func @infinite_offset(%x: tensor<8x8xf32>, %g: tensor<8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %h = arith.mulf %x, %rb : tensor<8x8xf32>
  %c = arith.constant dense<0x7F800000> : tensor<8xf32>
  %g1 = arith.addf %g, %c : tensor<8xf32>
  %gb = linalg.broadcast ins(%g1 : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [0]
  %y = arith.mulf %h, %gb : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// -----

// The op rounds to the nearest.
// CHECK-LABEL: func @rounding_mode(
// CHECK: norm.rms_norm %
// CHECK: arith.truncf {{.*}} toward_zero
func.func @rounding_mode(%x: tensor<8x8xf32>) -> tensor<8x8xbf16> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %h = arith.mulf %x, %rb : tensor<8x8xf32>
  %y = arith.truncf %h toward_zero : tensor<8x8xf32> to tensor<8x8xbf16>
  return %y : tensor<8x8xbf16>
}

// -----

// -8 of 8 bits, unsigned, is 248.
// CHECK-LABEL: func @unsigned_count(
// CHECK-NOT: norm.
func.func @unsigned_count(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %i = arith.constant -8 : i8
  %u = arith.uitofp %i : i8 to f32
  %nu = arith.negf %u : f32
  %n = tensor.splat %nu : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %h = arith.mulf %x, %rb : tensor<8x8xf32>
  return %h : tensor<8x8xf32>
}

// -----

// x + s - s is not x where s is large beside it.
// CHECK-LABEL: func @large_sum(
// CHECK-NOT: norm.
func.func @large_sum(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %big = arith.constant dense<1.0e8> : tensor<8xf32>
  %t = linalg.reduce { arith.addf } ins(%x : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %tt = arith.mulf %t, %big : tensor<8xf32>
  %tb = linalg.broadcast ins(%tt : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %p = arith.addf %x, %tb : tensor<8x8xf32>
  %q = arith.subf %p, %tb : tensor<8x8xf32>
  %h = arith.mulf %q, %rb : tensor<8x8xf32>
  return %h : tensor<8x8xf32>
}

// -----

// Nor where s is of all rows: one may be infinite.
// CHECK-LABEL: func @other_rows(
// CHECK-NOT: norm.
func.func @other_rows(%x0: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %rows = arith.constant dense<[[1.0e8,1.0e8,1.0e8,1.0e8,1.0e8,1.0e8,1.0e8,1.0e8],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0],[1.0,1.0,1.0,1.0,1.0,1.0,1.0,1.0]]> : tensor<8x8xf32>
  %x = arith.mulf %x0, %rows : tensor<8x8xf32>
  %z = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant dense<8.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x8xf32>
  %sq = arith.mulf %x, %x : tensor<8x8xf32>
  %s = linalg.reduce { arith.addf } ins(%sq : tensor<8x8xf32>) outs(%z : tensor<8xf32>) dimensions = [1]
  %m = arith.divf %s, %n : tensor<8xf32>
  %v = arith.addf %m, %eps : tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %rb = linalg.broadcast ins(%r : tensor<8xf32>) outs(%e : tensor<8x8xf32>) dimensions = [1]
  %z0 = arith.constant dense<0.0> : tensor<f32>
  %t = linalg.reduce { arith.addf } ins(%x : tensor<8x8xf32>) outs(%z0 : tensor<f32>) dimensions = [0, 1]
  %tb = linalg.broadcast ins(%t : tensor<f32>) outs(%e : tensor<8x8xf32>) dimensions = [0, 1]
  %p = arith.addf %x, %tb : tensor<8x8xf32>
  %q = arith.subf %p, %tb : tensor<8x8xf32>
  %h = arith.mulf %q, %rb : tensor<8x8xf32>
  return %h : tensor<8x8xf32>
}

// -----

// Scaled to keep its squares in range: eps would be 0.
// CHECK-LABEL: func @scaled_in_range(
// CHECK-NOT: norm.
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#row1 = affine_map<(i, j) -> (i, 0)>
func.func @scaled_in_range(%x0: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zz = arith.constant dense<[[0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10],[1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10,1.0e-10]]> : tensor<8x8xf32>
 %x = arith.mulf %x0, %zz : tensor<8x8xf32>
 %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %c = arith.constant 1.0e20 : f32
  
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %ac = arith.mulf %a, %c : f32
 %0 = arith.mulf %ac, %ac : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
 %c3 = arith.mulf %3, %c : f32
    linalg.yield %c3 : f32
  } -> tensor<8x8xf32>
  
  return %y : tensor<8x8xf32>
}

// -----

// n - 1 for n in the mean alone, which a variance has in it squared.
// CHECK-LABEL: func @wrong_mean(
// CHECK-NOT: norm.
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
func.func @wrong_mean(%x0: tensor<2x2048xf32>) -> tensor<2x2048xf32> {
  %zero = arith.constant dense<0.0> : tensor<2xf32>
  %n = arith.constant 2048.0 : f32
  %k = arith.constant 2047.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %big = arith.constant dense<100.0> : tensor<2x2048xf32>
  %sm = arith.constant dense<0.01> : tensor<2x2048xf32>
  %x1 = arith.mulf %x0, %sm : tensor<2x2048xf32>
  %x = arith.addf %x1, %big : tensor<2x2048xf32>
  %e = tensor.empty() : tensor<2x2048xf32>
  %mu = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<2x2048xf32>) outs(%zero : tensor<2xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %q = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x, %mu : tensor<2x2048xf32>, tensor<2xf32>) outs(%zero : tensor<2xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32):
    %m1 = arith.divf %m, %k : f32
    %d = arith.subf %a, %m1 : f32
    %0 = arith.mulf %d, %d : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %mu : tensor<2x2048xf32>, tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<2x2048xf32>) {
  ^bb0(%v0: f32, %v1: f32, %m: f32, %o: f32):
    %mm = arith.divf %m, %n : f32
    %d = arith.subf %v0, %mm : f32
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %d, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<2x2048xf32>
  return %y : tensor<2x2048xf32>
}

// -----

// A parameter of 1x? for rows of ?x1.
// CHECK-LABEL: func @other_dim(
// CHECK-NOT: scale
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#row1 = affine_map<(i, j) -> (i, 0)>
func.func @other_dim(%x: tensor<4x?x1xf32>, %w: tensor<1x?xf32>) -> tensor<4x?x1xf32> {
  %c1 = arith.constant 1 : index
  %d = tensor.dim %x, %c1 : tensor<4x?x1xf32>
  %di = arith.index_cast %d : index to i32
  %n = arith.sitofp %di : i32 to f32
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty(%d) : tensor<4x?x1xf32>
  %q = linalg.generic {indexing_maps = [affine_map<(i,j,k)->(i,j,k)>, affine_map<(i,j,k)->(i)>], iterator_types = ["parallel", "reduction", "reduction"]} ins(%x : tensor<4x?x1xf32>) outs(%zero : tensor<4xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i,j,k)->(i,j,k)>, affine_map<(i,j,k)->(i)>, affine_map<(i,j,k)->(0,j)>, affine_map<(i,j,k)->(i,j,k)>], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %q, %w : tensor<4x?x1xf32>, tensor<4xf32>, tensor<1x?xf32>) outs(%e : tensor<4x?x1xf32>) {
  ^bb0(%v0: f32, %v1: f32, %g: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    %4 = arith.mulf %3, %g : f32
    linalg.yield %4 : f32
  } -> tensor<4x?x1xf32>
  return %y : tensor<4x?x1xf32>
}
