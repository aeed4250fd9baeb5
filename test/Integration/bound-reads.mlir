// Weights and a constant that more layers share than bufferisation is given at once:
// in a straight line, or read in turn by a loop.

// RUN: rm -rf %t && mkdir %t
// RUN: %commuter-run %s --entry line --output-dir %t/line | FileCheck %s
// RUN: %commuter-run %s --entry loop --output-dir %t/loop | FileCheck %s
// RUN: cmp %t/line/result0.npy %t/loop/result0.npy
// CHECK: on 1 rank

!t = tensor<40xf32>

func.func @line(%x: !t, %w: !t) -> !t {
  %c = arith.constant dense<1.5> : !t
  %e = tensor.empty() : !t
  %1 = linalg.add ins(%x, %w : !t, !t) outs(%e : !t) -> !t
  %2 = linalg.sub ins(%1, %c : !t, !t) outs(%e : !t) -> !t
  %3 = linalg.add ins(%2, %w : !t, !t) outs(%e : !t) -> !t
  %4 = linalg.sub ins(%3, %c : !t, !t) outs(%e : !t) -> !t
  %5 = linalg.add ins(%4, %w : !t, !t) outs(%e : !t) -> !t
  %6 = linalg.sub ins(%5, %c : !t, !t) outs(%e : !t) -> !t
  %7 = linalg.add ins(%6, %w : !t, !t) outs(%e : !t) -> !t
  %8 = linalg.sub ins(%7, %c : !t, !t) outs(%e : !t) -> !t
  %9 = linalg.add ins(%8, %w : !t, !t) outs(%e : !t) -> !t
  %10 = linalg.sub ins(%9, %c : !t, !t) outs(%e : !t) -> !t
  %11 = linalg.add ins(%10, %w : !t, !t) outs(%e : !t) -> !t
  %12 = linalg.sub ins(%11, %c : !t, !t) outs(%e : !t) -> !t
  %13 = linalg.add ins(%12, %w : !t, !t) outs(%e : !t) -> !t
  %14 = linalg.sub ins(%13, %c : !t, !t) outs(%e : !t) -> !t
  %15 = linalg.add ins(%14, %w : !t, !t) outs(%e : !t) -> !t
  %16 = linalg.sub ins(%15, %c : !t, !t) outs(%e : !t) -> !t
  %17 = linalg.add ins(%16, %w : !t, !t) outs(%e : !t) -> !t
  %18 = linalg.sub ins(%17, %c : !t, !t) outs(%e : !t) -> !t
  %19 = linalg.add ins(%18, %w : !t, !t) outs(%e : !t) -> !t
  %20 = linalg.sub ins(%19, %c : !t, !t) outs(%e : !t) -> !t
  %21 = linalg.add ins(%20, %w : !t, !t) outs(%e : !t) -> !t
  %22 = linalg.sub ins(%21, %c : !t, !t) outs(%e : !t) -> !t
  %23 = linalg.add ins(%22, %w : !t, !t) outs(%e : !t) -> !t
  %24 = linalg.sub ins(%23, %c : !t, !t) outs(%e : !t) -> !t
  %25 = linalg.add ins(%24, %w : !t, !t) outs(%e : !t) -> !t
  %26 = linalg.sub ins(%25, %c : !t, !t) outs(%e : !t) -> !t
  %27 = linalg.add ins(%26, %w : !t, !t) outs(%e : !t) -> !t
  %28 = linalg.sub ins(%27, %c : !t, !t) outs(%e : !t) -> !t
  %29 = linalg.add ins(%28, %w : !t, !t) outs(%e : !t) -> !t
  %30 = linalg.sub ins(%29, %c : !t, !t) outs(%e : !t) -> !t
  %31 = linalg.add ins(%30, %w : !t, !t) outs(%e : !t) -> !t
  %32 = linalg.sub ins(%31, %c : !t, !t) outs(%e : !t) -> !t
  %33 = linalg.add ins(%32, %w : !t, !t) outs(%e : !t) -> !t
  %34 = linalg.sub ins(%33, %c : !t, !t) outs(%e : !t) -> !t
  %35 = linalg.add ins(%34, %w : !t, !t) outs(%e : !t) -> !t
  %36 = linalg.sub ins(%35, %c : !t, !t) outs(%e : !t) -> !t
  %37 = linalg.add ins(%36, %w : !t, !t) outs(%e : !t) -> !t
  %38 = linalg.sub ins(%37, %c : !t, !t) outs(%e : !t) -> !t
  %39 = linalg.add ins(%38, %w : !t, !t) outs(%e : !t) -> !t
  %40 = linalg.sub ins(%39, %c : !t, !t) outs(%e : !t) -> !t
  return %40 : !t
}

func.func @loop(%x: !t, %w: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c20 = arith.constant 20 : index
  %c = arith.constant dense<1.5> : !t
  %r = scf.for %i = %c0 to %c20 step %c1 iter_args(%y = %x) -> !t {
    %e = tensor.empty() : !t
    %1 = linalg.add ins(%y, %w : !t, !t) outs(%e : !t) -> !t
    %2 = linalg.sub ins(%1, %c : !t, !t) outs(%e : !t) -> !t
    scf.yield %2 : !t
  }
  return %r : !t
}
