// RUN: %commuter-opt %s -split-input-file -verify-diagnostics

func.func @scale_shape(%x: tensor<4x8xf32>, %w: tensor<7xf32>) {
  // expected-error @+1 {{'norm.rms_norm' op expects scale to have the shape of the normalised dimensions, 'tensor<8xf32>', found 'tensor<7xf32>'}}
  %0 = norm.rms_norm %x scale %w eps 1.0e-06 : tensor<4x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @narrow_bias(%x: tensor<4x8xf32>, %w: tensor<8xbf16>) {
  // expected-error @+1 {{'norm.layer_norm' op expects bias of the input's element type, 'f32', or a wider one, found 'bf16'}}
  %0 = norm.layer_norm %x bias %w eps 1.0e-06 : tensor<4x8xf32>, tensor<8xbf16>
  return
}

// -----

func.func @f16_for_bf16(%x: tensor<4x8xbf16>, %w: tensor<8xf16>) {
  // expected-error @+1 {{expects scale of the input's element type, 'bf16', or a wider one, found 'f16'}}
  %0 = norm.layer_norm %x scale %w eps 1.0e-06 : tensor<4x8xbf16>, tensor<8xf16>
  return
}

// -----

func.func @axis(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.layer_norm' op expects axis in [0, 2), found 2}}
  %0 = norm.layer_norm %x axis 2 eps 1.0e-06 : tensor<4x8xf32>
  return
}

// -----

func.func @scalar(%x: tensor<f32>) {
  // expected-error @+1 {{'norm.layer_norm' op expects an input of rank 1 or more, found 'tensor<f32>'}}
  %0 = norm.layer_norm %x eps 1.0e-06 : tensor<f32>
  return
}

// -----

func.func @eps(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.rms_norm' op expects a finite eps >= 0, found -1.000000e+00}}
  %0 = norm.rms_norm %x eps -1.0 : tensor<4x8xf32>
  return
}

// -----

func.func @types(%x: tensor<4x8xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{expected a type for x and for each parameter: 2, found 1}}
  %0 = norm.rms_norm %x scale %w eps 1.0e-06 : tensor<4x8xf32>
  return
}

// -----

func.func @integers(%x: tensor<4x8xi32>) {
  // expected-error @+1 {{must be ranked tensor of}}
  %0 = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xi32>
  return
}

// -----

func.func @offset(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.rms_norm' op expects a finite offset, found 0x7FF0000000000000 : f64}}
  %0 = norm.rms_norm %x offset 0x7FF0000000000000 eps 1.0e-06 : tensor<4x8xf32>
  return
}

// -----

func.func @quantized_shape(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects an output of the input's shape, 'tensor<4x8xi8>', found 'tensor<4x7xi8>'}}
  %q, %s = norm.quantize %x per_row : tensor<4x8xf32> -> tensor<4x7xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @scales_of_rows(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects scales of type 'tensor<4x1xf32>', found 'tensor<4xf32>'}}
  %q, %s = norm.quantize %x per_row : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4xf32>
  return
}

// -----

func.func @scales_of_groups(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects scales of type 'tensor<4x2xf32>', found 'tensor<4x4xf32>'}}
  %q, %s = norm.quantize %x per_group 4 : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x4xf32>
  return
}

// -----

func.func @scale_of_tensor(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects scales of type 'tensor<f32>', found 'tensor<1xf32>'}}
  %q, %s = norm.quantize %x per_tensor : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<1xf32>
  return
}

// -----

func.func @given_scale(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects a given scale of type 'tensor<f32>', found 'tensor<4x1xf32>'}}
  %q = norm.quantize %x static %s : tensor<4x8xf32>, tensor<4x1xf32> -> tensor<4x8xi8>
  return
}

// -----

func.func @group_size(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects a group size that divides the last dimension's size, 8, found 3}}
  %q, %s = norm.quantize %x per_group 3 : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x2xf32>
  return
}

// -----

func.func @zero_group_size(%x: tensor<4x?xf32>) {
  // expected-error @+1 {{'norm.quantize' op expects a positive group size, found 0}}
  %q, %s = norm.quantize %x per_group 0 : tensor<4x?xf32> -> tensor<4x?xi8>, tensor<4x?xf32>
  return
}

// -----

func.func @no_group_size(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expects a group size for `per_group` and no other mode, found per_group without one}}
  %q, %s = "norm.quantize"(%x) <{mode = 2 : i32}> : (tensor<4x8xf32>) -> (tensor<4x8xi8>, tensor<4x2xf32>)
  return
}

// -----

func.func @group_size_of_rows(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expects a group size for `per_group` and no other mode, found per_row with one}}
  %q, %s = "norm.quantize"(%x) <{mode = 1 : i32, group_size = 8 : i64}> : (tensor<4x8xf32>) -> (tensor<4x8xi8>, tensor<4x1xf32>)
  return
}

// -----

func.func @no_given_scale(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expects a given scale for `static` and no other mode, found static without one}}
  %q = norm.quantize %x static : tensor<4x8xf32> -> tensor<4x8xi8>
  return
}

// -----

func.func @scale_given_for_rows(%x: tensor<4x8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects a given scale for `static` and no other mode, found per_row with one}}
  %q, %r = norm.quantize %x per_row %s : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @no_scales(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expects scales as a result unless `static`, found per_row without them}}
  %q = norm.quantize %x per_row : tensor<4x8xf32> -> tensor<4x8xi8>
  return
}

// -----

func.func @scales_of_static(%x: tensor<4x8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{expects scales as a result unless `static`, found static with them}}
  %q, %r = norm.quantize %x static %s : tensor<4x8xf32>, tensor<f32> -> tensor<4x8xi8>, tensor<f32>
  return
}

// -----

func.func @quantize_scalar(%x: tensor<f32>) {
  // expected-error @+1 {{'norm.quantize' op expects an input of rank 1 or more, found 'tensor<f32>'}}
  %q, %s = norm.quantize %x per_tensor : tensor<f32> -> tensor<i8>, tensor<f32>
  return
}

// -----

func.func @quantize_f64(%x: tensor<4x8xf64>) {
  // expected-error @+1 {{'norm.quantize' op operand #0 must be ranked tensor of 32-bit float or 16-bit float or bfloat16 type values, but got 'tensor<4x8xf64>'}}
  %q, %s = norm.quantize %x per_row : tensor<4x8xf64> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @dequantized_shape(%q: tensor<4x8xi8>, %s: tensor<f32>) {
  // expected-error @+1 {{'norm.dequantize' op expects an output of the input's shape, 'tensor<4x8xf32>', found 'tensor<8x4xf32>'}}
  %x = norm.dequantize %q, %s : tensor<4x8xi8>, tensor<f32> -> tensor<8x4xf32>
  return
}

// -----

func.func @dequantize_scales(%q: tensor<4x8xi8>, %s: tensor<4x3xf32>) {
  // expected-error @+1 {{'norm.dequantize' op expects one scale, or scales of the input's shape up to a last dimension that divides the input's, for 'tensor<4x8xi8>', found 'tensor<4x3xf32>'}}
  %x = norm.dequantize %q, %s : tensor<4x8xi8>, tensor<4x3xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @dequantize_rows(%q: tensor<4x8xi8>, %s: tensor<3x1xf32>) {
  // expected-error @+1 {{for 'tensor<4x8xi8>', found 'tensor<3x1xf32>'}}
  %x = norm.dequantize %q, %s : tensor<4x8xi8>, tensor<3x1xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @fused_tensor_scale(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.norm_quantize' op expects scales of rows or parts of them, found per_tensor}}
  %q, %s = norm.norm_quantize rms %x axis 1 eps 1.0e-06 quantize per_tensor : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<f32>
  return
}

// -----

func.func @fused_bias(%x: tensor<4x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{'norm.norm_quantize' op expects no bias of an RMS norm, found 'tensor<8xf32>'}}
  %q, %s = norm.norm_quantize rms %x bias %b axis 1 eps 1.0e-06 quantize per_row : tensor<4x8xf32> bias tensor<8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @fused_offset(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.norm_quantize' op expects no offset of a layer norm, found 1.000000e+00}}
  %q, %s = norm.norm_quantize layer %x offset 1.0 axis 1 eps 1.0e-06 quantize per_row : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @fused_residual(%x: tensor<4x8xf32>, %r: tensor<4x8xbf16>) {
  // expected-error @+1 {{'norm.norm_quantize' op expects residual and sum of the input's type, 'tensor<4x8xf32>', found 'tensor<4x8xbf16>'}}
  %s, %q, %sc = norm.norm_quantize rms %x add %r axis 1 eps 1.0e-06 quantize per_row : tensor<4x8xf32> add tensor<4x8xbf16> -> sum tensor<4x8xf32>, tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @fused_sum(%x: tensor<4x8xf32>, %r: tensor<4x8xf32>) {
  // expected-error @+1 {{'norm.norm_quantize' op expects a residual and its sum together, found a residual alone}}
  %q, %sc = norm.norm_quantize rms %x add %r axis 1 eps 1.0e-06 quantize per_row : tensor<4x8xf32> add tensor<4x8xf32> -> tensor<4x8xi8>, tensor<4x1xf32>
  return
}

// -----

func.func @mode(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{expected one of [static, per_row, per_group, per_tensor]}}
  %q, %s = norm.quantize %x per_column : tensor<4x8xf32> -> tensor<4x8xi8>, tensor<1x8xf32>
  return
}
