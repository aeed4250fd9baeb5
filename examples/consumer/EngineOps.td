//===- EngineOps.td -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of an engine of yours, with an op that Commuter moves.
//
//===----------------------------------------------------------------------===//

#ifndef ENGINEOPS_TD
#define ENGINEOPS_TD

include "commuter/Interfaces/DimParallelOpInterface.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Engine_Dialect : Dialect {
  let name = "engine";
  let cppNamespace = "::engine";
}

def Engine_L2NormOp : Op<Engine_Dialect, "l2_norm", [
    Pure, AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<DimParallelOpInterface, ["isWorthMoving"]>]> {
  let summary = "Scales each row to a length of 1";
  let description = [{
    A row is what the last dimension holds.

    ```mlir
    %y = engine.l2_norm %x : tensor<16x8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

#endif // ENGINEOPS_TD
