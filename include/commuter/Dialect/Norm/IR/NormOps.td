//===- NormOps.td --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The norm dialect: row-wise normalisations that are worth a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_IR_NORMOPS_TD
#define COMMUTER_DIALECT_NORM_IR_NORMOPS_TD

include "commuter/Interfaces/DimParallelOpInterface.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Norm_Dialect : Dialect {
  let name = "norm";
  let cppNamespace = "::commuter::norm";
  let summary = "Row-wise normalisations";
  let description = [{
    Layer norm and RMS norm, with and without a residual addition in front. The
    dimensions `axis .. rank-1` are normalised (as in ONNX LayerNormalization);
    by default the last. The statistics are taken in f32 (f64 for f64) in two
    passes and the result is rounded once. A row's result depends on that row and
    the parameters alone, bit for bit, which is what lets a norm move across a
    gather of rows.
  }];
}

def Norm_Float : AnyTypeOf<[F32, F64, F16, BF16]>;
def Norm_Tensor : RankedTensorOf<[F32, F64, F16, BF16]>;
def Norm_Buffer : StridedMemRefOf<[F32, F64, F16, BF16]>;

class Norm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Norm_Dialect, mnemonic, traits>;

/// The parameters that all norms share.
class Norm_TensorOp<string mnemonic, list<Trait> traits>
    : Norm_Op<mnemonic, !listconcat(traits, [
        Pure, DeclareOpInterfaceMethods<DimParallelOpInterface,
                                        ["isWorthMoving"]>])> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code sharedDeclaration = [{
    /// The first normalised dimension: `axis`, or the last one.
    int64_t getNormAxis() {
      return getAxis().value_or(
          ::llvm::cast<::mlir::ShapedType>(getInput().getType()).getRank() - 1);
    }
  }];
}

def Norm_LayerNormOp : Norm_TensorOp<"layer_norm", [
    AllTypesMatch<["input", "result"]>, AttrSizedOperandSegments]> {
  let summary = "Layer normalisation";
  let description = [{
    `y = (x - mean) / sqrt(var + eps) * scale + bias`
    (Ba, Kiros, Hinton: Layer Normalization, arXiv:1607.06450). `scale` and
    `bias` have the shape of the normalised dimensions, and x's type or a wider
    one.

    ```mlir
    %y = norm.layer_norm %x scale %g bias %b eps 1.0e-05 : tensor<32x64xbf16>, tensor<64xbf16>, tensor<64xbf16>
    %y = norm.layer_norm %x axis 1 eps 1.0e-05 : tensor<2x16x32xf32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       Optional<Norm_Tensor>:$bias, OptionalAttr<I64Attr>:$axis,
                       F64Attr:$eps);
  let results = (outs Norm_Tensor:$result);
  let extraClassDeclaration = sharedDeclaration;
}

def Norm_RMSNormOp : Norm_TensorOp<"rms_norm", [
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Root mean square normalisation";
  let description = [{
    `y = x / sqrt(mean(x^2) + eps) * (offset + scale)`
    (Zhang, Sennrich: Root Mean Square Layer Normalization, arXiv:1910.07467).
    `offset` is 0 unless given; Gemma's is 1.

    ```mlir
    %y = norm.rms_norm %x scale %g eps 1.0e-06 : tensor<32x64xbf16>, tensor<64xbf16>
    %y = norm.rms_norm %x scale %g offset 1.0 eps 1.0e-06 : tensor<32x64xbf16>, tensor<64xf32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       DefaultValuedAttr<F64Attr, "0.0">:$offset,
                       OptionalAttr<I64Attr>:$axis, F64Attr:$eps);
  let results = (outs Norm_Tensor:$result);
  let extraClassDeclaration = sharedDeclaration;
}

def Norm_AddLayerNormOp : Norm_TensorOp<"add_layer_norm", [
    AllTypesMatch<["input", "residual", "sum", "result"]>,
    AttrSizedOperandSegments]> {
  let summary = "Residual addition, then layer normalisation";
  let description = [{
    `s = x + residual`, rounded to its type; `y = layer_norm(s)`.

    ```mlir
    %s, %y = norm.add_layer_norm %x, %r scale %g bias %b eps 1.0e-05 : tensor<32x64xbf16>, tensor<64xbf16>, tensor<64xbf16>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input, Norm_Tensor:$residual,
                       Optional<Norm_Tensor>:$scale,
                       Optional<Norm_Tensor>:$bias, OptionalAttr<I64Attr>:$axis,
                       F64Attr:$eps);
  let results = (outs Norm_Tensor:$sum, Norm_Tensor:$result);
  let extraClassDeclaration = sharedDeclaration;
}

def Norm_AddRMSNormOp : Norm_TensorOp<"add_rms_norm", [
    AllTypesMatch<["input", "residual", "sum", "result"]>]> {
  let summary = "Residual addition, then root mean square normalisation";
  let description = [{
    `s = x + residual`, rounded to its type; `y = rms_norm(s)`.

    ```mlir
    %s, %y = norm.add_rms_norm %x, %r scale %g eps 1.0e-06 : tensor<32x64xbf16>, tensor<64xbf16>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input, Norm_Tensor:$residual,
                       Optional<Norm_Tensor>:$scale,
                       DefaultValuedAttr<F64Attr, "0.0">:$offset,
                       OptionalAttr<I64Attr>:$axis, F64Attr:$eps);
  let results = (outs Norm_Tensor:$sum, Norm_Tensor:$result);
  let extraClassDeclaration = sharedDeclaration;
}

//===----------------------------------------------------------------------===//
// Forms on buffers
//===----------------------------------------------------------------------===//

class Norm_IntoOp<string mnemonic, dag parameters, string format>
    : Norm_Op<mnemonic, [AttrSizedOperandSegments]> {
  let arguments = !con(
    (ins Arg<Norm_Buffer, "", [MemRead]>:$input,
         Arg<Norm_Buffer, "", [MemWrite]>:$output,
         Arg<Optional<Norm_Buffer>, "", [MemRead]>:$residual,
         Arg<Optional<Norm_Buffer>, "", [MemWrite]>:$sum,
         Arg<Optional<Norm_Buffer>, "", [MemRead]>:$scale),
    parameters, (ins I64Attr:$axis, F64Attr:$eps));
  let assemblyFormat =
    "$input `,` $output (`add` $residual^ `,` $sum)? (`scale` $scale^)? "
    # format # " `axis` $axis `eps` $eps attr-dict"
    # " `:` type($input) `,` type($output)"
    # " (`add` type($residual)^ `,` type($sum))? (`scale` type($scale)^)?"
    # !if(!eq(mnemonic, "layer_norm_into"), " (`bias` type($bias)^)?", "");
}

def Norm_LayerNormIntoOp : Norm_IntoOp<"layer_norm_into",
    (ins Arg<Optional<Norm_Buffer>, "", [MemRead]>:$bias), "(`bias` $bias^)?"> {
  let summary = "Layer normalisation into a buffer, which may be the input's";
}
def Norm_RMSNormIntoOp : Norm_IntoOp<"rms_norm_into", (ins F64Attr:$offset),
                                     "`offset` $offset"> {
  let summary = "RMS normalisation into a buffer, which may be the input's";
}

#endif // COMMUTER_DIALECT_NORM_IR_NORMOPS_TD
