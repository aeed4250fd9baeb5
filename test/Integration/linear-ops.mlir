// Structured ops that are linear keep a sum pending, so that they move in front of
// a gather that lies between a sum and its parts.

// RUN: %commuter-run %s --entry scaled --compare | FileCheck %s
// RUN: %commuter-run %s --entry product --compare | FileCheck %s
// RUN: %commuter-run %s --entry transposed --compare | FileCheck %s
// RUN: %commuter-run %s --entry joined --compare | FileCheck %s
// CHECK: norm rows per rank 16 8 0.500
// CHECK: 1 result: bit-exact on 4/4 ranks

// The residual that one rank adds enters the sum once.
// RUN: %commuter-run %s --entry residual --compare | FileCheck %s --check-prefix=STAYS
// STAYS: norm rows per rank 16 16 1.000
// STAYS: 1 result: bit-exact on 4/4 ranks

dist.mesh @mesh(dp = 2, tp = 2)
#id = affine_map<(i, j) -> (i, j)>
#parts = #dist.sharding<@mesh, [{dp}, {}], unreduced {tp}>
#whole = #dist.sharding<@mesh, [{}, {}]>

func.func @scaled(%x: tensor<8x16xf32> {dist.sharding = #parts}) -> (tensor<16x16xf32> {dist.sharding = #whole}) {
  %k = arith.constant 0.5 : f32
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<16x16xf32>
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%g : tensor<16x16xf32>) outs(%e : tensor<16x16xf32>) {
  ^bb0(%a: f32, %o: f32):
    %0 = arith.mulf %a, %k : f32
    linalg.yield %0 : f32
  } -> tensor<16x16xf32>
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<16x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

func.func @product(%x: tensor<8x16xf32> {dist.sharding = #parts}, %w: tensor<16x16xf32> {dist.sharding = #whole}) -> (tensor<16x16xf32> {dist.sharding = #whole}) {
  %z = arith.constant 0.0 : f32
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<16x16xf32>
  %e = tensor.empty() : tensor<16x16xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<16x16xf32>) -> tensor<16x16xf32>
  %m = linalg.matmul ins(%g, %w : tensor<16x16xf32>, tensor<16x16xf32>) outs(%f : tensor<16x16xf32>) -> tensor<16x16xf32>
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<16x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

func.func @transposed(%x: tensor<16x8xf32> {dist.sharding = #dist.sharding<@mesh, [{}, {dp}], unreduced {tp}>}) -> (tensor<16x16xf32> {dist.sharding = #whole}) {
  %g = dist.all_gather %x dim 1 over @mesh[dp] : tensor<16x8xf32> -> tensor<16x16xf32>
  %e = tensor.empty() : tensor<16x16xf32>
  %m = linalg.transpose ins(%g : tensor<16x16xf32>) outs(%e : tensor<16x16xf32>) permutation = [1, 0]
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<16x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

func.func @joined(%x: tensor<8x8xf32> {dist.sharding = #parts}) -> (tensor<16x16xf32> {dist.sharding = #whole}) {
  %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x8xf32> -> tensor<16x8xf32>
  %m = tensor.concat dim(1) %g, %g : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<16x16xf32>
  %s = dist.all_reduce %m sum over @mesh[tp] : tensor<16x16xf32>
  %n = norm.rms_norm %s eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}

func.func @residual(%x: tensor<8x16xf32> {dist.sharding = #parts}, %r: tensor<8x16xf32> {dist.sharding = #dist.sharding<@mesh, [{dp}, {}]>}) -> (tensor<16x16xf32> {dist.sharding = #whole}) {
  %c0 = arith.constant 0 : index
  %i = dist.axis_index @mesh[tp] : index
  %c = arith.cmpi eq, %i, %c0 : index
  %t = scf.if %c -> tensor<8x16xf32> {
    %a = arith.addf %x, %r : tensor<8x16xf32>
    scf.yield %a : tensor<8x16xf32>
  } else {
    scf.yield %x : tensor<8x16xf32>
  }
  %g = dist.all_gather %t dim 0 over @mesh[dp] summing [tp] : tensor<8x16xf32> -> tensor<16x16xf32>
  %n = norm.rms_norm %g eps 1.0e-06 : tensor<16x16xf32>
  return %n : tensor<16x16xf32>
}
