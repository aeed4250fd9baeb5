// What is nearly a norm stays, and says why.

// RUN: %commuter-opt %s --norm-raise | FileCheck %s
// RUN: %commuter-opt %s --norm-raise --remark-format=emitRemark --remarks-filter=norm 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// CHECK-NOT: norm.

// REMARK-NOT: Passed

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#col = affine_map<(i, j) -> (j)>
#last = affine_map<(i, j) -> (i, 0)>
#swap = affine_map<(i, j) -> (j, i)>

// 1 / (sqrt(var) + eps).
// REMARK: Function=eps_outside_root | Reason=eps-outside-root{{$}}
func.func @eps_outside_root(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = math.sqrt %0 : f32
    %2 = arith.addf %1, %eps : f32
    %3 = arith.divf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// 1 / sqrt(var) + eps.
// REMARK: Function=eps_after_root | Reason=eps-outside-root{{$}}
func.func @eps_after_root(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = math.rsqrt %0 : f32
    %2 = arith.addf %1, %eps : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The op has a number there.
// REMARK: Function=eps_not_constant | Reason=eps-not-constant{{$}}
func.func @eps_not_constant(%x: tensor<8x8xf32>, %eps: f32) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A tensor of them.
// REMARK: Function=eps_of_each_row | Reason=not-a-norm{{$}}
func.func @eps_of_each_row(%x: tensor<8x8xf32>, %t: tensor<8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %t : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %v2 : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The op has none below 0.
// REMARK: Function=negative_eps | Reason=not-a-norm{{$}}
func.func @negative_eps(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant -1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The statistics of row i meet column i.
// REMARK: Function=broadcast_along_rows | Reason=axis-mismatch{{$}}
func.func @broadcast_along_rows(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The first dimension is normalised, the last is not.
// REMARK: Function=columns | Reason=axis-mismatch{{$}}
func.func @columns(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Statistics of columns for rows.
// REMARK: Function=columns_broadcast_along_rows | Reason=axis-mismatch{{$}}
func.func @columns_broadcast_along_rows(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// n - 1: the unbiased variance.
// REMARK: Function=biased_count | Reason=count-mismatch{{$}}
func.func @biased_count(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 7.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A sum of squares, which is the norm of L2.
// REMARK: Function=no_count | Reason=count-mismatch{{$}}
func.func @no_count(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %1 = arith.addf %v1, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A number that only a run tells.
// REMARK: Function=count_not_constant | Reason=count-mismatch{{$}}
func.func @count_not_constant(%x: tensor<8x8xf32>, %n: f32) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Rows of z, divided by statistics of x.
// REMARK: Function=another_tensor | Reason=statistics-of-another-tensor{{$}}
func.func @another_tensor(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%z, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A sum of products is no sum of squares.
// REMARK: Function=product_of_two | Reason=not-a-norm{{$}}
func.func @product_of_two(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %p = arith.mulf %x, %z : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A mean of elements is no mean of squares.
// REMARK: Function=first_moment | Reason=not-a-norm{{$}}
func.func @first_moment(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is a mean of fourth powers: it is the squares that it is of.
// REMARK: Function=fourth_moment | Reason=statistics-of-another-tensor{{$}}
func.func @fourth_moment(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %p = arith.mulf %x, %x : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is one of magnitudes.
// REMARK: Function=magnitudes | Reason=not-a-norm{{$}}
func.func @magnitudes(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %p = math.absf %x : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%p : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is a maximum of squares.
// REMARK: Function=maximum | Reason=not-a-norm{{$}}
func.func @maximum(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.maximumf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is a product of them.
// REMARK: Function=product_of_squares | Reason=not-a-norm{{$}}
func.func @product_of_squares(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.mulf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is a sum that forgets.
// REMARK: Function=decaying_sum | Reason=not-a-norm{{$}}
func.func @decaying_sum(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %h = arith.constant 0.5 : f32
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %d = arith.mulf %s, %h : f32
    %1 = arith.addf %d, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A sum that does not start from 0, nor from a number.
// REMARK: Function=started_sum | Reason=not-a-norm{{$}}
func.func @started_sum(%x: tensor<8x8xf32>, %init: tensor<8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%init : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Nor is anything known of the start of this one.
// REMARK: Function=undefined_start | Reason=not-a-norm{{$}}
func.func @undefined_start(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %u = tensor.empty() : tensor<8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%u : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// max(var, eps) is not var + eps.
// REMARK: Function=clamped_by_eps | Reason=not-a-norm{{$}}
func.func @clamped_by_eps(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.maximumf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// maxnumf makes 0 of a NaN, and finite numbers of its row.
// REMARK: Function=nan_hidden | Reason=not-a-norm{{$}}
func.func @nan_hidden(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %z = arith.constant 0.0 : f32
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %m = arith.maxnumf %0, %z : f32
    %1 = arith.addf %m, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// What is normalised is clamped, what the statistics are of is not.
// REMARK: Function=input_clamped | Reason=statistics-of-another-tensor{{$}}
func.func @input_clamped(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %six = arith.constant dense<6.0> : tensor<8x8xf32>
  %t = arith.minimumf %x, %six : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%t, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The fourth root.
// REMARK: Function=root_of_root | Reason=not-a-norm{{$}}
func.func @root_of_root(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %r = math.sqrt %1 : f32
    %2 = math.rsqrt %r : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// A root is taken, and its square divided by.
// REMARK: Function=no_root | Reason=not-a-norm{{$}}
func.func @no_root(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %r = arith.mulf %2, %2 : f32
    %3 = arith.mulf %v0, %r : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// sqrt(var) * x.
// REMARK: Function=multiplied | Reason=not-a-norm{{$}}
func.func @multiplied(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.sqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// x^2 / rms(x).
// REMARK: Function=square_normalized | Reason=not-a-norm{{$}}
func.func @square_normalized(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    %4 = arith.mulf %v0, %3 : f32
    linalg.yield %4 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// z - z is 0, unless z is infinite.
// REMARK: Function=cancelled | Reason=not-a-norm{{$}}
func.func @cancelled(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %z : tensor<8x8xf32>, tensor<8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    %4 = arith.addf %3, %v2 : f32
    %5 = arith.subf %4, %v2 : f32
    linalg.yield %5 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// So is z * 0.
// REMARK: Function=times_zero | Reason=not-a-norm{{$}}
func.func @times_zero(%x: tensor<8x8xf32>, %z: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %c0 = arith.constant 0.0 : f32
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %z : tensor<8x8xf32>, tensor<8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    %4 = arith.mulf %v2, %c0 : f32
    %5 = arith.addf %3, %4 : f32
    linalg.yield %5 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The element and the mean are divided by roots with different eps.
// REMARK: Function=two_eps | Reason=not-a-norm{{$}}
func.func @two_eps(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %eps2 = arith.constant 1.0e-3 : f32
  %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %m : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %mu = arith.divf %v2, %n : f32
    %0 = arith.divf %v1, %n : f32
    %mm = arith.mulf %mu, %mu : f32
    %var = arith.subf %0, %mm : f32
    %1 = arith.addf %var, %eps : f32
    %2 = math.rsqrt %1 : f32
    %b1 = arith.addf %var, %eps2 : f32
    %b2 = math.rsqrt %b1 : f32
    %3 = arith.mulf %v0, %2 : f32
    %4 = arith.mulf %mu, %b2 : f32
    %5 = arith.subf %3, %4 : f32
    linalg.yield %5 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// E[x^2] - mean.
// REMARK: Function=mean_not_squared | Reason=not-a-norm{{$}}
func.func @mean_not_squared(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %m : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %mu = arith.divf %v2, %n : f32
    %0 = arith.divf %v1, %n : f32
    %var = arith.subf %0, %mu : f32
    %1 = arith.addf %var, %eps : f32
    %2 = math.rsqrt %1 : f32
    %c = arith.subf %v0, %mu : f32
    %3 = arith.mulf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The variance of a layer norm, but the mean stays in x.
// REMARK: Function=mean_left | Reason=not-a-norm{{$}}
func.func @mean_left(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %m : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %mu = arith.divf %v2, %n : f32
    %0 = arith.divf %v1, %n : f32
    %mm = arith.mulf %mu, %mu : f32
    %var = arith.subf %0, %mm : f32
    %1 = arith.addf %var, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// Centred by the means of columns.
// REMARK: Function=mean_of_columns | Reason=not-a-norm{{$}}
func.func @mean_of_columns(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %m = linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %1 = arith.addf %s, %a : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #col, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q, %m : tensor<8x8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %v2: f32, %o: f32):
    %mu = arith.divf %v2, %n : f32
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %c = arith.subf %v0, %mu : f32
    %3 = arith.mulf %c, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The first element of each row, many times.
// REMARK: Function=one_element_of_each_row | Reason=not-a-norm{{$}}
func.func @one_element_of_each_row(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#last, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// The mean of squares goes through bf16.
// REMARK: Function=rounded_statistics | Reason=rounding-between, Suggestion=allow-rounding-changes=true
func.func @rounded_statistics(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 8.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<8x8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<8x8xf32>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%v0: f32, %v1: f32, %o: f32):
    %0 = arith.divf %v1, %n : f32
    %h = arith.truncf %0 : f32 to bf16
    %w = arith.extf %h : bf16 to f32
    %1 = arith.addf %w, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %v0, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}

// All of it in bf16, sums included.
// REMARK: Function=narrow | Reason=rounding-between, Suggestion=allow-rounding-changes=true
func.func @narrow(%x: tensor<8x8xbf16>) -> tensor<8x8xbf16> {
  %zero = arith.constant dense<0.0> : tensor<8xbf16>
  %n = arith.constant dense<8.0> : tensor<8xbf16>
  %eps = arith.constant dense<1.0e-6> : tensor<8xbf16>
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

// The mean over n, the variance over n - 1.
// REMARK: Function=unbiased_variance | Reason=count-mismatch{{$}}
func.func @unbiased_variance(%x: tensor<8x4096xf32>) -> tensor<8x4096xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %n = arith.constant 4096.0 : f32
  %less = arith.constant 4095.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %m = linalg.reduce { arith.addf } ins(%x : tensor<8x4096xf32>) outs(%zero : tensor<8xf32>) dimensions = [1]
  %q = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x, %m : tensor<8x4096xf32>, tensor<8xf32>) outs(%zero : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %s: f32):
    %mu = arith.divf %b, %n : f32
    %d = arith.subf %a, %mu : f32
    %0 = arith.mulf %d, %d : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<8xf32>
  %e = tensor.empty() : tensor<8x4096xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %m, %q : tensor<8x4096xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x4096xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %mu = arith.divf %b, %n : f32
    %d = arith.subf %a, %mu : f32
    %v = arith.divf %c, %less : f32
    %0 = arith.addf %v, %eps : f32
    %1 = math.rsqrt %0 : f32
    %2 = arith.mulf %d, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<8x4096xf32>
  return %y : tensor<8x4096xf32>
}

// The number of rows for that of columns; a factor 1/n of n - 1, where the sizes
// are known; and one column.
// REMARK: Function=count_of_rows | Reason=count-mismatch{{$}}
func.func @count_of_rows(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x?xf32>
  %columns = tensor.dim %x, %c1 : tensor<?x?xf32>
  %i = arith.index_cast %rows : index to i64
  %n = arith.sitofp %i : i64 to f32
  %e0 = tensor.empty(%rows) : tensor<?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e0 : tensor<?xf32>) -> tensor<?xf32>
  %q = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x?xf32>) outs(%init : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %e = tensor.empty(%rows, %columns) : tensor<?x?xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %q : tensor<?x?xf32>, tensor<?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %0 = arith.divf %b, %n : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %a, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// REMARK: Function=almost_mean | Reason=count-mismatch{{$}}
func.func @almost_mean(%x: tensor<8x16384xf32>) -> tensor<8x16384xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %inverse = arith.constant dense<6.10388815e-05> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x16384xf32>
  %p = arith.mulf %x, %x : tensor<8x16384xf32>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<8x16384xf32>) outs(%zero : tensor<8xf32>) dimensions = [1]
  %0 = arith.mulf %q, %inverse : tensor<8xf32>
  %1 = arith.addf %0, %eps : tensor<8xf32>
  %2 = math.rsqrt %1 : tensor<8xf32>
  %3 = linalg.broadcast ins(%2 : tensor<8xf32>) outs(%e : tensor<8x16384xf32>) dimensions = [1]
  %y = arith.mulf %x, %3 : tensor<8x16384xf32>
  return %y : tensor<8x16384xf32>
}

// REMARK: Function=one_column | Reason=not-a-norm{{$}}
func.func @one_column(%x: tensor<8x1xf32>) -> tensor<8x1xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<8xf32>
  %e = tensor.empty() : tensor<8x1xf32>
  %p = arith.mulf %x, %x : tensor<8x1xf32>
  %q = linalg.reduce { arith.addf } ins(%p : tensor<8x1xf32>) outs(%zero : tensor<8xf32>) dimensions = [1]
  %1 = arith.addf %q, %eps : tensor<8xf32>
  %2 = math.rsqrt %1 : tensor<8xf32>
  %3 = linalg.broadcast ins(%2 : tensor<8xf32>) outs(%e : tensor<8x1xf32>) dimensions = [1]
  %y = arith.mulf %x, %3 : tensor<8x1xf32>
  return %y : tensor<8x1xf32>
}

// A sum along one dimension after another, divided by one size too many.
// REMARK: Function=two_steps | Reason=count-mismatch{{$}}
func.func @two_steps(%x: tensor<4x6x8xf32>, %w: tensor<6x8xf32>) -> tensor<4x6x8xf32> {
  %z2 = arith.constant dense<0.0> : tensor<4x6xf32>
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<288.0> : tensor<4xf32>
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

// A mean with weights, a dimension in the middle.
// REMARK: Function=weighted | Reason=not-a-norm{{$}}
func.func @weighted(%x: tensor<8x16xf32>, %avg: tensor<16xf32>) -> tensor<8x16xf32> {
  %zero = arith.constant dense<0.0> : tensor<8xf32>
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

// REMARK: Function=middle | Reason=axis-mismatch{{$}}
func.func @middle(%x: tensor<4x6x8xf32>) -> tensor<4x6x8xf32> {
  %z1 = arith.constant dense<0.0> : tensor<4x8xf32>
  %n = arith.constant dense<6.0> : tensor<4x8xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x6x8xf32>
  %sq = arith.mulf %x, %x : tensor<4x6x8xf32>
  %b = linalg.reduce { arith.addf } ins(%sq : tensor<4x6x8xf32>) outs(%z1 : tensor<4x8xf32>) dimensions = [1]
  %m = arith.divf %b, %n : tensor<4x8xf32>
  %me = arith.addf %m, %eps : tensor<4x8xf32>
  %r = math.rsqrt %me : tensor<4x8xf32>
  %rb = linalg.broadcast ins(%r : tensor<4x8xf32>) outs(%e : tensor<4x6x8xf32>) dimensions = [1]
  %y0 = arith.mulf %x, %rb : tensor<4x6x8xf32>
  return %y0 : tensor<4x6x8xf32>
}

// |x|, and the root of x^2, are not x.
// REMARK: Function=magnitude | Reason=statistics-of-another-tensor{{$}}
func.func @magnitude(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<8.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %m0 = math.absf %x : tensor<4x8xf32>
  %sq = arith.mulf %x, %x : tensor<4x8xf32>
  %b = linalg.reduce { arith.addf } ins(%sq : tensor<4x8xf32>) outs(%z1 : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %b, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x8xf32>) dimensions = [1]
  %y0 = arith.mulf %m0, %rb : tensor<4x8xf32>
  return %y0 : tensor<4x8xf32>
}

// REMARK: Function=root_of_square | Reason=statistics-of-another-tensor{{$}}
func.func @root_of_square(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %z1 = arith.constant dense<0.0> : tensor<4xf32>
  %n = arith.constant dense<8.0> : tensor<4xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<4xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %sq = arith.mulf %x, %x : tensor<4x8xf32>
  %m0 = math.sqrt %sq : tensor<4x8xf32>
  %b = linalg.reduce { arith.addf } ins(%sq : tensor<4x8xf32>) outs(%z1 : tensor<4xf32>) dimensions = [1]
  %m = arith.divf %b, %n : tensor<4xf32>
  %me = arith.addf %m, %eps : tensor<4xf32>
  %r = math.rsqrt %me : tensor<4xf32>
  %rb = linalg.broadcast ins(%r : tensor<4xf32>) outs(%e : tensor<4x8xf32>) dimensions = [1]
  %y0 = arith.mulf %m0, %rb : tensor<4x8xf32>
  return %y0 : tensor<4x8xf32>
}

// A cube behind a product of matrices, as in GELU, is no root of a statistic.
// REMARK-NOT: Function=cube
func.func @cube(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %zero = arith.constant dense<0.0> : tensor<8x8xf32>
  %three = arith.constant dense<3.0> : tensor<8x8xf32>
  %m = linalg.matmul ins(%x, %x : tensor<8x8xf32>, tensor<8x8xf32>) outs(%zero : tensor<8x8xf32>) -> tensor<8x8xf32>
  %y = math.powf %m, %three : tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
