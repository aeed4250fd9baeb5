// RUN: %commuter-opt %s --split-input-file --commuter-bound-reuse | FileCheck %s
// RUN: %commuter-opt --commuter-lower-to-llvm --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s --check-prefix=PIPELINE

// PIPELINE: commuter-bound-reuse
// PIPELINE: one-shot-bufferize

// The residual stream: 16 ops write to one buffer, the others to the next.

!t = tensor<?xf32>

// CHECK-LABEL: func @shared_empty
// CHECK-SAME:    (%[[X:.*]]: tensor<?xf32>, %[[N:.*]]: index)
// CHECK:         %[[SECOND:.*]] = tensor.empty(%[[N]]) : tensor<?xf32>
// CHECK:         %[[FIRST:.*]] = tensor.empty(%[[N]]) : tensor<?xf32>
// CHECK-COUNT-16: linalg.exp {{.*}} outs(%[[FIRST]] :
// CHECK-COUNT-2: linalg.exp {{.*}} outs(%[[SECOND]] :
// CHECK-NOT:     linalg.exp
func.func @shared_empty(%x: !t, %n: index) -> !t {
  %e = tensor.empty(%n) : !t
  %1 = linalg.exp ins(%x : !t) outs(%e : !t) -> !t
  %2 = linalg.exp ins(%1 : !t) outs(%e : !t) -> !t
  %3 = linalg.exp ins(%2 : !t) outs(%e : !t) -> !t
  %4 = linalg.exp ins(%3 : !t) outs(%e : !t) -> !t
  %5 = linalg.exp ins(%4 : !t) outs(%e : !t) -> !t
  %6 = linalg.exp ins(%5 : !t) outs(%e : !t) -> !t
  %7 = linalg.exp ins(%6 : !t) outs(%e : !t) -> !t
  %8 = linalg.exp ins(%7 : !t) outs(%e : !t) -> !t
  %9 = linalg.exp ins(%8 : !t) outs(%e : !t) -> !t
  %10 = linalg.exp ins(%9 : !t) outs(%e : !t) -> !t
  %11 = linalg.exp ins(%10 : !t) outs(%e : !t) -> !t
  %12 = linalg.exp ins(%11 : !t) outs(%e : !t) -> !t
  %13 = linalg.exp ins(%12 : !t) outs(%e : !t) -> !t
  %14 = linalg.exp ins(%13 : !t) outs(%e : !t) -> !t
  %15 = linalg.exp ins(%14 : !t) outs(%e : !t) -> !t
  %16 = linalg.exp ins(%15 : !t) outs(%e : !t) -> !t
  %17 = linalg.exp ins(%16 : !t) outs(%e : !t) -> !t
  %18 = linalg.exp ins(%17 : !t) outs(%e : !t) -> !t
  return %18 : !t
}

// -----

// A chain through results and views, whose ops do not read what they overwrite. An
// op that does (the sum) keeps its buffer, however full.

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
!t = tensor<?xf32>

// CHECK-LABEL: func @chain
// CHECK-SAME:    (%[[X:.*]]: tensor<?xf32>, %[[M:.*]]: tensor<?x4xf32>, %[[C:.*]]: tensor<?xf32>)
// CHECK:         linalg.exp ins(%[[X]] : {{.*}} outs(%[[C]] :
// CHECK-COUNT-14: linalg.exp
// CHECK:         %[[LAST:.*]] = linalg.exp
// CHECK:         %[[VIEW:.*]] = tensor.extract_slice %[[LAST]]
// CHECK:         %[[SUM:.*]] = linalg.generic {{.*}} outs(%[[VIEW]] :
// CHECK:         %[[DIM:.*]] = tensor.dim %[[SUM]]
// CHECK:         %[[OWN:.*]] = tensor.empty(%[[DIM]])
// CHECK:         linalg.exp {{.*}} outs(%[[OWN]] :
func.func @chain(%x: !t, %m: tensor<?x4xf32>, %c: !t) -> !t {
  %1 = linalg.exp ins(%x : !t) outs(%c : !t) -> !t
  %2 = linalg.exp ins(%x : !t) outs(%1 : !t) -> !t
  %3 = linalg.exp ins(%x : !t) outs(%2 : !t) -> !t
  %4 = linalg.exp ins(%x : !t) outs(%3 : !t) -> !t
  %5 = linalg.exp ins(%x : !t) outs(%4 : !t) -> !t
  %6 = linalg.exp ins(%x : !t) outs(%5 : !t) -> !t
  %7 = linalg.exp ins(%x : !t) outs(%6 : !t) -> !t
  %8 = linalg.exp ins(%x : !t) outs(%7 : !t) -> !t
  %9 = linalg.exp ins(%x : !t) outs(%8 : !t) -> !t
  %10 = linalg.exp ins(%x : !t) outs(%9 : !t) -> !t
  %11 = linalg.exp ins(%x : !t) outs(%10 : !t) -> !t
  %12 = linalg.exp ins(%x : !t) outs(%11 : !t) -> !t
  %13 = linalg.exp ins(%x : !t) outs(%12 : !t) -> !t
  %14 = linalg.exp ins(%x : !t) outs(%13 : !t) -> !t
  %15 = linalg.exp ins(%x : !t) outs(%14 : !t) -> !t
  %16 = linalg.exp ins(%x : !t) outs(%15 : !t) -> !t
  %n = arith.constant 3 : index
  %v = tensor.extract_slice %16[0] [%n] [1] : !t to !t
  %sum = linalg.generic {indexing_maps = [#id, #row],
      iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<?x4xf32>) outs(%v : !t) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> !t
  %17 = linalg.exp ins(%x : !t) outs(%sum : !t) -> !t
  return %17 : !t
}

// -----

// What an op does not write is kept, though its body does not read it.

#row = affine_map<(d0) -> (d0)>
#column = affine_map<(d0) -> (d0, 0)>
!t = tensor<4x3xf32>

// CHECK-LABEL: func @some_elements
// CHECK-NOT:     tensor.empty
// CHECK-COUNT-15: linalg.exp
// CHECK:         %[[LAST:.*]] = linalg.exp
// CHECK-NOT:     tensor.empty
// CHECK:         linalg.generic {{.*}} outs(%[[LAST]] :
func.func @some_elements(%x: !t, %v: tensor<4xf32>, %c: !t) -> !t {
  %1 = linalg.exp ins(%x : !t) outs(%c : !t) -> !t
  %2 = linalg.exp ins(%x : !t) outs(%1 : !t) -> !t
  %3 = linalg.exp ins(%x : !t) outs(%2 : !t) -> !t
  %4 = linalg.exp ins(%x : !t) outs(%3 : !t) -> !t
  %5 = linalg.exp ins(%x : !t) outs(%4 : !t) -> !t
  %6 = linalg.exp ins(%x : !t) outs(%5 : !t) -> !t
  %7 = linalg.exp ins(%x : !t) outs(%6 : !t) -> !t
  %8 = linalg.exp ins(%x : !t) outs(%7 : !t) -> !t
  %9 = linalg.exp ins(%x : !t) outs(%8 : !t) -> !t
  %10 = linalg.exp ins(%x : !t) outs(%9 : !t) -> !t
  %11 = linalg.exp ins(%x : !t) outs(%10 : !t) -> !t
  %12 = linalg.exp ins(%x : !t) outs(%11 : !t) -> !t
  %13 = linalg.exp ins(%x : !t) outs(%12 : !t) -> !t
  %14 = linalg.exp ins(%x : !t) outs(%13 : !t) -> !t
  %15 = linalg.exp ins(%x : !t) outs(%14 : !t) -> !t
  %16 = linalg.exp ins(%x : !t) outs(%15 : !t) -> !t
  %17 = linalg.generic {indexing_maps = [#row, #column], iterator_types = ["parallel"]}
      ins(%v : tensor<4xf32>) outs(%16 : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  return %17 : !t
}

// -----

// Of no rounds of a reduction, the same.

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
!t = tensor<4xf32>

// CHECK-LABEL: func @no_element
// CHECK-NOT:     tensor.empty
// CHECK:         linalg.generic
func.func @no_element(%x: !t, %v: tensor<4x0xf32>, %c: !t) -> !t {
  %1 = linalg.exp ins(%x : !t) outs(%c : !t) -> !t
  %2 = linalg.exp ins(%x : !t) outs(%1 : !t) -> !t
  %3 = linalg.exp ins(%x : !t) outs(%2 : !t) -> !t
  %4 = linalg.exp ins(%x : !t) outs(%3 : !t) -> !t
  %5 = linalg.exp ins(%x : !t) outs(%4 : !t) -> !t
  %6 = linalg.exp ins(%x : !t) outs(%5 : !t) -> !t
  %7 = linalg.exp ins(%x : !t) outs(%6 : !t) -> !t
  %8 = linalg.exp ins(%x : !t) outs(%7 : !t) -> !t
  %9 = linalg.exp ins(%x : !t) outs(%8 : !t) -> !t
  %10 = linalg.exp ins(%x : !t) outs(%9 : !t) -> !t
  %11 = linalg.exp ins(%x : !t) outs(%10 : !t) -> !t
  %12 = linalg.exp ins(%x : !t) outs(%11 : !t) -> !t
  %13 = linalg.exp ins(%x : !t) outs(%12 : !t) -> !t
  %14 = linalg.exp ins(%x : !t) outs(%13 : !t) -> !t
  %15 = linalg.exp ins(%x : !t) outs(%14 : !t) -> !t
  %16 = linalg.exp ins(%x : !t) outs(%15 : !t) -> !t
  %17 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%v : tensor<4x0xf32>) outs(%16 : !t) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> !t
  return %17 : !t
}
