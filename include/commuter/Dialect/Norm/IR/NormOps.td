//===- NormOps.td --------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The norm dialect: row-wise normalisations and quantisations that are worth a
// kernel.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_NORM_IR_NORMOPS_TD
#define COMMUTER_DIALECT_NORM_IR_NORMOPS_TD

include "commuter/Interfaces/DimParallelOpInterface.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Norm_Dialect : Dialect {
  let name = "norm";
  let cppNamespace = "::commuter::norm";
  let summary = "Row-wise normalisations and quantisations";
  let description = [{
    Layer norm and RMS norm, with and without a residual addition in front, and
    the quantisation to 8 bits that follows them.

    The
    dimensions `axis .. rank-1` are normalised (as in ONNX LayerNormalization);
    by default the last. The statistics are taken in f32 (f64 for f64) in two
    passes and the result is rounded once. A row's result depends on that row and
    the parameters alone, bit for bit, which is what lets a norm move across a
    gather of rows.

    ### Quantisation

    To f8E4M3FN, f8E5M2 or i8, whose largest number `M` is 448, 57344 or 127;
    from and to f32, f16 or bf16. All arithmetic is that of f32, every step
    rounded to nearest, ties to even, so that the bits are the same on every
    processor:

        scale = max(max|x| / M, 2^-126)     over the elements that share a scale
        q     = saturate(x * (1 / scale))   1 / scale is rounded, too
        x'    = q * scale                   then rounded to x's type

    - *Formats*: OCP 8-bit Floating Point Specification (OFP8) 1.0; Micikevicius
      et al.: FP8 Formats for Deep Learning, arXiv:2209.05433. Scales of groups
      of 128: DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.3.
    - *Saturation*: what lies beyond the largest number, infinities with it,
      becomes that number: OFP8's saturating mode, `cvt.rn.satfinite` of PTX. i8
      saturates to [-128, 127], as ONNX QuantizeLinear.
    - *The product with the reciprocal*, not a quotient: one multiplication an
      element, as in TransformerEngine and in vLLM's kernels for a given scale.
    - *The floor*, the least normal f32, is where vLLM and DeepGEMM have theirs
      (about 4e-6 and 2e-7), only so low that no row loses digits to it. All zeros
      have this scale and give zeros; `1 / scale` is finite; and the scale grows
      with max|x|, so that the scale of many rows is the largest of theirs.
    - *NaN* becomes 0x7f, and 0 in i8, which has none. Nothing hides it: a NaN
      or an infinity in `x` makes a computed scale NaN (0x7fc00000) or infinite,
      and what shares that scale dequantises to NaN. Dequantising gives the
      positive quiet NaN without payload.
  }];
}

def Norm_Float : AnyTypeOf<[F32, F64, F16, BF16]>;
def Norm_Tensor : RankedTensorOf<[F32, F64, F16, BF16]>;
def Norm_Buffer : StridedMemRefOf<[F32, F64, F16, BF16]>;

/// What can be quantised, and the results.
def Norm_Quantizable : RankedTensorOf<[F32, F16, BF16]>;
def Norm_Quantized : RankedTensorOf<[F8E4M3FN, F8E5M2, I8]>;
def Norm_Scales : RankedTensorOf<[F32]>;
def Norm_QuantizableBuffer : StridedMemRefOf<[F32, F16, BF16]>;
def Norm_QuantizedBuffer : StridedMemRefOf<[F8E4M3FN, F8E5M2, I8]>;
def Norm_ScalesBuffer : StridedMemRefOf<[F32]>;

def Norm_QuantizeMode : I32EnumAttr<"QuantizeMode",
    "granularity: the elements that share a scale, and where it is from", [
      I32EnumAttrCase<"Static", 0, "static">,
      I32EnumAttrCase<"PerRow", 1, "per_row">,
      I32EnumAttrCase<"PerGroup", 2, "per_group">,
      I32EnumAttrCase<"PerTensor", 3, "per_tensor">]> {
  let cppNamespace = "::commuter::norm";
}

def Norm_NormKind : I32EnumAttr<"NormKind", "Which norm", [
      I32EnumAttrCase<"Layer", 0, "layer">,
      I32EnumAttrCase<"RMS", 1, "rms">]> {
  let cppNamespace = "::commuter::norm";
}

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
// Quantisation
//===----------------------------------------------------------------------===//

def Norm_QuantizeOp : Norm_Op<"quantize", [
    Pure, DeclareOpInterfaceMethods<DimParallelOpInterface,
                                    ["isWorthMoving"]>]> {
  let summary = "Quantisation to 8 bits";
  let description = [{
    `q = saturate(x * (1 / scale))`; see the dialect for the exact arithmetic.
    For x of shape `[.., K]`:

    | mode | scale | type of the scales |
    |---|---|---|
    | `static %s` | given, one for all elements | `tensor<f32>`, an operand |
    | `per_row` | of each row, the last dimension | `tensor<..x1xf32>` |
    | `per_group N` | of each N neighbours in a row; N divides K | `tensor<..x(K/N)xf32>` |
    | `per_tensor` | of all elements | `tensor<f32>` |

    The last is not row-wise: its scale is a maximum over all rows. `per_group`
    along its last dimension is computed slice by slice if slices are made of
    whole groups.

    ```mlir
    %q = norm.quantize %x static %s : tensor<32x7168xbf16>, tensor<f32> -> tensor<32x7168xf8E4M3FN>
    %q, %sc = norm.quantize %x per_row : tensor<32x7168xbf16> -> tensor<32x7168xf8E4M3FN>, tensor<32x1xf32>
    %q, %sc = norm.quantize %x per_group 128 : tensor<32x7168xbf16> -> tensor<32x7168xf8E4M3FN>, tensor<32x56xf32>
    %q, %sc = norm.quantize %x per_tensor : tensor<32x7168xbf16> -> tensor<32x7168xi8>, tensor<f32>
    ```
  }];
  let arguments = (ins Norm_Quantizable:$input, Norm_QuantizeMode:$mode,
                       Optional<Norm_Scales>:$static_scale,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs Norm_Quantized:$output, Optional<Norm_Scales>:$scales);
  let assemblyFormat = [{
    $input custom<QuantizeMode>($mode, $group_size) ($static_scale^)? attr-dict
    `:` type($input) (`,` type($static_scale)^)?
    `->` type($output) (`,` type($scales)^)?
  }];
  let hasVerifier = 1;
}

def Norm_DequantizeOp : Norm_Op<"dequantize", [
    Pure, DeclareOpInterfaceMethods<DimParallelOpInterface>]> {
  let summary = "The numbers that quantised ones stand for";
  let description = [{
    `x = q * scale`, rounded to x's type; see the dialect for the exact
    arithmetic. The scales' shape says what shares one, for q of shape `[.., K]`:
    `tensor<f32>` everything; `tensor<..xGxf32>`, where G divides K, each K/G
    neighbours in a row; so G = 1 means rows.

    ```mlir
    %x = norm.dequantize %q, %sc : tensor<32x7168xf8E4M3FN>, tensor<32x56xf32> -> tensor<32x7168xbf16>
    ```
  }];
  let arguments = (ins Norm_Quantized:$input, Norm_Scales:$scales);
  let results = (outs Norm_Quantizable:$output);
  let assemblyFormat = [{
    $input `,` $scales attr-dict
    `:` type($input) `,` type($scales) `->` type($output)
  }];
  let hasVerifier = 1;
}

def Norm_NormQuantizeOp : Norm_Op<"norm_quantize", [
    Pure, AttrSizedOperandSegments, AttrSizedResultSegments,
    DeclareOpInterfaceMethods<DimParallelOpInterface, ["isWorthMoving"]>]> {
  let summary = "A norm and the quantisation of its result, in one kernel";
  let description = [{
    What `norm-fuse` makes of a norm (`layer` or `rms`, with `add` the one with a
    residual) and a quantisation that is not `per_tensor`. The norm's result is
    rounded to x's type before it is quantised: the bits are those of the two
    ops. Results: the sum if there is a residual, the quantised norm, the scales
    unless `static`.

    ```mlir
    %q, %sc = norm.norm_quantize rms %x scale %g axis 1 eps 1.0e-06 quantize per_group 128
      : tensor<32x7168xbf16> scale tensor<7168xbf16> -> tensor<32x7168xf8E4M3FN>, tensor<32x56xf32>
    %s, %q = norm.norm_quantize layer %x add %r axis 1 eps 1.0e-05 quantize static %f
      : tensor<32x64xbf16> add tensor<32x64xbf16> static tensor<f32> -> sum tensor<32x64xbf16>, tensor<32x64xi8>
    ```
  }];
  let arguments = (ins Norm_NormKind:$kind, Norm_Quantizable:$input,
                       Optional<Norm_Quantizable>:$residual,
                       Optional<Norm_Tensor>:$scale,
                       Optional<Norm_Tensor>:$bias,
                       DefaultValuedAttr<F64Attr, "0.0">:$offset,
                       I64Attr:$axis, F64Attr:$eps, Norm_QuantizeMode:$mode,
                       Optional<Norm_Scales>:$static_scale,
                       OptionalAttr<I64Attr>:$group_size);
  let results = (outs Optional<Norm_Quantizable>:$sum, Norm_Quantized:$output,
                      Optional<Norm_Scales>:$scales);
  let assemblyFormat = [{
    $kind $input (`add` $residual^)? (`scale` $scale^)? (`bias` $bias^)?
    (`offset` $offset^)? `axis` $axis `eps` $eps
    `quantize` custom<QuantizeMode>($mode, $group_size) ($static_scale^)?
    attr-dict `:` type($input) (`add` type($residual)^)?
    (`scale` type($scale)^)? (`bias` type($bias)^)?
    (`static` type($static_scale)^)?
    `->` (`sum` type($sum)^ `,`)? type($output) (`,` type($scales)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getNormAxis() { return getAxis(); }
    ::llvm::LogicalResult verifyQuantization();
  }];
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

/// Scales that are given and scales that are computed are different operands;
/// there is one of the two. `group`: the elements that share a scale, 0: what
/// the scales' shape says.
def Norm_QuantizeIntoOp : Norm_Op<"quantize_into", [AttrSizedOperandSegments]> {
  let summary = "Quantisation into a buffer";
  let arguments = (ins
    Arg<Norm_QuantizableBuffer, "", [MemRead]>:$input,
    Arg<Norm_QuantizedBuffer, "", [MemWrite]>:$output,
    Arg<Optional<Norm_ScalesBuffer>, "", [MemRead]>:$static_scale,
    Arg<Optional<Norm_ScalesBuffer>, "", [MemWrite]>:$scales,
    DefaultValuedAttr<I64Attr, "0">:$group);
  let assemblyFormat = [{
    $input `,` $output (`static` $static_scale^)? (`scales` $scales^)?
    (`group` $group^)? attr-dict `:` type($input) `,` type($output)
    (`static` type($static_scale)^)? (`scales` type($scales)^)?
  }];
}

def Norm_DequantizeIntoOp : Norm_Op<"dequantize_into"> {
  let summary = "Dequantisation into a buffer";
  let arguments = (ins Arg<Norm_QuantizedBuffer, "", [MemRead]>:$input,
                       Arg<Norm_ScalesBuffer, "", [MemRead]>:$scales,
                       Arg<Norm_QuantizableBuffer, "", [MemWrite]>:$output);
  let assemblyFormat = [{
    $input `,` $scales `,` $output attr-dict
    `:` type($input) `,` type($scales) `,` type($output)
  }];
}

def Norm_NormQuantizeIntoOp : Norm_Op<"norm_quantize_into",
                                      [AttrSizedOperandSegments]> {
  let summary = "A norm and the quantisation of its result into buffers";
  let arguments = (ins Norm_NormKind:$kind,
    Arg<Norm_QuantizableBuffer, "", [MemRead]>:$input,
    Arg<Norm_QuantizedBuffer, "", [MemWrite]>:$output,
    Arg<Optional<Norm_QuantizableBuffer>, "", [MemRead]>:$residual,
    Arg<Optional<Norm_QuantizableBuffer>, "", [MemWrite]>:$sum,
    Arg<Optional<Norm_Buffer>, "", [MemRead]>:$scale,
    Arg<Optional<Norm_Buffer>, "", [MemRead]>:$bias,
    Arg<Optional<Norm_ScalesBuffer>, "", [MemRead]>:$static_scale,
    Arg<Optional<Norm_ScalesBuffer>, "", [MemWrite]>:$scales,
    DefaultValuedAttr<I64Attr, "0">:$group, F64Attr:$offset, I64Attr:$axis,
    F64Attr:$eps);
  let assemblyFormat = [{
    $kind $input `,` $output (`add` $residual^ `,` $sum)? (`scale` $scale^)?
    (`bias` $bias^)? (`static` $static_scale^)? (`scales` $scales^)?
    (`group` $group^)? `offset` $offset `axis` $axis `eps` $eps attr-dict
    `:` type($input) `,` type($output)
    (`add` type($residual)^ `,` type($sum))? (`scale` type($scale)^)?
    (`bias` type($bias)^)? (`static` type($static_scale)^)?
    (`scales` type($scales)^)?
  }];
}

#endif // COMMUTER_DIALECT_NORM_IR_NORMOPS_TD
