//===- DistDialect.td ----------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The dist dialect and its sharding attribute.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_IR_DISTDIALECT_TD
#define COMMUTER_DIALECT_DIST_IR_DISTDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/EnumAttr.td"

def Dist_Dialect : Dialect {
  let name = "dist";
  let cppNamespace = "::commuter::dist";
  let summary = "Meshes of ranks, collectives on tensors, and sharding states";
  let description = [{
    Programs are SPMD in local view: a function is what every rank runs, and a
    tensor is the rank's local part, as memory is the rank's own, that of globals
    included. A mesh names the axes along which ranks are
    arranged; a collective names the axes that span its group.

    **Effects.** A collective is a value computation: an unused one may be
    erased, equal ones in a block may be merged, and nothing else orders them.
    But every rank of the group must reach it, so *a collective must not be moved
    into or out of control flow that can differ between ranks*: not hoisted out
    of a loop that may run zero times on some rank, not sunk into a branch. This
    is stated to MLIR as a read of the resource `Communication` by an op that is
    not speculatable: dead-code elimination and CSE within a block apply, while
    loop-invariant code motion and control-flow sinking do not. `dist.all_slice`,
    `dist.to_partial`, `dist.axis_index`, `dist.axis_size` and
    `dist.assert_sharding` are local and pure.

    **Shardings.** `dist.sharding` on an argument or a result of a function is a
    promise about its value; an argument without one is *varying* on every axis.

    **Buffers.** Each collective on tensors has a form on memrefs, named
    `…_into`, which writes into a buffer that the caller provides. Bufferisation
    produces them and `convert-dist-to-runtime` consumes them.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let hasConstantMaterializer = 1;
}

def Dist_ReductionKind : I32EnumAttr<"ReductionKind",
    "What a reducing collective computes", [
      I32EnumAttrCase<"Sum", 0, "sum">,
      I32EnumAttrCase<"Max", 1, "max">,
      I32EnumAttrCase<"Min", 2, "min">]> {
  let cppNamespace = "::commuter::dist";
}

def Dist_ShardingAttr : AttrDef<Dist_Dialect, "Sharding"> {
  let mnemonic = "sharding";
  let summary = "How a tensor's local parts make up the global value";
  let description = [{
    One `{axes}` list per dimension, major to minor: the dimension is split over
    these axes. `unreduced {axes}`: the global value is the sum over these axes
    of what the ranks hold. Along every other axis the value is replicated.

    ```mlir
    #dist.sharding<@mesh, [{dp} , {} ]>
    #dist.sharding<@mesh, [{dp, attn_tp} , {} ]>
    #dist.sharding<@mesh, [{dp} , {} ], unreduced {attn_tp}>
    ```
  }];
  let parameters = (ins
    "::mlir::FlatSymbolRefAttr":$mesh,
    "::mlir::ArrayAttr":$dimAxes,
    "::mlir::ArrayAttr":$unreduced);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The axes that split dimension `dim`, major to minor.
    ::mlir::ArrayAttr getAxesOfDim(int64_t dim) const {
      return ::llvm::cast<::mlir::ArrayAttr>(getDimAxes()[dim]);
    }
    int64_t getRank() const { return getDimAxes().size(); }
    /// True if the sharding says of an axis that it splits a dimension, or that
    /// a sum over it is pending; along the others the value is replicated.
    bool namesAxis(::mlir::Attribute axis) const {
      return ::llvm::is_contained(getUnreduced(), axis) ||
             ::llvm::any_of(getDimAxes().getAsRange<::mlir::ArrayAttr>(),
                            [&](::mlir::ArrayAttr axes) {
                              return ::llvm::is_contained(axes, axis);
                            });
    }
    /// The name of the argument and result attribute that holds a sharding.
    static constexpr ::llvm::StringLiteral kAttrName = "dist.sharding";
  }];
}

#endif // COMMUTER_DIALECT_DIST_IR_DISTDIALECT_TD
