// RUN: %commuter-opt %s --cse | FileCheck %s --check-prefix=CSE
// RUN: %commuter-opt %s --canonicalize | FileCheck %s --check-prefix=DCE
// RUN: %commuter-opt %s --loop-invariant-code-motion | FileCheck %s --check-prefix=LICM
// RUN: %commuter-opt %s --control-flow-sink | FileCheck %s --check-prefix=SINK

// The rule on effects: an unused collective goes, equal ones merge, and none is
// moved into or out of control flow that can differ between ranks.

dist.mesh @mesh(dp = 4)

// CSE-LABEL: func @equal(
// CSE: %[[G:.*]] = dist.all_gather
// CSE-NOT: dist.all_gather
// CSE: return %[[G]], %[[G]]
func.func @equal(%x: tensor<4xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<16xf32>
  %1 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<16xf32>
  return %0, %1 : tensor<16xf32>, tensor<16xf32>
}

// DCE-LABEL: func @unused(
// DCE-NOT: dist.all_reduce
// DCE: return
func.func @unused(%x: tensor<4xf32>) {
  %0 = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
  return
}

// The loop may run zero times on some rank.
// LICM-LABEL: func @not_hoisted(
// LICM: scf.for
// LICM-NEXT: dist.all_reduce
func.func @not_hoisted(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<4xf32> {
    %0 = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
    %1 = arith.addf %a, %0 : tensor<4xf32>
    scf.yield %1 : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// A local op may be hoisted.
// LICM-LABEL: func @local_hoisted(
// LICM: dist.axis_index
// LICM: scf.for
func.func @local_hoisted(%n: index) -> index {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %c0) -> index {
    %0 = dist.axis_index @mesh[dp] : index
    %1 = arith.addi %a, %0 : index
    scf.yield %1 : index
  }
  return %r : index
}

// The branch may be taken on some ranks only.
// SINK-LABEL: func @not_sunk(
// SINK: dist.all_reduce
// SINK: scf.if
func.func @not_sunk(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %0 = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
  %r = scf.if %c -> tensor<4xf32> {
    scf.yield %0 : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
