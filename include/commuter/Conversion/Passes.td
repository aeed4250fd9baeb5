//===- Passes.td ----------------------------------------------------------===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The passes that come from other dialects to Commuter's, or leave them.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_CONVERSION_PASSES_TD
#define COMMUTER_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertShardToDistPass : Pass<"convert-shard-to-dist", "::mlir::ModuleOp"> {
  let summary = "Upstream's shard dialect to dist";
  let description = [{
    Takes programs in local view: what `shard-partition` leaves, or what is
    written so.

    - A `shard.grid` becomes a `dist.mesh` of its name, with the axes `axis0`,
      `axis1` and so on.
    - `all_gather`, `all_reduce`, `all_slice`, `all_to_all`, `reduce_scatter`,
      `process_linear_index`, `process_multi_index` and `grid_shape` become what
      `dist` has for them. A collective without `grid_axes` has a group of one
      rank, so its input is its result.
    - `shard.shard` becomes `dist.sharding` of arguments and results, and
      `dist.assert_sharding` in between, where it says something of the value,
      and not of what is still to be done with it.

    What has no counterpart stays, with a missed remark that gives the reason; so
    does the grid that it refers to, beside a mesh `<grid>_mesh`. `docs/shard.md`
    says more of both.

    ```mlir
    shard.grid @grid(shape = 4x?)
    %g = shard.all_gather %x on @grid grid_axes = [0] gather_axis = 0 : tensor<2x8xf32> -> tensor<8x8xf32>
    // becomes
    dist.mesh @grid(axis0 = 4, axis1 = ?)
    %g = dist.all_gather %x dim 0 over @grid[axis0] : tensor<2x8xf32> -> tensor<8x8xf32>
    ```
  }];
  let options = [
    Option<"requireAll", "require-all", "bool", "false",
           "Fail where an op would stay, and change nothing">];
  let dependentDialects = ["::commuter::dist::DistDialect"];
}

def RecordShardingsPass : Pass<"commuter-record-shardings", "::mlir::ModuleOp"> {
  let summary = "Keeps what shard-partition forgets";
  let description = [{
    Upstream's `shard-partition` makes tensors of global size local ones, and drops
    their annotations: of an argument's local tensor nothing says any more that it
    is the same on all ranks. Runs in front of it, behind `sharding-propagation`,
    and writes the shardings of arguments and results as `dist.sharding`, on a mesh
    `<grid>_mesh` which `convert-shard-to-dist` then takes for the grid's.
    Functions in local view are left to that pass.

    ```mlir
    func.func @f(%w: tensor<8xf32>) {
      %s = shard.sharding @grid split_axes = [[]] : !shard.sharding
      %0 = shard.shard %w to %s : tensor<8xf32>
    // becomes
    func.func @f(%w: tensor<8xf32> {dist.sharding = #dist.sharding<@grid_mesh, [{} ]>}) {
      // as before
    ```
  }];
  let dependentDialects = ["::commuter::dist::DistDialect"];
}

def ImportStablehloPass : Pass<"import-stablehlo", "::mlir::ModuleOp"> {
  let summary = "StableHLO programs of ranks, as JAX writes them, to dist and linalg";
  let description = [{
    Reads StableHLO in generic form, which needs no build of StableHLO: its ops are
    unregistered, its attributes are text. A `sdy.manual_computation`, which is
    what `jax.shard_map` becomes, is the program of a rank: the function gets its
    local types, and `dist.sharding` of arguments and results says what they are
    parts of. Replica groups become axes of the mesh. See docs/stablehlo.md.

    What has no counterpart is an error, one that names all there is of it; the
    module stays as it was then.

    ```mlir
    %g = "stablehlo.all_gather"(%x) <{all_gather_dim = 0 : i64,
      channel_handle = #stablehlo.channel_handle<handle = 1, type = 1>,
      replica_groups = dense<[[0, 2, 4, 6], [1, 3, 5, 7]]> : tensor<2x4xi64>,
      use_global_device_ids}> : (tensor<8x16xf32>) -> tensor<32x16xf32>
    // becomes, on a mesh (dp = 4, tp = 2)
    %g = dist.all_gather %x dim 0 over @mesh[dp] : tensor<8x16xf32> -> tensor<32x16xf32>
    ```
  }];
  let dependentDialects = [
    "::commuter::dist::DistDialect", "::mlir::arith::ArithDialect",
    "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"];
}

def SetEntryABIPass : Pass<"commuter-set-entry-abi", "::mlir::ModuleOp"> {
  let summary = "Fixes how a host calls the public functions";
  let description = [{
    Marks the tensor arguments of public functions as read-only
    (`bufferization.writable = false`, unless the program says otherwise), so that
    a run leaves its inputs as they were, and asks for C wrappers
    (`llvm.emit_c_interface`), through which memrefs go by pointer.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def DecomposeAggregatesPass : Pass<"commuter-decompose-aggregates"> {
  let summary = "Makes structured ops of those that stand for several";
  let description = [{
    An op of upstream's `AggregatedOpInterface`, such as `linalg.softmax`, has no
    loops of its own, nor have `linalg.pack` and `linalg.unpack` (of static tiles)
    and `tensor.gather`. Each becomes the structured ops that it stands for, so
    that it runs as they do.

    ```mlir
    %y = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
    // becomes a maximum of each row, the exponentials of the differences, their sum,
    // and the quotients
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def StructureBlocksPass : Pass<"commuter-structure-blocks"> {
  let summary = "Makes branches and loops of `scf` of those of blocks";
  let description = [{
    As upstream's `lift-cf-to-scf`. Runs before bufferisation, and before upstream
    inserts deallocations: they take no loop of blocks, nor a branch with two ways
    to one block, and what an op with regions makes, they free in front of the
    blocks that use it. Blocks that nothing comes to go. What is passed on where
    there is nothing to pass, `ub.poison`, becomes an empty tensor; a size that its
    type leaves open is 0.

    ```mlir
    cf.cond_br %c, ^bb2(%a : tensor<4xf32>), ^bb1
    ^bb1:
      %b = math.exp %a : tensor<4xf32>
      cf.br ^bb2(%b : tensor<4xf32>)
    ^bb2(%r: tensor<4xf32>):
    // becomes
    %r = scf.if %c -> (tensor<4xf32>) {
      scf.yield %a : tensor<4xf32>
    } else {
      %b = math.exp %a : tensor<4xf32>
      scf.yield %b : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::ub::UBDialect"];
}

def NestSwitchesPass : Pass<"commuter-nest-switches"> {
  let summary = "Makes branches of a switch between tensors";
  let description = [{
    Upstream's bufferisation does not see that the result of an `scf.index_switch`
    may be any of the tensors that its regions yield, and lets a later op write over
    one that is still needed. Of an `scf.if` it does. Runs before it.

    ```mlir
    %r = scf.index_switch %i -> tensor<4xf32>
    case 3 { scf.yield %a : tensor<4xf32> }
    default { scf.yield %b : tensor<4xf32> }
    // becomes
    %is = arith.cmpi eq, %i, %c3 : index
    %r = scf.if %is -> (tensor<4xf32>) {
      scf.yield %a : tensor<4xf32>
    } else {
      scf.yield %b : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect"];
}

def BranchOnSelectsPass : Pass<"commuter-branch-on-selects"> {
  let summary = "Makes a selection of one of two ragged tensors a branch";
  let description = [{
    By one condition for the whole tensor, `arith.select` may choose between
    tensors of different lengths: `canonicalize` makes such a selection of an
    `scf.if`. Computed element by element it would be as long as the first of
    them. Runs before the passes that do so.

    ```mlir
    %r = arith.select %c, %a, %b : tensor<?x8xf32>
    // becomes
    %r = scf.if %c -> (tensor<?x8xf32>) {
      scf.yield %a : tensor<?x8xf32>
    } else {
      scf.yield %b : tensor<?x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::scf::SCFDialect"];
}

def KeepUnwrittenPass : Pass<"commuter-keep-unwritten"> {
  let summary = "Makes loops of ops that write only some elements of a result";
  let description = [{
    The elements of its init that a structured op does not write are those of its
    result. If its body reads none of them either, upstream's passes take the init
    for one of which nothing is needed: `linalg-fuse-elementwise-ops` replaces it by
    a `tensor.empty`, and bufferisation gives the result memory that nobody copied
    the init to. So such an op becomes loops, whose `tensor.insert` says what it
    keeps. Runs before both.

    ```mlir
    %r = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>,
                                          affine_map<(d0) -> (d0, 0)>],
                         iterator_types = ["parallel"]}
        ins(%v : tensor<4xf32>) outs(%x : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32):
      linalg.yield %a : f32
    } -> tensor<4x3xf32>
    // becomes
    %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%w = %x) -> (tensor<4x3xf32>) {
      %a = tensor.extract %v[%i] : tensor<4xf32>
      %n = tensor.insert %a into %w[%i, %c0] : tensor<4x3xf32>
      scf.yield %n : tensor<4x3xf32>
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def BoundReusePass : Pass<"commuter-bound-reuse"> {
  let summary = "Bounds how many ops may share one buffer";
  let description = [{
    Ops write into the buffers of values that are dead by then. To see that this is
    safe, bufferisation compares all reads of a buffer with all writes, for each op
    that writes: the residual stream of a thousand layers would take minutes. So at
    most 16 ops in a row share a buffer; the next one that overwrites all of it, and
    reads nothing of it, gets another. Runs right before bufferisation.

    ```mlir
    %e = tensor.empty() : tensor<4xf32>
    %1 = linalg.generic {...} ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>)
    ...
    %17 = linalg.generic {...} ins(%16 : tensor<4xf32>) outs(%e : tensor<4xf32>)
    // becomes
    %e1 = tensor.empty() : tensor<4xf32>
    %e = tensor.empty() : tensor<4xf32>
    %1 = linalg.generic {...} ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>)
    ...
    %17 = linalg.generic {...} ins(%16 : tensor<4xf32>) outs(%e1 : tensor<4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}

def BoundReadsPass : Pass<"commuter-bound-reads"> {
  let summary = "Bounds how many ops may read one tensor that nothing writes to";
  let description = [{
    For each use of a tensor, bufferisation looks at all uses of it: of weights, a
    table or a constant that thousands of layers share, millions. So at most 16
    ops read such a tensor; the next ones read another, which is in the same
    memory. Runs right before bufferisation; behind that and `cse` nothing is left
    of it.

    A tensor is either a constant, or an argument that the function may not write
    to (`bufferization.writable = false`). Of an argument only those uses count
    that read it and make no other tensor of its memory.

    ```mlir
    func.func @f(%x: tensor<4xf32> {bufferization.writable = false}, ...) {
      %1 = linalg.add ins(%x, ...
      ...
      %17 = linalg.add ins(%x, ...
    // becomes
    func.func @f(%x: tensor<4xf32> {bufferization.writable = false}, ...) {
      %b = bufferization.to_buffer %x read_only : tensor<4xf32> to memref<4xf32>
      %y = bufferization.to_tensor %b restrict : memref<4xf32> to tensor<4xf32>
      %1 = linalg.add ins(%x, ...
      ...
      %17 = linalg.add ins(%y, ...
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def IsolateResultsPass : Pass<"commuter-isolate-results", "::mlir::ModuleOp"> {
  let summary = "Gives each result of a function memory of its own";
  let description = [{
    Runs right before bufferisation, which knows that a result may be an
    argument's memory, but not that two results may share theirs: a caller would
    write to one and change the other, or free both. And a memref whose inner
    sizes are not known may be cast to a dense one without being dense. So copies
    are made of

    - a returned value that may share its memory with another result,
    - a returned value, or an operand of a call, that is a slice of another.

    ```mlir
    return %a, %a : tensor<4xf32>, tensor<4xf32>
    // becomes
    %b = bufferization.alloc_tensor() copy(%a) : tensor<4xf32>
    return %a, %b : tensor<4xf32>, tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect"];
}

def FreeAfterLastUsePass : Pass<"commuter-free-after-last-use"> {
  let summary = "Frees buffers behind the last op that uses them";
  let description = [{
    Law: memory that nothing uses any more may be freed. Preconditions: every use
    of the buffer and of its views

    - reads or writes it, and is done when its op is done, or makes another view:
      the buffer is not returned, yielded, passed to a call, selected or stored,
    - is in the block of the `memref.alloc`, or in `scf` and `linalg` ops there.

    Other buffers are for `ownership-based-buffer-deallocation`, which this runs
    in front of; it leaves alone what is marked as this pass does it. That pass
    would free the others at the end of their block, and so keep what all layers
    of a model work in until the last is done; and one op would free them all,
    which `buffer-deallocation-simplification` takes apart in a time that grows
    with the square of their number.

    ```mlir
    %b = memref.alloc() : memref<4xf32>
    linalg.exp ins(%x : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.log ins(%b : memref<4xf32>) outs(%y : memref<4xf32>)
    // becomes
    %b = memref.alloc() {bufferization.manual_deallocation} : memref<4xf32>
    linalg.exp ins(%x : memref<4xf32>) outs(%b : memref<4xf32>)
    linalg.log ins(%b : memref<4xf32>) outs(%y : memref<4xf32>)
    memref.dealloc %b {bufferization.manual_deallocation} : memref<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
  let statistics = [
    Statistic<"freed", "freed", "Buffers freed behind their last use">,
    Statistic<"left", "left", "Buffers left to the pass behind">
  ];
}

def DropFastMathPass : Pass<"commuter-drop-fast-math"> {
  let summary = "Removes fast-math flags";
  let description = [{
    A fast-math flag lets a compiler change a result by what stands beside an op:
    `contract` fuses a product with the sum behind it, and takes a truncation with
    the extension behind it for nothing. A gather between the two forbids it. So
    two versions of one program would differ, though every op computes the same
    in both. Without flags each op has the one result that IEEE 754 defines.

    Runs first in the lowering, and behind the passes that compute f16 and bf16 in
    f32, which mark the casts that they insert `contract`.

    ```mlir
    %t = arith.truncf %s fastmath<contract> : f32 to bf16
    // becomes
    %t = arith.truncf %s : f32 to bf16
    ```
  }];
}

def ExpandScalarsPass : Pass<"commuter-expand-scalars"> {
  let summary = "Scalar ops that MLIR has no code for, or that f32 rounds twice";
  let description = [{
    Runs before the passes that compute floats of 8 and 16 bits in f32. Of what
    is rounded to f32 first, and then to the narrower type, the result may be
    wrong by its last digit, so ops are computed in f64 and rounded once, by an
    f32 that is rounded to odd in between:

    - `arith.truncf` from f64,
    - `arith.sitofp` and `arith.uitofp` from integers of more than 24 bits,
    - `math.fma`.

    `arith.extf` to f64 goes by way of f32, too. `math.isinf`, `math.isnormal` and
    `math.clampf` become comparisons; `arith.addui_extended` and `math.ipowi` of
    `index`, an addition and a comparison, and a power of i64. An op with a
    `roundingmode` other than `to_nearest_even` is an error, since LLVM's code
    would not heed it.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def ExpandFloat8Pass : Pass<"commuter-expand-float8"> {
  let summary = "Conversions of 8-bit floats, by their bits";
  let description = [{
    `arith.extf` and `arith.truncf` of f8E4M3FN and f8E5M2 become arithmetic on
    the bits of f32, with the results that their folds have: to nearest, ties to
    even; what is too large becomes NaN and infinity, respectively. (The
    quantisations of `norm` saturate instead.)
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def BFloat16ToBitsPass : Pass<"commuter-bf16-to-bits", "::mlir::ModuleOp"> {
  let summary = "Code that only moves numbers of bf16 moves integers";
  let description = [{
    Runs on the LLVM dialect, once all arithmetic of bf16 is that of f32 and its
    bits. What is left hands numbers on: memory, selections, branches, calls. LLVM
    would keep a number of bf16 that goes from block to block as an f32, if the
    processor has no bf16, and round it again by a call of the compiler's library,
    which may not have it. A module that computes with bf16, or calls a function
    that is elsewhere and takes some, stays as it is.

    ```mlir
    llvm.br ^bb1(%x : bf16)
    // becomes
    llvm.br ^bb1(%x : i16)
    ```
  }];
}

def SCFToCFPass : Pass<"commuter-scf-to-cf"> {
  let summary = "Loops and branches of scf to blocks, in linear time";
  let description = [{
    Does what upstream's `convert-scf-to-cf` does, with its patterns, but from the
    last op of a block to the first. A conversion splits the block behind the op,
    which moves all that is there. From first to last that is the whole rest of
    the block, once for each op; from last to first it is what stands between two
    of them.

    ```mlir
    scf.for %i = %c0 to %n step %c1 {
      memref.store %f, %m[%i] : memref<?xf32>
    }
    // becomes
      cf.br ^bb1(%c0 : index)
    ^bb1(%i: index):
      %goes_on = arith.cmpi slt, %i, %n : index
      cf.cond_br %goes_on, ^bb2, ^bb3
    ^bb2:
      memref.store %f, %m[%i] : memref<?xf32>
      %next = arith.addi %i, %c1 : index
      cf.br ^bb1(%next : index)
    ^bb3:
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::scf::SCFDialect"];
}

def FinalizeToLLVMPass : Pass<"commuter-finalize-to-llvm", "::mlir::ModuleOp"> {
  let summary = "What is left to the LLVM dialect, in one conversion";
  let description = [{
    Does what upstream's `finalize-memref-to-llvm` (with `use-generic-functions`),
    `convert-math-to-llvm`, `convert-math-to-libm`, `convert-index-to-llvm`,
    `convert-arith-to-llvm`, `convert-cf-to-llvm`, `convert-func-to-llvm` and
    `convert-ub-to-llvm` do, with their patterns, but walks the module once, and
    puts no casts between the ops of two dialects. `convert-vector-to-llvm`, which
    takes as long as all of these together where there are no vectors, runs
    before where there are some. An op that has no pattern is an error.

    A `cf.assert` that does not hold calls `commuter_program_fail_assertion`, with
    its place in the source and its message: the run fails with them, on every
    rank, as it does with errors of the runtime.

    ```mlir
    func.func @f(%m: memref<4xf32>, %i: index, %x: f32) {
      %y = math.erf %x : f32
      memref.store %y, %m[%i] : memref<4xf32>
      return
    }
    // becomes
    llvm.func @f(..., %i: i64, %x: f32) {
      %y = llvm.call @erff(%x) : (f32) -> f32
      %p = llvm.getelementptr inbounds|nuw %base[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      llvm.store %y, %p : f32, !llvm.ptr
      llvm.return
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::func::FuncDialect"];
}

def NameContractionsPass : Pass<"commuter-name-contractions"> {
  let summary = "Keeps contractions apart from elementwise ops around them";
  let description = [{
    Makes a `linalg.contract` of each `linalg.generic` that
    `convert-contractions-to-runtime` can make a call of. Runs before elementwise
    ops are fused: an op that is fused into a contraction would be computed again
    for every row or column, and the kernel could not be called.

    ```mlir
    %d = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = [...]}
        ins(%x, %w : ...) outs(%c : ...) { ... c + a * b ... } -> tensor<4x5xf32>
    // becomes
    %d = linalg.contract indexing_maps = [#a, #b, #c]
        ins(%x, %w : ...) outs(%c : ...) -> tensor<4x5xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def ConvertContractionsToRuntimePass
    : Pass<"convert-contractions-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Bufferised matrix products to calls of the runtime";
  let description = [{
    Of `linalg` ops on buffers, named or generic, those become calls of
    `commuter_program_contract` that

    - have the body `c + a * b`, where `a` and `b` may be widened first,
    - read and write by permutations, with no loop over one operand alone, and
      have rows, columns and a depth (a product of a matrix and a vector has not),
    - are of f32, f16 or bf16 with sums in f32, or all of f16, or all of bf16.

    The call gives the bits that the loops give: products and sums are rounded one
    by one, and added in the loops' order. What is left is for
    `convert-linalg-to-loops`. Runs after bufferisation.

    ```mlir
    linalg.matmul ins(%x, %w : memref<4x8xbf16>, memref<8x5xbf16>)
                  outs(%c : memref<4x5xf32>)
    // becomes
    llvm.call @commuter_program_contract(%location, %x_view, %w_view, %c_view)
      : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ConvertDistToRuntimePass : Pass<"convert-dist-to-runtime",
                                    "::mlir::ModuleOp"> {
  let summary = "Bufferised dist and norm ops to calls of the runtime";
  let description = [{
    Each op becomes a call of the entry point of its name in
    `runtime/include/commuter_program.h`. A memref goes as a pointer to a
    `commuter_view_t` on the stack, a group as a string such as
    `mesh[dp,attn_tp]`. The first argument is where the op is in the source, a
    string with which messages of the run begin, or null. Meshes and
    `dist.sharding` attributes, which have no meaning any more, go. Runs after
    bufferisation and before the functions are converted to LLVM.

    ```mlir
    dist.all_reduce_into %x, %y sum over @mesh[dp] : memref<4xf32>, memref<4xf32>
    // becomes
    llvm.call @commuter_program_all_reduce(%location, %group, %x_view, %y_view, %sum)
      : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i32) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def FillConstantsPass : Pass<"commuter-fill-constants"> {
  let summary = "Fills tensors of one constant where they are used";
  let description = [{
    A constant tensor whose elements are equal would be an array of the host's
    memory, which is copied to a device in each run; a fill is a kernel. Elements
    of `index` stay, since their memory is the host's. Runs right before
    bufferisation.

    ```mlir
    %c = arith.constant dense<1.0> : tensor<4xf32>
    // becomes
    %one = arith.constant 1.0 : f32
    %e = tensor.empty() : tensor<4xf32>
    %c = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ConvertLinalgToKernelsPass : Pass<"convert-linalg-to-kernels",
                                      "::mlir::ModuleOp"> {
  let summary = "Bufferised linalg ops on the device's memory to GPU kernels";
  let description = [{
    In a program for a device, memrefs of `index` elements, which are extents, are
    the host's memory, and all others the device's. `linalg` ops on the host's
    memory alone are left for `convert-linalg-to-loops`; of each other one this
    makes a launch of a kernel.

    - A thread has elements of the loops that are parallel and select the element
      of every output. The other loops it runs through, in their order: an element
      is computed as the loops of the host compute it, with the same bits. A full
      reduction is one thread's.
    - A kernel steps by its whole grid, so that sizes are not bounded by it; where
      there are no elements, nothing is launched.
    - Equal kernels, as layers have them, are one. What a body calls goes along.
    - Of elements of `index` that a kernel reads or writes, copies as i64 are made
      in the device's memory, and copied back, by `commuter_program_transfer`,
      which waits for the device.

    Runs after `convert-contractions-to-runtime`.

    ```mlir
    linalg.generic {...} ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
      ^bb0(%a: f32, %b: f32): %c = arith.addf %a, %a : f32  linalg.yield %c : f32 }
    // becomes
    gpu.launch_func @commuter_kernels::@main
        blocks in (%n, %c1, %c1) threads in (%c256, %c1, %c1)
        args(%x : memref<?xf32>, %y : memref<?xf32>, ...)
    // with, in gpu.module @commuter_kernels
    gpu.func @main(%x: memref<?xf32>, %y: memref<?xf32>, ...) kernel {
      ...
      scf.for %i = %thread to %size step %threads {
        %a = memref.load %x[%i] : memref<?xf32>
        %c = arith.addf %a, %a : f32
        memref.store %c, %y[%i] : memref<?xf32>
      }
      gpu.return
    }
    ```
  }];
  let dependentDialects = [
    "::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def RoundRootsPass : Pass<"commuter-round-roots"> {
  let summary = "Square roots in kernels that are rounded as the host's";
  let description = [{
    Runs on kernels in the LLVM dialect. CUDA's library of math functions
    approximates square roots and their reciprocals; PTX has an instruction that
    rounds to nearest, which LLVM's intrinsic becomes.

    ```mlir
    %r = llvm.call @__nv_rsqrtf(%x) : (f32) -> f32
    // becomes
    %s = llvm.intr.sqrt(%x) : (f32) -> f32
    %r = llvm.fdiv %one, %s : f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CheckKernelCallsPass : Pass<"commuter-check-kernel-calls",
                                "::mlir::ModuleOp"> {
  let summary = "Errors for functions that kernels call and nobody has";
  let description = [{
    Runs on kernels in the LLVM dialect. Math functions are those of CUDA's
    library, `nvvm/libdevice/libdevice.10.bc` in the toolkit; where that is not,
    and for any other function that is declared only, an error names the function.
    Else the driver would not load the program. An op of another dialect, which
    has no code for a GPU, is an error, too.
  }];
  let options = [
    Option<"toolkit", "cuda-path", "std::string", "",
           "The CUDA toolkit">];
}

def ConvertLaunchesToRuntimePass : Pass<"convert-launches-to-runtime",
                                        "::mlir::ModuleOp"> {
  let summary = "Launches of kernels to calls of the runtime";
  let description = [{
    A `gpu.launch_func` becomes a call of `commuter_program_launch`, with a struct
    of the arguments on the stack (a memref by the fields of its descriptor), and a
    `commuter_kernel_t` that describes the kernel. A `gpu.binary` becomes the text
    that the runtime loads. A `gpu.module` that is still there becomes functions of
    the host, which a device that emulates a GPU runs.

    ```mlir
    gpu.launch_func @commuter_kernels::@main blocks in (%n, %c1, %c1)
        threads in (%c256, %c1, %c1) args(%x : memref<?xf32>)
    // becomes
    llvm.store %x_allocated, %arguments_0 : !llvm.ptr, !llvm.ptr
    ...
    llvm.call @commuter_program_launch(%location, %kernel, %n, %c256, %arguments)
      : (!llvm.ptr, !llvm.ptr, i64, i64, !llvm.ptr) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect"];
}

def ConvertGlobalsToRuntimePass
    : Pass<"convert-globals-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Memory of each rank's own for the globals of a program";
  let description = [{
    A program is what every rank runs, and a `memref.global` that it writes to is
    memory of the rank. Ranks may be threads of one process, which would share
    it. So `memref.get_global` of what is not `constant`, and not seen to be only
    read, becomes a call of `commuter_program_global`, one for each function and
    global: the rank's copy of what the global begins with, which lasts as long
    as its context. Globals that are defined elsewhere, or lie in a memory space
    or a layout of their own, stay what they are: all ranks of a process share
    them.

    ```mlir
    %m = memref.get_global @steps : memref<4xi64>
    // becomes
    %p = llvm.call @commuter_program_global(%location, %steps, %c32, %c64)
      : (!llvm.ptr, !llvm.ptr, i64, i64) -> !llvm.ptr
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ConvertDeviceMemoryToRuntimePass
    : Pass<"convert-device-memory-to-runtime", "::mlir::ModuleOp"> {
  let summary = "What the host does with the device's memory to runtime calls";
  let description = [{
    In a program for a device, memrefs of `index` elements are the host's memory,
    and all others the device's. Outside of kernels, on the latter

    - `memref.alloc` becomes a call of `commuter_program_device_alloc`,
    - `memref.load` and `memref.store` of `commuter_program_device_read` and
      `commuter_program_device_write`, which wait for the device: some ten
      microseconds for one number,
    - `memref.copy` of `commuter_program_copy`,
    - `memref.get_global` of `commuter_program_device_constant`: a constant is
      copied to the device once a run.

    Any other op that would access this memory is an error, and so is a
    collective or a norm on the host's. Runs before `bufferization.dealloc` is
    lowered, which makes memrefs that only the host has.

    ```mlir
    %v = memref.load %x[%i] : memref<?xf32>
    // becomes
    llvm.call @commuter_program_device_read(%location, %v_slot, %x_element, %c4)
      : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64) -> ()
    %v = llvm.load %v_slot : !llvm.ptr -> f32
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // COMMUTER_CONVERSION_PASSES_TD
