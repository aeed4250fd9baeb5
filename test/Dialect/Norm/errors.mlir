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
