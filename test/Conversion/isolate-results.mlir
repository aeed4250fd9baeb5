// RUN: %commuter-opt %s --commuter-isolate-results | FileCheck %s

dist.mesh @mesh(dp = 2)

// CHECK-LABEL: func private @twice(
func.func private @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>) {
  // CHECK: %[[N:.*]] = norm.rms_norm
  // CHECK: %[[V:.*]] = tensor.expand_shape %[[N]]
  // CHECK: %[[B:.*]] = bufferization.alloc_tensor() copy(%[[N]])
  // CHECK: %[[C:.*]] = bufferization.alloc_tensor() copy(%[[V]])
  // CHECK: return %[[N]], %[[B]], %[[C]]
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4xf32>
  %v = tensor.expand_shape %n [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  return %n, %n, %v : tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>
}

// What two ops make is apart already.
// CHECK-LABEL: func @apart(
// CHECK-NOT: alloc_tensor
func.func @apart(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4xf32>
  %m = norm.rms_norm %x eps 1.0e-05 : tensor<4xf32>
  return %n, %m : tensor<4xf32>, tensor<4xf32>
}

// What comes out of a region, a call, or from the caller may be anything.
// CHECK-LABEL: func @unknown(
func.func @unknown(%x: tensor<4xf32>, %c: i1) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[IF:.*]] = scf.if
  // CHECK: %[[COPY:.*]] = bufferization.alloc_tensor() copy(%[[IF]])
  // CHECK: return %{{.*}}, %[[COPY]]
  %n = norm.rms_norm %x eps 1.0e-06 : tensor<4xf32>
  %i = scf.if %c -> tensor<4xf32> {
    scf.yield %n : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %n, %i : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @slices(
func.func @slices(%x: tensor<4xf32>) -> tensor<2xf32> {
  // CHECK: %[[S:.*]] = dist.all_slice
  // CHECK: %[[A:.*]] = bufferization.alloc_tensor() copy(%[[S]])
  // CHECK: call @take(%[[A]])
  // CHECK: %[[B:.*]] = bufferization.alloc_tensor() copy(%[[S]])
  // CHECK: return %[[B]]
  %s = dist.all_slice %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<2xf32>
  func.call @take(%s) : (tensor<2xf32>) -> ()
  return %s : tensor<2xf32>
}
func.func private @take(%x: tensor<2xf32>) {
  return
}
