//===- DistOps.td --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The mesh, the collectives on tensors, and their forms on buffers.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_IR_DISTOPS_TD
#define COMMUTER_DIALECT_DIST_IR_DISTOPS_TD

include "commuter/Dialect/Dist/IR/DistDialect.td"
include "commuter/Dialect/Dist/IR/DistInterfaces.td"
include "commuter/Interfaces/DimParallelOpInterface.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

//===----------------------------------------------------------------------===//
// Base classes
//===----------------------------------------------------------------------===//

/// What every collective reads; see the dialect's description.
def Dist_Communication : Resource<"::commuter::dist::CommunicationResource">;
def Dist_Communicates : MemoryEffects<[MemRead<Dist_Communication>]>;

/// Along every dimension that it does not cut or concatenate, a collective acts
/// on each place alike.
def Dist_DimParallel : DeclareOpInterfaceMethods<DimParallelOpInterface>;

def Dist_ExtentsType : 1DTensorOf<[Index]>;

class Dist_Op<string mnemonic, list<Trait> traits = []>
    : Op<Dist_Dialect, mnemonic, traits>;

/// An op over a group: `over @mesh[axes]`.
class Dist_GroupOp<string mnemonic, list<Trait> traits = []>
    : Dist_Op<mnemonic, !listconcat(traits, [
        DeclareOpInterfaceMethods<SymbolUserOpInterface>,
        MeshGroupOpInterface])> {
  dag groupArguments = (ins FlatSymbolRefAttr:$mesh, StrArrayAttr:$axes);
}

//===----------------------------------------------------------------------===//
// Mesh
//===----------------------------------------------------------------------===//

def Dist_MeshOp : Dist_Op<"mesh", [Symbol]> {
  let summary = "Names the axes along which ranks are arranged";
  let description = [{
    A size is a positive integer, or `?` if it is known only at run time. Rank r
    has the mixed-radix coordinates of r, the last axis fastest. Names hold no
    brackets, commas or blanks: where the program runs, a group of ranks is
    spelled `mesh[dp,attn_tp]`.

    ```mlir
    dist.mesh @mesh(dp = 4, attn_tp = 2)
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrArrayAttr:$axis_names,
                       DenseI64ArrayAttr:$axis_sizes);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Position of the axis, or nullopt if the mesh has no such axis.
    std::optional<unsigned> findAxis(::llvm::StringRef axis);
    /// Its size; ShapedType::kDynamic if open.
    int64_t getAxisSize(unsigned axis) { return getAxisSizes()[axis]; }
    ::llvm::StringRef getAxisName(unsigned axis) {
      return ::llvm::cast<::mlir::StringAttr>(getAxisNames()[axis]).getValue();
    }
    unsigned getNumAxes() { return getAxisNames().size(); }
  }];
}

//===----------------------------------------------------------------------===//
// Collectives on tensors
//===----------------------------------------------------------------------===//

def Dist_AllGatherOp : Dist_GroupOp<"all_gather", [
    Dist_Communicates, Dist_DimParallel,
    AllElementTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes"]>]> {
  let summary = "Concatenates the ranks' values along a dimension";
  let description = [{
    With `summing [axes]`, the values are first summed over those axes
    (in group order; f16 and bf16 accumulate in f32 and round once).

    If the extents differ from rank to rank, `extents` gives them all, in group
    order; an extent may be 0. A `?` dimension without `extents` gets an exchange
    of extents before lowering.

    ```mlir
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<32x64xbf16> -> tensor<128x64xbf16>
    %g = dist.all_gather %x dim 0 over @mesh[dp] summing [attn_tp] : tensor<32x64xbf16> -> tensor<128x64xbf16>
    %g = dist.all_gather %x dim 0 extents %c over @mesh[dp] : tensor<?x64xbf16>, tensor<4xindex> -> tensor<?x64xbf16>
    ```
  }];
  let arguments = !con((ins AnyRankedTensor:$input, I64Attr:$dim,
                            Optional<Dist_ExtentsType>:$extents),
                       groupArguments,
                       (ins OptionalAttr<StrArrayAttr>:$summing));
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim (`extents` $extents^)? `over` custom<Group>($mesh, $axes)
    (`summing` custom<AxisList>($summing)^)? attr-dict
    `:` type($input) (`,` type($extents)^)? `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Dist_AllReduceOp : Dist_GroupOp<"all_reduce", [
    Dist_Communicates, Dist_DimParallel,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Reduces the ranks' values elementwise";
  let description = [{
    ```mlir
    %s = dist.all_reduce %x sum over @mesh[attn_tp] : tensor<32x64xbf16>
    ```
    `sum`, `max` or `min`; in group order, so deterministic. `max` and `min` order
    integers as signed ones: of unsigned ones there is only the sum.
  }];
  let arguments = !con((ins AnyRankedTensor:$input, Dist_ReductionKind:$kind),
                       groupArguments);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input $kind `over` custom<Group>($mesh, $axes) attr-dict `:` type($input)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Dist_ReduceScatterOp : Dist_GroupOp<"reduce_scatter", [
    Dist_Communicates, Dist_DimParallel,
    AllElementTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes"]>]> {
  let summary = "Reduces the ranks' values and leaves each its slice";
  let description = [{
    Equal, bit for bit, to `all_reduce` followed by `all_slice`.

    ```mlir
    %t = dist.reduce_scatter %x sum dim 0 over @mesh[attn_tp] : tensor<32x64xbf16> -> tensor<16x64xbf16>
    ```
  }];
  let arguments = !con((ins AnyRankedTensor:$input, Dist_ReductionKind:$kind,
                            I64Attr:$dim),
                       groupArguments);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input $kind `dim` $dim `over` custom<Group>($mesh, $axes) attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Dist_AllSliceOp : Dist_GroupOp<"all_slice", [
    Pure, Dist_DimParallel, AllElementTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes"]>]> {
  let summary = "Takes this rank's slice of a dimension; local";
  let description = [{
    The inverse of `all_gather` for a value that is the same on all ranks of the
    group. Without `extents` the dimension splits evenly (checked at run time if
    it is `?`).

    ```mlir
    %l = dist.all_slice %g dim 0 over @mesh[dp] : tensor<128x64xbf16> -> tensor<32x64xbf16>
    %l = dist.all_slice %g dim 0 extents %c over @mesh[dp] : tensor<?x64xbf16>, tensor<4xindex> -> tensor<?x64xbf16>
    ```
  }];
  let arguments = !con((ins AnyRankedTensor:$input, I64Attr:$dim,
                            Optional<Dist_ExtentsType>:$extents),
                       groupArguments);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `dim` $dim (`extents` $extents^)? `over` custom<Group>($mesh, $axes)
    attr-dict `:` type($input) (`,` type($extents)^)? `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Dist_AllToAllOp : Dist_GroupOp<"all_to_all", [
    Dist_Communicates, Dist_DimParallel,
    AllElementTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                              ["reifyResultShapes"]>]> {
  let summary = "Splits one dimension over the ranks and gathers another";
  let description = [{
    ```mlir
    %a = dist.all_to_all %x split 1 concat 0 over @mesh[attn_tp] : tensor<4x8xf32> -> tensor<8x4xf32>
    ```
  }];
  let arguments = !con((ins AnyRankedTensor:$input, I64Attr:$split_dim,
                            I64Attr:$concat_dim),
                       groupArguments);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `split` $split_dim `concat` $concat_dim
    `over` custom<Group>($mesh, $axes) attr-dict
    `:` type($input) `->` type($result)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Dist_ToPartialOp : Dist_GroupOp<"to_partial", [
    Pure, Dist_DimParallel, AllTypesMatch<["input", "result"]>]> {
  let summary = "Makes a replicated value a pending sum; local";
  let description = [{
    Index 0 of the group keeps the value; the others hold zeros: -0.0 for
    floating point, the one zero that leaves every summand's bits as they are.

    ```mlir
    %p = dist.to_partial %r over @mesh[attn_tp] : tensor<32x64xbf16>
    ```
  }];
  let arguments = !con((ins AnyRankedTensor:$input), groupArguments);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `over` custom<Group>($mesh, $axes) attr-dict `:` type($input)
  }];
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def Dist_ExchangeExtentsOp : Dist_GroupOp<"exchange_extents",
                                          [Dist_Communicates]> {
  let summary = "Tells every rank of the group the extents of all";
  let description = [{
    ```mlir
    %c = dist.exchange_extents %n over @mesh[dp] : tensor<8xindex>
    ```
  }];
  let arguments = !con((ins Index:$extent), groupArguments);
  let results = (outs Dist_ExtentsType:$result);
  let assemblyFormat = [{
    $extent `over` custom<Group>($mesh, $axes) attr-dict `:` type($result)
  }];
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// Promises and queries
//===----------------------------------------------------------------------===//

def Dist_AssertShardingOp : Dist_Op<"assert_sharding", [
    Pure, Dist_DimParallel, AllTypesMatch<["input", "result"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A producer's promise about a value's state";
  let description = [{
    The sharding stands without `#dist.sharding`: after an operand, MLIR reads
    `#` as the begin of a result number.

    ```mlir
    %y = dist.assert_sharding %x <@mesh, [{dp}, {} ]> : tensor<32x64xbf16>
    ```

    What is promised of a value is promised of its slices along a dimension, too,
    with the axes that cut these added to that dimension's: whoever computes slices
    adds them.
  }];
  let arguments = (ins AnyRankedTensor:$input, Dist_ShardingAttr:$sharding);
  let results = (outs AnyRankedTensor:$result);
  let hasCustomAssemblyFormat = 1;
}

def Dist_AxisIndexOp : Dist_GroupOp<"axis_index", [Pure]> {
  let summary = "This rank's index in the group";
  let description = "`%i = dist.axis_index @mesh[dp] : index`";
  let arguments = groupArguments;
  let results = (outs Index:$result);
  let assemblyFormat = "custom<Group>($mesh, $axes) attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Dist_AxisSizeOp : Dist_GroupOp<"axis_size", [Pure]> {
  let summary = "The size of the group";
  let description = "`%n = dist.axis_size @mesh[dp] : index`";
  let arguments = groupArguments;
  let results = (outs Index:$result);
  let assemblyFormat = "custom<Group>($mesh, $axes) attr-dict `:` type($result)";
  let hasFolder = 1;
}

def Dist_CheckReplicatedOp : Dist_GroupOp<"check_replicated", [
    MemoryEffects<[MemRead<Dist_Communication>, MemWrite<Dist_Communication>]>]> {
  let summary = "Fails at run time unless all ranks hold the same bits";
  let description = [{
    What `dist.assert_sharding` promises of the axes that it does not name;
    `dist-expand-collectives{check-assertions}` emits it.

    ```mlir
    dist.check_replicated %x over @mesh[tp] : tensor<32x64xbf16>
    ```
  }];
  let arguments = !con(
    (ins AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>:$input), groupArguments);
  let assemblyFormat = [{
    $input `over` custom<Group>($mesh, $axes) attr-dict `:` type($input)
  }];
}

//===----------------------------------------------------------------------===//
// Forms on buffers
//===----------------------------------------------------------------------===//

def Dist_ExtentsBuffer : MemRefRankOf<[Index], [1]>;

/// A collective that reads $input and writes $output, buffers of the caller.
class Dist_IntoOp<string mnemonic, dag extraArguments, string format>
    : Dist_GroupOp<mnemonic> {
  let arguments = !con(
    (ins Arg<AnyStridedMemRef, "", [MemRead]>:$input,
         Arg<AnyStridedMemRef, "", [MemWrite]>:$output),
    extraArguments, groupArguments);
  let assemblyFormat = "$input `,` $output " # format
    # " `over` custom<Group>($mesh, $axes) attr-dict"
    # " `:` type($input) `,` type($output)";
}

def Dist_AllGatherIntoOp : Dist_GroupOp<"all_gather_into",
                                        [AttrSizedOperandSegments]> {
  let summary = "all_gather into a buffer, or several in one meeting of the ranks";
  let description = [{
    ```mlir
    dist.all_gather_into %x, %g dim 0 over @mesh[dp] : memref<4x8xf32>, memref<16x8xf32>
    // Rows and their scales.
    dist.all_gather_into %q, %gq dim 0, %s, %gs dim 0 over @mesh[dp]
        : memref<4x8xf8E4M3FN>, memref<16x8xf8E4M3FN>, memref<4x1xf32>, memref<16x1xf32>
    ```

    Of several, either all have extents or none. An input may be this rank's slot
    of its own output; no other two may overlap.
  }];
  let arguments = !con(
    (ins Arg<Variadic<AnyStridedMemRef>, "", [MemRead]>:$inputs,
         Arg<Variadic<AnyStridedMemRef>, "", [MemWrite]>:$outputs,
         DenseI64ArrayAttr:$dims,
         Arg<Variadic<Dist_ExtentsBuffer>, "", [MemRead]>:$extents),
    groupArguments);
  let assemblyFormat = [{
    custom<Gathers>($inputs, $outputs, $dims, $extents)
    `over` custom<Group>($mesh, $axes) attr-dict
    `:` custom<GatherTypes>(type($inputs), type($outputs), type($extents),
                            ref($extents))
  }];
  let hasVerifier = 1;
}
def Dist_AllReduceIntoOp : Dist_IntoOp<"all_reduce_into",
    (ins Dist_ReductionKind:$kind), "$kind"> {
  let summary = "all_reduce into a buffer, which may be the input's";
}
def Dist_ReduceScatterIntoOp : Dist_IntoOp<"reduce_scatter_into",
    (ins Dist_ReductionKind:$kind, I64Attr:$dim), "$kind `dim` $dim"> {
  let summary = "reduce_scatter into a buffer";
}
def Dist_AllToAllIntoOp : Dist_IntoOp<"all_to_all_into",
    (ins I64Attr:$split_dim, I64Attr:$concat_dim),
    "`split` $split_dim `concat` $concat_dim"> {
  let summary = "all_to_all into a buffer";
}
def Dist_ToPartialIntoOp : Dist_IntoOp<"to_partial_into", (ins), ""> {
  let summary = "to_partial into a buffer, which may be the input's";
}
def Dist_ExchangeExtentsIntoOp : Dist_GroupOp<"exchange_extents_into"> {
  let summary = "exchange_extents into a buffer";
  let arguments = !con(
    (ins Index:$extent, Arg<Dist_ExtentsBuffer, "", [MemWrite]>:$output),
    groupArguments);
  let assemblyFormat = [{
    $extent `,` $output `over` custom<Group>($mesh, $axes) attr-dict
    `:` type($output)
  }];
}

def Dist_ShardBoundsOp : Dist_GroupOp<"shard_bounds",
                                      [AttrSizedOperandSegments]> {
  let summary = "Where this rank's slice of a dimension lies; local";
  let description = [{
    The offset and the size of this rank's slice of a dimension of `$extent`
    elements: an even split, or as `extents` say. Checked at run time: the extent
    is divisible by the group's size, or is the sum of the extents, and the size
    is the `expected` one if that is given.
  }];
  let arguments = !con(
    (ins Index:$extent, Arg<Optional<Dist_ExtentsBuffer>, "", [MemRead]>:$extents,
         Optional<Index>:$expected),
    groupArguments);
  let results = (outs Index:$offset, Index:$size);
  let assemblyFormat = [{
    $extent (`expects` $expected^)? (`extents` $extents^ `:` type($extents))?
    `over` custom<Group>($mesh, $axes) attr-dict
  }];
}

#endif // COMMUTER_DIALECT_DIST_IR_DISTOPS_TD
