//===- Passes.td ---------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes on distributed tensor programs.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_TD
#define COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def CheckShardingsPass : Pass<"dist-check-shardings", "::mlir::ModuleOp"> {
  let summary = "Checks that no pending sum is misused";
  let description = [{
    Runs the state analysis and reports an error, with a note at the pending sum,
    where

    - a non-linear op (any norm, a reduction other than the sum) meets a pending
      sum,
    - a replicated value is added to a pending sum (it would be counted once per
      rank; `dist.to_partial` counts it once, and so does a rank that alone
      comes to the addition, or selects its result),
    - the value that a function returns contradicts the result's `dist.sharding`.

    A structured op of `linalg` does to tensors what its body does to elements.
    Zeros, by whatever way they come, and what is undefined, add nothing; and what
    each rank divides by the number of them (`h * 0.25` over an axis of 4, or by
    `dist.axis_size`) is counted once. There are warnings, too: of a destination
    that is replicated and not seen to be zero, to which a pending sum is added; and
    of a gather, a slice or an exchange over the ranks whose sum is pending, as what
    it moves may be summed by hand. What a loop carries is looked at as it begins,
    too, where later rounds make it vary, or make up for it.

    What is put beside a pending sum without being added to it, by `tensor.concat`
    or the ways of a branch, varies, and is not reported. So does a product over a
    dimension that is split, of which each rank has a part: whether the parts are to
    be added, as behind a layer that is split by rows, or stand for themselves, as
    the scores of each rank's own head do, is the program's to say, by `unreduced`
    in a `dist.assert_sharding` of the product. Where nothing is seen to add the
    parts, a remark of category `dist` asks for that.

    ```mlir
    %product = linalg.matmul ins(%x, %w : ...) ...   // S(1) and S(0) over tp
    %partial = dist.assert_sharding %product <@mesh, [{}, {} ], unreduced {tp}> : tensor<4x8xf32>
    // error: 'norm.rms_norm' op is not linear, and a sum over @mesh[tp] is pending
    %y = norm.rms_norm %partial eps 1.0e-06 : tensor<4x8xf32>
    ```
  }];
  let options = [
    Option<"printStates", "print-states", "bool", "false",
           "Emit a remark with the state of every value">];
}

def CommuteNormsPass : Pass<"dist-commute-norms", "::mlir::ModuleOp"> {
  let summary = "Moves norms in front of the gathers that feed them";
  let description = [{
    A norm of a gathered value normalises every row on every rank. Where that
    cannot change the result, the norm moves in front of the gather, with the
    residual additions, casts and other row-wise ops around it, and a slice of
    the gathered value that only takes a rank's own rows back goes.

    ```mlir
    %g = dist.all_gather %h dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
    %r = dist.all_slice %g dim 0 over @mesh[dp] : tensor<32x8xf32> -> tensor<4x8xf32>
    %n = norm.rms_norm %g scale %w eps 1.0e-06 : tensor<32x8xf32>, tensor<8xf32>
    // becomes, and %r is %h:
    %l = norm.rms_norm %h scale %w eps 1.0e-06 : tensor<4x8xf32>, tensor<8xf32>
    %n = dist.all_gather %l dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
    ```

    The law, for a gather over axes A along dimension d:

        f(all_gather(x), w) = all_gather(f(x, w'))

    if f is parallel in d (`DimParallelOpInterface`), every operand sliced along
    d is gathered alike [its input is used] or is replicated over A [it is sliced,
    which is free of communication], every operand needed whole is replicated over
    A, as is what f's regions use from outside, and no sum is pending in x. If f
    is a collective, it is over other axes than A.

    A rank's own slice may be spelled out, as a `tensor.extract_slice` at an offset
    that is computed of `dist.axis_index`: first, each of a replicated value becomes
    a `dist.all_slice`, whether or not anything moves then.

    The pass moves for the sake of what is worth running on fewer rows: norms, and
    the reductions that norms are made of when they are spelled out (a structured op
    of `linalg` with a reduction loop that is neither a product of matrices nor a
    convolution, `linalg.softmax`), and ops of which their model says so. Products,
    activations, casts, reshapes and collectives move along.

    All ops to which the law applies between some gathers and their last uses,
    through branches, loops, the arguments of blocks and calls of private functions,
    are looked at together; of the legal places for the gathers the pass takes those
    that move the fewest bytes (a minimum cut), among these the ones with the most
    norms in front of them, then the fewest gathers, then the latest. (So one gather
    may become two of as many bytes in all, as where a part of each row is normalised
    and the rest is not.) What is used in some ways of a branch alone, that all ranks
    of the gather's group take alike, each of these gathers as it needs it: the norm's
    result in one, all of it in another. Unless `allow-extra-gather` lets it, it never
    gathers more bytes than before, on no path through branches, loops and calls, be
    it one that runs no iteration of a loop of unknown length. Where what is gathered
    was gathered before, this is done again, for the gathers in front. A gather over
    several axes is two, if the first of them alone fit something behind it: a slice
    over these, for one, or an operand that varies along the others. (Bytes are those
    of the program as it stands: `canonicalize,cse` first make one of equal
    gathers.)

    Where a gather sums over an axis whose size is open (`?`), whether DP equals TP
    is known only when the program runs. With `guard` the gather, what would move
    and what takes slices back stand twice, under one test of the axis's size; the
    rest of the program, once:

    ```mlir
    %n = dist.axis_size @mesh[attn_tp] : index
    %c = arith.cmpi eq, %n, %c1 : index
    %y = scf.if %c -> tensor<?x8xf32> {
      %l = norm.rms_norm %h eps 1.0e-06 : tensor<?x8xf32>
      %g = dist.all_gather %l dim 0 over @mesh[dp] : ...
      scf.yield %g
    } else {
      %g = dist.all_gather %h dim 0 over @mesh[dp] summing [attn_tp] : ...
      %w = norm.rms_norm %g eps 1.0e-06 : ...
      scf.yield %w
    }
    ```

    All ranks see one size, so all take one way. The else branch still ends in a
    remark, `pending-sum`, and moves with `complete-sums`. A program that branches
    like this by itself, in regions or blocks, however it compares the size with a
    constant, is understood in the same way.

    Each norm or reduction that is fed by a gather ends in a remark of category
    `dist` (so a layer norm that is spelled out in two: mean and variance): passed,
    with `rows-before`, `rows-after`, `bytes-before`, `bytes-after` (received by
    each rank in the region's gathers and collectives); or missed, with a reason.
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"completeSums", "complete-sums", "bool", "false",
           "Move norms across a gather that sums: all_reduce, norm, all_gather">,
    Option<"guard", "guard", "bool", "false",
           "Where only the open size of a summed axis is in the way: make both "
           "versions, and choose when the program runs">,
    Option<"allowExtraGather", "allow-extra-gather", "bool", "false",
           "Move norms even if more is gathered than before">];
  let statistics = [
    Statistic<"numMoved", "norms-moved", "Norms moved in front of a gather">,
    Statistic<"numMissed", "norms-missed", "Norms left behind a gather">];
}

def PlaceCollectivesPass : Pass<"dist-place-collectives", "::mlir::ModuleOp"> {
  let summary = "Moves every gather to where the fewest bytes are gathered";
  let description = [{
    Does what `dist-commute-norms` does, by the same law and choice of places, but
    for every gather, whether or not it feeds a norm: a gather goes behind what
    narrows (a cast to fewer bits, a product with fewer columns), stays in front of
    what widens, goes into the ways of a branch where these alone use it, and of
    places that cost the same takes the latest, where each rank has computed its own
    rows only. Collectives that may move across a gather do if that saves bytes. No
    way of a run gathers more than before.

    ```mlir
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<4x8xf32> -> tensor<32x8xf32>
    %t = arith.truncf %g : tensor<32x8xf32> to tensor<32x8xbf16>
    // becomes:
    %l = arith.truncf %x : tensor<4x8xf32> to tensor<4x8xbf16>
    %t = dist.all_gather %l dim 0 over @mesh[dp] : tensor<4x8xbf16> -> tensor<32x8xbf16>
    ```

    Each gather ends in a remark of category `dist`: passed, if it is not made any
    more where it was, with `bytes-before`, `bytes-after` (received by each rank in
    the region's gathers and collectives) and the rows that a rank had and has of
    what is gathered; or missed, with a reason.
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"completeSums", "complete-sums", "bool", "false",
           "Move across a gather that sums: all_reduce, the ops, all_gather">];
  let statistics = [
    Statistic<"numMoved", "gathers-moved", "Gathers that moved">,
    Statistic<"numMissed", "gathers-missed", "Gathers that stayed">];
}

def SplitAllReducePass : Pass<"dist-split-all-reduce", "::mlir::ModuleOp"> {
  let summary = "Splits an all_reduce around the norms that it feeds";
  let description = [{
    An all_reduce leaves every row on every rank, and every rank normalises all of
    them. It is a reduce_scatter and a gather, and the norm can be between the two,
    with the residual additions, casts and other row-wise ops around it (sequence
    parallelism). No more bytes move, and each rank has 1/N of the rows to compute.

    ```mlir
    %s = dist.all_reduce %h sum over @mesh[tp] : tensor<1024x7168xbf16>
    %n = norm.rms_norm %s scale %w eps 1.0e-06 : tensor<1024x7168xbf16>, tensor<7168xbf16>
    // becomes, for tp = 8:
    %t = dist.reduce_scatter %h sum dim 0 over @mesh[tp] : tensor<1024x7168xbf16> -> tensor<128x7168xbf16>
    %l = norm.rms_norm %t scale %w eps 1.0e-06 : tensor<128x7168xbf16>, tensor<7168xbf16>
    %n = dist.all_gather %l dim 0 over @mesh[tp] : tensor<128x7168xbf16> -> tensor<1024x7168xbf16>
    ```

    The laws, for a gather over A, axes B, and any dimension d:

        all_reduce_B(x)          = all_gather_{d,B}(reduce_scatter_{d,B}(x))
        all_gather_A(x) summing B = all_gather_A(all_reduce_B(x))

    bit for bit, since both reductions combine the ranks in group order. Any kind
    of all_reduce (`sum`, `max`, `min`) is split. Preconditions: the shape and the
    axes' sizes are static, B's divides dimension d, a norm is parallel in d, and
    all ranks of the group come to the collective in the same way. Of several such
    dimensions the first is taken, or, where that did not pay since another sum is
    split along it, the next.

    With `pad-rows`, B's size need not divide d. Then zeros are reduced behind the
    rows, as many as a multiple of it lacks, and each rank drops those that it gets:

    ```mlir
    // 5 rows on 2 ranks, which have 3 and 2 of them
    %c = arith.constant dense<[3, 2]> : tensor<2xindex>
    %p = tensor.pad %h low[0, 0] high[1, 0] {...} : tensor<5x8xf32> to tensor<6x8xf32>
    %t = dist.reduce_scatter %p sum dim 0 over @mesh[tp] : tensor<6x8xf32> -> tensor<3x8xf32>
    %own = tensor.extract_slice %t[0, 0] [%n, 8] [1, 1] : tensor<3x8xf32> to tensor<?x8xf32>  // %n = %c[rank]
    %l = norm.rms_norm %own scale %w eps 1.0e-06 : tensor<?x8xf32>, tensor<8xf32>
    %y = dist.all_gather %l dim 0 extents %c over @mesh[tp] : tensor<?x8xf32>, tensor<2xindex> -> tensor<5x8xf32>
    ```

    The padding is reduced with the rows, so up to N - 1 rows more are received;
    hence the option. Gathers, residuals and norms are of the rows alone.

    Then the gathers are placed as `dist-commute-norms` places them, by a minimum
    cut, and what is still a gather of a reduce_scatter becomes an all_reduce
    again. Between the boundaries of several layers the residual stream so stays
    in slices: a replicated residual is sliced, which is free, and only what is
    needed whole is gathered. Where the stream's last value is needed whole, too,
    it is gathered in the place of the last norm, which stays on all rows;
    `allow-extra-gather` gathers both.

    Of a gather that sums, first the norm moves in front of the gather over A, with
    the sum completed before it, then in front of the gather that the sum is split
    into; two gathers in a row merge into one over A and B. Where an `all_slice`
    over A takes the rank's own rows back as the new residual, they are needed
    whole over B: then the norm stops between the two, on the rank's own rows,
    behind an all_reduce, as `dist-commute-norms{complete-sums}` has it. Anything
    else would gather those rows over B once more (`allow-extra-gather` does).

    Two collectives start in the place of one. With few rows, as in decoding, an
    all_reduce takes about as long as it takes to start, and the norm next to no
    time: splitting loses there (19 % in one report from the field). From how many
    rows on it pays depends on the machine: `min-rows` is for its users to set. It
    is compared with the product of all dimensions but the last, of the whole
    value, which is static, so all ranks decide alike.

    Runs after `dist-commute-norms`. The norms may stand in other regions, blocks or
    functions than the sums: slices go through branches, loops and calls as there.
    Each norm that such a collective feeds ends in a remark, as there; bytes are those
    of all collectives of the function, and of those that it calls or is called by,
    as often as they are.
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"minRows", "min-rows", "uint64_t", "0",
           "Leave collectives with fewer rows as they are">,
    Option<"padRows", "pad-rows", "bool", "false",
           "Split rows that the group's size does not divide, with padding">,
    Option<"allowExtraGather", "allow-extra-gather", "bool", "false",
           "Move norms even if more is gathered than before">];
  let statistics = [
    Statistic<"numSplit", "all-reduces-split", "Sums split around a norm">,
    Statistic<"numMoved", "norms-moved", "Norms moved in front of a gather">,
    Statistic<"numMissed", "norms-missed", "Norms left on all rows">];
}

def LocalizePerTensorQuantizePass : Pass<"dist-localize-per-tensor-quantize"> {
  let summary = "Quantises a gathered tensor in front of the gather";
  let description = [{
    A scale of the whole tensor is a maximum over all rows. The ranks take it of
    their own rows, and agree on the largest by an all_reduce of one number: then
    the gather moves 8 bits an element. Exact, bit for bit. Runs after
    `dist-commute-norms`, which has brought the gather behind the norm.

    ```mlir
    %g = dist.all_gather %n dim 0 over @mesh[dp] : tensor<4x64xbf16> -> tensor<32x64xbf16>
    %q, %s = norm.quantize %g per_tensor : tensor<32x64xbf16> -> tensor<32x64xi8>, tensor<f32>
    // becomes
    %_, %own = norm.quantize %n per_tensor : tensor<4x64xbf16> -> tensor<4x64xi8>, tensor<f32>
    %s = dist.all_reduce %own max over @mesh[dp] : tensor<f32>
    %l = norm.quantize %n static %s : tensor<4x64xbf16>, tensor<f32> -> tensor<4x64xi8>
    %q = dist.all_gather %l dim 0 over @mesh[dp] : tensor<4x64xi8> -> tensor<32x64xi8>
    ```

    A pass of its own because it trades: fewer bytes for one more collective,
    which pays where the tensor is large. Each candidate ends in a remark, passed
    or missed with `pending-sum`, `other-users` (the gathered value is needed
    unquantised, too) or `unsupported-op` (the quantisation stands in another
    region).
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::commuter::norm::NormDialect"];
  let statistics = [
    Statistic<"numLocalized", "quantizations-localized",
              "Quantisations done in front of the gather">];
}

def ExpandCollectivesPass : Pass<"dist-expand-collectives"> {
  let summary = "Spells out what a collective does, for lowering";
  let description = [{
    After this pass each collective is one call of the runtime:

    - a gather that sums is an all_reduce and a gather; that is its definition,
      so the result has the same bits,
    - a gather of a `?` dimension without `extents` gets them, by an exchange,
    - with `check-assertions`, the axes over which an `assert_sharding`, or the
      `dist.sharding` of a function that is called, promises equal values are
      checked at run time.

    ```mlir
    %g = dist.all_gather %x dim 0 over @mesh[dp] summing [tp] : tensor<?x8xf32> -> tensor<?x8xf32>
    // becomes
    %s = dist.all_reduce %x sum over @mesh[tp] : tensor<?x8xf32>
    %n = tensor.dim %s, %c0 : tensor<?x8xf32>
    %c = dist.exchange_extents %n over @mesh[dp] : tensor<4xindex>
    %g = dist.all_gather %s dim 0 extents %c over @mesh[dp] : tensor<?x8xf32>, tensor<4xindex> -> tensor<?x8xf32>
    ```
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"checkAssertions", "check-assertions", "bool", "false",
           "Check at run time what dist.assert_sharding and called functions' "
           "annotations promise">];
}

def CoalesceGathersPass : Pass<"dist-coalesce-gathers"> {
  let summary = "Gathers that follow each other take one meeting of the ranks";
  let description = [{
    Runs on buffers. Each collective takes a meeting of the ranks, and for a GPU a
    launch, however little it moves: the scales of quantised rows cost about as
    much as the rows of a few tokens. A gather goes behind the ops that follow it,
    up to the next one of the same group, and both become one op:

    ```mlir
    dist.all_gather_into %q, %gq dim 0 over @mesh[dp] : memref<4x8xi8>, memref<16x8xi8>
    dist.all_gather_into %s, %gs dim 0 over @mesh[dp] : memref<4x1xf32>, memref<16x1xf32>
    // becomes
    dist.all_gather_into %q, %gq dim 0, %s, %gs dim 0 over @mesh[dp]
        : memref<4x8xi8>, memref<16x8xi8>, memref<4x1xf32>, memref<16x1xf32>
    ```

    It stays in front of what uses its output, changes its input, or communicates.
  }];
  let dependentDialects = ["::commuter::dist::DistDialect"];
  let statistics = [
    Statistic<"numCoalesced", "gathers-coalesced",
              "Gathers that joined an earlier one">];
}

def GatherInPlacePass : Pass<"dist-gather-in-place"> {
  let summary = "Makes the input of a gather in its slot of the gathered buffer";
  let description = [{
    Runs on buffers, before they are deallocated. A gather need not copy this
    rank's own part if whatever computes it, a norm for example, writes it to its
    place at once.

    ```mlir
    %part = memref.alloc() : memref<4x8xf32>
    norm.rms_norm_into %x, %part ...
    %whole = memref.alloc() : memref<32x8xf32>
    dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : memref<4x8xf32>, memref<32x8xf32>
    // becomes
    %whole = memref.alloc() : memref<32x8xf32>
    %offset, %size = dist.shard_bounds %c32 over @mesh[dp]
    %part = memref.subview %whole[%offset, 0] [4, 8] [1, 1] : ...
    norm.rms_norm_into %x, %part ...
    dist.all_gather_into %part, %whole dim 0 over @mesh[dp] : ...
    ```

    Where the extents are exchanged, the offset is known once they are: the
    exchange goes in front, unless a collective is in between. A gather may see the
    part through reshapes and casts: then the part is the slot through their
    inverses.
  }];
  let dependentDialects = ["::commuter::dist::DistDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"numPlaced", "inputs-placed", "Inputs made in their slots">];
}

#endif // COMMUTER_DIALECT_DIST_TRANSFORMS_PASSES_TD
