// RUN: %commuter-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{'dist.mesh' op expects a positive size of axis 'dp', found 0}}
dist.mesh @mesh(dp = 0)

// -----

// expected-error @+1 {{'dist.mesh' op expects each axis at most once, found 'dp' twice}}
dist.mesh @mesh(dp = 2, dp = 2)

// -----

// expected-error @+1 {{'dist.mesh' op expects one axis or more, found none}}
dist.mesh @mesh()

// -----

// expected-error @+1 {{'dist.mesh' op expects a name of a mesh without brackets, commas and blanks, found 'my mesh'}}
dist.mesh @"my mesh"(dp = 2)

// -----

// expected-error @+1 {{'dist.mesh' op expects a name of an axis without brackets, commas and blanks, found 'd,p'}}
dist.mesh @mesh("d,p" = 2)

// -----

// expected-error @+1 {{'dist.mesh' op expects at most 2147483647 ranks, found more}}
dist.mesh @mesh(a = 4294967296, b = 4294967296)
func.func @too_many(%x: tensor<4xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[a, b] : tensor<4xf32> -> tensor<8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @not_reducible(%x: tensor<4xf8E4M3FN>) {
  // expected-error @+1 {{'dist.all_reduce' op expects elements that can be reduced, found 'tensor<4xf8E4M3FN>'}}
  %0 = dist.all_reduce %x max over @mesh[dp] : tensor<4xf8E4M3FN>
  return
}

// -----

// Unsigned integers are added as others are, but not ordered so.
dist.mesh @mesh(dp = 2)
func.func @unsigned(%x: tensor<4xui8>) {
  %0 = dist.all_reduce %x sum over @mesh[dp] : tensor<4xui8>
  // expected-error @+1 {{'dist.reduce_scatter' op orders integers as signed ones, found 'tensor<2xui8>'}}
  %1 = dist.reduce_scatter %x min dim 0 over @mesh[dp] : tensor<4xui8> -> tensor<2xui8>
  return
}

// -----

func.func @no_mesh(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_reduce' op expects the symbol of a dist.mesh, found @mesh}}
  %0 = dist.all_reduce %x sum over @mesh[dp] : tensor<4xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2, tp = 2)
func.func @no_axis(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_reduce' op expects an axis of @mesh (dp, tp), found 'ep'}}
  %0 = dist.all_reduce %x sum over @mesh[ep] : tensor<4xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2, tp = 2)
func.func @axis_twice(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects each axis at most once, found 'dp' twice}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] summing [dp] : tensor<4xf32> -> tensor<8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @no_axes(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_reduce' op expects one axis of @mesh or more, found none}}
  %0 = dist.all_reduce %x sum over @mesh[] : tensor<4xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @dim(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects dim in [0, 1), found 1}}
  %0 = dist.all_gather %x dim 1 over @mesh[dp] : tensor<4xf32> -> tensor<8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @size(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects dimension 0 of its input to have size 8 (its result has 16, and the group's size is 2), found 4}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<16xf32>
  return
}

// -----

// 4 times 2^62 is no number of 64 bits, and 0 is not what it is.
dist.mesh @mesh(dp = 4)
func.func @large_size(%x: tensor<4611686018427387904xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects dimension 0 of its input to have size 0 (its result has 0, and the group's size is 4), found 4611686018427387904}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4611686018427387904xf32> -> tensor<0xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @other_dim(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects a result of size 8 in dimension 1, found 'tensor<8x9xf32>'}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<8x9xf32>
  return
}

// -----

dist.mesh @mesh(dp = 3)
func.func @divisible(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'dist.all_slice' op expects dimension 0 of 'tensor<4x8xf32>' to be divisible by the group's size 3, found 4}}
  %0 = dist.all_slice %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<1x8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 3)
func.func @scatter(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'dist.reduce_scatter' op expects dimension 0 of 'tensor<4x8xf32>' to be divisible by the group's size 3, found 4}}
  %0 = dist.reduce_scatter %x sum dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<1x8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @element_type(%x: tensor<4xf32>) {
  // expected-error @+1 {{all of {input, result} have same element type}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<8xf16>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @rank(%x: tensor<4xf32>) {
  // expected-error @+1 {{'dist.all_gather' op expects a result of rank 1, found 'tensor<8x1xf32>'}}
  %0 = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4xf32> -> tensor<8x1xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @extents(%x: tensor<?xf32>, %c: tensor<3xindex>) {
  // expected-error @+1 {{'dist.all_gather' op expects one extent for each of 2 ranks, found 3}}
  %0 = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?xf32>, tensor<3xindex> -> tensor<?xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @all_to_all(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{'dist.all_to_all' op expects two dimensions, found 1 twice}}
  %0 = dist.all_to_all %x split 1 concat 1 over @mesh[dp] : tensor<4x4xf32> -> tensor<4x4xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @all_to_all_split(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{'dist.all_to_all' op expects dimension 1 of its result to have size 2 (its input has 4, and the group's size is 2), found 4}}
  %0 = dist.all_to_all %x split 1 concat 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<8x4xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
func.func @all_to_all_concat(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{'dist.all_to_all' op expects dimension 0 of its input to have size 2 (its result has 4, and the group's size is 2), found 4}}
  %0 = dist.all_to_all %x split 1 concat 0 over @mesh[dp] : tensor<4x4xf32> -> tensor<4x2xf32>
  return
}

// -----

dist.mesh @mesh(dp = 2)
// expected-error @+1 {{'func.func' op expects a sharding of 2 dimensions for 'tensor<4x4xf32>', found 1}}
func.func @sharding_rank(%x: tensor<4x4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  return
}

// -----

dist.mesh @mesh(dp = 2)
// expected-error @+1 {{'func.func' op expects axes of @mesh in a sharding, found 'tp'}}
func.func @sharding_axis(%x: tensor<4x4xf32> {dist.sharding = #dist.sharding<@mesh, [{tp}, {}]>}) {
  return
}

// -----

// expected-error @+1 {{'func.func' op expects a sharding on a dist.mesh, found @mesh, which names no mesh}}
func.func @sharding_mesh(%x: tensor<4xf32> {dist.sharding = #dist.sharding<@mesh, [{}]>}) {
  return
}

// -----

dist.mesh @mesh(dp = 2)
// expected-error @+1 {{dist.sharding expects each axis at most once, found 'dp' twice}}
func.func @sharding_twice(%x: tensor<4x4xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {dp}]>}) {
  return
}

// -----

dist.mesh @mesh(dp = 4)
func.func @gathers_extents(%x: memref<4x8xf32>, %y: memref<16x8xf32>, %c: memref<4xindex>) {
  // expected-error @+1 {{expects extents of all gathers or of none}}
  dist.all_gather_into %x, %y dim 0, %x, %y dim 0 extents %c over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4x8xf32>, memref<16x8xf32>, memref<4xindex>
  return
}

// -----

dist.mesh @mesh(dp = 4)
func.func @gathers_dim(%x: memref<4x8xf32>, %y: memref<16x8xf32>) {
  // expected-error @+1 {{'dist.all_gather_into' op expects dim to be a dimension of 'memref<4x8xf32>', found 2}}
  dist.all_gather_into %x, %y dim 0, %x, %y dim 2 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>, memref<4x8xf32>, memref<16x8xf32>
  return
}

// -----

dist.mesh @mesh(dp = 4)
func.func @gathers_types(%x: memref<4x8xf32>, %y: memref<16x8xf16>) {
  // expected-error @+1 {{'dist.all_gather_into' op expects 'memref<16x8xf16>' to be of the element type and the rank of 'memref<4x8xf32>'}}
  dist.all_gather_into %x, %y dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf16>
  return
}

// -----

dist.mesh @mesh(dp = 4)
func.func @gathers_counts(%x: memref<4x8xf32>, %y: memref<16x8xf32>) {
  // expected-error @+1 {{'dist.all_gather_into' op expects one input or more, an output and a dimension of each, and extents of all or of none}}
  "dist.all_gather_into"(%x, %y) <{mesh = @mesh, axes = ["dp"], dims = array<i64: 0, 1>, operandSegmentSizes = array<i32: 1, 1, 0>}> : (memref<4x8xf32>, memref<16x8xf32>) -> ()
  return
}
