//===- DimParallelOpInterface.td -----------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The interface that says along which dimensions an op can be computed slice by
// slice: what decides whether it may move across a gather.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_TD
#define COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def DimParallelOpInterface : OpInterface<"DimParallelOpInterface"> {
  let description = [{
    Says, for a dimension `d` of a result, whether the op can be computed slice
    by slice along `d`, and then for each operand whether the slice of the result
    needs that operand's slice along some dimension `d'`, or all of it.

    The contract, for an op `f` that answers with operand dimensions `d_i` (or
    "whole") and result dimensions `e_j`: for every way to cut the sliced
    operands into pieces, at multiples of the answer's units,

        f(concat_{d_1}(a_1, b_1), w) = concat_{e_j}(f(a_1, w), f(b_1, w))

    for every result j, *bit for bit*. An op that only holds this up to rounding
    must answer "no". So must an op whose result depends on anything but its
    operands, its attributes and the values that its regions capture (memory, the
    rank that runs it, where a slice lies); a collective depends on its group too,
    which its user compares with the gather's.

    What a region captures is needed whole: whoever moves the op checks it with
    the operands that are.
  }];
  let cppNamespace = "::commuter";
  let methods = [
    InterfaceMethod<
      [{Which slices of the operands make up a slice along `dim` of result
        `resultNumber`, or why there is no such answer.}],
      "::commuter::DimSlicing", "getDimSlicing",
      (ins "unsigned":$resultNumber, "int64_t":$dim)>,
    InterfaceMethod<
      [{The slicing of an op that merges dimension `dim` of an operand, dealt in
        `cycles`, with dimensions outside of it, or splits such dimensions off: it
        changes the number of cycles, and says so in `resultCycles`. The contract
        is that a rank's slices of the results are made of its slices of the
        operands, bit for bit; if both are counted, one of the two numbers of
        cycles divides the other, and an operand's pieces are whole units in as
        many cycles as both have; if not, the pieces of the results are whole
        elements. Asked where no answer of `getDimSlicing` fits.}],
      "::commuter::DimSlicing", "getCyclicSlicing",
      (ins "unsigned":$operand, "int64_t":$dim, "::commuter::Cycles":$cycles), [{}],
      [{ return ::commuter::DimSlicing::refuse("not-row-wise"); }]>,
    InterfaceMethod<
      [{Creates the op on slices: `slicing` is the op's own answer, `operands` are
        already sliced as it says (an extent is still the whole one's),
        `resultTypes` have the slices' shapes. The default clones the op, regions
        and all, which is right unless an attribute or an operand holds a size.}],
      "::mlir::Operation *", "cloneOnSlices",
      (ins "::mlir::OpBuilder &":$builder,
           "const ::commuter::DimSlicing &":$slicing,
           "::mlir::ValueRange":$operands, "::mlir::TypeRange":$resultTypes),
      [{}], [{
        return ::commuter::cloneWithTypes(builder, $_op.getOperation(), operands,
                                          resultTypes);
      }]>,
    InterfaceMethod<
      [{True for the ops that a motion is made for: those that are worth running
        on fewer rows. Others only travel with them.}],
      "bool", "isWorthMoving", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<
      [{True if the op reads no element of a destination that it has as an operand,
        and takes no extent from it: what that holds need not be the same on all
        ranks, and is given other memory where the op runs on slices.}],
      "bool", "ignoresElements", (ins "unsigned":$operand), [{}],
      [{ return false; }]>,
    InterfaceMethod<
      [{True if the shape of a slice of the op's only result is all that is to be
        known of it: every element is the same (a splat, a fill) or undefined
        (tensor.empty). Such a value is never sliced; `createSlice` makes the
        slice, for no more than the copy would cost.}],
      "bool", "isKnownByShape", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<
      [{For an op that is known by its shape: a slice of its result that is `size`
        long along `dim`, of type `type`. The other sizes are the result's.}],
      "::mlir::Value", "createSlice",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::RankedTensorType":$type,
           "int64_t":$dim, "::mlir::OpFoldResult":$size),
      [{}], [{ return {}; }]>,
  ];
}

#endif // COMMUTER_INTERFACES_DIMPARALLELOPINTERFACE_TD
