// RUN: %commuter-opt %s --split-input-file --commuter-bound-reads | FileCheck %s
// RUN: %commuter-opt --commuter-lower-to-llvm --dump-pass-pipeline /dev/null 2>&1 | FileCheck %s --check-prefix=PIPELINE
// Nothing is left of it behind bufferisation and cse, and nothing is copied.
// RUN: %commuter-opt %s --split-input-file --commuter-bound-reads \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --cse -o %t.bounded
// RUN: %commuter-opt %s --split-input-file \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" --cse -o %t.plain
// RUN: diff %t.plain %t.bounded

// PIPELINE: commuter-bound-reads
// PIPELINE-NEXT: one-shot-bufferize

// Weights that all layers share.

!t = tensor<4xf32>

// CHECK-LABEL: func @argument(
// CHECK-SAME: , %[[W:[a-z0-9]*]]: tensor<4xf32>
// CHECK-NEXT: %[[B:.*]] = bufferization.to_buffer %[[W]] read_only : tensor<4xf32> to memref<4xf32>
// CHECK-NEXT: %[[A:.*]] = bufferization.to_tensor %[[B]] restrict : memref<4xf32> to tensor<4xf32>
// CHECK-NOT: bufferization
// CHECK-COUNT-16: linalg.add ins(%{{.*}}, %[[W]] :
// CHECK-NOT: linalg.add ins(%{{.*}}, %[[W]] :
// CHECK-COUNT-2: linalg.add ins(%{{.*}}, %[[A]] :
// CHECK-NOT: linalg.add
func.func @argument(%x: !t {bufferization.writable = false}, %w: !t {bufferization.writable = false}) -> !t {
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.add ins(%1, %w : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %w : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.add ins(%3, %w : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %w : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.add ins(%5, %w : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %w : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.add ins(%7, %w : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %w : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.add ins(%9, %w : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %w : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.add ins(%11, %w : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %w : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.add ins(%13, %w : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %w : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.add ins(%15, %w : !t, !t) outs(%e : !t) -> !t
  %17 = linalg.add ins(%16, %w : !t, !t) outs(%e : !t) -> !t
  %18 = linalg.add ins(%17, %w : !t, !t) outs(%e : !t) -> !t
  return %18 : !t
}

// -----

// As many as may.

!t = tensor<4xf32>

// CHECK-LABEL: func @few(
// CHECK-NOT: bufferization.to_buffer
// CHECK: return
func.func @few(%x: !t {bufferization.writable = false}, %w: !t {bufferization.writable = false}) -> !t {
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.add ins(%1, %w : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %w : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.add ins(%3, %w : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %w : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.add ins(%5, %w : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %w : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.add ins(%7, %w : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %w : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.add ins(%9, %w : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %w : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.add ins(%11, %w : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %w : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.add ins(%13, %w : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %w : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.add ins(%15, %w : !t, !t) outs(%e : !t) -> !t
  return %16 : !t
}

// -----

// Who may write to it has to see who reads it.

!t = tensor<4xf32>

// CHECK-LABEL: func @writable(
// CHECK-NOT: bufferization.to_buffer
// CHECK: return
func.func @writable(%x: !t {bufferization.writable = false}, %w: !t {bufferization.writable = true}) -> !t {
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.add ins(%1, %w : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %w : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.add ins(%3, %w : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %w : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.add ins(%5, %w : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %w : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.add ins(%7, %w : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %w : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.add ins(%9, %w : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %w : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.add ins(%11, %w : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %w : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.add ins(%13, %w : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %w : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.add ins(%15, %w : !t, !t) outs(%e : !t) -> !t
  %17 = linalg.add ins(%16, %w : !t, !t) outs(%e : !t) -> !t
  %18 = linalg.add ins(%17, %w : !t, !t) outs(%e : !t) -> !t
  return %18 : !t
}

// -----

// CHECK-LABEL: func private @unknown(
// CHECK-NOT: bufferization.to_buffer
// CHECK: return
func.func private @unknown(%x: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %1 = linalg.add ins(%x, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.add ins(%1, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %3 = linalg.add ins(%2, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %4 = linalg.add ins(%3, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %5 = linalg.add ins(%4, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %6 = linalg.add ins(%5, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %7 = linalg.add ins(%6, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %8 = linalg.add ins(%7, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %9 = linalg.add ins(%8, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %10 = linalg.add ins(%9, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %11 = linalg.add ins(%10, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %12 = linalg.add ins(%11, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %13 = linalg.add ins(%12, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %14 = linalg.add ins(%13, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %15 = linalg.add ins(%14, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %16 = linalg.add ins(%15, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %17 = linalg.add ins(%16, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %18 = linalg.add ins(%17, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %18 : tensor<4xf32>
}

// -----

// Tensors in the argument's memory, and the result that is in it, are of the
// argument.

!t = tensor<4xf32>

// CHECK-LABEL: func @aliases(
// CHECK-SAME: , %[[W:[a-z0-9]*]]: tensor<4xf32>
// CHECK-COUNT-17: tensor.extract_slice %[[W]]
// CHECK: return %{{.*}}, %[[W]]
func.func @aliases(%x: !t {bufferization.writable = false}, %w: !t {bufferization.writable = false}) -> (!t, !t) {
  %s1 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s2 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %s3 = tensor.extract_slice %w[0] [2] [1] : !t to tensor<2xf32>
  %s4 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s5 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %s6 = tensor.extract_slice %w[0] [2] [1] : !t to tensor<2xf32>
  %s7 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s8 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %s9 = tensor.extract_slice %w[0] [2] [1] : !t to tensor<2xf32>
  %s10 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s11 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %s12 = tensor.extract_slice %w[0] [2] [1] : !t to tensor<2xf32>
  %s13 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s14 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %s15 = tensor.extract_slice %w[0] [2] [1] : !t to tensor<2xf32>
  %s16 = tensor.extract_slice %w[1] [2] [1] : !t to tensor<2xf32>
  %s17 = tensor.extract_slice %w[2] [2] [1] : !t to tensor<2xf32>
  %e = tensor.empty() : !t
  %18 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  return %18, %w : !t, !t
}

// -----

!t = tensor<4xf32>

// CHECK-LABEL: func @constant(
// CHECK-COUNT-2: arith.constant dense
// CHECK-NOT: arith.constant
// CHECK: linalg.add ins(%{{.*}}, %[[C:[a-z0-9_]*]] :
// CHECK-COUNT-15: linalg.add ins(%{{.*}}, %[[C]] :
// CHECK-NOT: %[[C]] :
// CHECK: linalg.add ins(%{{.*}}, %[[D:[a-z0-9_]*]] :
// CHECK-NEXT: linalg.add ins(%{{.*}}, %[[D]] :
// CHECK-NOT: linalg.add
func.func @constant(%x: !t {bufferization.writable = false}) -> !t {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : !t
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.add ins(%1, %w : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %w : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.add ins(%3, %w : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %w : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.add ins(%5, %w : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %w : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.add ins(%7, %w : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %w : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.add ins(%9, %w : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %w : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.add ins(%11, %w : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %w : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.add ins(%13, %w : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %w : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.add ins(%15, %w : !t, !t) outs(%e : !t) -> !t
  %17 = linalg.add ins(%16, %w : !t, !t) outs(%e : !t) -> !t
  %18 = linalg.add ins(%17, %w : !t, !t) outs(%e : !t) -> !t
  return %18 : !t
}
