// RUN: %commuter-opt %s --dist-commute-norms --split-input-file --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-commute-norms --split-input-file | FileCheck %s

// Structured ops between a gather of rows and a norm: the norm's move needs all
// of them to move.

// REMARK-NOT: [Missed]

dist.mesh @mesh(dp = 4)

// A product with replicated weights; the result it accumulates into is made anew
// with the local shape.
// CHECK-LABEL: func @matmul(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[W:[a-z0-9]*]]: tensor<8x8xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4x8xf32>
// CHECK: %[[F:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[E]] : tensor<4x8xf32>)
// CHECK: %[[M:.*]] = linalg.matmul ins(%[[H]], %[[W]] : tensor<4x8xf32>, tensor<8x8xf32>) outs(%[[F]] : tensor<4x8xf32>)
// CHECK: %[[N:.*]] = norm.rms_norm %[[M]] {{.*}} : tensor<4x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp]
func.func @matmul(%h: tensor<4x8xf32>, %w: tensor<8x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}) -> tensor<16x8xf32> {
  %zero = arith.constant 0.0 : f32
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x8xf32>) -> tensor<16x8xf32>
  %m = linalg.matmul ins(%g, %w : tensor<16x8xf32>, tensor<8x8xf32>) outs(%f : tensor<16x8xf32>) -> tensor<16x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// Gathered along the batch, both operands alike.
// CHECK-LABEL: func @batch_matmul(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<2x3x5xf32>, %[[B:[a-z0-9]*]]: tensor<2x5x8xf32>, %[[C:[a-z0-9]*]]: tensor<8x3x8xf32>
// CHECK: %[[L:.*]] = dist.all_slice %[[C]] dim 0 over @mesh[dp] : tensor<8x3x8xf32> -> tensor<2x3x8xf32>
// CHECK: %[[M:.*]] = linalg.batch_matmul ins(%[[A]], %[[B]] : {{.*}}) outs(%[[L]] : tensor<2x3x8xf32>)
// CHECK: %[[N:.*]] = norm.rms_norm %[[M]] {{.*}} : tensor<2x3x8xf32>
// CHECK: dist.all_gather %[[N]] dim 0
func.func @batch_matmul(%a: tensor<2x3x5xf32>, %b: tensor<2x5x8xf32>, %c: tensor<8x3x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}, {}]>}) -> tensor<8x3x8xf32> {
  %ga = dist.all_gather %a dim 0 over @mesh[dp] : tensor<2x3x5xf32> -> tensor<8x3x5xf32>
  %gb = dist.all_gather %b dim 0 over @mesh[dp] : tensor<2x5x8xf32> -> tensor<8x5x8xf32>
  %m = linalg.batch_matmul ins(%ga, %gb : tensor<8x3x5xf32>, tensor<8x5x8xf32>) outs(%c : tensor<8x3x8xf32>) -> tensor<8x3x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<8x3x8xf32>
  return %n : tensor<8x3x8xf32>
}

// A transposition carries the gathered dimension along.
// CHECK-LABEL: func @transpose(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<8x4xf32>
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4x8xf32>
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[H]] : tensor<8x4xf32>) outs(%[[E]] : tensor<4x8xf32>) permutation = [1, 0]
// CHECK: %[[N:.*]] = norm.rms_norm %[[T]]
// CHECK: dist.all_gather %[[N]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
func.func @transpose(%h: tensor<8x4xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<8x4xf32> -> tensor<8x16xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %t = linalg.transpose ins(%g : tensor<8x16xf32>) outs(%e : tensor<16x8xf32>) permutation = [1, 0]
  %n = norm.rms_norm %t eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// CHECK-LABEL: func @broadcast_map_elementwise(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4xf32>
// CHECK: %[[B:.*]] = linalg.broadcast ins(%[[H]] : tensor<4xf32>) outs(%{{.*}} : tensor<4x8xf32>) dimensions = [1]
// CHECK: %[[M:.*]] = linalg.map { math.absf } ins(%[[B]] : tensor<4x8xf32>) outs(%{{.*}} : tensor<4x8xf32>)
// CHECK: %[[X:.*]] = linalg.elementwise kind=#linalg.elementwise_kind<exp> ins(%[[M]] : tensor<4x8xf32>)
// CHECK: %[[S:.*]] = linalg.softmax dimension(1) ins(%[[X]] : tensor<4x8xf32>)
// CHECK: norm.rms_norm %[[S]] {{.*}} : tensor<4x8xf32>
func.func @broadcast_map_elementwise(%h: tensor<4xf32>) -> tensor<16xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<16xf32>
  %zero = arith.constant dense<0.0> : tensor<16xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %b = linalg.broadcast ins(%g : tensor<16xf32>) outs(%e : tensor<16x8xf32>) dimensions = [1]
  %m = linalg.map { math.absf } ins(%b : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>)
  %x = linalg.elementwise kind=#linalg.elementwise_kind<exp> ins(%m : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) -> tensor<16x8xf32>
  %s = linalg.softmax dimension(1) ins(%x : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) -> tensor<16x8xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  %r = linalg.reduce { arith.addf } ins(%n : tensor<16x8xf32>) outs(%zero : tensor<16xf32>) dimensions = [1]
  return %r : tensor<16xf32>
}

// What a region captures is needed whole; here it is replicated. The index along
// another dimension than the gathered one is the same on a slice.
// CHECK-LABEL: func @generic_captures(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[T:[a-z0-9]*]]: tensor<8xf32> {{.*}}, %[[S:[a-z0-9]*]]: f32
// CHECK: linalg.generic {{.*}} ins(%[[H]] : tensor<4x8xf32>) outs(%{{.*}} : tensor<4x8xf32>)
// CHECK: linalg.index 1
// CHECK: tensor.extract %[[T]]
// CHECK: arith.mulf %{{.*}}, %[[S]]
// CHECK: norm.rms_norm {{.*}} : tensor<4x8xf32>
func.func @generic_captures(%h: tensor<4x8xf32>, %t: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %s: f32 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
    ins(%g : tensor<16x8xf32>) outs(%e : tensor<16x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %j = linalg.index 1 : index
    %b = tensor.extract %t[%j] : tensor<8xf32>
    %c = arith.addf %a, %b : f32
    %d = arith.mulf %c, %s : f32
    linalg.yield %d : f32
  } -> tensor<16x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// Weights broadcast to all rows are broadcast to the rank's rows only: no slice of
// the whole is taken.
// CHECK-LABEL: func @broadcast_weights(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>, %[[W:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[B:.*]] = linalg.broadcast ins(%[[W]] : tensor<8xf32>) outs(%{{.*}} : tensor<4x8xf32>) dimensions = [0]
// CHECK: %[[O:.*]] = arith.addf %[[B]], %{{.*}} : tensor<4x8xf32>
// CHECK-NOT: dist.all_slice
// CHECK: %[[M:.*]] = arith.mulf %[[H]], %[[O]] : tensor<4x8xf32>
// CHECK: norm.rms_norm %[[M]]
func.func @broadcast_weights(%h: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<16x8xf32> {
  %one = arith.constant dense<1.0> : tensor<16x8xf32>
  %e = tensor.empty() : tensor<16x8xf32>
  %b = linalg.broadcast ins(%w : tensor<8xf32>) outs(%e : tensor<16x8xf32>) dimensions = [0]
  %o = arith.addf %b, %one : tensor<16x8xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = arith.mulf %g, %o : tensor<16x8xf32>
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// A table made of row numbers is the same on all ranks, but each needs its own
// rows of it: it is made whole and sliced.
// CHECK-LABEL: func @row_numbers(
// CHECK: %[[T:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<16x1xf32>)
// CHECK: %[[L:.*]] = dist.all_slice %[[T]] dim 0 over @mesh[dp] : tensor<16x1xf32> -> tensor<4x1xf32>
// CHECK: arith.addf %{{.*}}, %[[L]] : tensor<4x1xf32>
func.func @row_numbers(%h: tensor<4x1xf32>) -> tensor<16x1xf32> {
  %e = tensor.empty() : tensor<16x1xf32>
  %t = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<16x1xf32>) {
  ^bb0(%o: f32):
    %i = linalg.index 0 : index
    %0 = arith.index_cast %i : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    linalg.yield %1 : f32
  } -> tensor<16x1xf32>
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x1xf32> -> tensor<16x1xf32>
  %s = arith.addf %g, %t : tensor<16x1xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x1xf32>
  return %n : tensor<16x1xf32>
}

// Two results, of which each has the rows in another place.
// REMARK: Function=several_results {{.*}} rows-after=4, rows-before=16
// CHECK-LABEL: func @several_results(
// CHECK: %[[R:.*]]:2 = linalg.generic {{.*}} ins(%{{.*}} : tensor<4x8xf32>) outs(%{{.*}}, %{{.*}} : tensor<4xf32>, tensor<8x4xbf16>)
// CHECK-DAG: dist.all_gather %[[R]]#0 dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<16xf32>
// CHECK-DAG: dist.all_gather %[[R]]#1 dim 1 over @mesh[dp] : tensor<8x4xbf16> -> tensor<8x16xbf16>
func.func @several_results(%h: tensor<4x8xf32>, %z: tensor<16xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<16xf32>, tensor<8x16xbf16>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<8x16xbf16>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j, i)>], iterator_types = ["parallel", "reduction"]}
    ins(%g : tensor<16x8xf32>) outs(%z, %e : tensor<16xf32>, tensor<8x16xbf16>) {
  ^bb0(%a: f32, %s: f32, %o: bf16):
    %0 = arith.addf %a, %s : f32
    %1 = arith.truncf %a : f32 to bf16
    linalg.yield %0, %1 : f32, bf16
  } -> (tensor<16xf32>, tensor<8x16xbf16>)
  return %r#0, %r#1 : tensor<16xf32>, tensor<8x16xbf16>
}

// -----

// Rows whose number is known at run time only: the size of the gathered value is
// the sum of the extents, and asking for it needs no gather.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @dynamic(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK-DAG: %[[N0:.*]] = tensor.extract %[[C]][%{{.*}}] : tensor<2xindex>
// CHECK-DAG: %[[N1:.*]] = tensor.extract %[[C]][%{{.*}}] : tensor<2xindex>
// CHECK-DAG: %[[SUM:.*]] = arith.addi %[[N0]], %[[N1]] : index
// CHECK: %[[D:.*]] = tensor.dim %[[H]], %{{.*}} : tensor<?x8xf32>
// CHECK: %[[E:.*]] = tensor.empty(%[[D]]) : tensor<?xf32>
// CHECK: %[[F:.*]] = linalg.fill ins(%{{.*}} : f32) outs(%[[E]] : tensor<?xf32>)
// CHECK: %[[R:.*]] = linalg.reduce {{.*}} ins(%[[H]] : tensor<?x8xf32>) outs(%[[F]] : tensor<?xf32>)
// CHECK: %[[G:.*]] = dist.all_gather %[[R]] dim 0 extents %[[C]] over @mesh[dp]
// CHECK: return %[[G]], %[[SUM]]
func.func @dynamic(%h: tensor<?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?xf32>, index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %d = tensor.dim %g, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%d) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %r = linalg.reduce { arith.addf } ins(%g : tensor<?x8xf32>) outs(%f : tensor<?xf32>) dimensions = [1]
  return %r, %d : tensor<?xf32>, index
}

// -----

dist.mesh @mesh(dp = 4)

// What an op overwrites, and does not read, may differ between the ranks: the slice
// gets memory of its own.
// CHECK-LABEL: func @overwritten(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[E:.*]] = tensor.empty() : tensor<4x8xf32>
// CHECK-NEXT: %[[M:.*]] = linalg.map { math.exp } ins(%[[H]] : tensor<4x8xf32>) outs(%[[E]] : tensor<4x8xf32>)
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[M]]
// CHECK-NEXT: dist.all_gather %[[N]]
func.func @overwritten(%h: tensor<4x8xf32>, %v: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %m = linalg.map { math.exp } ins(%g : tensor<16x8xf32>) outs(%v : tensor<16x8xf32>)
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}

// So what is computed of a parameter is the same on all ranks, wherever it is put; a
// sum that is pending there is lost on nobody.
// CHECK-LABEL: func @overwritten_parameter(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x8xf32>
// CHECK: %[[C:.*]] = linalg.map
// CHECK: norm.rms_norm %[[H]] scale %[[C]] {{.*}} : tensor<4x8xf32>
func.func @overwritten_parameter(%h: tensor<4x8xf32>, %w: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %v: tensor<8xf32> {dist.sharding = #dist.sharding<@mesh, [{}], unreduced {dp}>}) -> tensor<16x8xf32> {
  %c = linalg.map { math.exp } ins(%w : tensor<8xf32>) outs(%v : tensor<8xf32>)
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g scale %c eps 1.0e-06 : tensor<16x8xf32>, tensor<8xf32>
  return %n : tensor<16x8xf32>
}
