//===- OtherOps.td -------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dialect of another compiler, which knows nothing of Commuter; see
// docs/extending.md.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_TEST_LIB_OTHEROPS_TD
#define COMMUTER_TEST_LIB_OTHEROPS_TD

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Other_Dialect : Dialect {
  let name = "other";
  let cppNamespace = "::other";
}

def Other_RowwiseOp : Op<Other_Dialect, "rowwise", [
    Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Some function of each row and a table";
  let description = [{
    `rows`, the size of the first dimension or -1 if that is `?`, stands in for what
    a compiler keeps in attributes.

    ```mlir
    %y = other.rowwise %x, %table rows 16 : tensor<16x8xf32>, tensor<8xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$table,
                       I64Attr:$rows);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $table `rows` $rows attr-dict `:` type($input) `,` type($table)
  }];
  let hasVerifier = 1;
}

#endif // COMMUTER_TEST_LIB_OTHEROPS_TD
