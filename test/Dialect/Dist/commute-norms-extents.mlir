// Extents are equal if they are computed alike of the same: what moves is the same
// before and after CSE.

// RUN: %commuter-opt %s --split-input-file --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s
// RUN: %commuter-opt %s --split-input-file --cse --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

// Of the gather and of its slice, and of two gathers.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @exchanged_twice(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[R:.*]]: tensor<?x8xf32>)
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[R]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NOT: dist.all_gather
// CHECK: return %[[G]], %[[S]]
func.func @exchanged_twice(%x: tensor<?x8xf32>, %r: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %zero = arith.constant 0 : index
  %m = tensor.dim %x, %zero : tensor<?x8xf32>
  %d = dist.exchange_extents %m over @mesh[dp] : tensor<2xindex>
  %q = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = arith.addf %g, %q : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=?}}
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  %e = dist.exchange_extents %m over @mesh[dp] : tensor<2xindex>
  %own = dist.all_slice %s dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %y, %own : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// The first extents are not known behind the branch; in it, those in front are.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @constants(
// CHECK: scf.if
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
// CHECK: norm.rms_norm %{{.*}} : tensor<?x8xf32>
func.func @constants(%x: tensor<?x8xf32>, %r: tensor<?x8xf32>, %p: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = scf.if %p -> tensor<?x8xf32> {
    %c = arith.constant dense<[3, 1]> : tensor<2xindex>
    %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
    %k = arith.constant dense<[3, 1]> : tensor<2xindex>
    %h = dist.all_gather %r dim 0 extents %k over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
    %s = arith.addf %g, %h : tensor<?x8xf32>
    // expected-remark @+1 {{rows-after=3}}
    %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
    scf.yield %n : tensor<?x8xf32>
  } else {
    scf.yield %x : tensor<?x8xf32>
  }
  %d = arith.constant dense<[3, 1]> : tensor<2xindex>
  %g = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=3}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %a, %n : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// The function is passed extents that are those of the gather.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func private @normalize(
// CHECK-NEXT: norm.rms_norm %{{.*}} : tensor<?x8xf32>
func.func private @normalize(%y: tensor<?x8xf32>, %e: tensor<2xindex>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{rows-after=?}}
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}
// CHECK-LABEL: func @passed(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>)
// CHECK: %[[N:.*]] = call @normalize(%[[X]],
// CHECK: dist.all_gather %[[N]]
func.func @passed(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant dense<[3, 1]> : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %d = arith.constant dense<[3, 1]> : tensor<2xindex>
  %n = call @normalize(%g, %d) : (tensor<?x8xf32>, tensor<2xindex>) -> tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// A gather without extents has those that are exchanged of its input.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @own_extents(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>)
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[X]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NOT: dist.all_gather
// CHECK: return %[[G]], %[[X]], %[[S]]
func.func @own_extents(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %c = dist.exchange_extents %n over @mesh[dp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x8xf32> -> tensor<?x8xf32>
  %own = dist.all_slice %g dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = arith.addf %g, %g : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=?}}
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  %d = dist.exchange_extents %n over @mesh[dp] : tensor<2xindex>
  %twice = dist.all_slice %s dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %y, %own, %twice : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Of another size, along another dimension, over other axes, in another order; or
// other numbers: these cut elsewhere.
dist.mesh @mesh(dp = 2, tp = 2)
// CHECK-LABEL: func @others(
// CHECK: norm.rms_norm %{{.*}} : tensor<?x?xf32>
func.func @others(%x: tensor<?x?xf32>, %z: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %m = tensor.dim %x, %c1 : tensor<?x?xf32>
  %o = tensor.dim %z, %c0 : tensor<?x?xf32>
  %c = dist.exchange_extents %o over @mesh[dp] : tensor<2xindex>
  %d = dist.exchange_extents %m over @mesh[dp] : tensor<2xindex>
  %e = dist.exchange_extents %n over @mesh[tp] : tensor<2xindex>
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<?x?xf32> -> tensor<?x?xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x?xf32>
  // CHECK-COUNT-3: dist.all_slice
  %p = dist.all_slice %g dim 0 extents %c over @mesh[dp] : tensor<?x?xf32>, tensor<2xindex> -> tensor<?x?xf32>
  %q = dist.all_slice %g dim 0 extents %d over @mesh[dp] : tensor<?x?xf32>, tensor<2xindex> -> tensor<?x?xf32>
  %r = dist.all_slice %g dim 0 extents %e over @mesh[dp] : tensor<?x?xf32>, tensor<2xindex> -> tensor<?x?xf32>
  %s = arith.addf %p, %q : tensor<?x?xf32>
  return %y, %s, %r : tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>
}
// CHECK-LABEL: func @other_numbers(
// CHECK-DAG: %[[C:.*]] = arith.constant dense<[3, 1]>
// CHECK-DAG: %[[D:.*]] = arith.constant dense<[1, 3]>
// CHECK: %[[H:.*]] = dist.all_gather %{{.*}} dim 0 extents %[[D]]
// CHECK-NEXT: dist.all_slice %[[H]] dim 0 extents %[[C]]
func.func @other_numbers(%x: tensor<?x8xf32>, %r: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c = arith.constant dense<[3, 1]> : tensor<2xindex>
  %d = arith.constant dense<[1, 3]> : tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %h = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = arith.addf %g, %h : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=3}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  return %n : tensor<?x8xf32>
}

// -----

// A cast changes what is known of how many extents there are, and none of them.
dist.mesh @mesh(dp = 2)
// CHECK-LABEL: func @cast(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x8xf32>, %[[R:[a-z0-9]*]]: tensor<?x8xf32>
// CHECK: %[[S:.*]] = arith.addf %[[X]], %[[R]]
// CHECK: %[[N:.*]] = norm.rms_norm %[[S]]
// CHECK: %[[G:.*]] = dist.all_gather %[[N]]
// CHECK-NOT: dist.all
// CHECK: return %[[G]], %[[S]]
func.func @cast(%x: tensor<?x8xf32>, %r: tensor<?x8xf32>, %c: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %d = tensor.cast %c : tensor<?xindex> to tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<?xindex> -> tensor<?x8xf32>
  %q = dist.all_gather %r dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  %s = arith.addf %g, %q : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=?}}
  %y = norm.rms_norm %s eps 1.0e-06 : tensor<?x8xf32>
  %e = tensor.cast %d : tensor<2xindex> to tensor<?xindex>
  %own = dist.all_slice %s dim 0 extents %e over @mesh[dp] : tensor<?x8xf32>, tensor<?xindex> -> tensor<?x8xf32>
  return %y, %own : tensor<?x8xf32>, tensor<?x8xf32>
}
// CHECK-LABEL: func @other_cast(
// CHECK: %[[G:.*]] = dist.all_gather
// CHECK: dist.all_slice %{{.*}} dim 0
func.func @other_cast(%x: tensor<?x8xf32>, %c: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}, %o: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %d = tensor.cast %o : tensor<?xindex> to tensor<2xindex>
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<?xindex> -> tensor<?x8xf32>
  // expected-remark @+1 {{Reason=other-users, Suggestion="give the gather and the slice the same extents, so that the slice is the rank's own"}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  %own = dist.all_slice %g dim 0 extents %d over @mesh[dp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<?x8xf32>
  return %y, %own : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Who asks only for the size of what is gathered gets it without the gather, also
// where the number of ranks is known at run time alone.
dist.mesh @mesh(dp = ?)
// CHECK-LABEL: func @size_of_even(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>
// CHECK: %[[N:.*]] = dist.axis_size @mesh[dp]
// CHECK: %[[SIZE:.*]] = arith.muli %{{.*}}, %[[N]]
// CHECK: %[[Y:.*]] = norm.rms_norm %[[X]]
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]]
// CHECK: return %[[G]], %[[SIZE]]
func.func @size_of_even(%x: tensor<4x8xf32>) -> (tensor<?x8xf32>, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<?x8xf32>
  %n = tensor.dim %g, %c0 : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=4}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %y, %n : tensor<?x8xf32>, index
}

// -----

dist.mesh @mesh(dp = ?)
// CHECK-LABEL: func @size_of_ragged(
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[C:.*]]: tensor<?xindex>
// CHECK: %[[SIZE:.*]] = scf.for
// CHECK: tensor.extract %[[C]]
// CHECK: %[[Y:.*]] = norm.rms_norm %[[X]]
// CHECK: %[[G:.*]] = dist.all_gather %[[Y]] dim 0 extents %[[C]]
// CHECK: return %[[G]], %[[SIZE]]
func.func @size_of_ragged(%x: tensor<?x8xf32>, %c: tensor<?xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x8xf32>, index) {
  %c0 = arith.constant 0 : index
  %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<?xindex> -> tensor<?x8xf32>
  %n = tensor.dim %g, %c0 : tensor<?x8xf32>
  // expected-remark @+1 {{rows-after=?}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %y, %n : tensor<?x8xf32>, index
}

// -----

// The size of nobody knows which dimension is asked of the whole.
dist.mesh @mesh(dp = ?)
// CHECK-LABEL: func @size_of_some(
// CHECK: norm.rms_norm {{.*}} : tensor<?x8xf32>
func.func @size_of_some(%x: tensor<4x8xf32>, %i: index) -> (tensor<?x8xf32>, index) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<?x8xf32>
  %n = tensor.dim %g, %i : tensor<?x8xf32>
  // expected-remark @+1 {{Reason=other-users}}
  %y = norm.rms_norm %g eps 1.0e-06 : tensor<?x8xf32>
  return %y, %n : tensor<?x8xf32>, index
}
