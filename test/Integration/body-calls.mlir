// Bodies of structured ops that call functions, and ask for the rank: each gives what is
// written out beside it. On a device, what is called is a part of the kernel; the host
// calls the same functions.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry look_up --output-dir %t/look_up
// RUN: cmp %t/look_up/result0.npy %t/look_up/result1.npy
// RUN: %commuter-run %s --entry look_up --device cuda-emulated --output-dir %t/emulated/look_up
// RUN: diff -r %t/look_up %t/emulated/look_up
// RUN: %commuter-run %s --entry captured --output-dir %t/captured
// RUN: cmp %t/captured/result0.npy %t/captured/result1.npy
// RUN: %commuter-run %s --entry captured --device cuda-emulated --output-dir %t/emulated/captured
// RUN: diff -r %t/captured %t/emulated/captured
// RUN: %commuter-run %s --entry rank --output-dir %t/rank
// RUN: cmp %t/rank/result0.npy %t/rank/result1.npy
// RUN: %commuter-run %s --entry rank --device cuda-emulated --output-dir %t/emulated/rank
// RUN: diff -r %t/rank %t/emulated/rank

dist.mesh @mesh(dp = 2)
#id = affine_map<(d0) -> (d0)>
!own = tensor<4xf32>

// A constant that is read by what is called.
func.func private @look(%i: index) -> f32 {
  %t = arith.constant dense<[1.0, 2.5, -3.0, 4.0]> : tensor<4xf32>
  %v = tensor.extract %t[%i] : tensor<4xf32>
  return %v : f32
}
func.func @look_up(%x: !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>})
    -> (!own {dist.sharding = #dist.sharding<@mesh, [{dp}]>},
        !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : !own
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : !own) outs(%e : !own) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %v = func.call @look(%i) : (index) -> f32
    %s = arith.addf %a, %v : f32
    linalg.yield %s : f32
  } -> !own
  %v0 = func.call @look(%c0) : (index) -> f32
  %v1 = func.call @look(%c1) : (index) -> f32
  %v2 = func.call @look(%c2) : (index) -> f32
  %v3 = func.call @look(%c3) : (index) -> f32
  %v = tensor.from_elements %v0, %v1, %v2, %v3 : !own
  %1 = arith.addf %x, %v : !own
  return %0, %1 : !own, !own
}

// A tensor that is passed on, by one function to another.
func.func private @element(%t: !own, %i: index) -> f32 {
  %v = tensor.extract %t[%i] : !own
  return %v : f32
}
func.func private @twice_element(%t: !own, %i: index) -> f32 {
  %v = func.call @element(%t, %i) : (!own, index) -> f32
  %s = arith.addf %v, %v : f32
  return %s : f32
}
func.func @captured(%x: !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>})
    -> (!own {dist.sharding = #dist.sharding<@mesh, [{dp}]>},
        !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : !own
  %0 = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel"]} outs(%e : !own) {
  ^bb0(%o: f32):
    %v = func.call @twice_element(%x, %c1) : (!own, index) -> f32
    linalg.yield %v : f32
  } -> !own
  %v = func.call @twice_element(%x, %c1) : (!own, index) -> f32
  %1 = tensor.splat %v : !own
  return %0, %1 : !own, !own
}

func.func @rank(%x: !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>})
    -> (!own {dist.sharding = #dist.sharding<@mesh, [{dp}]>},
        !own {dist.sharding = #dist.sharding<@mesh, [{dp}]>}) {
  %e = tensor.empty() : !own
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : !own) outs(%e : !own) {
  ^bb0(%a: f32, %o: f32):
    %i = dist.axis_index @mesh[dp] : index
    %n = dist.axis_size @mesh[dp] : index
    %k = arith.addi %i, %n : index
    %j = arith.index_cast %k : index to i32
    %v = arith.sitofp %j : i32 to f32
    %s = arith.addf %a, %v : f32
    linalg.yield %s : f32
  } -> !own
  %i = dist.axis_index @mesh[dp] : index
  %c2 = arith.constant 2 : index
  %k = arith.addi %i, %c2 : index
  %j = arith.index_cast %k : index to i32
  %v = arith.sitofp %j : i32 to f32
  %t = tensor.splat %v : !own
  %1 = arith.addf %x, %t : !own
  return %0, %1 : !own, !own
}
