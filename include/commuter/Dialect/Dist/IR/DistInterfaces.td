//===- DistInterfaces.td -------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface of ops that act on the group of ranks over some axes of a mesh.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_IR_DISTINTERFACES_TD
#define COMMUTER_DIALECT_DIST_IR_DISTINTERFACES_TD

include "mlir/IR/OpBase.td"

def MeshGroupOpInterface : OpInterface<"MeshGroupOpInterface"> {
  let description = [{
    An op that acts on a group: the ranks that differ from this one in some axes
    of a mesh only, ordered with the last named axis fastest.
  }];
  let cppNamespace = "::commuter::dist";
  let methods = [
    InterfaceMethod<"The mesh's symbol.", "::mlir::FlatSymbolRefAttr",
                    "getMeshAttr">,
    InterfaceMethod<"The axes that span the group, major to minor.",
                    "::mlir::ArrayAttr", "getAxesAttr">,
  ];
}

#endif // COMMUTER_DIALECT_DIST_IR_DISTINTERFACES_TD
