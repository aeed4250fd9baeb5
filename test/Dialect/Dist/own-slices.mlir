// The rank's own slice of what is gathered may be spelled out, as a slice at an
// offset that the rank computes of its place: it is taken back all the same.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --dist-place-collectives | FileCheck %s --check-prefix=PLACED

dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @product(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>)
// CHECK-NOT: extract_slice
// CHECK: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK: return %[[H]], %[[G]]
// PLACED-LABEL: func @product(
// PLACED-SAME: %[[H:.*]]: tensor<4x8xf32>)
// PLACED: return %[[H]],
func.func @product(%h: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %c4 = arith.constant 4 : index
  %offset = arith.muli %i, %c4 : index
  %own = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %own, %n : tensor<4x8xf32>, tensor<16x8xf32>
}

// As an affine map; by an integer that holds it; along another dimension; of what is
// computed of the gathered value.
// CHECK-LABEL: func @spellings(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>, %[[C:.*]]: tensor<4x2x8xf32>)
// CHECK-NOT: extract_slice
// CHECK: %[[S:.*]] = arith.addf %[[H]], %[[H]] : tensor<4x8xf32>
// CHECK: %[[D:.*]] = arith.addf %[[C]], %[[C]] : tensor<4x2x8xf32>
// CHECK: return %[[S]], %[[H]], %[[D]]
func.func @spellings(%h: tensor<4x8xf32>, %c: tensor<4x2x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2x8xf32>, tensor<16x8xf32>, tensor<4x8x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %s = arith.addf %g, %g : tensor<16x8xf32>
  %applied = affine.apply affine_map<(d0) -> (d0 * 4)>(%i)
  %a = tensor.extract_slice %s[%applied, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
  %c4 = arith.constant 4 : i8
  %j = arith.index_cast %i : index to i8
  %product = arith.muli %c4, %j : i8
  %offset = arith.index_castui %product : i8 to index
  %b = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
  %k = dist.all_gather %c dim 1 over @mesh[dp] : tensor<4x2x8xf32> -> tensor<4x8x8xf32>
  %t = arith.addf %k, %k : tensor<4x8x8xf32>
  %column = affine.apply affine_map<()[s0] -> (s0 * 2)>()[%i]
  %d = tensor.extract_slice %t[0, %column, 0] [4, 2, 8] [1, 1, 1] : tensor<4x8x8xf32> to tensor<4x2x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x8xf32>
  // expected-remark @+1 {{rows-after=8, rows-before=32}}
  %m = norm.rms_norm %t eps 1.0e-06 : tensor<4x8x8xf32>
  return %a, %b, %d, %n, %m : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x2x8xf32>, tensor<16x8xf32>, tensor<4x8x8xf32>
}

// -----

// One row a rank, as a vector; and the same of a column, between two that stay.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @dropped_dims(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<1x8xf32>, %[[C:[a-z0-9]+]]: tensor<1x1x8xf32>
// CHECK: %[[V:.*]] = tensor.extract_slice %[[H]][0, 0] [1, 8] [1, 1] : tensor<1x8xf32> to tensor<8xf32>
// CHECK: %[[W:.*]] = tensor.extract_slice %[[C]][0, 0, 0] [1, 1, 8] [1, 1, 1] : tensor<1x1x8xf32> to tensor<1x8xf32>
// CHECK: return %[[V]], %[[W]]
func.func @dropped_dims(%h: tensor<1x8xf32>, %c: tensor<1x1x8xf32>) -> (tensor<8xf32>, tensor<1x8xf32>, tensor<4x8xf32>, tensor<1x4x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<1x8xf32> -> tensor<4x8xf32>
  %k = dist.all_gather %c dim 1 over @mesh[dp] : tensor<1x1x8xf32> -> tensor<1x4x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %v = tensor.extract_slice %g[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
  %w = tensor.extract_slice %k[0, %i, 0] [1, 1, 8] [1, 1, 1] : tensor<1x4x8xf32> to tensor<1x8xf32>
  // expected-remark @+1 {{rows-after=1, rows-before=4}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<4x8xf32>
  // expected-remark @+1 {{rows-after=1, rows-before=4}}
  %m = norm.rms_norm %k eps 1.0e-06 : tensor<1x4x8xf32>
  return %v, %w, %n, %m : tensor<8xf32>, tensor<1x8xf32>, tensor<4x8xf32>, tensor<1x4x8xf32>
}

// -----

// In a branch, whose ops alone ask for the rank: it is looked for in all regions.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @inside(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<4x8xf32>,
// CHECK-NOT: extract_slice
// CHECK: scf.yield %[[H]]
// CHECK: norm.rms_norm %[[H]]
func.func @inside(%h: tensor<4x8xf32>, %z: tensor<4x8xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<4x8xf32>, tensor<16x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %own = scf.if %c -> (tensor<4x8xf32>) {
    %i = dist.axis_index @mesh[dp] : index
    %c4 = arith.constant 4 : index
    %offset = arith.muli %i, %c4 : index
    %s = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
    scf.yield %s : tensor<4x8xf32>
  } else {
    scf.yield %z : tensor<4x8xf32>
  }
  // expected-remark @+1 {{rows-after=4, rows-before=16}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %own, %n : tensor<4x8xf32>, tensor<16x8xf32>
}

// -----

// Of several axes the last is the fastest, in a gather and in an index.
dist.mesh @mesh(dp = 2, tp = 3, one = 1)
// CHECK-LABEL: func @several_axes(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>)
// CHECK-NOT: extract_slice
// CHECK: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK: return %[[H]], %[[H]],
func.func @several_axes(%h: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<24x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp, tp] : tensor<4x8xf32> -> tensor<24x8xf32>
  %c4 = arith.constant 4 : index
  %c3 = arith.constant 3 : index
  %i = dist.axis_index @mesh[dp, one, tp] : index
  %offset = arith.muli %i, %c4 : index
  %a = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<24x8xf32> to tensor<4x8xf32>
  %d = dist.axis_index @mesh[dp] : index
  %t = dist.axis_index @mesh[tp] : index
  %row = arith.muli %d, %c3 : index
  %place = arith.addi %t, %row : index
  %scaled = arith.muli %place, %c4 : index
  %b = tensor.extract_slice %g[%scaled, 0] [4, 8] [1, 1] : tensor<24x8xf32> to tensor<4x8xf32>
  // expected-remark @+1 {{rows-after=4, rows-before=24}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<24x8xf32>
  return %a, %b, %n : tensor<4x8xf32>, tensor<4x8xf32>, tensor<24x8xf32>
}

// Here the first is: no rank's own part. Over one of the axes it is larger than that.
// CHECK-LABEL: func @other_order(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK-DAG: %[[A:.*]] = dist.all_slice %[[G]] dim 0 over @mesh[tp, dp]
// CHECK-DAG: %[[B:.*]] = dist.all_slice %[[G]] dim 0 over @mesh[dp]
// CHECK: return %[[A]], %[[B]]
func.func @other_order(%h: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<12x8xf32>, tensor<24x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp, tp] : tensor<4x8xf32> -> tensor<24x8xf32>
  %d = dist.axis_index @mesh[dp] : index
  %t = dist.axis_index @mesh[tp] : index
  %offset = affine.apply affine_map<(d0, d1) -> (d0 * 4 + d1 * 8)>(%d, %t)
  %a = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<24x8xf32> to tensor<4x8xf32>
  %half = affine.apply affine_map<(d0) -> (d0 * 12)>(%d)
  %b = tensor.extract_slice %g[%half, 0] [12, 8] [1, 1] : tensor<24x8xf32> to tensor<12x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<24x8xf32>
  return %a, %b, %n : tensor<4x8xf32>, tensor<12x8xf32>, tensor<24x8xf32>
}

// -----

// Parts of the own rows, neighbours' rows, every other row, parts of columns; a
// number that is too large for its type, and what is not the same on all ranks.
dist.mesh @mesh(dp = 4)
// CHECK-LABEL: func @others(
// CHECK-NOT: all_slice
// CHECK-COUNT-7: tensor.extract_slice
func.func @others(%h: tensor<40x8xf32>, %v: tensor<160x8xf32>) -> (tensor<20x8xf32>, tensor<40x8xf32>, tensor<20x8xf32>, tensor<40x4xf32>, tensor<40x8xf32>, tensor<40x8xf32>, tensor<8xf32>, tensor<160x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<40x8xf32> -> tensor<160x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %offset = affine.apply affine_map<(d0) -> (d0 * 40)>(%i)
  %part = tensor.extract_slice %g[%offset, 0] [20, 8] [1, 1] : tensor<160x8xf32> to tensor<20x8xf32>
  %next = affine.apply affine_map<(d0) -> (d0 * 20 + 20)>(%i)
  %neighbours = tensor.extract_slice %g[%next, 0] [40, 8] [1, 1] : tensor<160x8xf32> to tensor<40x8xf32>
  %strided = tensor.extract_slice %g[%offset, 0] [20, 8] [2, 1] : tensor<160x8xf32> to tensor<20x8xf32>
  %columns = tensor.extract_slice %g[%offset, 0] [40, 4] [1, 1] : tensor<160x8xf32> to tensor<40x4xf32>
  %c40 = arith.constant 40 : i7
  %j = arith.index_cast %i : index to i7
  %product = arith.muli %j, %c40 : i7
  %wrapped = arith.index_castui %product : i7 to index
  %large = tensor.extract_slice %g[%wrapped, 0] [40, 8] [1, 1] : tensor<160x8xf32> to tensor<40x8xf32>
  %own = tensor.extract_slice %v[%offset, 0] [40, 8] [1, 1] : tensor<160x8xf32> to tensor<40x8xf32>
  %row = tensor.extract_slice %g[%offset, 0] [1, 8] [1, 1] : tensor<160x8xf32> to tensor<8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<160x8xf32>
  return %part, %neighbours, %strided, %columns, %large, %own, %row, %n : tensor<20x8xf32>, tensor<40x8xf32>, tensor<20x8xf32>, tensor<40x4xf32>, tensor<40x8xf32>, tensor<40x8xf32>, tensor<8xf32>, tensor<160x8xf32>
}

// -----

// How many ranks there are, and how long their parts are, is not known.
dist.mesh @mesh(dp = ?, tp = 2)
// CHECK-LABEL: func @unknown(
// CHECK-NOT: all_slice
// CHECK-COUNT-2: tensor.extract_slice
func.func @unknown(%h: tensor<4x8xf32>, %r: tensor<?x8xf32>, %t: index {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<4x8xf32>, tensor<?x8xf32>, tensor<16x8xf32>, tensor<?x8xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %i = dist.axis_index @mesh[dp] : index
  %offset = affine.apply affine_map<(d0) -> (d0 * 4)>(%i)
  %a = tensor.extract_slice %g[%offset, 0] [4, 8] [1, 1] : tensor<16x8xf32> to tensor<4x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  %q = dist.all_gather %r dim 0 over @mesh[tp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %j = dist.axis_index @mesh[tp] : index
  %start = arith.muli %j, %t : index
  %b = tensor.extract_slice %q[%start, 0] [%t, 8] [1, 1] : tensor<?x8xf32> to tensor<?x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %m = norm.rms_norm %q eps 1.0e-06 : tensor<?x8xf32>
  return %a, %b, %n, %m : tensor<4x8xf32>, tensor<?x8xf32>, tensor<16x8xf32>, tensor<?x8xf32>
}
