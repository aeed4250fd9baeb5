// Sums whose norms stand behind a branch, in a loop, in another block or in another
// function: slices go there as those of gathers do.

// RUN: %commuter-opt %s --split-input-file --dist-split-all-reduce --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @out_of_a_branch(
// CHECK: scf.if
// CHECK: dist.reduce_scatter
// CHECK: scf.yield %{{.*}} : tensor<2x16xf32>
// CHECK: dist.reduce_scatter
// CHECK: scf.yield %{{.*}} : tensor<2x16xf32>
// CHECK: %[[N:.*]] = norm.rms_norm {{.*}} : tensor<2x16xf32>
// CHECK: dist.all_gather %[[N]]
func.func @out_of_a_branch(%x: tensor<8x16xf32>, %y: tensor<8x16xf32>, %c: i1 {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<8x16xf32> {
  %s = scf.if %c -> tensor<8x16xf32> {
    %a = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
    scf.yield %a : tensor<8x16xf32>
  } else {
    %b = dist.all_reduce %y sum over @mesh[tp] : tensor<8x16xf32>
    scf.yield %b : tensor<8x16xf32>
  }
  // expected-remark @+1 {{moved in front of the gather", bytes-after=1152, bytes-before=1536, rows-after=2, rows-before=8}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @into_a_loop(
// CHECK: %[[S:.*]] = dist.reduce_scatter
// CHECK: %[[L:.*]] = scf.for {{.*}} iter_args(%{{.*}} = %[[S]]) -> (tensor<2x16xf32>)
// CHECK: dist.all_gather %[[L]]
func.func @into_a_loop(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %s) -> tensor<8x16xf32> {
    // expected-remark @+1 {{rows-after=2, rows-before=8}}
    %n = norm.rms_norm %h eps 1.0e-06 : tensor<8x16xf32>
    scf.yield %n : tensor<8x16xf32>
  }
  return %y : tensor<8x16xf32>
}

// -----

// A residual stream that layers add to: it is gathered once, behind them.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @out_of_a_loop(
// CHECK: scf.for {{.*}} -> (tensor<2x16xf32>)
// CHECK: dist.reduce_scatter
// CHECK: %[[N:.*]] = norm.rms_norm {{.*}} : tensor<2x16xf32>
// CHECK: dist.all_gather %[[N]]
func.func @out_of_a_loop(%x: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %m: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x) -> tensor<8x16xf32> {
    %s = dist.all_reduce %m sum over @mesh[tp] : tensor<8x16xf32>
    %r = arith.addf %h, %s : tensor<8x16xf32>
    scf.yield %r : tensor<8x16xf32>
  }
  // expected-remark @+1 {{rows-after=2, rows-before=8}}
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @to_another_block(
// CHECK: %[[S:.*]] = dist.reduce_scatter
// CHECK: cf.br ^{{.*}}(%[[S]] : tensor<2x16xf32>)
func.func @to_another_block(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  cf.br ^next(%s : tensor<8x16xf32>)
^next(%h: tensor<8x16xf32>):
  // expected-remark @+1 {{rows-after=2, rows-before=8}}
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

// A layer that is called twice, first with a residual that is replicated. Bytes are
// those of all calls.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func private @layer(
// CHECK-SAME: tensor<2x16xf32>, %{{.*}}: tensor<8x16xf32>) -> tensor<2x16xf32>
func.func private @layer(%h: tensor<8x16xf32>, %b: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %b sum over @mesh[tp] : tensor<8x16xf32>
  // expected-remark @+1 {{bytes-after=1152, bytes-before=1536, rows-after=2, rows-before=8}}
  %r, %n = norm.add_rms_norm %h, %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
// CHECK-LABEL: func @calls(
// CHECK: dist.all_gather
// CHECK-NOT: dist.all_gather
func.func @calls(%x: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %a: tensor<8x16xf32>, %b: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %0 = call @layer(%x, %a) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  %1 = call @layer(%0, %b) : (tensor<8x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  return %1 : tensor<8x16xf32>
}

// -----

// The sum of one function, the norm of its caller.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func private @sum(
// CHECK-SAME: -> tensor<2x16xf32>
func.func private @sum(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  return %s : tensor<8x16xf32>
}
func.func @returned(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = call @sum(%x) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  // expected-remark @+1 {{bytes-after=768, bytes-before=768, rows-after=2, rows-before=8}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

// What the loop begins with may differ between ranks: it is no sum that all have.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @begins_with_what_varies(
// CHECK: scf.for {{.*}} -> (tensor<8x16xf32>)
// CHECK: dist.all_reduce
// CHECK: norm.rms_norm {{.*}} : tensor<8x16xf32>
func.func @begins_with_what_varies(%x: tensor<8x16xf32>, %m: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %y = scf.for %i = %c0 to %c3 step %c1 iter_args(%h = %x) -> tensor<8x16xf32> {
    %s = dist.all_reduce %m sum over @mesh[tp] : tensor<8x16xf32>
    %r = arith.addf %h, %s : tensor<8x16xf32>
    scf.yield %r : tensor<8x16xf32>
  }
  // expected-remark @+1 {{Reason=operand-not-replicated}}
  %n = norm.rms_norm %y eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

// Ranks may take the ways of the branch as they like.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @divergent(
// CHECK: dist.all_reduce
// CHECK: norm.rms_norm {{.*}} : tensor<8x16xf32>
func.func @divergent(%x: tensor<8x16xf32>, %y: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {}]>}, %c: i1) -> tensor<8x16xf32> {
  %a = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  %s = scf.if %c -> tensor<8x16xf32> {
    scf.yield %a : tensor<8x16xf32>
  } else {
    scf.yield %y : tensor<8x16xf32>
  }
  // expected-remark @+1 {{Reason=divergent-control-flow}}
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}

// -----

// Nobody knows who else calls a public function.
dist.mesh @mesh(tp = 4)
// CHECK-LABEL: func @public(
// CHECK-SAME: tensor<8x16xf32>
func.func @public(%h: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %n = norm.rms_norm %h eps 1.0e-06 : tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
// CHECK: dist.all_reduce
func.func @calls_public(%x: tensor<8x16xf32>) -> tensor<8x16xf32> {
  %s = dist.all_reduce %x sum over @mesh[tp] : tensor<8x16xf32>
  %n = call @public(%s) : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return %n : tensor<8x16xf32>
}
