// Ops that write some elements of what they are given, and read none: the others are
// kept. @said tells what @kept computes in ops that say so.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry kept --output-dir %t/kept | FileCheck %s
// RUN: %commuter-run %s --entry said --output-dir %t/said | FileCheck %s
// RUN: cmp %t/kept/result0.npy %t/said/result0.npy
// RUN: cmp %t/kept/result1.npy %t/said/result1.npy
// RUN: cmp %t/kept/result2.npy %t/said/result2.npy
// RUN: cmp %t/kept/result3.npy %t/said/result3.npy
// RUN: %commuter-run %s --entry rounds --extent 0.1=0 --output-dir %t/none | FileCheck %s
// RUN: %commuter-run %s --entry no_round --extent 0.1=0 --output-dir %t/zeros | FileCheck %s
// RUN: cmp %t/none/result0.npy %t/zeros/result0.npy
// CHECK: on 4 ranks

// It moves across a gather as any other op does.

// RUN: %commuter-run %s --entry gathered --compare | FileCheck %s --check-prefix=SAME
// RUN: %commuter-run %s --entry gathered --compare --pipeline commute | FileCheck %s --check-prefix=SAME
// SAME: norm rows per rank 12 3 0.250
// SAME: bit-exact

dist.mesh @mesh(dp = 4)

#id = affine_map<(d0) -> (d0)>
#column = affine_map<(d0) -> (d0, 0)>
#diagonal = affine_map<(d0) -> (d0, d0)>
#pair = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (d0)>
!v = tensor<4xf32>
!t = tensor<4x4xf32>

func.func private @first_column(%v: !v, %x: !t) -> !t {
  %r = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["parallel"]}
      ins(%v : !v) outs(%x : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  return %r : !t
}

// Of an argument; of a value that is used again; of a filled one; of a computed one.
func.func @kept(%v: !v, %x: !t) -> (!t, !t, !t, !t) {
  %0 = func.call @first_column(%v, %x) : (!v, !t) -> !t
  %s = arith.addf %x, %x : !t
  %d = linalg.generic {indexing_maps = [#id, #diagonal], iterator_types = ["parallel"]}
      ins(%v : !v) outs(%s : !t) {
  ^bb0(%a: f32, %b: f32):
    %n = arith.negf %a : f32
    linalg.yield %n : f32
  } -> !t
  %1 = arith.mulf %d, %s : !t
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : !t
  %f = linalg.fill ins(%one : f32) outs(%e : !t) -> !t
  %2 = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["parallel"]}
      ins(%v : !v) outs(%f : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  %c = arith.mulf %x, %x : !t
  %3 = linalg.generic {indexing_maps = [#id, #diagonal], iterator_types = ["parallel"]}
      ins(%v : !v) outs(%c : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  return %0, %1, %2, %3 : !t, !t, !t, !t
}

func.func private @put_column(%v: !v, %x: !t) -> !t {
  %r = tensor.insert_slice %v into %x[0, 0] [4, 1] [1, 1] : !v into !t
  return %r : !t
}

func.func private @put_diagonal(%v: !v, %x: !t) -> !t {
  %0 = arith.constant 0 : index
  %1 = arith.constant 1 : index
  %2 = arith.constant 2 : index
  %3 = arith.constant 3 : index
  %a = tensor.extract %v[%0] : !v
  %b = tensor.extract %v[%1] : !v
  %c = tensor.extract %v[%2] : !v
  %d = tensor.extract %v[%3] : !v
  %ra = tensor.insert %a into %x[%0, %0] : !t
  %rb = tensor.insert %b into %ra[%1, %1] : !t
  %rc = tensor.insert %c into %rb[%2, %2] : !t
  %rd = tensor.insert %d into %rc[%3, %3] : !t
  return %rd : !t
}

func.func @said(%v: !v, %x: !t) -> (!t, !t, !t, !t) {
  %0 = func.call @put_column(%v, %x) : (!v, !t) -> !t
  %s = arith.addf %x, %x : !t
  %n = arith.negf %v : !v
  %d = func.call @put_diagonal(%n, %s) : (!v, !t) -> !t
  %1 = arith.mulf %d, %s : !t
  %f = arith.constant dense<1.0> : !t
  %2 = func.call @put_column(%v, %f) : (!v, !t) -> !t
  %c = arith.mulf %x, %x : !t
  %3 = func.call @put_diagonal(%v, %c) : (!v, !t) -> !t
  return %0, %1, %2, %3 : !t, !t, !t, !t
}

// No round of the inner loop: all that was there is left.
func.func @rounds(%m: tensor<4x?xf32>) -> !v {
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : !v
  %r = linalg.generic {indexing_maps = [#pair, #first], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x?xf32>) outs(%x : !v) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !v
  return %r : !v
}

func.func @no_round(%m: tensor<4x?xf32>) -> !v {
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : !v
  return %x : !v
}

func.func @gathered(%h: tensor<3x4xf32>, %v: tensor<3xf32>) -> tensor<12x4xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<3x4xf32> -> tensor<12x4xf32>
  %w = dist.all_gather %v dim 0 over @mesh[dp] : tensor<3xf32> -> tensor<12xf32>
  %r = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["parallel"]}
      ins(%w : tensor<12xf32>) outs(%g : tensor<12x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<12x4xf32>
  %n = norm.rms_norm %r eps 1.0e-06 : tensor<12x4xf32>
  return %n : tensor<12x4xf32>
}
