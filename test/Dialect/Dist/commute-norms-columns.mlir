// Parts of what is gathered that go different ways: of parts of each row the gathers
// move as many bytes as the one of the whole row, and the norm of a part runs on the
// rank's own rows.

// RUN: %commuter-opt %s --dist-commute-norms --canonicalize --remark-format=emitRemark --remarks-filter=dist --verify-diagnostics | FileCheck %s

dist.mesh @mesh(dp = 8)
dist.mesh @grid(dp = 4, tp = 2)

// CHECK-LABEL: func @latent_and_rope(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<16x576xbf16>
// CHECK-DAG:   %[[C:.*]] = tensor.extract_slice %[[X]][0, 0] [16, 512] [1, 1]
// CHECK-DAG:   %[[N:.*]] = norm.rms_norm %[[C]]
// CHECK-DAG:   dist.all_gather %[[N]] dim 0
// CHECK-DAG:   %[[R:.*]] = tensor.extract_slice %[[X]][0, 512] [16, 64] [1, 1]
// CHECK-DAG:   dist.all_gather %[[R]] dim 0
func.func @latent_and_rope(%x: tensor<16x576xbf16>) -> (tensor<128x512xbf16>, tensor<128x64xbf16>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<16x576xbf16> -> tensor<128x576xbf16>
  %c = tensor.extract_slice %g[0, 0] [128, 512] [1, 1] : tensor<128x576xbf16> to tensor<128x512xbf16>
  %r = tensor.extract_slice %g[0, 512] [128, 64] [1, 1] : tensor<128x576xbf16> to tensor<128x64xbf16>
  // expected-remark @+1 {{moved in front of the gather}}
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<128x512xbf16>
  return %n, %r : tensor<128x512xbf16>, tensor<128x64xbf16>
}

// The parts overlap: two gathers would move more.
// CHECK-LABEL: func @overlapping
// CHECK:         %[[G:.*]] = dist.all_gather
// CHECK:         norm.rms_norm
// CHECK-SAME:      tensor<128x512xbf16>
func.func @overlapping(%x: tensor<16x576xbf16>) -> (tensor<128x512xbf16>, tensor<128x128xbf16>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<16x576xbf16> -> tensor<128x576xbf16>
  %c = tensor.extract_slice %g[0, 0] [128, 512] [1, 1] : tensor<128x576xbf16> to tensor<128x512xbf16>
  %r = tensor.extract_slice %g[0, 448] [128, 128] [1, 1] : tensor<128x576xbf16> to tensor<128x128xbf16>
  // expected-remark @+1 {{Reason=not-profitable}}
  %n = norm.rms_norm %c eps 1.0e-06 : tensor<128x512xbf16>
  return %n, %r : tensor<128x512xbf16>, tensor<128x128xbf16>
}

// The slice is of the rank's own rows only where the gather's axes come first.
// CHECK-LABEL: func @finer_slice_in_other_order
// CHECK:         norm.rms_norm
// CHECK-SAME:      tensor<32x8xbf16>
func.func @finer_slice_in_other_order(%x: tensor<8x8xbf16>) -> (tensor<32x8xbf16>, tensor<4x8xbf16>) {
  %g = dist.all_gather %x dim 0 over @grid[dp] : tensor<8x8xbf16> -> tensor<32x8xbf16>
  %r = dist.all_slice %g dim 0 over @grid[tp, dp] : tensor<32x8xbf16> -> tensor<4x8xbf16>
  // expected-remark @+1 {{Reason=other-users}}
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x8xbf16>
  return %n, %r : tensor<32x8xbf16>, tensor<4x8xbf16>
}

// Nothing is worth a second gather.
// CHECK-LABEL: func @no_norm
// CHECK-COUNT-1: dist.all_gather
// CHECK-NOT:   dist.all_gather
// CHECK:       return
func.func @no_norm(%x: tensor<16x576xbf16>) -> (tensor<128x512xbf16>, tensor<128x64xbf16>) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<16x576xbf16> -> tensor<128x576xbf16>
  %c = tensor.extract_slice %g[0, 0] [128, 512] [1, 1] : tensor<128x576xbf16> to tensor<128x512xbf16>
  %r = tensor.extract_slice %g[0, 512] [128, 64] [1, 1] : tensor<128x576xbf16> to tensor<128x64xbf16>
  return %c, %r : tensor<128x512xbf16>, tensor<128x64xbf16>
}
