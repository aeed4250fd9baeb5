// The stock mlir-opt with our plugin, on IR that only our pass can make.
// The stock tool comes without a sanitizer's runtime.
// UNSUPPORTED: sanitizer
// RUN: %mlir-opt %s --load-dialect-plugin=%commuter-plugin --load-pass-plugin=%commuter-plugin --pass-pipeline="builtin.module(dist-commute-norms,canonicalize)" | FileCheck %s

dist.mesh @mesh(dp = 4)

// CHECK-LABEL: func @f(
// CHECK-SAME: %[[H:.*]]: tensor<4x8xf32>
// CHECK: %[[N:.*]] = norm.rms_norm %[[H]] eps {{.*}} : tensor<4x8xf32>
// CHECK: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp]
// CHECK: return %[[G]]
func.func @f(%h: tensor<4x8xf32>) -> tensor<16x8xf32> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<16x8xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x8xf32>
  return %n : tensor<16x8xf32>
}
