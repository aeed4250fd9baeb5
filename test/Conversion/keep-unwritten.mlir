// RUN: %commuter-opt %s --split-input-file --commuter-keep-unwritten | FileCheck %s
// RUN: %commuter-opt --commuter-lower-to-llvm --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s --check-prefix=PIPELINE

// PIPELINE: commuter-keep-unwritten
// PIPELINE: linalg-fuse-elementwise-ops
// PIPELINE: one-shot-bufferize

// One column of three: the others are the init's.

#row = affine_map<(d0) -> (d0)>
#column = affine_map<(d0) -> (d0, 0)>

// CHECK-LABEL: func @column
// CHECK-SAME:    (%[[V:.*]]: tensor<4xf32>, %[[X:.*]]: tensor<4x3xf32>)
// CHECK:         %[[R:.*]] = scf.for %[[I:.*]] = %c0{{.*}} to %c4{{.*}} step %c1{{.*}} iter_args(%[[W:.*]] = %[[X]])
// CHECK:           %[[A:.*]] = tensor.extract %[[V]][%[[I]]]
// CHECK:           %[[E:.*]] = math.exp %[[A]]
// CHECK:           %[[N:.*]] = tensor.insert %[[E]] into %[[W]][%[[I]], %c0{{.*}}]
// CHECK:           scf.yield %[[N]]
// CHECK:         return %[[R]]
func.func @column(%v: tensor<4xf32>, %x: tensor<4x3xf32>) -> tensor<4x3xf32> {
  %r = linalg.generic {indexing_maps = [#row, #column], iterator_types = ["parallel"]}
      ins(%v : tensor<4xf32>) outs(%x : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x3xf32>
  return %r : tensor<4x3xf32>
}

// -----

// A diagonal, by its number, and a scalar; the other result is written in full, and
// read.

#id = affine_map<(d0) -> (d0)>
#none = affine_map<(d0) -> ()>
#diagonal = affine_map<(d0) -> (d0, d0)>

// CHECK-LABEL: func @diagonal
// CHECK-SAME:    (%[[S:.*]]: f32, %[[X:.*]]: tensor<?x?xf32>, %[[Y:.*]]: tensor<?xf32>)
// CHECK:         %[[R:.*]]:2 = scf.for %[[I:.*]] = {{.*}} iter_args(%[[W:.*]] = %[[X]], %[[Z:.*]] = %[[Y]])
// CHECK:           %[[B:.*]] = tensor.extract %[[Z]][%[[I]]]
// CHECK:           %[[K:.*]] = arith.index_cast %[[I]] : index to i32
// CHECK:           %[[F:.*]] = arith.sitofp %[[K]]
// CHECK:           %[[T:.*]] = arith.addf %[[B]], %[[S]]
// CHECK:           tensor.insert %[[F]] into %[[W]][%[[I]], %[[I]]]
// CHECK:           tensor.insert %[[T]] into %[[Z]][%[[I]]]
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @diagonal(%s: f32, %x: tensor<?x?xf32>, %y: tensor<?xf32>) -> (tensor<?x?xf32>, tensor<?xf32>) {
  %r:2 = linalg.generic {indexing_maps = [#none, #diagonal, #id], iterator_types = ["parallel"]}
      ins(%s : f32) outs(%x, %y : tensor<?x?xf32>, tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %i = linalg.index 0 : index
    %k = arith.index_cast %i : index to i32
    %f = arith.sitofp %k : i32 to f32
    %t = arith.addf %c, %a : f32
    linalg.yield %f, %t : f32, f32
  } -> (tensor<?x?xf32>, tensor<?xf32>)
  return %r#0, %r#1 : tensor<?x?xf32>, tensor<?xf32>
}

// -----

// A loop that the result is not of, and that may run no round.

#pair = affine_map<(d0, d1) -> (d0, d1)>
#first = affine_map<(d0, d1) -> (d0)>

// CHECK-LABEL: func @last
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @last(%m: tensor<4x?xf32>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = linalg.generic {indexing_maps = [#pair, #first], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x?xf32>) outs(%x : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// These stay: what is written in full, what its body reads, what nothing is kept of.

#pair = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>
#first = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d0, 0)>

// CHECK-LABEL: func @stay
// CHECK-NOT:     scf.for
// CHECK-COUNT-4: linalg.generic
func.func @stay(%m: tensor<4x3xf32>, %x: tensor<3x4xf32>, %y: tensor<4xf32>)
    -> (tensor<3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>) {
  %0 = linalg.generic {indexing_maps = [#pair, #turned], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<4x3xf32>) outs(%x : tensor<3x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<3x4xf32>
  %1 = linalg.generic {indexing_maps = [#pair, #first], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x3xf32>) outs(%y : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4xf32>
  %2 = linalg.generic {indexing_maps = [#pair, #column], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x3xf32>) outs(%m : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4x3xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %3 = linalg.generic {indexing_maps = [#pair, #column], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  } -> tensor<4x3xf32>
  return %0, %1, %2, %3 : tensor<3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>
}
