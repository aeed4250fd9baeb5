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

#endif // COMMUTER_DIALECT_NORM_TRANSFORMS_PASSES_TD
