// The collectives of reference.mlir and some more, spelled in upstream's shard
// dialect: reference.py computes the same.

shard.grid @grid(shape = 2x3)

!part = tensor<2x6xf32>

func.func @all_gather(%x: !part) -> (tensor<4x6xf32>, tensor<6x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<2x18xf32>) {
  %0 = shard.all_gather %x on @grid grid_axes = [0] gather_axis = 0 : !part -> tensor<4x6xf32>
  %1 = shard.all_gather %x on @grid grid_axes = [1] gather_axis = 0 : !part -> tensor<6x6xf32>
  %2 = shard.all_gather %x on @grid grid_axes = [0, 1] gather_axis = 0 : !part -> tensor<12x6xf32>
  %3 = shard.all_gather %x on @grid grid_axes = [1, 0] gather_axis = 0 : !part -> tensor<12x6xf32>
  %4 = shard.all_gather %x on @grid grid_axes = [1] gather_axis = 1 : !part -> tensor<2x18xf32>
  return %0, %1, %2, %3, %4 : tensor<4x6xf32>, tensor<6x6xf32>, tensor<12x6xf32>, tensor<12x6xf32>, tensor<2x18xf32>
}

func.func @all_reduce(%x: !part) -> (!part, !part, !part, !part) {
  %0 = shard.all_reduce %x on @grid grid_axes = [0, 1] : !part -> !part
  %1 = shard.all_reduce %x on @grid grid_axes = [1] reduction = sum : !part -> !part
  %2 = shard.all_reduce %x on @grid grid_axes = [0] reduction = max : !part -> !part
  %3 = shard.all_reduce %x on @grid grid_axes = [1] reduction = min : !part -> !part
  return %0, %1, %2, %3 : !part, !part, !part, !part
}

func.func @reduce_scatter(%x: !part) -> (tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>) {
  %0 = shard.reduce_scatter %x on @grid grid_axes = [0] scatter_axis = 0 : !part -> tensor<1x6xf32>
  %1 = shard.reduce_scatter %x on @grid grid_axes = [1] reduction = max scatter_axis = 1 : !part -> tensor<2x2xf32>
  %2 = shard.reduce_scatter %x on @grid grid_axes = [1, 0] reduction = sum scatter_axis = 1 : !part -> tensor<2x1xf32>
  return %0, %1, %2 : tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>
}

func.func @all_slice(%x: !part) -> (tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>) {
  %0 = shard.all_slice %x on @grid grid_axes = [0] slice_axis = 0 : !part -> tensor<1x6xf32>
  %1 = shard.all_slice %x on @grid grid_axes = [1] slice_axis = 1 : !part -> tensor<2x2xf32>
  %2 = shard.all_slice %x on @grid grid_axes = [1, 0] slice_axis = 1 : !part -> tensor<2x1xf32>
  return %0, %1, %2 : tensor<1x6xf32>, tensor<2x2xf32>, tensor<2x1xf32>
}

func.func @all_to_all(%x: !part) -> (tensor<6x2xf32>, tensor<1x12xf32>) {
  %0 = shard.all_to_all %x on @grid grid_axes = [1] split_axis = 1 concat_axis = 0 : !part -> tensor<6x2xf32>
  %1 = shard.all_to_all %x on @grid grid_axes = [0] split_axis = 0 concat_axis = 1 : !part -> tensor<1x12xf32>
  return %0, %1 : tensor<6x2xf32>, tensor<1x12xf32>
}

// Split and concatenated along one dimension.
func.func @exchange_within(%x: !part) -> (!part, !part, !part) {
  %0 = shard.all_to_all %x on @grid grid_axes = [0] split_axis = 0 concat_axis = 0 : !part -> !part
  %1 = shard.all_to_all %x on @grid grid_axes = [1] split_axis = 1 concat_axis = 1 : !part -> !part
  %2 = shard.all_to_all %x on @grid grid_axes = [1, 0] split_axis = 1 concat_axis = 1 : !part -> !part
  return %0, %1, %2 : !part, !part, !part
}

// Sizes that the types do not tell.
func.func @dynamic(%x: !part) -> (tensor<?x6xf32>, tensor<2x?xf32>, tensor<?x?xf32>, tensor<?x6xf32>) {
  %d = tensor.cast %x : !part to tensor<?x?xf32>
  %0 = shard.all_gather %x on @grid grid_axes = [1, 0] gather_axis = 0 : !part -> tensor<?x6xf32>
  %1 = shard.all_slice %x on @grid grid_axes = [1] slice_axis = 1 : !part -> tensor<2x?xf32>
  %2 = shard.all_to_all %d on @grid grid_axes = [1] split_axis = 1 concat_axis = 0 : tensor<?x?xf32> -> tensor<?x?xf32>
  %3 = shard.all_reduce %x on @grid grid_axes = [1] : !part -> tensor<?x6xf32>
  return %0, %1, %2, %3 : tensor<?x6xf32>, tensor<2x?xf32>, tensor<?x?xf32>, tensor<?x6xf32>
}

// The group of no axes is the rank alone.
func.func @alone(%x: !part) -> (!part, tensor<2x?xf32>, !part) {
  %0 = shard.all_gather %x on @grid gather_axis = 0 : !part -> !part
  %1 = shard.reduce_scatter %x on @grid scatter_axis = 1 : !part -> tensor<2x?xf32>
  %2 = shard.all_reduce %x on @grid reduction = product : !part -> !part
  return %0, %1, %2 : !part, tensor<2x?xf32>, !part
}

func.func @place(%x: !part) -> (index, index, index, index, tensor<3xindex>) {
  %0:2 = shard.process_multi_index on @grid : index, index
  %1 = shard.process_multi_index on @grid axes = [1] : index
  %s:2 = shard.grid_shape @grid : index, index
  %a = shard.grid_shape @grid axes = [0] : index
  %row = arith.muli %1, %a : index
  %2 = arith.addi %row, %0#0 : index
  %3 = arith.muli %s#0, %s#1 : index
  %own = tensor.from_elements %2 : tensor<1xindex>
  %4 = shard.all_gather %own on @grid grid_axes = [1] gather_axis = 0 : tensor<1xindex> -> tensor<3xindex>
  return %0#0, %1, %2, %3, %4 : index, index, index, index, tensor<3xindex>
}

func.func @number(%x: !part) -> (index, index, index) {
  %0 = shard.process_linear_index on @grid : index
  %1:2 = shard.process_multi_index on @grid axes = [1, 0] : index, index
  return %0, %1#0, %1#1 : index, index, index
}

func.func @loop(%x: !part) -> !part {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%y = %x) -> !part {
    %s = shard.all_reduce %y on @grid grid_axes = [0] : !part -> !part
    scf.yield %s : !part
  }
  return %r : !part
}
