// Norms that are spelled out, and what surrounds them in a model, between a gather
// and a return: all of it moves, and no rank's result changes in any bit.

// RUN: %commuter-opt %s --dist-check-shardings --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-commute-norms --canonicalize --cse | FileCheck %s
// RUN: %commuter-run %s --entry layer_norm --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry rms_norm --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry rms_norm_ragged --extent 0.0=3,0,17,1 --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry activations --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry rotary --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry query_key_norm --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry softmax_rows --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry softmax_op --compare | FileCheck %s --check-prefix=EXACT
// RUN: %commuter-run %s --entry overwritten --compare | FileCheck %s --check-prefixes=ROWS,EXACT

// ROWS: norm rows per rank 16 4 0.250

// RUN: %commuter-opt %s --dist-commute-norms=allow-extra-gather | FileCheck %s --check-prefix=EXTRA
// RUN: %commuter-run %s --entry captured_moved --pipeline 'dist-commute-norms{allow-extra-gather}' --compare | FileCheck %s --check-prefix=EXACT

// EXACT: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 4)
#map = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>

// A layer norm of bf16 in f32: two reductions, so two remarks.
// REMARK-COUNT-2: Function=layer_norm {{.*}} bytes-after=768, bytes-before=768, rows-after=4, rows-before=16
// CHECK-LABEL: func @layer_norm(
// CHECK: arith.extf
// CHECK-NOT: tensor<16x
// CHECK: %[[N:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4x32xbf16>)
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x32xbf16> -> tensor<16x32xbf16>
// CHECK-NEXT: return %[[G]]
func.func @layer_norm(%h: tensor<4x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                      %w: tensor<32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>},
                      %b: tensor<32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<16x32xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 32.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x32xbf16> -> tensor<16x32xbf16>
  %x = arith.extf %g : tensor<16x32xbf16> to tensor<16x32xf32>
  %e = tensor.empty() : tensor<16xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<16xf32>) -> tensor<16xf32>
  %sum = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]}
    ins(%x : tensor<16x32xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.addf %s, %a : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  %counts = tensor.splat %count : tensor<16xf32>
  %mean = arith.divf %sum, %counts : tensor<16xf32>
  %squares = linalg.generic {indexing_maps = [#map, #row, #row], iterator_types = ["parallel", "reduction"]}
    ins(%x, %mean : tensor<16x32xf32>, tensor<16xf32>) outs(%init : tensor<16xf32>) {
  ^bb0(%a: f32, %m: f32, %s: f32):
    %0 = arith.subf %a, %m : f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.addf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<16xf32>
  %out = tensor.empty() : tensor<16x32xbf16>
  %n = linalg.generic {indexing_maps = [#map, #row, #row, #column, #column, #map], iterator_types = ["parallel", "parallel"]}
    ins(%x, %mean, %squares, %w, %b : tensor<16x32xf32>, tensor<16xf32>, tensor<16xf32>, tensor<32xbf16>, tensor<32xbf16>)
    outs(%out : tensor<16x32xbf16>) {
  ^bb0(%a: f32, %m: f32, %s: f32, %c: bf16, %d: bf16, %o: bf16):
    // %count and %eps are captured.
    %0 = arith.divf %s, %count : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.subf %a, %m : f32
    %4 = arith.mulf %3, %2 : f32
    %5 = arith.extf %c : bf16 to f32
    %6 = arith.extf %d : bf16 to f32
    %7 = arith.mulf %4, %5 : f32
    %8 = arith.addf %7, %6 : f32
    %9 = arith.truncf %8 : f32 to bf16
    linalg.yield %9 : bf16
  } -> tensor<16x32xbf16>
  return %n : tensor<16x32xbf16>
}

// An RMS norm out of named ops, with the residual in front of it.
// REMARK-COUNT-1: Function=rms_norm {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @rms_norm(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x24xf32> {{.*}}, %[[R:[a-z0-9]*]]: tensor<4x24xf32>
// CHECK: %[[S:.*]] = arith.addf %[[H]], %[[R]] : tensor<4x24xf32>
// CHECK-NOT: tensor<16x
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x24xf32> -> tensor<16x24xf32>
// CHECK-NEXT: return %[[G]], %[[S]]
func.func @rms_norm(%h: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                    %r: tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                    %w: tensor<24xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>})
    -> (tensor<16x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>},
        tensor<4x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) {
  %zeros = arith.constant dense<0.0> : tensor<16xf32>
  %count = arith.constant dense<24.0> : tensor<16x1xf32>
  %eps = arith.constant dense<1.0e-6> : tensor<16x1xf32>
  %s = arith.addf %h, %r : tensor<4x24xf32>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<4x24xf32> -> tensor<16x24xf32>
  %own = dist.all_slice %g dim 0 over @mesh[dp] : tensor<16x24xf32> -> tensor<4x24xf32>
  %sq = arith.mulf %g, %g : tensor<16x24xf32>
  %sum = linalg.reduce { arith.addf } ins(%sq : tensor<16x24xf32>) outs(%zeros : tensor<16xf32>) dimensions = [1]
  %col = tensor.expand_shape %sum [[0, 1]] output_shape [16, 1] : tensor<16xf32> into tensor<16x1xf32>
  %mean = arith.divf %col, %count : tensor<16x1xf32>
  %me = arith.addf %mean, %eps : tensor<16x1xf32>
  %rs = math.rsqrt %me : tensor<16x1xf32>
  %flat = tensor.collapse_shape %rs [[0, 1]] : tensor<16x1xf32> into tensor<16xf32>
  %e = tensor.empty() : tensor<16x24xf32>
  %rb = linalg.broadcast ins(%flat : tensor<16xf32>) outs(%e : tensor<16x24xf32>) dimensions = [1]
  %wb = linalg.broadcast ins(%w : tensor<24xf32>) outs(%e : tensor<16x24xf32>) dimensions = [0]
  %n = arith.mulf %g, %rb : tensor<16x24xf32>
  %y = linalg.mul ins(%n, %wb : tensor<16x24xf32>, tensor<16x24xf32>) outs(%e : tensor<16x24xf32>) -> tensor<16x24xf32>
  return %y, %own : tensor<16x24xf32>, tensor<4x24xf32>
}

// Ragged: sizes are asked of the gathered value, and answered without it.
// REMARK-COUNT-1: Function=rms_norm_ragged {{.*}} rows-after=?, rows-before=?
// CHECK-LABEL: func @rms_norm_ragged(
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK-NEXT: return %[[G]]
func.func @rms_norm_ragged(%h: tensor<?x24xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<?x24xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %count = arith.constant 24.0 : f32
  %eps = arith.constant 1.0e-6 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x24xf32> -> tensor<?x24xf32>
  %d = tensor.dim %g, %c0 : tensor<?x24xf32>
  %e = tensor.empty(%d) : tensor<?xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]}
    ins(%g : tensor<?x24xf32>) outs(%init : tensor<?xf32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %s, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %out = tensor.empty(%d) : tensor<?x24xf32>
  %n = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]}
    ins(%g, %sum : tensor<?x24xf32>, tensor<?xf32>) outs(%out : tensor<?x24xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %s, %count : f32
    %1 = arith.addf %0, %eps : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %a, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x24xf32>
  return %n : tensor<?x24xf32>
}

// GELU by erf and by tanh, SiLU, around a norm.
// REMARK-COUNT-1: Function=activations {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @activations(
// CHECK: arith.negf
// CHECK-NOT: tensor<16x
// CHECK: dist.all_gather
func.func @activations(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %half = arith.constant dense<0.5> : tensor<16x8xf32>
  %one = arith.constant dense<1.0> : tensor<16x8xf32>
  %r2 = arith.constant dense<0.70710678118> : tensor<16x8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // silu(x) = x / (1 + exp(-x))
  %0 = arith.negf %g : tensor<16x8xf32>
  %1 = math.exp %0 : tensor<16x8xf32>
  %2 = arith.addf %1, %one : tensor<16x8xf32>
  %silu = arith.divf %g, %2 : tensor<16x8xf32>
  %n = norm.rms_norm %silu eps 1.0e-06 : tensor<16x8xf32>
  // gelu(x) = x / 2 * (1 + erf(x / sqrt(2)))
  %3 = arith.mulf %n, %r2 : tensor<16x8xf32>
  %4 = math.erf %3 : tensor<16x8xf32>
  %5 = arith.addf %4, %one : tensor<16x8xf32>
  %6 = arith.mulf %n, %half : tensor<16x8xf32>
  %gelu = arith.mulf %6, %5 : tensor<16x8xf32>
  %7 = math.tanh %gelu : tensor<16x8xf32>
  return %7 : tensor<16x8xf32>
}

// Rotary embedding: the halves of each row, swapped and negated, times tables of
// which the one is gathered alike and the other replicated.
// REMARK-COUNT-1: Function=rotary {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @rotary(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32> {{.*}}, %[[COS:[a-z0-9]*]]: tensor<4x8xf32> {{.*}}, %[[SIN:[a-z0-9]*]]: tensor<16x8xf32>
// CHECK: tensor.extract_slice %[[H]][0, 0] [4, 4] [1, 1] : tensor<4x8xf32> to tensor<4x4xf32>
// CHECK: tensor.extract_slice %[[H]][0, 4] [4, 4] [1, 1]
// CHECK: tensor.concat dim(1) %{{.*}} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x8xf32>
// CHECK: arith.mulf %[[H]], %[[COS]]
// CHECK: dist.all_slice %[[SIN]] dim 0 over @mesh[dp]
// CHECK: %[[N:.*]] = norm.rms_norm %{{.*}} : tensor<4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @rotary(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                  %cos: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                  %sin: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %gcos = dist.all_gather %cos dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %lo = tensor.extract_slice %g[0, 0] [16, 4] [1, 1] : tensor<16x8xf32> to tensor<16x4xf32>
  %hi = tensor.extract_slice %g[0, 4] [16, 4] [1, 1] : tensor<16x8xf32> to tensor<16x4xf32>
  %neg = arith.negf %hi : tensor<16x4xf32>
  %rot = tensor.concat dim(1) %neg, %lo : (tensor<16x4xf32>, tensor<16x4xf32>) -> tensor<16x8xf32>
  %a = arith.mulf %g, %gcos : tensor<16x8xf32>
  %b = arith.mulf %rot, %sin : tensor<16x8xf32>
  %s = arith.addf %a, %b : tensor<16x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %nlo = tensor.extract_slice %n[0, 0] [16, 4] [1, 1] : tensor<16x8xf32> to tensor<16x4xf32>
  %nhi = tensor.extract_slice %n[0, 4] [16, 4] [1, 1] : tensor<16x8xf32> to tensor<16x4xf32>
  %i0 = tensor.insert_slice %nlo into %e[0, 4] [16, 4] [1, 1] : tensor<16x4xf32> into tensor<16x8xf32>
  %i1 = tensor.insert_slice %nhi into %i0[0, 0] [16, 4] [1, 1] : tensor<16x4xf32> into tensor<16x8xf32>
  return %i1 : tensor<16x8xf32>
}

// A projection, split into heads, each of which is normalised; the rows of heads
// are one dimension in between.
// REMARK-COUNT-2: Function=query_key_norm {{.*}} rows-before=64
// CHECK-LABEL: func @query_key_norm(
// CHECK: linalg.matmul ins(%{{.*}} : tensor<4x8xf32>, tensor<8x32xf32>) outs(%{{.*}} : tensor<4x32xf32>)
// CHECK: tensor.expand_shape {{.*}} : tensor<4x32xf32> into tensor<4x4x8xf32>
// CHECK: tensor.collapse_shape {{.*}} : tensor<4x4x8xf32> into tensor<16x8xf32>
// CHECK: norm.rms_norm {{.*}} : tensor<16x8xf32>
// CHECK: tensor.expand_shape {{.*}} : tensor<16x8xf32> into tensor<4x4x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<16x4xf32>
func.func @query_key_norm(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>},
                          %w: tensor<8x32xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>})
    -> (tensor<16x4xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zero = arith.constant 0.0 : f32
  %zeros = arith.constant dense<0.0> : tensor<16x4xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x32xf32>) -> tensor<16x32xf32>
  %m = linalg.matmul ins(%g, %w : tensor<16x8xf32>, tensor<8x32xf32>) outs(%f : tensor<16x32xf32>) -> tensor<16x32xf32>
  %q = tensor.expand_shape %m [[0], [1, 2]] output_shape [16, 4, 8] : tensor<16x32xf32> into tensor<16x4x8xf32>
  %flat = tensor.collapse_shape %q [[0, 1], [2]] : tensor<16x4x8xf32> into tensor<64x8xf32>
  %n = norm.rms_norm %flat eps 1.0e-06 : tensor<64x8xf32>
  %heads = tensor.expand_shape %n [[0, 1], [2]] output_shape [16, 4, 8] : tensor<64x8xf32> into tensor<16x4x8xf32>
  %r = linalg.reduce { arith.maximumf } ins(%heads : tensor<16x4x8xf32>) outs(%zeros : tensor<16x4xf32>) dimensions = [2]
  return %r : tensor<16x4xf32>
}

// A softmax of rows: a maximum and a sum.
// REMARK-COUNT-2: Function=softmax_rows {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @softmax_rows(
// CHECK: linalg.reduce
// CHECK-NOT: tensor<16x
// CHECK: dist.all_gather
func.func @softmax_rows(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %zeros = arith.constant dense<0.0> : tensor<16xf32>
  %lowest = arith.constant dense<0xFF800000> : tensor<16xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %max = linalg.reduce { arith.maximumf } ins(%g : tensor<16x8xf32>) outs(%lowest : tensor<16xf32>) dimensions = [1]
  %exp = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]}
    ins(%g, %max : tensor<16x8xf32>, tensor<16xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %0 = arith.subf %a, %m : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<16x8xf32>
  %sum = linalg.reduce { arith.addf } ins(%exp : tensor<16x8xf32>) outs(%zeros : tensor<16xf32>) dimensions = [1]
  %y = linalg.generic {indexing_maps = [#map, #row, #map], iterator_types = ["parallel", "parallel"]}
    ins(%exp, %sum : tensor<16x8xf32>, tensor<16xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %s: f32, %o: f32):
    %0 = arith.divf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<16x8xf32>
  return %y : tensor<16x8xf32>
}

// The same in one op.
// REMARK: Function=softmax_op {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @softmax_op(
// CHECK: linalg.softmax {{.*}} -> tensor<4x8xf32>
// CHECK: dist.all_gather
func.func @softmax_op(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>})
    -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %y = linalg.softmax dimension(1) ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) -> tensor<16x8xf32>
  return %y : tensor<16x8xf32>
}

// A region looks up a row of a value that moves: that value is gathered for it.
// EXTRA-LABEL: func @captured_moved(
// EXTRA: %[[S:.*]] = math.sin %{{.*}} : tensor<4x8xf32>
// EXTRA: %[[A:.*]] = dist.all_gather %[[S]] dim 0
// EXTRA: linalg.generic {{.*}} ins(%[[S]] : tensor<4x8xf32>)
// EXTRA: tensor.extract %[[A]][%{{.*}}, %{{.*}}] : tensor<16x8xf32>
// EXTRA: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @captured_moved(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %a = math.sin %g : tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
    ins(%a : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %b = tensor.extract %a[%c0, %c0] : tensor<16x8xf32>
    %0 = arith.subf %x, %b : f32
    linalg.yield %0 : f32
  } -> tensor<16x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// What is overwritten may differ between the ranks, rows and parameter.
func.func @overwritten(%h: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %u: tensor<8xf32>, %v: tensor<16x8xf32>) -> (tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %s = linalg.map { math.exp } ins(%w : tensor<8xf32>) outs(%u : tensor<8xf32>)
  %m = linalg.map { math.absf } ins(%g : tensor<16x8xf32>) outs(%v : tensor<16x8xf32>)
  %n = norm.rms_norm %m scale %s eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n, %v : tensor<16x8xf32>, tensor<16x8xf32>
}
