// One function for each thing that reference.py computes in its own way.

dist.mesh @mesh(a = 2, b = 3)

!part = tensor<2x6xf32>

func.func @all_gather(%x: !part) -> (tensor<4x6xf32>, tensor<6x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<2x18xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[a] : !part -> tensor<4x6xf32>
  %1 = dist.all_gather %x dim 0 over @mesh[b] : !part -> tensor<6x6xf32>
  %2 = dist.all_gather %x dim 0 over @mesh[a, b] : !part -> tensor<12x6xf32>
  %3 = dist.all_gather %x dim 0 over @mesh[b, a] : !part -> tensor<12x6xf32>
  %4 = dist.all_gather %x dim 1 over @mesh[b] : !part -> tensor<2x18xf32>
  return %0, %1, %2, %3, %4 : tensor<4x6xf32>, tensor<6x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<2x18xf32>
}

func.func @summing(%x: !part) -> (tensor<4x6xf32>, tensor<6x6xf32>) {
  %0 = dist.all_gather %x dim 0 over @mesh[a] summing [b] : !part -> tensor<4x6xf32>
  %1 = dist.all_gather %x dim 0 over @mesh[b] summing [a] : !part -> tensor<6x6xf32>
  return %0, %1 : tensor<4x6xf32>, tensor<6x6xf32>
}

func.func @all_reduce(%x: !part) -> (!part, !part, !part, !part) {
  %0 = dist.all_reduce %x sum over @mesh[a, b] : !part
  %1 = dist.all_reduce %x sum over @mesh[b] : !part
  %2 = dist.all_reduce %x max over @mesh[a] : !part
  %3 = dist.all_reduce %x min over @mesh[b] : !part
  return %0, %1, %2, %3 : !part, !part, !part, !part
}

func.func @reduce_scatter(%x: !part) -> (tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>) {
  %0 = dist.reduce_scatter %x sum dim 0 over @mesh[a] : !part -> tensor<1x6xf32>
  %1 = dist.reduce_scatter %x max dim 1 over @mesh[b] : !part -> tensor<2x2xf32>
  %2 = dist.reduce_scatter %x sum dim 1 over @mesh[b, a] : !part -> tensor<2x1xf32>
  return %0, %1, %2 : tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>
}

func.func @all_slice(%x: !part) -> (tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>) {
  %0 = dist.all_slice %x dim 0 over @mesh[a] : !part -> tensor<1x6xf32>
  %1 = dist.all_slice %x dim 1 over @mesh[b] : !part -> tensor<2x2xf32>
  %2 = dist.all_slice %x dim 1 over @mesh[b, a] : !part -> tensor<2x1xf32>
  return %0, %1, %2 : tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>
}

func.func @all_to_all(%x: !part) -> (tensor<6x2xf32>, tensor<1x12xf32>) {
  %0 = dist.all_to_all %x split 1 concat 0 over @mesh[b] : !part -> tensor<6x2xf32>
  %1 = dist.all_to_all %x split 0 concat 1 over @mesh[a] : !part -> tensor<1x12xf32>
  return %0, %1 : tensor<6x2xf32>, tensor<1x12xf32>
}

func.func @to_partial(%x: !part) -> (!part, !part) {
  %p = dist.to_partial %x over @mesh[b] : !part
  %s = dist.all_reduce %p sum over @mesh[b] : !part
  return %p, %s : !part, !part
}

func.func @place(%x: !part) -> (index, index, index, index, tensor<3xindex>) {
  %0 = dist.axis_index @mesh[a] : index
  %1 = dist.axis_index @mesh[b] : index
  %2 = dist.axis_index @mesh[b, a] : index
  %3 = dist.axis_size @mesh[a, b] : index
  %4 = dist.exchange_extents %2 over @mesh[b] : tensor<3xindex>
  return %0, %1, %2, %3, %4 : index, index, index, index, tensor<3xindex>
}

func.func @norms(%x: !part, %w: tensor<6xf32>, %b: tensor<6xf32>) -> (!part, !part, !part, !part, !part, !part, !part) {
  %0 = norm.layer_norm %x eps 1.0e-05 : !part
  %1 = norm.layer_norm %x scale %w bias %b eps 1.0e-05 : !part, tensor<6xf32>, tensor<6xf32>
  %2 = norm.rms_norm %x scale %w eps 1.0e-06 : !part, tensor<6xf32>
  %3 = norm.rms_norm %x scale %w offset 1.0 eps 1.0e-06 : !part, tensor<6xf32>
  %4 = norm.layer_norm %x axis 0 eps 1.0e-05 : !part
  %5, %6 = norm.add_rms_norm %x, %0 scale %w eps 1.0e-06 : !part, tensor<6xf32>
  return %0, %1, %2, %3, %4, %5, %6 : !part, !part, !part, !part, !part, !part, !part
}

// One value twice, a view of it, and a write to one of them.
func.func private @twice(%x: !part) -> (!part, !part, tensor<12xf32>) {
  %n = norm.layer_norm %x eps 1.0e-05 : !part
  %v = tensor.collapse_shape %n [[0, 1]] : !part into tensor<12xf32>
  return %n, %n, %v : !part, !part, tensor<12xf32>
}
func.func @shared_results(%x: !part) -> (!part, !part, tensor<12xf32>, !part, !part) {
  %one = arith.constant 1.0 : f32
  %a, %b, %c = func.call @twice(%x) : (!part) -> (!part, !part, tensor<12xf32>)
  %d = linalg.fill ins(%one : f32) outs(%b : !part) -> !part
  return %a, %d, %c, %x, %x : !part, !part, tensor<12xf32>, !part, !part
}

// A slice whose type does not tell that its rows are apart.
func.func private @same(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  return %x : tensor<2x?xf32>
}
func.func @slices(%x: !part) -> (tensor<2x?xf32>, tensor<2x?xf32>) {
  %n = arith.negf %x : !part
  %e = tensor.extract_slice %n[0, 0] [2, 5] [1, 1] : !part to tensor<2x5xf32>
  %c = tensor.cast %e : tensor<2x5xf32> to tensor<2x?xf32>
  %s = func.call @same(%c) : (tensor<2x?xf32>) -> tensor<2x?xf32>
  return %c, %s : tensor<2x?xf32>, tensor<2x?xf32>
}

// What a loop carries is made anew in each iteration.
func.func @loop(%x: !part) -> !part {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%y = %x) -> !part {
    %s = dist.all_reduce %y sum over @mesh[a] : !part
    scf.yield %s : !part
  }
  return %r : !part
}
