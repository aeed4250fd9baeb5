// Ops that share a buffer beyond what bufferisation is given at once, and one between
// them that adds to what is there: what they compute, other ops compute as well.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry shared --output-dir %t/shared | FileCheck %s
// RUN: %commuter-run %s --entry apart --output-dir %t/apart | FileCheck %s
// RUN: cmp %t/shared/result0.npy %t/apart/result0.npy
// CHECK: on 1 rank

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
!t = tensor<40xf32>

func.func @shared(%x: !t, %m: tensor<40x2xf32>) -> !t {
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %x : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.add ins(%1, %x : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %x : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.add ins(%3, %x : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %x : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.add ins(%5, %x : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %x : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.add ins(%7, %x : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %x : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.add ins(%9, %x : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %x : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.add ins(%11, %x : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %x : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.add ins(%13, %x : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %x : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.add ins(%15, %x : !t, !t) outs(%e : !t) -> !t
  %17 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<40x2xf32>) outs(%16 : !t) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %b, %a : f32
    linalg.yield %s : f32
  } -> !t
  %18 = linalg.add ins(%17, %x : !t, !t) outs(%e : !t) -> !t
  %19 = linalg.add ins(%18, %x : !t, !t) outs(%e : !t) -> !t
  %20 = linalg.add ins(%19, %x : !t, !t) outs(%e : !t) -> !t
  %21 = linalg.add ins(%20, %x : !t, !t) outs(%e : !t) -> !t
  return %21 : !t
}

func.func @apart(%x: !t, %m: tensor<40x2xf32>) -> !t {
  %1 = arith.addf %x, %x : !t
  %2 = arith.addf %1, %x : !t
  %3 = arith.addf %2, %x : !t
  %4 = arith.addf %3, %x : !t
  %5 = arith.addf %4, %x : !t
  %6 = arith.addf %5, %x : !t
  %7 = arith.addf %6, %x : !t
  %8 = arith.addf %7, %x : !t
  %9 = arith.addf %8, %x : !t
  %10 = arith.addf %9, %x : !t
  %11 = arith.addf %10, %x : !t
  %12 = arith.addf %11, %x : !t
  %13 = arith.addf %12, %x : !t
  %14 = arith.addf %13, %x : !t
  %15 = arith.addf %14, %x : !t
  %16 = arith.addf %15, %x : !t
  %m0 = tensor.extract_slice %m[0, 0] [40, 1] [1, 1] : tensor<40x2xf32> to !t
  %m1 = tensor.extract_slice %m[0, 1] [40, 1] [1, 1] : tensor<40x2xf32> to !t
  %s = arith.addf %16, %m0 : !t
  %17 = arith.addf %s, %m1 : !t
  %18 = arith.addf %17, %x : !t
  %19 = arith.addf %18, %x : !t
  %20 = arith.addf %19, %x : !t
  %21 = arith.addf %20, %x : !t
  return %21 : !t
}
