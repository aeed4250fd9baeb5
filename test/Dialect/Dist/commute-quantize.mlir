// RUN: %commuter-opt %s --dist-commute-norms --remark-format=emitRemark --remarks-filter=dist 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %commuter-opt %s --dist-commute-norms | FileCheck %s

// Quantisations follow the norm in front of the gather, which then moves 8 bits
// an element, and the scales: of bf16 with scales of groups of 128 it is 52 % of
// the bytes.

dist.mesh @mesh(dp = 8)

// REMARK: rms_norm
// REMARK: [Passed] {{.*}} Function=per_group {{.*}}bytes-after=6623232, bytes-before=12845056, rows-after=128, rows-before=1024
// REMARK-NEXT: norm.quantize
// CHECK-LABEL: func @per_group(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<128x7168xbf16>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[N]] per_group 128 : tensor<128x7168xbf16> -> tensor<128x7168xf8E4M3FN>, tensor<128x56xf32>
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0 over @mesh[dp] : tensor<128x7168xf8E4M3FN> -> tensor<1024x7168xf8E4M3FN>
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0 over @mesh[dp] : tensor<128x56xf32> -> tensor<1024x56xf32>
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @per_group(%h: tensor<128x7168xbf16>, %w: tensor<7168xbf16> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<1024x7168xf8E4M3FN>, tensor<1024x56xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<128x7168xbf16> -> tensor<1024x7168xbf16>
  %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<1024x7168xbf16>, tensor<7168xbf16>
  %q, %s = norm.quantize %n per_group 128 : tensor<1024x7168xbf16> -> tensor<1024x7168xf8E4M3FN>, tensor<1024x56xf32>
  return %q, %s : tensor<1024x7168xf8E4M3FN>, tensor<1024x56xf32>
}

// From f32 it is 27 % of the bytes.
// REMARK: Function=per_row_f32 {{.*}}bytes-after=60928, bytes-before=229376, rows-after=128, rows-before=1024
// CHECK-LABEL: func @per_row_f32(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<128x64xf32>
// CHECK-NEXT: %[[N:.*]] = norm.layer_norm %[[H]]
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[N]] per_row : tensor<128x64xf32> -> tensor<128x64xi8>, tensor<128x1xf32>
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @per_row_f32(%h: tensor<128x64xf32>) -> (tensor<1024x64xi8>, tensor<1024x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<128x64xf32> -> tensor<1024x64xf32>
  %n = norm.layer_norm %g eps 1.0e-05 : tensor<1024x64xf32>
  %q, %s = norm.quantize %n per_row : tensor<1024x64xf32> -> tensor<1024x64xi8>, tensor<1024x1xf32>
  return %q, %s : tensor<1024x64xi8>, tensor<1024x1xf32>
}

// A given scale is needed whole, and is not gathered.
// REMARK: Function=static {{.*}}bytes-after=1792, bytes-before=3584
// CHECK-LABEL: func @static(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x64xbf16>, %[[F:[a-z0-9]*]]: tensor<f32>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %[[Q:.*]] = norm.quantize %[[N]] static %[[F]] : tensor<4x64xbf16>, tensor<f32> -> tensor<4x64xf8E5M2>
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-NEXT: return %[[GQ]]
func.func @static(%h: tensor<4x64xbf16>, %f: tensor<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<32x64xf8E5M2> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x64xbf16>
  %q = norm.quantize %n static %f : tensor<32x64xbf16>, tensor<f32> -> tensor<32x64xf8E5M2>
  return %q : tensor<32x64xf8E5M2>
}

// Worth it without a norm, too.
// REMARK: Function=no_norm {{.*}}bytes-after=1904, bytes-before=3584
// CHECK-LABEL: func @no_norm(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x64xbf16>
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[H]] per_row
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @no_norm(%h: tensor<4x64xbf16>) -> (tensor<32x64xf8E4M3FN>, tensor<32x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %q, %s = norm.quantize %g per_row : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
  return %q, %s : tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
}

// Rows that differ in number from rank to rank: both gathers have the extents.
// CHECK-LABEL: func @ragged(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x64xbf16>, %[[C:[a-z0-9]*]]: tensor<8xindex>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[N]] per_group 16
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0 extents %[[C]]
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0 extents %[[C]]
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @ragged(%h: tensor<?x64xbf16>, %c: tensor<8xindex> {dist.sharding = #dist.sharding<@mesh, [{}]>}) -> (tensor<?x64xf8E4M3FN>, tensor<?x4xf32>) {
  %g = dist.all_gather %h dim 0 extents %c over @mesh[dp] : tensor<?x64xbf16>, tensor<8xindex> -> tensor<?x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x64xbf16>
  %q, %s = norm.quantize %n per_group 16 : tensor<?x64xbf16> -> tensor<?x64xf8E4M3FN>, tensor<?x4xf32>
  return %q, %s : tensor<?x64xf8E4M3FN>, tensor<?x4xf32>
}

// Nobody has said how many they are: both gathers have what is exchanged once.
// CHECK-LABEL: func @exchanged_once(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x64xbf16>
// CHECK: %[[C:.*]] = dist.exchange_extents
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[H]] per_row
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0 extents %[[C]]
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0 extents %[[C]]
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @exchanged_once(%h: tensor<?x64xbf16>) -> (tensor<?x64xf8E4M3FN>, tensor<?x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %q, %s = norm.quantize %g per_row : tensor<?x64xbf16> -> tensor<?x64xf8E4M3FN>, tensor<?x1xf32>
  return %q, %s : tensor<?x64xf8E4M3FN>, tensor<?x1xf32>
}

// One gather exchanges them itself.
// CHECK-LABEL: func @exchanged_by_the_gather(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<?x64xbf16>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0 over @mesh[dp]
// CHECK-NEXT: return %[[G]]
func.func @exchanged_by_the_gather(%h: tensor<?x64xbf16>) -> tensor<?x64xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<?x64xbf16> -> tensor<?x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<?x64xbf16>
  return %n : tensor<?x64xbf16>
}

// A rank's 256 columns are two whole groups.
// REMARK: Function=whole_groups {{.*}}bytes-after=7392, bytes-before=14336, rows-after=4, rows-before=4
// CHECK-LABEL: func @whole_groups(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x256xbf16>
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[H]] per_group 128 : tensor<4x256xbf16> -> tensor<4x256xi8>, tensor<4x2xf32>
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 1 over @mesh[dp] : tensor<4x256xi8> -> tensor<4x2048xi8>
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 1 over @mesh[dp] : tensor<4x2xf32> -> tensor<4x16xf32>
// CHECK-NEXT: return %[[GQ]], %[[GS]]
func.func @whole_groups(%h: tensor<4x256xbf16>) -> (tensor<4x2048xi8>, tensor<4x16xf32>) {
  %g = dist.all_gather %h dim 1 over @mesh[dp] : tensor<4x256xbf16> -> tensor<4x2048xbf16>
  %q, %s = norm.quantize %g per_group 128 : tensor<4x2048xbf16> -> tensor<4x2048xi8>, tensor<4x16xf32>
  return %q, %s : tensor<4x2048xi8>, tensor<4x16xf32>
}

// What makes the numbers wide again stays where they are needed.
// CHECK-LABEL: func @dequantize_stays(
// CHECK: %[[Q:.*]], %[[S:.*]] = norm.quantize %{{.*}} per_row
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[S]] dim 0
// CHECK-NEXT: %[[Y:.*]] = norm.dequantize %[[GQ]], %[[GS]] : tensor<32x64xf8E4M3FN>, tensor<32x1xf32> -> tensor<32x64xbf16>
// CHECK-NEXT: return %[[Y]]
func.func @dequantize_stays(%h: tensor<4x64xbf16>) -> tensor<32x64xbf16> {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x64xbf16>
  %q, %s = norm.quantize %n per_row : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
  %y = norm.dequantize %q, %s : tensor<32x64xf8E4M3FN>, tensor<32x1xf32> -> tensor<32x64xbf16>
  return %y : tensor<32x64xbf16>
}

// Unless they are made narrow once more: one gather instead of two.
// REMARK: Function=requantize {{.*}}bytes-after=7168, bytes-before=7392
// CHECK-LABEL: func @requantize(
// CHECK-SAME: %[[Q:[a-z0-9]*]]: tensor<4x256xi8>, %[[S:[a-z0-9]*]]: tensor<4x2xf32>, %[[F:[a-z0-9]*]]: tensor<f32>
// CHECK-NEXT: %[[X:.*]] = norm.dequantize %[[Q]], %[[S]] : tensor<4x256xi8>, tensor<4x2xf32> -> tensor<4x256xbf16>
// CHECK-NEXT: %[[Y:.*]] = norm.quantize %[[X]] static %[[F]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[Y]] dim 1
// CHECK-NEXT: return %[[G]]
func.func @requantize(%q: tensor<4x256xi8>, %s: tensor<4x2xf32>, %f: tensor<f32> {dist.sharding = #dist.sharding<@mesh, []>}) -> tensor<4x2048xf8E4M3FN> {
  %gq = dist.all_gather %q dim 1 over @mesh[dp] : tensor<4x256xi8> -> tensor<4x2048xi8>
  %gs = dist.all_gather %s dim 1 over @mesh[dp] : tensor<4x2xf32> -> tensor<4x16xf32>
  %x = norm.dequantize %gq, %gs : tensor<4x2048xi8>, tensor<4x16xf32> -> tensor<4x2048xbf16>
  %y = norm.quantize %x static %f : tensor<4x2048xbf16>, tensor<f32> -> tensor<4x2048xf8E4M3FN>
  return %y : tensor<4x2048xf8E4M3FN>
}

// The fused op moves as its parts do.
// CHECK-LABEL: func @fused(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x64xbf16>, %[[R:[a-z0-9]*]]: tensor<4x64xbf16>
// CHECK-NEXT: %[[S:.*]], %[[Q:.*]], %[[SC:.*]] = norm.norm_quantize rms %[[H]] add %[[R]] {{.*}} : tensor<4x64xbf16> add tensor<4x64xbf16> -> sum tensor<4x64xbf16>, tensor<4x64xf8E4M3FN>, tensor<4x1xf32>
// CHECK-NEXT: %[[GQ:.*]] = dist.all_gather %[[Q]] dim 0
// CHECK-NEXT: %[[GS:.*]] = dist.all_gather %[[SC]] dim 0
// CHECK-NEXT: return %[[S]], %[[GQ]], %[[GS]]
func.func @fused(%h: tensor<4x64xbf16>, %r: tensor<4x64xbf16>) -> (tensor<4x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x1xf32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %gr = dist.all_gather %r dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %s, %q, %sc = norm.norm_quantize rms %g add %gr axis 1 eps 1.0e-06 quantize per_row : tensor<32x64xbf16> add tensor<32x64xbf16> -> sum tensor<32x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
  %own = dist.all_slice %s dim 0 over @mesh[dp] : tensor<32x64xbf16> -> tensor<4x64xbf16>
  return %own, %q, %sc : tensor<4x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
}

// The norm goes alone.
// REMARK: [Passed] {{.*}} Function=per_tensor_stays {{.*}}rows-after=4, rows-before=32
// REMARK: [Missed] {{.*}} Function=per_tensor_stays | Reason=not-row-wise
// CHECK-LABEL: func @per_tensor_stays(
// CHECK-SAME: %[[H:[a-z0-9]*]]: tensor<4x64xbf16>
// CHECK-NEXT: %[[N:.*]] = norm.rms_norm %[[H]]
// CHECK-NEXT: %[[G:.*]] = dist.all_gather %[[N]] dim 0
// CHECK-NEXT: %[[Q:.*]], %[[S:.*]] = norm.quantize %[[G]] per_tensor
// CHECK-NEXT: return %[[Q]], %[[S]]
func.func @per_tensor_stays(%h: tensor<4x64xbf16>) -> (tensor<32x64xf8E4M3FN>, tensor<f32>) {
  %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<32x64xbf16>
  %q, %s = norm.quantize %n per_tensor : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<f32>
  return %q, %s : tensor<32x64xf8E4M3FN>, tensor<f32>
}
