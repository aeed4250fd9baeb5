// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --canonicalize --cse --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Ragged rows that a reshape makes several of, or one of several: they are cut by a
// multiple of the extents.

// Tokens of four heads. The heads' residual is gathered by four times the extents,
// and a rank takes back its own heads, and its own tokens.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @heads(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x4x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[M:.*]] = tensor.collapse_shape %[[H]]
// CHECK: %[[S:.*]], %[[N:.*]] = norm.add_rms_norm %[[M]], %[[R]] eps
// CHECK: %[[E:.*]] = tensor.expand_shape %[[N]]
// CHECK: %[[G:.*]] = dist.all_gather %[[E]] dim 0 extents %[[C]] over
// CHECK-NOT: dist.
// CHECK: return %[[G]], %[[S]], %[[E]]
func.func @heads(%h: tensor<?x4x8xf32>, %r: tensor<?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x4x8xf32>, tensor<?x8xf32>, tensor<?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %four = arith.constant dense<4> : tensor<2xindex>
  %c4 = arith.muli %c, %four : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %q = dist.all_gather %r dim 0 extents %c4 over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %s, %n = norm.add_rms_norm %m, %q eps 1.0e-06 : tensor<?x8xf32>
  %own = dist.all_slice %s dim 0 extents %c4 over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %t = tensor.dim %g, %c0 : tensor<?x4x8xf32>
  %e = tensor.expand_shape %n [[0, 1], [2]] output_shape [%t, 4, 8] : tensor<?x8xf32> into tensor<?x4x8xf32>
  %tokens = dist.all_slice %e dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  return %e, %own, %tokens : tensor<?x4x8xf32>, tensor<?x8xf32>, tensor<?x4x8xf32>
}

// -----

// What is replicated is sliced by the multiple, which is made once; sizes of the whole
// are sums of it.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @replicated(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x4x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32> {{.*}}, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[X:.*]] = arith.muli %[[C]], %{{.*}} : tensor<2xindex>
// CHECK-NOT: arith.muli {{.*}} tensor
// CHECK: %[[L:.*]] = dist.all_slice %[[R]] dim 0 extents %[[X]] over @mesh[dp]
// CHECK: %[[A:.*]] = arith.addf %{{.*}}, %[[L]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[A]]
// CHECK: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[N]] per_row
// CHECK-DAG: dist.all_gather %[[Q]] dim 0 extents %[[X]] over @mesh[dp]
// CHECK-DAG: dist.all_gather %[[S]] dim 0 extents %[[X]] over @mesh[dp]
func.func @replicated(%h: tensor<?x4x8xf32>, %r: tensor<?x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf8E4M3FN>, tensor<?x1xf32>) {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  %a = arith.addf %m, %r : tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %q, %s = norm.quantize %n per_row : tensor<?x8xf32> -> tensor<?x8xf8E4M3FN>, tensor<?x1xf32>
  return %q, %s : tensor<?x8xf8E4M3FN>, tensor<?x1xf32>
}
// CHECK-LABEL: func @size(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x4x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[X:.*]] = arith.muli %[[C]]
// CHECK: %[[A:.*]] = tensor.extract %[[X]]
// CHECK: %[[B:.*]] = tensor.extract %[[X]]
// CHECK: %[[D:.*]] = arith.addi %[[A]], %[[B]]
// CHECK: return %{{.*}}, %[[D]]
func.func @size(%h: tensor<?x4x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xbf16>, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  %d = tensor.dim %n, %c0 : tensor<?x8xf32>
  %b = arith.truncf %n : tensor<?x8xf32> to tensor<?x8xbf16>
  return %b, %d : tensor<?x8xbf16>, index
}

// -----

// Extents that are the multiple of something are a multiple of whole groups: products,
// also of casts, and constants.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @whole_groups(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK: %[[K:.*]] = arith.constant dense<2>
// CHECK: %[[X:.*]] = arith.muli %[[C]], %[[K]]
// CHECK: %[[E:.*]] = tensor.expand_shape %[[H]] {{.*}} into tensor<?x3x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[E]]
// CHECK: dist.all_gather %[[N]] dim 0 extents %[[X]] over @mesh[dp]
func.func @whole_groups(%h: tensor<?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %d: index) -> tensor<?x3x8xf32> {
  %six = arith.constant dense<6> : tensor<2xindex>
  %c6 = arith.muli %six, %c : tensor<2xindex>
  %any = tensor.cast %c6 : tensor<2xindex> to tensor<?xindex>
  %g = dist.all_gather %h dim 0 extents %any over @mesh[dp] : tensor<?x8xf32>, tensor<?xindex> -> tensor<?x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 3, 8] : tensor<?x8xf32> into tensor<?x3x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %e eps 1.0e-06 : tensor<?x3x8xf32>
  return %n : tensor<?x3x8xf32>
}
// CHECK-LABEL: func @constants(
// CHECK: %[[X:.*]] = arith.constant dense<[4, 2]> : tensor<2xindex>
// CHECK: dist.all_gather %{{.*}} dim 0 extents %[[X]] over @mesh[dp]
// CHECK-NOT: dist.
// CHECK: return
func.func @constants(%h: tensor<?x8xf32>, %r: tensor<?x3x8xf32>, %d: index) -> (tensor<?x3x8xf32>, tensor<?x3x8xf32>) {
  %c = arith.constant dense<[12, 6]> : tensor<2xindex>
  %k = arith.constant dense<[4, 2]> : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %q = dist.all_gather %r dim 0 extents %k over @mesh[dp] : tensor<?x3x8xf32>, tensor<2xindex> -> tensor<?x3x8xf32>
  %e = tensor.expand_shape %g [[0, 1], [2]] output_shape [%d, 3, 8] : tensor<?x8xf32> into tensor<?x3x8xf32>
  // expected-remark @+1 {{rows-after=12}}
  %s, %n = norm.add_rms_norm %e, %q eps 1.0e-06 : tensor<?x3x8xf32>
  %own = dist.all_slice %s dim 0 extents %k over @mesh[dp] : tensor<?x3x8xf32>, tensor<2xindex> -> tensor<?x3x8xf32>
  return %n, %own : tensor<?x3x8xf32>, tensor<?x3x8xf32>
}

// -----

// The size of the group is not known: nor is how many extents there are.
dist.mesh @mesh(dp = ?)
// CHECK-LABEL: func @open_group(
// CHECK: %[[N:.*]] = tensor.dim %[[C:.*]], %{{.*}} : tensor<?xindex>
// CHECK: %[[K:.*]] = tensor.splat %{{.*}}[%[[N]]] : tensor<?xindex>
// CHECK: %[[X:.*]] = arith.muli %[[C]], %[[K]] : tensor<?xindex>
// CHECK: %[[Y:.*]] = norm.rms_norm
// CHECK: dist.all_gather %[[Y]] dim 0 extents %[[X]] over @mesh[dp]
func.func @open_group(%h: tensor<?x4x8xf32>, %c: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x8xf32> {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<?xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Along a ragged dimension: the scales of groups are fewer than the elements.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @groups(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x?x8xf32>, %[[C:[a-z0-9]*]]: tensor<2xindex>
// CHECK-DAG: %[[EIGHT:.*]] = arith.constant dense<8>
// CHECK-DAG: %[[TWO:.*]] = arith.constant dense<2>
// CHECK-DAG: %[[X:.*]] = arith.muli %[[C]], %[[EIGHT]]
// CHECK-DAG: %[[Y:.*]] = arith.muli %[[C]], %[[TWO]]
// CHECK: %[[Q:.*]], %[[S:.*]] = norm.quantize %{{.*}} per_group 4
// CHECK-DAG: dist.all_gather %[[Q]] dim 1 extents %[[X]] over @mesh[dp]
// CHECK-DAG: dist.all_gather %[[S]] dim 1 extents %[[Y]] over @mesh[dp]
func.func @groups(%h: tensor<4x?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<4x?xf8E4M3FN>, tensor<4x?xf32>) {
  %g = dist.all_gather %h dim 1 extents %c over @mesh[dp] : tensor<4x?x8xf32>, tensor<2xindex> -> tensor<4x?x8xf32>
  %m = tensor.collapse_shape %g [[0], [1, 2]] : tensor<4x?x8xf32> into tensor<4x?xf32>
  // expected-remark @+1 {{moved in front of the gather}}
  %q, %s = norm.quantize %m per_group 4 : tensor<4x?xf32> -> tensor<4x?xf8E4M3FN>, tensor<4x?xf32>
  return %q, %s : tensor<4x?xf8E4M3FN>, tensor<4x?xf32>
}

// -----

// A function of rows of tokens that are gathered by tokens, and one of rows that is
// passed the rows' extents.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func private @of_tokens(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[C:.*]]: tensor<2xindex>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK: %[[S:.*]], %[[N:.*]] = norm.add_rms_norm %[[X]], %[[X]]
// CHECK: return %[[N]], %[[S]]
func.func private @of_tokens(%x: tensor<?x8xf32>, %c: tensor<2xindex>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %four = arith.constant dense<4> : tensor<2xindex>
  %c4 = arith.muli %c, %four : tensor<2xindex>
  // expected-remark @+1 {{moved in front of the gather}}
  %s, %n = norm.add_rms_norm %x, %x eps 1.0e-06 : tensor<?x8xf32>
  %own = dist.all_slice %s dim 0 extents %c4 over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %n, %own : tensor<?x8xf32>, tensor<?x8xf32>
}
// CHECK-LABEL: func private @of_rows(
// CHECK-NEXT: norm.rms_norm %{{.*}} : tensor<?x8xf32>
func.func private @of_rows(%x: tensor<?x8xf32>, %c: tensor<2xindex>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
// CHECK-LABEL: func @calls(
// CHECK: %[[M:.*]] = tensor.collapse_shape
// CHECK: %[[A:.*]]:2 = call @of_tokens(%[[M]],
// CHECK: %[[B:.*]] = call @of_rows(%[[A]]#0,
// CHECK: %[[G:.*]] = dist.all_gather %[[B]] dim 0
// CHECK: return %[[G]], %[[A]]#1
func.func @calls(%h: tensor<?x4x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %four = arith.constant dense<4> : tensor<2xindex>
  %c4 = arith.muli %c, %four : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  %n, %own = call @of_tokens(%m, %c) : (tensor<?x8xf32>, tensor<2xindex>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %o = call @of_rows(%n, %c4) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x8xf32>
  return %o, %own : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Three times as many as tokens are other rows than four times as many.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @another_multiple(
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
// CHECK-COUNT-2: dist.all_slice
func.func @another_multiple(%h: tensor<?x4x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %three = arith.constant dense<3> : tensor<2xindex>
  %c3 = arith.muli %c, %three : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %m eps 1.0e-06 : tensor<?x8xf32>
  %a = dist.all_slice %m dim 0 extents %c3 over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %b = dist.all_slice %m dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %n, %a, %b : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
// CHECK-LABEL: func @by_another_multiple(
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
func.func @by_another_multiple(%h: tensor<?x4x8xf32>, %r: tensor<?x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x8xf32> {
  %k = arith.constant dense<[4, 3]> : tensor<2xindex>
  %ck = arith.muli %c, %k : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %q = dist.all_gather %r dim 0 extents %ck over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %m = tensor.collapse_shape %g [[0, 1], [2]] : tensor<?x4x8xf32> into tensor<?x8xf32>
  %a = arith.addf %m, %q : tensor<?x8xf32>
  // expected-remark @+1 {{bytes-after=?}}
  %n = norm.rms_norm %a eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// Four rows of the argument for each of a function's extents are not known to be one
// for each fourth.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func private @of_fourths(
// CHECK: norm.rms_norm
func.func private @of_fourths(%x: tensor<?x4x8xf32>, %c4: tensor<2xindex>) -> tensor<?x4x8xf32> {
  // expected-remark @+1 {{Reason=unsupported-op, Suggestion="pass the gather's extents to the function, or inline the call"}}
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<?x4x8xf32>
  return %n : tensor<?x4x8xf32>
}
func.func @calls_fourths(%h: tensor<?x4x8xf32>, %c: tensor<2xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> tensor<?x4x8xf32> {
  %four = arith.constant dense<4> : tensor<2xindex>
  %c4 = arith.muli %c, %four : tensor<2xindex>
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x4x8xf32>, tensor<2xindex> -> tensor<?x4x8xf32>
  %n = call @of_fourths(%g, %c4) : (tensor<?x4x8xf32>, tensor<2xindex>) -> tensor<?x4x8xf32>
  return %n : tensor<?x4x8xf32>
}

// -----

// Extents that are exchanged as a product with a constant, or as the size of what a
// reshape has merged, are that product of what is exchanged instead.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @exchanged_product(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<?x2x8xf32>
// CHECK: %[[D:.*]] = tensor.dim %[[H]]
// CHECK: %[[E:.*]] = dist.exchange_extents %[[D]] over @mesh[dp]
// CHECK: %[[N:.*]] = norm.layer_norm %{{.*}} axis 1
// CHECK: dist.all_gather %[[N]] dim 0 extents %[[E]] over @mesh[dp] : tensor<?x2x8xf32>
func.func @exchanged_product(%h: tensor<?x2x8xf32>) -> tensor<?x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %x = tensor.collapse_shape %h [[0, 1], [2]] : tensor<?x2x8xf32> into tensor<?x8xf32>
  %d = tensor.dim %h, %c0 : tensor<?x2x8xf32>
  %d2 = arith.muli %d, %c2 : index
  %e = dist.exchange_extents %d2 over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %dd = tensor.dim %g, %c0 : tensor<?x8xf32>
  %s = arith.divui %dd, %c2 : index
  %y = tensor.expand_shape %g [[0, 1], [2]] output_shape [%s, 2, 8] : tensor<?x8xf32> into tensor<?x2x8xf32>
  // expected-remark @+1 {{bytes-after=?}}
  %n = norm.layer_norm %y axis 1 eps 1.0e-06 : tensor<?x2x8xf32>
  return %n : tensor<?x2x8xf32>
}
// CHECK-LABEL: func @exchanged_size(
// CHECK-SAME: %[[H:[a-z0-9]+]]: tensor<?x2x8xf32>
// CHECK: %[[N:.*]] = norm.layer_norm %{{.*}} axis 1
// CHECK: dist.all_gather %[[N]] dim 0 extents %{{.*}} over @mesh[dp] : tensor<?x2x8xf32>
func.func @exchanged_size(%h: tensor<?x2x8xf32>) -> tensor<?x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %x = tensor.collapse_shape %h [[0, 1], [2]] : tensor<?x2x8xf32> into tensor<?x8xf32>
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %d over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %dd = tensor.dim %g, %c0 : tensor<?x8xf32>
  %s = arith.divui %dd, %c2 : index
  %y = tensor.expand_shape %g [[0, 1], [2]] output_shape [%s, 2, 8] : tensor<?x8xf32> into tensor<?x2x8xf32>
  // expected-remark @+1 {{bytes-after=?}}
  %n = norm.layer_norm %y axis 1 eps 1.0e-06 : tensor<?x2x8xf32>
  return %n : tensor<?x2x8xf32>
}
// Of a sum, or a product with what ranks may have different ones of, it is not known.
// CHECK-LABEL: func @exchanged_otherwise(
// CHECK: norm.layer_norm
// CHECK: return
func.func @exchanged_otherwise(%h: tensor<?x2x8xf32>, %k: index) -> tensor<?x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %x = tensor.collapse_shape %h [[0, 1], [2]] : tensor<?x2x8xf32> into tensor<?x8xf32>
  %d = tensor.dim %h, %c0 : tensor<?x2x8xf32>
  %d2 = arith.muli %d, %k : index
  %e = dist.exchange_extents %d2 over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %dd = tensor.dim %g, %c0 : tensor<?x8xf32>
  %s = arith.divui %dd, %c2 : index
  %y = tensor.expand_shape %g [[0, 1], [2]] output_shape [%s, 2, 8] : tensor<?x8xf32> into tensor<?x2x8xf32>
  // expected-remark @+1 {{Reason=group-crosses-gather-dim}}
  %n = norm.layer_norm %y axis 1 eps 1.0e-06 : tensor<?x2x8xf32>
  return %n : tensor<?x2x8xf32>
}

// -----

// Three dimensions are merged; what is a product with 1, or has gone round in circles,
// ends it.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @exchanged_cube(
// CHECK: %[[N:.*]] = norm.layer_norm %{{.*}} axis 1
// CHECK: dist.all_gather %[[N]] dim 0 extents %{{.*}} over @mesh[dp] : tensor<?x2x4xf32>
func.func @exchanged_cube(%h: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %x = tensor.collapse_shape %h [[0, 1, 2]] : tensor<?x2x4xf32> into tensor<?xf32>
  %d = tensor.dim %x, %c0 : tensor<?xf32>
  %e = dist.exchange_extents %d over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?xf32>, tensor<2xindex> -> tensor<?xf32>
  %t = tensor.dim %g, %c0 : tensor<?xf32>
  %s = arith.divui %t, %c8 : index
  %y = tensor.expand_shape %g [[0, 1, 2]] output_shape [%s, 2, 4] : tensor<?xf32> into tensor<?x2x4xf32>
  // expected-remark @+1 {{bytes-after=?}}
  %n = norm.layer_norm %y axis 1 eps 1.0e-06 : tensor<?x2x4xf32>
  return %n : tensor<?x2x4xf32>
^circle:
  %a = arith.muli %b, %c1 : index
  %b = arith.muli %a, %c8 : index
  %f = dist.exchange_extents %b over @mesh[dp] : tensor<2xindex>
  cf.br ^circle
}

// -----

// Ranks that part meet at different exchanges: all of them stay as they are.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @exchanged_apart(
// CHECK: scf.if
// CHECK: %[[P:.*]] = arith.muli
// CHECK: dist.exchange_extents %[[P]]
// CHECK: dist.exchange_extents
func.func @exchanged_apart(%n: index) -> tensor<2xindex> {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %i = dist.axis_index @mesh[dp] : index
  %isFirst = arith.cmpi eq, %i, %c0 : index
  %r = scf.if %isFirst -> tensor<2xindex> {
    %p = arith.muli %n, %c2 : index
    %e = dist.exchange_extents %p over @mesh[dp] : tensor<2xindex>
    scf.yield %e : tensor<2xindex>
  } else {
    %e = dist.exchange_extents %n over @mesh[dp] : tensor<2xindex>
    scf.yield %e : tensor<2xindex>
  }
  return %r : tensor<2xindex>
}
