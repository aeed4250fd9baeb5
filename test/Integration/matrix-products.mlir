// Matrix products as calls of the runtime have the bits of the loops.

// RUN: rm -rf %t && mkdir %t
// RUN: sed -e s/DP/4/g -e s/TOTAL/20/g -e s/COLUMNS/44/g %s > %t/4.mlir
// RUN: for f in f32 bf16 narrow half batch contracted columns; do \
// RUN:   %commuter-run %t/4.mlir --entry=$f --output-dir=%t/$f > %t/table && \
// RUN:   %commuter-run %t/4.mlir --entry=$f --contraction-loops --output-dir=%t/$f-loops > %t/table && \
// RUN:   diff -r %t/$f %t/$f-loops && ls %t/$f || exit 1; done | FileCheck %s --check-prefix=LOOPS
// LOOPS-COUNT-7: result0.npy

// A product moves in front of a gather of its rows, or of its columns: the bits of an
// element depend on its row and column alone.
// RUN: for f in f32 bf16 narrow half batch; do \
// RUN:   %commuter-run %t/4.mlir --entry=$f --compare || exit 1; done | FileCheck %s --check-prefix=FOUR
// RUN: %commuter-run %t/4.mlir --entry=columns --compare | FileCheck %s --check-prefix=COLUMNS
// RUN: sed -e s/DP/3/g -e s/TOTAL/15/g -e s/COLUMNS/33/g %s > %t/3.mlir
// RUN: for f in f32 bf16 narrow half batch columns; do \
// RUN:   %commuter-run %t/3.mlir --entry=$f --seed 5 --compare || exit 1; done | FileCheck %s --check-prefix=THREE
// RUN: sed -e s/DP/8/g -e s/TOTAL/40/g -e s/COLUMNS/88/g %s > %t/8.mlir
// RUN: %commuter-run %t/8.mlir --entry=bf16 --compare | FileCheck %s --check-prefix=EIGHT
// FOUR-COUNT-5: bit-exact on 4/4 ranks
// COLUMNS: norm rows per rank 44 11
// COLUMNS: bit-exact on 4/4 ranks
// THREE-COUNT-6: bit-exact on 3/3 ranks
// EIGHT: norm rows per rank 40 5
// EIGHT: bit-exact on 8/8 ranks

// Ragged rows, before the gather and behind it.
// RUN: for e in 13,0,1,5 1,250,2,1 0,0,0,0; do for f in before behind; do \
// RUN:   %commuter-run %t/4.mlir --entry=$f --extent 0.0=$e --pipeline=none --output-dir=%t/$f-$e > %t/table || exit 1; done; \
// RUN:   cmp %t/before-$e/result0.npy %t/behind-$e/result0.npy && ls %t/before-$e || exit 1; done | FileCheck %s --check-prefix=RAGGED
// RAGGED-COUNT-3: result0.npy

dist.mesh @mesh(dp = DP)

#rows = #dist.sharding<@mesh, [{dp}, {}]>
#all = #dist.sharding<@mesh, [{}, {}]>

func.func @f32(%x: tensor<5x300xf32> {dist.sharding = #rows}, %w: tensor<300x70xf32> {dist.sharding = #all}) -> tensor<TOTALx70xf32> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<5x300xf32> -> tensor<TOTALx300xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<TOTALx70xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<TOTALx70xf32>) -> tensor<TOTALx70xf32>
  %y = linalg.matmul ins(%g, %w : tensor<TOTALx300xf32>, tensor<300x70xf32>) outs(%z : tensor<TOTALx70xf32>) -> tensor<TOTALx70xf32>
  %r = norm.rms_norm %y eps 1.0e-06 : tensor<TOTALx70xf32>
  return %r : tensor<TOTALx70xf32>
}

// Sums in f32, then rounded.
func.func @bf16(%x: tensor<5x300xbf16> {dist.sharding = #rows}, %w: tensor<300x70xbf16> {dist.sharding = #all}) -> tensor<TOTALx70xbf16> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<5x300xbf16> -> tensor<TOTALx300xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<TOTALx70xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<TOTALx70xf32>) -> tensor<TOTALx70xf32>
  %y = linalg.matmul ins(%g, %w : tensor<TOTALx300xbf16>, tensor<300x70xbf16>) outs(%z : tensor<TOTALx70xf32>) -> tensor<TOTALx70xf32>
  %b = arith.truncf %y : tensor<TOTALx70xf32> to tensor<TOTALx70xbf16>
  %r = norm.layer_norm %b eps 1.0e-06 : tensor<TOTALx70xbf16>
  return %r : tensor<TOTALx70xbf16>
}

// Rounded at each step, as it is written.
func.func @narrow(%x: tensor<5x40xbf16> {dist.sharding = #rows}, %w: tensor<40x37xbf16> {dist.sharding = #all}) -> tensor<TOTALx37xbf16> {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<5x40xbf16> -> tensor<TOTALx40xbf16>
  %zero = arith.constant 0.0 : bf16
  %e = tensor.empty() : tensor<TOTALx37xbf16>
  %z = linalg.fill ins(%zero : bf16) outs(%e : tensor<TOTALx37xbf16>) -> tensor<TOTALx37xbf16>
  %y = linalg.matmul ins(%g, %w : tensor<TOTALx40xbf16>, tensor<40x37xbf16>) outs(%z : tensor<TOTALx37xbf16>) -> tensor<TOTALx37xbf16>
  %r = norm.rms_norm %y eps 1.0e-06 : tensor<TOTALx37xbf16>
  return %r : tensor<TOTALx37xbf16>
}

// The weights transposed, and an addition in front.
func.func @half(%x: tensor<5x40xf16> {dist.sharding = #rows}, %h: tensor<5x40xf16> {dist.sharding = #rows}, %w: tensor<37x40xf16> {dist.sharding = #all}) -> tensor<TOTALx37xf16> {
  %s = arith.addf %x, %h : tensor<5x40xf16>
  %g = dist.all_gather %s dim 0 over @mesh[dp] : tensor<5x40xf16> -> tensor<TOTALx40xf16>
  %zero = arith.constant 0.0 : f16
  %e = tensor.empty() : tensor<TOTALx37xf16>
  %z = linalg.fill ins(%zero : f16) outs(%e : tensor<TOTALx37xf16>) -> tensor<TOTALx37xf16>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%g, %w : tensor<TOTALx40xf16>, tensor<37x40xf16>) outs(%z : tensor<TOTALx37xf16>) {
  ^bb0(%a: f16, %b: f16, %c: f16):
    %p = arith.mulf %a, %b : f16
    %t = arith.addf %c, %p : f16
    linalg.yield %t : f16
  } -> tensor<TOTALx37xf16>
  %r = norm.rms_norm %y eps 1.0e-06 : tensor<TOTALx37xf16>
  return %r : tensor<TOTALx37xf16>
}

// Attention's scores: a batch of heads, and the sum starts from a mask.
func.func @batch(%q: tensor<3x5x16xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}, {}]>}, %k: tensor<3x16x21xbf16> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) -> tensor<3xTOTALx21xf32> {
  %g = dist.all_gather %q dim 1 over @mesh[dp] : tensor<3x5x16xbf16> -> tensor<3xTOTALx16xbf16>
  %mask = arith.constant -0.5 : f32
  %e = tensor.empty() : tensor<3xTOTALx21xf32>
  %z = linalg.fill ins(%mask : f32) outs(%e : tensor<3xTOTALx21xf32>) -> tensor<3xTOTALx21xf32>
  %y = linalg.batch_matmul ins(%g, %k : tensor<3xTOTALx16xbf16>, tensor<3x16x21xbf16>) outs(%z : tensor<3xTOTALx21xf32>) -> tensor<3xTOTALx21xf32>
  %r = norm.rms_norm %y eps 1.0e-06 : tensor<3xTOTALx21xf32>
  return %r : tensor<3xTOTALx21xf32>
}

// Two loops of rows, two of the depth.
func.func @contracted(%x: tensor<2x7x3x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}, {}]>}, %w: tensor<3x9x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}, %z: tensor<2x7x9xf32>) -> tensor<2x7x9xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, n, j, k) -> (a, b, j, k)>, affine_map<(a, b, n, j, k) -> (j, n, k)>, affine_map<(a, b, n, j, k) -> (a, b, n)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %w : tensor<2x7x3x8xf32>, tensor<3x9x8xf32>) outs(%z : tensor<2x7x9xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %p, %c : f32
    linalg.yield %t : f32
  } -> tensor<2x7x9xf32>
  return %y : tensor<2x7x9xf32>
}

// The columns of the weights are gathered, and the norm is over the rows.
func.func @columns(%x: tensor<30x40xf32> {dist.sharding = #all}, %w: tensor<40x11xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}]>}) -> tensor<COLUMNSx30xf32> {
  %g = dist.all_gather %w dim 1 over @mesh[dp] : tensor<40x11xf32> -> tensor<40xCOLUMNSxf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<COLUMNSx30xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<COLUMNSx30xf32>) -> tensor<COLUMNSx30xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %g : tensor<30x40xf32>, tensor<40xCOLUMNSxf32>) outs(%z : tensor<COLUMNSx30xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %t = arith.addf %c, %p : f32
    linalg.yield %t : f32
  } -> tensor<COLUMNSx30xf32>
  %r = norm.rms_norm %y eps 1.0e-06 : tensor<COLUMNSx30xf32>
  return %r : tensor<COLUMNSx30xf32>
}

func.func @behind(%x: tensor<?x300xbf16> {dist.sharding = #rows}, %w: tensor<300x70xbf16> {dist.sharding = #all}) -> (tensor<?x70xf32> {dist.sharding = #all}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x300xbf16> -> tensor<?x300xbf16>
  %y = call @product(%g, %w) : (tensor<?x300xbf16>, tensor<300x70xbf16>) -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}

func.func @before(%x: tensor<?x300xbf16> {dist.sharding = #rows}, %w: tensor<300x70xbf16> {dist.sharding = #all}) -> (tensor<?x70xf32> {dist.sharding = #all}) {
  %y = call @product(%x, %w) : (tensor<?x300xbf16>, tensor<300x70xbf16>) -> tensor<?x70xf32>
  %g = dist.all_gather %y dim 0 over @mesh[dp] : tensor<?x70xf32> -> tensor<?x70xf32>
  return %g : tensor<?x70xf32>
}

func.func private @product(%x: tensor<?x300xbf16>, %w: tensor<300x70xbf16>) -> tensor<?x70xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x300xbf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x70xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x70xf32>) -> tensor<?x70xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x300xbf16>, tensor<300x70xbf16>) outs(%z : tensor<?x70xf32>) -> tensor<?x70xf32>
  return %y : tensor<?x70xf32>
}
