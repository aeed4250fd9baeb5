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
    parts first. What is computed is what a kernel computes: statistics in f32
    (f64 of f64), one rounding of the result. The variance is taken in two passes
    with the correction of the mean.

    Quantisations give the kernel's bits. Norms may differ from it by the order
    of summation, and by roundings: a kernel adds up 64 partial sums, this
    program goes from the first element to the last; a kernel fuses products
    with sums, and sums a row once where that costs no digits that the result
    has. Of n elements, either sum of squares has a relative error of at most
    2^-24 n (2^-53 n of f64), of about 2^-24 sqrt(n) as a rule, and a result's
    is half of that; the result in bf16 or f16 differs by its last digit at
    most, where the two lie on either side of a tie. A row's result still
    depends on that row and the parameters alone, as long as loops run in order.

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

def RaiseNormsPass : Pass<"norm-raise"> {
  let summary = "Norms that are spelled out become norm ops";
  let description = [{
    A value becomes `norm.layer_norm` or `norm.rms_norm` where it is proved to be
    that of the program's ops, not where it looks like it: `arith` and `math` on
    tensors, structured ops of `linalg` with their bodies and maps, and reshapes
    are read as one polynomial over the elements of the input, their means, roots
    of polynomials, and parameters. It has to be the norm's own. So the ops may
    come in any order and grouping, variances as E[(x - m)^2] or E[x^2] - m^2,
    roots by `rsqrt`, `sqrt` or `powf`, means by a quotient, by a factor 1/n or in
    the factor behind the root, statistics with their dimension kept or dropped,
    and tokens as [B, T] here and as [B * T] there, if T is known.

    ```mlir
    %sq = arith.mulf %x, %x : tensor<4x8xf32>
    %sum = linalg.reduce { arith.addf } ins(%sq : tensor<4x8xf32>) outs(%zeros : tensor<4xf32>) dimensions = [1]
    %mean = arith.divf %sum, %eights : tensor<4xf32>
    %var = arith.addf %mean, %eps : tensor<4xf32>
    %factor = math.rsqrt %var : tensor<4xf32>
    %f = linalg.broadcast ins(%factor : tensor<4xf32>) outs(%e : tensor<4x8xf32>) dimensions = [1]
    %y = arith.mulf %x, %f : tensor<4x8xf32>
    // becomes
    %y = norm.rms_norm %x eps 1.0e-06 : tensor<4x8xf32>
    ```

    *What it keeps.* The proof is one in the real numbers; of floating-point
    numbers the result may differ as it does when sums are added up in another
    order, or factors of the type of the statistics multiplied. E[x^2] - m^2 is
    equal in exact arithmetic only: where a mean is large beside the deviations
    from it, it loses digits that the op's two passes keep, and the raised
    program is the more accurate. Terms and factors that cancel in the real
    numbers, but not with infinities and NaN, are not cancelled: `z - z`, `z / z`
    and `0 * z` make a value something else than a norm, and so do sums of other
    rows that cancel, or of this one where they are large beside it, infinite
    constants, and a row that is scaled so far that its eps comes out of range.
    `maximumf(variance, 0)` is the variance.

    *Roundings.* The statistics and all else must be computed in the op's own
    type, f32 for f16, bf16 and f32, f64 for f64, and only the result be rounded.
    A part of which this is true is raised alone: where a norm is rounded to bf16
    and then multiplied by its scale, as in Llama, it is raised without the scale,
    and the product stays. `allow-rounding-changes` raises all of it, and norms
    computed in a narrower or wider type, and so changes results by their
    roundings, and overflows of f16 into numbers.

    The value is replaced, and what was only for it goes; statistics with other
    users stay. For every form of the ops, `norm-raise` undoes `norm-to-linalg`.

    *Remarks* of category `norm`, named `norm-raise`: *passed* for each norm, and
    *missed* for each root of a statistic in no norm, with a `Reason`:

    | reason | what it means |
    |---|---|
    | `rounding-between` | a value is rounded on the way, or computed in another type than the op's |
    | `eps-outside-root` | 1 / (sqrt(var) + eps), or 1 / sqrt(var) + eps |
    | `eps-not-constant` | what is added to the variance is not known before a run |
    | `count-mismatch` | a sum is divided by another number than that of its elements, such as n - 1, or by one that is not known |
    | `statistics-of-another-tensor` | what is divided by the root is not what the statistics are of |
    | `axis-mismatch` | the statistics are not of the last dimensions of the row that the element is in |
    | `not-a-norm` | another polynomial, or ops that are not read |

    Not read: control flow and calls between the ops, sums over one of several
    dimensions that a reshape merges, slices, clamps other than that of the
    variance, and a reduction by anything but a sum. A scale or bias that is one
    number, or is not over exactly the normalised dimensions, stays behind the
    norm.
  }];
  let options = [Option<"allowRoundingChanges", "allow-rounding-changes",
    "bool", "false", "Raise norms that round between their ops, too">];
  let dependentDialects = [
    "::commuter::norm::NormDialect", "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numNorms", "norms-raised", "Norms raised">];
}

#endif // COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_TD
