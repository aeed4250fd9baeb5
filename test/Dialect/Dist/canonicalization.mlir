// RUN: %commuter-opt %s --canonicalize | FileCheck %s

dist.mesh @mesh(dp = 4, tp = 2, one = 1)
dist.mesh @open(dp = ?)
dist.mesh @three(a = 2, b = 3, c = 2)

// A group of one is the identity.
// CHECK-LABEL: func @unit_groups(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]], %[[X]], %[[X]] :
func.func @unit_groups(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[one] : tensor<4x8xf32> -> tensor<4x8xf32>
  %1 = dist.all_reduce %x sum over @mesh[one] : tensor<4x8xf32>
  %2 = dist.reduce_scatter %x sum dim 0 over @mesh[one] : tensor<4x8xf32> -> tensor<4x8xf32>
  %3 = dist.all_slice %x dim 0 over @mesh[one] : tensor<4x8xf32> -> tensor<4x8xf32>
  %4 = dist.all_to_all %x split 0 concat 1 over @mesh[one] : tensor<4x8xf32> -> tensor<4x8xf32>
  %5 = dist.to_partial %x over @mesh[one] : tensor<4x8xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func @unit_extents(
// CHECK-SAME: %[[N:.*]]: index
// CHECK: %[[E:.*]] = tensor.from_elements %[[N]] : tensor<1xindex>
// CHECK: %[[F:.*]] = tensor.from_elements %[[N]] : tensor<1xindex>
// CHECK: %[[C:.*]] = tensor.cast %[[F]] : tensor<1xindex> to tensor<?xindex>
// CHECK: %[[D:.*]] = dist.exchange_extents %[[N]] over @mesh[dp] : tensor<4xindex>
// CHECK: return %[[E]], %[[C]], %[[D]]
func.func @unit_extents(%n: index) -> (tensor<1xindex>, tensor<?xindex>, tensor<4xindex>) {
  %0 = dist.exchange_extents %n over @mesh[one] : tensor<1xindex>
  %1 = dist.exchange_extents %n over @mesh[one] : tensor<?xindex>
  %2 = dist.exchange_extents %n over @mesh[one, dp] : tensor<4xindex>
  return %0, %1, %2 : tensor<1xindex>, tensor<?xindex>, tensor<4xindex>
}

// CHECK-LABEL: func @unit_axes(
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK: dist.all_gather %{{.*}} dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
func.func @unit_axes(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[one, dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %1 = dist.all_gather %y dim 0 over @mesh[dp] summing [one] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %0, %1 : tensor<16x8xf32>, tensor<16x8xf32>
}

// CHECK-LABEL: func @only_sums(
// CHECK: dist.all_reduce %{{.*}} sum over @mesh[tp] : tensor<4x8xf32>
func.func @only_sums(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[one] summing [tp] : tensor<4x8xf32> -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func @slice_of_gather(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: return %[[X]] :
func.func @slice_of_gather(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// What is kept of a sum is all that is summed.
// CHECK-LABEL: func @slice_of_sum(
// CHECK-SAME: %[[X:.*]]: tensor<8x4xf32>, %[[Y:.*]]: tensor<8x?xf32>
// CHECK-NEXT: %[[A:.*]] = dist.reduce_scatter %[[X]] max dim 0 over @mesh[tp, dp] : tensor<8x4xf32> -> tensor<1x4xf32>
// CHECK-NEXT: %[[B:.*]] = dist.reduce_scatter %[[Y]] sum dim 1 over @mesh[dp] : tensor<8x?xf32> -> tensor<8x?xf32>
// CHECK-NEXT: return %[[A]], %[[B]] :
func.func @slice_of_sum(%x: tensor<8x4xf32>, %y: tensor<8x?xf32>) -> (tensor<1x4xf32>, tensor<8x?xf32>) {
  %0 = dist.all_reduce %x max over @mesh[tp, dp] : tensor<8x4xf32>
  %1 = dist.all_reduce %y sum over @mesh[dp] : tensor<8x?xf32>
  %2 = dist.all_slice %1 dim 1 over @mesh[dp] : tensor<8x?xf32> -> tensor<8x?xf32>
  %3 = dist.all_slice %0 dim 0 over @mesh[tp, dp] : tensor<8x4xf32> -> tensor<1x4xf32>
  return %3, %2 : tensor<1x4xf32>, tensor<8x?xf32>
}

// Another order of the axes takes another rank's rows.
// CHECK-LABEL: func @slice_in_other_order(
// CHECK: dist.all_gather
// CHECK: dist.all_slice
func.func @slice_in_other_order(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[tp, dp] : tensor<32x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A ragged gather's slices are not an even split.
// CHECK-LABEL: func @slice_of_ragged(
// CHECK: dist.all_gather
// CHECK: dist.all_slice
func.func @slice_of_ragged(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func @slice_of_ragged_with_extents(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>,
// CHECK-NEXT: return %[[X]] :
func.func @slice_of_ragged_with_extents(%x: tensor<?x8xf32>, %c: tensor<4xindex>) -> tensor<?x8xf32> {
  %0 = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  %1 = dist.all_slice %0 dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// A sum stands between: the slice is not x.
// CHECK-LABEL: func @slice_of_summing_gather(
// CHECK: dist.all_gather
// CHECK: dist.all_slice
func.func @slice_of_summing_gather(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] summing [tp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// CHECK-LABEL: func @gather_of_slice(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<16x8xf32> {{.*}}, %[[Y:.*]]: tensor<16x8xf32>
// CHECK: %[[S:.*]] = dist.all_slice %[[Y]]
// CHECK: %[[G:.*]] = dist.all_gather %[[S]]
// CHECK: return %[[X]], %[[G]]
func.func @gather_of_slice(%x: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {tp}]>}, %y: tensor<16x8xf32>) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %0 = dist.all_slice %x dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %1 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  // %y may differ from rank to rank.
  %2 = dist.all_slice %y dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
  %3 = dist.all_gather %2 dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %1, %3 : tensor<16x8xf32>, tensor<16x8xf32>
}

// CHECK-LABEL: func @reduce_of_partial(
// CHECK-SAME: %[[R:[a-z0-9]*]]: tensor<4x8xf32> {{.*}}, %[[V:.*]]: tensor<4x8xf32>
// CHECK: dist.to_partial %[[V]]
// CHECK: %[[S:.*]] = dist.all_reduce
// CHECK: return %[[R]], %[[S]]
func.func @reduce_of_partial(%r: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}, %v: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %0 = dist.to_partial %r over @mesh[tp] : tensor<4x8xf32>
  %1 = dist.all_reduce %0 sum over @mesh[tp] : tensor<4x8xf32>
  %2 = dist.to_partial %v over @mesh[tp] : tensor<4x8xf32>
  %3 = dist.all_reduce %2 sum over @mesh[tp] : tensor<4x8xf32>
  return %1, %3 : tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func @nested_gathers(
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp, tp] : tensor<4x8xf32> -> tensor<32x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @nested_gathers(%x: tensor<4x8xf32>) -> tensor<32x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<8x8xf32>
  %1 = dist.all_gather %0 dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<32x8xf32>
  return %1 : tensor<32x8xf32>
}

// CHECK-LABEL: func @nested_gather_sums(
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @three[a, b] summing [c] : tensor<4x8xf32> -> tensor<24x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @nested_gather_sums(%x: tensor<4x8xf32>) -> tensor<24x8xf32> {
  %0 = dist.all_gather %x dim 0 over @three[b] summing [c] : tensor<4x8xf32> -> tensor<12x8xf32>
  %1 = dist.all_gather %0 dim 0 over @three[a] : tensor<12x8xf32> -> tensor<24x8xf32>
  return %1 : tensor<24x8xf32>
}

// The first axes choose what a rank has gathered from fewer ranks, or from itself.
// CHECK-LABEL: func @slice_over_more_axes(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.all_slice %[[X]] dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
// CHECK-NEXT: return %[[S]]
func.func @slice_over_more_axes(%x: tensor<4x8xf32>) -> tensor<2x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp, tp] : tensor<16x8xf32> -> tensor<2x8xf32>
  return %1 : tensor<2x8xf32>
}

// CHECK-LABEL: func @slice_over_fewer_axes(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<8x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @slice_over_fewer_axes(%x: tensor<4x8xf32>) -> tensor<8x8xf32> {
  %0 = dist.all_gather %x dim 0 over @mesh[dp, tp] : tensor<4x8xf32> -> tensor<32x8xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<8x8xf32>
  return %1 : tensor<8x8xf32>
}

// The last axes put together again what they have cut.
// CHECK-LABEL: func @gather_over_more_axes(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[X]] dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
// CHECK-NEXT: return %[[G]]
func.func @gather_over_more_axes(%x: tensor<4x8xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> tensor<16x8xf32> {
  %0 = dist.all_slice %x dim 0 over @mesh[tp] : tensor<4x8xf32> -> tensor<2x8xf32>
  %1 = dist.all_gather %0 dim 0 over @mesh[dp, tp] : tensor<2x8xf32> -> tensor<16x8xf32>
  return %1 : tensor<16x8xf32>
}

// CHECK-LABEL: func @gather_over_fewer_axes(
// CHECK-SAME: %[[X:.*]]: tensor<16x8xf32>
// CHECK-NEXT: %[[S:.*]] = dist.all_slice %[[X]] dim 0 over @mesh[dp] : tensor<16x8xf32> -> tensor<4x8xf32>
// CHECK-NEXT: return %[[S]]
func.func @gather_over_fewer_axes(%x: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}]>}) -> tensor<4x8xf32> {
  %0 = dist.all_slice %x dim 0 over @mesh[dp, tp] : tensor<16x8xf32> -> tensor<2x8xf32>
  %1 = dist.all_gather %0 dim 0 over @mesh[tp] : tensor<2x8xf32> -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// What is exchanged in front of a gather need not be exchanged for it again.
// CHECK-LABEL: func @own_extents(
// CHECK: %[[E:.*]] = dist.exchange_extents
// CHECK: dist.all_gather %{{.*}} dim 0 extents %[[E]] over @mesh[dp]
func.func @own_extents(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<4xindex>) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %d over @mesh[dp] : tensor<4xindex>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  return %g, %e : tensor<?x8xf32>, tensor<4xindex>
}

// What is gathered is gathered once, also behind a branch, and in one.
// CHECK-LABEL: func @equal_gathers(
// CHECK-NEXT: %[[G:.*]] = dist.all_gather
// CHECK-NEXT: %[[N:.*]] = arith.negf %[[G]]
// CHECK-NEXT: %[[I:.*]] = arith.select %{{.*}}, %[[G]], %[[N]]
// CHECK-NEXT: cf.cond_br %{{.*}}, ^bb1, ^bb2(%[[I]] : tensor<16x8xf32>)
// CHECK: ^bb2(%[[Y:.*]]: tensor<16x8xf32>):
// CHECK-NEXT: return %[[Y]], %[[G]]
func.func @equal_gathers(%x: tensor<4x8xf32>, %c: i1, %d: i1) -> (tensor<16x8xf32>, tensor<16x8xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %1 = arith.negf %0 : tensor<16x8xf32>
  %2 = scf.if %c -> tensor<16x8xf32> {
    %3 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
    scf.yield %3 : tensor<16x8xf32>
  } else {
    scf.yield %1 : tensor<16x8xf32>
  }
  cf.cond_br %d, ^bb1, ^bb2(%2 : tensor<16x8xf32>)
^bb1:
  call @elsewhere() : () -> ()
  cf.br ^bb2(%1 : tensor<16x8xf32>)
^bb2(%4: tensor<16x8xf32>):
  %5 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  return %4, %5 : tensor<16x8xf32>, tensor<16x8xf32>
}

// A gather has its extents, whether or not they are exchanged for others, too.
// CHECK-LABEL: func @equal_but_for_own_extents(
// CHECK: %[[G:.*]] = dist.all_gather %{{.*}} dim 0 over @mesh[dp]
// CHECK-NOT: dist.all_gather
// CHECK: return %[[G]], %[[G]]
func.func @equal_but_for_own_extents(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<4xindex>) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %d over @mesh[dp] : tensor<4xindex>
  %h = dist.all_gather %x dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
  return %g, %h, %e : tensor<?x8xf32>, tensor<?x8xf32>, tensor<4xindex>
}

// Whichever is in front of it, and in front of the branch that it is in.
// CHECK-LABEL: func @own_extents_around(
// CHECK: %[[E:.*]] = dist.exchange_extents
// CHECK: scf.if
// CHECK-NEXT: dist.all_gather %{{.*}} dim 0 extents %[[E]] over @mesh[dp]
// CHECK: dist.exchange_extents
// CHECK: ^bb1:
// CHECK-NEXT: dist.all_gather %{{.*}} dim 0 extents %{{.*}} over @mesh[dp]
// CHECK: ^bb2
func.func @own_extents_around(%x: tensor<?x8xf32>, %c: i1) -> (tensor<?x8xf32>, tensor<4xindex>, tensor<4xindex>) {
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = dist.exchange_extents %d over @mesh[dp] : tensor<4xindex>
  call @elsewhere() : () -> ()
  %h = scf.if %c -> tensor<?x8xf32> {
    %i = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
    scf.yield %i : tensor<?x8xf32>
  } else {
    scf.yield %x : tensor<?x8xf32>
  }
  call @elsewhere() : () -> ()
  %f = dist.exchange_extents %d over @mesh[dp] : tensor<4xindex>
  cf.cond_br %c, ^bb1, ^bb2(%h : tensor<?x8xf32>)
^bb1:
  %j = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  cf.br ^bb2(%j : tensor<?x8xf32>)
^bb2(%k: tensor<?x8xf32>):
  return %k, %e, %f : tensor<?x8xf32>, tensor<4xindex>, tensor<4xindex>
}
func.func private @elsewhere()

// CHECK-LABEL: func @queries(
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[EIGHT:.*]] = arith.constant 8 : index
// CHECK: %[[N:.*]] = dist.axis_size @open[dp]
// CHECK: return %[[ZERO]], %[[EIGHT]], %[[N]]
func.func @queries() -> (index, index, index) {
  %0 = dist.axis_index @mesh[one] : index
  %1 = dist.axis_size @mesh[dp, tp] : index
  %2 = dist.axis_size @open[dp] : index
  return %0, %1, %2 : index, index, index
}

// CHECK-LABEL: func @slice_of_splat(
// CHECK-NEXT: %[[C:.*]] = arith.constant dense<1.000000e+00> : tensor<4xf32>
// CHECK-NEXT: return %[[C]]
func.func @slice_of_splat() -> tensor<4xf32> {
  %0 = arith.constant dense<1.0> : tensor<16xf32>
  %1 = dist.all_slice %0 dim 0 over @mesh[dp] : tensor<16xf32> -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
