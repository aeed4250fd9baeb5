//===- DistTransformOps.td -----------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The ops of the transform dialect that act on collectives.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_TD
#define COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_TD

include "mlir/Dialect/Transform/IR/TransformDialect.td"
include "mlir/Dialect/Transform/Interfaces/TransformInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def CommuteGatherOp : Op<Transform_Dialect, "dist.commute_gather",
    [FunctionalStyleTransformOpTrait, MemoryEffectsOpInterface,
     DeclareOpInterfaceMethods<TransformOpInterface>]> {
  let summary = "Moves norms in front of the gathers of a handle";
  let description = [{
    Does what the pass `dist-commute-norms` does, by the same law, analysis and
    choice of places, but for the gathers of the handle alone. All other gathers
    stay: what they gather counts as replicated, and is sliced where an op that
    moves takes it. (A gather of a gathered value, along another dimension, may be
    passed, as any other collective.)

    ```mlir
    %g = transform.structured.match ops{["dist.all_gather"]} in %root : (!transform.any_op) -> !transform.any_op
    %gathers, %moved = transform.dist.commute_gather %g {complete_sums}
        : (!transform.any_op) -> (!transform.any_op, !transform.any_op)
    ```

    `complete_sums` and `allow_extra_gather` are the pass's options. Each norm or
    reduction that the gathers feed ends in the pass's remark, in the name of
    this op.

    #### Return modes

    Fails silenceably, and changes nothing, if the handle holds anything else than
    `dist.all_gather`s, or if nothing moves: the message then has the reason for
    which the first norm stays (`docs/remarks.md`), and a note for each.

    Otherwise returns the gathers of what moved, and the ops that are now on
    slices: norms, and what moved along with them. Consumes the handle. Handles to
    ops that moved lose them, like those to anything else that a rewrite erases:
    `%moved` has what there is in their place. An empty handle gives empty ones.
  }];

  let arguments = (ins TransformHandleTypeInterface:$target,
                       UnitAttr:$complete_sums,
                       UnitAttr:$allow_extra_gather);
  let results = (outs TransformHandleTypeInterface:$gathers,
                      TransformHandleTypeInterface:$moved);
  let assemblyFormat = [{
    $target attr-dict `:` functional-type($target, results)
  }];
}

#endif // COMMUTER_DIALECT_DIST_TRANSFORMOPS_DISTTRANSFORMOPS_TD
