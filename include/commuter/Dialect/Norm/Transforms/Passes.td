//===- Passes.td ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes on norms and quantisations.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_TD
#define COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def FuseNormsPass : Pass<"norm-fuse"> {
  let summary = "Puts a norm and its neighbours into one kernel";
  let description = [{
    Never changes a result:

    - An addition whose sum a norm takes becomes the norm's own: `arith.addf`
      rounds as `norm.add_*` does.
    - A norm and the quantisation of its result become `norm.norm_quantize`, if
      nothing else uses the result and the scale is not of the whole tensor.

    ```mlir
    %s = arith.addf %x, %r : tensor<32x64xbf16>
    %n = norm.rms_norm %s scale %g eps 1.0e-06 : tensor<32x64xbf16>, tensor<64xbf16>
    %q, %sc = norm.quantize %n per_row : tensor<32x64xbf16> -> tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
    // becomes
    %s, %q, %sc = norm.norm_quantize rms %x add %r scale %g axis 1 eps 1.0e-06 quantize per_row
      : tensor<32x64xbf16> add tensor<32x64xbf16> scale tensor<64xbf16>
      -> sum tensor<32x64xbf16>, tensor<32x64xf8E4M3FN>, tensor<32x1xf32>
    ```

    Runs after the passes of `dist`: an addition of its own may move where the
    norm may not.
  }];
  let dependentDialects = ["::commuter::norm::NormDialect"];
  let statistics = [
    Statistic<"numAdditions", "additions-fused", "Additions put into a norm">,
    Statistic<"numQuantizations", "quantizations-fused",
              "Quantisations put into a norm">];
}

def NormToLinalgPass : Pass<"norm-to-linalg"> {
  let summary = "Norms and quantisations as linalg, arith, math and tensor ops";
  let description = [{
    For a compiler that brings its own code generation, without the runtime's
    kernels. Every op on tensors is decomposed, `norm.norm_quantize` into its
    parts first. What is computed is what a kernel computes, step by step:
    statistics in f32 (f64 of f64), the variance in two passes with the
    correction of the mean, one rounding of the result.

    Quantisations give the kernel's bits. Norms may differ from it by the order
    of summation alone: a kernel adds up 64 partial sums, this program goes from
    the first element to the last. Of n elements, either sum of squares has a
    relative error of at most (n - 1) * 2^-24 (2^-53 of f64), of about
    sqrt(n) * 2^-24 as a rule, and a result's is half of that; the result in
    bf16 or f16 differs by its last digit at most, where the two lie on either
    side of a tie. A row's result still depends on that row and the parameters
    alone, as long as loops run in order.

    ```mlir
    %y = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
    // becomes
    %squares = linalg.generic ... ins(%x) outs(%zeros) { addf(%s, mulf(%x, %x)) }
    %factor = linalg.generic ... ins(%squares) { 1 / sqrt(%s / 8 + 1e-6) }
    %y = linalg.generic ... ins(%x, %factor) { mulf(%x, %factor) }
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

#endif // COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_TD
